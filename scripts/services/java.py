"""A JDK that can run Elasticsearch, chosen by asking each installed one."""

import os
import shutil
import subprocess
from pathlib import Path

from scripts.services.errors import Unavailable

MINIMUM = 21
HOW = (
    f"a full JDK {MINIMUM} or later is wanted (Debian 13, Ubuntu: openjdk-21-jdk-headless; "
    "Debian 12: temurin-25-jdk of Eclipse Temurin), or JAVA_HOME naming one"
)


def candidates() -> list[Path]:
    """Folders that may be JDKs: JAVA_HOME first, then those of /usr/lib/jvm and macOS, then the one on PATH."""
    found = [Path(os.environ["JAVA_HOME"])] if os.environ.get("JAVA_HOME") else []
    found += sorted(Path("/usr/lib/jvm").glob("*"), reverse=True)
    found += sorted(Path("/Library/Java/JavaVirtualMachines").glob("*/Contents/Home"), reverse=True)
    if program := shutil.which("java"):
        found.append(Path(program).resolve().parent.parent)
    return [folder for folder in found if os.access(folder / "bin" / "java", os.X_OK)]


def version_of(folder: Path) -> int:
    """The Java version that a JDK says it has; 0 when it does not answer or lacks a module the server needs."""
    command = [str(folder / "bin" / "java"), "-XshowSettings:properties", "--describe-module", "jdk.attach"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    if told.returncode != 0:
        return 0
    for line in told.stderr.splitlines():
        name, _, value = line.partition("=")
        if name.strip() == "java.specification.version":
            return int(value.strip().split(".")[0])
    return 0


def java_home() -> Path:
    """The folder of the first JDK that is new and complete enough. Raises Unavailable with the ones looked at."""
    seen = []
    for folder in dict.fromkeys(folder.resolve() for folder in candidates()):
        version = version_of(folder)
        if version >= MINIMUM:
            return folder
        seen.append(f"{folder} ({version or 'no full JDK'})")
    raise Unavailable(f"no Java for Elasticsearch: {HOW}; found: {', '.join(seen) or 'none'}")

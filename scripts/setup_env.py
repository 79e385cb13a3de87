"""Make .venv: the packages of pyproject.toml in the versions of requirements.lock, with --dev the tools as well, with
--train what training an encoder needs.

Standard library only: it runs before anything exists.

uv does the installing (it downloads in parallel and shares files between virtual environments). It does not read
pip's configuration, so an institute's index or wheel folder set there is handed on. PyTorch comes from the first of:
pip's find-links, PyTorch's own CPU index, the registry (whose Linux build brings CUDA libraries along).
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
import urllib.request
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "installed.sha256"
MINIMUM = (3, 11)


def pip_settings() -> dict[str, str]:
    """pip's own configuration (files and environment) as uv's environment variables."""
    listing = subprocess.run(
        [BIN / "python", "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    ).stdout
    found: dict[str, str] = {}
    for line in listing.splitlines():
        key, _, value = line.partition("=")
        name = key.rsplit(".", 1)[-1]
        value = value.strip().strip("'\"")
        if name == "index-url":
            found.setdefault("UV_DEFAULT_INDEX", value)
        elif name == "extra-index-url":
            found.setdefault("UV_INDEX", " ".join(value.split()))
        elif name == "find-links":
            # uv stops at a folder that is not there; pip does not.
            places = [place for place in value.split() if "://" in place or Path(place).is_dir()]
            if places:
                found.setdefault("UV_FIND_LINKS", ",".join(places))
    return found


def torch_pin() -> str:
    """The version of PyTorch that the lock names."""
    for line in LOCK.read_text().splitlines():
        if line.startswith("torch=="):
            return line.split("==")[1].split()[0]
    raise SystemExit("requirements.lock names no torch")


def wheel_folder_has_torch(links: str, version: str) -> bool:
    """Whether a local find-links folder holds a wheel of this PyTorch."""
    folders = [Path(place) for place in links.split(",") if place and "://" not in place]
    return any(any(folder.glob(f"torch-{version}*.whl")) for folder in folders)


def reachable(url: str) -> bool:
    """Whether an index answers within five seconds."""
    try:
        with urllib.request.urlopen(url + "/torch/", timeout=5) as answer:  # noqa: S310 -- https from pyproject.toml
            return bool(answer.status == 200)
    except OSError:
        return False


def main() -> None:
    """Bring .venv to the state of requirements.lock; a no-op within a second when it is there already."""
    if sys.version_info < MINIMUM:
        raise SystemExit(f"Papertide needs Python 3.11 or later; this is {sys.version.split()[0]}.")
    project_file = ROOT / "pyproject.toml"
    options = {"dev": ("--group", "dev"), "train": ("--extra", "train")}
    state = hashlib.sha256(LOCK.read_bytes() + project_file.read_bytes() + sys.version.encode()).hexdigest()
    installed = STAMP.read_text().split() if STAMP.exists() else []
    # What was asked for once stays.
    wanted = [name for name in options if f"--{name}" in sys.argv[1:] or name in installed]
    if installed == [state, *wanted]:
        return
    project = tomllib.loads(project_file.read_text())["tool"]["papertide"]
    if VENV.exists() and not (BIN / "python").exists():
        shutil.rmtree(VENV)
    if not VENV.exists():
        print("Making the virtual environment .venv", flush=True)
        venv.create(VENV, with_pip=True)
    environment = {**os.environ, **pip_settings(), "VIRTUAL_ENV": str(VENV)}
    subprocess.run([BIN / "python", "-m", "pip", "install", "--quiet", f"uv=={project['uv']}"], check=True)
    command = [str(BIN / "uv"), "pip", "install"]
    version = torch_pin()
    if wheel_folder_has_torch(environment.get("UV_FIND_LINKS", ""), version):
        print("PyTorch: a wheel from pip's find-links", flush=True)
    elif reachable(project["torch-cpu-index"]):
        print("PyTorch: the CPU build from PyTorch's own index (about 200 MB)", flush=True)
        subprocess.run(
            [*command, f"torch=={version}", "--index", project["torch-cpu-index"]],
            check=True,
            env=environment,
        )
    else:
        print("PyTorch: from the registry (on Linux about 3 GB, CUDA libraries come along)", flush=True)
    print("Installing the packages of pyproject.toml in the versions of requirements.lock", flush=True)
    more = [word for name in wanted for word in options[name]]
    # Compiled once here: else every process of a site that may not write here compiles thousands of files at its start.
    command += ["--quiet", "--compile-bytecode", "-r", str(project_file), *more, "-c", str(LOCK)]
    subprocess.run(command, check=True, env=environment, cwd=ROOT)
    STAMP.write_text(" ".join([state, *wanted]))


if __name__ == "__main__":
    main()

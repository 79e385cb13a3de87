"""Write requirements.lock: one exact version for every package of pyproject.toml, for every platform.

What PyTorch's CUDA build alone needs is left out: that build pins it itself, and the CPU build has no use for it.
"""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = ROOT / ".venv" / "bin" / "uv"
OPTIONS = ("--no-header", "--no-annotate", "--quiet", "--upgrade")
CUDA = ("nvidia-", "cuda-", "triton")


def main() -> None:
    """Resolve with uv, then drop the CUDA packages."""
    lines = subprocess.run(
        [UV, "pip", "compile", "pyproject.toml", "--group", "dev", "--universal", *OPTIONS],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    kept = [line for line in lines if not line.startswith(CUDA)]
    (ROOT / "requirements.lock").write_text("# Made by `make lock`; do not edit.\n" + "\n".join(kept) + "\n")
    print(f"requirements.lock: {len(kept)} packages")


if __name__ == "__main__":
    main()

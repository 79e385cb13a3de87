# ruff: noqa: E501 (the page's own lines)
"""Write docs/licences.md: under which licence each package is that the site runs on, and each tool of the workshop.

Read from the metadata of what is installed. What PyTorch's CUDA build alone needs is left out, as in requirements.lock.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from email.message import Message
from importlib import metadata
from pathlib import Path
from typing import Final, cast

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts.lock import CUDA

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "licences.md"
_LONGEST: Final = 60  # characters; what is longer is the licence itself, not its name
_NAMES: Final = {
    "BSD": "BSD",
    "New BSD": "BSD-3-Clause",
    "3-Clause BSD License": "BSD-3-Clause",
    "Two-clause BSD license": "BSD-2-Clause",
    "BSD License": "BSD",
    "MIT License": "MIT",
    "MIT, BSD": "MIT AND BSD-3-Clause",
    "ISC License": "ISC",
    "ISC License (ISCL)": "ISC",
    "Apache": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache 2.0 License": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""What is written where no SPDX expression is."""
_HEAD: Final = """# Licences

Papertide is under the MIT licence. These are the licences of the packages that it needs, as their own metadata names them; made by
`.venv/bin/python -m scripts.licences`, and a test holds the first table against what is installed.

None of them is under the GPL or the AGPL. psycopg is under the LGPL: the site uses it as the library that it is, unchanged, and whoever
hands on the site with it (an image, for example) hands on psycopg's licence and source with it. MPL-2.0 asks the same for changed files of
certifi and tqdm, which are not changed. PyTorch's CUDA build, where it is chosen, brings libraries of NVIDIA's under NVIDIA's own terms; the
CPU build, which `make setup` prefers and the image has, brings none. Elasticsearch, Redis and PostgreSQL are programs of their own that a
site may use, not parts of this one.
"""


def needed(requirements: Iterable[str]) -> dict[str, str]:
    """The licence of each installed package that these requirements lead to, by its name."""
    waiting = [Requirement(text) for text in requirements]
    found: dict[str, str] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        key = (name, frozenset(wanted.extras))
        if key in seen or name.startswith(CUDA) or not _holds(wanted, ()):
            continue
        seen.add(key)
        try:
            package = metadata.distribution(name)
        except metadata.PackageNotFoundError:  # of another platform
            continue
        found[name] = licence(package)
        inner = [Requirement(text) for text in package.requires or ()]
        for each in inner:
            if _holds(each, wanted.extras):
                each.marker = None
                waiting.append(each)
    return dict(sorted(found.items()))


def licence(package: metadata.Distribution) -> str:
    """A package's licence: its SPDX expression, else its licence field, else what its classifiers say."""
    told = cast(Message, package.metadata)
    short = str(told.get("License-Expression") or told.get("License") or "")
    if short in {"", "Dual License", "UNKNOWN"} or len(short) > _LONGEST or "\n" in short:
        classifiers = [text for text in told.get_all("Classifier") or () if text.startswith("License ::")]
        names = sorted({text.rpartition(" :: ")[2] for text in classifiers} - {"OSI Approved"})
        return " OR ".join(_NAMES.get(name, name) for name in names) or "not told"
    return _NAMES.get(short, short)


def runtime() -> dict[str, str]:
    """What the site runs on."""
    return needed(_project()["project"]["dependencies"])


def tools() -> dict[str, str]:
    """What only the workshop needs."""
    project, running = _project(), runtime()
    return {name: text for name, text in needed(project["dependency-groups"]["dev"]).items() if name not in running}


def page() -> str:
    """The page."""
    return "\n".join(
        [_HEAD, "## What the site runs on\n", _table(runtime()), "\n## Tools of the workshop\n", _table(tools())]
    )


def is_forbidden(text: str) -> bool:
    """Whether a licence is the GPL or the AGPL and nothing else may be chosen."""
    return all(re.search(r"(?<!L)\bA?GPL|(?<!Lesser )General Public|Affero", part) for part in text.split(" OR "))


def _table(licences: Mapping[str, str]) -> str:
    return "\n".join(
        ["| package | licence |", "|---|---|", *(f"| {name} | {text} |" for name, text in licences.items())]
    )


def _holds(requirement: Requirement, extras: Iterable[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras))


def _project() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


if __name__ == "__main__":
    PAGE.write_text(page() + "\n", encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)}: {len(runtime())} packages and {len(tools())} tools")

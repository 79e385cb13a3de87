"""Gather what the pages say into the catalogue of each language, and compile it: `make messages`.

GNU gettext does both (`xgettext`, `msgmerge`, `msgfmt`), a tool of the workshop: whoever runs the site needs none of
it, since the compiled catalogue lies beside its text in the repository.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ("zh_Hans",)
ROOMS = ("api", "config", "locale", "papers", "search", "templates", "workers")
# Django's own texts: weekdays in the room of a calendar's column, and a language's own name in the switch.
OF_DJANGO = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "English")
# Worded anew in Django 5.2, whose own Chinese has the wording before.
COUNTED_OF_DJANGO = (
    "This password is too short. It must contain at least %d character.",
    "This password is too short. It must contain at least %d characters.",
)
_OF_NO_USE = shutil.ignore_patterns("__pycache__", "data", "fixtures", "migrations", "*.mo")
_MADE = re.compile(r'^"POT-Creation-Date:.*\n', re.MULTILINE)  # would make a difference of every run
NO_GETTEXT = (
    "GNU gettext is not installed here (no xgettext): `apt-get install gettext`, `brew install gettext`, "
    "or your system's package of that name."
)


def catalogue(root: Path, language: str) -> Path:
    """Where a language's text is kept."""
    return root / "locale" / language / "LC_MESSAGES" / "django.po"


def gather(into: Path) -> None:
    """Copy the sources into an empty folder and bring the catalogues there up to date with them.

    In a copy, so that what stands in no call can be written as calls that gettext finds: the names of arXiv's
    categories, in the place of the table that holds them, and what we say otherwise than Django.
    """
    for room in ROOMS:
        if (ROOT / room).exists():
            shutil.copytree(ROOT / room, into / room, ignore=_OF_NO_USE)
    (into / "papers" / "taxonomy.py").write_text(_category_names())
    of_django = [*(f'gettext("{text}")' for text in OF_DJANGO), 'ngettext("{}", "{}", 8)'.format(*COUNTED_OF_DJANGO)]
    (into / "config" / "django.py").write_text("\n".join(of_django) + "\n")
    options = ["--no-wrap", "--no-obsolete", "--add-location", "file", "--ignore", "docs/*"]
    languages = [f"--locale={language}" for language in LANGUAGES]
    _django(into, "makemessages", *languages, *options)
    for language in LANGUAGES:
        path = catalogue(into, language)
        path.write_text(_MADE.sub("", path.read_text()))


def _category_names() -> str:
    from papers.category_names import CONTEXT
    from papers.taxonomy import ARCHIVE_NAMES, CATEGORY_NAMES

    names = dict.fromkeys([*ARCHIVE_NAMES.values(), *CATEGORY_NAMES.values()])
    return "".join(f'pgettext("{CONTEXT}", "{name}")\n' for name in names)


def _django(folder: Path, *command: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    subprocess.run([sys.executable, "-m", "django", *command], cwd=folder, env=environment, check=True)


def main() -> None:
    """Gather, take the catalogues over, compile, and say what is left to translate."""
    if not shutil.which("xgettext"):
        sys.exit(NO_GETTEXT)
    with tempfile.TemporaryDirectory() as copy:
        gather(Path(copy))
        for language in LANGUAGES:
            shutil.copyfile(catalogue(Path(copy), language), catalogue(ROOT, language))
    for language in LANGUAGES:
        path = catalogue(ROOT, language)
        compiled = path.with_suffix(".mo")
        subprocess.run(["msgfmt", "--check", "--statistics", "-o", compiled, path], check=True)


if __name__ == "__main__":
    main()

"""The licences that arXiv offers, by their addresses in its records: what they are called."""

import re
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

_COMMONS: Final = re.compile(
    r"https?://creativecommons\.org/(?:licenses/(?P<kind>by(?:-nc)?(?:-(?:sa|nd))?)/(?P<version>[0-9]\.[0-9])"
    r"|publicdomain/zero/(?P<zero>[0-9]\.[0-9])|licenses/(?P<public>publicdomain)(?:/[0-9.]*)?)/?"
)
_ARXIV: Final = re.compile(r"https?://arxiv\.org/licenses/(?P<name>nonexclusive-distrib/1\.0|assumed-1991-2003)/?")


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence's name for readers and its address, which is one of arXiv's or of Creative Commons, or empty."""

    name: str
    address: str = ""


def read_licence(text: str) -> Licence:
    """The licence of a record. What is none that arXiv offers is its own name and leads nowhere."""
    text = text.strip()
    if found := _COMMONS.fullmatch(text):
        return Licence(_commons(found), re.sub(r"^http:", "https:", text))
    if found := _ARXIV.fullmatch(text):
        if found["name"].startswith("assumed"):
            name = _("assumed by arXiv, which was allowed to distribute what came before 2004")
        else:
            name = _("arXiv may distribute it; all other rights stay with the authors")
        return Licence(name, f"https://arxiv.org/licenses/{found['name']}/")
    return Licence(text)


def _commons(found: re.Match[str]) -> str:
    if found["zero"]:
        return f"CC0 {found['zero']}"
    if found["public"]:
        return _("public domain")
    return f"CC {found['kind'].upper()} {found['version']}"

"""Addresses that stand on every card: `reverse` looks each up anew, which a list of 25 papers does 150 times."""

from functools import lru_cache
from typing import Final

from django.urls import get_script_prefix, reverse

_ID: Final = "9912.99999"


def of_paper(view: str, arxiv_id: str) -> str:
    """What `reverse(view, args=[arxiv_id])` is, for the id of a paper that is here: such ids hold no sign that
    an address would have to quote."""
    before, after = _around(view, get_script_prefix())
    return f"{before}{arxiv_id}{after}"


def of_view(view: str) -> str:
    """What `reverse(view)` is."""
    return _whole(view, get_script_prefix())


@lru_cache(maxsize=64)
def _around(view: str, _prefix: str) -> tuple[str, str]:
    before, _, after = reverse(view, args=[_ID]).partition(_ID)
    return before, after


@lru_cache(maxsize=64)
def _whole(view: str, _prefix: str) -> str:
    return reverse(view)

"""Addresses that stand on every card: `reverse` looks each up anew, which a list of 25 papers does 150 times."""

from functools import lru_cache
from typing import Final

from django.urls import get_script_prefix, reverse

_ID: Final = "9912.99999"


def of_paper(view: str, arxiv_id: str) -> str:
    """What `reverse(view, args=[arxiv_id])` is, for the id of a paper that is here: such ids hold no sign that
    an address would have to quote."""
    return arxiv_id.join(around(view, _ID))


def of_view(view: str) -> str:
    """What `reverse(view)` is."""
    return _reversed(view, None, get_script_prefix())


def around(view: str, argument: str) -> tuple[str, str]:
    """What stands before and behind the argument in the addresses of a view that takes one; `argument` is one that it
    takes, and that stands in its address as it is."""
    before, _, behind = _reversed(view, argument, get_script_prefix()).rpartition(argument)
    return before, behind


@lru_cache(maxsize=64)
def _reversed(view: str, argument: str | None, _prefix: str) -> str:
    return reverse(view, args=None if argument is None else [argument])

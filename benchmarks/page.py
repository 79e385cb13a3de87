"""Measured parts of a page of the documentation, between markers: `<!-- NAME -->` and `<!-- end of NAME -->`."""

from pathlib import Path


class PageError(Exception):
    """The page has not the markers; the text says which."""


def check(page: Path, name: str) -> None:
    """See before a long run that its figures have a place. Raises PageError."""
    _around(page, name)


def put(page: Path, name: str, text: str) -> None:
    """Write `text` in the place of what stands between the markers of `name`. Raises PageError without them."""
    before, after = _around(page, name)
    page.write_text(f"{before}\n\n{text.strip()}\n\n{after}")


def _around(page: Path, name: str) -> tuple[str, str]:
    """What stands before and behind the part, the markers with it."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, found, rest = page.read_text().partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise PageError(f"{page} has no line {begin} with {end} behind it")
    return before + begin, end + after

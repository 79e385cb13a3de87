"""Page numbers: which are offered, and how a number that a reader typed is understood."""

from django.utils.translation import gettext as _

WINDOW = 2  # neighbours shown on each side of the current page


def page_numbers(current: int, last: int) -> list[int | None]:
    """The numbers to link, None where some are left out: 1 … 6 7 8 9 10 … 42."""
    shown = sorted({1, last, *range(max(1, current - WINDOW), min(last, current + WINDOW) + 1)})
    numbers: list[int | None] = []
    for before, number in zip([0, *shown], shown, strict=False):
        if number - before == 2:
            numbers.append(number - 1)
        elif number - before > 2:
            numbers.append(None)
        numbers.append(number)
    return numbers


def read_page(text: str | None, notes: list[str]) -> int:
    """The page asked for; what is no number from 1 is read as 1, with a sentence added to `notes`."""
    if not text:
        return 1
    if text.isascii() and text.isdigit() and int(text[:10]) > 0 and len(text) < 10:
        return int(text)
    notes.append(_("“%(text)s” is no page number: this is page 1.") % {"text": text[:20]})
    return 1

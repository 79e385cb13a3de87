"""The value of `date:` in a query, as a pair of days."""

import re
from calendar import monthrange
from datetime import date, timedelta

from django.utils.translation import gettext as _

from search.query_lexer import quoted

_PERIOD = re.compile(r"([0-9]{4})(?:-([0-9]{1,2})(?:-([0-9]{1,2}))?)?")
_COMPARED = re.compile(r"(>=|<=|>|<)(.*)")
_TWO_YEARS = re.compile(r"([0-9]{4})-([0-9]{4})")
_SPELLINGS = str.maketrans({"/": "-", "…": "..", "–": "..", "≥": ">=", "≤": "<="})
_ONE_DAY = timedelta(days=1)

Days = tuple[date | None, date | None]


def read_days(text: str) -> tuple[Days, list[str]]:
    """The first and the last day (both inclusive, None = open) that `text` names, and notes for the reader.

    `text` is a period (`2024`, `2024-03`, `2024-03-05`), two periods around `..` of which one may be missing,
    or a period behind `>`, `>=`, `<` or `<=`; `>` means after the whole period and `<` before all of it.
    What is not a date is left out, with a note; both days are None where nothing is left. Never raises.
    """
    notes: list[str] = []
    plain = "".join(text.split()).strip(",;").translate(_SPELLINGS)
    plain = _TWO_YEARS.sub(r"\1..\2", plain) if _TWO_YEARS.fullmatch(plain) else plain
    if match := _COMPARED.fullmatch(plain):
        return _compared(match[1], match[2], notes), notes
    if ".." not in plain:
        return _period(plain, notes), notes
    left, right = (side.strip(".") for side in plain.split("..", 1))
    early = _period(left, notes) if left else (None, None)
    late = _period(right, notes) if right else (None, None)
    if early[0] and late[1] and early[0] > late[1]:
        told = _("The dates of %(text)s were swapped, as the first is later than the second.")
        notes.append(told % {"text": quoted(text)})
        early, late = late, early
    if not left and not right:
        notes.append(_("A date without any day was left out."))
    return (early[0], late[1]), notes


def _period(text: str, notes: list[str]) -> Days:
    """First and last day of a year, month or day; two Nones and a note if `text` is none of these."""
    if match := _PERIOD.fullmatch(text):
        year, month, day = (int(part) if part else None for part in match.groups())
        try:
            first = date(year or 0, 1 if month is None else month, 1 if day is None else day)
        except ValueError:
            pass
        else:
            if day is not None:
                return first, first
            last_month = first.month if month is not None else 12
            return first, date(first.year, last_month, monthrange(first.year, last_month)[1])
    told = _("%(text)s is not a date like 2024, 2024-03 or 2024-03-05 and was left out.")
    notes.append(told % {"text": quoted(text)})
    return None, None


def _compared(sign: str, text: str, notes: list[str]) -> Days:
    first, last = _period(text, notes)
    if first is None or last is None:
        return None, None
    try:
        return {
            ">": lambda: (last + _ONE_DAY, None),
            ">=": lambda: (first, None),
            "<": lambda: (None, first - _ONE_DAY),
            "<=": lambda: (None, last),
        }[sign]()
    except OverflowError:  # before the year 1 or after the year 9999
        notes.append(_("No day is %(text)s: it was left out.") % {"text": quoted(sign + text)})
        return None, None

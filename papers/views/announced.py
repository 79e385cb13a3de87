"""What a page says of announcement lists: what can be left out, and what a reader should know of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from papers.announcements import LEAVES_OUT, DayOfLists, DaysOfLists, left_out, read_without

MOST_NAMED = 6  # categories in one sentence
FEED_IS_LATE = time(6, tzinfo=ZoneInfo("America/New_York"))  # of its day; arXiv makes the feeds at midnight there
NAMES = {"cross": gettext_lazy("cross-lists"), "replace": gettext_lazy("replacements")}


@dataclass(frozen=True, slots=True)
class Toggle:
    """A part of the list that can be left out or taken back; `address` does it."""

    name: str
    papers: int
    out: bool
    address: str


def asked_without(parameters: Mapping[str, str], notes: list[str]) -> tuple[str, ...]:
    """The words of `?without=`; for those that are none, a sentence is added to `notes`."""
    without, unknown = read_without(parameters.get("without", ""))
    notes += [
        _("“%(word)s” cannot be left out and was ignored. “cross” leaves out cross-lists, “replace” replacements.")
        % {"word": word[:20]}
        for word in unknown[:1]
    ]
    return without


def toggles(lists: DaysOfLists, without: tuple[str, ...], path: str, kept: Mapping[str, str]) -> list[Toggle]:
    """What of the day's list can be left out, where there is any; addresses at `path` with the parameters `kept`."""
    found = []
    for word in LEAVES_OUT:
        others = tuple(other for other in without if other != word)
        kinds = LEAVES_OUT[word] - left_out(others)
        papers = sum(entry.kind in kinds for entry in lists.entries)
        then = others if word in without else tuple(each for each in LEAVES_OUT if each in (*without, word))
        if papers or word in without:
            query = urlencode({**kept, **without_parameter(then)}, safe=",")
            found.append(Toggle(str(NAMES[word]), papers, word in without, f"{path}?{query}" if query else path))
    return found


def without_parameter(without: tuple[str, ...]) -> dict[str, str]:
    """`?without=` as the address carries it, none where nothing is left out."""
    return {"without": ",".join(without)} if without else {}


def remarks(day: DayOfLists) -> list[str]:
    """What a reader should know of the lists: which are empty, put together or not here."""
    empty = [one.category for one in day.lists if one.fetched and not one.lines]
    if empty:  # unless another source knows better
        empty = [code for code in empty if not day.counts.get(code)]
    made = [one.category for one in day.lists if not one.fetched]
    found = []
    if day.spec is None:
        found += [_("arXiv announced nothing on this day.")] if len(empty) == len(day.lists) else []
    elif empty:
        found.append(_("arXiv announced nothing in %(categories)s on this day.") % {"categories": _named(empty)})
    if made:
        late = timezone.now() >= datetime.combine(day.day, FEED_IS_LATE)
        if late:
            text = _("arXiv’s feed of %(categories)s was missed: the list is put together from its records.")
        elif len(made) < len(day.lists):
            text = _(
                "arXiv’s feed of this day is not out yet for %(categories)s: the list is put together from its records."
            )
        else:
            text = _("arXiv’s feed of this day is not out yet: the list is put together from its records.")
        found.append(text % {"categories": _named(made)})
    if day.missing:
        found.append(
            _("arXiv’s list of %(categories)s is not here for this day.") % {"categories": _named(day.missing)}
        )
    return found


def _named(codes: Sequence[str]) -> str:
    if len(codes) > MOST_NAMED:
        return _("%(some)s and %(more)d more") % {
            "some": ", ".join(codes[:MOST_NAMED]),
            "more": len(codes) - MOST_NAMED,
        }
    some, last = ", ".join(codes[:-1]), codes[-1]
    return _("%(some)s and %(last)s") % {"some": some, "last": last} if some else last

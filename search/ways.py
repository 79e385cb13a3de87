"""What a page of results says of how the query was read, and where one can go from there."""

from collections.abc import Sequence
from dataclasses import dataclass

from search import analysis
from search.query import Query, parse
from search.reading import Reading
from search.refine import narrower, wider
from search.service import Results
from search.sorting import address


@dataclass(frozen=True)
class Way:
    """A link: its text, its address, how many papers hold its words (None: not counted)."""

    text: str
    address: str
    papers: int | None = None


def ways_on(reading: Reading, results: Results, typed: Query, without: Sequence[str]) -> dict[str, object]:
    """For the template: `asked` and `instead` where the query was changed, `kept` and `removed` keywords of a long
    query, `narrower` and `wider` searches on the first page."""
    context: dict[str, object] = {}
    changed = reading.asked is not reading.query
    if changed:
        context |= {
            "asked": reading.asked.text,
            "asked_at": address("search", parse(reading.asked.text), reading.asked.sort),
            "instead": address("search", typed, reading.query.sort, verbatim=True),
        }
    sort = reading.query.sort
    context["kept"] = [Way(word, address("search", typed, sort, without=[*without, word])) for word in reading.keywords]
    context["removed"] = [
        Way(
            word,
            address(
                "search",
                typed,
                sort,
                without=[other for other in without if analysis.stems(other) != analysis.stems(word)],
            ),
        )
        for word in reading.removed
    ]
    # A long text is narrowed by its own keywords; whoever turns pages has passed the ways on.
    if results.page == 1 and not reading.keywords and not reading.removed:
        steps = narrower(reading.asked, results.best), wider(reading.asked)
        context["narrower"], context["wider"] = (
            [Way(step.text, address("search", parse(step.query), sort), step.papers) for step in part] for part in steps
        )
    return context

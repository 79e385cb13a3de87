"""Which papers an export of a search holds: those that satisfy it by their text, in the page's order."""

from collections.abc import Collection

from search import service
from search.query import Query
from search.reading import read
from search.service import LARGEST_PAGE, Context, in_one_index, most_words
from search.starred import by_stars

MOST = 1_000


def matching(
    query: Query, *, verbatim: bool = False, without: Collection[str] = (), limit: int = MOST
) -> tuple[list[int], int]:
    """Primary keys of the papers that hold the query's binding parts and every free word (where none does: the most
    words), `limit` of them at most, and how many there are. The query is read as the page reads it.

    In order of relevance, those that the page shows come first and as it has them; what it shows for its meaning
    alone is left out. Raises EngineError.
    """
    if query.tree is None:
        return [], 0

    def ask(context: Context) -> tuple[list[int], int]:
        plan = (reading := read(context.engine, context.table, query, verbatim=verbatim, without=without)).plan
        minimum, total = most_words(context.engine, plan)
        order = reading.asked.sort
        if order == "stars":
            return by_stars(context.engine, plan, minimum).tolist()[:limit], total
        by_date = order in ("new", "old") or not plan.text
        words = plan.lexical(minimum)
        if by_date:
            hits = context.engine.lexical(words, limit, 0, "old" if order == "old" else "new")
        else:
            hits = context.engine.lexical(words, limit)
        return hits.ids.tolist() if by_date else _as_ranked(hits.ids.tolist()), total

    def _as_ranked(ids: list[int]) -> list[int]:
        place: dict[int, int] = {}
        for page in range(1, limit // LARGEST_PAGE + 1):
            results = service.search(query, page=page, size=LARGEST_PAGE, verbatim=verbatim, without=without)
            place |= {number: len(place) + at for at, number in enumerate(results.ids)}
            if page * LARGEST_PAGE >= results.reachable:
                break
        return sorted(ids, key=lambda number: place.get(number, len(place)))  # stable: the rest by their words

    return in_one_index(ask) or ([], 0)

"""The search of the site: page, JSON API, feeds and evaluation all ask here."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import TypeVar

import numpy as np
import structlog
from django.core.cache import cache
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from search import vectors
from search.beside import beside
from search.encoder import EncoderError, get_encoder, readable, text_hash
from search.encoders import encoder_of, ours, remember, serving_model
from search.engines import get_engine
from search.engines.base import Engine, EngineError, Hits, Order, StaleIndexError
from search.fits import FitError, load
from search.frequencies import FrequencyTable
from search.plan import Plan
from search.query import Query
from search.ranking import CANDIDATES, fuse
from search.reading import Reading, read
from search.reranker import load_reranker, rerank
from search.starred import by_stars
from search.vectors import Fetch, Vectors
from search.whitening import Transform

log = structlog.get_logger()
Answer = TypeVar("Answer")
LARGEST_PAGE = 100
BEST = 100
CACHED_SECONDS = 600
# Pages beyond this many papers of a list by date are not served: each costs the engine all that went before.
DEEPEST = 20_000
NOT_READ = gettext_lazy("The encoder does not read this script: matched as text only.")
NO_MEANING = gettext_lazy("Search by meaning is away: matched as text only.")
NO_INDEX = gettext_lazy("The index is being made: papers can be found in a moment.")
STILL_LOADING = gettext_lazy("Search by meaning is starting, some seconds more: matched as text only.")


@dataclass(frozen=True)
class Context:
    """Everything a search needs. key: of the fit that the index was made with. encode: text → full vector (d,).
    fetch: full vectors by id."""

    key: str
    engine: Engine
    transform: Transform
    table: FrequencyTable
    width: int
    generation: str
    encode: Callable[[str], Vectors]
    fetch: Fetch


@dataclass(frozen=True)
class Results:
    """One page of papers (primary keys, in order). `total` counts the papers that hold the binding parts and every
    free word (where none does: the most words); `reachable` of the list can be paged through. Scores are empty where
    the order is not by relevance. `reading`: how the index read the query, None where there is no index. `best`: the
    first BEST papers of the whole list, of the page where the order is by date."""

    ids: list[int]
    scores: list[float]
    total: int
    reachable: int
    page: int
    size: int
    notes: tuple[str, ...]
    took_ms: float
    by_meaning: bool
    reading: Reading | None = None
    best: tuple[int, ...] = ()


def site_context() -> Context | None:
    """The serving index with what it was made with; None while there is no index.

    Raises EngineError where the index cannot be used.
    """
    engine = get_engine()
    statistics = engine.statistics()
    if not statistics.transform:
        return None
    try:
        learned = load(statistics.transform)
    except (FitError, EncoderError) as error:
        raise EngineError(str(error)) from error
    model = learned.transform.model
    if ours(model):
        remember(model)
    return Context(
        key=statistics.transform,
        engine=engine,
        transform=learned.transform,
        table=learned.table,
        width=statistics.width,
        generation=statistics.generation,
        encode=partial(encode_by, model),
        fetch=lambda ids: vectors.fetch(model, ids),
    )


def in_one_index(ask: Callable[[Context], Answer]) -> Answer | None:
    """What `ask` answers from one index: asked once more where a rebuild switched in between. None without an index.

    Raises EngineError where the index cannot be used.
    """
    for _attempt in range(3):
        context = site_context()
        if context is None:
            return None
        try:
            answer = ask(context)
        except StaleIndexError:
            continue
        now = context.engine.statistics()
        if (now.transform, now.width) == (context.key, context.width):
            return answer
    raise EngineError("the index is being switched")


def encode_query(text: str) -> Vectors:
    """The full vector of a query by the model that serves, (d,) float32; the last ones are kept."""
    return encode_by(serving_model(), text)


@lru_cache(maxsize=512)
def encode_by(model: str, text: str) -> Vectors:
    """The same by a certain model of the site: that of the index which is asked."""
    vector: Vectors = encoder_of(model).encode([text])[0]
    vector.setflags(write=False)
    return vector


def warm() -> None:
    """Open the index and load the encoder, so that no reader waits for them."""
    # An engine that is away now may be back before the encoder is.
    for step in (site_context, lambda: get_encoder().load(), load_reranker):
        try:
            step()
        except (EncoderError, EngineError) as error:
            log.warning("search is not warm", reason=str(error))


def search(
    query: Query,
    page: int = 1,
    size: int = 25,
    *,
    verbatim: bool = False,
    without: Collection[str] = (),
    meaning: bool = True,
) -> Results:
    """One page of what a query finds, `page` from 1, `size` up to LARGEST_PAGE.

    verbatim: as it stands, nothing corrected. without: words that BM25 leaves aside. meaning: False for words alone.
    Raises EngineError.
    """
    start = time.perf_counter()
    page, size = max(page, 1), min(max(size, 1), LARGEST_PAGE)
    nothing = Results([], [], 0, 0, page, size, query.notes, 0.0, False)
    if query.tree is None:
        return nothing

    def ask(context: Context) -> Results:
        reading = read(context.engine, context.table, query, verbatim=verbatim, without=without)
        return _page(context, reading, page, size, meaning=meaning)

    found = in_one_index(ask)
    if found is None:
        found = replace(nothing, notes=(*query.notes, str(NO_INDEX)))
    return replace(found, took_ms=_since(start))


def _page(context: Context, reading: Reading, page: int, size: int, *, meaning: bool) -> Results:
    plan, query = reading.plan, reading.asked
    notes = list(query.notes)
    minimum, total = most_words(context.engine, plan)
    by_relevance = query.sort == "relevance" and bool(plan.text)
    first = (page - 1) * size
    vector = None
    if by_relevance:
        if meaning:
            vector, note = _query_vector(context, plan)
            notes += [note] if note else []
        ranked = _cached(context, plan, vector)
        if meaning:
            ranked, note = rerank(ranked, plan.text, context.generation)
            notes += [note] if note else []
        best = ranked.ids[:BEST]
        found = Hits(ranked.ids[first : first + size], ranked.scores[first : first + size])
        reachable = len(ranked.ids)
    elif query.sort == "stars":
        ids = by_stars(context.engine, plan, minimum)
        reachable = len(ids)
        if total > reachable:
            notes.append(_("By stars, the first %(count)s papers can be paged through.") % {"count": f"{reachable:,}"})
        best, found = ids[:BEST], Hits(ids[first : first + size])
    else:
        reachable = min(total, DEEPEST)
        limit = max(0, min(size, reachable - first))
        order: Order = "old" if query.sort == "old" else "new"
        found = context.engine.lexical(plan.lexical(minimum), limit, first, order)
        best = found.ids
    return Results(
        ids=found.ids.tolist(),
        scores=found.scores.tolist() if by_relevance else [],
        total=total,
        reachable=reachable,
        page=page,
        size=size,
        notes=tuple(dict.fromkeys(notes)),
        took_ms=0.0,
        by_meaning=vector is not None,
        reading=reading,
        best=tuple(best.tolist()),
    )


def rank(context: Context, plan: Plan, vector: Vectors | None, *, lexical: bool = True) -> Hits:
    """All candidates of a plan in order of relevance, CANDIDATES at most. vector: the full query vector, None for
    words only; `lexical=False` for meaning only."""
    near = None
    if vector is not None:
        short = context.transform.apply(vector[None, :], context.width)[0]
        near = beside(context.engine.nearest, short, CANDIDATES, plan.binding)
    words = titled = Hits()
    if lexical:
        words = context.engine.lexical(plan.candidates(), CANDIDATES)
        titled = context.engine.titled(plan.title, CANDIDATES, plan.binding)
    found = None if near is None else near.result()
    ranked = fuse(words, found, titled, len(plan.title), vector, context.fetch)
    return Hits(ranked.ids[:CANDIDATES], ranked.scores[:CANDIDATES])


def most_words(engine: Engine, plan: Plan) -> tuple[int, int]:
    """The largest number of free words that any paper holds together, and how many papers hold that many."""
    low, high = 0, len(plan.units) if plan.free else 0
    total = engine.count(plan.lexical(high))
    if total or not high:
        return high, total
    while high - low > 1:  # papers hold `low` words (or low is 0), none hold `high`
        middle = (low + high) // 2
        if engine.count(plan.lexical(middle)):
            low = middle
        else:
            high = middle
    return low, engine.count(plan.lexical(low)) if low else 0


def _query_vector(context: Context, plan: Plan) -> tuple[Vectors | None, str]:
    """The query's vector, or None with the note that says why."""
    if not readable(plan.text):
        return None, str(NOT_READ)
    if not ours(context.transform.model):
        return None, str(NO_MEANING)
    if encoder_of(context.transform.model).loading:
        return None, str(STILL_LOADING)
    try:
        return context.encode(plan.text), ""
    except EncoderError as error:
        log.warning("no encoder", reason=str(error))
        return None, str(NO_MEANING)


def _cached(context: Context, plan: Plan, vector: Vectors | None) -> Hits:
    """The ranking of a plan, kept while the index stays as it is: the pages of one search ask once."""
    key = f"search:{context.transform.model}:{context.generation}:{text_hash(repr(plan))}:{vector is None}"
    key = key.replace(" ", "_")
    kept = cache.get(key)
    if kept is None:
        ranked = rank(context, plan, vector)
        kept = (ranked.ids.astype(np.int64).tobytes(), ranked.scores.astype(np.float32).tobytes())
        cache.set(key, kept, CACHED_SECONDS)
    return Hits(np.frombuffer(kept[0], np.int64), np.frombuffer(kept[1], np.float32))


def _since(start: float) -> float:
    return round((time.perf_counter() - start) * 1000, 1)

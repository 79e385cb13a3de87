"""Is a new fit as good as the one before it? Papers of the site itself say so, before any index is made with it.

Two questions. Neighbours: of the nearest 10 papers by the short vectors of the old fit, how many are among the nearest
10 by the new one? Known items (`search.known_items`): papers are indexed aside with the old fit and with the new one,
and their titles, mistyped titles and three words of them are searched for, by the site's own search and by the short
vectors alone. A fit that falls below the limits that an operator has set (`FitLimits`) is kept back.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache, partial
from itertools import islice
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray

from papers.batches import batched
from search import vectors
from search.documents import make_documents
from search.encoders import encoder_of
from search.engines import engine_aside
from search.engines.base import Engine, Ids
from search.fits import CHUNK, Learned, fit_corpus, load, newest_key
from search.known_items import DEPTH, KINDS, Item, draw_items
from search.models import Fit, FitLimits, PaperVector
from search.query import parse
from search.reading import read
from search.service import Context, rank
from search.shuffling import shuffled
from search.vectors import Vectors
from search.whitening import Transform, width_for
from search.writing import papers_of

log = structlog.get_logger()
POOL = 20_000  # papers among which neighbours are looked for
ASKED = 1000  # of them, whose neighbours are
INDEXED = 5000  # of them, which are indexed aside
SOUGHT = 200  # of these, which are searched for
NEAREST = 10
FEWEST = 100  # papers that comparing needs
SEED = 1
ROUNDING = 1e-9
UNCOMPARED = "it has not been compared with the one before yet"


@dataclass(frozen=True)
class Figures:
    """What was found. pool: papers compared. overlap: the share of the nearest 10 that stays. known, near: the share of
    queries whose paper came first in the site's search, and among the first 10 by short vectors alone; before, after.
    """

    pool: int
    overlap: float
    known_before: float
    known_after: float
    near_before: float
    near_after: float


def limits() -> FitLimits:
    """Those in force: the newest that an operator set, else the defaults."""
    return FitLimits.objects.order_by("-pk").first() or FitLimits()


def refit(model: str) -> Fit:
    """A fit of everything that the database holds, compared with the one before it. Raises FitError without vectors,
    EngineError, EncoderError."""
    return judge(fit_corpus(model, kept_back=UNCOMPARED))


def judge(fit: Fit) -> Fit:
    """Compare a fit with what would serve without it; it is used from now on, or kept back and says why."""
    before, after = load(newest_key(fit.model, before=fit.pk)), load(f"fit-{fit.pk}")
    found = compare(before, after)
    # What ships knows all of arXiv, or nothing: papers of one field move by their own first fit, and are better for it.
    reasons = verdict(found, limits(), moves=before.key.startswith("fit-")) if found else []
    fit.figures, fit.kept_back = asdict(found) if found else None, " ".join(reasons)
    fit.save(update_fields=["figures", "kept_back"])
    log.info("a fit was compared", fit=fit.pk, before=before.key, kept_back=fit.kept_back, **fit.figures or {})
    return fit


def verdict(found: Figures, limits: FitLimits, *, moves: bool = True) -> list[str]:
    """Why a fit with these figures is kept back, in sentences; none where it may serve."""
    reasons = []
    if moves and found.overlap < limits.least_overlap:
        reasons.append(
            f"Of the nearest {NEAREST} papers {found.overlap:.0%} stay where {limits.least_overlap:.0%} should."
        )
    pairs = {
        "come first in the search": (found.known_before, found.known_after),
        f"are among the nearest {DEPTH}": (found.near_before, found.near_after),
    }
    for what, (before, after) in pairs.items():
        if before - after > limits.most_loss + ROUNDING:
            reasons.append(
                f"{after:.1%} of known papers {what}, and {before:.1%} did before; {limits.most_loss:.1%} may be lost."
            )
    return reasons


def compare(before: Learned, after: Learned) -> Figures | None:
    """The figures of two fits of one model on a sample of the site's papers, the same each time while the papers are;
    None where there are too few to say anything. Raises EngineError, EncoderError."""
    model = after.transform.model
    total = PaperVector.objects.filter(model=model).count()
    ids, rows = _fetched(model, _sample(model))
    if len(ids) < FEWEST:
        return None
    # As wide as either would serve, with the papers that it was fitted on, and what ships with those that are here.
    widths = [
        width_for(learned.transform.papers if learned.key.startswith("fit-") else total, rows.shape[1])
        for learned in (before, after)
    ]
    old, new = (
        neighbours(learned.transform, rows, width) for learned, width in zip((before, after), widths, strict=True)
    )
    encode = cache(lambda text: encoder_of(model).encode([text])[0])
    found = [
        _known_items(learned, ids[:INDEXED].tolist(), width, encode)
        for learned, width in zip((before, after), widths, strict=True)
    ]
    (known_before, near_before), (known_after, near_after) = found
    return Figures(len(ids), overlap(old, new), known_before, known_after, near_before, near_after)


def neighbours(transform: Transform, rows: Vectors, width: int) -> NDArray[np.intp]:
    """The places of the NEAREST others of the first ASKED rows by short vectors, (asked, NEAREST), in no order."""
    short = transform.apply(rows, width)
    found = []
    for places in batched(range(min(ASKED, len(rows))), 200):
        scores = short[list(places)] @ short.T
        scores[range(len(places)), list(places)] = -np.inf
        found.append(np.argpartition(-scores, NEAREST, axis=1)[:, :NEAREST])
    return np.concatenate(found)


def overlap(old: NDArray[np.intp], new: NDArray[np.intp]) -> float:
    """The mean share of a row that the other's row holds too."""
    return float(np.mean([len(np.intersect1d(a, b)) / len(a) for a, b in zip(old, new, strict=True)]))


def _sample(model: str) -> list[int]:
    """At most POOL papers with vectors, drawn at random, in random order. The ids of all are in a file only."""
    rows = PaperVector.objects.filter(model=model, paper__removed=False).order_by("paper_id")
    numbers = rows.values_list("paper_id", flat=True).iterator(chunk_size=CHUNK)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "papers"
        shuffled(map(str, numbers), file, seed=SEED)
        with file.open() as lines:
            return [int(line) for line in islice(lines, POOL)]


def _fetched(model: str, numbers: Sequence[int]) -> tuple[Ids, Vectors]:
    """Those that have a vector, in the order given."""
    parts = [vectors.fetch(model, np.array(part)) for part in batched(numbers, CHUNK)]
    if not parts:
        return vectors.fetch(model, np.empty(0, np.int64))
    ids, rows = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    place = {number: row for row, number in enumerate(ids.tolist())}
    order = [place[number] for number in numbers if number in place]
    return ids[order], rows[order]


def _known_items(
    learned: Learned, ids: Sequence[int], width: int, encode: Callable[[str], Vectors]
) -> tuple[float, float]:
    """The shares of queries whose paper comes first in the search, and is among the nearest DEPTH by vectors."""
    with engine_aside("embedded") as engine:
        titles: list[tuple[int, str]] = []
        with engine.rebuild(learned.key, width, len(ids)) as fresh:
            for part in batched(ids, CHUNK):
                documents = make_documents(papers_of(part), learned, width)
                titles += [(document.id, document.title) for document in documents]
                fresh.index(documents)
        context = _context(engine, learned, width, encode)
        hits = [_hits(context, text, item.paper) for item, text in _queries(draw_items(titles, SOUGHT, SEED))]
    known, near = np.mean(hits, axis=0) if hits else (1.0, 1.0)
    return float(known), float(near)


def _context(engine: Engine, learned: Learned, width: int, encode: Callable[[str], Vectors]) -> Context:
    fetch = partial(vectors.fetch, learned.transform.model)
    return Context(learned.key, engine, learned.transform, learned.table, width, "aside", encode, fetch)


def _queries(items: Iterable[Item]) -> Iterator[tuple[Item, str]]:
    for item in items:
        for kind in KINDS:
            if text := getattr(item, kind):
                yield item, text


def _hits(context: Context, text: str, paper: int) -> tuple[bool, bool]:
    plan = read(context.engine, context.table, parse(text)).plan
    vector = context.encode(plan.text) if plan.text else None
    first = rank(context, plan, vector).ids[:1].tolist()
    if vector is None:
        return first == [paper], False
    short = context.transform.apply(vector[None, :], context.width)[0]
    return first == [paper], paper in context.engine.nearest(short, DEPTH).ids.tolist()

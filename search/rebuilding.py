"""A new index of all papers beside the serving one, and the switch.

Meanwhile workers go on writing into the serving index and keep the marks of what they wrote (`search.marks`); these
papers are written into the new index again, the last of them while nobody writes, and then it is checked and serves.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import structlog

from papers.ingest import mark_for_index
from papers.models import Paper
from search import locks, marks
from search.encoder import get_encoder
from search.engines import get_engine
from search.engines.base import Engine, EngineAwayError, EngineError, LexicalQuery, RejectedError
from search.fits import FitError, Learned, load, newest_key
from search.query import Field, Word
from search.whitening import width_for
from search.writing import BATCH, Progress, papers_of, parts, prepare

log = structlog.get_logger()
GROWTH = 1.15
SAMPLE = 20  # papers that a new index must find before it serves
ALIKE = 0.999  # inner product of papers that may stand in each other's place


def usable(engine: Engine) -> bool:
    """Whether there is an index, whole and made for the site's model. Raises EngineAwayError."""
    try:
        key = engine.statistics(fresh=True).transform
        return bool(key) and load(key).transform.model == get_encoder().name
    except EngineAwayError:
        raise
    except (EngineError, FitError) as error:
        log.warning("the index is made anew", reason=str(error))
        return False


def outgrown(engine: Engine) -> bool:
    """Whether the rule wants vectors longer by more than GROWTH; a rebuild embeds nothing."""
    statistics = engine.statistics(fresh=True)
    dimension = load(statistics.transform).transform.dimension
    return width_for(statistics.papers, dimension) > statistics.width * GROWTH


def rebuild(
    progress: Progress | None = None,
    batch: int = BATCH,
    *,
    wait: bool = True,
    only_if: Callable[[], bool] = lambda: True,
) -> int:
    """Make a new index of all papers beside the serving one and switch at once; returns how many papers it holds.

    Raises BusyError where another process rebuilds, unless with `wait`; then it is done once that one has ended,
    and only if `only_if` still says so, else 0.
    """
    with locks.rebuilding(wait=wait):
        if not only_if():
            return 0
        marks.forget_kept()
        learned = load(newest_key(get_encoder().name))
        run = _Run(learned, width_for(Paper.objects.count(), learned.transform.dimension), batch, progress)
        with ExitStack() as last, get_engine().rebuild(learned.key, run.width) as engine:
            run.fill(engine)
            run.catch_up(engine)
            last.enter_context(locks.writing())  # held until the switch is done
            run.catch_up(engine)
            _check(engine, run)
        marks.drop(run.seen)
        mark_for_index(run.refused)
        log.info("index rebuilt", papers=run.written, fit=learned.key, width=run.width)
        return run.written


@dataclass
class _Run:
    """One rebuild. seen: marks read before their papers were, and not needed any more once the new index serves."""

    learned: Learned
    width: int
    batch: int
    progress: Progress | None
    written: int = 0
    last: int = 0
    seen: dict[int, int] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)

    def fill(self, engine: Engine) -> None:
        """Write all papers by rising primary key; a paper that arrives meanwhile comes at the end."""
        rows = Paper.objects.order_by("pk").values_list("pk", flat=True)
        while ids := list(rows.filter(pk__gt=self.last)[: self.batch]):
            self.last = ids[-1]
            self._write(engine, ids, marks.stamps(ids))

    def catch_up(self, engine: Engine) -> None:
        """Write what the workers wrote into the serving index meanwhile."""
        while again := marks.kept(self.batch):
            arrived = [number for number in again if number > self.last]
            self.last = max([self.last, *arrived])
            self._write(engine, list(again), {}, known=len(again) - len(arrived))
            marks.drop(again)

    def _write(self, engine: Engine, ids: Sequence[int], stamps: Mapping[int, int], known: int = 0) -> None:
        """`stamps` were read before the papers: one that changes in between keeps its newer mark. `known` of the ids
        are counted already."""
        self.seen |= stamps
        for part in parts(papers_of(ids)):
            try:
                engine.index(prepare(part, self.learned, self.width))
            except RejectedError as error:
                log.error("papers were refused by the index", papers=len(error.reasons), reason=str(error))
                self.refused |= error.reasons.keys()
            self.written += len(part)
            if self.progress is not None:
                self.progress(len(part))
        self.written -= known


def _check(engine: Engine, run: _Run) -> None:
    """Raises EngineError where the new index does not hold what was written into it, or does not find it."""
    expected = run.written - len(run.refused)
    found = engine.statistics(fresh=True).papers
    if found != expected:
        raise EngineError(f"the new index holds {found} papers and not {expected}: the old one stays")
    ids = [number for number in _sample(run.last) if number not in run.refused]
    papers = papers_of(ids)
    for document in prepare(papers, run.learned, run.width) if papers else []:
        by_id = engine.lexical(LexicalQuery(Field("id", Word(document.arxiv_id))), 2).ids.tolist()
        near = engine.nearest(document.vector, 10)
        if by_id != [document.id] or not (document.id in near.ids or (near.scores > ALIKE).any()):
            raise EngineError(f"the new index does not find {document.arxiv_id}: the old one stays")


def _sample(last: int) -> list[int]:
    """Primary keys of some papers, drawn at random."""
    drawn = random.sample(range(1, last + 1), min(SAMPLE, last))
    rows = Paper.objects.order_by("pk").values_list("pk", flat=True)
    return sorted({number for start in drawn for number in rows.filter(pk__gte=start, pk__lte=last)[:1]})

"""A new index of all papers beside the serving one, and the switch.

Meanwhile workers go on writing into the serving index and keep the marks of what they wrote (`search.marks`); these
papers are written into the new index again, the last of them while nobody writes, and then it is checked and serves.
"""

import random
from array import array
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import structlog

from papers.ingest import mark_for_index
from papers.models import Paper
from search import locks, marks
from search.ahead import ahead
from search.encoders import base_model, encoder_of, ours, remember, serving_model
from search.engines import get_engine
from search.engines.base import Engine, EngineAwayError, EngineError, LexicalQuery, RejectedError
from search.fits import FitError, Learned, load, newest_key
from search.models import Fit
from search.query import Field, Word
from search.whitening import width_for
from search.writing import BATCH, Progress, papers_of, parts, prepare, removed_of

log = structlog.get_logger()
GROWTH = 1.15
SAMPLE = 20  # papers that a new index must find before it serves
ALIKE = 0.999  # inner product of papers that may stand in each other's place


def usable(engine: Engine) -> bool:
    """Whether there is an index, whole and made for a model of the site. Raises EngineAwayError."""
    try:
        key = engine.statistics(fresh=True).transform
        if not key:
            return False
        model = load(key).transform.model
        if ours(model):
            remember(model)
        return ours(model)
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


def wanted_model() -> str:
    """The model of the serving index; where there is none that can be used, that of the newest fit, else
    EMBEDDING_MODEL."""
    if usable(get_engine()):
        return serving_model()
    fitted = Fit.objects.order_by("-pk").values_list("model", flat=True)
    return next(filter(ours, fitted), base_model())


def rebuild(
    progress: Progress | None = None,
    batch: int = BATCH,
    *,
    wait: bool = True,
    only_if: Callable[[], bool] = lambda: True,
    model: str | None = None,
) -> int:
    """Make a new index of all papers beside the serving one and switch at once; returns how many papers it holds.
    model: whose vectors it has; by default the serving index's, and where that is lost the newest fit's.

    Raises BusyError where another process rebuilds, unless with `wait`; then it is done once that one has ended,
    and only if `only_if` still says so, else 0.
    """
    with locks.rebuilding(wait=wait) as demand_lock:
        if not only_if():
            return 0
        marks.put_back_kept()  # of a broken-off rebuild
        learned = load(newest_key(model or wanted_model()))
        papers = Paper.objects.filter(removed=False).count()
        run = _Run(learned, width_for(papers, learned.transform.dimension), batch, progress)
        with ExitStack() as last, get_engine().rebuild(learned.key, run.width, papers) as engine:
            run.fill(engine)
            run.catch_up(engine)
            last.enter_context(locks.writing())  # held until the switch is done
            run.catch_up(engine)
            _check(engine, run)
            demand_lock()  # without it workers would not have kept their marks for the new index
        remember(learned.transform.model)
        marks.drop(run.seen)
        marks.put_back_kept()  # of whoever wrote into the old index past a lost lock
        mark_for_index(sorted(run.refused))
        log.info("index rebuilt", papers=run.papers, fit=learned.key, width=run.width)
        return run.papers


@dataclass
class _Run:
    """One rebuild. seen: marks read before their papers were, and not needed any more once the new index serves.
    filled: the primary keys written by `fill`, in order. late: those that came later. refused: those whose present text
    the new index does not hold. absent: those of them that it does not hold with an older text either."""

    learned: Learned
    width: int
    batch: int
    progress: Progress | None
    seen: dict[int, int] = field(default_factory=dict)
    filled: "array[int]" = field(default_factory=lambda: array("q"))
    late: set[int] = field(default_factory=set)
    refused: set[int] = field(default_factory=set)
    absent: set[int] = field(default_factory=set)

    @property
    def papers(self) -> int:
        """How many papers the new index must hold."""
        return len(self.filled) + len(self.late) - len(self.absent)

    def fill(self, engine: Engine) -> None:
        """Write all papers by rising primary key; a paper that arrives meanwhile comes at the end."""
        rows = Paper.objects.filter(removed=False).order_by("pk").values_list("pk", flat=True)
        last = 0
        while ids := list(rows.filter(pk__gt=last)[: self.batch]):
            last = ids[-1]
            self.seen |= marks.stamps(ids)  # before the papers: one that changes in between keeps its newer mark
            for part, refused in self._write(engine, ids):
                self.filled.extend(paper.pk for paper in part)
                self.absent |= refused

    def catch_up(self, engine: Engine) -> None:
        """Write what the workers wrote into the serving index meanwhile."""
        while again := marks.kept(self.batch):
            for part, refused in self._write(engine, again):
                numbers = {paper.pk for paper in part}
                new = {number for number in numbers if not self._knows(number)}
                self.late |= new
                self.absent = self.absent - (numbers - refused) | (new & refused)
            self._take_out(engine, again)
            marks.drop(again)

    def _take_out(self, engine: Engine, ids: Collection[int]) -> None:
        """Those of the papers that arXiv has deleted since they were written."""
        gone = removed_of(ids)
        if gone:
            engine.delete(gone)
            self.absent |= {number for number in gone if self._knows(number)}

    def _knows(self, number: int) -> bool:
        place = bisect_left(self.filled, number)
        return number in self.late or (place < len(self.filled) and self.filled[place] == number)

    def _write(self, engine: Engine, ids: Collection[int]) -> Iterator[tuple[Sequence[Paper], set[int]]]:
        """Write papers in parts; yields each part with the primary keys that were refused of it."""
        with ahead(encoder_of(self.learned.transform.model)) as encoder:
            for part in parts(papers_of(ids), encoder):
                refused: set[int] = set()
                try:
                    engine.index(prepare(part, self.learned, self.width, encoder))
                except RejectedError as error:
                    refused = set(error.reasons)
                    log.error("papers were refused by the index", papers=len(refused), reason=str(error))
                self.refused = self.refused - {paper.pk for paper in part} | refused
                if self.progress is not None:
                    self.progress(len(part))
                yield part, refused


def _check(engine: Engine, run: _Run) -> None:
    """Raises EngineError where the new index does not hold what was written into it, or does not find it."""
    found = engine.statistics(fresh=True).papers
    if found != run.papers:
        raise EngineError(f"the new index holds {found} papers and not {run.papers}: the old one stays")
    papers = _sample(run)
    for document in prepare(papers, run.learned, run.width) if papers else []:
        by_id = engine.lexical(LexicalQuery(Field("id", Word(document.arxiv_id))), 2).ids.tolist()
        near = engine.nearest(document.vector, 10)
        if by_id != [document.id] or not (document.id in near.ids or (near.scores > ALIKE).any()):
            raise EngineError(f"the new index does not find {document.arxiv_id}: the old one stays")


def _sample(run: _Run) -> list[Paper]:
    """Some papers, drawn at random from those that the new index holds with their present text."""
    papers = papers_of(random.sample(run.filled, min(SAMPLE, len(run.filled))))
    now = marks.stamps(paper.pk for paper in papers)  # after the papers: what changed before they were read is marked
    return [
        paper for paper in papers if paper.pk not in run.refused and now.get(paper.pk) in (None, run.seen.get(paper.pk))
    ]

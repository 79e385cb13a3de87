"""What is marked in the database comes into the index: encoded, whitened, given its keyphrases, written, confirmed.

Every step can be killed: vectors are stored as soon as they are made, a mark goes only after the engine has written
its paper, and a rebuild serves only when it is whole.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import structlog
from django.conf import settings
from django.db.models import QuerySet
from filelock import FileLock, Timeout

from papers.batches import batched
from papers.models import IndexMark, Paper
from search.documents import encode_missing, make_documents, missing_vectors, save_keywords
from search.encoder import get_encoder
from search.engines import get_engine
from search.engines.base import Engine, EngineError
from search.fits import FitError, Learned, load, newest_key
from search.whitening import width_for

log = structlog.get_logger()
# Papers written at once. A batch with texts to encode is cut shorter, so that the first papers are found soon and a
# kill costs seconds of encoding.
BATCH = 2000
ENCODED_BATCH = 256
GROWTH = 1.15
Progress = Callable[[int], object]


class IndexBusyError(Exception):
    """Another process is indexing."""


def index_pending(progress: Progress | None = None, *, wait: bool = False, batch: int = BATCH) -> int:
    """Index every marked paper; returns how many. `progress` is called with the size of each finished batch.

    Does nothing and returns 0 while another process indexes, or waits for it with `wait`. An index that is missing or
    was made for another model or version is rebuilt first; one whose vectors have become too short for its papers is
    rebuilt after.
    """
    try:
        with _indexing(wait):
            if not _usable(get_engine()):
                return _rebuild(progress, batch)
            indexed = sum(_index_marked(progress, batch))
            if _outgrown(get_engine()):
                _rebuild(None, batch)
            return indexed
    except IndexBusyError:
        return 0


def rebuild(progress: Progress | None = None, batch: int = BATCH) -> int:
    """Make a new index of all papers beside the serving one and switch at once; returns how many papers it holds."""
    with _indexing(wait=True):
        return _rebuild(progress, batch)


def pending_count() -> int:
    """How many papers wait for the index."""
    return IndexMark.objects.count()


@contextmanager
def _indexing(wait: bool) -> Iterator[None]:
    lock = FileLock(settings.DATA_DIR / "indexing.lock", timeout=-1 if wait else 0)
    try:
        lock.acquire()
    except Timeout:
        raise IndexBusyError from None
    except OSError as error:
        raise EngineError(f"nothing can be written in DATA_DIR: {error}") from error
    try:
        yield
    finally:
        lock.release()


def _usable(engine: Engine) -> bool:
    try:
        key = engine.statistics().transform
        return bool(key) and load(key).transform.model == get_encoder().name
    except (EngineError, FitError) as error:
        log.warning("the index is made anew", reason=str(error))
        return False


def _outgrown(engine: Engine) -> bool:
    """Whether the rule wants vectors longer by more than GROWTH; a rebuild embeds nothing."""
    statistics = engine.statistics()
    dimension = load(statistics.transform).transform.dimension
    return width_for(statistics.papers, dimension) > statistics.width * GROWTH


def _index_marked(progress: Progress | None, batch: int) -> Iterator[int]:
    engine = get_engine()
    statistics = engine.statistics()
    learned = load(statistics.transform)
    after = 0
    while marks := _marks(IndexMark.objects.filter(paper__gt=after).order_by("paper")[:batch]):
        papers = _cut(_papers(marks))
        after = papers[-1].pk if papers else max(marks)  # papers may have been deleted since their marks were read
        if papers:
            _write(engine, papers, learned, statistics.width)
            _clear({paper.pk: marks[paper.pk] for paper in papers})
            yield _told(progress, len(papers))


def _rebuild(progress: Progress | None, batch: int) -> int:
    learned = load(newest_key(get_encoder().name))
    width = width_for(Paper.objects.count(), learned.transform.dimension)
    written = after = 0
    seen: dict[int, int] = {}
    with get_engine().rebuild(learned.key, width) as engine:
        while ids := list(Paper.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:batch]):
            # Marks before papers: a paper that changes in between keeps its newer mark.
            seen |= _marks(IndexMark.objects.filter(paper__in=ids))
            for part in _parts(_papers(ids)):
                _write(engine, part, learned, width)
                written += _told(progress, len(part))
            after = ids[-1]
    _clear(seen)
    log.info("index rebuilt", papers=written, fit=learned.key, width=width)
    return written


def _marks(rows: QuerySet[IndexMark]) -> dict[int, int]:
    return dict(rows.values_list("paper", "stamp"))


def _papers(ids: Iterable[int]) -> list[Paper]:
    return list(Paper.objects.filter(pk__in=list(ids)).order_by("pk"))


def _parts(papers: Sequence[Paper]) -> Iterator[Sequence[Paper]]:
    while papers:
        part = _cut(papers)
        yield part
        papers = papers[len(part) :]


def _cut(papers: Sequence[Paper]) -> Sequence[Paper]:
    """As many of the first papers as hold ENCODED_BATCH texts to encode."""
    missing = {paper.pk for paper in missing_vectors(papers, get_encoder().name)}
    count = 0
    for place, paper in enumerate(papers):
        count += paper.pk in missing
        if count == ENCODED_BATCH:
            return papers[: place + 1]
    return papers


def _write(engine: Engine, papers: Sequence[Paper], learned: Learned, width: int) -> None:
    encode_missing(papers, get_encoder())
    documents = make_documents(papers, learned, width)
    save_keywords(papers, documents)
    engine.index(documents)


def _clear(marks: dict[int, int]) -> None:
    """Remove marks that have not been renewed since they were read."""
    by_stamp = defaultdict(list)
    for paper, stamp in marks.items():
        by_stamp[stamp].append(paper)
    for stamp, papers in by_stamp.items():
        for part in batched(papers, BATCH):
            IndexMark.objects.filter(stamp=stamp, paper__in=part).delete()


def _told(progress: Progress | None, count: int) -> int:
    if progress is not None:
        progress(count)
    return count

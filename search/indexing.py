"""What is marked in the database comes into the index: encoded, whitened, given its keyphrases, written, confirmed.

Every step can be killed: vectors are stored as soon as they are made, and a mark goes only after the engine has
written its paper. Workers of several machines share the marks among them (`search.marks`).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog
from django.db import DatabaseError

from papers.models import Paper
from search import locks
from search.ahead import Ahead, ahead
from search.encoder import EncoderError
from search.encoders import encoder_of, serving_model
from search.engines import get_engine
from search.engines.base import Document, Engine, EngineError, RejectedError, StaleIndexError, Statistics
from search.fits import load
from search.marks import Claimant, claimant, locked, pending, runs_of
from search.rebuilding import outgrown, rebuild, usable
from search.writing import BATCH, Progress, papers_of, parts, prepare, removed_of

log = structlog.get_logger()


def index_pending(progress: Progress | None = None, *, wait: bool = False, batch: int = BATCH) -> int:
    """Index every marked paper; returns how many. `progress` is called with the size of each finished batch.

    Does nothing and returns 0 while another process of this machine indexes, or waits for it with `wait`. An index
    that is missing or was made for another model or version is rebuilt first; one whose vectors have become too short
    for its papers is rebuilt after.
    """
    try:
        with locks.indexing(wait=wait):
            if not usable(get_engine()):
                return rebuild(progress, batch, wait=wait, only_if=lambda: not usable(get_engine()))
            indexed = sum(_index_marked(progress, batch))
        # No longer locked: while the new index is being made, others go on with the old one.
        if outgrown(get_engine()):
            with suppress(locks.BusyError):
                rebuild(None, batch, wait=False, only_if=lambda: outgrown(get_engine()))
        return indexed
    except locks.BusyError:
        return 0


def pending_count() -> int:
    """How many papers wait for the index."""
    return pending().count()


def _index_marked(progress: Progress | None, batch: int) -> Iterator[int]:
    """Claim, write and clear until nothing is left to claim; yields how many papers each write brought in."""
    engine = get_engine()
    with claimant() as me:
        after = 0
        while marks := me.claim(batch, after):
            after = max(marks)  # each paper once a run: one that changes all the time must not hold up the end
            runs = runs_of(marks)
            try:
                _take_out(engine, me, marks)
                with ahead(encoder_of(serving_model())) as encoder:
                    claimed = _Claimed(engine, me, marks, encoder, progress)
                    for part in parts(papers_of(marks), encoder):
                        written = _index_part(claimed, part)
                        log.info("indexed", papers=written, runs=runs)
                        yield written
            finally:
                me.release(marks)


def _take_out(engine: Engine, me: Claimant, marks: Mapping[int, int]) -> None:
    """Those of the papers that arXiv has deleted leave the index."""
    gone = removed_of(marks)
    if gone:
        with locks.writing():
            ours = me.still(gone)
            engine.delete(ours)
            me.clear({number: marks[number] for number in ours})


@dataclass(frozen=True)
class _Claimed:
    """The marks that `me` holds, by paper, and what their papers are written with."""

    engine: Engine
    me: Claimant
    marks: Mapping[int, int]
    encoder: Ahead
    progress: Progress | None


def _index_part(claimed: _Claimed, papers: Sequence[Paper]) -> int:
    """Write papers; where our own code stumbles over one, that one is parked and the others are written."""
    try:
        return _write_part(claimed, papers)
    except (EngineError, EncoderError, DatabaseError, OSError):  # nobody's text is to blame
        raise
    except Exception as error:
        if len(papers) > 1:
            half = len(papers) // 2
            return sum(_index_part(claimed, some) for some in (papers[:half], papers[half:]))
        [paper] = papers
        log.exception("a paper was parked", paper=paper.arxiv_id)
        claimed.me.rest({paper.pk: f"{type(error).__name__}: {error}"})
        return 0


def _write_part(claimed: _Claimed, papers: Sequence[Paper]) -> int:
    for _ in range(3):
        statistics = claimed.engine.statistics(fresh=True)
        if not statistics.transform:
            break
        documents = prepare(papers, load(statistics.transform), statistics.width, claimed.encoder)
        with suppress(StaleIndexError):  # a new index serves: whiten for that one
            written = _write(claimed, documents, statistics)
            if claimed.progress is not None:
                claimed.progress(len(papers))
            return written
    raise EngineError("the index went away while papers were written into it")


def _write(claimed: _Claimed, documents: Sequence[Document], made_for: Statistics) -> int:
    """Write the documents that are still ours and clear their marks; how many were written."""
    engine, me = claimed.engine, claimed.me
    with locks.writing():
        now = engine.statistics(fresh=True)
        if (now.transform, now.width) != (made_for.transform, made_for.width):
            raise StaleIndexError("the index was switched before the papers could be written")
        ours = me.still(document.id for document in documents)
        refused: dict[int, str] = {}
        try:
            engine.index([document for document in documents if document.id in ours])
        except RejectedError as error:
            refused = error.reasons
            log.error("papers were refused by the index", papers=len(refused), first=next(iter(refused.items())))
        with locked(ours):  # all of them first, in one order: see there
            me.rest(refused)
            me.clear({number: claimed.marks[number] for number in ours - refused.keys()})
    return len(ours) - len(refused)

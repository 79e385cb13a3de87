"""Reranking: a cross-encoder reads the query together with each of the best papers, and has a say in their order.

    score of the best READ = (1 − s) · z(score so far) + s · z(cross-encoder)        s = RERANKER_SHARE

z: standardised over these READ papers alone, the cross-encoder's output before any squashing. Both count, since each
knows what the other does not: the order so far, which title is just what was typed; the cross-encoder, how the words of
query and paper bear on each other. That s = ½ is the value that prefers neither, and no measured one: measure with
`manage.py evaluate`. PyTorch is imported at the first use only.
"""

import threading
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import structlog
from django.conf import settings
from django.core.cache import cache
from django.utils.translation import gettext_lazy

from papers.models import Paper
from search.encoder import BATCH, EncoderError, get_encoder, text_hash, text_of
from search.engines.base import Hits, Ids, Scores
from search.ranking import standardised

log = structlog.get_logger()
READ = 50
CACHED_SECONDS = 600
NOT_RERANKED = gettext_lazy("Reranking is away: in the usual order.")
STARTING = gettext_lazy("Reranking is starting, some seconds more: in the usual order.")
# Scored once at the start. The last is longer than most cross-encoders read: they must cut it.
TRIAL = ("neural networks", "quantum mechanics", "word " * 600)
SAME = 1e-6
# The texts of papers by id, in the order of the ids.
Texts = Callable[[Ids], list[str]]


class RerankerError(EncoderError):
    """The cross-encoder cannot be loaded or does not score; the text says why."""


class Reranker:
    """A cross-encoder of sentence-transformers, by name or folder, which gives one score for a pair of texts.

    `scores` may be called from any thread; `loading` says that one of them is loading the model. A model that could
    not be loaded is not tried again: for a name that can mean most of a minute each time.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.loading = False
        self._lock = threading.Lock()
        self._model: Any = None
        self._failure = ""

    def load(self) -> None:
        """Load the model now, so that later calls need not. Raises RerankerError."""
        with self._lock:
            self._loaded()

    def scores(self, query: str, texts: Sequence[str]) -> Scores:
        """How well each text answers the query, (n,) float32, unbounded; the model cuts pairs at its own length.

        Raises RerankerError.
        """
        with self._lock:
            model = self._loaded()
            try:
                return _scores(model, query, texts)
            except Exception as error:  # out of memory, say
                log.warning("the reranker failed", model=self.source, reason=_reason(error))
                raise RerankerError(f"The reranker {self.source} failed: {_reason(error)}") from error

    def _loaded(self) -> Any:
        if self._failure:
            raise RerankerError(self._failure)
        if self._model is None:
            self.loading = True
            try:
                self._model = _load(self.source)
            except Exception as error:  # what a damaged folder makes the libraries raise has no common type
                self._failure = f"The reranker {self.source} cannot be loaded: {_reason(error)}"
                log.warning("no reranker until the next start", reason=self._failure)
                raise RerankerError(self._failure) from error
            finally:
                self.loading = False
        return self._model


def get_reranker() -> Reranker | None:
    """The site's reranker, RERANKER_MODEL; None where the setting is empty."""
    return _named(settings.RERANKER_MODEL) if settings.RERANKER_MODEL else None


def load_reranker() -> None:
    """Load the site's reranker, where it has one. Raises RerankerError."""
    reranker = get_reranker()
    if reranker is not None:
        reranker.load()


def required_reranker() -> Reranker:
    """The site's reranker, loaded. Raises RerankerError where it has none or it cannot be loaded."""
    reranker = get_reranker()
    if reranker is None:
        raise RerankerError("No RERANKER_MODEL is set.")
    reranker.load()
    return reranker


def rerank(hits: Hits, query: str, generation: str) -> tuple[Hits, str]:
    """The site's hits in the order of its reranker, or as they are with a note that says why. Never raises for the
    model's sake. generation: of the index, whose papers are asked for their texts."""
    reranker = get_reranker()
    if reranker is None:
        return hits, ""
    best, share = hits.ids[:READ], settings.RERANKER_SHARE
    asked = (reranker.source, share, generation, query, best.tobytes(), hits.scores[:READ].tobytes())
    key = f"reranked:{text_hash(repr(asked))}"
    kept = cache.get(key)
    if kept is not None:
        return Hits(np.concatenate([np.frombuffer(kept, np.int64), hits.ids[READ:]]), hits.scores), ""
    if reranker.loading or get_encoder().loading:  # the encoder comes first
        return hits, str(STARTING)
    try:
        found = reranked(hits, query, stored_texts, reranker, share)
    except RerankerError:
        return hits, str(NOT_RERANKED)
    cache.set(key, found.ids[:READ].astype(np.int64).tobytes(), CACHED_SECONDS)
    return found, ""


def reranked(hits: Hits, query: str, texts: Texts, reranker: Reranker, share: float) -> Hits:
    """The best READ hits in the order of both scores, equal ones as they came; the others behind as they were.

    The scores stay where they are: what a paper's score says is its place. share: s, 0 to 1. Raises RerankerError.
    """
    best, rest = hits.ids[:READ], hits.ids[READ:]
    if not query or len(best) < 2:
        return hits
    interaction = standardised(reranker.scores(query, texts(best)))
    mixed = (1 - share) * standardised(hits.scores[:READ]) + share * interaction
    return Hits(np.concatenate([best[np.argsort(-mixed, kind="stable")], rest]), hits.scores)


def stored_texts(ids: Ids) -> list[str]:
    """Title and abstract of the papers in the database, TeX accents resolved; empty for one that is gone."""
    papers = Paper.objects.only("title", "abstract").in_bulk(ids.tolist())
    found = (papers.get(number) for number in ids.tolist())
    return [text_of(paper.plain_title, paper.plain_abstract) if paper else "" for paper in found]


def _load(source: str) -> Any:
    """A cross-encoder that has scored a pair. Raises what the libraries do, ValueError for a model of another kind."""
    from sentence_transformers import CrossEncoder
    from transformers.utils import logging

    logging.disable_progress_bar()
    log.info("loading the reranker", model=source)
    model = CrossEncoder(source)
    kinds = model.config.architectures or ()
    # Any encoder loads, with a head of random numbers in the place of the one it lacks.
    if len(model) == 1 and not any(kind.endswith("ForSequenceClassification") for kind in kinds):
        raise ValueError(f"it has no head that scores pairs ({', '.join(kinds) or 'of unknown kind'})")
    if model.num_labels != 1:
        raise ValueError(f"it gives {model.num_labels} scores for a pair, where one is wanted")
    first, second, _ = _scores(model, "networks", TRIAL)
    if abs(first - second) < SAME:  # a folder without its vocabulary loads too, and every word is unknown
        raise ValueError("it gives different texts the same score: does its tokenizer lie beside it?")
    return model


def _scores(model: Any, query: str, texts: Sequence[str]) -> Scores:
    from torch.nn import Identity

    pairs = [(query, text) for text in texts]
    found = model.predict(pairs, batch_size=BATCH, activation_fn=Identity(), show_progress_bar=False)
    scores: Scores = np.asarray(found, dtype=np.float32)
    if scores.shape != (len(pairs),) or not np.isfinite(scores).all():
        raise ValueError("its scores are no finite numbers, one for each pair")
    return scores


def _reason(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__


@lru_cache(maxsize=1)
def _named(source: str) -> Reranker:
    return Reranker(source)

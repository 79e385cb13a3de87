"""How near papers are to what a reader says she prefers: words and short phrases.

A paper's preference is that for the nearest of the phrases: the share of the phrase's idf that the paper's title and
keyphrases hold, and max(0, cos) of the full vectors, weighed as a search weighs words and meaning.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import structlog
from django.core.cache import cache

from papers.models import Paper
from search import analysis, vectors
from search.encoder import EncoderError, get_encoder, readable, text_hash
from search.frequencies import prior
from search.ranking import MEANING_SHARE, WORDS_SHARE
from search.service import CACHED_SECONDS, encode_by

log = structlog.get_logger()
MOST_PHRASES: Final = 12


def preference(ids: Sequence[int], words: str) -> dict[int, float]:
    """The preference for each of the papers (primary keys), from 0 to 1; papers of 0 are left out.

    Phrases are parted by commas, semicolons or lines. While the encoder loads or is away, words alone count. What was
    found is kept for CACHED_SECONDS: a page that goes on asks for the same.
    """
    key = f"preference:{text_hash(repr((words, list(ids))))}"
    kept: dict[int, float] | None = cache.get(key)
    if kept is None:
        kept = _preference(ids, words)
        if not get_encoder().loading:
            cache.set(key, kept, CACHED_SECONDS)
    return kept


def _preference(ids: Sequence[int], words: str) -> dict[int, float]:
    phrases = [" ".join(part.split()) for part in re.split(r"[,;，；、\n]", words)]
    phrases = [phrase for phrase in dict.fromkeys(phrases) if phrase][:MOST_PHRASES]
    if not phrases or not ids:
        return {}
    rows = Paper.objects.filter(pk__in=list(ids)).values_list("pk", "title", "keywords")
    best = words_held(rows, phrases)
    for number, cosine in _by_meaning(ids, phrases).items():
        lexical = best.get(number, np.zeros(len(phrases)))
        best[number] = WORDS_SHARE * lexical + MEANING_SHARE * cosine
    return {number: float(scores.max()) for number, scores in best.items() if scores.max() > 0}


def words_held(papers: Iterable[tuple[int, str, Sequence[str]]], phrases: Sequence[str]) -> dict[int, np.ndarray]:
    """For each paper (key, title, keyphrases) the share of each phrase's idf that the latter two hold, (phrases,)."""
    table = prior()
    wanted = [{stem: table.idf(stem) for stem in analysis.stems(phrase)} for phrase in phrases]
    found = {}
    for number, title, keywords in papers:
        theirs = set(analysis.stems(" ".join([title, *keywords])))
        held = [sum(idf for stem, idf in stems.items() if stem in theirs) for stems in wanted]
        whole = [sum(stems.values()) or 1.0 for stems in wanted]
        found[number] = np.array(held) / np.array(whole)
    return found


def _by_meaning(ids: Sequence[int], phrases: Sequence[str]) -> dict[int, np.ndarray]:
    """For each paper that has a vector max(0, cos) with each phrase, (phrases,); empty while there is no encoder."""
    encoder = get_encoder()
    if encoder.loading or not any(map(readable, phrases)):
        return {}
    try:
        asked = np.stack([encode_by(encoder.name, phrase) for phrase in phrases])
    except EncoderError as error:
        log.warning("no encoder", reason=str(error))
        return {}
    known, theirs = vectors.fetch(encoder.name, np.array(ids, np.int64))
    if not len(known):
        return {}
    cosines = np.maximum(theirs @ asked.T, 0.0)
    return dict(zip(known.tolist(), cosines, strict=True))

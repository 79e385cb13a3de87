"""The categories that a text, or a paper, would be filed under, with how sure that is.

What is asked is what related papers ask, both engines alike: the nearest by meaning and those that share its telling
words. A small classifier that ships says what arXiv as a whole would say, and counts for more where a site has few
papers. Page, JSON API and hints all ask here.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import structlog
from django.core.cache import cache
from django.utils import timezone

from papers.categories import CATEGORIES
from papers.models import Paper
from search.classifying import votes
from search.classifying.head import prior
from search.classifying.votes import Shares, Voter
from search.encoder import EncoderError, readable, text_hash, text_of
from search.encoders import encoder_of
from search.engines.base import Hits, LexicalQuery, Unit
from search.keywords import query_terms
from search.ranking import full_vectors, ordered
from search.service import CACHED_SECONDS, Context, in_one_index
from search.vectors import Vectors

log = structlog.get_logger()
TERMS: Final = 40
RESCORED: Final = 200  # found by the short vectors, ordered by the full ones
LONGEST: Final = 20_000  # characters that are read of a text
LONGEST_TITLE: Final = 300  # a first line up to here is a title
SHOWN: Final = 5
LEAST_SHOWN: Final = 0.02
EVIDENCE: Final = 8
LAST_DIVIDED: Final = date(2009, 1, 1)  # astro-ph: since then no historic category has taken a paper


@dataclass(frozen=True, slots=True)
class Guess:
    """A category, and how probable it is that a paper like this has it as its primary one."""

    category: str
    confidence: float

    @property
    def percent(self) -> int:
        """The confidence in hundredths, rounded."""
        return round(100 * self.confidence)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What was found: guesses, the most probable first, none where nothing is known; `entropy` of the best three in
    0 to 1, `unsure` where it says that none of them is clearly ahead; `nearest`: the papers (primary keys) that are
    nearest of all, nearest first; `by_meaning`: not by words alone."""

    guesses: tuple[Guess, ...]
    entropy: float
    unsure: bool
    nearest: tuple[int, ...]
    by_meaning: bool


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The papers that may vote: by cosine of the whitened full vectors, and by BM25."""

    meaning: Hits
    words: Hits


def classify(text: str, title: str = "") -> Suggestion | None:
    """Of a text of today; without a title its first line is one where more follows. None while there is no index.

    Raises EngineError where the index cannot be used.
    """
    title, abstract = parted(title, text)
    return in_one_index(lambda context: _of_text(context, title, abstract))


def of_paper(paper: Paper) -> Suggestion | None:
    """Of a paper that is here, by what the others are filed under: its own categories do not count.

    None while there is no index. Raises EngineError where the index cannot be used.
    """

    def ask(context: Context) -> Suggestion:
        known, full = context.fetch(np.array([paper.pk]))
        vector = full[0] if len(known) else None
        return suggest(
            context, paper.plain_title, paper.plain_abstract, vector, paper.published.date(), without={paper.pk}
        )

    return in_one_index(ask)


def parted(title: str, text: str) -> tuple[str, str]:
    """Title and abstract of what was sent, each with its white space joined, LONGEST characters at most."""
    text = text[:LONGEST].strip()
    first, _, rest = text.partition("\n")
    if not title.strip() and rest.strip() and len(first) <= LONGEST_TITLE:
        title, text = first, rest
    return " ".join(title[:LONGEST_TITLE].split()), " ".join(text.split())


def suggest(
    context: Context,
    title: str,
    abstract: str,
    vector: Vectors | None,
    when: date,
    without: Collection[int] = (),
) -> Suggestion:
    """From one index. vector: full, (d,), None where there is none. when: the day of the text. without: papers that
    have no vote."""
    found = neighbours(context, title, abstract, vector, without)
    voters = voters_of({*found.meaning.ids.tolist(), *found.words.ids.tolist()}, when)
    voted = votes.by_both(found.meaning, found.words, voters, when)
    learned = learned_shares(context.transform.model, vector, when)
    guesses = votes.best_first(votes.blended(voted, learned, context.engine.statistics().papers))
    near = found.meaning if len(found.meaning.ids) else found.words
    entropy = votes.entropy([share for _, share in guesses])
    return Suggestion(
        tuple(Guess(*guess) for guess in guesses[:SHOWN] if guess[1] >= LEAST_SHOWN),
        entropy,
        entropy > votes.UNSURE,
        tuple(number for number in near.ids.tolist() if number in voters)[:EVIDENCE],
        vector is not None,
    )


def learned_shares(model: str, vector: Vectors | None, when: date) -> Shares:
    """What the classifier that ships says of a vector by this model; empty without a vector, and for other models."""
    head = prior(model)
    if head is None or vector is None:
        return {}
    shares = head.shares(vector, when)
    return {code: shares[code] for code in open_ones(list(shares), when)}


def neighbours(
    context: Context, title: str, abstract: str, vector: Vectors | None, without: Collection[int] = ()
) -> Neighbours:
    """The papers around a text. vector: full, (d,), None for words alone."""
    terms = query_terms(title, abstract, context.table, TERMS)
    units = tuple(Unit(((stem,),), weight) for stem, weight in terms)
    words = context.engine.lexical(LexicalQuery(None, units, 1), votes.BY_WORDS + len(without)) if units else Hits()
    meaning = Hits()
    if vector is not None:
        short = context.transform.apply(vector[None, :], context.width)[0]
        ids = context.engine.nearest(short, RESCORED).ids
        full = full_vectors(ids, context.fetch, len(vector))
        width = context.transform.dimension
        meaning = ordered(
            ids, context.transform.apply(full, width) @ context.transform.apply(vector[None, :], width)[0]
        )
    return Neighbours(_first(meaning, votes.NEAREST, without), _first(words, votes.BY_WORDS, without))


def voters_of(ids: Collection[int], when: date) -> dict[int, Voter]:
    """What the papers of these primary keys are filed under, without categories that took no new papers on the day."""
    rows = Paper.objects.filter(pk__in=ids, removed=False).values_list("pk", "categories", "published")
    return {number: Voter(open_ones(categories, when), published.date()) for number, categories, published in rows}


def open_ones(categories: Sequence[str], when: date) -> list[str]:
    """Those of the categories that may take a paper of that day, in their order."""
    return [code for code in categories if when < LAST_DIVIDED or not CATEGORIES[code].historic]


def _first(hits: Hits, count: int, without: Collection[int]) -> Hits:
    kept = ~np.isin(hits.ids, list(without))
    return Hits(hits.ids[kept][:count], hits.scores[kept][:count])


def _of_text(context: Context, title: str, abstract: str) -> Suggestion:
    key = f"classify:{context.generation}:{text_hash(repr((title, abstract)))}"
    kept: Suggestion | None = cache.get(key)
    if kept is None:
        vector = _vector(context, text_of(title, abstract) if title else abstract)
        kept = suggest(context, title, abstract, vector, timezone.now().date())
        if not encoder_of(context.transform.model).loading:
            cache.set(key, kept, CACHED_SECONDS)
    return kept


def _vector(context: Context, text: str) -> Vectors | None:
    """The full vector of a text; None where the encoder does not read it, loads or is away."""
    if not text or not readable(text) or encoder_of(context.transform.model).loading:
        return None
    try:
        return context.encode(text)
    except EncoderError as error:
        log.warning("no encoder", reason=str(error))
        return None

"""What a paper is about: its keyphrases, to show and to count, and its weighted stems, to find related papers.

Both need nothing but the text and a table of frequencies (`search.frequencies`).
"""

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from math import exp, log, sqrt
from typing import NamedTuple

from search.analysis import stems
from search.frequencies import FrequencyTable
from search.keyphrase_acronyms import explained
from search.keyphrase_candidates import LONGEST_PHRASE, Cutter, Word, phrase_key, plain
from search.keyphrase_display import cased, last_word
from search.keyphrase_memory import Memory
from search.keyphrase_words import is_participle

# Frequencies are scaled to a collection of this size, so that the weights below hold for small and large tables.
_REFERENCE = 300_000
# Weights of the sum that orders phrases: a logistic model of which phrases an expert picks, fitted on the training
# part of Inspec over arXiv's frequencies. Those of repetition and title are raised by hand: Inspec's own are near
# zero, other judged sets want them, and raising them costs Inspec .003.
_REPEATED = 0.6  # per ln(occurrences)
_IN_TITLE = 0.7
_FIRST = 0.3  # per ln(1 + place of the first occurrence / length), subtracted
_STARTS = 1.7  # share of occurrences at the start of a run
_ENDS = 1.7  # share of occurrences at the end of a run
_WHOLE = 0.7  # per ln(1 + occurrences that are a whole run)
_RARE = 0.7  # per ln(sum of the words' idf)
_TITULAR = 0.45  # per mean ln(papers with the word in the title / papers with the word)
_SHARED = 0.2  # per ln(1 + titles with the phrase), phrases of several words
_SINGLE = -1.2  # one word
_HYPHEN = 0.5  # begins with a compound ("real-time systems")
_ACRONYM = 0.8  # one word in capitals, perhaps with the s of a plural
_PARTICIPLE = -2.0  # ends in a participle
_LONELY = -1.0  # holds a word of no other paper, in a table that is large enough to know
_LARGE_TABLE = 10_000
# Added to a word's papers before its share of titles is taken, against chance.
_TITLE_PAPERS = 20
# The weight of a phrase falls by e for every so much of the sum.
_WEIGHT_SPAN = 2.0
# How a place stands: it only begins its run, only closes it, or is the whole of it.
_BEGINS, _CLOSES, _WHOLE_RUN = 0, 1, 2


class Keyphrase(NamedTuple):
    """A phrase as shown and its weight in (0, 1], 1 for the best phrase of the paper."""

    text: str
    weight: float


@dataclass(slots=True)
class _Known(Word):
    """A word with what the table knows of it: its number of parts with the sums of their figures, its worth as a
    phrase by itself, and what it brings to a phrase that it opens or closes."""

    shown: str
    parts: int
    idf: float
    titular: float
    lonely: bool
    alone: float
    opening: float
    closing: float


_Place = tuple[int, list[_Known]]


class _Ranker:
    """The sum over one table, with what was looked up before kept."""

    def __init__(self, table: FrequencyTable) -> None:
        self.table = table
        self.scale = _REFERENCE / max(table.total, 1)
        self.large = table.papers >= _LARGE_TABLE
        # Looked up some fifty times a paper, hence not by the table's method.
        self.titles = table.phrases
        self.titles_behind = table.background.phrases if table.background else {}
        self.weight = table.weight
        self.cutter = Cutter(self._known)

    def _known(self, word: Word) -> _Known:
        idf = titular = 0.0
        parts = word.key.split(" ")
        for stem in parts:
            papers = self.table.stem_df(stem) * self.scale
            titles = self.table.phrase_df(stem) * self.scale
            idf += max(log((_REFERENCE + 1) / (papers + 1)), 0.0)
            titular += log((titles + 1) / (papers + _TITLE_PAPERS))
        lonely = self.large and not all(map(self.table.finds_others, parts))
        opening = _HYPHEN if "-" in word.text else 0.0
        closing = _PARTICIPLE if is_participle(word.text.lower()) else 0.0
        alone = _worth(idf, titular / len(parts), lonely) + opening + closing + _SINGLE
        if word.text.rstrip("s").isupper():
            alone += _ACRONYM
        return _Known(
            word.text, word.key, self._cased(word.text), len(parts), idf, titular, lonely, alone, opening, closing
        )

    def _cased(self, word: str) -> str:
        return cased(word, self._keeps_capital)

    def _keeps_capital(self, word: str) -> bool:
        return self.table.is_name(word) or not all(map(self.table.is_known, stems(word)))

    def worth(self, key: str, words: list[_Known]) -> float:
        """What the words of a phrase of several say of it, wherever it stands."""
        first, last = words[0], words[-1]
        parts, idf, titular = first.parts + last.parts, first.idf + last.idf, first.titular + last.titular
        lonely = first.lonely or last.lonely
        for inner in words[1:-1]:
            parts += inner.parts
            idf += inner.idf
            titular += inner.titular
            lonely = lonely or inner.lonely
        worth = _worth(idf, titular / parts, lonely) + first.opening + last.closing
        titles = self.titles.get(key, 0) + self.weight * self.titles_behind.get(key, 0)
        return worth + _SHARED * log(1 + titles * self.scale) if titles else worth

    def written(self, places: list[_Place]) -> str:
        """The commonest way in which the text writes the phrase."""
        forms = [" ".join([word.shown for word in words]) for _, words in places]
        form = forms[0] if len(set(forms)) == 1 else Counter(forms).most_common(1)[0][0]
        head, space, last = form.rpartition(" ")
        return head + space + last_word(last)


def _worth(idf: float, titular: float, lonely: bool) -> float:
    worth = _RARE * log(idf + 0.1) + _TITULAR * titular
    return worth + _LONELY if lonely else worth


@lru_cache(maxsize=2)
def _ranker(table: FrequencyTable) -> _Ranker:
    return _Ranker(table)


@lru_cache(maxsize=256)
def _spans(size: int) -> list[tuple[int, int, int]]:
    """Start, end and standing of what may be a phrase in a run: what begins or ends it. Its middle alone never ranks
    high."""
    longest = min(LONGEST_PHRASE, size)
    return [(0, end, _WHOLE_RUN if end == size else _BEGINS) for end in range(1, longest + 1)] + [
        (start, size, _CLOSES) for start in range(max(size - longest, 1), size)
    ]


class _Reading:
    """The phrases of one text by key: their sums, the first place of each, and all places of those with several."""

    def __init__(self, ranker: _Ranker, length: int) -> None:
        self.ranker, self.length = ranker, length
        self.scores: dict[str, float] = {}
        self.first: dict[str, _Place] = {}
        self.places: dict[str, list[_Place]] = {}
        self.meanings: dict[str, str] = {}

    def add(self, text: str, offset: int, bonus: float) -> None:
        """Note the phrases of a text that begins `offset` words into the whole; new ones get the bonus."""
        worth, scores, first, places, length = self.ranker.worth, self.scores, self.first, self.places, self.length
        once = [value + bonus for value in _ONCE]
        for place, row in self.ranker.cutter.runs(text):
            place += offset
            for start, end, standing in _spans(len(row)):
                words = row[start:end]
                key = words[0].key if end - start == 1 else " ".join([word.key for word in words])
                if key not in first:
                    first[key] = (standing, words)
                    own = words[0].alone if end - start == 1 else worth(key, words)
                    scores[key] = own + once[standing] - _FIRST * log(1 + (place + start) / length)
                elif key in places:
                    places[key].append((standing, words))
                else:
                    places[key] = [first[key], (standing, words)]

    def explain(self, text: str) -> None:
        """Note which words the acronyms of a text stand for."""
        for acronym, words in explained(text):
            short, long = phrase_key(acronym), phrase_key(words)
            if short != long and short in self.first and long in self.first:
                self.meanings[short] = long

    def at(self, key: str) -> list[_Place]:
        """All places of a phrase."""
        return self.places.get(key) or [self.first[key]]

    def ordered(self) -> list[str]:
        """The keys of the phrases, best first; of equals the earlier. Words have the places of their acronym, which
        is left out."""
        scores = self.scores
        for key, places in self.places.items():
            scores[key] += _standing_of(places) - _ONCE[places[0][0]]
        for short, long in self.meanings.items():
            if short in scores and long in scores:
                own = self.at(long)
                scores[long] += _standing_of(own + self.at(short)) - _standing_of(own)
                del scores[short]
        return sorted(scores, key=scores.__getitem__, reverse=True)


def _standing(standings: tuple[int, ...]) -> float:
    """What the places of a phrase say of it: how many there are, and how they stand in their runs."""
    times, whole = len(standings), standings.count(_WHOLE_RUN)
    begins, closes = standings.count(_BEGINS) + whole, standings.count(_CLOSES) + whole
    return _REPEATED * log(times) + (_STARTS * begins + _ENDS * closes) / times + _WHOLE * log(1 + whole)


_STANDING = Memory(_standing, 10_000, lambda standings: len(standings) < 10)
# That of a phrase with one place.
_ONCE = [_standing((standing,)) for standing in (_BEGINS, _CLOSES, _WHOLE_RUN)]


def _standing_of(places: list[_Place]) -> float:
    return _STANDING[tuple([standing for standing, _ in places])]


def keyphrases(title: str, abstract: str, table: FrequencyTable, count: int = 10) -> list[Keyphrase]:
    """The `count` best phrases of one to three words, best first; fewer where the text has no more.

    Text is plain with formulas in dollars. A phrase that stands inside a better one and nowhere else is left out.
    """
    ranker = _ranker(table)
    if title.isupper():
        title = title.lower()
    words_in_title = title.count(" ") + 1
    reading = _Reading(ranker, words_in_title + abstract.count(" ") + 1)
    reading.add(title, 0, _IN_TITLE)
    reading.add(abstract, words_in_title, 0)
    reading.explain(title)
    reading.explain(abstract)
    order = reading.ordered()
    kept: list[tuple[str, int]] = []
    chosen: dict[str, Keyphrase] = {}
    best = reading.scores[order[0]] if order else 0.0
    for key in order:
        if len(chosen) == count:
            break
        places, padded = reading.at(key), f" {key} "
        times = len(places)
        for other, others in kept:
            if padded in other and times <= others:
                break
        else:
            kept.append((padded, times))
            text = ranker.written(places)
            chosen.setdefault(text.lower(), Keyphrase(text, exp((reading.scores[key] - best) / _WEIGHT_SPAN)))
    return list(chosen.values())


def query_terms(title: str, abstract: str, table: FrequencyTable, limit: int = 20) -> list[tuple[str, float]]:
    """The stems to look for papers like this one with: (stem, weight), the most telling first.

    Chosen by (times + 2·times in the title)·idf, weighted √(times + 2·times in the title) without idf, which BM25
    brings. A stem that no second paper of the table has is left out.
    """
    times: Counter[str] = Counter(stems(plain(f"{title}\n{abstract}")))
    for stem in stems(plain(title)):
        times[stem] += 2
    scored = [
        (count * table.idf(stem), stem)
        for stem, count in times.items()
        if len(stem) > 1 and not stem.isdigit() and table.finds_others(stem)
    ]
    scored.sort(key=lambda item: (-item[0], item[1]))
    return [(stem, sqrt(times[stem])) for _, stem in scored[:limit]]

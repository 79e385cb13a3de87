"""What a paper is about: its keyphrases, to show and to count, and its weighted stems, to find related papers.

Both need nothing but the text and a table of frequencies (`search.frequencies`).
"""

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from math import exp, log, sqrt
from typing import NamedTuple

from search.analysis import stems
from search.frequencies import FrequencyTable
from search.keyphrase_candidates import LONGEST_PHRASE, Run, Word, plain, runs, without_possessive
from search.keyphrase_display import cased, singular

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
_PARTICIPLE = -2.0  # ends in -ed
_LONELY = -1.0  # holds a word of no other paper, in a table that is large enough to know
_LARGE_TABLE = 10_000
# Added to a word's papers before its share of titles is taken, against chance.
_TITLE_PAPERS = 20
# The weight of a phrase falls by e for every so much of the sum.
_WEIGHT_SPAN = 2.0


class Keyphrase(NamedTuple):
    """A phrase as shown and its weight in (0, 1], 1 for the best phrase of the paper."""

    text: str
    weight: float


class _Facts(NamedTuple):
    """What the table knows of a word; the figures of a compound's parts are summed."""

    parts: int
    idf: float
    titular: float
    lonely: bool


class _Phrase:
    """A candidate: its own worth (what does not depend on where it stands) and its places, each in one run."""

    __slots__ = ("ends", "first", "in_title", "places", "starts", "whole", "worth")

    def __init__(self, worth: float, first: int, in_title: bool) -> None:
        self.worth, self.first, self.in_title = worth, first, in_title
        # Places that are a whole run, else only begin it, else only end it.
        self.whole = self.starts = self.ends = 0
        self.places: list[list[Word]] = []

    def score(self, length: int) -> float:
        """The sum in a text of `length` words."""
        times, whole = len(self.places), self.whole
        return (
            self.worth
            + (_REPEATED * log(times) if times > 1 else 0.0)
            + (_IN_TITLE if self.in_title else 0.0)
            - _FIRST * log(1 + self.first / length)
            + (_STARTS * (self.starts + whole) + _ENDS * (self.ends + whole)) / times
            + (_WHOLE * log(1 + whole) if whole else 0.0)
        )


class _Ranker:
    """The sum over one table, with what was looked up before kept."""

    def __init__(self, table: FrequencyTable) -> None:
        self.table = table
        self.scale = _REFERENCE / max(table.total, 1)
        # Looked up some thirty times a paper, hence not by the table's method.
        self.titles = table.phrases
        self.titles_behind = table.background.phrases if table.background else {}
        self.facts = lru_cache(maxsize=200_000)(self._facts)
        self.alone = lru_cache(maxsize=100_000)(lambda word: self.worth(word.key, [word]))
        self.cased = lru_cache(maxsize=50_000)(self._cased)

    def _facts(self, key: str) -> _Facts:
        idf = titular = 0.0
        parts = key.split(" ")
        for stem in parts:
            papers = self.table.stem_df(stem) * self.scale
            titles = self.table.phrase_df(stem) * self.scale
            idf += max(log((_REFERENCE + 1) / (papers + 1)), 0.0)
            titular += log((titles + 1) / (papers + _TITLE_PAPERS))
        large = self.table.papers >= _LARGE_TABLE
        lonely = large and not all(map(self.table.finds_others, parts))
        return _Facts(len(parts), idf, titular, lonely)

    def _cased(self, word: str) -> str:
        return cased(word, self._keeps_capital)

    def _keeps_capital(self, word: str) -> bool:
        return self.table.is_name(word) or not all(map(self.table.is_known, stems(word)))

    def worth(self, key: str, words: list[Word]) -> float:
        """What the words of a phrase say of it, wherever it stands."""
        parts, idf, titular, lonely = self.facts(words[0].key)
        for word in words[1:]:
            more, more_idf, more_titular, more_lonely = self.facts(word.key)
            parts += more
            idf += more_idf
            titular += more_titular
            lonely = lonely or more_lonely
        total = _RARE * log(idf + 0.1) + _TITULAR * titular / parts
        first, last = words[0].text, words[-1].text
        if len(words) > 1:
            titles = self.titles.get(key, 0) + self.table.weight * self.titles_behind.get(key, 0)
            total += _SHARED * log(1 + titles * self.scale) if titles else 0.0
        else:
            total += _SINGLE + (_ACRONYM if first.rstrip("s").isupper() else 0.0)
        if lonely:
            total += _LONELY
        if last.endswith("ed"):
            total += _PARTICIPLE
        return total + _HYPHEN if "-" in first else total

    def written(self, phrase: _Phrase) -> str:
        """The commonest way in which the text writes the phrase."""
        forms = [" ".join([self.cased(word.text) for word in place]) for place in phrase.places]
        form = forms[0] if len(forms) == 1 else Counter(forms).most_common(1)[0][0]
        head, space, last = without_possessive(form).rpartition(" ")
        # A name in -s ("Stokes") has no singular, an acronym ("LLMs") does.
        return head + space + (last if last.istitle() else singular(last))


@lru_cache(maxsize=2)
def _ranker(table: FrequencyTable) -> _Ranker:
    return _Ranker(table)


@lru_cache(maxsize=256)
def _spans(size: int) -> list[tuple[int, int]]:
    """Start and end of what may be a phrase in a run: what begins or ends it. Its middle alone never ranks high."""
    longest = min(LONGEST_PHRASE, size)
    return [(0, end) for end in range(1, longest + 1)] + [
        (start, size) for start in range(max(size - longest, 1), size)
    ]


def _collect(found: dict[str, _Phrase], runs: Iterable[Run], ranker: _Ranker, in_title: bool, offset: int) -> None:
    """Add the phrases of the runs to those that were found before."""
    for place, row in runs:
        size = len(row)
        keys = [word.key for word in row]
        for start, end in _spans(size):
            key = keys[start] if end - start == 1 else " ".join(keys[start:end])
            words = row[start:end]
            phrase = found.get(key)
            if phrase is None:
                worth = ranker.alone(row[start]) if end - start == 1 else ranker.worth(key, words)
                phrase = found[key] = _Phrase(worth, offset + place + start, in_title)
            phrase.places.append(words)
            if end < size:
                phrase.starts += 1
            elif start:
                phrase.ends += 1
            else:
                phrase.whole += 1


def keyphrases(title: str, abstract: str, table: FrequencyTable, count: int = 10) -> list[Keyphrase]:
    """The `count` best phrases of one to three words, best first; fewer where the text has no more.

    Text is plain with formulas in dollars. A phrase that stands inside a better one and nowhere else is left out.
    """
    ranker = _ranker(table)
    if title.isupper():
        title = title.lower()
    found: dict[str, _Phrase] = {}
    words_in_title = title.count(" ") + 1
    _collect(found, runs(title), ranker, True, 0)
    _collect(found, runs(abstract), ranker, False, words_in_title)
    length = words_in_title + abstract.count(" ") + 1
    order = sorted([(-phrase.score(length), key) for key, phrase in found.items()])
    kept: list[tuple[str, int]] = []
    chosen: list[Keyphrase] = []
    shown: set[str] = set()
    for negated, key in order:
        if len(chosen) == count:
            break
        phrase, padded = found[key], f" {key} "
        times = len(phrase.places)
        if any(padded in other and times <= others for other, others in kept):
            continue
        kept.append((padded, times))
        text = ranker.written(phrase)
        if text.lower() in shown:
            continue
        shown.add(text.lower())
        chosen.append(Keyphrase(text, exp((order[0][0] - negated) / _WEIGHT_SPAN)))
    return chosen


def query_terms(title: str, abstract: str, table: FrequencyTable, limit: int = 40) -> list[tuple[str, float]]:
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

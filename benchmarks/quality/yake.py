"""YAKE, written out from the published description: R. Campos, V. Mangaravite, A. Pasquali, A. Jorge, C. Nunes,
A. Jatowt, "YAKE! Keyword extraction from single documents using multiple local features", Information Sciences 509,
2020. The authors' package is under the GPL and has no part in this.

Its settings are those of the paper: phrases of up to three words, neighbours within one word, near-doubles dropped.
"""

import re
from collections import Counter, defaultdict
from difflib import SequenceMatcher
from itertools import pairwise
from math import log
from statistics import fmean, median, pstdev

from search.analysis import STOP_WORDS

LONGEST = 3
# Of two phrases this much alike the worse one is dropped.
ALIKE = 0.9
_STOP = frozenset(STOP_WORDS)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
_CHUNK_END = re.compile(r"[^\w\s'’-]|(?<=\s)-(?=\s)")
_WORD = re.compile(r"[^\W_](?:[\w'’-]*[^\W_])?")

# Sentences, each cut at its marks into chunks, each a row of words as written.
Sentences = list[list[list[str]]]


def yake(text: str, count: int) -> list[str]:
    """The `count` best phrases of a text, best first, in lower case."""
    sentences: Sentences = [
        [_WORD.findall(chunk) for chunk in _CHUNK_END.split(sentence)] for sentence in _SENTENCE_END.split(text)
    ]
    if not any(map(any, sentences)):
        return []
    words = _word_scores(sentences)
    follows = Counter(
        (left.lower(), right.lower()) for sentence in sentences for chunk in sentence for left, right in pairwise(chunk)
    )
    times = Counter(phrase for sentence in sentences for chunk in sentence for phrase in _phrases(chunk))
    # Small is good.
    scored = {phrase: _phrase_score(phrase, often, words, follows) for phrase, often in times.items()}
    chosen: list[str] = []
    for phrase in sorted(scored, key=scored.__getitem__):
        text_of = " ".join(phrase)
        if not any(SequenceMatcher(None, text_of, other).ratio() > ALIKE for other in chosen):
            chosen.append(text_of)
        if len(chosen) == count:
            break
    return chosen


class _Word:
    """What is counted of a word."""

    def __init__(self) -> None:
        self.times = self.capitals = self.acronyms = 0
        self.sentences: list[int] = []
        self.left: Counter[str] = Counter()
        self.right: Counter[str] = Counter()


def _word_scores(sentences: Sentences) -> dict[str, tuple[float, int]]:
    """The score of each word, small is good, and how often it occurs."""
    seen: defaultdict[str, _Word] = defaultdict(_Word)
    for number, sentence in enumerate(sentences):
        begins = True
        for chunk in sentence:
            for place, written in enumerate(chunk):
                word = seen[written.lower()]
                word.times += 1
                word.sentences.append(number)
                if len(written) > 1 and written.isupper():
                    word.acronyms += 1
                elif written[0].isupper() and not begins:
                    word.capitals += 1
                begins = False
                if place:
                    word.left[chunk[place - 1].lower()] += 1
                if place + 1 < len(chunk):
                    word.right[chunk[place + 1].lower()] += 1
    counts = [word.times for key, word in seen.items() if key not in _STOP] or [0]
    usual, most = fmean(counts) + pstdev(counts), max(word.times for word in seen.values())
    scores = {}
    for key, word in seen.items():
        casing = max(word.capitals, word.acronyms) / (1 + log(word.times))
        position = log(log(3 + median(set(word.sentences))))
        frequency = word.times / (usual or 1)
        diversity = sum(len(side) / side.total() for side in (word.left, word.right) if side)
        related = 1 + diversity * word.times / most
        spread = len(set(word.sentences)) / len(sentences)
        scores[key] = (related * position / (casing + frequency / related + spread / related), word.times)
    return scores


def _phrases(chunk: list[str]) -> list[tuple[str, ...]]:
    """The candidates of a chunk: no stop word at an end, no number, no very short word in them."""
    row = [word.lower() for word in chunk]
    found = []
    for start in range(len(row)):
        for end in range(start + 1, min(start + LONGEST, len(row)) + 1):
            phrase = row[start:end]
            ends = {phrase[0], phrase[-1]}
            if ends & _STOP or any(any(map(str.isdigit, word)) for word in phrase) or min(map(len, ends)) < 3:
                continue
            found.append(tuple(phrase))
    return found


def _phrase_score(
    phrase: tuple[str, ...],
    times: int,
    words: dict[str, tuple[float, int]],
    follows: Counter[tuple[str, str]],
) -> float:
    """∏ score / (times · (1 + Σ score)); a stop word inside counts by how surely its neighbours stand beside it."""
    product, total = 1.0, 0.0
    for place, word in enumerate(phrase):
        if word in _STOP:
            before, after = phrase[place - 1], phrase[place + 1]
            unsure = 1 - follows[before, word] / words[before][1] * follows[word, after] / words[after][1]
            product *= 1 + unsure
            total -= unsure
        else:
            product *= words[word][0]
            total += words[word][0]
    return product / (times * (1 + total)) if total > -1 else float("inf")

"""Keyphrases against those of experts, on Inspec, beside the ways that others have."""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import log

import numpy as np

from benchmarks import SHARED
from benchmarks.quality.bench import Bench
from benchmarks.quality.markdown import fat, head, row
from benchmarks.quality.yake import yake
from search import analysis, frequencies
from search.encoder import text_of
from search.frequencies import FrequencyTable
from search.keyphrase_candidates import phrase_key
from search.keyword_evaluation import JudgedPaper, read_papers, scores
from search.keywords import keyphrases
from search.vectors import Vectors

FILE = SHARED / "keyphrases" / "inspec.jsonl.gz"
SPLITS = ("valid", "test")
COUNT = 10
# All candidates of a paper are encoded for KeyBERT's way, so only so many papers of a part are taken.
FEW = 250
# Chosen on the valid part; so are the candidates, rows of words between stop words: those of KeyBERT's default,
# neighbours once stop words are gone, give F1@10 .10 at best.
DIVERSITY = 0.3
# With the vector: so many phrases by the statistics are ordered anew, by ln(weight) + SHARE·cosine. SHARE was chosen on
# the valid part.
DEEP = 25
SHARE = 0.5
TIMED = 12  # papers encoded for the time

Finder = Callable[[JudgedPaper], list[str]]
Encode = Callable[[Sequence[str]], Vectors]
_STOP = frozenset(analysis.STOP_WORDS)
_TOKEN = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*|[^\w\s]")


@dataclass
class Way:
    """A way to find keyphrases. encoded: the texts of a paper that it wants as vectors besides the paper."""

    name: str
    find: Finder
    encoded: Callable[[JudgedPaper], list[str]] | None = None
    papers: int | None = None


def section(bench: Bench) -> Iterator[str]:
    """The table."""
    papers = read_papers(FILE)
    table = frequencies.smoothed(frequencies.count((paper.title, paper.abstract) for paper in papers))
    vectors = _Vectors(bench.encode)
    found = [(way, [_measure(way, split, papers, vectors, bench) for split in SPLITS]) for way in _ways(table, vectors)]
    sizes = Counter(paper.split for paper in papers)
    yield (
        f"Inspec, {sizes['valid']} papers of its valid part and {sizes['test']} of its test part: the ten best phrases "
        "against all that an expert chose, equal by Porter stems, mean of F1 over papers. Document frequencies, where "
        f"a way wants them, are those of a site that holds the file: its {len(papers)} texts, smoothed by the "
        "frequencies that ship. Speed is by time of the processor on the test part, encoding included, after the valid "
        "part: on a site that runs most words have been seen before. The weights of Papertide's sum were fitted on the "
        "train part."
    )
    columns = [f"{split} F1@{depth}" for split in SPLITS for depth in (5, 10)]
    yield from head("way", [*columns, "papers a second"])
    best = [max(column) for column in zip(*(_flat(splits) for _, splits in found), strict=True)]
    for way, splits in found:
        cells = [fat(value, most) for value, most in zip(_flat(splits), best, strict=True)]
        rate = splits[-1]["rate"]
        yield row(way.name, [*cells, f"{rate:,.0f}" if rate > 10 else f"{rate:.2g}"])


def _flat(splits: Sequence[dict[str, float]]) -> list[float]:
    return [values[name] for values in splits for name in ("f1@5", "f1@10")]


def _ways(table: FrequencyTable, vectors: "_Vectors") -> list[Way]:
    keybert = partial(_keybert, vectors=vectors)
    joined = partial(_with_vector, table=table, vectors=vectors)
    return [
        Way("ten best words by TF-IDF (Cool Papers)", partial(_words, table=table)),
        Way("one to three words by TF-IDF", partial(_phrases_by_tfidf, table=table)),
        Way("YAKE, up to three words", lambda paper: yake(f"{paper.title}. {paper.abstract}", COUNT)),
        Way(f"KeyBERT's way, MMR at {DIVERSITY}, first {FEW} papers of each part", keybert, _rows, FEW),
        Way("product of tf, idf, place and title (baseline)", partial(_product, table=table)),
        Way("**Papertide**", partial(_phrases, table=table, count=COUNT)),
        Way("Papertide with the paper's vector", joined, partial(_phrases, table=table, count=DEEP)),
    ]


def _measure(
    way: Way, split: str, papers: Iterable[JudgedPaper], vectors: "_Vectors", bench: Bench
) -> dict[str, float]:
    """F1@5, F1@10 and papers a second."""
    some = [paper for paper in papers if paper.split == split][: way.papers]
    if way.encoded:
        vectors.prepare([text for paper in some for text in (_text(paper), *way.encoded(paper))])
    start = time.process_time()
    found = [way.find(paper) for paper in some]
    each = (time.process_time() - start) / len(some)
    if way.encoded:
        bench.encoder.load()
        start = time.process_time()
        for paper in some[:TIMED]:
            bench.encoder.encode(way.encoded(paper))
        each += (time.process_time() - start) / TIMED
    return scores(found, some) | {"rate": 1 / each}


class _Vectors:
    """Vectors of texts that were prepared together."""

    def __init__(self, encode: Encode) -> None:
        self.encode = encode
        self.rows: dict[str, int] = {}
        self.full: Vectors = np.empty((0, 0), dtype=np.float32)

    def prepare(self, texts: Iterable[str]) -> None:
        """Encode these, and forget others."""
        wanted = sorted(set(texts))
        self.rows = {text: place for place, text in enumerate(wanted)}
        self.full = self.encode(wanted)

    def of(self, texts: Sequence[str]) -> Vectors:
        """(n, d), L2-normalised."""
        return self.full[[self.rows[text] for text in texts]]


def _text(paper: JudgedPaper) -> str:
    return text_of(paper.title, paper.abstract)


def _phrases(paper: JudgedPaper, table: FrequencyTable, count: int) -> list[str]:
    return [phrase.text for phrase in keyphrases(paper.title, paper.abstract, table, count)]


def _with_vector(paper: JudgedPaper, table: FrequencyTable, vectors: _Vectors) -> list[str]:
    phrases = keyphrases(paper.title, paper.abstract, table, DEEP)
    if not phrases:
        return []
    cosines = vectors.of([phrase.text for phrase in phrases]) @ vectors.of([_text(paper)])[0]
    mixed = [log(phrase.weight) + SHARE * cosine for phrase, cosine in zip(phrases, cosines, strict=True)]
    return [phrases[place].text for place in np.argsort(-np.array(mixed), kind="stable")[:COUNT]]


def _words(paper: JudgedPaper, table: FrequencyTable) -> list[str]:
    """Single words by tf·idf, without stop words; a word in several forms is shown in the first."""
    forms: dict[str, str] = {}
    times: Counter[str] = Counter()
    for word in analysis.words(f"{paper.title}\n{paper.abstract}"):
        for stem in analysis.stems(word):
            if len(word) > 1 and not word.isdigit():
                forms.setdefault(stem, word)
                times[stem] += 1
    ranked = sorted(times, key=lambda stem: (-times[stem] * table.idf(stem), stem))
    return [forms[stem] for stem in ranked[:COUNT]]


def _rows(paper: JudgedPaper) -> list[str]:
    return list(_counted(paper).times)


def _keybert(paper: JudgedPaper, vectors: _Vectors) -> list[str]:
    """Maximal marginal relevance: the next phrase has the largest (1 - DIVERSITY)·cosine with the paper less
    DIVERSITY·cosine with the nearest phrase that was chosen before."""
    rows = _rows(paper)
    if not rows:
        return []
    full = vectors.of(rows)
    near = full @ vectors.of([_text(paper)])[0]
    chosen = [int(np.argmax(near))]
    alike = full @ full[chosen[0]]
    while len(chosen) < min(COUNT, len(rows)):
        worth = (1 - DIVERSITY) * near - DIVERSITY * alike
        worth[chosen] = -np.inf
        chosen.append(int(np.argmax(worth)))
        alike = np.maximum(alike, full @ full[chosen[-1]])
    return [rows[place] for place in chosen]


@dataclass
class _Counted:
    """Rows of one to three words between stop words and marks: how often each occurs, how often as a whole run, and the
    place of the first. length: of the text, in words and marks."""

    times: Counter[str]
    whole: Counter[str]
    first: dict[str, int]
    length: int


def _counted(paper: JudgedPaper) -> _Counted:
    tokens = _TOKEN.findall(f"{paper.title} . {paper.abstract}".lower())
    counted = _Counted(Counter(), Counter(), {}, len(tokens))
    start = 0
    for end, token in enumerate([*tokens, "."]):
        if token in _STOP or not token[0].isalpha():
            for begin in range(start, end):
                for stop in range(begin + 1, min(begin + 3, end) + 1):
                    phrase = " ".join(tokens[begin:stop])
                    counted.times[phrase] += 1
                    counted.whole[phrase] += stop - begin == end - start
                    counted.first.setdefault(phrase, begin)
            start = end + 1
    return counted


def _phrases_by_tfidf(paper: JudgedPaper, table: FrequencyTable) -> list[str]:
    times = _counted(paper).times
    return _best(times, lambda phrase: times[phrase] * sum(map(table.idf, analysis.stems(phrase))))


def _product(paper: JudgedPaper, table: FrequencyTable) -> list[str]:
    """tf · Σ idf · 1.5 in the title · 1/(1 + first/length) · (1 + 3·share of whole runs) · ½ for one word ·
    (1 + .3·ln(1 + titles with the phrase))."""
    title, counted = paper.title.lower(), _counted(paper)

    def worth(phrase: str) -> float:
        return (
            counted.times[phrase]
            * sum(map(table.idf, analysis.stems(phrase)))
            * (1.5 if phrase in title else 1)
            / (1 + counted.first[phrase] / counted.length)
            * (1 + 3 * counted.whole[phrase] / counted.times[phrase])
            * (1 if " " in phrase else 0.5)
            * (1 + 0.3 * log(1 + table.phrase_df(phrase_key(phrase))))
        )

    return _best(counted.times, worth)


def _best(times: Counter[str], worth: Callable[[str], float]) -> list[str]:
    """The best phrases without those inside a better one that is as frequent."""
    chosen: list[str] = []
    for phrase in sorted(times, key=worth, reverse=True):
        if not any(f" {phrase} " in f" {other} " and times[phrase] <= times[other] for other in chosen):
            chosen.append(phrase)
        if len(chosen) == COUNT:
            break
    return chosen

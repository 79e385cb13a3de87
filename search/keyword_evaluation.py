"""How well keyphrases match those that experts gave, on a file of papers with both.

Document frequencies are those of a site that holds the file's papers: counted over the titles and abstracts of all of
them, whatever their split, and smoothed by the prior that ships. The experts' keyphrases are never looked at.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import Stemmer

from papers.tex import to_text
from papers.textfiles import TextFileError, open_lines
from search import frequencies
from search.keywords import keyphrases

TEST = "test"
DEPTHS = (5, 10)


class KeyphraseFileError(Exception):
    """The file holds no papers with keyphrases; the text says why."""


@dataclass(frozen=True)
class JudgedPaper:
    """Title and abstract as plain text, an expert's keyphrases as written, and the split, empty where there is none."""

    title: str
    abstract: str
    gold: tuple[str, ...]
    split: str


def read_papers(path: Path) -> list[JudgedPaper]:
    """All papers of a file of JSON lines, plain or compressed. Raises KeyphraseFileError.

    Each line has `title`, `abstract` and the list `keyphrases`, some have `split`; whatever else they have is ignored.
    """
    papers = []
    try:
        with open_lines(path) as source:
            for number, line in enumerate(source, 1):
                if line.strip():
                    papers.append(_paper(line, f"{path}, line {number}"))
    except TextFileError as error:
        raise KeyphraseFileError(str(error)) from error
    if not papers:
        raise KeyphraseFileError(f"{path}: no paper")
    return papers


def choose_split(papers: Sequence[JudgedPaper], split: str | None) -> str | None:
    """The split to measure on: the one asked for, else `test` where some paper has that, else None for all papers.

    Raises KeyphraseFileError where no paper is in the split that is asked for.
    """
    splits = sorted({paper.split for paper in papers if paper.split})
    if split is None:
        return TEST if TEST in splits else None
    if split not in splits:
        there = f"it has {', '.join(splits)}" if splits else "it has no splits"
        raise KeyphraseFileError(f"no split {split!r} in the file: {there}")
    return split


def evaluate_keywords(
    papers: Sequence[JudgedPaper],
    split: str | None,
    watch: Callable[[Sequence[JudgedPaper], str], Iterator[JudgedPaper]],
) -> dict[str, float]:
    """F1@5 and F1@10 on the papers of a split (None: on all), averaged over them, and what was measured on.

    papers: how many have keyphrases by an expert; the others are left out. papers_per_second: by time of the processor,
    for finding the phrases alone, after those of the file's other papers: on a site that runs, most words have been
    seen before. Raises KeyphraseFileError where no paper is left.
    """
    table = frequencies.smoothed(frequencies.count((paper.title, paper.abstract) for paper in papers))
    judged = [paper for paper in papers if paper.gold and (split is None or paper.split == split)]
    if not judged:
        raise KeyphraseFileError("no paper with keyphrases by an expert")
    for paper in papers:
        if split is not None and paper.split != split:
            keyphrases(paper.title, paper.abstract, table)
    found: list[list[str]] = []
    busy = 0.0
    for paper in watch(judged, "papers"):
        start = time.process_time()
        phrases = keyphrases(paper.title, paper.abstract, table, max(DEPTHS))
        busy += time.process_time() - start
        found.append([phrase.text for phrase in phrases])
    return {"papers": len(judged)} | scores(found, judged) | {"papers_per_second": len(judged) / max(busy, 1e-9)}


def scores(found: Sequence[Sequence[str]], papers: Sequence[JudgedPaper]) -> dict[str, float]:
    """F1@5 and F1@10 of what was found for each paper, best first, averaged over the papers."""
    return {
        f"f1@{depth}": sum(f1(phrases, paper.gold, depth) for phrases, paper in zip(found, papers, strict=True))
        / len(papers)
        for depth in DEPTHS
    }


def f1(found: Sequence[str], gold: Sequence[str], depth: int) -> float:
    """F1 of the first `depth` phrases against all of an expert's: equal are phrases of equal Porter stems, doublets
    count once, and a list that is shorter than `depth` counts as if it were full."""
    stemmer = Stemmer.Stemmer("porter")
    wanted = {_stemmed(phrase, stemmer) for phrase in gold}
    offered = list(dict.fromkeys(_stemmed(phrase, stemmer) for phrase in found))[:depth]
    return 2 * len(wanted.intersection(offered)) / (depth + len(wanted))


def _stemmed(phrase: str, stemmer: "Stemmer.Stemmer") -> str:
    return " ".join(stemmer.stemWords(phrase.lower().split()))


def _paper(line: bytes, place: str) -> JudgedPaper:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        raise KeyphraseFileError(f"{place}: expected a JSON object")
    gold = row.get("keyphrases")
    if not isinstance(gold, list) or not all(isinstance(phrase, str) for phrase in gold):
        raise KeyphraseFileError(f"{place}: keyphrases is no list of texts")
    title, abstract = _text(row, "title", place), _text(row, "abstract", place)
    phrases = tuple(phrase for phrase in gold if phrase.strip())
    return JudgedPaper(to_text(title), to_text(abstract), phrases, _text(row, "split", place))


def _text(row: dict[str, object], name: str, place: str) -> str:
    value = row.get(name)
    if value is None and name == "split":
        return ""
    if not isinstance(value, str):
        raise KeyphraseFileError(f"{place}: {name} is no text" if name in row else f"{place}: no {name}")
    # Half a surrogate pair, which JSON can spell, has no place in UTF-8.
    return value.encode("utf-8", "replace").decode()

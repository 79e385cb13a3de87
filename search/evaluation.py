"""Search quality on a judged set in BEIR layout: the set is indexed aside, and the site's own code does the ranking."""

import gzip
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from papers.batches import batched
from search import frequencies
from search.encoder import Encoder, text_of
from search.engines.base import Document, Hits, Ids
from search.engines.embedded import EmbeddedEngine
from search.fits import fit_transform
from search.keywords import keyphrases
from search.metrics import averages
from search.plan import make_plan
from search.query import parse
from search.ranking import CANDIDATES
from search.related import rank_related
from search.service import Context, rank
from search.vectors import Vectors
from search.whitening import width_for

MODES = ("lexical", "semantic", "hybrid", "related")
BATCH = 256
Value = TypeVar("Value")
# Wraps what takes long, for a progress bar: (iterable, how many, what it is).
Watch = Callable[[Sequence[Value], str], Iterator[Value]]


class JudgedSetError(Exception):
    """The folder is no judged set; the text says what is missing or wrong."""


@dataclass(frozen=True)
class JudgedSet:
    """corpus: id → (title, text). queries: id → text, the judged ones only. judgements: query → document → gain."""

    corpus: dict[str, tuple[str, str]]
    queries: dict[str, str]
    judgements: dict[str, dict[str, float]]

    def paper_of(self, query: str) -> str | None:
        """The corpus paper that a query id `<paper>_<anything>` means."""
        while "_" in query:
            query = query.rpartition("_")[0]
            if query in self.corpus:
                return query
        return None

    def modes(self) -> tuple[str, ...]:
        """The modes that apply: related only where every query is a paper, and then the others too."""
        papers = all(self.paper_of(query) is not None for query in self.queries)
        return MODES if papers else MODES[:-1]


def read_judged_set(folder: Path) -> JudgedSet:
    """Read `corpus.jsonl[.gz]`, `queries.jsonl[.gz]` and `qrels.tsv`. Raises JudgedSetError."""
    corpus = {row["_id"]: (row.get("title") or "", row.get("text") or "") for row in _json_lines(folder, "corpus")}
    judgements: dict[str, dict[str, float]] = {}
    path = folder / "qrels.tsv"
    if not path.is_file():
        raise JudgedSetError(f"{path} is missing")
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        cells = line.split("\t")
        if number == 1 and not _is_number(cells[-1]):
            continue  # the header
        if len(cells) not in (3, 4) or not _is_number(cells[-1]):
            raise JudgedSetError(f"{path}, line {number}: expected query, document, score, joined by tabs")
        judgements.setdefault(cells[0], {})[cells[-2]] = float(cells[-1])
    queries = {row["_id"]: row.get("text") or "" for row in _json_lines(folder, "queries")}
    missing = [query for query in judgements if query not in queries]
    if missing:
        raise JudgedSetError(f"{folder}: no text for the judged query {missing[0]}")
    return JudgedSet(corpus, {query: queries[query] for query in judgements}, judgements)


def evaluate(judged: JudgedSet, encoder: Encoder, modes: Sequence[str], watch: Watch) -> dict[str, dict[str, float]]:
    """nDCG@10, recall@100 and MRR@10 of each mode. Only judged queries run; in related mode the query's own paper is
    left out of its ranking, nothing else is left out of any."""
    keys = list(judged.corpus)
    with indexed_aside(judged, encoder, watch) as context:
        return {
            mode: averages(
                (
                    _names(keys, _run(context, judged, keys, query, mode), own=_own(judged, query, mode)),
                    judged.judgements[query],
                )
                for query in watch(list(judged.queries), mode)
            )
            for mode in modes
        }


@contextmanager
def indexed_aside(judged: JudgedSet, encoder: Encoder, watch: Watch) -> Iterator[Context]:
    """The corpus in an engine of its own, whitening and document frequencies fitted on it; papers count from 1."""
    texts = list(judged.corpus.values())
    encoded = [
        encoder.encode([text_of(*text) for text in batch]) for batch in watch(list(batched(texts, BATCH)), "encoding")
    ]
    full: Vectors = np.concatenate(encoded)
    # Through float16, as the site's store has it.
    full = full.astype(np.float16).astype(np.float32)
    transform = fit_transform([full], encoder.name, full.shape[1])
    table = frequencies.smoothed(frequencies.count(texts))
    width = width_for(len(texts), full.shape[1])
    short = transform.apply(full, width)

    def fetch(ids: Ids) -> tuple[Ids, Vectors]:
        return ids, full[ids - 1]

    with tempfile.TemporaryDirectory() as folder:
        engine = EmbeddedEngine(Path(folder))
        with engine.rebuild("aside", width) as fresh:
            for rows in watch(list(batched(range(len(texts)), 2000)), "indexing"):
                fresh.index(
                    [
                        Document(
                            id=row + 1,
                            arxiv_id=str(row),
                            title=texts[row][0],
                            abstract=texts[row][1],
                            vector=short[row],
                            keywords=[phrase.text for phrase in keyphrases(texts[row][0], texts[row][1], table)],
                        )
                        for row in rows
                    ]
                )
        yield Context(engine, transform, table, width, "aside", lambda text: encoder.encode([text])[0], fetch)


def _run(context: Context, judged: JudgedSet, keys: list[str], query: str, mode: str) -> Hits:
    if mode == "related":
        paper = judged.paper_of(query)
        if paper is None:
            raise JudgedSetError(f"query {query} names no paper of the corpus")
        number = np.array([keys.index(paper) + 1])
        return rank_related(context, *judged.corpus[paper], context.fetch(number)[1][0])
    plan = make_plan(parse(judged.queries[query]))
    vector = context.encode(plan.text) if mode != "lexical" and plan.text else None
    return rank(context, plan, vector, lexical=mode != "semantic")


def _own(judged: JudgedSet, query: str, mode: str) -> str | None:
    return judged.paper_of(query) if mode == "related" else None


def _names(keys: list[str], hits: Hits, own: str | None) -> list[str]:
    names = [keys[number - 1] for number in hits.ids[: CANDIDATES + 1].tolist()]
    return [name for name in names if name != own]


def _json_lines(folder: Path, name: str) -> Iterator[Mapping[str, str]]:
    for path in (folder / f"{name}.jsonl", folder / f"{name}.jsonl.gz"):
        if path.is_file():
            break
    else:
        raise JudgedSetError(f"{folder / name}.jsonl (or .jsonl.gz) is missing")
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
                row["_id"] = str(row["_id"])
            except (ValueError, KeyError, TypeError):
                raise JudgedSetError(f"{path}, line {number}: expected an object with _id") from None
            yield row


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True

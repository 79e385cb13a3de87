"""SQLite's full-text index FTS5, as who knows it well sets it up."""

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np

from benchmarks.suite.corpus import Corpus
from benchmarks.suite.peers.base import CANDIDATES, Ids, Peer, Scores, Task
from search.analysis import STOP_WORDS
from search.engines.base import Document

FILE = "papers.sqlite3"
_STOP = frozenset(STOP_WORDS)
_WORD = re.compile(r"\w+")
_SCHEMA = """
CREATE VIRTUAL TABLE papers USING fts5(
    title, abstract, categories, content='', tokenize="porter unicode61 remove_diacritics 2"
);
INSERT INTO papers(papers, rank) VALUES ('rank', 'bm25(5.0, 1.0, 0.0)');
CREATE TABLE years (paper INTEGER PRIMARY KEY, year INTEGER NOT NULL);
"""
_INSERT = "INSERT INTO papers(rowid, title, abstract, categories) VALUES (?, ?, ?, ?)"
_WORDS = "SELECT rowid, rank FROM papers WHERE papers MATCH ? ORDER BY rank LIMIT ?"
_FILTERED = """
SELECT papers.rowid, rank FROM papers JOIN years ON years.paper = papers.rowid
WHERE papers MATCH ? AND year BETWEEN ? AND ? ORDER BY rank LIMIT ?
"""


class Fts5(Peer):
    """Titles, abstracts and categories without their text (`content=''`), Porter's stems; any of the words, by `bm25()`
    with the title five times as heavy, the categories without weight. A category is one word of the index. Years are
    in a table beside it. FTS5 has no stop words: they are left out of queries. It scores every paper that matches."""

    name: ClassVar[str] = "fts5"
    kinds: ClassVar[frozenset[str]] = frozenset({"word", "words", "title", "question", "phrase", "filtered"})
    note = f"SQLite {sqlite3.sqlite_version}"

    def fill(self, corpus: Corpus, folder: Path) -> None:
        """One transaction without a journal, then all merged into one segment."""
        base = sqlite3.connect(folder / FILE, isolation_level=None)
        base.executescript("PRAGMA journal_mode = off; PRAGMA synchronous = off; PRAGMA cache_size = -200000")
        base.executescript(_SCHEMA)
        base.execute("BEGIN")
        base.executemany(_INSERT, self._rows(corpus))
        base.executemany("INSERT INTO years VALUES (?, ?)", self._years)
        base.execute("INSERT INTO papers(papers) VALUES ('optimize')")
        base.execute("COMMIT")
        base.execute("ANALYZE")
        base.close()

    def open(self, corpus: Corpus, folder: Path) -> None:
        """Read only, pages mapped into memory."""
        self._base = sqlite3.connect(f"file:{folder / FILE}?mode=ro&immutable=1", uri=True)
        self._base.executescript("PRAGMA mmap_size = 8000000000; PRAGMA cache_size = -64000")

    def ask(self, kind: str, task: Task) -> tuple[Ids, Scores]:
        """One SELECT."""
        match = _quoted(task.words) if kind == "phrase" else " OR ".join(map(_quoted, _content_words(task.words)))
        if not match:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        match = f"{{title abstract}} : ({match})"
        if kind == "filtered":
            match = f"{match} AND categories : {_quoted(_one_word(task.category))}"
            rows = self._base.execute(_FILTERED, (match, *(task.years or (0, 9999)), CANDIDATES))
        else:
            rows = self._base.execute(_WORDS, (match, CANDIDATES))
        found = rows.fetchall()
        return np.array([row[0] for row in found], np.int64), np.array([-row[1] for row in found], np.float32)

    def _rows(self, corpus: Corpus) -> Iterator[tuple[int, str, str, str]]:
        self._years: list[tuple[int, int]] = []
        for document in corpus.documents():
            self._years.append((document.id, document.published.year))
            yield document.id, document.title, document.abstract, _categories(document)


def _content_words(text: str) -> list[str]:
    """The different words of a question that are no stop words; all of them where there are only such."""
    words = list(dict.fromkeys(word.lower() for word in _WORD.findall(text)))
    return [word for word in words if word not in _STOP] or words


def _quoted(text: str) -> str:
    """A string of FTS5's query language: nothing in it is an operator, a quote is doubled."""
    return '"' + text.replace('"', '""') + '"'


def _categories(document: Document) -> str:
    return " ".join(map(_one_word, document.categories))


def _one_word(category: str) -> str:
    """A category as the tokenizer leaves it whole: "cs.LG" is "cslgx"; the x keeps the stemmer from its end."""
    return "".join(_WORD.findall(category.lower())) + "x"

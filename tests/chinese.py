"""Pages as a Chinese browser gets them, read for what was left in English, and papers that hold no Latin letter."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from django.test import Client
from lxml import html
from numpy.typing import NDArray

from papers.categories import ARCHIVES, CATEGORIES
from papers.ingest import ingest
from papers.models import Paper
from papers.records import PaperRecord
from papers.shelf import read_shelf
from search.encoder import Encoder, text_hash, text_of
from search.engines.base import Engine
from search.indexing import index_pending
from search.vectors import store
from tests.papers.factories import day_list, version_of

CHINESE: dict[str, Any] = {"HTTP_ACCEPT_LANGUAGE": "zh-CN,zh;q=0.9,en;q=0.5"}
DAY = "2025-11-21"
_CYRILLIC = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "абцдефгхийклмнопярстувшжызАБЦДЕФГХИЙКЛМНОПЯРСТУВШЖЫЗ"
)


def _cyrillic(record: PaperRecord) -> PaperRecord:
    return replace(
        record,
        title=record.title.translate(_CYRILLIC),
        abstract=record.abstract.translate(_CYRILLIC),
        authors=tuple(name.translate(_CYRILLIC) for name in record.authors),
        comment=record.comment.translate(_CYRILLIC),
        journal_ref=record.journal_ref.translate(_CYRILLIC),
    )


@pytest.fixture(scope="session")
def foreign_records(encoder: Encoder) -> tuple[list[PaperRecord], NDArray[np.float32]]:
    """Forty records without a Latin letter in their text, and their vectors, encoded once."""
    plain = [record for record in read_shelf() if not set("$\\") & set(record.title + record.abstract)]
    records = [_cyrillic(record) for record in plain[:40]]
    return records, encoder.encode([text_of(record.title, record.abstract) for record in records])


@pytest.fixture
def foreign_site(
    db: None, engine: Engine, encoder: Encoder, foreign_records: tuple[list[PaperRecord], NDArray[np.float32]]
) -> list[Paper]:
    """These papers in database and index, with the announcement lists of two days."""
    records, vectors = foreign_records
    ingest(records)
    keys = dict(Paper.objects.values_list("arxiv_id", "pk"))
    hashes = [text_hash(text_of(record.title, record.abstract)) for record in records]
    store(encoder.name, [keys[record.arxiv_id] for record in records], hashes, vectors)
    assert index_pending() == len(records)
    papers = list(Paper.objects.order_by("-published"))
    version_of(papers[3], 1, title="Старый", authors=["Аб Цд", "Еф Гх"])
    Paper.objects.filter(pk=papers[3].pk).update(version=2, updated=papers[3].published)
    Paper.objects.filter(pk=papers[4].pk).update(
        doi="10.1/x",
        comment="12 стр.",
        journal_ref="Ж. 12",
        license="http://arxiv.org/licenses/nonexclusive-distrib/1.0/",
    )
    papers[3].refresh_from_db()
    day_list("cs.CL", "2025-11-20", new=papers[6:8])
    day_list("cs.CL", DAY, new=papers[:2], cross=papers[2:3], replace=papers[3:5], replace_cross=papers[5:6])
    return papers


# What stays as it is in Chinese: names, formats, codes, what is typed into a query or an address.
_CODE = "|".join(sorted(map(re.escape, {*CATEGORIES, *ARCHIVES}), key=len, reverse=True))
_ALLOWED = re.compile(
    rf"""
      https?://\S+ | \S+@example\.org | (?:doi:)?\b10\.\d+/\S+ | \{{\w+\}} | %\(\w+\)s
    | \b(?:arXiv(?:\.org)?|Papertide|BibTeX|RIS|CSV|PDF|HTML|DOI|JSON|API|UTC|Atom|OAI-PMH|Cookie|OpenSearch|JavaScript
        |Chromium|Chrome|Edge|Firefox|LaTeX|JabRef|Zotero|EndNote|Mendeley|Python|healthz|readyz|metrics|Esc|Enter
        |Markdown|OPML|MB|Email|MCP|HTTP)\b
    | \b(?:title|abs|author|cat|id|comment|journal|doi|date|sort|field|nosuch):
    | \b(?:sort|has|seen)= | \b(?:OR|NOT|relevance|new|old|stars?|cross|replace)(?=[“”、，。 =,]|$)
    | \b(?:kept|title|preference|note|show)(?=[，。 ,])
    | process\ reward,\ tabular\ data | Emmy\ Noether | papertide@localhost
    | embedded,\ tantivy | all-MiniLM-L6-v2 | arxiv,\ time,\ stars,\ preference
    | (?<![\w.-])(?:{_CODE})(?:[+-](?:{_CODE}))*(?!\w) | \bv\d+\b
    """,
    re.VERBOSE,
)
_WORD = re.compile(r"[A-Za-z]{2,}")
_SPOKEN = {"title", "aria-label", "placeholder", "alt"}
_FOR_SCRIPTS_ALONE = {
    *("data-paper", "data-suggest", "data-do", "data-hint", "data-theme", "data-near", "data-copy", "data-login"),
    *("data-copies", "data-topic"),
}
_NOT_READ = {"script", "style", "code", "kbd", "textarea"}


def _is_read(node: Any) -> bool:
    return not any(each.tag in _NOT_READ or each.get("lang") == "en" for each in (node, *node.iterancestors()))


def _told(page: Any) -> Iterator[str]:
    """All that a page tells, to the eye, by voice or through a script, and its description; but what is code or marked
    as English."""
    for node in page.iter(html.etree.Element):
        if not _is_read(node):
            continue
        yield from node.xpath("text()")
        for name, text in node.items():
            is_description = node.tag == "meta" and node.get("name") == "description" and name == "content"
            if is_description or name in _SPOKEN or (name.startswith("data-") and name not in _FOR_SCRIPTS_ALONE):
                yield text


def left_in_english(text: str) -> set[str]:
    """What a page tells in Latin letters beyond what is allowed."""
    if not text.strip():
        return set()
    return {" ".join(told.split()) for told in _told(html.fromstring(text)) if _WORD.search(_ALLOWED.sub("", told))}


def in_chinese(client: Client, address: str, status: int = 200, **more: Any) -> Any:
    """The page of an address for a Chinese browser, which holds nothing in English."""
    response = client.get(address, **CHINESE, **more)
    assert response.status_code == status, address
    text = response.content.decode()
    assert left_in_english(text) == set(), address
    return html.fromstring(text)

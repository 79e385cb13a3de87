"""The sample shelf: every paper's facts are arXiv's own, every summary is ours."""

import json
import lzma
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

SHELF = Path(__file__).resolve().parents[2] / "papers" / "fixtures" / "shelf.jsonl"
FACTS = ("title", "authors", "categories", "published", "updated", "doi", "journal_ref", "comment")
KEYS = ["id", "title", "summary", *FACTS[1:]]
# fmt: off
ARCHIVES = [
    "astro-ph", "cond-mat", "cs", "econ", "eess", "gr-qc", "hep-ex", "hep-lat", "hep-ph", "hep-th",
    "math", "math-ph", "nlin", "nucl-ex", "nucl-th", "physics", "q-bio", "q-fin", "quant-ph", "stat",
]
# fmt: on
RUN = 8  # this many words in a row, shared with the abstract, would be copying
CROWD = 100

Paper = dict[str, Any]


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())


def runs(text: str) -> set[tuple[str, ...]]:
    """All stretches of RUN words, case and punctuation aside."""
    found = words(text)
    return {tuple(found[start : start + RUN]) for start in range(len(found) - RUN + 1)}


def sentences(text: str) -> int:
    """Full stops, question and exclamation marks that end the text or come before a new capital."""
    return len(re.findall(r"[.!?](?=\s+[A-Z0-9\"']|$)", text))


@pytest.fixture(scope="module")
def shelf() -> list[Paper]:
    return [json.loads(line) for line in SHELF.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def records(shared_data: Path, shelf: list[Paper]) -> dict[str, Paper]:
    """The real record of each paper on the shelf, by id; reading stops when all are found."""
    wanted = {paper["id"] for paper in shelf}
    found: dict[str, Paper] = {}
    with lzma.open(shared_data / "arxiv-364k.jsonl.xz", "rt", encoding="utf-8") as lines:
        for line in lines:
            # Each line begins {"id": "…": parsing only the wanted ones saves half the time.
            if line.split('"', 4)[3] in wanted:
                record = json.loads(line)
                found[record["id"]] = record
                if len(found) == len(wanted):
                    break
    return found


def test_size_and_unique_ids(shelf: list[Paper]) -> None:
    assert 190 < len(shelf) < 230
    assert [n for n in Counter(paper["id"] for paper in shelf).values() if n > 1] == []


def test_each_line_has_the_agreed_keys_and_no_abstract(shelf: list[Paper]) -> None:
    assert [paper["id"] for paper in shelf if list(paper) != KEYS] == []


def test_sorted_by_date(shelf: list[Paper]) -> None:
    dates = [paper["published"] for paper in shelf]
    assert dates == sorted(dates)
    assert dates[0] < "1992"
    assert dates[-1] > "2026"


@pytest.mark.parametrize("archive", ARCHIVES)
def test_every_archive_is_there(shelf: list[Paper], archive: str) -> None:
    assert sum(paper["categories"][0].split(".")[0] == archive for paper in shelf) >= 3


def test_summaries_are_two_or_three_plain_sentences(shelf: list[Paper]) -> None:
    bad_length = [paper["id"] for paper in shelf if not 250 <= len(paper["summary"]) <= 600]
    bad_count = [paper["id"] for paper in shelf if sentences(paper["summary"]) not in (2, 3)]
    not_plain = [paper["id"] for paper in shelf if re.search(r"[$\\<>\n]", paper["summary"])]
    assert (bad_length, bad_count, not_plain) == ([], [], [])


def test_attention_finds_several(shelf: list[Paper]) -> None:
    assert sum("attention" in words(f"{paper['title']} {paper['summary']}") for paper in shelf) >= 10


def test_the_hard_cases_are_there(shelf: list[Paper]) -> None:
    """What a page, a search or an export could trip over."""
    assert any("/" in paper["id"] for paper in shelf)
    assert any("$" in paper["title"] for paper in shelf)
    assert any("\\" in author for paper in shelf for author in paper["authors"])
    assert any(not author.isascii() for paper in shelf for author in paper["authors"])
    assert 1 <= sum(len(paper["authors"]) > CROWD for paper in shelf) <= 2
    assert any("withdrawn" in (paper["comment"] or "").casefold() for paper in shelf)
    for key in ("updated", "doi", "journal_ref", "comment"):
        assert {paper[key] is None for paper in shelf} == {True, False}


def test_facts_are_those_of_the_record(shelf: list[Paper], records: dict[str, Paper]) -> None:
    assert [paper["id"] for paper in shelf if paper["id"] not in records] == []
    wrong = [(paper["id"], key) for paper in shelf for key in FACTS if paper[key] != records[paper["id"]][key]]
    assert wrong == []


def test_summaries_copy_nothing(shelf: list[Paper], records: dict[str, Paper]) -> None:
    copied = {paper["id"]: sorted(runs(paper["summary"]) & runs(records[paper["id"]]["abstract"])) for paper in shelf}
    assert {identifier: stretch for identifier, stretch in copied.items() if stretch} == {}

"""Files of records as a source: pages, places to go on at, bad lines and damage."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from workers.sources import Page, SourceError
from workers.sources.snapshot import PAGE, Snapshot

Jsonl = Callable[..., Path]


def row(number: int, **changes: Any) -> dict[str, Any]:
    """An invented record."""
    return {
        "id": f"24{number // 20_000 + 1:02}.{number % 20_000:05}",
        "title": f"Paper {number}",
        "abstract": "About bees.",
        "authors": ["Ada Author"],
        "categories": ["cs.LG"],
        **changes,
    }


def test_pages_of_a_thousand_go_on_at_their_tokens(jsonl: Jsonl, data_dir: Path) -> None:
    path = jsonl(*(row(number) for number in range(2 * PAGE + 7)))
    pages = list(Snapshot(path).pages())
    assert [len(page.records) for page in pages] == [PAGE, PAGE, 7]
    assert [page.token for page in pages] == [str(PAGE), str(2 * PAGE), ""]
    for number, page in enumerate(pages[:-1], 1):
        assert list(Snapshot(path).pages(page.token)) == pages[number:]
    assert not (data_dir / "rejects").exists()


def test_bad_lines_are_counted_on_their_page_and_kept(jsonl: Jsonl, data_dir: Path) -> None:
    good = [row(number) for number in range(PAGE)]
    path = jsonl("{broken", "", *good[:-1], row(7, title=""), good[-1], '"text"')
    pages = list(Snapshot(path).pages())
    assert [(len(page.records), page.skipped) for page in pages] == [(PAGE, 2), (0, 1)]
    assert [page.token for page in pages] == [str(PAGE + 3), ""]
    (rejects,) = (data_dir / "rejects").iterdir()
    kept = [json.loads(line) for line in rejects.read_text().splitlines()]
    assert [(bad["line"], bad["file"]) for bad in kept] == [(line, str(path)) for line in (1, PAGE + 2, PAGE + 4)]
    assert kept[1]["reason"] == "no title"
    assert list(Snapshot(path).pages(pages[0].token)) == pages[1:]


@pytest.mark.parametrize(("limit", "token", "titles"), [(3, "", [0, 1, 2]), (3, "2", [2]), (0, "", []), (2, "4", [])])
def test_the_limit_is_of_lines_from_the_first(
    jsonl: Jsonl, data_dir: Path, limit: int, token: str, titles: list[int]
) -> None:
    pages = Snapshot(jsonl(*(row(number) for number in range(9))), limit).pages(token)
    assert [record.title for page in pages for record in page.records] == [f"Paper {number}" for number in titles]


def test_what_came_before_damage_stands(tmp_path: Path, data_dir: Path) -> None:
    path = tmp_path / "cut.jsonl.gz"
    lines = "".join(json.dumps(row(number, abstract=str(number) * 50)) + "\n" for number in range(3 * PAGE))
    path.write_bytes(gzip.compress(lines.encode())[:-2000])
    came: list[Page] = []
    with pytest.raises(SourceError, match=r"cut\.jsonl\.gz is damaged or cut short"):
        came.extend(Snapshot(path).pages())
    found = [record for page in came for record in page.records]
    assert len(found) > PAGE
    assert [record.title for record in found] == [f"Paper {number}" for number in range(len(found))]
    assert came[-1].token == str(len(found))


def test_files_that_cannot_be_used_are_one_line(jsonl: Jsonl, data_dir: Path, settings: LazySettings) -> None:
    with pytest.raises(SourceError, match="cannot be opened"):
        list(Snapshot(data_dir / "nowhere.jsonl").pages())
    path = jsonl(row(1), "{broken", row(2))
    with pytest.raises(SourceError, match="not a place in a file: two"):
        list(Snapshot(path).pages("two"))
    settings.DATA_DIR = path  # a file, so that no rejects can be written under it
    pages = Snapshot(path).pages()
    assert [record.title for record in next(pages).records] == ["Paper 1"]
    with pytest.raises(SourceError, match="rejects"):
        next(pages)


def test_the_file_of_real_papers(shared_data: Path, data_dir: Path) -> None:
    pages = list(Snapshot(shared_data / "arxiv-364k.jsonl.xz", 2_500).pages())
    assert sum(len(page.records) for page in pages) == 2_500
    assert [page.skipped for page in pages] == [0, 0, 0]

"""What changed between versions: the comparison itself, and how cards and pages show it."""

import time
from typing import Any

import pytest
from django.test import Client

from papers.changes import Text, compare, difference
from papers.ingest import ingest
from papers.models import Announcement, Paper
from papers.records import PaperRecord
from tests.papers.factories import day_list, version_of
from tests.papers.pages import page_of, paper

DAY = "2025-11-21"
EVIL = "<script>alert(1)</script>"


def written(old: str, new: str, *, fold: bool = False) -> str:
    """The comparison as one line: what went in [ ], what came in { }."""
    frame = {"gone": "[{}]", "came": "{{{}}}"}
    pieces = compare(old, new, fold=fold)
    return "".join(frame.get(piece.kind, "{}").format(piece.text) + piece.space for piece in pieces)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("Tides of the sea", "Tides of the sea", ""),
        ("Tides  of the\nsea", "Tides of the sea ", ""),
        ("Tides of the sea", "Tides of the open sea", "Tides of the {open} sea"),
        ("Tides and waves", "Tides", "Tides [and waves]"),
        ("Tides", "Tides and waves", "Tides {and waves}"),
        ("", "Tides", "{Tides}"),
        ("Tides", "", "[Tides]"),
        ("A (new) way.", "A (better) way.", "A ([new] {better}) way."),
        ("If $a + b$, then", "If $a + c$, then", "If [$a + b$] {$a + c$}, then"),
        (r"If \(a\) or \[b c\]", r"If \(a\) or \[b d\]", r"If \(a\) or [\[b c\]] {\[b d\]}"),
        ("It costs 5 $ here", "It costs 6 $ here", "It costs [5] {6} $ here"),
        ("state-of-the-art", "state of the art", "[state-of-the-art] {state of the art}"),
        # A word that stayed by chance between others does not break them up.
        ("Large nets learn slowly", "Small ones learn well", "[Large nets learn slowly] {Small ones learn well}"),
    ],
)
def test_words_are_compared(old: str, new: str, line: str) -> None:
    assert written(old, new) == line


def test_long_stretches_are_folded() -> None:
    same = " ".join(f"word{number}" for number in range(60))
    line = written(f"old {same} end", f"new {same} end of it", fold=True)
    head, tail = same.split()[:8], same.split()[-7:]
    assert line == f"[old] {{new}} {' '.join(head)} … {' '.join(tail)} end {{of it}}"
    assert written(f"{same} a {same}", f"{same} b {same}", fold=True) == (
        f"… {' '.join(same.split()[-8:])} [a] {{b}} {' '.join(head)} … "
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("the a " * 5_000, "a the b " * 3_000),
        (" ".join(f"x{n} a" for n in range(1_700)), " ".join(f"y{n} a" for n in range(1_700))),
        (". ".join(f"x{n} a" for n in range(1_700)), ". ".join(f"y{n} a" for n in range(1_700))),
        ("$ " * 9_999, "$ " * 9_998 + "x"),
        (r"\( \[ " * 3_300, r"\[ \( " * 3_300),
        ("\\" * 20_000, "\\" * 19_999 + "$"),
    ],
)
def test_monstrous_texts_take_no_time(old: str, new: str) -> None:
    started = time.perf_counter()
    pieces = compare(old, new, fold=True)
    assert time.perf_counter() - started < 0.5
    assert {piece.kind for piece in pieces} & {"gone", "came"}


def test_long_texts_are_compared_by_sentences_then_by_words() -> None:
    sentences = [" ".join(f"the w{n % 50} of the a{n * 7 % 90} in the" for n in range(s, s + 9)) for s in range(80)]
    changed = [*sentences]
    changed[40] = changed[40].replace("w45", "wave")
    changed[70] = "Something else"
    pieces = compare(
        ". ".join(sentences) + ". ", ". ".join(reversed(changed[:10])) + ". ".join(changed[10:]), fold=True
    )
    assert any(piece.kind == "came" and "wave" in piece.text and len(piece.text) < 200 for piece in pieces)


def text(*authors: str, title: str = "T", version: int = 1) -> Text:
    return Text(version, title, "A", authors, None)


@pytest.mark.parametrize(
    ("old", "new", "added", "removed", "order"),
    [
        ("A B", "A B", "", "", ""),
        ("A B", "A B C", "C", "", ""),
        ("A B C", "A C", "", "B", ""),
        ("A B", "B A", "", "", "B A"),
        ("A B C", "C D A", "D", "B", "C D A"),
        ("A A B", "A B", "", "A", ""),
        ("", "A B", "", "", ""),
    ],
)
def test_authors_are_compared(old: str, new: str, added: str, removed: str, order: str) -> None:
    found = difference(text(*old.split()), text(*new.split(), version=2))
    assert (found.added, found.removed, found.order) == (added.split(), removed.split(), order.split())
    assert found.same == (not (added or removed or order))
    assert not found.skips


def card(client: Client, made: Paper, day: str = DAY) -> Any:
    [found] = page_of(client, f"/arxiv/cs.CL?date={day}").xpath(f"//article[h3/a/@href='{made.get_absolute_url()}']")
    return found


def words(element: Any) -> str:
    return " ".join(element.text_content().split())


@pytest.mark.django_db
def test_a_replaced_card_shows_what_changed(client: Client) -> None:
    made = paper("2511.00001", version=2, title=r"Schr\"odinger tides", abstract="We measure $x$ at sea.")
    version_of(made, 1, title=r"Schr\"odinger waves", authors=["Ben Shore", "Zoë Gone"])
    day_list("cs.CL", DAY, replace=[made])
    [change] = card(client, made).find_class("change")
    assert change.find("summary").text == "What changed since v1"
    assert [words(name) for name in change.iter("dt")] == ["Title", "Authors"]
    assert [words(line) for line in change.iter("dd")] == [
        "Schrödinger waves tides",
        "removed: Zoë Gone",
        "added: Ada Moon",
    ]
    assert [found.text for found in change.iter("del")] == ["waves", "Zoë Gone"]
    assert [found.text for found in change.iter("ins")] == ["tides", "Ada Moon"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("now", "announced", "earlier", "says"),
    [
        (3, 3, [], "Only version 3 was seen here; arXiv has the earlier ones."),
        (None, None, [], "Only one version was seen here; arXiv has the earlier ones."),
        (2, 3, [1], "Version 3 has not arrived here yet; it stands at arXiv."),
        (2, 2, [1], "What changed since v1"),
        (3, None, [1, 2], "What changed since v2"),
        (3, 2, [1, 2], "What changed from v1 to v2"),
        (3, 2, [1], "What changed since v1"),  # the second was never seen
        (4, 2, [2, 3], "Only version 2 was seen here; arXiv has the earlier ones."),
        (2, 2, [0], "What changed since an earlier version"),
    ],
)
def test_which_versions_are_compared(
    client: Client, now: int | None, announced: int | None, earlier: list[int], says: str
) -> None:
    made = paper("2511.00001", version=now)
    for number in earlier:
        version_of(made, number, title=f"Title {number}")
    day_list("cs.CL", DAY, replace=[made])
    Announcement.objects.update(version=announced)
    found = card(client, made)
    said = [words(line) for line in found.xpath(".//summary[contains(., 'changed')] | .//p[@class='unchanged']")]
    assert said == [says]


@pytest.mark.django_db
def test_equal_texts_are_said_to_be_equal(client: Client) -> None:
    made = paper("2511.00001", version=2)
    version_of(made, 1)
    day_list("cs.CL", DAY, replace_cross=[made])
    sentence = "title, abstract and authors are the same; the full text changed."
    assert words(card(client, made).find_class("unchanged")[0]) == f"Since v1: {sentence}"
    assert "are the same as in v1; the full text changed" in page_of(client, "/arxiv/2511.00001").text_content()


@pytest.mark.django_db
def test_new_papers_and_other_pages_tell_of_no_change(client: Client) -> None:
    made = paper("2511.00001", version=2)
    version_of(made, 1, title="Another")
    day_list("cs.CL", DAY, new=[made])
    for address in (f"/arxiv/cs.CL?date={DAY}", "/arxiv/cs.CL", "/arxiv/2511.00001,2511.00002"):
        assert not page_of(client, address).find_class("change")


@pytest.mark.django_db
def test_a_paper_page_has_all_versions_seen(client: Client, django_assert_max_num_queries: Any) -> None:
    made = paper("2511.00001", version=5, title="Tides five")
    for number, title in ((1, "Tides one"), (2, "Tides two"), (4, "Tides two")):
        version_of(made, number, title=title)
    with django_assert_max_num_queries(4):
        page = page_of(client, "/arxiv/2511.00001")
    [history] = page.find_class("history")
    lines = [words(line) for line in history.iter("li")]
    assert [line[:2] for line in lines if not line.startswith("Not")] == ["v5", "v4", "v2", "v1"]
    assert lines[0].endswith("What changed since v4 TitleTides two five")
    assert lines[1].endswith("are the same as in v2; the full text changed.")
    assert lines[2] == "Not seen here, to be read at arXiv: v3"
    assert lines[3].endswith("What changed since v1 TitleTides one two")
    assert lines[4] == "v1 3 November 2025"


@pytest.mark.django_db
def test_a_paper_page_says_that_one_version_was_seen(client: Client) -> None:
    paper("2511.00001", version=3)
    page = page_of(client, "/arxiv/2511.00001")
    assert words(page.find_class("unchanged")[0]) == "Not seen here, to be read at arXiv: v2 v1"
    arxiv = "https://arxiv.org/abs/2511.00001"
    assert page.xpath("//p[@class='unchanged']/a/@href") == [f"{arxiv}v2", f"{arxiv}v1"]
    version_of(paper("2511.00002", version=3), 2, title="Older")
    assert words(page_of(client, "/arxiv/2511.00002").find_class("gap")[0]).endswith("at arXiv: v1")


@pytest.mark.django_db
def test_what_records_bring_is_what_changed(client: Client) -> None:
    when = paper("2511.00009").published

    def record(version: int, title: str) -> PaperRecord:
        return PaperRecord("2511.00001", title, "A", ("A. B",), ("cs.CL",), when, version=version)

    ingest([record(1, "Low tide")])
    ingest([record(2, "High tide")])
    assert "What changed since v1 TitleLow High tide" in words(page_of(client, "/arxiv/2511.00001"))


@pytest.mark.django_db
def test_hostile_versions_are_inert(client: Client) -> None:
    made = paper("2511.00001", version=2)
    version_of(made, 1, title=EVIL, abstract=f"{EVIL} $<b>$", authors=[EVIL])
    day_list("cs.CL", DAY, replace=[made])
    for address in (f"/arxiv/cs.CL?date={DAY}", "/arxiv/2511.00001"):
        page = page_of(client, address)
        assert EVIL in "".join(found.text_content() for found in page.iter("del"))
        assert not page.xpath("//script[not(@src or @type='application/ld+json')] | //main//b[not(ancestor::section)]")

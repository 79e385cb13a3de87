"""What matches subscriptions on announcement days: as the lists have it, worked out once, again when they change."""

from collections.abc import Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from benchmarks.library import read_records
from papers.announcements import DayOfLists
from papers.categories import split_spec
from papers.ingest import ingest, remove
from papers.models import Announcement, DayList, DayMatches, Kind, Paper, Subscription, Visitor
from search.subscriptions import keeping
from search.subscriptions.days import DayPapers
from search.subscriptions.matching import Match, days_announced, forget_before, matches
from tests.e2e.fortnight import announce, days_dealt
from tests.papers.factories import day_list
from tests.papers.pages import paper

pytestmark = pytest.mark.django_db
DAY, BEFORE = date(2025, 11, 21), date(2025, 11, 20)
SPECS = (
    "cs.CL", "cs", "cs.AI+cs.LG-cs.CY", "cs.AI,cs.LG,stat.ML", "math.*-math-ph", "physics", "hep-th+hep-ph-gr-qc",
    "cond-mat-cs", "eess.SY", "math.NA+math.OC-stat", "q-bio+q-fin", "astro-ph.CO-astro-ph.GA-hep-ph",
    "econ", "nlin.CD",
)  # fmt: skip


@pytest.fixture
def visitor() -> Visitor:
    """A reader's."""
    return Visitor.objects.create()


def row(visitor: Visitor, kind: str, text: str, number: int = 1, **options: Any) -> Subscription:
    """A subscription that is not kept."""
    asked = keeping.read(kind, text)
    return Subscription(pk=number, visitor=visitor, kind=asked.kind, text=asked.text, key=asked.key(visitor), **options)


def found(subscription: Subscription, *days: date) -> list[Match]:
    return matches([subscription], days or (DAY,))[subscription.pk]


def ids(matched: Sequence[Match]) -> str:
    """The last digits of the arXiv ids."""
    names = dict(Paper.objects.values_list("pk", "arxiv_id"))
    return " ".join(names[match.paper][-1] for match in matched)


@pytest.fixture
def lists() -> list[Paper]:
    """In cs.CL 3 and 1 new, 4 cross-listed, 2 replaced; in cs.LG 4 new, 3 cross-listed; the day before, 5 in cs.CL."""
    made = [paper(f"2511.0000{number}", "cs.CL", title=f"Tide {number}") for number in range(6)]
    for number, categories in ((3, ["cs.CL", "cs.LG"]), (4, ["cs.LG", "cs.CL"])):
        Paper.objects.filter(pk=made[number].pk).update(categories=categories)
    Paper.objects.filter(pk=made[2].pk).update(version=2)
    made[2].version = 2
    day_list("cs.CL", f"{DAY}", new=[made[3], made[1]], cross=[made[4]], replace=[made[2]])
    day_list("cs.LG", f"{DAY}", new=[made[4]], cross=[made[3]])
    day_list("cs.CL", f"{BEFORE}", new=[made[5]])
    return made


# As the lists have it


def test_categories_are_what_the_page_of_the_day_shows_on_real_days(visitor: Visitor, shared_data: Path) -> None:
    ingest(islice(read_records(), 2_500))
    announce(days_dealt(DAY, 10))
    days = days_announced(date.min)
    assert len(days) > 5
    asked = [row(visitor, "categories", spec, number, replacements=True) for number, spec in enumerate(SPECS)]
    answers = matches(asked, days)
    shown = 0
    for one, spec in zip(asked, SPECS, strict=True):
        entries = [entry for day in days for entry in DayOfLists(split_spec(spec), day).entries]
        told = [(entry.paper_id, entry.day, entry.kind, entry.version) for entry in entries]
        assert [(match.paper, match.day, match.kind, match.version) for match in answers[one.pk]] == told, spec
        shown += len(told)
    assert shown > 2_000


def test_a_category_has_arxivs_order_and_the_kinds_of_its_own_list(visitor: Visitor, lists: list[Paper]) -> None:
    of_language = found(row(visitor, "categories", "cs.CL", replacements=True))
    assert ids(of_language) == "3 1 4 2"
    assert [match.kind for match in of_language] == [Kind.NEW, Kind.NEW, Kind.CROSS, Kind.REPLACE]
    assert [match.version for match in of_language] == [1, 1, 1, 2]
    assert ids(found(row(visitor, "categories", "cs.LG-cs.CL"))) == ""


def test_cross_lists_and_replacements_are_left_out_where_unwanted(visitor: Visitor, lists: list[Paper]) -> None:
    assert ids(found(row(visitor, "categories", "cs.CL"))) == "3 1 4"
    assert ids(found(row(visitor, "categories", "cs.CL", crosses=False))) == "3 1"
    assert ids(found(row(visitor, "categories", "cs.CL", crosses=False, replacements=True))) == "3 1 2"
    # What is new in any list is new to a search, whichever list told of it first.
    assert ids(found(row(visitor, "search", "tide", crosses=False))) == "1 3 4"


def test_the_newest_day_comes_first(visitor: Visitor, lists: list[Paper]) -> None:
    asked = row(visitor, "categories", "cs.CL")
    assert ids(found(asked, BEFORE, DAY, BEFORE)) == "3 1 4 5"
    assert found(asked, date(2025, 11, 22)) == []
    assert matches([asked], []) == {asked.pk: []}
    assert matches([], [DAY]) == {}


def test_days_are_those_with_papers(lists: list[Paper]) -> None:
    DayList.objects.create(category="cs.CL", day=date(2025, 11, 24))
    assert days_announced(date.min) == [DAY, BEFORE]
    assert days_announced(BEFORE) == [DAY]
    assert days_announced(date.min, 1) == [DAY]
    assert days_announced(DAY) == []


def test_papers_that_arxiv_removed_match_nothing(visitor: Visitor, lists: list[Paper]) -> None:
    remove([lists[3].arxiv_id])
    assert ids(found(row(visitor, "categories", "cs.CL"))) == "1 4"
    assert ids(found(row(visitor, "search", "tide"))) == "1 4"


# Searches


def test_a_search_finds_what_waits_for_the_index(visitor: Visitor, lists: list[Paper]) -> None:
    assert ids(found(row(visitor, "search", '"tide 4" OR "tide 1"'))) == "1 4"
    assert ids(found(row(visitor, "search", "tide -cat:cs.LG"))) == "1"
    assert ids(found(row(visitor, "search", "tide sort:old"))) == "1 3 4"
    assert ids(found(row(visitor, "search", "tide unheard"))) == ""  # all words, or nothing
    assert ids(found(row(visitor, "search", "date:2025-11-03 author:moon tide"))) == "1 3 4"
    assert ids(found(row(visitor, "search", "date:<2025 tide"))) == ""


# Authors


@pytest.mark.parametrize(
    ("name", "papers"),
    [
        ("Erwin Schrödinger", "1 2 3 4 5"),
        ("Schrödinger, Erwin", "1 2 3 4 5"),
        ("Erwin Schroedinger", "1 2 3 5"),  # is no Schrodinger, and writes no other umlaut
        ("ERWIN SCHRODINGER", "1 2 4 5"),
        ("E. Schrödinger", "6"),  # an initial is nobody's first name
        ("Eva Schrödinger", "7"),
        ("Schrödinger", ""),
    ],
)
def test_an_author_is_found_in_any_accents_and_with_the_initials_of_middle_names(
    visitor: Visitor, name: str, papers: str
) -> None:
    spelt = (
        "Erwin Schrödinger", 'Erwin Schr\\"odinger', "Erwin Schroedinger", "Erwin Schrodinger", "Erwin R. Schrödinger",
        "E. Schrödinger", "Eva Schrödinger", "Erwin Rudolf Schrödinger",
    )  # fmt: skip
    made = [paper(f"2511.0000{number}", authors=["Ada Moon", each]) for number, each in enumerate(spelt, 1)]
    day_list("cs.CL", f"{DAY}", new=made)
    assert ids(found(row(visitor, "author", name))) == papers


# Worked out once


@pytest.fixture
def worked_out(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys that were worked out, as they are."""
    keys: list[str] = []
    work_out = DayPapers.found

    def counted(self: DayPapers, asked: Sequence[Subscription]) -> Any:
        keys.extend(one.key for one in asked)
        return work_out(self, asked)

    monkeypatch.setattr(DayPapers, "found", counted)
    return keys


def test_what_several_ask_is_worked_out_once_a_day(visitor: Visitor, lists: list[Paper], worked_out: list[str]) -> None:
    other = Visitor.objects.create()
    asked = [
        row(visitor, "categories", "cs.CL+cs.LG", 1),
        row(other, "categories", "cs.LG,cs.CL", 2, crosses=False),
        row(other, "search", "tide", 3),
        row(visitor, "search", " tide  sort:new", 4),
    ]
    answers = matches(asked, [DAY, BEFORE])
    assert [ids(matched) for matched in answers.values()] == ["1 3 4 5", "1 3 4 5", "1 3 4 5", "1 3 4 5"]
    assert len(worked_out) == 4  # two questions on two days
    assert matches(asked, [DAY, BEFORE]) == answers
    assert len(worked_out) == 4


def test_late_lines_of_a_list_are_seen(visitor: Visitor, lists: list[Paper], worked_out: list[str]) -> None:
    asked = [row(visitor, "categories", "cs.CL", 1), row(visitor, "search", "tide", 2)]
    matches(asked, [DAY, BEFORE])
    late = Announcement.objects.create(paper=lists[0], day=DAY, category="cs.CL", kind=Kind.NEW, version=1, by_oai=True)
    assert [ids(matched) for matched in matches(asked, [DAY, BEFORE]).values()] == ["3 1 0 4 5", "1 3 4 0 5"]
    assert len(worked_out) == 6  # the other day is as it was
    late.delete()
    assert ids(found(asked[0])) == "3 1 4"


def test_a_feed_that_is_read_later_is_seen(visitor: Visitor, lists: list[Paper]) -> None:
    told = DayList.objects.filter(category="cs.CL", day=BEFORE)
    told.update(fetched=None, lines=0)
    Announcement.objects.filter(day=BEFORE).update(by_rss=False, by_oai=True, kind=Kind.REPLACE, position=None)
    asked = row(visitor, "categories", "cs.CL", replacements=True)
    assert ids(found(asked, BEFORE)) == "5"
    told.update(fetched="2025-11-20T05:00Z")  # it has no such line
    assert ids(found(asked, BEFORE)) == ""


def test_a_kept_answer_takes_as_many_queries_for_thousands_as_for_one(visitor: Visitor, lists: list[Paper]) -> None:
    many = [row(visitor, "categories", f"cs.CL-{code}", number) for number, code in enumerate(("math", "econ"))]
    many = [*many, *(row(Visitor(pk=9), "search", "tide", 100 + number) for number in range(300))]

    def queries(asked: Sequence[Subscription]) -> int:
        matches(asked, [DAY, BEFORE])
        with CaptureQueriesContext(connection) as captured:
            matches(asked, [DAY, BEFORE])
        return len(captured)

    assert queries(many) == queries(many[:1]) == 4  # the state of the lists in two, and each day's answers


def test_more_keys_than_are_worked_out_together_are_all_answered(
    visitor: Visitor, lists: list[Paper], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.subscriptions.matching.CHUNK", 2)
    asked = [row(visitor, "search", f'"tide {number}"', number) for number in range(1, 6)]
    assert [ids(matched) for matched in matches(asked, [DAY, BEFORE]).values()] == ["1", "", "3", "4", "5"]


def test_old_answers_are_forgotten(visitor: Visitor, lists: list[Paper]) -> None:
    found(row(visitor, "categories", "cs.CL"), DAY, BEFORE)
    assert forget_before(DAY) == 1
    assert list(DayMatches.objects.values_list("day", flat=True)) == [DAY]

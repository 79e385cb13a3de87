"""The one door by which papers come in."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from papers.ingest import Counts, ingest, mark_for_index, remove
from papers.models import IndexMark, Paper, PaperCategory, PaperVersion
from papers.records import PaperRecord
from papers.shelf import load_shelf

pytestmark = pytest.mark.django_db

RECORD = PaperRecord(
    arxiv_id="2401.00001",
    title="On bees",
    abstract="Bees dance.",
    authors=("Ada Lovelace",),
    categories=("q-bio.PE", "cs.LG"),
    published=datetime(2024, 1, 1, 12, 30, tzinfo=UTC),
    version=2,
    doi="10.1000/bees",
    comment="5 pages",
)


def categories() -> list[str]:
    """The linked categories."""
    return sorted(PaperCategory.objects.values_list("category", flat=True))


def test_a_new_paper_comes_with_links_and_a_mark() -> None:
    assert ingest([RECORD]) == Counts(new=1)
    paper = Paper.objects.get()
    assert (paper.arxiv_id, paper.title, paper.authors, paper.version) == ("2401.00001", "On bees", ["Ada Lovelace"], 2)
    assert categories() == ["cs.LG", "q-bio.PE"]
    assert IndexMark.objects.get().paper == paper


def test_the_same_again_changes_nothing_and_marks_nothing() -> None:
    ingest([RECORD])
    IndexMark.objects.all().delete()
    assert ingest([RECORD]) == Counts(unchanged=1)
    assert not IndexMark.objects.exists()


def test_a_change_is_written_and_marked_anew() -> None:
    ingest([RECORD])
    before = IndexMark.objects.get().stamp
    later = replace(RECORD, title="On wasps", categories=("q-bio.PE",), version=3)
    assert ingest([later]) == Counts(changed=1)
    assert Paper.objects.get().title == "On wasps"
    assert categories() == ["q-bio.PE"]
    assert IndexMark.objects.get().stamp != before


def test_an_older_version_does_not_overwrite_a_newer_one() -> None:
    ingest([RECORD])
    assert ingest([replace(RECORD, title="First try", version=1)]) == Counts(unchanged=1)
    assert Paper.objects.get().title == "On bees"


def test_what_a_source_does_not_know_stays() -> None:
    ingest([RECORD])
    assert ingest([replace(RECORD, doi="", comment="", version=None)]) == Counts(unchanged=1)
    assert Paper.objects.get().doi == "10.1000/bees"


def test_a_bare_day_does_not_take_the_place_of_a_moment() -> None:
    ingest([RECORD])
    assert ingest([replace(RECORD, published=datetime(2024, 1, 3, tzinfo=UTC))]) == Counts(unchanged=1)
    assert Paper.objects.get().published == RECORD.published


def test_a_summary_gives_way_to_the_abstract_and_never_comes_back() -> None:
    summary = replace(RECORD, abstract="Our own words.", is_summary=True, version=None)
    ingest([summary])
    assert Paper.objects.get().is_summary
    assert ingest([RECORD]) == Counts(changed=1)
    assert not Paper.objects.get().is_summary
    assert ingest([summary]) == Counts(unchanged=1)
    assert Paper.objects.get().abstract == "Bees dance."


def test_a_paper_named_twice_goes_by_the_same_rules_as_in_two_loads() -> None:
    older = replace(RECORD, version=1, title="First try", doi="")
    assert ingest([RECORD, older]) == Counts(new=1, unchanged=1)
    assert (Paper.objects.get().title, Paper.objects.get().doi) == ("On bees", "10.1000/bees")
    summary = replace(RECORD, arxiv_id="2401.00002", abstract="Our own words.", is_summary=True, version=None)
    assert ingest([replace(summary, abstract="Real.", is_summary=False), summary]) == Counts(new=1, unchanged=1)
    assert Paper.objects.get(arxiv_id="2401.00002").abstract == "Real."


def test_a_dump_without_versions_does_not_undo_a_known_version() -> None:
    ingest([replace(RECORD, comment="")])
    dump = replace(RECORD, version=None, abstract="As it was in version 1.", comment="from the dump")
    assert ingest([dump]) == Counts(changed=1)
    paper = Paper.objects.get()
    assert (paper.abstract, paper.comment) == ("Bees dance.", "from the dump")
    assert ingest([replace(dump, updated=datetime(2024, 5, 1, tzinfo=UTC))]) == Counts(changed=1)
    assert Paper.objects.get().abstract == "As it was in version 1."


def test_a_guessed_month_and_missing_authors_take_nothing_away() -> None:
    day = replace(RECORD, published=datetime(2024, 1, 15, tzinfo=UTC), version=None)
    ingest([day])
    assert ingest([replace(day, published=datetime(2024, 1, 1, tzinfo=UTC), authors=())]) == Counts(unchanged=1)


def test_marking_again_renews_the_stamp() -> None:
    ingest([RECORD])
    before = IndexMark.objects.get().stamp
    mark_for_index([Paper.objects.get().pk])
    assert IndexMark.objects.get().stamp != before


def test_the_shelf_loads_once() -> None:
    first = load_shelf()
    assert first.new == Paper.objects.count() > 190
    assert not Paper.objects.filter(is_summary=False).exists()
    assert load_shelf().unchanged == first.new


def earlier() -> list[tuple[int, str, datetime | None]]:
    """Number, title and moment of the earlier versions that are kept."""
    return list(PaperVersion.objects.values_list("version", "title", "submitted"))


def test_what_a_later_version_takes_the_place_of_is_kept_by_its_number() -> None:
    first = replace(RECORD, version=1, title="First")
    second = replace(
        RECORD, title="Second", authors=("Ada Lovelace", "Bo"), updated=datetime(2024, 2, 1, 9, tzinfo=UTC)
    )
    fourth = replace(RECORD, version=4, title="Fourth", updated=datetime(2024, 3, 1, 9, tzinfo=UTC))
    for record in (first, second, fourth, fourth):
        ingest([record])
    assert earlier() == [(2, "Second", second.updated), (1, "First", RECORD.published)]
    assert PaperVersion.objects.get(version=2).authors == ["Ada Lovelace", "Bo"]
    assert Paper.objects.get().title == "Fourth"


def test_a_version_that_is_corrected_is_no_earlier_one() -> None:
    ingest([RECORD])
    ingest([replace(RECORD, title="On bees and wasps", comment="6 pages")])
    ingest([replace(RECORD, version=1, title="First try")])
    assert earlier() == []


def test_a_text_whose_number_was_not_known_is_kept_when_it_changes() -> None:
    unknown = replace(RECORD, version=None)
    ingest([unknown])
    ingest([replace(unknown, version=1)])  # the same text: now its number is known
    assert earlier() == []
    Paper.objects.all().delete()
    ingest([unknown])
    ingest([replace(RECORD, version=3, abstract="Bees dance more.", updated=datetime(2024, 3, 1, 9, tzinfo=UTC))])
    assert earlier() == [(0, "On bees", RECORD.published)]


def test_our_own_summary_is_no_version_of_the_paper() -> None:
    ingest([replace(RECORD, abstract="Our own words.", is_summary=True, version=1)])
    ingest([replace(RECORD, version=2, abstract="Bees dance.")])
    assert Paper.objects.get().version == 2
    assert earlier() == []


def test_a_removed_paper_leaves_the_lists_and_comes_back_with_its_record() -> None:
    ingest([RECORD])
    IndexMark.objects.all().delete()
    assert remove([RECORD.arxiv_id, "2401.99999"], run="abc") == 1
    assert (Paper.objects.get().removed, categories()) == (True, [])
    assert IndexMark.objects.get().run == "abc"
    IndexMark.objects.all().delete()
    assert remove([RECORD.arxiv_id]) == 0
    assert not IndexMark.objects.exists()
    assert ingest([RECORD]) == Counts(changed=1)
    assert (Paper.objects.get().removed, categories()) == (False, ["cs.LG", "q-bio.PE"])
    assert IndexMark.objects.exists()
    assert ingest([RECORD]) == Counts(unchanged=1)


def test_a_vaguer_moment_of_the_same_version_takes_nothing_away() -> None:
    moment, day = datetime(2024, 2, 3, 9, 30, tzinfo=UTC), datetime(2024, 2, 4, tzinfo=UTC)
    ingest([replace(RECORD, updated=day)])
    ingest([replace(RECORD, updated=moment)])
    assert Paper.objects.get().updated == moment
    assert ingest([replace(RECORD, updated=day)]) == Counts(unchanged=1)
    assert ingest([replace(RECORD, updated=None)]) == Counts(unchanged=1)
    assert Paper.objects.get().updated == moment
    ingest([replace(RECORD, version=3, updated=datetime(2024, 5, 1, tzinfo=UTC))])  # of a later version a day is news
    assert Paper.objects.get().updated == datetime(2024, 5, 1, tzinfo=UTC)

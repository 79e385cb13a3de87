"""The site's search, on the sample shelf with the real encoder."""

from collections.abc import Callable

import pytest

from papers.models import Paper
from search.encoder import Encoder, EncoderError
from search.engines.base import Engine
from search.query import parse
from search.related import related
from search.service import NO_MEANING, NOT_READ, encode_by, search

pytestmark = pytest.mark.django_db


def ids(text: str, page: int = 1, size: int = 25) -> list[int]:
    """What a query finds, in order."""
    return search(parse(text), page, size).ids


def test_every_title_finds_its_paper_first(shelf_site: list[Paper]) -> None:
    missed = [paper.title for paper in shelf_site if ids(paper.plain_title, size=1) != [paper.pk]]
    assert not missed


def test_meaning_finds_papers_without_the_words(shelf_site: list[Paper]) -> None:
    found = search(parse("machines that translate between languages"), size=10)
    assert found.by_meaning
    assert found.reachable > found.total
    titles = Paper.objects.in_bulk(found.ids)
    assert any("translation" in titles[number].title.lower() for number in found.ids)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("cat:hep-th gravity", lambda paper: "hep-th" in paper.categories),
        ('machines "neural networks"', lambda paper: "neural networks" in f"{paper.title} {paper.abstract}".lower()),
        ("date:2015..2018 learning", lambda paper: 2015 <= paper.published.year <= 2018),
        ("learning -cat:cs.CV", lambda paper: "cs.CV" not in paper.categories),
        ("learning -network", lambda paper: "network" not in f"{paper.title} {paper.abstract}".lower()),
    ],
)
def test_binding_parts_hold_for_every_result_by_meaning_too(
    shelf_site: list[Paper], text: str, holds: Callable[[Paper], bool]
) -> None:
    found = search(parse(text), size=100)
    assert found.by_meaning
    assert found.ids
    assert all(holds(paper) for paper in Paper.objects.filter(pk__in=found.ids))


def test_the_total_counts_papers_that_hold_every_word(shelf_site: list[Paper]) -> None:
    both = search(parse("attention translation sort:new"))
    assert 0 < both.total < search(parse("attention")).total
    for paper in Paper.objects.filter(pk__in=both.ids):
        text = f"{paper.title} {paper.abstract}".lower()
        assert "attention" in text
        assert "translat" in text
    assert both.scores == []


def test_where_no_paper_holds_every_word_the_most_words_count(shelf_site: list[Paper]) -> None:
    whole, part = (
        search(parse("attention translation xylophone sort:new")),
        search(parse("attention translation sort:new")),
    )
    assert whole.ids == part.ids
    assert search(parse("xylophone sort:new")).ids == []


def test_orders_and_pages(shelf_site: list[Paper]) -> None:
    newest = ids("cat:cs.* sort:new", size=100)
    assert newest == list(reversed(ids("cat:cs.* sort:old", size=100))) or len(newest) > 1
    days = [Paper.objects.get(pk=number).published for number in newest]
    assert days == sorted(days, reverse=True)
    assert ids("cat:cs.* sort:new", size=10, page=2) == newest[10:20]
    ranked = ids("learning", size=30)
    assert ids("learning", size=10, page=3) == ranked[20:30]
    beyond = search(parse("learning"), page=10_000)
    assert beyond.ids == []
    assert beyond.reachable > 0


def test_fields_alone_are_ordered_by_date(shelf_site: list[Paper]) -> None:
    found = search(parse("cat:hep-th"))
    assert not found.by_meaning
    days = [Paper.objects.get(pk=number).published for number in found.ids]
    assert days == sorted(days, reverse=True)


def test_words_that_are_all_stop_words_are_a_phrase(shelf_site: list[Paper]) -> None:
    found = search(parse("in the"))
    assert found.total
    for paper in Paper.objects.filter(pk__in=found.ids):
        assert "in the" in f"{paper.title} {paper.abstract}".lower()


def test_an_unread_script_is_matched_as_text_and_the_page_is_told(shelf_site: list[Paper]) -> None:
    found = search(parse("注意力机制"))
    assert not found.by_meaning
    assert NOT_READ in found.notes


def test_without_its_encoder_search_goes_on_by_words(shelf_site: list[Paper], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise EncoderError("The model cannot be loaded: no such folder")

    encode_by.cache_clear()
    monkeypatch.setattr(Encoder, "encode", fail)
    found = search(parse("attention"))
    assert found.ids
    assert not found.by_meaning
    assert NO_MEANING in found.notes


def test_an_empty_index_and_an_empty_query_find_nothing(db: None, engine: Engine) -> None:
    assert search(parse("attention")).ids == []
    assert search(parse("")).ids == []


def test_related_leaves_out_the_paper_and_says_why(shelf_site: list[Paper]) -> None:
    paper = next(paper for paper in shelf_site if "attention" in paper.title.lower())
    found = related(paper, 10)
    assert len(found) == 10
    assert paper.pk not in [relative.id for relative in found]
    assert [relative.score for relative in found] == sorted((relative.score for relative in found), reverse=True)
    text = f"{paper.title} {paper.abstract}".lower()
    assert all(word in text for relative in found for word in relative.reason)
    assert any(relative.reason for relative in found)


def test_a_twin_of_the_paper_is_no_relative(shelf_site: list[Paper]) -> None:
    paper = shelf_site[0]
    close = related(paper, 1)[0].id
    Paper.objects.filter(pk=close).update(title=paper.title)
    from django.core.cache import cache

    cache.clear()
    assert close not in [relative.id for relative in related(paper, 20)]


def test_a_paper_that_is_not_indexed_yet_has_relatives_by_its_words(shelf_site: list[Paper]) -> None:
    stranger = Paper.objects.create(
        arxiv_id="2601.00001",
        title="Attention for neural machine translation",
        abstract="Attention in translation.",
        categories=["cs.CL"],
        published=shelf_site[0].published,
    )
    assert related(stranger, 5)

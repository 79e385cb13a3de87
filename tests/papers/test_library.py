"""The library's page: what is on it, what narrows and orders it, searching inside, and its papers as files."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from bibtexparser.entrypoint import parse_string
from django.test import Client
from django.utils import timezone

from papers import visitors
from papers.library import exporting, shelf
from papers.models import ListEntry, Mark, Note, Paper, ReadingList, Tag, Tagged, Visitor
from search.engines import base
from search.indexing import index_pending
from tests.papers.factories import PaperFactory
from tests.papers.pages import page_of, shown
from tests.papers.readers import make_reader, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor() -> Visitor:
    found: Visitor = make_reader().visitor
    return found


@pytest.fixture
def reader(visitor: Visitor) -> Client:
    assert visitor.reader is not None
    return signed_in(visitor.reader)


def star(visitor: Visitor, *papers: Paper) -> None:
    """Star papers, the first one last."""
    for number, paper in enumerate(reversed(papers)):
        when = timezone.now() + timedelta(seconds=number)
        Mark.objects.update_or_create(visitor=visitor, paper=paper, defaults={"starred": when})


def tagged(visitor: Visitor, name: str, *papers: Paper) -> Tag:
    tag, _made = Tag.objects.get_or_create(visitor=visitor, name=name)
    Tagged.objects.bulk_create(Tagged(tag=tag, paper=paper) for paper in papers)
    return tag


def listed(visitor: Visitor, name: str, *papers: Paper) -> ReadingList:
    made = ReadingList.objects.create(visitor=visitor, name=name)
    ListEntry.objects.bulk_create(ListEntry(reading_list=made, paper=paper) for paper in papers)
    return made


def ids(*papers: Paper) -> list[str]:
    return [paper.arxiv_id for paper in papers]


def test_all_that_a_reader_keeps_is_in_her_library(reader: Client, visitor: Visitor) -> None:
    starred, tag_only, list_only, note_only, strange, gone = PaperFactory.create_batch(6)
    star(visitor, starred, gone)
    Paper.objects.filter(pk=gone.pk).update(removed=True)
    tagged(visitor, "later", tag_only)
    listed(visitor, "group", list_only)
    Note.objects.create(visitor=visitor, paper=note_only, text="mine")
    other = make_reader("ben@example.org").visitor
    star(other, strange)
    tagged(other, "later", strange)
    assert set(shown(page_of(reader, "/library"))) == set(ids(starred, tag_only, list_only, note_only))
    assert shown(page_of(reader, "/library?tag=later")) == ids(tag_only)
    assert shown(page_of(reader, f"/library?list={ReadingList.objects.get().pk}")) == ids(list_only)
    assert shown(page_of(reader, "/library?has=note")) == ids(note_only)
    assert shown(page_of(reader, "/library?has=star")) == ids(starred)


def test_filters_join_are_shown_as_chips_and_can_be_taken_away(reader: Client, visitor: Visitor) -> None:
    first = PaperFactory.create(categories=["cs.LG"])
    second = PaperFactory.create(categories=["cs.LG", "stat.ML"])
    third = PaperFactory.create(categories=["math.CO"])
    star(visitor, first, second, third)
    tagged(visitor, "a b", second, third)
    page = page_of(reader, "/library?cat=cs.LG&tag=a+b&year=2025")
    assert shown(page) == ids(second)
    chips = page.xpath("//ul[@class='chips']//a/@href")
    assert chips == ["/library?cat=cs.LG&year=2025", "/library?tag=a+b&year=2025", "/library?tag=a+b&cat=cs.LG"]
    assert "1 of 3 papers" in " ".join(page.text_content().split())
    assert shown(page_of(reader, "/library?year=2024")) == []


def test_orders(reader: Client, visitor: Visitor) -> None:
    b, a, c = (PaperFactory.create(title=title) for title in ("Beta", "$\\alpha$", "Éclair"))
    star(visitor, c, b, a)
    assert shown(page_of(reader, "/library")) == ids(c, b, a)
    assert shown(page_of(reader, "/library?sort=new")) == ids(c, a, b)
    assert shown(page_of(reader, "/library?sort=title"))[-2:] == ids(b, c)


def test_the_order_by_preference_goes_by_her_words(reader: Client, visitor: Visitor) -> None:
    tides = PaperFactory.create(title="Rotating tidal basins")
    graphs = PaperFactory.create(title="Colouring planar graphs")
    listed(visitor, "later", tides, graphs)
    assert "needs a star, or some words" in page_of(reader, "/library?sort=preference").text_content()
    visitors.set_words(visitor, "planar graphs")
    page = page_of(reader, "/library?sort=preference")
    assert shown(page) == ids(graphs, tides)
    assert "❤ By your words." in page.text_content()


def test_the_order_by_preference_learns_from_her_stars(reader: Client, visitor: Visitor) -> None:
    tides = PaperFactory.create(title="Rotating tidal basins", keywords=["tidal basin"])
    basins = PaperFactory.create(title="Tidal basins at rest", keywords=["tidal basin"])
    graphs = PaperFactory.create(title="Colouring planar graphs", keywords=["planar graph"])
    listed(visitor, "later", basins, graphs)
    star(visitor, tides)
    page = page_of(reader, "/library?sort=preference")
    assert shown(page) == ids(tides, basins, graphs)
    [told] = page.find_class("personal")
    assert "Learned from your 1 star. Because of: tidal basin" in " ".join(told.text_content().split())
    assert [found.text_content() for found in page.xpath("//p[contains(@class, 'because')]/b")] == ["tidal basin"] * 2


def test_what_makes_no_sense_is_told_and_another_readers_list_is_not_there(reader: Client, visitor: Visitor) -> None:
    paper = PaperFactory.create()
    star(visitor, paper)
    strange = listed(make_reader("ben@example.org").visitor, "secret plans", paper)
    for address in ("/library?sort=x", "/library?year=x", "/library?list=-1", "/library?has=x", "/library?page=x"):
        assert shown(page_of(reader, address, 400)) == ids(paper), address
    for kind in ("", "/bibtex", "/ris", "/csv"):
        response = reader.get(f"/library{kind}?list={strange.pk}")
        assert response.status_code == 404
        assert b"secret plans" not in response.content
        assert Client().get(f"/library{kind}?list={strange.pk}").status_code == 404
    assert reader.get("/library?page=9").status_code == 404
    assert reader.get("/library?q=%00&tag=%00").status_code == 200


def test_a_browser_without_account_has_its_stars_and_their_filters(client: Client) -> None:
    one, other = PaperFactory.create(categories=["cs.LG"]), PaperFactory.create(categories=["math.CO"])
    client.post("/marks", {"star": f"{one.arxiv_id},{other.arxiv_id}"})
    page = page_of(client, "/library?cat=math.CO")
    assert shown(page) == ids(other)
    assert not page.xpath("//nav[@class='ways-in']")
    for address in ("/library/history", "/library/words", "/library/import"):
        assert client.get(address).status_code == 302
        assert client.get(address, headers={"Sec-Fetch-Mode": "cors"}).status_code == 401


def test_paging_keeps_the_filters(reader: Client, visitor: Visitor) -> None:
    papers = PaperFactory.create_batch(30)
    star(visitor, *papers)
    page = page_of(reader, "/library?cat=cs.CL&sort=new")
    assert "?cat=cs.CL&sort=new&page=2" in page.xpath("//nav[@class='pages']//a/@href")
    assert len(shown(page_of(reader, "/library?cat=cs.CL&sort=new&page=2"))) == 5


def test_words_are_looked_for_in_texts_authors_notes_and_tags(
    reader: Client, visitor: Visitor, engine: base.Engine, encoder: Any
) -> None:
    texts = PaperFactory.create(title="Shallow water models", authors=["Zoë Quark"])
    noted = PaperFactory.create(title="On graphs")
    under = PaperFactory.create(title="On groups")
    unkept = PaperFactory.create(title="Shallow water again")
    star(visitor, texts, noted, under)
    Note.objects.create(visitor=visitor, paper=noted, text="The **lighthouses** of Ebb & Flow, see <b>table</b> 3")
    tagged(visitor, "thesis-chapter", under)
    strange = make_reader("ben@example.org").visitor
    Note.objects.create(visitor=strange, paper=texts, text="zebra")
    tagged(strange, "zebra", under)
    assert index_pending() == 4

    def found(query: str) -> set[str]:
        return set(shown(page_of(reader, f"/library?q={query}")))

    assert found("shallow+water") == {texts.arxiv_id}
    assert unkept.arxiv_id not in found("water")
    assert found("quark") == found("author:quark") == {texts.arxiv_id}
    assert found("lighthouse") == {noted.arxiv_id}
    assert found("lighthouse+graph") == {noted.arxiv_id}  # one word in the note, one in the title
    assert found("%22ebb+flow%22") == {noted.arxiv_id}
    assert found("%22flow+ebb%22") == set()
    assert found("thesis") == {under.arxiv_id}
    assert found("-thesis+tides") == {texts.arxiv_id, noted.arxiv_id}
    assert found("lighthouse+OR+thesis+OR+shallow") == set(ids(texts, noted, under))
    assert found("title:lighthouse") == set()
    assert found("zebra") == set()
    assert found(noted.arxiv_id) == {noted.arxiv_id}
    assert found("lighthouse&tag=thesis-chapter") == set()


def test_a_long_query_is_bounded_and_says_so(
    reader: Client, visitor: Visitor, engine: base.Engine, encoder: Any
) -> None:
    paper = PaperFactory.create()
    star(visitor, paper)
    words = [f"word{'abcdefghijklmnopqrst'[number]}" for number in range(20)]
    Note.objects.create(visitor=visitor, paper=paper, text=" ".join(words))
    index_pending()
    page = page_of(reader, "/library?q=" + "+".join(words))
    assert shown(page) == ids(paper)
    assert "only its first parts" in page.text_content()


def test_without_the_search_the_papers_are_shown_and_the_page_says_so(
    reader: Client, visitor: Visitor, engine: base.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = PaperFactory.create()
    star(visitor, paper)
    index_pending()

    def away(*_: Any) -> Any:
        raise base.EngineAwayError("gone fishing")

    monkeypatch.setattr(type(engine), "lexical", away)
    page = page_of(reader, "/library?q=tides", 503)
    assert shown(page) == ids(paper)
    assert "does not answer" in page.text_content()
    assert reader.get("/library/csv?q=tides").status_code == 503


def test_the_number_of_queries_does_not_depend_on_how_much_is_kept(
    reader: Client, visitor: Visitor, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    counts = []
    for number in (2, 40):
        papers = PaperFactory.create_batch(number)
        star(visitor, *papers)
        for place, paper in enumerate(papers):
            tagged(visitor, f"tag {place}", paper)
            listed(visitor, f"list {number} {place}", paper)
            Note.objects.create(visitor=visitor, paper=paper, text="x")
        with django_assert_max_num_queries(30) as queries:
            reader.get("/library")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def content(response: Any) -> str:
    assert response.status_code == 200
    return b"".join(response.streaming_content).decode()


def test_files_hold_the_whole_selection_with_tags_and_with_notes_where_asked(
    reader: Client, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "CHUNK", 7)
    papers = PaperFactory.create_batch(30)
    star(visitor, *papers)
    tagged(visitor, "deep, tides {", papers[0])
    Note.objects.create(visitor=visitor, paper=papers[0], text="see % & {open}\n@misc{evil, title={x}}")
    entries = parse_string(text := content(reader.get("/library/bibtex?notes=1"))).entries
    assert [entry.fields_dict["eprint"].value for entry in entries] == ids(*papers)
    assert len({entry.key for entry in entries}) == 30  # though all have one author and year
    assert text.count("annote") == 1
    assert "annote" not in content(reader.get("/library/bibtex"))
    assert content(reader.get("/library/ris")).count("\r\nER  - ") == 30
    assert "KW  - deep, tides {" in content(reader.get("/library/ris?tag=deep,+tides+{"))
    rows = list(csv.DictReader(io.StringIO(content(reader.get("/library/csv?notes=1")).removeprefix("\ufeff"))))
    assert [row["id"] for row in rows] == ids(*papers)
    assert (rows[0]["tags"], rows[0]["note"].splitlines()[0]) == ("deep, tides {", "see % & {open}")
    response = reader.get("/library/csv")
    assert response.streaming
    assert "private" in response.headers["Cache-Control"]
    assert Client().get("/library/csv").status_code == 404
    assert reader.get("/library/csv?tag=none").status_code == 404


def test_no_cell_of_a_file_is_a_formula(reader: Client, visitor: Visitor) -> None:
    paper = PaperFactory.create()
    star(visitor, paper)
    tagged(visitor, '=HYPERLINK("http://evil")', paper)
    Note.objects.create(visitor=visitor, paper=paper, text="@SUM(1)")
    [row] = csv.DictReader(io.StringIO(content(reader.get("/library/csv?notes=1")).removeprefix("\ufeff")))
    assert (row["tags"][0], row["note"][0]) == ("'", "'")


def test_a_file_takes_as_many_queries_for_each_chunk(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Callable[..., Any]
) -> None:
    monkeypatch.setattr(exporting, "CHUNK", 10)
    papers = PaperFactory.create_batch(20)
    keys = [paper.pk for paper in papers]
    with django_assert_num_queries(2 * 3):
        "".join(exporting.written("csv", keys, exporting.own(visitor, notes=True)))
    with django_assert_num_queries(2 * 4):
        "".join(exporting.written("bibtex", keys, exporting.own(visitor, notes=True)))


def test_only_the_last_stars_are_shown_of_too_many(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    papers = PaperFactory.create_batch(4)
    star(visitor, *papers)
    monkeypatch.setattr(shelf, "MOST", 3)
    assert set(shelf.holdings(visitor)) == {paper.pk for paper in papers[:3]}


def test_every_form_of_a_word_is_found_in_a_note(
    reader: Client, visitor: Visitor, engine: base.Engine, encoder: Any
) -> None:
    forms = ["dying suns", "He LIES", "happiness", "relational", "Schrödinger’s cats", "skies_above", "re-hoping"]
    papers = PaperFactory.create_batch(len(forms))
    star(visitor, *papers)
    for paper, text in zip(papers, forms, strict=True):
        Note.objects.create(visitor=visitor, paper=paper, text=text)
    index_pending()
    asked = ["die", "lying", "happy", "relate", "schrodinger", "sky", "hope"]
    for word, paper in zip(asked, papers, strict=True):
        assert shown(page_of(reader, f"/library?q={word}")) == ids(paper), word
    assert shown(page_of(reader, "/library?q=%22schrodinger+s+cats%22")) == ids(papers[4])
    assert shown(page_of(reader, "/library?q=ki")) == []

"""An author's papers: which spellings are one author's, and the page that gathers them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from papers.ingest import mark_for_index
from papers.models import Paper
from papers.templatetags.citation_tags import author_address
from search.author_names import compatible, form_of, same
from search.authors import AuthorPapers, more_by, near_names, papers_of
from search.encoder import Encoder, text_hash, text_of
from search.engines.base import Engine, EngineError
from search.indexing import index_pending
from search.vectors import store
from tests.papers.factories import FIRST_DAY, PaperFactory
from tests.papers.pages import page_of, shown


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Yang Song", "Y. Song"),
        ("Yang Song", "Song, Yang"),
        ("Yang Song", "SONG Yang"),
        ("Yang Song", "Song Y"),
        ("Yang Song", "Yang L. Song"),
        ("Fei-Fei Li", "Li Fei-Fei"),
        ("Fei-Fei Li", "Feifei Li"),
        ("Fei-Fei Li", "Fei Fei Li"),
        ("Fei-Fei Li", "F.-F. Li"),
        ("Xiaoming Zhang", "Zhang Xiaoming"),
        ("Erwin Schrödinger", 'E. Schr\\"odinger'),
        ("Erwin Schrödinger", "Erwin Schroedinger"),
        ("Laurens van der Maaten", "L. Van Der Maaten"),
        ("Laurens van der Maaten", "Laurens Vandermaaten"),
        ("Jean-Pierre Serre", "J. P. Serre"),
        ("Jean-Pierre Serre", "JP Serre"),
        ("Hal Daumé III", "H. Daume"),
        ("Conor O'Brien", "Conor OBrien"),
        ("Hector Garcia-Molina", "H. Garcia-Molina"),
        ("for the ATLAS Collaboration", "The ATLAS collaboration"),
        ("Curtis G. Callan", "Jr. Callan Curtis G."),
    ],
)
def test_two_spellings_can_be_one_authors(one: str, other: str) -> None:
    assert compatible(form_of(one), form_of(other))
    assert compatible(form_of(other), form_of(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Yang Song", "Yue Song"),
        ("Yang Song", "Song Yang"),  # either may be the family
        ("John A. Smith", "John B. Smith"),
        ("Fei-Fei Li", "Fei Li"),
        ("Fei-Fei Li", "F. K. Li"),
        ("Xu Li", "Xue Li"),
        ("Lee Spector", "Spector Lee"),
        ("Jan van der Berg", "Jan Berg"),
        ("Song", "Yang Song"),
        ("ATLAS Collaboration", "CMS Collaboration"),
    ],
)
def test_two_spellings_are_two_authors(one: str, other: str) -> None:
    assert not compatible(form_of(one), form_of(other))
    assert not compatible(form_of(other), form_of(one))


def test_the_same_name_is_more_than_a_compatible_one() -> None:
    assert same(form_of("Li Fei-Fei"), form_of("Feifei Li"))
    assert not same(form_of("F. Li"), form_of("Feifei Li"))


@pytest.fixture
def shelf(db: None, engine: Engine, encoder: Encoder) -> Any:
    """Puts papers by given authors into database and index, the later ones a day newer."""

    def fill(*lists: Sequence[str], category: str = "cs.CL") -> list[Paper]:
        start = Paper.objects.count()
        papers = [
            PaperFactory.create(
                authors=list(authors), categories=[category], published=FIRST_DAY + timedelta(days=start + number)
            )
            for number, authors in enumerate(lists)
        ]
        mark_for_index([each.pk for each in papers])
        unit = np.eye(1, 384, dtype=np.float32).repeat(len(papers), 0)
        hashes = [text_hash(text_of(each.title, each.abstract)) for each in papers]
        store(encoder.name, [each.pk for each in papers], hashes, unit)
        assert index_pending() == len(papers)
        return papers

    return fill


def spellings(found: AuthorPapers) -> dict[str, int]:
    return {each.name: each.count for each in found.spellings}


def others(found: AuthorPapers) -> dict[str, int]:
    return {each.name: each.count for each in found.others}


def test_spellings_are_gathered_newest_paper_first(shelf: Any) -> None:
    papers = shelf(
        ["Erwin Schrödinger"],
        ["Ada Moon", "E. Schroedinger"],
        ['Schr\\"odinger, Erwin'],
        ["Erwin Moon", "Ada Schrödinger"],
    )
    found = papers_of("erwin schrodinger")
    assert found.ids == [papers[2].pk, papers[1].pk, papers[0].pk]
    assert found.total == 3
    assert found.name == "Erwin Schrödinger"
    assert len(found.spellings) == 3
    assert [each.name for each in found.coauthors] == ["Ada Moon"]
    assert found.categories == [("cs.CL", 3)]


def test_an_initial_that_fits_two_people_stands_aside_unless_a_co_author_tells(shelf: Any) -> None:
    shelf(["Yang Song", "Stefano Ermon"], ["Yue Song"], ["Y. Song", "Stefano Ermon"], ["Y. Song", "Nobody Known"])
    found = papers_of("Yang Song")
    assert spellings(found) == {"Yang Song": 1, "Y. Song": 1}
    assert others(found) == {"Y. Song": 1}
    assert papers_of("Yang Song", also=["Y. Song"]).total == 3
    assert papers_of("Yang Song", leave=["Y. Song"]).total == 1


def test_an_initial_that_fits_one_person_is_hers(shelf: Any) -> None:
    shelf(["Yang Song"], ["Y. Song"])
    assert spellings(papers_of("Yang Song")) == {"Yang Song": 1, "Y. Song": 1}
    assert spellings(papers_of("Y. Song")) == {"Yang Song": 1, "Y. Song": 1}


def test_an_initial_in_another_field_stands_aside(shelf: Any) -> None:
    shelf(["Dylan Stark"])
    shelf(["D. J. Stark"], category="hep-ex")
    assert spellings(papers_of("Dylan Stark")) == {"Dylan Stark": 1}
    assert others(papers_of("Dylan Stark")) == {"D. J. Stark": 1}


def test_middle_names_that_contradict_each_other_are_not_gathered(shelf: Any) -> None:
    shelf(["John Smith"], ["John A. Smith"], ["John B. Smith"], ["John Maynard Smith"])
    found = papers_of("John Smith")
    assert spellings(found) == {"John Smith": 1}
    assert others(found) == {"John A. Smith": 1, "John B. Smith": 1, "John Maynard Smith": 1}


def test_an_unknown_name_finds_nothing_but_names_like_it(shelf: Any) -> None:
    shelf(["Yann LeCun"], ["Ada Moon"])
    assert papers_of("Yann Lecum").total == 0
    assert near_names("Yann Lecum") == ["Yann LeCun"]
    assert near_names("…") == []


def test_the_page_shows_papers_spellings_and_co_authors(client: Client, shelf: Any) -> None:
    papers = shelf(["Yang Song", "Ada Moon"], ["Song, Yang", "Ada Moon"], ["Yue Song"], ["Y. Song"])
    page = page_of(client, "/author/Yang+Song")
    assert shown(page) == [papers[1].arxiv_id, papers[0].arxiv_id]
    assert page.xpath("string(//h1)") == "Yang Song"
    assert page.xpath("//link[@rel='canonical']/@href") == ["http://testserver/author/Yang+Song"]
    assert "/author/Ada+Moon" in page.xpath("//aside//a/@href")
    [without] = [each for each in page.xpath("//aside//a/@href") if "not=Song" in each]
    assert shown(page_of(client, without)) == [papers[0].arxiv_id]
    [taken] = [each for each in page.xpath("//aside//a/@href") if "also=" in each]
    assert len(shown(page_of(client, taken))) == 3
    assert "stand aside" in page.text_content()
    assert "may be several people" not in page.text_content()
    assert "“Y. Song” may be several people" in page_of(client, "/author/Y.+Song").text_content()


def test_the_page_goes_on_and_ends(client: Client, shelf: Any) -> None:
    shelf(*[["Ada Moon"]] * 27)
    assert len(shown(page_of(client, "/author/Ada+Moon"))) == 25
    assert len(shown(page_of(client, "/author/Ada+Moon?page=2"))) == 2
    page_of(client, "/author/Ada+Moon?page=3", 404)


@pytest.mark.parametrize("written", ["Yang%20Song", "Song,%20Yang", "Song,+Yang"])
def test_a_name_has_one_address(client: Client, db: None, written: str) -> None:
    response = client.get(f"/author/{written}?page=2")
    assert response.status_code == 301
    assert response["Location"] == "/author/Yang+Song?page=2"


@pytest.mark.parametrize("name", ["123", "x" * 201, "+++"])
def test_what_can_be_no_name_is_not_found(client: Client, db: None, name: str) -> None:
    assert client.get(f"/author/{name}").status_code == 404


def test_an_unknown_author_is_told_of_names_like_it(client: Client, shelf: Any) -> None:
    shelf(["Yann LeCun"])
    page = page_of(client, "/author/Yann+Lecum", 404)
    assert page.xpath("//main//ul//a/@href") == ["/author/Yann+LeCun"]


def test_feed_and_files_hold_the_authors_papers(client: Client, shelf: Any) -> None:
    shelf(["Ada Moon"], ["A. Moon"], ["Ben Shore"])
    assert client.get("/author/Ada+Moon/feed").content.count(b"<entry>") == 2
    assert client.get("/author/Ada+Moon/feed?not=A.+Moon").content.count(b"<entry>") == 1
    assert client.get("/author/Ada+Moon/bibtex").content.count(b"@misc") == 2
    assert client.get("/author/Ada+Moon/ris").content.count(b"TY  - ") == 2
    assert client.get("/author/Nobody+Here/bibtex").status_code == 404
    assert client.get("/author/Nobody+Here/feed").status_code == 404


def test_the_page_says_when_the_engine_is_away(client: Client, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise EngineError("down")

    monkeypatch.setattr("search.authors.in_one_index", away)
    assert client.get("/author/Ada+Moon")["Retry-After"] == "30"
    assert client.get("/author/Ada+Moon/bibtex").status_code == 503
    assert client.get("/author/Ada+Moon/feed").status_code == 503


def test_a_hostile_name_is_inert(client: Client, shelf: Any) -> None:
    name = '"><script>alert(1)<Moon'
    shelf([name])
    page = client.get(author_address(name)).content.decode()
    assert "<script>alert" not in page
    assert client.get("/author/%3Cscript%3Ealert(1)%3C").status_code in {301, 404}


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("Yang Song", "/author/Yang+Song"),
        ("Jan  van der Berg", "/author/Jan+van+der+Berg"),
        ("NA61/SHINE Collaboration", "/author/NA61+SHINE+Collaboration"),
        ("王小明", "/author/%E7%8E%8B%E5%B0%8F%E6%98%8E"),
        ("100%", "/search?q=au%3A%22100%25%22"),
    ],
)
def test_a_name_on_a_card_leads_to_its_page(name: str, address: str) -> None:
    assert author_address(name) == address


def test_more_by_asks_the_engine_once_an_author(shelf: Any, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third, *_others = shelf(
        ["Ada Moon", "Ben Shore"], ["A. Moon"], ["Ada K. Moon"], ["Ben Shore", "Ada Moon"], ["Moon, Ada"]
    )
    asked: list[object] = []
    lexical = type(engine).lexical

    def counted(*arguments: Any, **named: Any) -> Any:
        asked.append(arguments)
        return lexical(*arguments, **named)

    monkeypatch.setattr(type(engine), "lexical", counted)
    found = more_by(first, limit=1)
    assert [(name, count) for name, count, _ in found] == [("Ada Moon", 2), ("Ben Shore", 1)]
    assert len(asked) == 2
    assert [len(papers) for _, _, papers in found] == [1, 1]
    assert more_by(first, limit=1) == found
    assert len(asked) == 2
    assert more_by(second) == []
    assert [name for name, _, _ in more_by(third)] == ["Ada K. Moon"]


def test_authors_without_papers_elsewhere_are_left_out(shelf: Any) -> None:
    [alone] = shelf(["Ada Moon", "ATLAS Collaboration"])
    assert more_by(alone) == []
    alone.authors = []
    assert more_by(alone) == []
    assert reverse("author", args=["x"]) == "/author/x"
    assert alone.published > datetime(2025, 1, 1, tzinfo=UTC)

"""Facets, years and stars of a search on the sample shelf, with the real engine."""

from collections import Counter
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from lxml import html

from papers.models import Paper, SavedSearch, Tally
from search.engines.base import EngineError
from search.facets import Value, facets_of, with_years
from search.query import parse
from search.service import search

pytestmark = pytest.mark.django_db


def query_of(address: str) -> str:
    return parse_qs(urlsplit(address).query)["q"][0]


def total(text: str) -> int:
    return search(parse(text)).total


def test_each_value_leads_to_as_many_papers_as_it_counts(shelf_site: list[Paper]) -> None:
    facets = facets_of(parse("learning"))
    assert facets is not None
    chosen = [facets.categories[0], facets.authors[0], *facets.categories[:3]]
    for value in chosen:
        assert total(query_of(value.address)) == value.papers, value
    bars = [bar for bar in facets.years if bar.papers]
    assert sum(bar.papers for bar in bars) == total("learning")
    for bar in bars[:4]:
        assert query_of(bar.address) == f"learning date:{bar.year}"
        assert total(query_of(bar.address)) == bar.papers
    assert max(bar.height for bar in bars) == 100
    assert [bar.year for bar in facets.years] == list(range(bars[0].year, bars[-1].year + 1))
    phrase = facets.keyphrases[0]
    assert phrase.papers >= 2
    assert total(query_of(phrase.address)) >= phrase.papers  # free words: papers that write it otherwise as well


def test_what_is_chosen_comes_first_and_can_be_taken_away(shelf_site: list[Paper]) -> None:
    facets = facets_of(parse("learning cat:cs.LG"))
    assert facets is not None
    first = facets.categories[0]
    assert (first.text, first.active, query_of(first.address)) == ("cs.LG", True, "learning")
    assert not any(value.active for value in facets.categories[1:])


def test_years_are_counted_beyond_the_range_that_is_chosen(shelf_site: list[Paper]) -> None:
    open_ended, ranged = facets_of(parse("learning")), facets_of(parse("learning date:2015..2017"))
    assert open_ended is not None
    assert ranged is not None
    assert [(bar.year, bar.papers) for bar in ranged.years] == [(bar.year, bar.papers) for bar in open_ended.years]
    assert {bar.year for bar in ranged.years if bar.inside} == {2015, 2016, 2017}
    assert (ranged.first, ranged.last, ranged.base) == (2015, 2017, "learning")
    assert query_of(ranged.every_year) == "learning"
    only_days = facets_of(parse("date:2015..2017"))
    assert only_days is not None
    assert sum(bar.papers for bar in only_days.years) == len(shelf_site)


def test_facets_are_those_of_the_corrected_query_and_of_the_papers(shelf_site: list[Paper]) -> None:
    counted = Counter(code for paper in shelf_site for code in paper.categories)
    facets = facets_of(parse("date:1990.."))
    assert facets is not None
    assert {value.text: value.papers for value in facets.categories}.items() <= counted.items()
    assert isinstance(facets.categories[0], Value)


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        ("2019", "2022", "tide date:2019..2022"),
        ("2022", "2019", "tide date:2019..2022"),
        ("2020", "2020", "tide date:2020"),
        ("2019", "", "tide date:2019.."),
        ("", "2019", "tide date:..2019"),
        ("", "", "tide"),
    ],
)
def test_years_of_the_form_take_the_place_of_days(client: Client, first: str, last: str, text: str) -> None:
    response = client.get("/search", {"q": "tide date:2024-03", "from": first, "to": last})
    assert response.status_code == 302
    assert query_of(response["Location"]) == text


@pytest.mark.parametrize(
    ("first", "last"), [("x", ""), ("20199", ""), ("1200", "2020"), ("²019", "2020"), ("-201", "")]
)
def test_what_are_no_years_is_said(first: str, last: str) -> None:
    notes: list[str] = []
    assert with_years(parse("tide"), first, last, notes) is None
    assert len(notes) == 1


def test_the_fragment_and_the_page_without_scripts(client: Client, shelf_site: list[Paper]) -> None:
    response = client.get("/search/facets", {"q": "learning"}, headers={"HX-Request": "true"})
    part = html.fromstring(response.content.decode())
    assert part.get("id") == "facets"
    assert not part.xpath("//@style")
    assert [heading.text for heading in part.xpath("//h2")] == ["Year", "Category", "Keyphrase", "Author"]
    bars = part.xpath("//*[local-name()='svg']//a/@href")
    listed = part.xpath("//details[summary='Papers by year']//a/@href")
    assert set(listed) <= set(bars)
    assert client.get("/search/facets", {"q": "learning"})["Location"] == "/search?q=learning&facets=1"
    page = html.fromstring(client.get("/search", {"q": "learning", "facets": "1"}).content.decode())
    assert page.xpath("//details[@class='narrow'][@open]//h2[.='Category']")


def test_facets_that_are_away_cost_nothing_else(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise EngineError("no index")

    monkeypatch.setattr("search.views.facets_of", fail)
    response = client.get("/search/facets", {"q": "learning"}, headers={"HX-Request": "true"})
    assert response.status_code == 200
    assert "cannot be counted just now" in response.content.decode()
    assert client.get("/search/facets", headers={"HX-Request": "true"}).status_code == 200


def test_the_most_starred_match_comes_first(shelf_site: list[Paper]) -> None:
    by_relevance = search(parse("learning"), size=100)
    starred = by_relevance.ids[7]
    stranger = next(paper.pk for paper in shelf_site if "learning" not in f"{paper.title} {paper.abstract}".lower())
    Tally.objects.create(paper_id=starred, stars=2)
    Tally.objects.create(paper_id=by_relevance.ids[3], stars=1)
    Tally.objects.create(paper_id=stranger, stars=9)
    found = search(parse("learning sort:stars"), size=100)
    assert found.ids[:2] == [starred, by_relevance.ids[3]]
    assert stranger not in found.ids
    assert (found.scores, found.reachable) == ([], found.total)
    newest = search(parse("date:1990.. sort:stars"), size=100)
    assert newest.ids[:3] == [stranger, starred, by_relevance.ids[3]]


def test_a_starred_paper_far_down_is_found(shelf_site: list[Paper], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search.starred.CANDIDATES", 3)
    last = search(parse("date:1990.. sort:old")).ids[0]
    Tally.objects.create(paper_id=last, stars=1)
    found = search(parse("date:1990.. sort:stars"))
    assert found.ids[0] == last
    assert (len(found.ids), found.reachable) == (3, 3)
    assert "the first 3 papers" in found.notes[-1]


def test_a_search_is_saved_listed_and_taken_back(client: Client, shelf_site: list[Paper]) -> None:
    form: dict[str, Any] = {"q": "learning  cat:cs.LG", "sort": "new", "next": "/search?q=learning"}
    response = client.post("/search/save", form)
    assert (response.status_code, response["Location"]) == (303, "/search?q=learning")
    client.post("/search/save", form)
    assert SavedSearch.objects.count() == 1
    address = "/search?q=learning++cat%3Acs.LG&sort=new"
    page = html.fromstring(client.get(address).content.decode())
    assert page.xpath("//form[@id='save']//input[@name='do']/@value") == ["forget"]
    button = client.post("/search/save", {**form, "do": "forget"}, headers={"HX-Target": "save"})
    assert "this search" in button.content.decode()
    assert not SavedSearch.objects.exists()


def test_saved_searches_are_one_browsers_own_and_bounded(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.saved.MOST", 2)
    statuses = [client.post("/search/save", {"q": f"tide {number}"}).status_code for number in range(3)]
    assert statuses == [303, 303, 409]
    assert client.post("/search/save", {"q": "tide 1"}).status_code == 303  # is there already
    Client().post("/search/save", {"q": "tide 0", "do": "forget"})
    assert SavedSearch.objects.count() == 2
    assert client.post("/search/save", {"q": "()"}).status_code == 400
    away = client.post("/search/save", {"q": "tide 0", "next": "https://elsewhere.example/"})
    assert away["Location"] == "/search?q=tide+0"


def test_saving_asks_for_the_forms_token(db: None) -> None:
    assert Client(enforce_csrf_checks=True).post("/search/save", {"q": "tide"}).status_code == 403

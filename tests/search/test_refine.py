"""Ways on from a search, and what the page of results shows of them."""

import pytest
from django.test import Client

from papers.models import Paper
from search.query import parse
from search.refine import FEW, narrower, wider
from search.service import search

pytestmark = pytest.mark.django_db


def test_narrower_searches_are_about_what_the_results_share(shelf_site: list[Paper]) -> None:
    query = parse("learning")
    found = search(query)
    steps = narrower(query, found.best)
    assert steps
    for step in steps:
        assert step.query == f"learning {step.text}"
        assert step.text.lower() != "learning"
        assert sum(step.text in paper.keywords for paper in Paper.objects.filter(pk__in=found.best)) >= 2
        assert 0 < step.papers == search(parse(step.query)).total <= found.total


def test_without_papers_or_words_there_is_nothing_to_narrow(shelf_site: list[Paper]) -> None:
    assert narrower(parse("learning"), []) == []
    assert narrower(parse(""), [1]) == []


def test_wider_searches_leave_one_part_out_and_find_more(shelf_site: list[Paper]) -> None:
    query = parse("attention translation cat:cs.CL date:2017")
    total = search(query).total
    steps = wider(query)
    assert steps
    for step in steps:
        assert step.text not in step.query
        assert step.papers == search(parse(step.query)).total > total
    counts = [step.papers or 0 for step in steps]
    assert counts == sorted(counts, reverse=True)


def test_a_search_whose_words_no_paper_holds_together_is_widened(shelf_site: list[Paper]) -> None:
    steps = wider(parse("attention graphene"))
    assert {step.text for step in steps} == {"attention", "graphene"}


def test_a_search_that_finds_enough_or_has_one_part_is_not_widened(shelf_site: list[Paper]) -> None:
    assert search(parse("cat:cs.* date:2000..")).total >= FEW
    assert wider(parse("cat:cs.* date:2000..")) == []
    assert wider(parse("attention")) == []


def test_the_page_shows_what_was_searched_instead_and_the_way_back(shelf_site: list[Paper], client: Client) -> None:
    page = client.get("/search", {"q": "trnaslation sort:new"}).content.decode()
    assert "Showing results for" in page
    assert "q=trnaslation+sort%3Anew&amp;verbatim=1" in page
    page = client.get("/search", {"q": "trnaslation sort:new", "verbatim": "1"}).content.decode()
    assert "Showing results for" not in page


def test_a_step_is_joined_to_what_was_read_not_to_what_was_typed(shelf_site: list[Paper]) -> None:
    for typed in ("learning NOT", "learning title:", "learning OR", 'learning "', "learning sort:"):
        query = parse(typed)
        for step in narrower(query, search(parse("learning")).best):
            assert search(parse(step.query)).total == step.papers
            assert "NOT" not in step.query
            assert "title:" not in step.query


def test_the_feed_is_of_what_was_searched(shelf_site: list[Paper], client: Client) -> None:
    page = client.get("/search", {"q": "trnaslation sort:new"}).content.decode()
    assert "/search/feed?q=translation&amp;sort=new" in page
    page = client.get("/search", {"q": "trnaslation", "verbatim": "0"}).content.decode()
    assert "/search/feed?q=translation" in page


def test_keywords_of_a_long_query_can_be_left_out_and_taken_back(shelf_site: list[Paper], client: Client) -> None:
    paper = max(shelf_site, key=lambda paper: len(paper.abstract))
    text = f"{paper.plain_title} {paper.plain_abstract}"[:1500]
    found = search(parse(text))
    assert found.reading is not None
    word = found.reading.keywords[0]
    page = client.get("/search", {"q": text}).content.decode()
    assert f"without={word}" in page
    less = client.get("/search", {"q": text, "without": word}).content.decode()
    assert "Take back" in less
    assert search(parse(text), without=[word]).ids[0] == paper.pk


def test_the_api_matches_by_words_alone_where_that_is_asked_for(shelf_site: list[Paper], client: Client) -> None:
    asked = {"q": "attention graphs", "size": "100"}
    words = client.get("/api/v1/search", asked | {"meaning": "false"}).json()
    both = client.get("/api/v1/search", asked).json()
    assert (words["by_meaning"], both["by_meaning"]) == (False, True)
    assert words["notes"] == []
    assert 0 < len(words["items"]) < len(both["items"])
    texts = [f"{item['title']} {item['abstract']} {item['keywords']}".lower() for item in words["items"]]
    assert all("attention" in text or "attend" in text or "graph" in text for text in texts)
    first = client.get("/api/v1/search", asked | {"size": "2", "meaning": "false"}).json()
    more = client.get("/api/v1/search", asked | {"cursor": first["next"], "meaning": "false"}).json()
    assert [each["id"] for each in first["items"] + more["items"]] == [each["id"] for each in words["items"][:4]]
    assert client.get("/api/v1/search", asked | {"cursor": first["next"]}).status_code == 400


def test_the_api_says_what_was_searched(shelf_site: list[Paper], client: Client) -> None:
    found = client.get("/api/v1/search", {"q": "trnaslation"}).json()
    assert found["asked"] == "translation"
    assert found["total"] > 0
    verbatim = client.get("/api/v1/search", {"q": "trnaslation", "verbatim": "true"}).json()
    assert verbatim["asked"] is None
    assert verbatim["total"] == 0
    assert client.get("/api/v1/search", {"q": "translation"}).json()["asked"] is None

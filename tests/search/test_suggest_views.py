"""What browsers are told to complete a search of the site."""

import json

import pytest
from django.test import Client
from lxml import etree

from papers.models import Paper
from search.engines import get_engine
from search.engines.base import Engine, EngineAwayError
from tests.search.suggestible import make_library

pytestmark = pytest.mark.django_db
NAMES = {"o": "http://a9.com/-/spec/opensearch/1.1/"}


@pytest.fixture
def library(engine: Engine) -> list[Paper]:
    return make_library(engine)


def ask(client: Client, typed: str) -> list[list[str]]:
    """The four parts of an answer, the query checked."""
    response = client.get("/search/suggest", {"q": typed})
    assert response.status_code == 200
    assert response["Content-Type"] == "application/x-suggestions+json"
    assert response["Cache-Control"] == "public, max-age=60"
    query, *lists = json.loads(response.content)
    found: list[list[str]] = lists
    assert query == typed
    assert len(lists) == 3
    assert len({len(each) for each in found}) == 1
    return found


def test_suggestions_in_the_form_of_opensearch(library: list[Paper], client: Client) -> None:
    queries, descriptions, addresses = ask(client, "ann smi")
    assert queries == ['author:"Ann Smith"']
    assert descriptions == ["Author: Ann Smith"]
    assert addresses == ["http://testserver/search?q=author%3A%22Ann+Smith%22"]
    assert "Paper: Attention is all you need" in ask(client, "attention is")[1]
    assert "http://testserver/arxiv/2401.00000" in ask(client, "attention is")[2]


@pytest.mark.parametrize("typed", ["", "zzzz", "<script>", '"', "\x00", "x" * 5000])
def test_nothing_to_suggest_is_an_empty_answer(library: list[Paper], client: Client, typed: str) -> None:
    assert ask(client, typed) == [[], [], []]


def test_an_engine_that_is_away_is_no_error(
    library: list[Paper], client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: object) -> None:
        raise EngineAwayError("refused")

    monkeypatch.setattr(get_engine(), "starting", away)
    assert ask(client, "smith") == [[], [], []]


def test_without_a_query_nothing_is_suggested(client: Client) -> None:
    assert json.loads(client.get("/search/suggest").content) == ["", [], [], []]
    assert client.post("/search/suggest").status_code == 405


def test_the_description_leads_to_addresses_that_answer(library: list[Paper], client: Client) -> None:
    response = client.get("/opensearch.xml", HTTP_HOST="localhost")
    assert response["Content-Type"] == "application/opensearchdescription+xml"
    root = etree.fromstring(response.content)
    assert 0 < len(root.findtext("o:ShortName", namespaces=NAMES) or "") <= 16
    assert (root.findtext("o:Image", namespaces=NAMES) or "").startswith("http://localhost/static/")
    found = {each.get("type"): each.get("template") or "" for each in root.findall("o:Url", NAMES)}
    assert found.keys() == {
        "text/html",
        "application/x-suggestions+json",
        "application/atom+xml",
        "application/opensearchdescription+xml",
    }
    assert all(address.startswith("http://localhost/") for address in found.values())
    suggestions = found["application/x-suggestions+json"].replace("{searchTerms}", "ann+smi")
    assert json.loads(client.get(suggestions).content)[1] == ['author:"Ann Smith"']
    assert found["text/html"] == "http://localhost/search?q={searchTerms}"
    assert client.get(found["application/opensearchdescription+xml"]).content


def test_every_page_names_the_description(client: Client) -> None:
    page = client.get("/help").content.decode()
    assert 'rel="search" type="application/opensearchdescription+xml" title="Papertide" href="/opensearch.xml"' in page
    assert 'data-suggest="/api/v1/suggest"' in page

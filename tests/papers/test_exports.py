"""Addresses that give papers as files: BibTeX, RIS and CSV of papers, lists and searches."""

import csv
import io
from typing import Any

import pybtex.database
import pytest
import rispy
from django.test import Client
from django.urls import reverse

from papers.models import Paper
from papers.views import exports
from search import service
from search.engines.base import EngineError
from search.query import parse
from tests.papers.factories import day_list
from tests.papers.pages import paper


def file_of(client: Client, address: str, status: int = 200) -> Any:
    response = client.get(address)
    assert response.status_code == status, address
    return response


def eprints(response: Any) -> list[str]:
    entries = pybtex.database.parse_string(response.content.decode(), "bibtex").entries
    return [entry.fields["eprint"] for entry in entries.values()]


@pytest.mark.django_db
def test_one_paper_is_a_file_of_its_own_name(client: Client) -> None:
    paper("hep-th/9108020", "hep-th")
    response = file_of(client, reverse("paper-bibtex", args=["hep-th/9108020"]))
    assert response["Content-Type"] == "application/x-bibtex; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="arxiv-hep-th-9108020.bib"'
    assert eprints(response) == ["hep-th/9108020"]
    response = file_of(client, "/arxiv/hep-th/9108020v2/ris")
    assert response["Content-Type"].startswith("application/x-research-info-systems")
    [found] = rispy.loads(response.content.decode())
    assert found["accession_number"] == "arXiv:hep-th/9108020"


@pytest.mark.django_db
def test_a_paper_that_is_not_here_or_was_removed_is_no_file(client: Client) -> None:
    paper("2511.00001", removed=True)
    assert b"removed" in file_of(client, "/arxiv/2511.00001/bibtex", 410).content
    response = file_of(client, "/arxiv/2511.00002/ris", 404)
    assert response["Content-Type"].startswith("text/plain")


@pytest.mark.django_db
def test_several_papers_come_in_the_order_of_the_address_and_missing_ones_are_told(client: Client) -> None:
    paper("2511.00001")
    paper("2511.00002")
    response = file_of(client, "/arxiv/2511.00002,2511.00009,2511.00001/bibtex")
    assert eprints(response) == ["2511.00002", "2511.00001"]
    assert response.content.startswith(b"% Not here: 2511.00009.")
    file_of(client, "/arxiv/2511.00007,2511.00008/bibtex", 404)


@pytest.mark.django_db
def test_a_list_is_exported_with_its_days(client: Client) -> None:
    paper("2511.00001", "cs.CL", "2025-11-03")
    paper("2511.00002", "cs.CL", "2025-11-04")
    paper("2511.00003", "cs.CL cs.CY", "2025-11-05")
    paper("2511.00004", "math.AG", "2025-11-05")
    assert eprints(file_of(client, "/arxiv/cs.CL/bibtex")) == ["2511.00003", "2511.00002", "2511.00001"]
    assert eprints(file_of(client, "/arxiv/cs.CL-cs.CY/bibtex")) == ["2511.00002", "2511.00001"]
    response = file_of(client, "/arxiv/cs.CL/bibtex?from=2025-11-03&to=2025-11-04")
    assert eprints(response) == ["2511.00002", "2511.00001"]
    assert response["Content-Disposition"].endswith('"arxiv-cs.cl-2025-11-03-to-2025-11-04.bib"')
    assert eprints(file_of(client, reverse("home-bibtex"))) == ["2511.00004", "2511.00003"]
    assert eprints(file_of(client, "/bibtex?date=2025-11-03")) == ["2511.00001"]
    rows = list(csv.DictReader(io.StringIO(file_of(client, "/arxiv/cs.CL/csv").content.decode("utf-8-sig"))))
    assert [row["id"] for row in rows] == ["2511.00003", "2511.00002", "2511.00001"]


@pytest.mark.django_db
def test_an_announced_day_is_exported_as_it_was_announced(client: Client) -> None:
    new, crossed, replaced = paper("2511.00003"), paper("2511.00002", "cs.CV cs.CL"), paper("2511.00001")
    day_list("cs.CL", "2025-11-21", new=[new], cross=[crossed], replace=[replaced])
    assert eprints(file_of(client, "/arxiv/cs.CL/bibtex?date=2025-11-21")) == [
        "2511.00003",
        "2511.00002",
        "2511.00001",
    ]
    assert eprints(file_of(client, "/arxiv/cs.CL/bibtex?date=2025-11-21&without=cross,replace")) == ["2511.00003"]
    assert eprints(file_of(client, "/arxiv/cs.CL/bibtex?from=2025-11-20&to=2025-11-22&without=replace")) == [
        "2511.00003",
        "2511.00002",
    ]


@pytest.mark.django_db
def test_a_long_list_is_cut_and_says_so(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1, 5):
        paper(f"2511.{number:05}")
    monkeypatch.setattr(exports, "MOST", 3)
    response = file_of(client, "/arxiv/cs.CL/bibtex")
    assert len(eprints(response)) == 3
    assert response.content.startswith(b"% These are the first 3 papers; there are more.")
    notes = rispy.loads(file_of(client, "/arxiv/cs.CL/ris").content.decode())[0]["notes"]
    assert notes == ["These are the first 3 papers; there are more."]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/arxiv/no.PE/bibtex", 404),
        ("/arxiv/cs.CL/bibtex?date=yesterday", 400),
        ("/arxiv/cs.CL/ris?sort=loudness", 400),
        ("/search/bibtex", 400),
        ("/search/csv?q=", 400),
    ],
)
def test_what_cannot_be_read_gets_a_line_of_text(client: Client, address: str, status: int) -> None:
    response = file_of(client, address, status)
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert len(response.content.splitlines()) == 1


@pytest.mark.django_db
def test_an_unchanged_file_is_not_sent_again(client: Client) -> None:
    paper("2511.00001")
    first = file_of(client, "/arxiv/cs.CL/ris")
    again = client.get("/arxiv/cs.CL/ris", headers={"if-none-match": first["ETag"]})
    assert again.status_code == 304
    assert client.post("/arxiv/cs.CL/ris").status_code == 405


def test_a_search_exports_the_papers_that_hold_its_words(client: Client, shelf_site: list[Paper]) -> None:
    query = "graph"
    total = service.search(parse(query), page=1).total
    assert total > 1
    exported = eprints(file_of(client, f"/search/bibtex?q={query}"))
    assert len(exported) == total
    pages = range(1, 1 + -(-service.search(parse(query), page=1, size=100).reachable // 100))
    shown = [number for page in pages for number in service.search(parse(query), page=page, size=100).ids]
    known = Paper.objects.in_bulk(shown)
    assert exported == [each for each in (known[number].arxiv_id for number in shown) if each in set(exported)]


def test_a_search_is_exported_in_the_order_that_is_asked_for(client: Client, shelf_site: list[Paper]) -> None:
    newest = eprints(file_of(client, "/search/bibtex?q=graph&sort=new"))
    assert newest == [each.arxiv_id for each in shelf_site if each.arxiv_id in newest]
    assert eprints(file_of(client, "/search/bibtex?q=graph&sort=old"))[0] == newest[-1]
    response = file_of(client, "/search/ris?q=cat:cs.*")
    assert response["Content-Disposition"] == 'attachment; filename="search-cat-cs.ris"'


def test_a_search_for_ids_exports_these_papers(client: Client, shelf_site: list[Paper]) -> None:
    wanted = shelf_site[0].arxiv_id
    assert eprints(file_of(client, f"/search/bibtex?q={wanted}")) == [wanted]


@pytest.mark.django_db
def test_a_search_export_says_when_the_engine_is_away(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise EngineError("down")

    monkeypatch.setattr("search.exports.in_one_index", away)
    response = file_of(client, "/search/bibtex?q=tide", 503)
    assert response["Retry-After"] == "30"

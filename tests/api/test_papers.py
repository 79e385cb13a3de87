from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from papers.models import Paper
from tests.api.problem import assert_problem

Get = Callable[..., dict[str, Any]]


@pytest.fixture
def old_paper(db: None) -> Paper:
    return Paper.objects.create(
        arxiv_id="hep-th/9108020",
        version=2,
        title=r"On Schr\"odinger's $\psi$",
        abstract=r"We follow Poincar\'e.",
        authors=["J. Harvey", r"Ren\'e Thom"],
        categories=["hep-th", "math.DG"],
        published=datetime(1991, 8, 26, tzinfo=UTC),
        updated=datetime(1991, 9, 1, 12, 30, 5, tzinfo=UTC),
        doi="10.1007/BF02096766",
        keywords=["heterotic string"],
    )


def test_every_field_of_a_paper(get: Get, old_paper: Paper):
    assert get("papers/hep-th/9108020") == {
        "id": "hep-th/9108020",
        "version": 2,
        "title": r"On Schrödinger's $\psi$",
        "abstract": "We follow Poincaré.",
        "is_summary": False,
        "authors": ["J. Harvey", "René Thom"],
        "categories": ["hep-th", "math.DG"],
        "primary_category": "hep-th",
        "published": "1991-08-26T00:00:00Z",
        "updated": "1991-09-01T12:30:05Z",
        "doi": "10.1007/BF02096766",
        "journal_ref": None,
        "comment": None,
        "license": None,
        "report_number": None,
        "withdrawn": False,
        "keywords": ["heterotic string"],
        "url": "http://testserver/arxiv/hep-th/9108020",
        "arxiv_url": "https://arxiv.org/abs/hep-th/9108020",
        "pdf_url": "https://arxiv.org/pdf/hep-th/9108020",
    }


@pytest.mark.parametrize(
    "name",
    [
        "hep-th/9108020v2",
        "hep-th/9108020v1",
        "hep-th%2F9108020",
        "arXiv:hep-th/9108020",
        "HEP-TH/9108020",
        "https://arxiv.org/abs/hep-th/9108020v1",
    ],
)
def test_an_id_may_be_written_in_any_form(get: Get, old_paper: Paper, name: str):
    assert get(f"papers/{name}")["id"] == "hep-th/9108020"


def test_a_paper_of_which_little_is_known(get: Get, db: None):
    Paper.objects.create(arxiv_id="2401.00001", title="T", abstract="", published=datetime(2024, 1, 1, tzinfo=UTC))
    body = get("papers/2401.00001")
    assert (body["version"], body["updated"], body["primary_category"]) == (None, None, None)
    assert (body["authors"], body["categories"], body["keywords"]) == ([], [], [])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("2401.99999", "2401.99999 is not on this site"),
        ("hep-th/9108021", "hep-th/9108021 is not on this site"),
        ("nonsense", "no arXiv id"),
        ("hep-th/9108020/", "no arXiv id"),
        ("9999.99999v0", "no arXiv id"),
        ("%00", "no arXiv id"),
        ("..%2f..%2fetc", "no arXiv id"),
        ("2401.00001" * 10_000, "no arXiv id"),
    ],
)
@pytest.mark.parametrize("behind", ["", "/related", "/keywords"])
def test_unknown_papers(client: Client, name: str, words: str, behind: str):
    assert_problem(client.get(f"/api/v1/papers/{name}{behind}"), 404, words)


def test_keyphrases_of_a_paper(get: Get, shelf: list[Paper]):
    body = get("papers/hep-th/9108020/keywords")
    assert body["total"] == len(body["items"]) == 10
    assert body["next"] is None
    weights = [item["weight"] for item in body["items"]]
    assert weights == sorted(weights, reverse=True)
    assert all(1 <= len(item["text"].split()) <= 3 for item in body["items"])

"""Addresses that are put together are those that Django's `reverse` finds."""

import pytest
from django.urls import reverse, set_script_prefix

from papers import addresses


@pytest.fixture(params=["/", "/9912.99999-papers/"])
def prefix(request: pytest.FixtureRequest):
    """Where the site lives below its host; Django sets it anew at each request."""
    set_script_prefix(request.param)
    yield request.param
    set_script_prefix("/")


@pytest.mark.parametrize("arxiv_id", ["2401.00001", "hep-th/9108020", "math.GT/0309136"])
@pytest.mark.parametrize("view", ["paper", "related", "paper-bibtex", "keep"])
def test_the_address_of_a_paper(prefix: str, view: str, arxiv_id: str) -> None:
    assert addresses.of_paper(view, arxiv_id) == reverse(view, args=[arxiv_id])
    assert addresses.of_paper(view, arxiv_id).startswith(prefix)


@pytest.mark.parametrize("view", ["search", "marks"])
def test_the_address_of_a_view(prefix: str, view: str) -> None:
    assert addresses.of_view(view) == reverse(view)
    assert addresses.of_view(view).startswith(prefix)


def test_the_address_of_an_author(prefix: str) -> None:
    assert "Ada+Lovelace".join(addresses.around("author", "-")) == reverse("author", args=["Ada+Lovelace"])

from collections.abc import Callable
from typing import Any

from papers.categories import CATEGORIES
from papers.models import Paper

Get = Callable[..., dict[str, Any]]


def test_every_category_with_its_papers(get: Get, shelf: list[Paper]):
    body = get("categories")
    assert [item["code"] for item in body["items"]] == list(CATEGORIES)
    assert body["total"] == len(CATEGORIES)
    assert body["next"] is None
    counts = {item["code"]: item["papers"] for item in body["items"]}
    for code in ("cs.LG", "hep-th", "math.GT"):
        assert counts[code] == sum(code in paper.categories for paper in shelf)
    assert counts["cs.LG"] > 0
    assert {"code": "cs.CL", "name": "Computation and Language", "archive": "cs"}.items() <= next(
        item for item in body["items"] if item["code"] == "cs.CL"
    ).items()

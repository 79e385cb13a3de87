"""What every error of the API has to look like."""

from typing import Any


def assert_problem(response: Any, status: int, *words: str) -> None:
    """`response` is a problem document of this status whose detail holds `words`."""
    assert response.status_code == status, response.content[:300]
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body.keys() - {"errors"} == {"type", "title", "status", "detail", "instance"}
    assert body["status"] == status
    assert body["type"] == "about:blank"
    assert body["title"]
    assert body["instance"].startswith("/api/v1/")
    for word in words:
        assert word in body["detail"]

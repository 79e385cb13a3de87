"""What all answers have in common, errors above all."""

import json

import pytest
from django.test import Client

from tests.api.problem import assert_problem


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options"])
@pytest.mark.parametrize("address", ["nothing", "search/", "papers/", "a/b/c", "%00", "%0a", "%ff", "é"])
def test_unknown_addresses(client: Client, address: str, method: str):
    assert_problem(client.generic(method.upper(), f"/api/v1/{address}"), 404)


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize(
    "address",
    [
        "search",
        "papers",
        "papers/2401.00001",
        "papers/hep-th/9108020/related",
        "categories",
        "openapi.json",
        "docs",
    ],
)
def test_methods_that_are_not_taken(client: Client, address: str, method: str):
    strict = Client(enforce_csrf_checks=True)
    response = strict.generic(method.upper(), f"/api/v1/{address}")
    assert_problem(response, 405, "GET, HEAD")
    assert response["Allow"] == "GET, HEAD"


def test_scripts_of_other_origins_may_ask_conditionally_and_send_no_token(client: Client):
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"}
    response = client.options("/api/v1/search", headers=asked)
    assert (response.status_code, response.content) == (204, b"")
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Access-Control-Allow-Methods"] == "GET, HEAD"
    assert response["Access-Control-Allow-Headers"] == "If-None-Match"
    assert "Access-Control-Allow-Credentials" not in response


@pytest.mark.parametrize("address", ["keywords", "library/stars", "library/papers/2401.00001/star"])
def test_what_is_only_written_is_for_no_other_origin(client: Client, address: str):
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
    response = client.options(f"/api/v1/{address}", headers=asked)
    assert response.status_code == 204
    assert response["Allow"]
    assert not [name for name in response.headers if name.startswith("Access-Control")]


def test_forms_of_other_sites_can_post_since_no_cookie_counts(db: None):
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/api/v1/keywords", {"text": "a"}, content_type="application/json").status_code == 200


def test_reads_are_for_every_origin_and_fresh_for_a_minute(client: Client, db: None):
    response = client.get("/api/v1/categories")
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Cache-Control"] == "public, max-age=60"


def test_errors_can_be_read_from_every_origin_and_are_not_kept(client: Client, db: None):
    response = client.get("/api/v1/papers/2401.00001")
    assert_problem(response, 404)
    assert response["Access-Control-Allow-Origin"] == "*"
    assert "Cache-Control" not in response


def test_writes_are_not_for_every_origin(client: Client, db: None):
    response = client.post("/api/v1/keywords", {"text": "a"}, content_type="application/json")
    assert "Access-Control-Allow-Origin" not in response


def test_an_unchanged_answer_is_not_sent_again(client: Client, db: None):
    tag = client.get("/api/v1/categories")["ETag"]
    again = client.get("/api/v1/categories", headers={"If-None-Match": tag})
    assert again.status_code == 304
    assert again.content == b""


def test_head_is_get_without_the_body(client: Client, db: None):
    response = client.head("/api/v1/categories")
    assert response.status_code == 200
    assert response.content == b""
    assert response["Content-Type"] == "application/json; charset=utf-8"


def test_a_failure_of_ours_is_a_problem_that_tells_nothing(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def fail() -> dict[str, int]:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr("api.routers.categories._counts", fail)
    response = client.get("/api/v1/categories")
    assert_problem(response, 500)
    assert "secret" not in response.content.decode()
    assert "ZeroDivisionError" in caplog.text


def test_a_list_says_each_fault(client: Client, db: None):
    response = client.get("/api/v1/search", {"size": "many"})
    assert_problem(response, 422, "q", "size")
    faults = json.loads(response.content)["errors"]
    assert {fault["location"] for fault in faults} == {"q", "size"}
    assert all(fault["detail"] for fault in faults)

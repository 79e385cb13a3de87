import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client

METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
JSON_TYPES = {"null", "boolean", "object", "array", "number", "string", "integer"}


@pytest.fixture
def document(client: Client) -> dict[str, Any]:
    response = client.get("/api/v1/openapi.json")
    assert response.status_code == 200
    body = json.loads(response.content)
    assert isinstance(body, dict)
    return body


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object within a JSON value."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from objects(each)


def test_the_addresses_that_there_are(document: dict[str, Any]):
    assert {(method, path.removeprefix("/api/v1/")) for path, method, _ in operations(document)} == {
        ("get", "search"),
        ("get", "suggest"),
        ("get", "papers"),
        ("get", "announcements"),
        ("get", "papers/{paper_id}"),
        ("get", "papers/{paper_id}/related"),
        ("get", "papers/{paper_id}/keywords"),
        ("get", "categories"),
        ("post", "keywords"),
        ("get", "papers/{paper_id}/classify"),
        ("post", "classify"),
        ("get", "bulk/papers"),
        ("get", "bulk/vectors"),
        ("get", "token"),
        ("get", "library"),
        ("patch", "library/stars"),
        ("get", "library/papers/{paper_id}"),
        ("put", "library/papers/{paper_id}/star"),
        ("delete", "library/papers/{paper_id}/star"),
        ("get", "library/papers/{paper_id}/note"),
        ("put", "library/papers/{paper_id}/note"),
        ("delete", "library/papers/{paper_id}/note"),
        ("patch", "library/papers/{paper_id}/tags"),
        ("get", "library/tags"),
        ("patch", "library/tags/{tag_name}"),
        ("delete", "library/tags/{tag_name}"),
        ("get", "library/lists"),
        ("post", "library/lists"),
        ("get", "library/lists/{number}"),
        ("patch", "library/lists/{number}"),
        ("delete", "library/lists/{number}"),
        ("patch", "library/lists/{number}/papers"),
        ("get", "subscriptions"),
        ("post", "subscriptions"),
        ("get", "subscriptions/{number}"),
        ("patch", "subscriptions/{number}"),
        ("delete", "subscriptions/{number}"),
        ("get", "subscriptions/{number}/papers"),
    }


def test_the_frame_of_openapi_3_1(document: dict[str, Any]):
    assert document["openapi"].startswith("3.1.")
    assert document.keys() <= {"openapi", "info", "servers", "paths", "components", "tags", "security"}
    assert document["info"]["title"]
    assert document["info"]["version"]
    assert all(path.startswith("/") for path in document["paths"])
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", name) for name in document["components"]["schemas"])


def test_operations(document: dict[str, Any]):
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(names)) == len(names)
    for path, method, operation in operations(document):
        assert method in METHODS
        assert operation["summary"]
        assert operation["description"]
        declared = {(each["name"], each["in"]) for each in operation["parameters"]}
        assert len(declared) == len(operation["parameters"])
        assert set(re.findall(r"{(\w+)}", path)) == {name for name, place in declared if place == "path"}
        for parameter in operation["parameters"]:
            assert parameter["in"] in {"query", "path", "header", "cookie"}
            assert parameter["required"] is True or parameter["in"] != "path"
            assert isinstance(parameter["schema"], dict)
            assert "examples" not in parameter or isinstance(parameter["examples"], dict)
            assert parameter["description"]
        assert {"200", "201", "204"} & operation["responses"].keys()
        assert all(re.fullmatch(r"[1-5](\d\d|XX)|default", status) for status in operation["responses"])
        assert all(response["description"] for response in operation["responses"].values())


def test_errors_are_said_to_be_problems(document: dict[str, Any]):
    for _, _, operation in operations(document):
        content = operation["responses"]["default"]["content"]
        assert content == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def test_every_reference_leads_somewhere(document: dict[str, Any]):
    references = {each["$ref"] for each in objects(document) if "$ref" in each}
    assert references
    for reference in references:
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_schemas_are_of_json_schema_2020(document: dict[str, Any]):
    schemas = [schema for name, schema in document["components"]["schemas"].items()]
    schemas += [each["schema"] for each in objects(document["paths"]) if isinstance(each.get("schema"), dict)]
    for schema in [each for top in schemas for each in objects(top)]:
        # A property may be called "type" (a problem's is): then its schema, an object, stands here.
        assert isinstance(schema.get("type", {}), dict) or schema["type"] in JSON_TYPES
        assert "nullable" not in schema  # went with OpenAPI 3.0
        assert not isinstance(schema.get("exclusiveMinimum"), bool)


def test_an_answer_has_the_fields_that_are_documented(document: dict[str, Any], client: Client, db: None):
    documented = document["components"]["schemas"]["CategoryList"]["properties"].keys()
    assert json.loads(client.get("/api/v1/categories").content).keys() == documented


def test_the_page_of_documentation_keeps_the_policy(client: Client):
    response = client.get("/api/v1/docs")
    assert response.status_code == 200
    page = response.content.decode()
    assert "'unsafe" not in response["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\son\w+=", page)
    assert 'data-openapi="/api/v1/openapi.json"' in page
    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert not [source for source in sources if re.match(r"(?:https?:)?//", source)]
    files = [source.removeprefix("/static/") for source in sources if source.startswith("/static/")]
    assert len(files) == 4
    assert all(finders.find(name) for name in files)


def test_the_root_leads_to_the_documentation(client: Client):
    response = client.get("/api/v1/")
    assert response.status_code == 302
    assert response["Location"] == "/api/v1/docs"


def test_every_address_is_in_the_manual(document: dict[str, Any]):
    manual = (settings.BASE_DIR / "docs" / "api.md").read_text()
    for path, method, _ in operations(document):
        pattern = re.sub(r"\\{\w+\\}", r"[\\w./%-]+", re.escape(f"{method.upper()} {path}")) + r"(?:\?|$)"
        assert re.search(pattern, manual, re.MULTILINE), path

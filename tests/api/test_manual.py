"""Every example of the manual is true, on the sample shelf; the OpenAPI document shows one of each operation."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.management.color import no_style
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from api.examples import NDJSON, REST, Example, manual, read
from papers.accounts import tokens
from papers.models import ApiToken, Paper, ReadingList, Subscription
from tests.papers.factories import day_list
from tests.papers.readers import make_reader

HOST = "papers.example.org"
TOKEN = "ptd_" + "a1B2" * 10 + "_-Z"
FIGURES = {"score", "weight", "took_ms", "cosine", "confidence"}  # of one site, one encoder, one machine
TIMES = {"created", "expires", "made", "changed", "written", "kept"}


@pytest.fixture
def manual_site(shelf_site: list[Paper], settings: Settings) -> Client:
    """The shelf as the manual has it: one announced day, and a reader with a token that may do everything."""
    settings.ALLOWED_HOSTS = [HOST]
    papers = {paper.arxiv_id: paper for paper in shelf_site}
    day_list("cs.CL", "2025-11-21", new=[papers["1508.04025"], papers["1409.0473"]], replace=[papers["2505.09388"]])
    now = timezone.now()
    ApiToken.objects.create(
        reader=make_reader(),
        name="notebook",
        hash=tokens._hash(TOKEN),
        prefix=TOKEN[:10],
        scopes=list(tokens.SCOPES),
        created=now,
        expires=now + timedelta(days=90),
    )
    for model in (ReadingList, Subscription):  # which the manual calls 1
        rows = [{"table": model._meta.db_table, "column": "id"}]
        for statement in connection.ops.sequence_reset_by_name_sql(no_style(), rows):
            with connection.cursor() as cursor:
                cursor.execute(statement)
    return Client(SERVER_NAME=HOST)


def execute(client: Client, example: Example) -> Any:
    headers = {name: text.replace("ptd_…", TOKEN) for name, text in example.headers.items()}
    body = "" if example.body is None else json.dumps(example.body)
    return client.generic(
        example.method, example.address, body, content_type="application/json", secure=True, headers=headers
    )


def answer_of(response: Any) -> Any:
    text = (b"".join(response.streaming_content) if response.streaming else response.content).decode()
    if not text:
        return None
    if response["Content-Type"] == NDJSON:
        return [json.loads(line) for line in text.splitlines()]
    return json.loads(text)


def differences(told: Any, found: Any, where: str = "") -> Iterator[str]:
    """Where an answer is not as told: in its shape, or in its values but for those that are of one moment."""
    name = where.rpartition(".")[2]
    if isinstance(told, dict) and isinstance(found, dict):
        if told.keys() != found.keys():
            yield f"{where}: {sorted(told)} is {sorted(found)}"
        for key in told.keys() & found.keys():
            yield from differences(told[key], found[key], f"{where}.{key}")
    elif isinstance(told, list) and isinstance(found, list):
        if told[-1:] == [REST] and len(told) - 1 <= len(found):
            told, found = told[:-1], found[: len(told) - 1]
        if len(told) != len(found):
            yield f"{where}: {len(told)} items are {len(found)}"
        for number, (one, other) in enumerate(zip(told, found, strict=False)):
            yield from differences(one, other, f"{where}[{number}]")
    elif name in FIGURES and found is not None:
        if not isinstance(found, int | float) or not isinstance(told, int | float):
            yield f"{where}: {found!r} is no figure"
    elif name in TIMES and isinstance(told, str):
        if not re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", str(found)):
            yield f"{where}: {found!r} is no time"
    elif isinstance(told, str) and told.endswith("…") and isinstance(found, str):
        if not found.startswith(told[:-1]):
            yield f"{where}: {told!r} is {found!r}"
    elif told != found:
        yield f"{where}: {told!r} is {found!r}"


def test_every_example_of_the_manual_is_true(manual_site: Client) -> None:
    wrong = []
    examples = manual()
    assert len(examples) > 40
    for example in examples:
        response = execute(manual_site, example)
        asked = f"{example.method} {example.address}"
        if response.status_code != example.status:
            wrong.append(f"{asked}: {response.status_code} {response.content[:200]!r}")
            continue
        wrong += [f"{asked}: {each}" for each in differences(example.answer, answer_of(response))]
        told = {name: response.headers.get(name) for name in example.answer_headers}
        wrong += [f"{asked}: {each}" for each in differences(example.answer_headers, told)]
    assert not wrong, "\n".join(wrong)


def test_what_is_not_true_is_found() -> None:
    told = {"id": "2401.00001", "title": "On t…", "score": 1.0, "items": [1]}
    assert not list(differences(told, told | {"title": "On tides", "score": 2.5}))
    for wrong in ({"id": "x"}, {"title": "In tides"}, {"score": "1"}, {"items": [1, 2]}, {"more": 1}):
        assert list(differences(told, told | wrong)), wrong


def test_an_example_is_read() -> None:
    text = '```http\nPUT /api/v1/x?a=1\nIf-Match: "1"\n\n{"b": 2}\n\nHTTP 201\nETag: "2"\n\n{"c": 3}\n```\n'
    [found] = read(text)
    assert (found.method, found.path, found.query) == ("PUT", "/api/v1/x", {"a": "1"})
    assert found.headers == {"If-Match": '"1"'}
    assert (found.body, found.status, found.answer_headers, found.answer) == ({"b": 2}, 201, {"ETag": '"2"'}, {"c": 3})


def test_every_operation_shows_an_example(client: Client) -> None:
    document = client.get("/api/v1/openapi.json").json()
    bare = [
        operation["operationId"]
        for item in document["paths"].values()
        for operation in item.values()
        if "x-example" not in operation
    ]
    assert bare == []
    star = document["paths"]["/api/v1/library/papers/{paper_id}/tags"]["patch"]
    assert star["requestBody"]["content"]["application/json"]["example"]["add"]
    assert star["responses"]["200"]["content"]["application/json"]["example"]["tags"]
    assert [each["example"] for each in star["parameters"]] == ["1508.04025"]

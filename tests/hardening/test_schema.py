"""The API against its own OpenAPI document, by schemathesis: no answer of 500 and above, and none of another shape.

`make fuzz` tries FUZZ times as many requests.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from papers.accounts.tokens import SCOPES, make
from papers.models import Paper
from tests.hardening.test_fuzz import FUZZ
from tests.papers.readers import make_reader

CASES = 4  # an operation, of each kind
HELD = [
    checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(autouse=True)
def _connection_kept() -> Iterator[None]:
    """At its end a request closes the database's connection, which here is the test's own; Django's test client leaves
    that out, too."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def test_answers_are_those_that_the_document_tells_of(shelf_site: list[Paper]) -> None:
    _, token = make(make_reader(), "fuzz", SCOPES, 7)
    schema: Any = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    counted: Counter[int] = Counter()
    broken: list[str] = []
    for found in schema.get_all_operations():
        operation = found.ok()
        for mode in schemathesis.GenerationMode:
            try:
                _try(operation, mode, token, counted)
            except BaseExceptionGroup as error:
                broken += [f"{operation.label}: {each}" for each in error.exceptions]
            except Exception as error:
                broken.append(f"{operation.label}: {type(error).__name__}: {error}")
    print(f"\nschemathesis: {sum(counted.values())} requests, {len(broken)} broken; by status {dict(counted)}")
    assert not broken, "\n\n".join(broken)
    assert counted[200] > 20


def _try(operation: Any, mode: Any, token: str, counted: "Counter[int]") -> None:
    @settings(
        max_examples=CASES * FUZZ,
        deadline=None,
        database=None,
        derandomize=FUZZ == 1,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def one(case: Any) -> None:
        headers = {"Accept-Encoding": "identity"}  # schemathesis reads bare bodies only
        if len(str(case.query)) % 4:
            headers["Authorization"] = f"Bearer {token}"
        with transaction.atomic():  # what a fault leaves open must not break the cases behind it
            response = case.call(headers=headers)
        counted[response.status_code] += 1
        case.validate_response(response, checks=HELD)

    try:
        one()
    except Unsatisfiable:  # every value of its parameters is as it should be
        if mode is not schemathesis.GenerationMode.NEGATIVE:
            raise


def test_a_check_that_fails_is_told(shelf_site: list[Paper]) -> None:
    schema: Any = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    document = schema.raw_schema
    document["components"]["schemas"]["Problem"]["required"] = ["nothing-that-is-there"]
    changed: Any = schemathesis.openapi.from_dict(document)
    changed.app = schema.app
    operation = changed["/api/v1/papers/{paper_id}"]["GET"]
    case = operation.Case(path_parameters={"paper_id": "9999.99999"})
    response = case.call(headers={"Accept-Encoding": "identity"})
    with pytest.raises(BaseException, match="nothing-that-is-there"):
        case.validate_response(response, checks=HELD)

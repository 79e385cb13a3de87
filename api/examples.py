"""The examples of the manual (`docs/api.md`): the OpenAPI document shows them too, and a test executes each of them.

An example is a fenced block marked `http`: the request's line, its headers, an empty line and a body where there is
one; then `HTTP` and the status, the answer's headers, an empty line and the answer. In the answer “…” stands for the
rest of a text or, as an item, of a list, and figures of ranking are those of one site.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from django.conf import settings

NDJSON: Final = "application/x-ndjson"
REST: Final = "…"
_BLOCK: Final = re.compile(r"^```http\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_STATUS: Final = re.compile(r"^HTTP (\d{3})$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Example:
    """One request and its answer; bodies are JSON values, of NDJSON lists of its lines, None where there is none."""

    method: str
    address: str
    headers: dict[str, str]
    body: Any
    status: int
    answer_headers: dict[str, str]
    answer: Any

    @property
    def path(self) -> str:
        """The address without its query."""
        return self.address.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters."""
        return dict(parse_qsl(self.address.partition("?")[2], keep_blank_values=True))


@cache
def manual() -> tuple[Example, ...]:
    """The examples of the manual, in its order; none where the manual is not there."""
    path = settings.BASE_DIR / "docs" / "api.md"
    return tuple(read(path.read_text(encoding="utf-8"))) if path.is_file() else ()


def read(text: str) -> Iterator[Example]:
    """The examples of a text. Raises ValueError for a block that is none."""
    for block in _BLOCK.findall(text):
        asked, status, answered = _STATUS.split(block)
        line, _, rest = asked.partition("\n")
        method, address = line.split(" ")
        headers, body = _parts(rest)
        answer_headers, answer = _parts(answered.removeprefix("\n"))
        yield Example(method, address, headers, body, int(status), answer_headers, answer)


def _parts(text: str) -> tuple[dict[str, str], Any]:
    head, _, body = f"\n{text}".partition("\n\n")
    headers = dict(line.split(": ", 1) for line in head.strip().splitlines())
    if not body.strip():
        return headers, None
    if headers.get("Content-Type") == NDJSON:
        return headers, [json.loads(line) for line in body.strip().splitlines()]
    return headers, json.loads(body)


def add_to(document: dict[str, Any]) -> None:
    """Put the manual's examples into an OpenAPI document, at each operation the first one that succeeds."""
    shapes = {path: re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(path))) for path in document["paths"]}
    for example in manual():
        fitting = [path for path, shape in shapes.items() if shape.fullmatch(unquote(example.path))]
        if not fitting or example.status >= 400:
            continue
        path = max(fitting, key=lambda path: len(re.sub(r"{\w+}", "", path)))
        operation = document["paths"][path].get(example.method.lower())
        found = shapes[path].fullmatch(unquote(example.path))
        if operation is not None and found is not None and "x-example" not in operation:
            _show(operation, example, found.groupdict() | example.query)


def _show(operation: dict[str, Any], example: Example, values: dict[str, str]) -> None:
    operation["x-example"] = f"{example.method} {example.address}"
    for parameter in operation["parameters"]:
        if parameter["name"] in values:
            parameter["example"] = _typed(values[parameter["name"]], parameter["schema"])
    if example.body is not None:
        operation["requestBody"]["content"]["application/json"]["example"] = example.body
    for kind, content in operation["responses"].get(example.status, {}).get("content", {}).items():
        lines = kind == NDJSON and example.answer is not None
        whole = _cut(example.answer)
        content["example"] = "".join(f"{json.dumps(line)}\n" for line in whole) if lines else whole


def _cut(answer: Any) -> Any:
    """An answer without the mark that a list goes on."""
    if isinstance(answer, dict):
        return {name: _cut(value) for name, value in answer.items()}
    return [_cut(item) for item in answer if item != REST] if isinstance(answer, list) else answer


def _typed(text: str, schema: dict[str, Any]) -> Any:
    kinds = {schema.get("type"), *(each.get("type") for each in schema.get("anyOf", ()))}
    if kinds & {"integer", "boolean", "number"}:
        return json.loads(text)
    return text

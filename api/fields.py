"""Sparse answers: of each paper only the fields that were asked for."""

from hashlib import blake2b
from typing import Annotated, Any, Final

from django.http import HttpRequest, HttpResponse
from ninja import Query
from ninja.errors import HttpError
from ninja.renderers import JSONRenderer
from pydantic import BaseModel

LONGEST = 500
_TOOK: Final = '"took_ms": '  # within a text JSON would write its quotation marks otherwise

Fields = Annotated[
    str | None,
    Query(
        alias="fields",
        max_length=LONGEST,
        description="Fields of each paper that are wanted, joined by commas; all where not given. `id` always comes.",
    ),
]


def choose(request: HttpRequest, fields: str | None, paper: type[BaseModel]) -> set[str] | None:
    """Let the answer to a request have only these fields of papers; which those are, None for all.

    Raises HttpError 422 for what is no field of such a paper.
    """
    if fields is None:
        return None
    names = {name.strip() for name in fields.split(",") if name.strip()}
    if unknown := sorted(names - paper.model_fields.keys()):
        raise HttpError(422, f"fields: there is no field {unknown[0][:60]}; there are {', '.join(paper.model_fields)}.")
    names.add("id")
    request._fields = names  # type: ignore[attr-defined]
    return names


def tag(request: HttpRequest, response: HttpResponse) -> None:
    """Let `response` bear an ETag of the answer to a request without `took_ms`: found a millisecond slower it is still
    the same answer to a cache."""
    request._tagged = response  # type: ignore[attr-defined]


class Sparsely(JSONRenderer):
    """Renders a paper, or the papers in `items`, with the fields that `choose` chose, and makes the ETag of `tag`."""

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> Any:
        """The answer as JSON."""
        names: set[str] | None = getattr(request, "_fields", None)
        if names is not None and response_status == 200:
            papers = data.get("items")
            shown = _some(data, names) if papers is None else {"items": [_some(paper, names) for paper in papers]}
            data = shown if papers is None else data | shown
        text: str = super().render(request, data, response_status=response_status)
        tagged: HttpResponse | None = getattr(request, "_tagged", None)
        if tagged is not None and response_status == 200:
            before, _, behind = text.partition(_TOOK)
            answer = before + behind.partition(",")[2]
            tagged["ETag"] = f'W/"{blake2b(answer.encode(), digest_size=8).hexdigest()}"'
        return text


def _some(paper: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in paper.items() if name in names}

"""Sparse answers: of each paper only the fields that were asked for."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query
from ninja.errors import HttpError
from ninja.renderers import JSONRenderer
from pydantic import BaseModel

LONGEST = 500

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


class Sparsely(JSONRenderer):
    """Renders a paper, or the papers in `items`, with the fields that `choose` chose."""

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> Any:
        """The answer as JSON."""
        names: set[str] | None = getattr(request, "_fields", None)
        if names is not None and response_status == 200:
            papers = data.get("items")
            shown = _some(data, names) if papers is None else {"items": [_some(paper, names) for paper in papers]}
            data = shown if papers is None else data | shown
        return super().render(request, data, response_status=response_status)


def _some(paper: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in paper.items() if name in names}

"""The API itself: its routers, its errors, its OpenAPI document."""

from typing import Any

from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from api import problems, schemas
from api.docs import SwaggerPage
from api.routers import announcements, categories, keywords, listings, papers, search, suggest

_PROBLEM = {
    "description": "A problem document (RFC 9457).",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


class PapertideAPI(NinjaAPI):
    """ninja's API whose OpenAPI document also says what errors look like."""

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        """The OpenAPI 3.1 document, a problem document named as every operation's other answer."""
        document = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
        problem = schemas.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        components = document["components"]["schemas"]
        components.update(problem.pop("$defs"))
        components["Problem"] = problem
        for operations in document["paths"].values():
            for operation in operations.values():
                operation["responses"]["default"] = _PROBLEM
        return document


api = PapertideAPI(
    title="Papertide API",
    version="1",
    description="Search, listings, relatives and keyphrases of arXiv's papers on this site, as JSON.",
    docs=SwaggerPage(),
    docs_decorator=require_safe,
    urls_namespace="api",
)
problems.add_handlers(api)
for router in (
    search.router,
    suggest.router,
    listings.router,
    announcements.router,
    categories.router,
    keywords.router,
    papers.router,
):
    api.add_router("", router)

"""The API itself: its routers, its errors, its OpenAPI document."""

from typing import Any

from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from api import examples, fields, problems, schemas, tokens
from api.docs import SwaggerPage
from api.routers import (
    announcements,
    bulk,
    categories,
    classify,
    keywords,
    library,
    library_lists,
    listings,
    papers,
    search,
    subscriptions,
    suggest,
    token,
)

_PROBLEM = {
    "description": "A problem document (RFC 9457).",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


_TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "ptd_…",
    "description": "A token that a reader made under /account/tokens, with the scopes that an operation names.",
}


class PapertideAPI(NinjaAPI):
    """ninja's API whose OpenAPI document also says what errors look like, what needs a token, and shows examples."""

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        """The OpenAPI 3.1 document, a problem document named as every operation's other answer."""
        document = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
        problem = schemas.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        components = document["components"]["schemas"]
        components.update(problem.pop("$defs"))
        components["Problem"] = problem
        document["components"]["securitySchemes"] = {"token": _TOKEN}
        needs = self._needs()
        for operations in document["paths"].values():
            for operation in operations.values():
                operation["responses"]["default"] = _PROBLEM
                operation["security"] = needs[operation["operationId"]] or [{}, {"token": []}]
                if operation["operationId"].startswith("bulk"):
                    answer = operation["responses"][200]
                    answer["content"] = {bulk.NDJSON: answer["content"].pop("application/json")}
        examples.add_to(document)
        return document

    def _needs(self) -> dict[str, list[dict[str, list[str]]] | None]:
        """By operation, what token it needs."""
        return {
            str(operation.operation_id): tokens.security(operation.auth_callbacks)
            for router in self._get_bound_routers()
            for view in router.path_operations.values()
            for operation in view.operations
        }


api = PapertideAPI(
    title="Papertide API",
    version="1",
    description="Search, listings, relatives and keyphrases of arXiv's papers on this site, and a reader's library and "
    "subscriptions, as JSON.",
    renderer=fields.Sparsely(),
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
    classify.router,
    papers.router,
    bulk.router,
    library_lists.router,
    library.router,
    subscriptions.router,
    token.router,
):
    api.add_router("", router)

"""The page of the interactive documentation: Swagger UI from this site's own files."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase


class SwaggerPage(DocsBase):
    """Swagger UI started by a script file, because the site's policy forbids scripts within a page."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: object) -> HttpResponse:
        """The page; the address of the OpenAPI document stands in it as data."""
        return render(request, "api/docs.html", {"api": api, "openapi_url": self.get_openapi_url(api, kwargs)})

"""All addresses of the site: pages of papers, search, and the JSON API."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from api.mcp.views import endpoint

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("api/v1/", include("api.urls")),
    path("mcp", endpoint, name="mcp"),
    path("account/", include("papers.accounts.urls")),
    path("account/", include("allauth.urls")),
    path("", include("papers.library.urls")),
    path("", include("search.subscriptions.urls")),
    path("", include("workers.digests.urls")),
    path("", include("workers.urls")),
    path("", include("search.urls")),
    path("", include("papers.urls")),
]

handler400 = "papers.views.errors.bad_request"
handler403 = "papers.views.errors.permission_denied"
handler404 = "papers.views.errors.page_not_found"
handler429 = "papers.accounts.views.too_fast"  # allauth's
handler500 = "papers.views.errors.server_error"

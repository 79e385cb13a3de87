"""The addresses of the API; `config/urls.py` puts them under `api/v1/`."""

from django.urls import URLPattern, path, re_path
from django.views.generic import RedirectView

from api.problems import common, unknown_address
from api.site import api

_patterns, _app, _namespace = api.urls
for _pattern in _patterns:
    if isinstance(_pattern, URLPattern):
        _pattern.callback = common(_pattern.callback)

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="api:openapi-view")),
    path("", (_patterns, _app, _namespace)),
    re_path(r"^(?P<address>(?s:.*))$", common(unknown_address)),
]

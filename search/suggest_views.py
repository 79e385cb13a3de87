"""What browsers ask to complete a search of this site: OpenSearch's description and its suggestions."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from search.suggest import LABELS, suggest


@require_safe
@cache_control(public=True, max_age=60)
def suggestions(request: HttpRequest) -> JsonResponse:
    """`[query, [queries], [descriptions], [addresses]]` for `?q=`; nothing where there is nothing to suggest."""
    typed = request.GET.get("q", "")
    found = suggest(typed)
    answer = [
        typed,
        [each.query for each in found],
        [f"{LABELS[each.kind]}: {each.text}" for each in found],
        [request.build_absolute_uri(each.path) for each in found],
    ]
    return JsonResponse(answer, safe=False, content_type="application/x-suggestions+json")


@require_safe
@cache_control(public=True, max_age=86400)
def description(request: HttpRequest) -> HttpResponse:
    """How to search this site, for browsers that take it among their search engines."""
    names = ("home", "search", "search-feed", "search-suggestions", "opensearch")
    context = {name.replace("-", "_"): request.build_absolute_uri(reverse(name)) for name in names}
    icons = {"icon": "favicon.svg", "small_icon": "icons/16.png", "large_icon": "icons/64.png"}
    context |= {name: request.build_absolute_uri(static(file)) for name, file in icons.items()}
    return render(request, "opensearch.xml", context, content_type="application/opensearchdescription+xml")

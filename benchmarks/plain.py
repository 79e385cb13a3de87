"""The site's addresses, and one more: a plain Django view of some papers, behind the same middleware.

It is what a page costs that does nothing but show rows: it fetches them by their primary keys and puts them through a
template of one loop.
"""

from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path

from config.urls import handler400, handler403, handler404, handler500
from config.urls import urlpatterns as _site
from papers.models import Paper

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]
PLAIN = "/plain"
_TEMPLATE = """<!doctype html>
<html lang="en">
<title>Papers</title>
{% for paper in papers %}
<article>
  <h3>{{ paper.title }}</h3>
  <p>{{ paper.authors|join:", " }}</p>
  <p>{{ paper.abstract }}</p>
  <p>{{ paper.published|date:"j M Y" }}, {{ paper.categories|join:" " }}</p>
</article>
{% endfor %}
</html>
"""
_template = engines["django"].from_string(_TEMPLATE)


def plain(request: HttpRequest) -> HttpResponse:
    """The papers whose primary keys `?ids=` names, in this order."""
    ids = [int(text) for text in request.GET["ids"].split(",")]
    found = Paper.objects.in_bulk(ids)
    return HttpResponse(_template.render({"papers": [found[pk] for pk in ids]}, request))


urlpatterns = [path(PLAIN[1:], plain), *_site]

"""The site map for search robots: an index, the pages of the site, the categories, and all papers in sections.

A paper belongs to one section for good, by its primary key: section n holds the keys from n·SECTION on. So a section is
one walk of the primary key, whatever its number, and its address changes when a paper of it does and at no other time.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from html import escape

from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from papers.categories import ARCHIVES, CATEGORIES
from papers.models import Paper

SECTION = 10_000
"""So many papers a section holds at most; the protocol allows 50,000 addresses and 50 MB."""

PAGES = ("home", "help", "tools", "classify")

_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
_PAPERS = Paper._meta.db_table
# Each step goes from a section's newest paper straight to the newest one before that section.
_SECTIONS = f"""
    WITH RECURSIVE newest(id) AS (
        SELECT id FROM (SELECT id FROM {_PAPERS} WHERE NOT removed ORDER BY id DESC LIMIT 1) AS first
        UNION ALL
        SELECT (
            SELECT paper.id FROM {_PAPERS} AS paper
            WHERE NOT paper.removed AND paper.id < newest.id / %s * %s ORDER BY paper.id DESC LIMIT 1
        ) FROM newest WHERE newest.id IS NOT NULL
    )
    SELECT id / %s FROM newest WHERE id IS NOT NULL
"""  # noqa: S608 (own names)


def sections() -> list[int]:
    """The sections that have papers, those of the papers that came last first; one query, one step a section."""
    with connection.cursor() as cursor:
        cursor.execute(_SECTIONS, [SECTION] * 3)
        return [number for (number,) in cursor.fetchall()]


def papers_of(section: int) -> Iterator[tuple[str, datetime]]:
    """arXiv id and last change of each paper of a section that is not removed, those that came last first."""
    first = section * SECTION
    papers = Paper.objects.filter(pk__gte=first, pk__lt=first + SECTION, removed=False).order_by("-pk")
    for arxiv_id, published, updated in papers.values_list("arxiv_id", "published", "updated"):
        yield arxiv_id, updated or published


@require_safe
@cache_control(public=True, max_age=3600)
def index(request: HttpRequest) -> HttpResponse:
    """The addresses of all parts of the site map."""
    parts = [reverse("sitemap-pages"), reverse("sitemap-categories")]
    parts += [reverse("sitemap-papers", args=[number]) for number in sections()]
    return _answer(request, "sitemapindex", "sitemap", ((part, None) for part in parts))


@require_safe
@cache_control(public=True, max_age=86400)
def pages(request: HttpRequest) -> HttpResponse:
    """The site's own pages."""
    return _answer(request, "urlset", "url", ((reverse(name), None) for name in PAGES))


@require_safe
@cache_control(public=True, max_age=86400)
def categories(request: HttpRequest) -> HttpResponse:
    """The list of each archive and category."""
    codes = dict.fromkeys([*ARCHIVES, *CATEGORIES])
    return _answer(request, "urlset", "url", ((reverse("listing", args=[code]), None) for code in codes))


@require_safe
@cache_control(public=True, max_age=21600)
def papers(request: HttpRequest, section: int) -> HttpResponse:
    """One section of the papers; 404 for one that holds none."""
    above = f"{reverse('choose')}/"  # a paper's address is this and its id; resolving 10,000 names takes half a second
    rows = [(above + arxiv_id, changed.date()) for arxiv_id, changed in papers_of(section)]
    if not rows:
        raise Http404("This part of the site map holds no papers.")
    return _answer(request, "urlset", "url", rows)


def _answer(request: HttpRequest, root: str, entry: str, rows: Iterable[tuple[str, date | None]]) -> HttpResponse:
    """A document of the protocol: paths on this site with the day of their last change, where that is known."""
    site = escape(request.build_absolute_uri("/")[:-1])
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<{root} xmlns="{_NAMESPACE}">']
    for path, changed in rows:
        lastmod = f"<lastmod>{changed.isoformat()}</lastmod>" if changed else ""
        lines.append(f"<{entry}><loc>{site}{escape(path)}</loc>{lastmod}</{entry}>")
    lines.append(f"</{root}>\n")
    return HttpResponse("\n".join(lines), content_type="application/xml; charset=utf-8")

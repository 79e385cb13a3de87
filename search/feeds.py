"""Atom feeds of a search and of a paper's relatives."""

from dataclasses import replace

import structlog
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from papers.feeds import Channel, PapersFeed
from papers.identifiers import ArxivId
from papers.listing import in_order
from papers.models import Paper
from search import related, service
from search.engines.base import EngineError
from search.query import parse
from search.sorting import address, ordered

log = structlog.get_logger()
SIZE = 100
RELATIVES = 20
SHOWN_QUERY = 80  # characters of the query within the feed's title


class EngineFeed(PapersFeed):
    """A feed that needs the search engine: 503 while it is away."""

    def __call__(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """The feed."""
        try:
            return super().__call__(request, *args, **kwargs)
        except EngineError as error:
            log.warning("search is away", reason=str(error))
            text = "The search is away for the moment. Please try again soon.\n"
            headers = {"Retry-After": "300"}
            return HttpResponse(text, status=503, content_type="text/plain; charset=utf-8", headers=headers)


class SearchFeed(EngineFeed):
    """What a search finds, newest first unless the query or the address names an order."""

    def get_object(self, request: HttpRequest) -> Channel:
        """The channel of `?q=`, `&sort=` before the query's own order; 404 where it asks for nothing."""
        typed = parse(request.GET.get("q", ""))
        query = ordered(typed, request.GET.get("sort"))
        if query.tree is None:
            raise Http404("A search feed needs a query: /search/feed?q=…")
        page, own = address("search", typed, query.sort), address("search-feed", typed, query.sort)
        if query.sort == "relevance":
            query = replace(query, sort="new")
        # As it stands: a word that no paper holds yet may be tomorrow's.
        results = service.search(query, page=1, size=SIZE, verbatim=True)
        text = query.text
        title = text if len(text) <= SHOWN_QUERY else text[: SHOWN_QUERY - 1] + "…"
        return Channel(title, page, own, in_order(results.ids))


class RelatedFeed(EngineFeed):
    """One paper's relatives."""

    def get_object(self, request: HttpRequest, arxiv_id: ArxivId) -> Channel:
        """The channel of one paper's relatives; 404 where the paper is not here."""
        paper = Paper.objects.filter(arxiv_id=arxiv_id.base).first()
        if paper is None:
            raise Http404(f"There is no paper {arxiv_id} here.")
        found = related.related(paper, limit=RELATIVES)
        title = f"Related to {paper.arxiv_id} {paper.plain_title}"
        page = reverse("related", args=[paper.arxiv_id])
        own = reverse("related-feed", args=[paper.arxiv_id])
        return Channel(title, page, own, in_order([relative.id for relative in found]))

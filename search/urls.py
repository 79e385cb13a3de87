"""Addresses of the pages that find papers."""

from django.urls import path

from papers import converters as _converters  # noqa: F401 (makes them known)
from search import suggest_views, views
from search.feeds import RelatedFeed, SearchFeed

urlpatterns = [
    path("search", views.search_page, name="search"),
    path("search/suggest", suggest_views.suggestions, name="search-suggestions"),
    path("opensearch.xml", suggest_views.description, name="opensearch"),
    path("search/feed", SearchFeed(), name="search-feed"),
    path("arxiv/<paper:arxiv_id>/related", views.related_page, name="related"),
    path("arxiv/<paper:arxiv_id>/related/feed", RelatedFeed(), name="related-feed"),
]

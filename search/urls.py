"""Addresses of the pages that find papers."""

from django.urls import path

from papers import converters as _converters  # noqa: F401 (makes them known)
from papers.views.exports import FORMATS
from search import author_views, export_views, paper_views, saved, suggest_views, views
from search.classifying.views import classify_page
from search.feeds import RelatedFeed, SearchFeed

urlpatterns = [
    path("search", views.search_page, name="search"),
    path("search/facets", views.search_facets, name="search-facets"),
    path("search/hints", views.hints, name="search-hints"),
    path("search/save", saved.save_search, name="save-search"),
    path("search/suggest", suggest_views.suggestions, name="search-suggestions"),
    path("classify", classify_page, name="classify"),
    path("opensearch.xml", suggest_views.description, name="opensearch"),
    path("search/feed", SearchFeed(), name="search-feed"),
    *(path(f"search/{kind}", export_views.of_search, {"kind": kind}, name=f"search-{kind}") for kind in FORMATS),
    path("author/<str:name>", author_views.author_page, name="author"),
    path("author/<str:name>/feed", author_views.AuthorFeed(), name="author-feed"),
    *(
        path(f"author/<str:name>/{kind}", author_views.author_export, {"kind": kind}, name=f"author-{kind}")
        for kind in FORMATS
    ),
    path("arxiv/<paper:arxiv_id>/related", views.related_page, name="related"),
    path("arxiv/<paper:arxiv_id>/related/feed", RelatedFeed(), name="related-feed"),
    path("arxiv/<paper:arxiv_id>/neighbourhood", paper_views.neighbourhood_part, name="neighbourhood"),
]

"""Addresses of the library: stars, notes, lists, tags, history."""

from django.urls import path

from papers import converters as _converters  # noqa: F401 (makes them known)
from papers.library import history, importing, keep_views, lists_views, page, shared_views, tags_views, words
from papers.views.exports import FORMATS

urlpatterns = [
    path("library", page.library, name="library"),
    path("library/history", history.history, name="library-history"),
    path("library/words", words.reading_words, name="library-words"),
    path("library/import", importing.import_papers, name="library-import"),
    *(path(f"library/{kind}", page.export, {"kind": kind}, name=f"library-{kind}") for kind in FORMATS),
    path("library/papers/<paper:arxiv_id>", keep_views.keep, name="keep"),
    path("library/papers/<paper:arxiv_id>/note", keep_views.note, name="keep-note"),
    path("library/papers/<paper:arxiv_id>/tags", keep_views.tagging, name="keep-tags"),
    path("library/papers/<paper:arxiv_id>/lists", keep_views.listing, name="keep-lists"),
    path("library/notes", tags_views.notes, name="notes"),
    path("library/tags", tags_views.overview, name="tags"),
    path("library/tags/<path:name>", tags_views.one, name="tag"),
    path("library/lists", lists_views.overview, name="lists"),
    path("library/lists/add", lists_views.add, name="lists-add"),
    path("library/lists/<int:pk>", lists_views.one, name="reading-list"),
    path("shared/<str:secret>", shared_views.page, name="shared-list"),
    path("shared/<str:secret>/feed", shared_views.feed, name="shared-list-feed"),
    *(
        path(f"{where}/{kind}", view, {"kind": kind}, name=f"{name}-{kind}")
        for where, view, name in (
            ("library/lists/<int:pk>", lists_views.export, "reading-list"),
            ("shared/<str:secret>", shared_views.export, "shared-list"),
        )
        for kind in FORMATS
    ),
]

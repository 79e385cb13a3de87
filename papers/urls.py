"""Addresses of the pages that show papers; arXiv's own address shapes lead to them."""

from django.urls import path
from django.views.i18n import set_language

from papers import converters as _converters  # noqa: F401 (makes them known)
from papers import sitemaps
from papers.accounts.views import privacy
from papers.feeds import ListingFeed, PaperFeed
from papers.views import arxiv, exports, lists, paper, reader, site

urlpatterns = [
    path("", lists.home, name="home"),
    path("feed", ListingFeed(), name="home-feed"),
    path("help", site.help_page, name="help"),
    path("tools", site.tools, name="tools"),
    path("privacy", privacy, name="privacy"),
    path("robots.txt", site.robots, name="robots"),
    path("manifest.webmanifest", site.web_manifest, name="web-manifest"),
    path("sitemap.xml", sitemaps.index, name="sitemap"),
    path("sitemap-pages.xml", sitemaps.pages, name="sitemap-pages"),
    path("sitemap-categories.xml", sitemaps.categories, name="sitemap-categories"),
    path("sitemap-papers-<int:section>.xml", sitemaps.papers, name="sitemap-papers"),
    path("favicon.ico", site.favicon, name="favicon"),
    path("marks", reader.marks, name="marks"),
    path("words", reader.words, name="words"),
    path("theme", reader.theme, name="theme"),
    path("forget", reader.forget, name="forget"),
    path("language", set_language, name="set_language"),
    path("arxiv", lists.choose, name="choose"),
    path("arxiv/<papers:ids>", paper.several, name="papers"),
    path("arxiv/<paper:arxiv_id>", paper.one, name="paper"),
    path("arxiv/<paper:arxiv_id>/feed", PaperFeed(), name="paper-feed"),
    path("arxiv/<str:spec>/feed", ListingFeed(), name="listing-feed"),
    *(path(f"{kind}", exports.of_list, {"kind": kind}, name=f"home-{kind}") for kind in exports.FORMATS),
    *(
        path(f"arxiv/<{what}>/{kind}", view, {"kind": kind}, name=f"{name}-{kind}")
        for what, view, name in exports.ADDRESSES
        for kind in exports.FORMATS
    ),
    path("arxiv/<path:spec>", lists.listing, name="listing"),
    path("abs/<paper:arxiv_id>", arxiv.abstract),
    path("pdf/<paper:arxiv_id>", arxiv.pdf),
    path("pdf/<paper:arxiv_id>.pdf", arxiv.pdf),
    path("html/<paper:arxiv_id>", arxiv.html),
    path("list/<str:spec>/<str:which>", arxiv.listing),
]

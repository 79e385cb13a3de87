"""Addresses of the pages that show papers; arXiv's own address shapes lead to them."""

from django.urls import path

from papers import converters as _converters  # noqa: F401 (makes them known)
from papers.feeds import ListingFeed, PaperFeed
from papers.views import arxiv, lists, paper, site

urlpatterns = [
    path("", lists.home, name="home"),
    path("feed", ListingFeed(), name="home-feed"),
    path("help", site.help_page, name="help"),
    path("robots.txt", site.robots, name="robots"),
    path("favicon.ico", site.favicon, name="favicon"),
    path("arxiv", lists.choose, name="choose"),
    path("arxiv/<papers:ids>", paper.several, name="papers"),
    path("arxiv/<paper:arxiv_id>", paper.one, name="paper"),
    path("arxiv/<paper:arxiv_id>/feed", PaperFeed(), name="paper-feed"),
    path("arxiv/<str:spec>/feed", ListingFeed(), name="listing-feed"),
    path("arxiv/<path:spec>", lists.listing, name="listing"),
    path("abs/<paper:arxiv_id>", arxiv.abstract),
    path("pdf/<paper:arxiv_id>", arxiv.pdf),
    path("pdf/<paper:arxiv_id>.pdf", arxiv.pdf),
    path("html/<paper:arxiv_id>", arxiv.html),
    path("list/<str:spec>/<str:which>", arxiv.listing),
]

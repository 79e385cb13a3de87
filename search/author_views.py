"""An author's page, its feed, and its papers to take along."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

import structlog
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from papers.feeds import Channel
from papers.listing import in_order
from papers.paging import page_numbers, read_page
from papers.templatetags.citation_tags import LONGEST_NAME, author_address
from papers.tex import collapse
from papers.views.context import numbered, with_told
from papers.views.exports import as_file, cut_short, refused
from search.author_names import as_author, form_of, same
from search.authors import MOST_CHOSEN, REACH, AuthorPapers, Spelling, near_names, papers_of
from search.engines.base import EngineError
from search.export_views import away
from search.feeds import EngineFeed
from search.query import parse
from search.sorting import address

log = structlog.get_logger()
PAGE_SIZE = 25
FEED_SIZE = 100
SECONDS_AWAY = "30"


@dataclass(frozen=True, slots=True)
class Choice:
    """A spelling, its papers, and the address that leaves it out, or takes it in; `own`: of its own page."""

    name: str
    count: int
    address: str
    own: str = ""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What an address asks for: a name, spellings to leave out, and spellings to take in."""

    name: str
    leave: tuple[str, ...]
    also: tuple[str, ...]

    @classmethod
    def of(cls, request: HttpRequest, name: str) -> "_Asked":
        """Read it; 404 for what can be no name."""
        plain = collapse(name.replace("+", " "))
        if not any(map(str.isalpha, plain)) or len(plain) > LONGEST_NAME:
            raise Http404("no name")
        leave, also = (request.GET.getlist(key)[:MOST_CHOSEN] for key in ("not", "also"))
        return cls(plain, *(tuple(dict.fromkeys(map(collapse, chosen))) for chosen in (leave, also)))

    def papers(self) -> AuthorPapers:
        """Raises EngineError."""
        return papers_of(self.name, leave=self.leave, also=self.also)

    def query(self, *, leave: Iterable[str] | None = None, also: Iterable[str] | None = None) -> str:
        """The address's query with other spellings left out or taken in, empty or beginning with a question mark."""
        left, taken = self.leave if leave is None else leave, self.also if also is None else also
        pairs = [*(("not", each) for each in left), *(("also", each) for each in taken)]
        return f"?{urlencode(pairs)}" if pairs else ""


@require_safe
def author_page(request: HttpRequest, name: str) -> HttpResponse:
    """The papers of one author, newest first; 404 where no paper has the name, with those that are like it."""
    asked = _Asked.of(request, name)
    own = author_address(asked.name)
    if said := _moved(request, name, asked, own):
        return said
    notes: list[str] = []
    number = read_page(request.GET.get("page"), notes)
    try:
        found = asked.papers()
        near = [] if found.total else near_names(asked.name)
    except EngineError as error:
        return _away(request, error)
    context: dict[str, object] = {
        "author": found,
        "notes": notes,
        "others": [
            Choice(each.name, each.count, own + asked.query(also=(*asked.also, each.name)), author_address(each.name))
            for each in found.others
        ],
        "several": not form_of(found.name).full and bool(found.others),
    }
    if not found.total:
        context["near"] = [(each, author_address(each)) for each in near]
        context["search"] = address("search", parse(asked.name), "relevance")
        return render(request, "search/no_author.html", context, status=404)
    pages = max(1, -(-len(found.ids) // PAGE_SIZE))
    first = (number - 1) * PAGE_SIZE
    context |= {
        "spellings": [
            Choice(each.name, each.count, own + asked.query(leave=(*asked.leave, each.name)))
            for each in found.spellings
        ],
        "left_out": [_taken_back(own, asked, each) for each in found.left_out],
        "coauthors": [Choice(each.name, each.count, author_address(each.name)) for each in found.coauthors],
        "rows": with_told(request, numbered(in_order(found.ids[first : first + PAGE_SIZE]), first + 1)),
        "numbers": page_numbers(min(number, pages), pages),
        "number": number,
        "beyond": number > pages,
        "reach": REACH,
        "feed": own + "/feed" + asked.query(),
        "exports": [(kind, f"{own}/{kind}{asked.query()}") for kind in ("bibtex", "ris", "csv")],
        "canonical": request.build_absolute_uri(author_address(found.name)) if number == 1 else "",
    }
    return render(request, "search/author.html", context, status=404 if number > pages else 200)


@require_safe
def author_export(request: HttpRequest, name: str, kind: str) -> HttpResponse:
    """The author's papers, newest first, as a file."""
    asked = _Asked.of(request, name)
    try:
        found = asked.papers()
    except EngineError as error:
        return away(error)
    if not found.total:
        return refused(_("No paper here names this author."), 404)
    return as_file(kind, found.name, in_order(found.ids), cut_short(len(found.ids), found.total))


class AuthorFeed(EngineFeed):
    """The author's newest papers."""

    def get_object(self, request: HttpRequest, name: str) -> Channel:
        """The channel of one author, with the spellings that the address chooses; 404 where no paper has the name."""
        asked = _Asked.of(request, name)
        found = asked.papers()
        if not found.total:
            raise Http404("No paper here names this author.")
        own = author_address(asked.name)
        page, feed = own + asked.query(), f"{own}/feed{asked.query()}"
        return Channel(found.name, page, feed, in_order(found.ids[:FEED_SIZE]))


def _moved(request: HttpRequest, name: str, asked: _Asked, own: str) -> HttpResponse | None:
    """On to the one address of a name: its words joined by `+`, said with the family name last."""
    person = as_author(asked.name)
    said = " ".join(filter(None, (person.given, person.last, person.suffix))) if "," in asked.name else asked.name
    if said != asked.name and same(form_of(said), form_of(asked.name)):
        own = author_address(said)
    elif name == asked.name.replace(" ", "+"):
        return None
    query = request.META.get("QUERY_STRING", "")
    return HttpResponsePermanentRedirect(own + (f"?{query}" if query else ""))


def _taken_back(own: str, asked: _Asked, spelling: Spelling) -> Choice:
    kept = [each for each in asked.leave if each != spelling.name]
    return Choice(spelling.name, spelling.count, own + asked.query(leave=kept))


def _away(request: HttpRequest, error: EngineError) -> HttpResponse:
    """The page that says that the search engine does not answer now."""
    log.warning("search is away", reason=str(error))
    response = render(request, "search/away.html", {"retry": request.get_full_path()}, status=503)
    response["Retry-After"] = SECONDS_AWAY
    return response

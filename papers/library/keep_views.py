"""The page of what a reader keeps of one paper, and the forms on it: a note, tags, lists.

Each form works alone: a browser without scripts gets a page, and a script the piece that changed.
"""

import json
from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from papers import markdown
from papers.accounts.who import account_needed
from papers.identifiers import ArxivId
from papers.library import lists, notes, tags
from papers.library.keeping import Draft, Keeping, keeping
from papers.library.kept import kept_of
from papers.models import Paper, ReadingList, Visitor
from papers.views.answers import SeeOther
from papers.views.reader import way_back
from papers.visitors import TooManyError, visitor_for

PIECES: Final = {name: f"papers/library/_{name}.html" for name in ("note", "tags", "lists")}


@require_safe
@never_cache
@account_needed
def keep(request: HttpRequest, arxiv_id: ArxivId) -> HttpResponse:
    """Note, tags and lists of one paper; with `part=1` as a piece that opens below its card."""
    found = keeping(visitor_for(request), _paper(arxiv_id), 4 if request.GET.get("part") == "1" else 2)
    found.draft.open = found.note is None
    if found.in_card:
        return render(request, "papers/library/_keep.html", {"keeping": found, "back": _page(found.paper)})
    return _whole(request, found)


@require_POST
@never_cache
@account_needed
def note(request: HttpRequest, arxiv_id: ArxivId) -> HttpResponseBase:
    """Save a note, `do=preview` it, `do=delete` it, or with `do=join` save it behind what another window wrote.

    409 with both texts where the note is another than that of the stamp `before`, and where there are too many; 400
    for a text that is too long.
    """
    paper, visitor = _paper(arxiv_id), visitor_for(request)
    do, sent = request.POST.get("do", "save"), request.POST.get("text", "")
    found = keeping(visitor, paper, _level(request))
    found.draft = Draft(sent, request.POST.get("before", "")[:40], open=True)
    try:
        text = "" if do == "delete" else notes.read_text(sent)
        if do == "preview":
            found.draft.shown = markdown.to_html(text, below=found.level)
            return _piece(request, found, "note")
        if do == "join" and found.note is not None:
            text = notes.read_text(f"{found.note.text}\n\n{text}")
        gone = found.note.text if found.note else ""
        found.note = notes.save(visitor, paper, text, found.draft.before)
    except notes.TooLongError:
        found.draft.problem = _("A note has %(most)s characters at most; this one has %(size)s.") % {
            "most": notes.LONGEST,
            "size": len(sent.replace("\r\n", "\n")),
        }
        return _piece(request, found, "note", 400)
    except TooManyError:
        found.draft.problem = _("There is no room for more notes. Deleting some makes room.")
        return _piece(request, found, "note", 409)
    except notes.ConflictError as conflict:
        found.note = conflict.note
        found.draft = Draft(sent, notes.stamp(conflict.note), other=conflict.note, conflict=True, open=True)
        return _piece(request, found, "note", 409)
    found.draft = Draft(found.note.text if found.note else "", notes.stamp(found.note), open=False)
    if found.note is None and gone:
        found.draft.deleted = gone
        return _piece(request, found, "note", say=_("The note is deleted."), undo=f"#undo-{paper.pk}")
    return _piece(request, found, "note", say=_("Saved"), done=True)


@require_POST
@never_cache
@account_needed
def tagging(request: HttpRequest, arxiv_id: ArxivId) -> HttpResponseBase:
    """Put the tags of `add`, separated by commas, on a paper, or take `remove` off it."""
    paper, visitor = _paper(arxiv_id), visitor_for(request)
    typed, problem, status = request.POST.get("add", "")[:3000], "", 200
    try:
        if gone := request.POST.get("remove", ""):
            tags.remove(visitor, paper, gone[: tags.LONGEST])
        elif names := tags.read_names(typed):
            tags.add(visitor, [paper], names)
    except tags.TagError as error:
        problem, status = str(error), 400
    except TooManyError:
        problem = _("There is room for %(tags)s tags, and for %(each)s on one paper.") % {
            "tags": tags.MOST,
            "each": tags.MOST_A_PAPER,
        }
        status = 409
    found = keeping(visitor, paper, _level(request))
    if problem:
        found.problems["tags"], found.typed["tags"] = problem, typed
    return _piece(request, found, "tags", status, done=not problem)


@require_POST
@never_cache
@account_needed
def listing(request: HttpRequest, arxiv_id: ArxivId) -> HttpResponseBase:
    """Put a paper in the lists `in` and take it out of those of `was` that are not among them, or put it in a `new`
    one.

    What has changed meanwhile elsewhere stays: only what was ticked or unticked here counts.
    """
    paper, visitor = _paper(arxiv_id), visitor_for(request)
    typed, problem, status = request.POST.get("new", "").strip(), "", 200
    ticked, was = (set(request.POST.getlist(name)[: lists.MOST]) for name in ("in", "was"))
    try:
        if typed:
            lists.add(lists.make(visitor, lists.read_name(typed)), [paper.pk])
        for changed in _named(visitor, ticked ^ was):
            (lists.add if str(changed.pk) in ticked else lists.remove)(changed, [paper.pk])
    except lists.ListError as error:
        problem, status = str(error), 400
    except TooManyError:
        problem = _("There is room for %(lists)s lists, and for %(each)s papers in each.") % {
            "lists": lists.MOST,
            "each": lists.MOST_PAPERS,
        }
        status = 409
    found = keeping(visitor, paper, _level(request))
    if problem:
        found.problems["lists"], found.typed["lists"] = problem, typed[: lists.LONGEST_NAME]
    return _piece(request, found, "lists", status, done=not problem)


def _named(visitor: Visitor, keys: set[str]) -> list[ReadingList]:
    """The reader's own lists among those of a form."""
    numbers = [int(key) for key in keys if key.isascii() and key.isdigit() and len(key) < 19]
    return list(ReadingList.objects.filter(visitor=visitor, pk__in=numbers))


def _paper(arxiv_id: ArxivId) -> Paper:
    return get_object_or_404(Paper, arxiv_id=arxiv_id.base)


def _page(paper: Paper) -> str:
    return reverse("keep", args=[paper.arxiv_id])


def _level(request: HttpRequest) -> int:
    level = request.POST.get("level", "")
    return int(level) if level in {"2", "3", "4"} else 2


def _piece(
    request: HttpRequest,
    found: Keeping,
    name: str,
    status: int = 200,
    *,
    say: str = "",
    undo: str = "",
    done: bool = False,
) -> HttpResponse:
    """The piece that changed; for a browser without scripts, back to where it stood if all is `done`, else a page."""
    if not request.headers.get("HX-Request"):
        if done:
            messages.success(request, say or _("Saved"))
            return SeeOther(f"{way_back(request, _page(found.paper)).partition('#')[0]}#{name}-{found.paper.pk}")
        return _whole(request, found, status)
    context: dict[str, object] = {"keeping": found, "back": way_back(request, _page(found.paper))}
    if found.in_card:
        visitor = visitor_for(request)
        context["kept"] = kept_of(visitor, [found.paper.pk]).get(found.paper.pk)
        context["again"] = True
    response = render(request, PIECES[name], context, status=status)
    if say:
        response["HX-Trigger-After-Swap"] = json.dumps({"kept": {"say": say, "undo": undo}})
    return response


def _whole(request: HttpRequest, found: Keeping, status: int = 200) -> HttpResponse:
    found.level = 2
    context = {"keeping": found, "paper": found.paper, "back": _page(found.paper)}
    return render(request, "papers/library/keep.html", context, status=status)

"""Papers brought in: a BibTeX file or a list of ids is read, shown as it was read, and kept as the reader chooses."""

from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from papers import visitors, wanted
from papers.accounts.who import account_needed
from papers.clients import client_address
from papers.identifiers import parse_id
from papers.library import lists, reading, tags
from papers.library.kept import lists_of, tags_of
from papers.models import Paper, ReadingList, Visitor, WantedPaper
from papers.views.answers import SeeOther
from papers.views.errors import too_many

SHOWN: Final = 200  # papers of the preview that are named
ROOM: Final = 200_000  # bytes of a request beside the file

State = WantedPaper.State


@csrf_exempt  # until its size is known: the token stands in the body; _page asks for it
@account_needed
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def import_papers(request: HttpRequest) -> HttpResponseBase:
    """The form; POST reads a `file` or a `text` and shows what is in it, with `do=take` keeps the papers of `ids` as
    `where` says (stars, list, new, tag), with `do=ask` asks arXiv for those that are not here.

    413 for more than the limit, before it is read.
    """
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > reading.LARGEST + ROOM:
        return _form(request, _("The file is larger than 1 MB. Please part it."), status=413)
    return _page(request)


@csrf_protect
def _page(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _form(request)
    do = request.POST.get("do", "look")
    if do == "look":
        return _look(request)
    ids = _ids(request)
    if not ids:
        return _form(request, _("No paper was named."), status=400)
    return _ask(request, ids) if do == "ask" else _take(request, ids)


def _form(request: HttpRequest, fault: str = "", *, text: str = "", status: int = 200) -> HttpResponse:
    context = {"account": True, "fault": fault, "text": text, "most": reading.MOST}
    return render(request, "papers/library/import.html", context, status=status)


def _look(request: HttpRequest) -> HttpResponse:
    file = request.FILES.get("file")
    text = request.POST.get("text", "")
    try:
        if isinstance(file, UploadedFile) and file.size:
            if file.size > reading.LARGEST:
                raise reading.ReadingError(_("The file is larger than 1 MB. Please part it."), large=True)
            text = reading.decoded(file.read())
        if not text.strip():
            return _form(request, _("Choose a file, or paste ids or addresses."), status=400)
        read = reading.read(text)
    except reading.ReadingError as error:
        return _form(request, str(error), status=413 if error.large else 400)
    if not read.ids:
        fault = _("No arXiv id was found in it.")
        return _form(request, fault, text=text[:20_000] if not file else "", status=400)
    return _preview(request, read.ids, {"read": read})


def _ids(request: HttpRequest) -> list[str]:
    found = (parse_id(part) for part in request.POST.get("ids", "")[: reading.MOST * 40].split())
    return list(dict.fromkeys(one.base for one in found if one))[: reading.MOST]


def _preview(request: HttpRequest, ids: Sequence[str], more: dict[str, Any], status: int = 200) -> HttpResponse:
    """What is here of the ids and what is not; four database queries."""
    known = dict(Paper.objects.filter(arxiv_id__in=ids).values_list("arxiv_id", "removed"))
    here = [name for name in ids if known.get(name) is False]
    missing = [name for name in ids if name not in known]
    asked = WantedPaper.objects.filter(arxiv_id__in=missing)
    states = dict(asked.values_list("arxiv_id", "state"))
    titles = {
        paper.arxiv_id: paper for paper in Paper.objects.filter(arxiv_id__in=here[:SHOWN]).defer("abstract", "keywords")
    }
    visitor = visitors.visitor_of(request)
    context = {
        "account": True,
        "here": here,
        "papers": [titles[name] for name in here[:SHOWN] if name in titles],
        "not_shown": max(0, len(here) - SHOWN),
        "removed": [name for name in ids if known.get(name)],
        "missing": missing,
        "awaited": [name for name in missing if states.get(name) == State.OPEN],
        "absent": [name for name in missing if states.get(name) == State.ABSENT],
        "unasked": [name for name in missing if name not in states or states[name] == State.HERE],
        "lists": list(lists_of(visitor)),
        "tags": list(tags_of(visitor)),
        **more,
    }
    return render(request, "papers/library/preview.html", context, status=status)


def _ask(request: HttpRequest, ids: Sequence[str]) -> HttpResponse:
    """Ask arXiv for what is not here, as far as this hour's bounds go, and show the list again."""
    here = set(Paper.objects.filter(arxiv_id__in=ids).values_list("arxiv_id", flat=True))
    # The one reader of a site may ask for as many as the site may.
    address = "" if settings.SINGLE_USER else client_address(request)
    number, later = 0, 0
    for name in ids:
        if name in here:
            continue
        try:
            row = wanted.ask(name, address)
        except wanted.AskedTooMuchError as error:
            later = error.seconds
            break
        if row is None:
            later = later or 60
            break
        number += row.state == State.OPEN
    told = ngettext("%(count)s paper is asked of arXiv.", "%(count)s papers are asked of arXiv.", number)
    more: dict[str, Any] = {"told": told % {"count": number}}
    if later:
        more["later"] = -(-later // 60)
    return _preview(request, ids, more)


def _take(request: HttpRequest, ids: Sequence[str]) -> HttpResponse:
    """Keep the papers that are here; with something missing the rest of the list is shown again."""
    papers = list(Paper.objects.filter(arxiv_id__in=ids, removed=False).only("pk", "arxiv_id"))
    if not papers:
        return _preview(request, ids, {"fault": _("None of these papers is here yet.")}, status=400)
    place = {name: number for number, name in enumerate(ids)}
    papers.sort(key=lambda paper: place[paper.arxiv_id], reverse=True)  # what stands first in the file is put on top
    try:
        address = _keep(request, visitors.visitor_for(request), papers)
    except (lists.ListError, tags.TagError) as error:
        return _preview(request, ids, {"fault": str(error)}, status=400)
    except visitors.TooManyError as error:
        return too_many(request, error.seconds)
    known = set(Paper.objects.filter(arxiv_id__in=ids).values_list("arxiv_id", flat=True))
    rest = [name for name in ids if name not in known]
    if not rest:
        return SeeOther(address)
    told = ngettext("%(count)s paper was kept.", "%(count)s papers were kept.", len(papers)) % {"count": len(papers)}
    return _preview(request, rest, {"told": told, "kept_at": address})


def _keep(request: HttpRequest, visitor: Visitor, papers: Sequence[Paper]) -> str:
    """Put papers where the form says, and where they are to be seen then."""
    keys = [paper.pk for paper in papers]
    match request.POST.get("where", "stars"):
        case "stars":
            visitors.mark(visitor, keys, "starred", True)
            return reverse("library")
        case "list":
            number = request.POST.get("list", "")
            if not (number.isascii() and number.isdigit() and len(number) < 16):
                raise lists.ListError(_("Choose one of your lists."))
            found = ReadingList.objects.filter(visitor=visitor, pk=int(number)).first()
            if found is None:
                raise Http404
        case "new":
            found = lists.make(visitor, lists.read_name(request.POST.get("new", "")))
        case "tag":
            names = tags.read_names(request.POST.get("tag", ""))
            if not names:
                raise tags.TagError(_("A tag needs a name."))
            tags.add(visitor, papers, names)
            return reverse("library", query={"tag": names[0]})
        case _:
            raise lists.ListError(_("Choose where the papers go."))
    lists.add(found, keys)
    return reverse("reading-list", args=[found.pk])

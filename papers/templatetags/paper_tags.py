"""Filters for showing papers."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from html import escape
from urllib.parse import quote, quote_plus

from django import template
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from papers import addresses, tex
from papers.categories import CategorySpec, subcategories
from papers.category_names import name_of
from papers.models import Paper
from papers.views.context import Choice, Row
from papers.views.sections import Section

register = template.Library()

SHOWN_AUTHORS = 40
_FIRST_HTML = datetime(2023, 12, 1, tzinfo=UTC)  # since then arXiv makes HTML of what is submitted in TeX


@register.simple_tag(takes_context=True)
def current(context: template.Context, *names: str) -> SafeString:
    """For a link to the first of some named pages: ` aria-current="page"` on that page itself, `"true"` on the others
    and on what lies below one of them, else nothing."""
    request = context.get("request")
    places = [addresses.of_view(name) for name in names]
    if request is None:
        return SafeString("")
    if request.path == places[0]:
        return SafeString(' aria-current="page"')
    below = any(f"{request.path}/".startswith(f"{address.rstrip('/')}/") for address in places if address != "/")
    return SafeString(' aria-current="true"' if below else "")


@register.filter
def category_name(code: str) -> str:
    """The name of a category or archive; the code itself where it is unknown."""
    return name_of(code)


@register.filter
def has_html(paper: Paper) -> bool:
    """Whether arXiv is likely to have an HTML version."""
    return paper.published >= _FIRST_HTML


@register.filter
def shown_authors(paper: Paper) -> list[str]:
    """The authors that are always shown."""
    return paper.plain_authors[:SHOWN_AUTHORS]


@register.filter
def hidden_authors(paper: Paper) -> list[str]:
    """The authors behind the fold."""
    return paper.plain_authors[SHOWN_AUTHORS:]


@register.filter
def phrase_search(text: str, field: str = "") -> str:
    """The address that searches for `text` as an exact phrase, within `field` where one is named."""
    phrase = '"{}"'.format(text.replace('"', " "))
    return f"{addresses.of_view('search')}?q={quote_plus(f'{field}:{phrase}' if field else phrase)}"


@register.filter
def dois(paper: Paper) -> list[str]:
    """The DOIs of a paper; some records hold several, separated by spaces."""
    return [part for part in paper.doi.split() if part.startswith("10.") and "/" in part]


# An address ends before punctuation that closes the sentence around it.
_ADDRESS = re.compile(r"https?://[^\s<>\"'{}|\\^`]*[^\s<>\"'{}|\\^`.,;:!?)\]]")


@register.filter
def with_links(text: str) -> SafeString:
    """An author's comment as HTML: TeX as Unicode, escaped, with its web addresses as links that give nothing away."""
    plain = tex.to_text(text)
    pieces: list[str] = []
    at = 0
    for found in _ADDRESS.finditer(plain):
        address = found[0]
        pieces.append(escape(plain[at : found.start()]))
        pieces.append(format_html('<a href="{}" rel="external nofollow noopener ugc">{}</a>', address, address))
        at = found.end()
    pieces.append(escape(plain[at:]))
    return mark_safe("".join(pieces))  # noqa: S308 (every piece went through escape)


@register.inclusion_tag("papers/_card.html", takes_context=True)
def card(context: template.Context, row: Row) -> dict[str, object]:
    """The card of a row. What is rendered sees these names alone: in the page's whole context, which is a dozen
    dictionaries deep there, looking up names took half the time of a card."""
    has_account = context.get("has_account", False)
    return {
        "row": row,
        "paper": row.paper,
        "told": row.told,
        "language": context.get("language", ""),
        "spec": context.get("spec", ""),
        "folded": context.get("folded", False),
        "has_account": has_account() if callable(has_account) else has_account,
    }


@register.simple_tag
def keyword_links(keywords: list[str]) -> SafeString:
    """Keyphrases as items of a list, each a link to the search for its words."""
    search = escape(addresses.of_view("search"))
    items = (f'<li><a href="{search}?q={quote(word, safe="")}">{escape(word)}</a></li>' for word in keywords)
    return mark_safe("".join(items))  # noqa: S308 (a quoted word holds no sign that HTML knows)


@register.simple_tag
def category_chip(code: str, primary: bool, spec: CategorySpec | str, language: str) -> SafeString:
    """A category of a card: the link to its list, and on the list of `spec` (empty elsewhere) the ways to add it there
    or to leave it out. The same few stand on all cards, and are made once for each language."""
    return _chip(code, bool(primary), spec if isinstance(spec, CategorySpec) else None, language)


@lru_cache(maxsize=8192)
def _chip(code: str, primary: bool, spec: CategorySpec | None, language: str) -> SafeString:
    name = name_of(code)
    if primary:
        name = gettext("%(category)s (primary)") % {"category": name}
    ways = _steps(spec, code) if spec else None
    texts = {
        "add": ("+", gettext("Add %(code)s to this list") % {"code": code}),
        "leave": ("−", gettext("Leave %(code)s out of this list") % {"code": code}),
    }
    links = format_html_join(
        "",
        '<a href="{}" rel="nofollow" aria-label="{}">{}</a>',
        ((address, texts[way][1], texts[way][0]) for way, address in (ways or {}).items()),
    )
    return format_html(
        '<span class="of"><a class="category{}" href="{}" title="{}">{}</a>{}</span>',
        " primary" if primary else "",
        reverse("listing", args=[code]),
        name,
        code,
        format_html('<span class="steps">{}</span>', links) if links else "",
    )


def _steps(spec: CategorySpec, code: str) -> dict[str, str] | None:
    """Where a category leads from the list of `spec`: `add` joins it, `leave` takes it away; None where neither makes
    sense."""
    include, exclude = spec.expand()
    found = {}
    if code not in include and code not in exclude:
        found["add"] = reverse("listing", args=[CategorySpec((*spec.include, code), spec.exclude)])
    if code in spec.include and len(spec.include) > 1:
        rest = tuple(name for name in spec.include if name != code)
        found["leave"] = reverse("listing", args=[CategorySpec(rest, spec.exclude)])
    elif code not in exclude and include - {code, *subcategories(code)}:
        found["leave"] = reverse("listing", args=[CategorySpec(spec.include, (*spec.exclude, code))])
    return found or None


@register.simple_tag
def boxes(choices: Iterable[Choice]) -> SafeString:
    """The boxes of a shelf of the picker as items of a list."""
    out = escape(gettext("left out"))
    items = []
    for choice in choices:
        code, name = escape(choice.code), escape(choice.name)
        label = f"<span>{name}</span>" if choice.whole else f"<b>{code}</b> <span>{name}</span>"
        count = f" <i>{choice.count}</i>" if choice.count else ""
        items.append(
            f'<li><label><input class="box" type="checkbox" name="{"x" if choice.out else "c"}" value="{code}"'
            f'{" checked" if choice.state else ""}> {label}<span class="unseen state" data-out="{out}"></span>{count}'
            "</label></li>"
        )
    return mark_safe("\n".join(items))  # noqa: S308 (all of it went through escape)


@register.filter
def short_count(number: int) -> str:
    """A number in the room of a calendar's day: 987, 1.2k, 12k."""
    if number < 1_000:
        return str(number)
    return f"{number / 1_000:.1f}k" if number < 9_950 else f"{number / 1_000:.0f}k"


@register.filter
def all_seen(sections: Iterable[Section]) -> bool:
    """Whether the reader has seen every paper of a page."""
    return all(row.told is not None and row.told.seen for section in sections for row in section.rows)

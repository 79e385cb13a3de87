"""Tags and filters for citing a paper, and for what points to its authors."""

import json
from collections.abc import Iterable
from html import escape
from typing import Final
from urllib.parse import quote

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.http import RFC3986_SUBDELIMS
from django.utils.safestring import SafeString, mark_safe

from papers import addresses, citations
from papers.models import Paper
from papers.templatetags.paper_tags import phrase_search
from papers.tex import collapse

register = template.Library()

# As django.utils.html.json_script has it: no character is left that could end the element or begin another.
_IN_SCRIPT: Final = {
    ord(">"): "\\u003E",
    ord("<"): "\\u003C",
    ord("&"): "\\u0026",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}
LONGEST_NAME: Final = 200
_AS_THEY_STAND: Final = f"{RFC3986_SUBDELIMS}~:@"  # as `reverse` has it


@register.simple_tag
def citation_meta(paper: Paper) -> SafeString:
    """The `<meta name="citation_…">` tags that Zotero and Google Scholar read."""
    return format_html_join("\n    ", '<meta name="{}" content="{}">', citations.metatags(paper))


@register.simple_tag
def json_ld(paper: Paper, address: str) -> SafeString:
    """The paper as a block of JSON-LD; a browser never runs such a block, so the CSP has nothing to allow."""
    text = json.dumps(citations.json_ld(paper, address), ensure_ascii=False).translate(_IN_SCRIPT)
    return format_html('<script type="application/ld+json">{}</script>', mark_safe(text))  # noqa: S308 (translated)


@register.filter
def plain_citation(paper: Paper) -> str:
    """The paper's citation in one line of text."""
    return citations.plain(paper)


@register.simple_tag
def author_links(names: Iterable[str]) -> SafeString:
    """Names of authors, each a link to the author's page, parted by commas."""
    links = (f'<a href="{escape(author_address(name))}">{escape(name)}</a>' for name in names)
    return mark_safe(", ".join(links))  # noqa: S308 (both parts went through escape)


@register.filter
def author_address(name: str) -> str:
    """The address of an author's page, words joined by `+`; of a search for what is too long or odd for a name."""
    plain = collapse(name.replace("/", " ").replace("+", " "))
    if not any(map(str.isalpha, plain)) or len(plain) > LONGEST_NAME:
        return phrase_search(name, "au")
    return quote(plain.replace(" ", "+"), safe=_AS_THEY_STAND).join(addresses.around("author", "-"))

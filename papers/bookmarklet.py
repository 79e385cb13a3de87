"""The bookmarklet: one line of JavaScript that opens the page of arXiv a reader is on at this site."""

import json
from functools import cache
from urllib.parse import quote

from django.conf import settings

# What the browser does when the bookmark is clicked; `placeOf` is the function of the extension.
_BODY = (
    '{place_of}const text=String(getSelection()??"").trim().slice(0,1000);'
    'const place=placeOf(location.href)??(text?"search?q="+encodeURIComponent(text):"search");'
    "location.href={site}+place;"
)


@cache
def place_of() -> str:
    """`placeOf` of `extension/address.js` in one line, without its comments."""
    lines = (line.strip() for line in (settings.BASE_DIR / "extension" / "address.js").read_text().splitlines())
    code = "".join(line for line in lines if line and not line.startswith("//") and line != '"use strict";')
    return code.removeprefix("export ")


def bookmarklet(site: str) -> str:
    """The bookmark's address for the site whose front page is at `site`: an arXiv page leads to its counterpart there,
    any other page to the search for the text that is selected."""
    body = _BODY.format(place_of=place_of(), site=json.dumps(site))
    return "javascript:" + quote(f"(()=>{{{body}}})()", safe="!$&()*+,-./:;=?@_~")

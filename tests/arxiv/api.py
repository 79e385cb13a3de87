"""The query API: Atom entries of papers by search and by id."""

import random
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha1
from urllib.parse import urlencode

from tests.arxiv.answers import Answer, Context, Query
from tests.arxiv.query import BadQueryError, matcher
from tests.arxiv.texts import both_names, xml
from tests.arxiv.truth import State, Version

MOST_A_PAGE = 2_000
MOST_A_QUERY = 30_000
_ID = re.compile(r"([0-9]{4}\.[0-9]{4,5}|[a-z-]+(?:\.[A-Z]{2})?/[0-9]{7})(?:v([0-9]+))?", re.ASCII)
_HEAD = (
    "<?xml version='1.0' encoding='UTF-8'?>\n"
    '<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns:arxiv="http://arxiv.org/schemas/atom" '
    'xmlns="http://www.w3.org/2005/Atom">\n'
)
_CODES = ("68T50, 62M45 (Primary)", "I.2.7; H.3.3")

Shown = tuple[State, Version]


def answer(context: Context, query: Query) -> Answer:
    """The feed for a query, or an error entry with HTTP 400."""
    try:
        start, size = _number(query, "start", 0), _number(query, "max_results", 10)
        if start + size > MOST_A_QUERY:
            raise BadQueryError(f"start + max_results must be no more than {MOST_A_QUERY}")
        found = _found(context, query)
        _sort(found, query, context)
    except BadQueryError as error:
        return error_answer(context, str(error), 400)
    page = found[start : start + min(size, MOST_A_PAGE)]
    if size and start < len(found) and context.faults.take("empty_later" if start else "empty_first", "api"):
        page = []
    return _feed(context, query, page, len(found), start, size)


def error_answer(context: Context, text: str, status: int) -> Answer:
    """An error as arXiv tells it: a feed with one entry."""
    address = f"https://arxiv.org/api/errors#{re.sub(r'[^a-z0-9.]+', '_', text.lower())}"
    now = _moment(context.world.now)
    body = (
        f"{_HEAD}  <id>https://arxiv.org/</id>\n  <title>arXiv Search Results</title>\n  <updated>{now}</updated>\n"
        f"{_counts(1, 1, 0)}  <entry>\n    <id>{xml(address)}</id>\n    <title>Error</title>\n"
        f"    <updated>{now}</updated>\n"
        f'    <link href="{xml(address)}" rel="alternate" type="text/html"/>\n    <summary>{xml(text)}</summary>\n'
        "    <author>\n      <name>arXiv api core</name>\n    </author>\n  </entry>\n</feed>\n"
    )
    return Answer(body.encode(), status, "application/atom+xml; charset=utf-8")


def _number(query: Query, name: str, default: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if not re.fullmatch("[0-9]{1,9}", text, re.ASCII):
        raise BadQueryError(f"{name} must be a non-negative integer")
    return int(text)


def _found(context: Context, query: Query) -> list[Shown]:
    """What the query finds, in the order of the ids asked for or of none in particular."""
    day = context.world.public_day("api")
    states = context.world.states(day) if day else {}
    faults = context.faults
    absent = faults.dropped("api", context.world) | faults.taken_away(context.world)
    ids, search = query.get("id_list", "").strip(), query.get("search_query", "").strip()
    if ids:
        shown = [pair for text in ids.split(",") if (pair := _by_id(states, text.strip()))]
    elif search:
        absent |= faults.stopped("api", context.world)
        shown = [(state, state.latest) for state in states.values()]
    else:
        shown = []
    shown = [pair for pair in shown if not pair[0].deleted and pair[0].arxiv_id not in absent]
    if search:
        matches = matcher(search)
        shown = [pair for pair in shown if matches(pair[0])]
    return shown


def _by_id(states: Mapping[str, State], text: str) -> Shown | None:
    found = _ID.fullmatch(text)
    if found is None:
        raise BadQueryError(f"incorrect id format for {text}")
    base = re.sub(r"\.[A-Z]{2}/", "/", found[1])
    state = states.get(base)
    if state is None:
        return None
    if found[2] is None:
        return state, state.latest
    number = int(found[2])
    return (state, state.versions[number - 1]) if 0 < number <= len(state.versions) else None


def _sort(found: list[Shown], query: Query, context: Context) -> None:
    by, order = query.get("sortBy", "relevance"), query.get("sortOrder", "descending")
    if by not in ("relevance", "lastUpdatedDate", "submittedDate"):
        raise BadQueryError("sortBy must be in: relevance, lastUpdatedDate, submittedDate")
    if order not in ("ascending", "descending"):
        raise BadQueryError("sortOrder must be in: ascending, descending")
    if context.faults.unsorted:
        random.Random(context.faults.seed).shuffle(found)
    elif by == "submittedDate":
        found.sort(key=lambda pair: (pair[0].versions[0].submitted, pair[0].arxiv_id), reverse=order == "descending")
    elif by == "lastUpdatedDate":
        found.sort(key=lambda pair: (pair[1].submitted, pair[0].arxiv_id), reverse=order == "descending")


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _counts(size: int, total: int, start: int) -> str:
    return (
        f"  <opensearch:itemsPerPage>{size}</opensearch:itemsPerPage>\n"
        f"  <opensearch:totalResults>{total}</opensearch:totalResults>\n"
        f"  <opensearch:startIndex>{start}</opensearch:startIndex>\n"
    )


def _feed(context: Context, query: Query, page: Iterable[Shown], total: int, start: int, size: int) -> Answer:
    asked = {
        "search_query": query.get("search_query", ""),
        "start": str(start),
        "max_results": str(size),
        "id_list": query.get("id_list", ""),
    }
    name = b64encode(sha1(repr(asked).encode()).digest()).decode().rstrip("=")
    title = "&".join(f"{key}={asked[key]}" for key in ("search_query", "id_list", "start", "max_results"))
    link = f"https://arxiv.org/api/query?{urlencode(asked, safe=':/,')}"
    body = (
        f"{_HEAD}  <id>https://arxiv.org/api/{name}</id>\n  <title>arXiv Query: {xml(title)}</title>\n"
        f"  <updated>{_moment(context.world.now)}</updated>\n"
        f'  <link href="{xml(link)}" type="application/atom+xml"/>\n'
        f"{_counts(size, total, start)}{''.join(_entry(*pair, context.faults.codes) for pair in page)}</feed>\n"
    )
    return Answer(body.encode(), content_type="application/atom+xml; charset=utf-8")


def _entry(state: State, version: Version, codes: bool) -> str:
    name = f"{state.arxiv_id}v{version.number}"
    names = [*both_names(state.categories), *(_CODES if codes else ())]
    optional = {"comment": version.comment, "journal_ref": state.journal_ref, "doi": state.doi}
    parts = [
        f"  <entry>\n    <id>http://arxiv.org/abs/{name}</id>\n    <title>{xml(version.title)}</title>\n",
        f"    <updated>{_moment(version.submitted)}</updated>\n",
        f'    <link href="https://arxiv.org/abs/{name}" rel="alternate" type="text/html"/>\n',
        f'    <link href="https://arxiv.org/pdf/{name}" rel="related" type="application/pdf" title="pdf"/>\n',
        f"    <summary>{xml(version.abstract)}</summary>\n",
        *(f'    <category term="{xml(term)}" scheme="http://arxiv.org/schemas/atom"/>\n' for term in names),
        f"    <published>{_moment(state.versions[0].submitted)}</published>\n",
        *(f"    <arxiv:{key}>{xml(text)}</arxiv:{key}>\n" for key, text in optional.items() if text),
        f'    <arxiv:primary_category term="{state.categories[0]}"/>\n',
        *(f"    <author>\n      <name>{xml(author)}</name>\n    </author>\n" for author in version.authors),
    ]
    if state.doi:
        parts.append(f'    <link rel="related" href="https://doi.org/{xml(state.doi)}" title="doi"/>\n')
    return "".join(parts) + "  </entry>\n"

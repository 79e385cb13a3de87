"""arXiv's search language, as far as programs use it: fields, dates, AND, OR, ANDNOT and parentheses."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from tests.arxiv.texts import both_names
from tests.arxiv.truth import State

Matcher = Callable[[State], bool]

_TOKEN = re.compile(
    r"""\s*(?: (?P<bracket>[()])
      | (?P<operator>ANDNOT|AND|OR)(?=[\s()]|$)
      | (?P<date>submittedDate|lastUpdatedDate):\[\s*(?P<since>\d{8}(?:\d{4}(?:\d\d)?)?)\s+TO\s+
        (?P<until>\d{8}(?:\d{4}(?:\d\d)?)?)\s*\]
      | (?:(?P<field>[a-z]+):)?(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s()":\[\]]+))
      )\s*""",
    re.VERBOSE | re.ASCII,
)
_TEXTS: dict[str, Callable[[State], str]] = {
    "ti": lambda state: state.latest.title,
    "abs": lambda state: state.latest.abstract,
    "au": lambda state: " ".join(state.latest.authors),
    "co": lambda state: state.latest.comment,
    "jr": lambda state: state.journal_ref,
    "all": lambda state: " ".join((state.latest.title, state.latest.abstract, *state.latest.authors)),
}


class BadQueryError(ValueError):
    """A query that arXiv refuses; the text is what its error entry says."""


def matcher(search: str) -> Matcher:
    """Whether a paper fits the query. Raises BadQueryError where it cannot be read."""
    tokens: list[re.Match[str]] = []
    at = 0
    text = search.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise BadQueryError(f"malformed search query near {text[at : at + 30]}")
        tokens.append(found)
        at = found.end()
    reader = _Reader(tokens)
    whole = reader.either()
    if reader.tokens:
        raise BadQueryError("unbalanced parentheses in search query")
    return whole


class _Reader:
    """Reads the tokens from the left; AND binds closer than OR, and what stands side by side is joined by OR."""

    def __init__(self, tokens: list[re.Match[str]]) -> None:
        self.tokens = tokens[::-1]

    def _next_is(self, kind: str, *texts: str) -> bool:
        return bool(self.tokens) and self.tokens[-1][kind] in texts

    def either(self) -> Matcher:
        parts = [self._all()]
        while self.tokens and not self._next_is("bracket", ")"):
            if self._next_is("operator", "OR"):
                self.tokens.pop()
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else lambda state: any(part(state) for part in parts)

    def _all(self) -> Matcher:
        whole = self._one()
        while self._next_is("operator", "AND", "ANDNOT"):
            operator = self.tokens.pop()["operator"]
            whole = _joined(whole, self._one(), operator == "AND")
        return whole

    def _one(self) -> Matcher:
        if not self.tokens:
            raise BadQueryError("search query ends too early")
        token = self.tokens.pop()
        if token["bracket"] == "(":
            inner = self.either()
            if not self._next_is("bracket", ")"):
                raise BadQueryError("unbalanced parentheses in search query")
            self.tokens.pop()
            return inner
        if token["bracket"] or token["operator"]:
            raise BadQueryError(f"malformed search query near {token[0].strip()}")
        return _dated(token) if token["date"] else _worded(token)


def _joined(left: Matcher, right: Matcher, wanted: bool) -> Matcher:
    return lambda state: left(state) and right(state) is wanted


def _dated(token: re.Match[str]) -> Matcher:
    try:
        since, until = (_moment(token["since"], "0"), _moment(token["until"], "9"))
    except ValueError:
        raise BadQueryError(f"bad date range in {token[0].strip()}") from None
    first = token["date"] == "submittedDate"

    def fits(state: State) -> bool:
        version = state.versions[0] if first else state.latest
        return since <= version.submitted <= until

    return fits


def _moment(text: str, missing: str) -> datetime:
    """The moment in UTC; what is left out is the first or the last of its day."""
    rest = {"0": "000000", "9": "235959"}[missing]
    return datetime.strptime(text + rest[len(text) - 8 :], "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def _worded(token: re.Match[str]) -> Matcher:
    name = token["field"] or "all"
    wanted = token["word"] if token["phrase"] is None else token["phrase"]
    if name == "cat":
        return lambda state: any(fnmatchcase(category, wanted) for category in both_names(state.categories))
    if name == "id":
        return lambda state: state.arxiv_id == wanted
    if name not in _TEXTS:
        raise BadQueryError(f"unknown field in search query: {name}")
    text_of, low = _TEXTS[name], wanted.lower()
    return lambda state: low in text_of(state).lower()

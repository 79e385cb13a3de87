"""OAI-PMH: windows of changed records, page by page."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Final
from urllib.parse import parse_qsl, urlencode

from papers.categories import ARCHIVES, CATEGORIES
from tests.arxiv.answers import XML_HEAD, Answer, Context, Query
from tests.arxiv.rendering import FORMATS, header, record, set_specs
from tests.arxiv.texts import xml
from tests.arxiv.truth import State

PREFIX = "oai:arXiv.org:"
_HEAD = (
    f'{XML_HEAD}<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://www.openarchives.org/OAI/2.0/ '
    'http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd">\n'
)
_ARGUMENTS: Final = {
    "Identify": (set(), set()),
    "ListSets": (set(), {"resumptionToken"}),
    "ListMetadataFormats": (set(), {"identifier"}),
    "GetRecord": ({"identifier", "metadataPrefix"}, set()),
    "ListIdentifiers": ({"metadataPrefix"}, {"from", "until", "set"}),
    "ListRecords": ({"metadataPrefix"}, {"from", "until", "set"}),
}
_LISTS = ("ListIdentifiers", "ListRecords")
_SELECTIONS_KEPT = 8


class ProtocolError(Exception):
    """An error of the protocol: its code and a line of text."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class _Window:
    """What a list was asked for, and of which state of the world; a token is this and a place in it."""

    verb: str
    prefix: str
    since: str
    until: str
    set: str
    day: str
    generation: int
    cursor: int = 0

    def token(self, cursor: int) -> str:
        """All that the next page needs: a token outlives a restart of the server."""
        values = (self.verb, self.prefix, self.since, self.until, self.set, self.day, self.generation, cursor)
        return urlencode(list(zip("vpfusdgc", map(str, values), strict=True)))


class Oai:
    """The interface, with what it keeps between two requests: lists that are being walked, and void tokens."""

    def __init__(self) -> None:
        self.generation = 0
        self._selections: dict[object, list[State]] = {}

    def answer(self, context: Context, query: Query) -> Answer:
        """The response to a request of the protocol; its errors come with HTTP 200, as OAI-PMH has it."""
        verb = query.get("verb", "")
        try:
            self._check(verb, query)
            body = getattr(self, f"_{verb}" if verb not in _LISTS else "_list")(context, query)
        except ProtocolError as error:
            return error_answer(context, query, error)
        return _response(context, query, f"  <{verb}>\n{body}  </{verb}>\n")

    def _check(self, verb: str, query: Query) -> None:
        if verb not in _ARGUMENTS:
            raise ProtocolError("badVerb", f"unknown verb: {verb or 'none given'}")
        needed, optional = _ARGUMENTS[verb]
        given = set(query) - {"verb"}
        if verb in _LISTS and "resumptionToken" in given:
            needed, optional = {"resumptionToken"}, set()
        if not needed <= given <= needed | optional:
            wrong = sorted((needed - given) | (given - needed - optional))
            raise ProtocolError("badArgument", f"missing or not allowed: {', '.join(wrong)}")
        if query.get("metadataPrefix", FORMATS[0]) not in FORMATS:
            raise ProtocolError("cannotDisseminateFormat", f"formats are {', '.join(FORMATS)}")

    def _Identify(self, context: Context, query: Query) -> str:  # noqa: N802 - the verb's name
        first = min(state.datestamp for state in self._states(context).values())
        return (
            f"    <repositoryName>arXiv</repositoryName>\n    <baseURL>{xml(context.base)}/oai</baseURL>\n"
            "    <protocolVersion>2.0</protocolVersion>\n    <adminEmail>help@arxiv.org</adminEmail>\n"
            f"    <earliestDatestamp>{first}</earliestDatestamp>\n    <deletedRecord>persistent</deletedRecord>\n"
            "    <granularity>YYYY-MM-DD</granularity>\n"
        )

    def _ListSets(self, context: Context, query: Query) -> str:  # noqa: N802
        return "".join(
            f"    <set>\n      <setSpec>{spec}</setSpec>\n      <setName>{xml(name)}</setName>\n    </set>\n"
            for spec, name in all_sets().items()
        )

    def _ListMetadataFormats(self, context: Context, query: Query) -> str:  # noqa: N802
        return "".join(
            f"    <metadataFormat>\n      <metadataPrefix>{name}</metadataPrefix>\n"
            f"      <schema>http://arxiv.org/OAI/{name}.xsd</schema>\n"
            f"      <metadataNamespace>http://arxiv.org/OAI/{name}/</metadataNamespace>\n    </metadataFormat>\n"
            for name in FORMATS
        )

    def _GetRecord(self, context: Context, query: Query) -> str:  # noqa: N802
        identifier = query["identifier"]
        arxiv_id = identifier.removeprefix(PREFIX)
        state = self._states(context).get(arxiv_id)
        if not identifier.startswith(PREFIX) or state is None:
            raise ProtocolError("idDoesNotExist", f"no such record: {identifier}")
        if arxiv_id in context.faults.dropped("oai", context.world):
            raise ProtocolError("idDoesNotExist", f"no such record: {identifier}")
        deleted = state.deleted or arxiv_id in context.faults.taken_away(context.world)
        return record(state, query["metadataPrefix"], deleted)

    def _list(self, context: Context, query: Query) -> str:
        window = self._resumed(context, query) if "resumptionToken" in query else self._opened(context, query)
        selection = self._selection(context, window)
        if not selection:
            raise ProtocolError("noRecordsMatch", "nothing in this window")
        end = window.cursor + context.oai_page
        page = selection[window.cursor : end]
        if context.faults.take("empty_later" if window.cursor else "empty_first", "oai"):
            page = []
        gone = context.faults.taken_away(context.world)
        if window.verb == "ListIdentifiers":
            body = "".join(header(state, state.deleted or state.arxiv_id in gone) for state in page)
        else:
            body = "".join(record(state, window.prefix, state.deleted or state.arxiv_id in gone) for state in page)
        if window.cursor or end < len(selection):
            token = xml(window.token(end)) if end < len(selection) else ""
            counts = f'completeListSize="{len(selection)}" cursor="{window.cursor}"'
            body += f"    <resumptionToken {counts}>{token}</resumptionToken>\n"
        return body

    def _opened(self, context: Context, query: Query) -> _Window:
        since, until = (_date(query, name) for name in ("from", "until"))
        if since and until and since > until:
            raise ProtocolError("badArgument", "from is later than until")
        wanted = query.get("set", "")
        if wanted and wanted not in all_sets():
            raise ProtocolError("badArgument", f"no such set: {wanted}")
        day = _public_day(context)
        return _Window(query["verb"], query["metadataPrefix"], since, until, wanted, day, self.generation)

    def _resumed(self, context: Context, query: Query) -> _Window:
        if context.faults.use_token():
            self.generation += 1
        void = ProtocolError("badResumptionToken", "the token is unknown or has expired")
        values = [value for _, value in parse_qsl(query["resumptionToken"], keep_blank_values=True)]
        if len(values) != 8 or not values[6].isdecimal() or not values[7].isdecimal() or context.faults.tokens_void:
            raise void
        verb, prefix, since, until, wanted, day = values[:6]
        window = _Window(verb, prefix, since, until, wanted, day, int(values[6]), int(values[7]))
        # What a later harvest holds is another list, so a token is good until then.
        if (verb, day, window.generation) != (query["verb"], _public_day(context), self.generation):
            raise void
        if not 0 < window.cursor < len(self._selection(context, window)):
            raise void
        return window

    def _selection(self, context: Context, window: _Window) -> list[State]:
        """The records of a window by date and id, put together once for all of its pages."""
        hidden = context.faults.hidden("oai", context.world)
        states = self._states(context)
        key = (window.since, window.until, window.set, window.day, hidden, context.world.edition)
        if key not in self._selections:
            while len(self._selections) >= _SELECTIONS_KEPT:
                self._selections.pop(next(iter(self._selections)), None)
            self._selections[key] = sorted(
                (
                    state
                    for arxiv_id, state in states.items()
                    if arxiv_id not in hidden
                    and (not window.since or window.since <= state.datestamp.isoformat())
                    and (not window.until or window.until >= state.datestamp.isoformat())
                    and (not window.set or window.set in _sets_of(state.categories))
                ),
                key=lambda state: (state.datestamp, state.arxiv_id),
            )
        return self._selections[key]

    def _states(self, context: Context) -> Mapping[str, State]:
        day = context.world.public_day("oai")
        return context.world.states(day) if day else {}


def error_answer(context: Context, query: Query, error: ProtocolError, status: int = 200) -> Answer:
    """An error in the protocol's form."""
    text = f'  <error code="{error.code}">{xml(str(error))}</error>\n'
    plain: Query = {} if error.code in ("badVerb", "badArgument") else query
    return _response(context, plain, text, status)


def _response(context: Context, query: Query, text: str, status: int = 200) -> Answer:
    asked = "".join(f' {name}="{xml(value)}"' for name, value in query.items())
    body = (
        f"{_HEAD}  <responseDate>{context.world.now:%Y-%m-%dT%H:%M:%SZ}</responseDate>\n"
        f"  <request{asked}>{xml(context.base)}/oai</request>\n{text}</OAI-PMH>\n"
    )
    return Answer(body.encode(), status)


def _public_day(context: Context) -> str:
    return str(context.world.public_day("oai"))


def _date(query: Query, name: str) -> str:
    text = query.get(name, "")
    if name not in query:
        return ""
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            raise ValueError
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ProtocolError("badArgument", f"{name} is no date of the form YYYY-MM-DD") from None


@cache
def _sets_of(categories: tuple[str, ...]) -> frozenset[str]:
    """Every set that holds a paper of these categories: groups and archives too."""
    found: set[str] = set()
    for spec in set_specs(categories):
        parts = spec.split(":")
        found.update(":".join(parts[:length]) for length in range(1, len(parts) + 1))
    return frozenset(found)


@cache
def all_sets() -> dict[str, str]:
    """The sets by name: groups, archives, categories."""
    found: dict[str, str] = {}
    for code, category in CATEGORIES.items():
        for spec in set_specs((code,)):
            parts = spec.split(":")
            found.setdefault(parts[0], category.group)
            found.setdefault(":".join(parts[:2]), ARCHIVES[category.archive])
            found[spec] = category.name
    return dict(sorted(found.items()))

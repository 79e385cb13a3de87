"""arXiv's OAI-PMH: all records of some sets that were touched in a window of days, page by page."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal

from django.conf import settings

from papers.identifiers import parse_id
from papers.records import PaperRecord, RecordError, from_json, parse_date
from papers.tex import collapse
from workers.sources import Page, SourceError
from workers.sources.asking import ask, parse_xml
from workers.sources.transport import PATIENT, Patience, TransientError

Form = Literal["arXivRaw", "arXiv"]

RESTARTS: Final = 2  # of one set in one run, before its tokens count as broken
_OAI: Final = "{http://www.openarchives.org/OAI/2.0/}"
_LONGEST_SAID: Final = 300  # characters of arXiv's own words in an error
_NAMES: Final = {"created": "published"}  # where the arXiv form and `from_json` differ


class ExpiredError(SourceError):
    """arXiv does not know the resumption token any more."""


@dataclass(frozen=True, slots=True)
class Harvest:
    """One answer: the `<record>` elements, when it was made, where it goes on, and how long the whole list is."""

    records: tuple[ET.Element, ...] = ()
    moment: datetime | None = None
    token: str = ""
    total: int | None = None


class Oai:
    """The records of some sets (see `oai_sets`; all of arXiv where none is named) whose datestamp lies in a window.

    `since` and `until` are both inclusive and may be left out. Datestamps tell of the last change, whatever it was. A
    page's token names the set and arXiv's own token, so that a run goes on where it was stopped; where arXiv has
    forgotten its token meanwhile (it does so daily), that set begins anew.
    """

    name = "oai"

    def __init__(
        self,
        sets: Sequence[str],
        since: date | None,
        until: date | None = None,
        patience: Patience = PATIENT,
        form: Form = "arXivRaw",
    ) -> None:
        self.sets = tuple(dict.fromkeys(sets)) or ("",)
        self.since = since
        self.until = until
        self.patience = patience
        self.form = form

    def pages(self, token: str = "") -> Iterator[Page]:
        """The sets one after the other; raises SourceError."""
        number, resumption = self._place(token) if token else (0, "")
        for place in range(number, len(self.sets)):
            yield from self._set(place, resumption)
            resumption = ""

    def _place(self, token: str) -> tuple[int, str]:
        """Which set is to be asked for, and arXiv's token within it."""
        try:
            place = json.loads(token)
            return self.sets.index(place["set"]), str(place["token"])
        except (ValueError, TypeError, KeyError):
            raise SourceError(f"not a place in this harvest: {token[:100]}") from None

    def _token(self, place: int, resumption: str) -> str:
        return json.dumps({"set": self.sets[place], "token": resumption}) if place < len(self.sets) else ""

    def _set(self, place: int, resumption: str) -> Iterator[Page]:
        restarts = 0
        while True:
            try:
                harvest = ask(settings.ARXIV_OAI_URL, self._query(place, resumption), self.patience, read_harvest)
            except ExpiredError as error:
                if not resumption or restarts == RESTARTS:
                    raise SourceError(f"arXiv refuses its own resumption tokens: {error}") from error
                restarts += 1
                resumption = ""
                continue
            if harvest.token and harvest.token == resumption:
                raise SourceError("arXiv's list goes round in a circle: a page names itself as the next one")
            after = self._token(place, harvest.token) if harvest.token else self._token(place + 1, "")
            yield read_page(harvest, after, tell_total=len(self.sets) == 1)
            if not harvest.token:
                return
            resumption = harvest.token

    def _query(self, place: int, resumption: str) -> dict[str, str]:
        if resumption:
            return {"verb": "ListRecords", "resumptionToken": resumption}
        window = {"set": self.sets[place], "from": self.since, "until": self.until}
        return {
            "verb": "ListRecords",
            "metadataPrefix": self.form,
            **{name: str(value) for name, value in window.items() if value},
        }


def read_harvest(body: bytes) -> Harvest:
    """An answer to ListRecords or GetRecord. A list without a match is empty.

    Raises TransientError for a body that is cut short, no OAI-PMH, or an empty list, ExpiredError for a token that is
    not known any more, and SourceError, with arXiv's words, for its other errors.
    """
    root = parse_xml(body)
    if root.tag != f"{_OAI}OAI-PMH":
        raise TransientError("arXiv's answer is no OAI-PMH")
    moment = parse_date(root.findtext(f"{_OAI}responseDate", ""))
    errors = root.findall(f"{_OAI}error")
    if errors:
        return _empty(errors, moment)
    found = root.find(f"{_OAI}ListRecords")
    listed = root.find(f"{_OAI}GetRecord") if found is None else found
    records = () if listed is None else tuple(listed.findall(f"{_OAI}record"))
    if listed is None or not records:
        raise TransientError("arXiv answered with an empty list")
    resumption = listed.find(f"{_OAI}resumptionToken")
    if resumption is None:
        return Harvest(records, moment)
    total = _count(resumption.get("completeListSize", ""))
    return Harvest(records, moment, (resumption.text or "").strip(), total)


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _empty(errors: list[ET.Element], moment: datetime | None) -> Harvest:
    codes = [error.get("code", "") for error in errors]
    said = collapse(" ".join(error.text or "" for error in errors))[:_LONGEST_SAID]
    words = f"{' '.join(codes)}: {said}" if said else " ".join(codes)
    if "badResumptionToken" in codes:
        raise ExpiredError(words)
    if set(codes) == {"noRecordsMatch"}:
        return Harvest(moment=moment, total=0)
    raise SourceError(f"arXiv refused the query: {words}")


def read_page(harvest: Harvest, token: str, tell_total: bool = True) -> Page:
    """The records of an answer as ours, those that cannot be read and those that are no more by their ids."""
    records: list[PaperRecord] = []
    deleted: list[str] = []
    unusable: list[str] = []
    changed: dict[str, date] = {}
    skipped = 0
    for element in harvest.records:
        header, form = _parts(element)
        paper = parse_id(header.get("identifier", ""))
        if paper is None:
            skipped += 1
            continue
        day = parse_date(header.get("datestamp", ""))
        if day:
            changed[paper.base] = day.date()
        if header.get("status") == "deleted":
            deleted.append(paper.base)
            continue
        try:
            records.append(from_json({**_fields(form), "id": paper.base}))
        except RecordError:
            unusable.append(paper.base)
    return Page(
        records=tuple(records),
        deleted=tuple(deleted),
        unusable=tuple(unusable),
        skipped=skipped,
        changed=changed,
        moment=harvest.moment,
        total=harvest.total if tell_total else None,
        token=token,
    )


def _parts(record: ET.Element) -> tuple[dict[str, str], ET.Element | None]:
    """The header's fields with its status, and the element in arXivRaw or arXiv form, None where there is none."""
    head = record.find(f"{_OAI}header")
    metadata = record.find(f"{_OAI}metadata")
    header = {} if head is None else {_local(child): (child.text or "").strip() for child in head}
    if head is not None:
        header["status"] = head.get("status", "")
    return header, None if metadata is None else next(iter(metadata), None)


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _fields(form: ET.Element | None) -> dict[str, object]:
    """The fields of a record in either form under the names that `from_json` knows."""
    fields: dict[str, object] = {}
    versions: list[tuple[int, str]] = []
    for child in () if form is None else form:
        name = _local(child)
        if name == "version":
            number = _count(child.get("version", "").removeprefix("v"))
            versions.append((number or 0, next((part.text or "" for part in child if _local(part) == "date"), "")))
        elif name == "authors" and len(child):
            fields["authors_parsed"] = [_name(author) for author in child]
        else:
            fields[_NAMES.get(name, name)] = (child.text or "").strip()
    if versions:
        versions.sort()  # arXiv does not say that they come in order
        (_, fields["published"]), (fields["version"], last) = versions[0], versions[-1]
        fields["updated"] = last if len(versions) > 1 else None
    elif fields.get("updated") == fields.get("published"):
        fields["updated"] = None
    return fields


def _name(author: ET.Element) -> list[str]:
    parts = {_local(part): part.text or "" for part in author}
    return [parts.get(name, "") for name in ("keyname", "forenames", "suffix")]

"""arXiv ids in what a reader brings in: a BibTeX file, or ids and addresses as they stand in a text."""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from bibtexparser.library import Library
from bibtexparser.model import DuplicateBlockKeyBlock, Entry, ParsingFailedBlock
from bibtexparser.splitter import Splitter
from django.utils.translation import gettext as _

from papers.identifiers import parse_id
from papers.tex import collapse, to_text

LARGEST: Final = 1_000_000  # bytes
MOST: Final = 2_000  # papers at a time
MOST_ENTRIES: Final = 10_000
LONGEST_SHOWN: Final = 120  # characters of what could not be read
MOST_UNREAD: Final = 200  # lines that are told

_DOI: Final = re.compile(r"10\.48550/arxiv\.[^\s{}\\\",]+", re.IGNORECASE)
_NAMED: Final = re.compile(
    r"(?:arxiv:\s*|arxiv\.org/(?:abs|pdf|html|format|ps)/)"
    r"((?:[a-z-]{2,12}(?:\.[a-z-]{2,10})?/)?[0-9.]{4,12}(?:v[0-9]{1,3})?)",
    re.IGNORECASE | re.ASCII,
)
_EPRINT: Final = re.compile(r"\beprint\s{0,9}=\s{0,9}[{\"]?([a-z./0-9-]{4,30})", re.IGNORECASE)
_LOOKS_LIKE_BIBTEX: Final = re.compile(r"^[ \t]*@[a-z]+[ \t]*[{(]", re.IGNORECASE | re.MULTILINE)
# Where each field's worth is: a name in `eprint` is meant, one in a note may be another paper's.
_FIELDS: Final = ("eprint", "arxivid", "arxiv", "doi", "url", "ee", "journal", "howpublished", "number", "note")

logging.getLogger("bibtexparser.splitter").setLevel(logging.CRITICAL)  # what it says of a bad file is told the reader


class ReadingError(ValueError):
    """What was brought in cannot be read at all; the text, translated, says why. large: since it is too much."""

    def __init__(self, text: str, *, large: bool = False) -> None:
        super().__init__(text)
        self.large = large


@dataclass(slots=True)
class Read:
    """ids: arXiv ids without versions, each once, in their order. unread: what had none, as it is told. bibtex:
    whether it was a BibTeX file. left_out: how many ids or entries beyond the limits."""

    ids: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    bibtex: bool = False
    left_out: int = 0


def decoded(data: bytes) -> str:
    """A file as text: UTF-8, UTF-16 with a mark, else Latin-1. Raises ReadingError for what is no text."""
    if len(data) > LARGEST:
        raise ReadingError(_("The file is larger than 1 MB. Please part it."), large=True)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", "replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("latin-1")
    if "\0" in text:
        raise ReadingError(_("This is no text file."))
    return text


def read(text: str) -> Read:
    """The arXiv ids of a BibTeX file, or else of a text that names papers by ids or addresses.

    Raises ReadingError where the text is too large.
    """
    if len(text) > LARGEST:
        raise ReadingError(_("That is more than 1 MB of text. Please part it."), large=True)
    text = text.replace("\0", " ")
    found = Read(bibtex=bool(_LOOKS_LIKE_BIBTEX.search(text)))
    ids = dict.fromkeys(_of_bibtex(text, found) if found.bibtex else _of_text(text, found))
    found.ids = list(ids)[:MOST]
    found.left_out += len(ids) - len(found.ids)
    return found


def _of_text(text: str, found: Read) -> Iterator[str]:
    for line in text.splitlines():
        if (whole := parse_id(line)) is not None:
            yield whole.base
            continue
        for word in re.split(r"[\s,;|]+", line):
            plain = word.strip("\"'()[]{}<>“”.")
            if not plain:
                continue
            if (one := parse_id(plain)) is not None:
                yield one.base
            elif plain.lower() not in {"arxiv:", "-", "*", "•"} and not re.fullmatch(r"\[?[a-z-]+\.[A-Z]{2}\]?", plain):
                _tell(found, plain)


def _of_bibtex(text: str, found: Read) -> Iterator[str]:
    library: Library = Splitter(text).split()
    blocks = [block for block in library.blocks if isinstance(block, Entry | ParsingFailedBlock)]
    found.left_out += max(0, len(blocks) - MOST_ENTRIES)
    for block in blocks[:MOST_ENTRIES]:
        # Two entries with one key are two papers all the same.
        entry = block.ignore_error_block if isinstance(block, DuplicateBlockKeyBlock) else block
        if isinstance(entry, Entry):
            fields = {each.key.lower().strip(): str(each.value) for each in entry.fields}
            name, said = _id_of(fields), fields.get("title", "")[:1_000]
            said = collapse(re.sub(r"[{}]", "", to_text(said))).strip('"') or entry.key
        else:  # an entry with a brace too few still names its paper
            raw = (block.raw or "")[:20_000]
            one = parse_id(eprint[1]) if (eprint := _EPRINT.search(raw)) else None
            name, said = one.base if one else _named_in(raw), collapse(raw[:LONGEST_SHOWN])
        if name is not None:
            yield name
        else:
            _tell(found, said)


def _id_of(fields: dict[str, str]) -> str | None:
    kind = _bare(fields.get("archiveprefix", fields.get("eprinttype", "arxiv"))).lower()
    for name in _FIELDS:
        value = _bare(fields.get(name, ""))[:500]
        if not value or (name == "eprint" and kind != "arxiv"):
            continue
        bare = name in {"eprint", "arxivid", "arxiv", "url", "ee"}
        if bare and (one := parse_id(value)) is not None:
            return one.base
        if (id_ := _named_in(value)) is not None:
            return id_
    return None


def _named_in(text: str) -> str | None:
    for pattern in (_DOI, _NAMED):
        for match in pattern.finditer(text):
            name = match[0] if pattern is _DOI else match[1]
            if (one := parse_id(name.rstrip(".,;)"))) is not None:
                return one.base
    return None


def _bare(value: str) -> str:
    return value.strip().strip('{}"').replace("\\_", "_").replace("\\url", "").strip("{} \t\n")


def _tell(found: Read, what: str) -> None:
    if len(found.unread) < MOST_UNREAD:
        found.unread.append(what[:LONGEST_SHOWN])
    else:
        found.left_out += 1

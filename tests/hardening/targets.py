"""What is fuzzed without a site: texts and documents that come from outside. A target raises for what must not be."""

# ruff: noqa: E501 (tables of odd values)

import json
import random
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from arxiv._feed import parse as parse_feed

from papers import latex, markdown, maths, names, tex
from papers.identifiers import parse_id
from papers.records import MAX_ABSTRACT, MAX_TITLE, PaperRecord, RecordError, from_json
from search.highlight import highlight
from search.query import MAX_QUERY_LENGTH, parse
from search.query_tree import to_text
from tests.hardening.mutations import mutated, of_grammar
from workers.sources import Page, SourceError, api, oai, rss
from workers.sources.transport import TransientError

Target = Callable[[random.Random], None]

QUERY: Final = (
    "tide", "tidal", "flow", "the", "of", "learning", "“tide flow”", '"tide flow"', "title:", "ti:", "abs:", "author:",
    "au:", "cat:", "cat:cs.*", "cat:math", "id:", "doi:", "comment:", "journal:", "date:", "date:2024", "date:2024-03..",
    "date:>2024-02-29", "date:2024-13", "sort:new", "sort:stars", "sort:?", "-", "-cat:cs.CY", "OR", "AND", "NOT", "(",
    ")", "((", "2401.00001", "2401.00001v3", "hep-th/9901001", "https://arxiv.org/abs/2401.00001", "10.1000/x", "注意",
    "Schrödinger", 'Schr\\"odinger', "$x^2$", "$", "*", "a*", "<b>", "\ud800", "\x00", "\u202e", "🌊", ".." , "--", '"',
)  # fmt: skip
TEXTS: Final = (
    "tide", "**bold**", "*", "_", "`", "```\n", "# ", "- ", "> ", "[a](javascript:alert(1))", "[a](http://x)", "<script>",
    "</a>", "<img src=x onerror=y>", "&lt;", "$", "$$", r"\(", r"\)", r"\[", r"\begin{matrix}", r"\end{matrix}", r"\frac",
    r"\sqrt[", "{", "}", "^", "_{", r"\"o", r"\'e", r"\ss", r"\c c", "~", "|", "| - |\n", "\n", "\n\n", "    ", "é", "注",
    "and", ",", ";", "(", ")", "Jr.", "et al", "arXiv:2401.00001v2", "hep-th/9901001", "https://arxiv.org/pdf/2401.1",
)  # fmt: skip
RECORD: Final[dict[str, Any]] = {
    "id": "2401.00001",
    "title": "On $x$ tides",
    "abstract": "We say how the tide flows.",
    "authors": "A. One, Bo Tw\\'o Jr and C. Three (Here, There)",
    "authors_parsed": [["One", "A.", ""], ["Two", "Bo", "Jr"]],
    "categories": "cs.CL math.NA",
    "versions": [{"version": "v1", "created": "Mon, 2 Apr 2007 19:18:42 GMT"}, {"version": "v2", "created": "x"}],
    "update_date": "2024-01-02",
    "published": "2024-01-02T03:04:05Z",
    "doi": "10.1/x",
    "journal-ref": "J. 1",
    "comments": "7 pages",
    "license": "http://l/",
    "report-no": "R-1",
}
_VALUES: Final[tuple[object, ...]] = (
    None, True, 0, -1, 10**40, 1.5, float("nan"), "", " ", "\x00", "\ud800", "x" * 30_000, [], [[]], {}, {"a": 1}, ["a"],
    [None], [[None, 1, "x"]], [["a"] * 50], "2024-02-30", "99999-01-01", "0001-01-01T00:00:00+14:00", "cs.XX", "v0",
    [{"version": 3}], [{"version": "v9999999999999999999", "created": 5}], "2401.99999999", "hep-th/99", "🌊" * 3000,
)  # fmt: skip


def queries(random: random.Random) -> None:
    """Any search is read, and its canonical text is read as the same."""
    text = of_grammar(random, QUERY)
    query = parse(text)
    canonical = to_text(query.tree)
    canonical.encode()
    assert len(canonical) > MAX_QUERY_LENGTH or parse(canonical).tree == query.tree, text


def texts(random: random.Random) -> None:
    """Titles, notes and names are shown as harmless HTML and as TeX, ids are read, whatever is written in them."""
    text = of_grammar(random, TEXTS, 20)
    for shown in (maths.to_html(text), markdown.to_html(text), highlight(text, ["tide", "bold"])):
        lowered = str(shown).lower()
        assert "<script" not in lowered, text
        assert "<img" not in lowered, text
        assert 'href="javascript' not in lowered, text
    for read in (tex.to_text, tex.fold, tex.collapse, latex.title, latex.with_maths, latex.escape, markdown.excerpt):
        assert isinstance(read(text), str)
    names.split_authors(text)
    if (found := parse_id(text)) is not None:
        assert parse_id(str(found)) == found, text


def records(random: random.Random) -> None:
    """A record is taken in within its limits, or refused in a few words."""
    data = dict(RECORD)
    for _ in range(random.randint(0, 3)):
        data[random.choice([*data])] = random.choice(_VALUES)
    for _ in range(random.randint(0, 2)):
        data.pop(random.choice([*data]), None)
    obj: object = data if random.random() < 0.95 else random.choice(_VALUES)
    if random.random() < 0.3:
        try:
            obj = json.loads(mutated(random, json.dumps(data).encode()))
        except ValueError:
            return
    try:
        record = from_json(obj)
    except RecordError as error:
        _one_line(error)
        return
    _sound(record)


def _sound(record: PaperRecord) -> None:
    found = parse_id(record.arxiv_id)
    assert found is not None
    assert found.base == record.arxiv_id
    assert 0 < len(record.title) <= MAX_TITLE
    assert len(record.abstract) <= MAX_ABSTRACT
    assert record.categories
    assert record.published.tzinfo is not None
    for text in (record.title, record.abstract, *record.authors, record.doi, record.comment, record.journal_ref):
        text.encode()
        assert "\0" not in text


def documents(folder: Path) -> Mapping[str, Target]:
    """A target for each kind of recorded answer of arXiv's in `folder`."""
    wire = {kind: [path.read_bytes() for path in sorted((folder / kind).glob("*.xml"))] for kind in ("rss", "oai")}
    searches = [path.read_bytes() for path in sorted((folder / "atom-api").glob("*.xml"))]
    few = [body for body in searches if len(body) < 5000] + [_shortened(searches[-1], b"<entry", b"</feed>")]
    harvests = [_shortened(body, b"<record>", b"</ListRecords></OAI-PMH>") for body in wire["oai"]]
    return {
        "feeds": lambda random: _feed(mutated(random, random.choice(wire["rss"]))),
        "OAI pages": lambda random: _harvest(mutated(random, random.choice(harvests))),
        "query API": lambda random: _search(mutated(random, random.choice(few))),
    }


def _shortened(body: bytes, begin: bytes, end: bytes, number: int = 3) -> bytes:
    """A long list cut behind its first few items."""
    parts = body.split(begin)
    return body if len(parts) <= number + 1 else begin.join(parts[: number + 1]) + end


def _feed(body: bytes) -> None:
    try:
        feed = rss.read_feed(body)
    except (SourceError, TransientError) as error:
        _one_line(error)
        return
    page = rss.read_page(feed, "cs.CL")
    # A paper that is there twice is one: of each id a record, or its name among the unusable.
    told = {line.arxiv_id for line in page.listed.lines} if page.listed else set()
    assert told <= {record.arxiv_id for record in page.records} | set(page.unusable)
    _page(page)


def _harvest(body: bytes) -> None:
    try:
        harvest = oai.read_harvest(body)
    except (SourceError, TransientError) as error:
        _one_line(error)
        return
    page = oai.read_page(harvest, "")
    assert len(page.records) + len(page.deleted) + len(page.unusable) + page.skipped == len(harvest.records)
    _page(page)


def _search(body: bytes) -> None:
    try:
        checked, total = api.checked_feed(body, may_be_empty=True)
    except (SourceError, TransientError) as error:
        _one_line(error)
        return
    assert total >= 0
    drawn = api._Drawn()
    for result in parse_feed(checked).results:
        drawn.add(result)
    assert drawn.entries == len(drawn.records) + len(drawn.unusable) + drawn.skipped
    assert drawn.entries <= len(ET.fromstring(checked))


def _page(page: Page) -> None:
    for record in page.records:
        _sound(record)
    for name in (*page.unusable, *page.deleted):
        assert parse_id(name) is not None


def _one_line(error: Exception) -> None:
    assert str(error)
    assert "\n" not in str(error)

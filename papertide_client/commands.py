"""What each command does: it prints, and gives the status to end with."""

import json
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from papertide_client import exporting, tables
from papertide_client.errors import ClientError, Status
from papertide_client.site import Json, Site

_IDS_AT_ONCE = 100
_Batches = Iterator[tuple[list[Json], int | None]]


def search(site: Site, asked: Namespace) -> Status:
    """Papers that fit a query."""
    query = {
        "q": " ".join(asked.query),
        "verbatim": "true" if asked.verbatim else None,
        "meaning": "false" if asked.words else None,
    }
    items: list[Json] = []
    total, notes, read = 0, list[str](), None
    for answer in site.pages("search", query, asked.limit):
        items += answer["items"]
        total, notes, read = int(answer["total"]), answer["notes"], answer.get("asked")
    if asked.json:
        _print_json({"items": items, "total": total, "notes": notes, "asked": read})
        return Status.OK
    for note in [*notes, *([f"Searched: {read}"] if read else [])]:
        say(note)
    _print(tables.lines(items, tables.width()))
    shown = f"{len(items):,} shown, best first; " if items else ""
    say(f"{shown}{total:,} {'paper holds' if total == 1 else 'papers hold'} the words.")
    return Status.OK


def related(site: Site, asked: Namespace) -> Status:
    """The relatives of a paper."""
    answer = site.json(f"papers/{asked.id}/related", {"limit": asked.limit})
    if asked.json:
        _print_json(answer)
    else:
        _print(tables.lines(answer["items"], tables.width()))
    return Status.OK


def get(site: Site, asked: Namespace) -> Status:
    """Papers by their ids; what cannot be had is told on the standard error."""
    papers = []
    for paper_id in dict.fromkeys(asked.ids):
        try:
            papers.append(site.json(f"papers/{paper_id}"))
        except ClientError as error:
            if error.status != Status.NOT_THERE:
                raise
            say(str(error))
    if asked.json:
        _print_json({"items": papers})
    else:
        for number, paper in enumerate(papers):
            _print([""] if number else [])
            _print(tables.block(paper, tables.width()))
    return Status.OK if papers else Status.NOT_THERE


def classify(site: Site, asked: Namespace) -> Status:
    """Categories of arXiv in which a text would belong."""
    text = " ".join(asked.text) if asked.text not in ([], ["-"]) else sys.stdin.read()
    answer = site.json("classify", body={"text": text})
    if asked.json:
        _print_json(answer)
        return Status.OK
    _print(tables.categories(answer["items"]))
    if answer.get("unsure"):
        say("The site is unsure.")
    return Status.OK


def export(site: Site, asked: Namespace) -> Status:
    """Papers into a file."""
    progress = exporting.Progress(asked.quiet)
    total: int | None = None

    def batches() -> Iterator[list[Json]]:
        nonlocal total
        for items, known in _wanted(site, asked):
            total = known
            yield items

    with exporting.target(asked.output) as write:
        for text, papers in exporting.parts(site, asked.format, batches()):
            write(text)
            progress.add(papers, total)
    written = progress.end(asked.output)
    if asked.query and asked.limit is None and total and total > written:
        say(f"{total:,} papers hold the words; a search can be followed that far only.")
    return Status.OK if written else Status.NOT_THERE


def _wanted(site: Site, asked: Namespace) -> _Batches:
    """The papers of an export, in parts, each with the number of all where it is known."""
    # The site writes other formats itself, and must only be told which papers.
    fields = {} if asked.format == "ndjson" else {"fields": "id"}
    if asked.related:
        answer = site.json(f"papers/{asked.related}/related", {"limit": min(asked.limit or 100, 100), **fields})
        yield answer["items"], len(answer["items"])
    elif asked.ids:
        yield from _by_ids(site, list(dict.fromkeys(asked.ids))[: asked.limit], fields)
    elif asked.query is not None:
        yield from _listed(site, "search", {"q": asked.query, **fields}, asked.limit)
    else:
        query = {"category": asked.category, "from": asked.since, "to": asked.until, **fields}
        yield from _listed(site, "papers", query, asked.limit)


def _listed(site: Site, address: str, query: dict[str, object], most: int | None) -> _Batches:
    for answer in site.pages(address, query, most):
        total = int(answer["total"])
        yield answer["items"], min(total, most) if most else total


def _by_ids(site: Site, ids: list[str], fields: dict[str, str]) -> _Batches:
    for start in range(0, len(ids), _IDS_AT_ONCE):
        part = ids[start : start + _IDS_AT_ONCE]
        found = site.json("papers", {"ids": ",".join(part), **fields})["items"]
        if len(found) < len(part):
            say(f"{len(part) - len(found)} of {len(part)} papers are not on the site.")
        yield found, len(ids)


def say(text: str) -> None:
    """A line on the standard error, beside what is asked for."""
    print("".join(letter for letter in text if letter.isprintable()), file=sys.stderr, flush=True)


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)


def _print_json(found: Any) -> None:
    print(json.dumps(found, ensure_ascii=False, indent=2))


COMMANDS: dict[str, Callable[[Site, Namespace], Status]] = {
    each.__name__: each for each in (search, related, get, classify, export)
}

"""The sample shelf: two hundred well-known papers with our own summaries, for a site that cannot reach arXiv."""

import json
from collections.abc import Iterator
from pathlib import Path

from papers.ingest import Counts, ingest
from papers.records import PaperRecord, from_json

SHELF = Path(__file__).parent / "fixtures" / "shelf.jsonl"


def read_shelf() -> Iterator[PaperRecord]:
    """The shelf's records, marked as summaries."""
    with SHELF.open(encoding="utf-8") as lines:
        for line in lines:
            yield from_json(json.loads(line))


def load_shelf() -> Counts:
    """Put the shelf into the database; papers that are there with their real abstracts stay as they are."""
    return ingest(read_shelf())

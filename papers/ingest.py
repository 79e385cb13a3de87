"""Records into the database: the one door by which papers come in.

Each batch is one transaction that writes papers, their category links and their marks for the index together, so that
a process killed at any line leaves nothing half done, and the same records again change nothing.
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, time
from typing import Any

from django.db import IntegrityError, OperationalError, transaction
from psycopg.errors import DeadlockDetected

from papers.models import IndexMark, Paper, PaperCategory, PaperVersion
from papers.records import PaperRecord
from papers.rows import insert
from papers.turns import INGESTING, take_turn

BATCH = 1000
TRIES = 3
# A record that does not know one of these says nothing about it: what is stored stays.
KEPT_WHEN_EMPTY = ("authors", "version", "updated", "doi", "journal_ref", "comment", "license", "report_number")
FIELDS = tuple(field.name for field in fields(PaperRecord))
# Written straight into the row; a change of one of these is a change of the document in the index.
COPIED = tuple(name for name in FIELDS if name != "arxiv_id")
TEXT = ("title", "abstract", "authors")  # what readers are shown the changes of


@dataclass
class Counts:
    """What became of the records: each counts once."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0

    @property
    def seen(self) -> int:
        """All records."""
        return self.new + self.changed + self.unchanged

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.new + other.new, self.changed + other.changed, self.unchanged + other.unchanged)


def ingest(records: Iterable[PaperRecord], run: str = "") -> Counts:
    """Write all records, in batches; returns the counts of all. `run` stands beside the marks for the index."""
    return sum(ingest_batches(records, run=run), Counts())


def ingest_batches(records: Iterable[PaperRecord], size: int = BATCH, run: str = "") -> Iterator[Counts]:
    """Write records batch by batch, yielding each batch's counts once it is committed."""
    for batch in _batches(records, size):
        yield _patiently(batch, run)


@transaction.atomic
def remove(arxiv_ids: Iterable[str], run: str = "") -> int:
    """ArXiv has deleted these: they leave lists and index, and their pages say so. How many that are.

    The rows stay, so that nothing that points to them breaks; a record that comes again brings the paper back.
    """
    take_turn(INGESTING)
    rows = Paper.objects.filter(arxiv_id__in=list(arxiv_ids), removed=False)
    gone = list(rows.values_list("pk", flat=True))
    PaperCategory.objects.filter(paper__in=gone).delete()
    Paper.objects.filter(pk__in=gone).update(removed=True)
    mark_for_index(gone, run)
    return len(gone)


def _patiently(batch: dict[str, PaperRecord], run: str) -> Counts:
    """Ingest a batch, again where somebody who does not take turns as we do got in between."""
    for _ in range(TRIES - 1):
        try:
            return _ingest_batch(batch, run)
        except IntegrityError:
            pass  # a paper was brought between our look and our write
        except OperationalError as error:
            if not isinstance(error.__cause__, DeadlockDetected):
                raise
    return _ingest_batch(batch, run)


def _batches(records: Iterable[PaperRecord], size: int) -> Iterator[dict[str, PaperRecord]]:
    """Up to `size` records by id. A paper that comes again begins a new batch, so that each of its records meets the
    one before in the database."""
    batch: dict[str, PaperRecord] = {}
    for record in records:
        if record.arxiv_id in batch or len(batch) == size:
            yield batch
            batch = {}
        batch[record.arxiv_id] = record
    if batch:
        yield batch


@transaction.atomic
def _ingest_batch(batch: dict[str, PaperRecord], run: str) -> Counts:
    # So that of two processes with one paper the second sees what the first wrote. Row locks cannot do it: a paper that
    # is new to both has no row yet, and three writers of the same papers in other orders ended in deadlocks.
    take_turn(INGESTING)
    # Locked also against those who write no new papers.
    rows = Paper.objects.select_for_update(no_key=True).filter(arxiv_id__in=batch).order_by("pk")
    known = {paper.arxiv_id: paper for paper in rows}
    earlier: list[PaperVersion] = []
    changed = [paper for key, paper in known.items() if _update(paper, batch[key], earlier)]
    created = _create([record for key, record in batch.items() if key not in known])
    Paper.objects.bulk_update(changed, [*COPIED, "removed"], batch_size=200)
    _keep(earlier)
    PaperCategory.objects.filter(paper__in=changed).delete()
    _link_categories(created | {paper.pk: paper for paper in changed})
    mark_for_index([*created, *(paper.pk for paper in changed)], run)
    return Counts(len(created), len(changed), len(batch) - len(created) - len(changed))


def _create(records: list[PaperRecord]) -> dict[int, PaperRecord]:
    """Write new papers; the records by the primary keys that they got, which rise with the records' order."""
    rows = ([record.arxiv_id, [], *_values(record).values()] for record in records)
    insert(Paper, ["arxiv_id", "keywords", *COPIED], rows)
    by_id = {record.arxiv_id: record for record in records}
    numbers = Paper.objects.filter(arxiv_id__in=by_id).order_by("pk").values_list("pk", "arxiv_id")
    return {number: by_id[arxiv_id] for number, arxiv_id in numbers}


def mark_for_index(paper_ids: Iterable[int], run: str = "") -> None:
    """Mark papers to be indexed (again). Call it in the transaction that changes them."""
    stamp = secrets.randbits(62)
    columns = ["stamp", "rests_until", "kept", "reason", "run"]
    rows = ((number, stamp, None, False, "", run) for number in sorted(paper_ids))
    # Whoever has the paper in hand keeps its claim and gives it back; until then nobody else takes it.
    insert(IndexMark, ["paper_id", *columns], rows, renewing=columns)


def _values(record: PaperRecord) -> dict[str, object]:
    values = {name: getattr(record, name) for name in COPIED}
    values["authors"] = list(record.authors)
    values["categories"] = list(record.categories)
    return values


def _update(paper: Paper, record: PaperRecord, earlier: list[PaperVersion]) -> bool:
    """Bring a stored paper to what the record says; whether anything changed. What a later version takes the place of
    is put into `earlier`."""
    if record.is_summary and not paper.is_summary:
        return False  # our own summary never takes the place of the real abstract
    if record.version is not None and paper.version is not None and record.version < paper.version:
        return False
    before = {name: getattr(paper, name) for name in (*COPIED, "removed")}
    fills_only = _may_be_older(paper, record)
    for name, value in _values(record).items():
        if (value or name not in KEPT_WHEN_EMPTY) and not (fills_only and before[name]):
            setattr(paper, name, value)
    paper.removed = False
    if _is_vaguer(record.published, before["published"]):
        paper.published = before["published"]
    if record.updated and before["updated"] and _same_version(before["version"], record):
        paper.updated = before["updated"] if _is_vaguer(record.updated, before["updated"]) else record.updated
    if _takes_the_place(before, paper):
        text = {name: before[name] for name in TEXT}
        submitted = before["updated"] or before["published"]
        earlier.append(PaperVersion(paper=paper, version=before["version"] or 0, submitted=submitted, **text))
    return any(before[name] != getattr(paper, name) for name in before)


def _same_version(known: int | None, record: PaperRecord) -> bool:
    return record.version is not None and record.version == known


def _takes_the_place(before: dict[str, Any], paper: Paper) -> bool:
    """Whether the row was a version before that it no longer is: by number, or where that was unknown by its text."""
    if before["is_summary"]:
        return False  # no version of the paper's
    if before["version"] is not None:
        return paper.version is not None and paper.version > before["version"]
    return any(before[name] != getattr(paper, name) for name in TEXT)


def _keep(earlier: list[PaperVersion]) -> None:
    PaperVersion.objects.bulk_create(
        earlier, update_conflicts=True, unique_fields=["paper", "version"], update_fields=[*TEXT, "submitted"]
    )


def _may_be_older(paper: Paper, record: PaperRecord) -> bool:
    """A record without version, and no later than what is stored, says nothing against a version that is known."""
    if record.version is not None or paper.version is None:
        return False
    return record.updated is None or record.updated <= (paper.updated or paper.published)


def _is_vaguer(moment: datetime, known: datetime) -> bool:
    """A bare day says less than a moment, and the first of a month, which an id gives too, less than a day in it."""
    if moment.time() != time.min:
        return False
    return known.time() != time.min or (moment.day == 1 and (moment.year, moment.month) == (known.year, known.month))


def _link_categories(papers: Mapping[int, Paper | PaperRecord]) -> None:
    rows = ((number, category, paper.published) for number, paper in papers.items() for category in paper.categories)
    insert(PaperCategory, ["paper_id", "category", "published"], rows)

"""How long the mails of many readers take: those of 10,000 with five subscriptions each over one announcement day.

`make bench-digests` (or `python -m benchmarks.digests --readers 2000`) makes every mail, text and HTML and all, as a
worker does, and sends none. Beside it, in the same run, a baseline: the subscriptions of a sample of readers worked
out one by one for each reader, extrapolated to all of them. It writes the figures into docs/performance.md.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.page import check, put

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "performance.md"
DAY = date(2026, 12, 7)
EACH, SAMPLE = 5, 20  # subscriptions of a reader; readers of the baseline
DIMENSION, NEAR = 384, 10  # of vectors; papers of the day that a text is near to
KINDS = {"categories": (0.6, 250), "search": (0.2, 600), "author": (0.1, 300), "text": (0.1, 300)}
"""Share of subscriptions and how many different ones there are; some are much more liked than others."""


def main() -> None:
    """Measure in a process of its own, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=10_000)
    parser.add_argument("--papers", type=int, default=1_000, help="new papers of the day")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        _measure(options.readers, options.papers)
        return
    check(PAGE, "digests")
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.digests", *sys.argv[1:], "--measure"]
        environment = os.environ | {"DATABASE_URL": "", "REDIS_URL": "", "LOG_LEVEL": "WARNING", "DATA_DIR": folder}
        environment |= {"DJANGO_SETTINGS_MODULE": "config.settings", "EMAIL_HOST": "127.0.0.1"}
        environment |= {"SITE_URL": "https://papers.example.org"}
        done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    text = _page(json.loads(done.stdout.splitlines()[-1]))
    print(text)
    put(PAGE, "digests", text)


def _page(found: dict[str, Any]) -> str:
    each = 1000 * found["seconds"] / found["readers"]
    lines = [
        f"{found['readers']:,} readers × {EACH} subscriptions, {found['lines']:,} lines of {found['papers']:,} papers "
        f"on one day, SQLite, one process, {date.today()}.",
        "",
        "| | |",
        "|---|---|",
        f"| different subscriptions | {found['distinct']:,} of {found['subscriptions']:,} |",
        f"| worked out | {found['evaluated']:,} ({found['most']} time each at most) |",
        f"| mails made | {found['mails']:,}, {found['told'] / max(1, found['mails']):.0f} papers each on average |",
        f"| time | {found['seconds'] / 60:.1f} minutes ({each:.1f} ms a reader) |",
        f"| of it working out what matches | {found['evaluating']:.0f} s |",
        f"| memory at a tenth, at half, at the end | {' MB, '.join(f'{size:.0f}' for size in found['memory'])} MB |",
        f"| baseline: each subscription of each reader by itself, without making mails | "
        f"{found['baseline'] / 3600:.1f} hours, extrapolated from {SAMPLE} readers |",
    ]
    return "\n".join(lines)


def _measure(readers: int, papers: int) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    from papers.models import Announcement, Digest, Paper, Subscription
    from search.subscriptions.days import DayPapers
    from workers.digests import composing, due, sending

    call_command("migrate", verbosity=0)
    _announce(papers)
    _subscribe(readers)
    evaluated: list[str] = []
    found_by = DayPapers.found

    def found(self: DayPapers, asked: Sequence[Subscription]) -> Any:
        evaluated.extend(one.key for one in asked)
        return found_by(self, asked)

    DayPapers.found = found  # type: ignore[method-assign]
    planned = due.plan_digests()
    digests = Digest.objects.select_related("visitor__reader", "visitor__delivery").order_by("pk")
    mails = told = 0
    memory: list[float] = []
    evaluating, start = 0.0, time.perf_counter()
    for first in range(0, planned, sending.READERS):
        batch = list(digests[first : first + sending.READERS])
        began = time.perf_counter()
        sending.evaluate(batch)
        evaluating += time.perf_counter() - began
        for digest in batch:
            mail = composing.compose(digest, digest.visitor.delivery)
            if mail is not None:
                mail.message.message().as_bytes()
                mails, told = mails + 1, told + len(mail.papers)
        if first + sending.READERS >= planned * (0.1, 0.5, 1)[min(len(memory), 2)]:
            memory.append(_memory())
        if first % 1000 == 0:
            print(first, f"{time.perf_counter() - start:.0f} s", file=sys.stderr)
    seconds = time.perf_counter() - start
    DayPapers.found = found_by  # type: ignore[method-assign]
    print(
        json.dumps(
            {
                "readers": planned,
                "papers": Paper.objects.count(),
                "lines": Announcement.objects.count(),
                "subscriptions": Subscription.objects.count(),
                "distinct": Subscription.objects.values("key").distinct().count(),
                "evaluated": len(evaluated),
                "most": max(evaluated.count(key) for key in set(evaluated)),
                "mails": mails,
                "told": told,
                "seconds": seconds,
                "evaluating": evaluating,
                "memory": memory,
                "baseline": _one_by_one() * planned / SAMPLE,
            }
        )
    )


def _memory() -> float:
    """What this process has of the machine's memory now, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def _one_by_one() -> float:
    """Seconds for the subscriptions of SAMPLE readers, each worked out by itself."""
    from papers.models import Subscription, Visitor
    from search.subscriptions.days import DayPapers

    start = time.perf_counter()
    for visitor in Visitor.objects.order_by("pk")[:SAMPLE]:
        for subscription in Subscription.objects.filter(visitor=visitor):
            DayPapers(DAY).found([subscription])
    return time.perf_counter() - start


def _announce(papers: int) -> None:
    """One announcement day, as its feeds tell of it, with a vector for each paper."""
    from papers.ingest import ingest
    from papers.models import Paper
    from search.encoder import get_encoder, text_hash, text_of
    from search.vectors import store
    from tests.arxiv import World
    from workers import announcing
    from workers.sources import DayList, Listed

    world = World.make(DAY, days=1, per_day=papers)
    ingest(world.records().values())
    for category in world.categories(DAY):
        lines = tuple(Listed(name, version, kind) for name, version, kind in world.listing(DAY, category))
        announcing.write_feed(DayList(category, DAY, None, lines))
    rows = list(Paper.objects.only("pk", "title", "abstract"))
    vectors = np.random.default_rng(1).normal(size=(len(rows), DIMENSION)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    hashes = [text_hash(text_of(row.title, row.abstract)) for row in rows]
    store(get_encoder().name, [row.pk for row in rows], hashes, vectors)


def _subscribe(readers: int) -> None:
    """The readers, all with mails due, and their subscriptions."""
    from allauth.account.models import EmailAddress
    from django.utils import timezone

    from papers.models import Delivery, Reader, Subscription, Visitor

    names = [f"reader{number}" for number in range(readers)]
    made = Reader.objects.bulk_create(Reader(username=name, email=f"{name}@example.org") for name in names)
    addresses = (EmailAddress(user=row, email=row.email, primary=True, verified=True) for row in made)
    EmailAddress.objects.bulk_create(addresses)
    visitors = Visitor.objects.bulk_create(Visitor(reader=row) for row in made)
    now = timezone.now() - timedelta(minutes=1)
    Delivery.objects.bulk_create(Delivery(visitor=row, next_daily=now) for row in visitors)
    chance = random.Random(8)
    pools = {kind: list(_pool(kind, size, chance)) for kind, (_, size) in KINDS.items()}
    rows: list[Subscription] = []
    for visitor in visitors:
        hers: dict[str, Subscription] = {}
        while len(hers) < EACH:
            [kind] = chance.choices(list(KINDS), [share for share, _ in KINDS.values()])
            liked = min(int(chance.paretovariate(0.6)) - 1, len(pools[kind]) - 1)
            values = pools[kind][liked if chance.random() < 0.8 else chance.randrange(len(pools[kind]))]
            key = values["key"]
            secret = f"{visitor.pk} {key}"
            hers[key] = Subscription(visitor=visitor, secret=secret, rhythm="daily", since=DAY - timedelta(1), **values)
        rows += hers.values()
    Subscription.objects.bulk_create(rows, batch_size=1000)


def _pool(kind: str, size: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    """What readers may subscribe to of a kind, by fields."""
    from papers.models import Announcement, Paper
    from search.encoder import get_encoder
    from search.models import PaperVector

    papers = list(Paper.objects.only("title", "authors"))
    codes = list(Announcement.objects.order_by("category").values_list("category", flat=True).distinct())
    vectors = np.stack([np.frombuffer(row.data, np.float16) for row in PaperVector.objects.all()]).astype(np.float32)
    for number in range(size):
        values: dict[str, Any] = {"kind": kind, "key": f"{kind} {number}"}
        paper = chance.choice(papers)
        if kind == "categories":
            some = chance.sample(codes, chance.randint(1, 4))
            values["text"] = "+".join(some[:3]) + (f"-{some[3]}" if len(some) == 4 else "")
        elif kind == "search":
            values["text"] = " ".join(sorted(paper.title.split(), key=len)[-2:])
        elif kind == "author":
            values["text"] = paper.authors[0]
        else:
            vector = chance.choice(vectors) + np.random.default_rng(number).normal(size=DIMENSION) / 20
            vector /= np.linalg.norm(vector)
            values |= {"text": paper.title, "vector": vector.astype(np.float16).tobytes(), "model": get_encoder().name}
            values["threshold"] = float(np.sort(vectors @ vector)[-NEAR])
        yield values


if __name__ == "__main__":
    main()

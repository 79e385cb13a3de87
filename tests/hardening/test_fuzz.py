"""Whatever comes from outside: read, or refused in plain words; never a traceback, never what it should not be.

`make fuzz` tries FUZZ times as many cases; each has a number of its own, by which it can be made again (FUZZ_CASE).
"""

import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import transaction
from django.test import Client

from papers.models import Paper
from tests.hardening import targets
from tests.hardening.requests_at_random import Requester
from tests.papers.readers import make_reader, signed_in
from workers.sources.asking import parse_xml
from workers.sources.transport import TransientError

FUZZ = int(os.environ.get("FUZZ", "1"))
ONLY = os.environ.get("FUZZ_CASE", "")
SLOWEST = 4.0  # seconds of this process for one case: what takes longer is a way to stop the site


def fuzz(name: str, number: int, target: Callable[[random.Random], None]) -> None:
    """Try a target `number` × FUZZ times; fails with the first twenty cases that break it."""
    broken: list[str] = []
    begun, slowest = time.monotonic(), (0.0, 0)
    for case in [int(ONLY)] if ONLY else range(number * FUZZ):
        before = time.process_time()
        try:
            target(random.Random(f"{name} {case}"))
        except Exception as error:
            broken.append(f"case {case}: {type(error).__name__}: {str(error)[:800]}")
            if FUZZ == 1 or ONLY or len(broken) == 20:
                raise
        slowest = max(slowest, (time.process_time() - before, case))
    seconds = time.monotonic() - begun
    print(
        f"\n{name}: {number * FUZZ} cases, {len(broken)} broken, {seconds:.0f} s; the slowest took {slowest[0]:.2f} s"
    )
    assert not broken, "\n".join(broken)
    assert slowest[0] < SLOWEST, f"case {slowest[1]} took {slowest[0]:.1f} s"


@pytest.mark.parametrize(
    ("name", "number"), [("queries", 400), ("texts", 400), ("records", 800)], ids=["queries", "texts", "records"]
)
def test_texts_and_records(name: str, number: int) -> None:
    fuzz(name, number, getattr(targets, name))


@pytest.mark.parametrize(("name", "number"), [("feeds", 150), ("OAI pages", 300), ("query API", 150)])
def test_answers_of_arxiv(name: str, number: int, shared_data: Path) -> None:
    fuzz(name, number, targets.documents(shared_data / "arxiv-wire")[name])


@pytest.mark.parametrize("kind", ["rss", "OAI-PMH", "feed"])
def test_xml_that_unfolds_is_refused_at_once(kind: str) -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    body = f'<?xml version="1.0"?><!DOCTYPE {kind} [<!ENTITY e0 "tide">{entities}]><{kind}>&e11;</{kind}>'.encode()
    outer = f'<?xml version="1.0"?><!DOCTYPE {kind} [<!ENTITY e SYSTEM "file:///etc/passwd">]><{kind}>&e;</{kind}>'
    begun = time.process_time()
    for document in (body, outer.encode()):
        with pytest.raises(TransientError):
            parse_xml(document)
    assert time.process_time() - begun < SLOWEST


def test_requests(shelf_site: list[Paper]) -> None:
    reader = make_reader()
    request = Requester([Client(), signed_in(reader)], ids=tuple(paper.arxiv_id for paper in shelf_site))

    def alone(random: random.Random) -> None:
        with transaction.atomic():  # what a fault leaves open must not break the cases behind it
            request(random)

    fuzz("requests", 250, alone)
    print(f"requests by status: {dict(sorted(request.counted.items()))}")
    assert ONLY or request.counted[200] > 20 * FUZZ

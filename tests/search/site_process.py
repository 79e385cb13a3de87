"""The processes of a site of real processes (`tests.search.sites`): `python -m tests.search.site_process <name> …`.

All of them have an encoder without a model: a text's vector is drawn by the text.
"""

import json
import lzma
import os
import runpy
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import count, islice
from typing import TYPE_CHECKING, Any

import django
import numpy as np
from numpy.typing import NDArray

from tests import SHARED

if TYPE_CHECKING:
    from papers.records import PaperRecord
    from search.engines.base import Document

RECORDS = SHARED / "arxiv-364k.jsonl.xz"
DIMENSION = 384


def draw_vectors(encoder: object, texts: Sequence[str]) -> NDArray[np.float32]:
    """In the place of `Encoder.encode`: unit vectors (n, DIMENSION), the same for the same text and model."""
    from search.encoder import TRAINED, text_hash

    name = getattr(encoder, "name", "")
    model = name if TRAINED in name else ""
    rows = [np.random.default_rng(abs(text_hash(model + text))).normal(size=DIMENSION) for text in texts]
    vectors: NDArray[np.float32] = np.stack(rows).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def records() -> "Iterator[PaperRecord]":
    """Real papers; without the shared data the shelf's, again and again."""
    from papers.records import from_json
    from papers.shelf import read_shelf

    if RECORDS.is_file():
        with lzma.open(RECORDS, "rt", encoding="utf-8") as file:
            yield from (from_json(json.loads(line)) for line in file)
    shelf = list(read_shelf())
    yield from (replace(shelf[n % len(shelf)], arxiv_id=f"2411.{n:05}", is_summary=False) for n in count())


def fill(start: str, number: str) -> None:
    """Bring in `number` papers from place `start` on."""
    from papers.ingest import ingest

    ingest(islice(records(), int(start), int(start) + int(number)))


def mark(rounds: str = "1") -> None:
    """Every paper has changed, and has again."""
    from django.db import transaction

    from papers.ingest import mark_for_index
    from papers.models import Paper

    for _ in range(int(rounds)):
        with transaction.atomic():
            mark_for_index(Paper.objects.order_by("pk").values_list("pk", flat=True))


def retitle(arxiv_id: str, title: str) -> None:
    """A paper comes again with another title."""
    from papers.ingest import FIELDS, ingest
    from papers.models import Paper
    from papers.records import PaperRecord

    paper = Paper.objects.get(arxiv_id=arxiv_id)
    values = {name: getattr(paper, name) for name in FIELDS}
    tuples = {name: tuple(values[name]) for name in ("authors", "categories")}
    counts = ingest([PaperRecord(**values | tuples | {"title": title})])
    assert counts.changed == 1


def serve(port: str) -> None:
    """The web server as the Procfile has it."""
    sys.argv = ["gunicorn", "config.wsgi", "--workers", "1", "--threads", "8"]
    sys.argv += ["--worker-class", "config.web_worker.Worker"]
    sys.argv += ["--bind", f"127.0.0.1:{port}", "--graceful-timeout", "1", "--no-control-socket"]
    runpy.run_module("gunicorn", run_name="__main__")


def work(batch: str = "100") -> None:
    """Do what beat's wake-ups make a worker do, without end."""
    from search import indexing
    from workers import tasks

    vars(tasks)["index_marked"] = partial(indexing.index_pending, batch=int(batch))
    while True:
        tasks.index_pending()
        time.sleep(0.2)


def index(batch: str = "100", pause: str = "0") -> None:
    """Index what is marked, `pause` seconds from each claim to its write; says how many papers that were."""
    from search import indexing
    from search.writing import prepare

    def slowly(*arguments: Any) -> "list[Document]":
        documents = prepare(*arguments)
        time.sleep(float(pause))
        return documents

    vars(indexing)["prepare"] = slowly
    print(indexing.index_pending(batch=int(batch)))


def rebuild(width: str, pause: str = "0") -> None:
    """Make a new index with vectors of `width`, `pause` seconds after each batch."""
    from search import rebuilding

    vars(rebuilding)["width_for"] = lambda papers, dimension: int(width)
    rebuilding.rebuild(lambda _: time.sleep(float(pause)), batch=50)


def read() -> None:
    """Search in four threads until the standard input ends; prints how many searches there were and what went wrong."""
    from search import service
    from search.engines.base import EngineError
    from search.models import Fit
    from search.query import parse

    words = "network gravity learning quantum galaxy model graph attention field matter".split()
    searches = count()
    errors: list[str] = []
    done = threading.Event()

    def loop(seed: int) -> None:
        for number in count(seed):
            if done.is_set():
                return
            try:
                found = service.search(parse(f"{words[number % 10]} {words[number // 10 % 10]} nonce{number}"))
                if not found.by_meaning or not found.ids:
                    errors.append(f"{found}")
            except EngineError as error:
                errors.append(repr(error))
            next(searches)

    Fit.objects.exists()  # the connection is there before the threads are
    threads = [threading.Thread(target=loop, args=(seed * 1_000_000,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    print("ready", flush=True)
    sys.stdin.read()
    done.set()
    for thread in threads:
        thread.join()
    print(json.dumps({"searches": next(searches), "errors": errors[:5]}))


def adopt(model: str) -> None:
    """Let another model serve; a trained one is made of nothing but its name."""
    from search.encoder import TRAINED
    from search.encoders import models_folder
    from search.training.adopting import adopt

    if TRAINED in model:
        (models_folder() / model).mkdir(parents=True, exist_ok=True)
        (models_folder() / f"{model}.json").write_text("{}")
    adopt(model, lambda _: None, lambda _: time.sleep(0.05))


def find_own() -> None:
    """Look papers up by the vectors of their own texts, until the standard input ends: each is the nearest to itself
    only where text and index are of one model. Searches for words too. Prints how often, and what went wrong."""
    from papers.models import Paper
    from search import service
    from search.documents import paper_text
    from search.engines.base import EngineError
    from search.query import parse

    papers = list(Paper.objects.order_by("pk")[:200])
    done = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        done.set()

    threading.Thread(target=wait, daemon=True).start()
    models: set[str] = set()
    wrong: list[str] = []
    lookups = 0
    print("ready", flush=True)
    while not done.is_set():
        paper = papers[lookups % len(papers)]

        def nearest(context: service.Context, paper: Paper = paper) -> tuple[str, int]:
            vector = context.transform.apply(context.encode(paper_text(paper))[None, :], context.width)[0]
            return context.transform.model, int(context.engine.nearest(vector, 1).ids[0])

        try:
            answer = service.in_one_index(nearest)
            assert answer is not None
            models.add(answer[0])
            if answer[1] != paper.pk:
                wrong.append(f"{paper.pk}: {answer}")
            found = service.search(parse(f"network model nonce{lookups}"))
            if not found.by_meaning or not found.ids:
                wrong.append(f"{found}")
        except EngineError as error:
            wrong.append(repr(error))
        lookups += 1
    print(json.dumps({"lookups": lookups, "models": sorted(models), "wrong": wrong[:5]}))


PROCESSES: dict[str, Callable[..., None]] = {
    each.__name__: each for each in (fill, mark, retitle, serve, work, index, rebuild, read, adopt, find_own)
}


def main() -> None:
    """Do what the arguments say."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1] in {"serve", "work"}:
        from config import process

        process.claim("web" if sys.argv[1] == "serve" else "worker")
    django.setup()
    from django.conf import settings

    from search.encoder import Encoder

    # As in the tests: files are not gathered first.
    files = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": files}

    Encoder.encode = draw_vectors  # type: ignore[method-assign,assignment]
    PROCESSES[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()

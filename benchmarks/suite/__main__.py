"""Measure all and write docs/performance.md: `make bench`, or `python -m benchmarks.suite --papers 10000 --print`.

At each size every peer indexes the same papers and answers the same tasks in turns; at those that all peers take the
site is served and asked over HTTP, too, at the largest of them with all that is told of a server. At the end indexing
is measured beside the encoder alone, and loading.
Needs ../shared/data, and an Elasticsearch: that of ELASTICSEARCH_URL, else one is started with a heap of 2 GB. With
--keep the corpora, the indexes and the results stay in a folder, and what is done there is not done again.
"""

import argparse
import datetime
import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import django

from benchmarks import SHARED, servers
from benchmarks.suite.children import ChildError, apart, say
from benchmarks.suite.results import Machine, Results, Size, changing

if TYPE_CHECKING:
    from benchmarks.suite.corpus import Corpus

ROOT = Path(__file__).resolve().parents[2]
SIZES = (10_000, 36_000, 100_000, 364_000, 1_100_000)
GROWTH = frozenset({36_000})  # sizes that tell only how costs grow
LARGEST = 400_000  # papers up to which all peers are measured
ALONE = ("embedded", "tantivy")  # who is measured elsewhere: the parts need both
PARTS = ("engines", "http", "arrival", "encoding")
HEAP, TIMEOUT = "2g", 30.0
ELASTIC = "elasticsearch"


def main() -> None:
    """Measure what is asked for and not done yet, then write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--papers", type=int, nargs="+", default=SIZES, metavar="N", help="sizes")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where all stays; what is done is not done again")
    parser.add_argument("--corpora", action="store_true", help="only make the corpora, in the folder of --keep")
    parser.add_argument("--print", action="store_true", help="print the tables instead of writing the page")
    parser.add_argument("--report", type=Path, metavar="FOLDER", help="only write the page, from a folder of --keep")
    options = parser.parse_args()
    if options.report:
        _report(Results.read(options.report), printed=options.print)
        return
    if not SHARED.is_dir():
        print("Real papers are needed: there is no shared data beside the project. Nothing was measured.")
        return
    with ExitStack() as stack:
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="papertide-bench-")))
        folder = folder.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        servers.settings_in(folder)
        django.setup()
        if options.corpora:
            for papers in options.papers:
                _corpus(folder, papers)
            return
        _measure(folder, sorted(options.papers), options.only)
        _report(Results.read(folder), printed=options.print)


def _measure(folder: Path, sizes: Sequence[int], only: Sequence[str]) -> None:
    machine = _machine()
    with changing(folder) as results:
        results.machine = machine
    largest = max(filter(_peers_wanted, sizes), default=0)
    for papers in sizes:
        todo: dict[str, Callable[[Path, int], None]] = {
            name: part
            for name, part in (("engines", _engines), ("http", partial(_http, whole=papers == largest)))
            if name in only and f"{papers} {name}" not in Results.read(folder).minutes
        }
        if not _peers_wanted(papers):
            todo.pop("http", None)
        if todo:
            with _server(folder, papers):
                for name, part in todo.items():
                    with _clock(folder, f"{papers} {name}"):
                        part(folder, papers)
    for name in ("arrival", "encoding"):
        if name in only and name not in Results.read(folder).minutes:
            with _clock(folder, name):
                _module(folder, name)


def _engines(folder: Path, papers: int) -> None:
    """Index with every peer, ask all of them, compare with the parts."""
    from benchmarks.suite import asking, filling
    from benchmarks.suite.peers import PEERS, load
    from benchmarks.suite.tasks import draw_tasks

    corpus = _corpus(folder, papers)
    tasks = apart(draw_tasks, corpus)
    size = Size(corpus.real, corpus.given, corpus.width)
    wanted = PEERS if _peers_wanted(papers) else ALONE
    folders = {name: folder / "indexes" / str(papers) / name for name in wanted}
    for name, place in folders.items():
        try:
            most = load(name).most
            if (most is None or papers <= most) and (name != ELASTIC or "ELASTICSEARCH_URL" in os.environ):
                place.mkdir(parents=True, exist_ok=True)
                size.peers[name] = filling.filled(name, corpus, place)
                say(f"{papers:,} {name}: indexed in {size.peers[name].index_seconds[-1]:.1f} s")
        except (ChildError, ImportError) as error:
            say(f"{papers:,} {name}: {error}")
    places = {name: folders[name] / "index" for name in size.peers}
    asking.ask_all(corpus, places, tasks, size.peers)
    if set(ALONE) <= set(places):
        size.parts = apart(asking.measure_parts, corpus, places["embedded"], places["tantivy"], tasks)
    with changing(folder) as results:
        size.http = results.sizes[papers].http if papers in results.sizes else {}
        results.sizes[papers] = size


def _http(folder: Path, papers: int, *, whole: bool) -> None:
    """Serve the site over the indexes that `_engines` made, and ask it."""
    from benchmarks.suite import site
    from benchmarks.suite.peers.papertide import alias

    corpus = _corpus(folder, papers)
    roots = {"embedded": str(folder / "indexes" / str(papers) / "embedded" / "index")}
    if "ELASTICSEARCH_URL" in os.environ:
        roots[ELASTIC] = alias(corpus)
    place = folder / "sites" / str(papers)
    place.mkdir(parents=True, exist_ok=True)
    measured = site.measure(corpus, place, roots, whole=whole)
    with changing(folder) as results:
        results.sizes.setdefault(papers, Size(corpus.real, corpus.given, corpus.width)).http = measured


def _module(folder: Path, name: str) -> None:
    """A measurement that is a command of its own and writes what it found as JSON."""
    path = folder / f"{name}.json"
    subprocess.run([sys.executable, "-m", f"benchmarks.{name}", "--json", path], check=True, cwd=ROOT)
    with changing(folder) as results:
        setattr(results, name, json.loads(path.read_text()))


def _corpus(folder: Path, papers: int) -> "Corpus":
    from benchmarks.suite.corpus import Corpus, corpus

    found: Corpus = apart(corpus, folder / "corpora", papers)
    return found


def _peers_wanted(papers: int) -> bool:
    """Whether all peers are measured at this size."""
    return papers <= LARGEST and papers not in GROWTH


@contextmanager
def _server(folder: Path, papers: int) -> Iterator[None]:
    """An Elasticsearch where it is measured and can be had."""
    from benchmarks.suite.peers.papertide import SERVER
    from scripts.services.errors import Unavailable

    if not _peers_wanted(papers):
        yield
        return
    with ExitStack() as stack:
        try:
            pid = stack.enter_context(servers.cluster(folder, HEAP, TIMEOUT))
        except Unavailable as error:
            say(f"No Elasticsearch is measured: {error}")
        else:
            os.environ.pop(SERVER, None)
            if pid:
                os.environ[SERVER] = str(pid)
        yield


@contextmanager
def _clock(folder: Path, name: str) -> Iterator[None]:
    """Keep how many minutes a part took, which says that it is done. One that fails is told and holds up no other."""
    start = time.perf_counter()
    try:
        yield
    except Exception:
        say(f"{name} failed:\n{traceback.format_exc()}")
        return
    minutes = (time.perf_counter() - start) / 60
    with changing(folder) as results:
        results.minutes[name] = round(minutes, 2)
    say(f"{name}: {minutes:.1f} minutes")


def _machine() -> Machine:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    return Machine(
        cores=os.cpu_count() or 1,
        cpu=next(names, "an unknown processor"),
        memory_gb=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        commit=commit,
        load=round(os.getloadavg()[0], 2),
    )


def _report(results: Results, *, printed: bool) -> None:
    from benchmarks.suite import report

    if printed:
        print("\n\n".join(report.parts(results).values()))
    else:
        report.write(results, ROOT / "docs" / "performance.md", ROOT / "docs" / "pictures")


if __name__ == "__main__":
    main()

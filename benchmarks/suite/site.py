"""A site of a corpus, served as `make run` serves it, and what it answers over HTTP.

The database holds the corpus' papers under the corpus' ids, with their full vectors, their keyphrases and the corpus'
fit; the index is the one that was filled already, a folder or an alias of Elasticsearch. Nothing is indexed twice.
"""

import http.client
import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scripts.throwaway import Site

if TYPE_CHECKING:
    from benchmarks.suite.corpus import Corpus

SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "benchmarks.suite.http_settings",
    "LOG_LEVEL": "ERROR",
    "LIMIT_PAGES": "0",
    "LIMIT_API": "0",
}
AS_SHIPPED = {"LIMIT_PAGES": "600", "LIMIT_API": "300", "LOG_LEVEL": "WARNING"}
CHUNK = 2000
DAYS = 11  # with announcement lists
LOADING = 180.0  # seconds that the encoder may take


class SiteError(Exception):
    """The site is not that of the corpus; the text says why."""


def measure(found: "Corpus", folder: Path, roots: Mapping[str, str], *, whole: bool) -> dict[str, Any]:
    """What is measured over HTTP at one size: the pace of the calls, with `whole` lists, memory and overload, too.
    roots: by engine, the embedded index's folder and Elasticsearch's alias, whose server ELASTICSEARCH_URL names.
    folder: of sites and what they need; a database that is there is taken.

    Raises SiteError, Unavailable, subprocess.CalledProcessError.
    """
    from benchmarks.suite import http_calls, list_page, overload, web_memory

    make(found, folder)
    asked, root = http_calls.draw(found, folder), roots["embedded"]
    told: dict[str, Any] = http_calls.measure(folder, roots, asked)
    if not whole:
        return told
    told["list_page"] = list_page.measure(folder, root, asked.lists)
    told["web_memory"] = web_memory.measure(folder, root, asked)
    told["overload"] = overload.measure(folder, root, asked)
    return told


def make(found: "Corpus", folder: Path) -> None:
    """The database of a corpus in `folder`, as far as it is not there. Raises subprocess.CalledProcessError."""
    site = Site(folder, **SETTINGS)
    site.manage("migrate", "--verbosity", "0")
    site.run("-m", "benchmarks.suite.site", found.folder.resolve(), str(found.papers))
    site.manage("collectstatic", "--verbosity", "0", "--no-input")


def site_of(folder: Path, engine: str, root: str, **settings: str) -> Site:
    """The site in `folder` on an index that is there: a folder for "embedded", an alias for "elasticsearch"."""
    if engine == "elasticsearch":
        return Site(folder, **SETTINGS | {"SEARCH_ENGINE": engine, "ELASTICSEARCH_INDEX": root} | settings)
    return Site(folder, **SETTINGS | {"BENCH_INDEX": str(Path(root).resolve())} | settings)


@contextmanager
def serving(site: Site) -> Iterator[str]:
    """The address of the site, once it searches by meaning: the first start of all writes the encoder down. Raises
    Unavailable where it does not serve, SiteError where it does not search so."""
    with site.serving() as url:
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=LOADING)
        end = time.monotonic() + LOADING
        while True:
            connection.request("GET", "/api/v1/search?q=first+search&fields=id")
            if json.loads(connection.getresponse().read()).get("by_meaning"):
                break
            if time.monotonic() > end:
                raise SiteError("the site does not search by meaning")
            time.sleep(0.5)
        connection.close()
        yield url


def worker(site: Site) -> int:
    """The process number of what answers, which gunicorn's first process starts before anything else is."""
    return site.processes[1]


def fill(found: "Corpus") -> None:
    """Fill the database of the settings. Raises SiteError where it holds other papers."""
    from papers.models import IndexMark, Paper
    from search.models import Fit
    from tests.e2e.fortnight import announce, days_published

    if Fit.objects.exists():  # the last thing that is written
        return
    _papers(found)
    _check(found)
    _details(found)
    IndexMark.objects.all().delete()
    announce(days_published(DAYS, least=2))
    Fit.objects.create(
        model=found.transform.model,
        papers=found.real,
        whitening=found.transform_bytes,
        frequencies=found.table_bytes,
    )
    if Paper.objects.count() != found.papers:
        raise SiteError("the site holds other papers than the corpus")


def _papers(found: "Corpus") -> None:
    from papers.ingest import ingest
    from papers.models import Paper
    from papers.records import from_json

    ingest(from_json(json.loads(line)) for line in islice(found.records(), Paper.objects.count(), None))


def _check(found: "Corpus") -> None:
    """That the primary keys are the corpus' ids."""
    from papers.models import Paper

    rows = Paper.objects.order_by("pk").values_list("pk", "arxiv_id").iterator(chunk_size=CHUNK)
    for document, row in zip(found.documents(), rows, strict=True):
        if (document.id, document.arxiv_id) != row:
            raise SiteError(f"the paper {row[1]} has the number {row[0]}, and {document.arxiv_id} {document.id}")


def _details(found: "Corpus") -> None:
    """Vectors and keyphrases."""
    from papers.batches import batched
    from papers.models import Paper
    from search.documents import save_keywords
    from search.encoder import text_hash, text_of
    from search.vectors import store

    for documents in batched(found.documents(), CHUNK):
        rows = list(Paper.objects.filter(pk__in=[document.id for document in documents]).order_by("pk"))
        hashes = [text_hash(text_of(row.title, row.abstract)) for row in rows]
        first = rows[0].pk - 1
        store(found.transform.model, [row.pk for row in rows], hashes, found.full[first : first + len(rows)])
        save_keywords(rows, documents)


if __name__ == "__main__":
    import django

    django.setup()
    from benchmarks.suite.corpus import corpus

    fill(corpus(Path(sys.argv[1]), int(sys.argv[2])))

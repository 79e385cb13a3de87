"""What a measurement of the engines runs in: a folder that is thrown away, an Elasticsearch, Django's settings."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.services import elasticsearch


@contextmanager
def measuring(heap: str, timeout: float) -> Iterator[tuple[Path, int]]:
    """Django set up in a temporary folder, with an Elasticsearch as of `cluster`.

    The folder, and the process number of an Elasticsearch that was started, else 0. Raises Unavailable where none can
    be started.
    """
    with tempfile.TemporaryDirectory(prefix="papertide-bench-") as name:
        folder = Path(name)
        settings_in(folder)
        with cluster(folder, heap, timeout) as server:
            import django

            django.setup()
            yield folder, server


def settings_in(folder: Path) -> None:
    """Let Django's settings, loaded from now on, keep the site's data in this folder."""
    os.environ |= {"DATA_DIR": f"{folder}/data", "DJANGO_SETTINGS_MODULE": "config.settings"}
    os.environ.setdefault("LOG_LEVEL", "WARNING")


@contextmanager
def cluster(folder: Path, heap: str, timeout: float) -> Iterator[int]:
    """The Elasticsearch of ELASTICSEARCH_URL, or else one with its data in `folder` and that variable set meanwhile.

    The process number of one that was started, else 0. heap: of that one, as Java takes it. timeout: seconds that a
    request of a reader may take. Raises Unavailable where none can be started.
    """
    os.environ["ELASTICSEARCH_TIMEOUT"] = f"{timeout:g}"
    if os.environ.get("ELASTICSEARCH_URL"):
        yield 0
        return
    folder.chmod(0o711)  # the server's own user walks through
    with elasticsearch.start(folder / "elasticsearch", heap=heap) as started:
        os.environ["ELASTICSEARCH_URL"] = started.url
        try:
            yield started.nodes[0].pid
        finally:
            del os.environ["ELASTICSEARCH_URL"]

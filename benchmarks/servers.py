"""What a measurement of the engines runs in: a folder that is thrown away, an Elasticsearch, Django's settings."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.services import elasticsearch


@contextmanager
def measuring(heap: str, timeout: float) -> Iterator[tuple[Path, int]]:
    """Django set up in a temporary folder, with the Elasticsearch of ELASTICSEARCH_URL or else one that is started.

    The folder, and the process number of an Elasticsearch that was started, else 0. heap: of that one, as Java takes
    it. timeout: seconds that a request of a reader may take. Raises Unavailable where none can be started.
    """
    with tempfile.TemporaryDirectory(prefix="papertide-bench-") as name:
        folder = Path(name)
        os.environ |= {
            "DATA_DIR": f"{folder}/data",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "ELASTICSEARCH_TIMEOUT": f"{timeout:g}",
        }
        if os.environ.get("ELASTICSEARCH_URL"):
            _set_up()
            yield folder, 0
            return
        folder.chmod(0o711)  # the server's own user walks through
        with elasticsearch.start(folder / "elasticsearch", heap=heap) as cluster:
            os.environ["ELASTICSEARCH_URL"] = cluster.url
            _set_up()
            yield folder, cluster.nodes[0].pid


def _set_up() -> None:
    import django

    django.setup()

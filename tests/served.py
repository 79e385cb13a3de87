"""The sample shelf served by a process of its own, for what talks to a site over HTTP.

`python -m tests.served VECTORS` fills the site of DATA_DIR.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from scripts.throwaway import Site

ShelfVectors = dict[str, tuple[int, NDArray[np.float32]]]


@pytest.fixture(scope="session")
def served_shelf(shelf_vectors: ShelfVectors, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with the sample shelf in its index, served for the whole run; tests only read from it."""
    folder = tmp_path_factory.mktemp("served")
    np.save(folder / "hashes.npy", np.array([row[0] for row in shelf_vectors.values()], np.int64))
    np.save(folder / "vectors.npy", np.stack([row[1] for row in shelf_vectors.values()]))
    np.save(folder / "ids.npy", np.array(list(shelf_vectors)))
    site = Site(folder / "site")
    site.manage("migrate", "--verbosity", "0")
    site.run("-m", "tests.served", folder)
    with site.serving():
        yield site


def fill(folder: Path) -> None:
    """Load the shelf with the vectors that were made of it, and index it."""
    from papers.models import Paper
    from papers.shelf import load_shelf
    from search.encoder import get_encoder
    from search.indexing import index_pending
    from search.vectors import store

    load_shelf()
    pks = dict(Paper.objects.values_list("arxiv_id", "pk"))
    hashes, vectors, ids = (np.load(folder / f"{name}.npy") for name in ("hashes", "vectors", "ids"))
    store(get_encoder().name, [pks[each] for each in ids.tolist()], hashes.tolist(), vectors)
    index_pending()


if __name__ == "__main__":
    import django

    django.setup()
    fill(Path(sys.argv[1]))

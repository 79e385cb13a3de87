"""Fill up the site of DATA_DIR: papers without a vector get the noised one of another (good for measuring time, not for
measuring what is found), all are indexed, and the newest days get announcement lists."""

import numpy as np

from benchmarks import SHARED
from benchmarks.library import NOISE

CHUNK = 2000
DAYS = 11


def main() -> None:
    """Vectors, index, lists."""
    from search.indexing import index_pending
    from tests.e2e.fortnight import announce, days_published

    _lend_vectors()
    index_pending(wait=True)
    announce(days_published(DAYS, least=2))


def _lend_vectors() -> None:
    from papers.models import Paper
    from search.encoder import DEFAULT_MODEL, text_hash, text_of
    from search.models import PaperVector
    from search.vectors import store

    real = np.load(SHARED / "vectors-100k.f16.npy", mmap_mode="r")
    random = np.random.default_rng(1)
    without = list(
        Paper.objects.exclude(pk__in=PaperVector.objects.values("paper_id")).order_by("pk").values_list("pk", flat=True)
    )
    for start in range(0, len(without), CHUNK):
        rows = list(Paper.objects.filter(pk__in=without[start : start + CHUNK]).values_list("pk", "title", "abstract"))
        lent = real[np.sort(random.integers(len(real), size=len(rows)))].astype(np.float32)
        lent += random.normal(0, NOISE, lent.shape).astype(np.float32)
        lent /= np.linalg.norm(lent, axis=1, keepdims=True)
        hashes = [text_hash(text_of(title, abstract)) for _, title, abstract in rows]
        store(DEFAULT_MODEL, [pk for pk, _, _ in rows], hashes, lent)


if __name__ == "__main__":
    import django

    django.setup()
    main()

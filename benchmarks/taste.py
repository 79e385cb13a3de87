"""What learning one reader's taste takes, beside the SVM over TF-IDF of arxiv-sanity on the same papers.

`python -m benchmarks.taste --site FOLDER`: a folder with a site (100,000 papers with vectors, say); a visitor with
stars is made in it and forgotten again. One thread; milliseconds, medians of the rounds, by
the time of the processor and by the clock, which tells less on a machine that does other things.
"""

import argparse
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

STARS, DAY, LIST, NEGATIVES = 30, 420, 2_000, 500


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--site", type=Path, required=True, help="a folder with a site, written into")
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    if not (options.site / "papertide.sqlite3").is_file():
        parser.error(f"{options.site} holds no site")
    # Before numpy is imported: as a web process has it beside others.
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    os.environ |= {"DATA_DIR": str(options.site), "DJANGO_SETTINGS_MODULE": "config.settings"}
    import django

    django.setup()
    for line in report(options.rounds):
        print(line)


def report(rounds: int) -> list[str]:
    """The table."""
    import numpy as np

    from papers.models import Paper, Visitor
    from papers.visitors import forget, mark

    ids = np.array(Paper.objects.filter(removed=False).order_by("pk").values_list("pk", flat=True))
    chance = np.random.default_rng(1)
    stars, others = chance.choice(ids, STARS, replace=False).tolist(), chance.choice(ids, LIST, replace=False).tolist()
    visitor = Visitor.objects.create()
    try:
        mark(visitor, stars, "starred", True)
        timed = {**_ours(visitor, stars, others), **_svm(ids.tolist(), stars, others[:NEGATIVES])}
        lines = [
            f"{len(ids):,} papers, {STARS} stars",
            "",
            "| what | ms of the processor | by the clock |",
            "|---|---|---|",
        ]
        for name, (step, times) in timed.items():
            took = np.median(_times(step, min(rounds, times)), axis=0)
            lines.append(f"| {name} | {took[0]:.1f} | {took[1]:.1f} |")
    finally:
        forget(visitor)
    return lines


Steps = dict[str, tuple[Callable[[], object], int]]


def _ours(visitor: Any, stars: Sequence[int], others: Sequence[int]) -> Steps:
    from django.core.cache import cache

    from search.taste import OTHERS, Space, learned
    from search.taste_model import fit

    space = Space.of_site()
    liked, rest = space.features(stars), space.features(others[:OTHERS])
    taste = learned(visitor)
    assert taste is not None

    def anew() -> None:
        cache.clear()
        learned(visitor)

    def ordered(papers: Sequence[int]) -> Callable[[], object]:
        def step() -> None:
            cache.clear()
            taste.order(papers)

        return step

    return {
        f"Papertide: the fit, {STARS} stars and {OTHERS} others": (lambda: fit(liked, rest), 1000),
        "learning with all that it reads from the database": (anew, 1000),
        "the same, kept": (lambda: learned(visitor), 1000),
        f"ordering a day of {DAY} papers": (ordered(others[:DAY]), 1000),
        f"ordering {LIST:,} papers": (ordered(others), 1000),
    }


def _svm(ids: Sequence[int], stars: Sequence[int], negatives: Sequence[int]) -> Steps:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    from papers.models import Paper

    texts = dict(Paper.objects.values_list("pk", "title"))
    for pk, abstract in Paper.objects.values_list("pk", "abstract").iterator():
        texts[pk] += f". {abstract}"
    maker = TfidfVectorizer(sublinear_tf=True, stop_words="english", ngram_range=(1, 2), min_df=3, max_features=60_000)
    matrix = maker.fit_transform(texts[pk] for pk in ids).tocsr()
    places = {pk: place for place, pk in enumerate(ids)}

    def machine(papers: Sequence[int]) -> Callable[[], object]:
        chosen = list(dict.fromkeys([*stars, *papers]))
        rows = matrix[[places[pk] for pk in chosen]]
        wanted = [1] * len(stars) + [0] * (len(chosen) - len(stars))
        return lambda: LinearSVC(C=0.01, class_weight="balanced", max_iter=10_000).fit(rows, wanted)

    return {
        f"SVM over TF-IDF: the fit, {STARS} stars and {NEGATIVES} others": (machine(negatives), 1000),
        f"the fit against all {len(ids):,} papers, as arxiv-sanity does": (machine(ids), 3),
    }


def _times(step: Callable[[], object], rounds: int) -> list[tuple[float, float]]:
    step()
    found = []
    for _ in range(rounds):
        clock, processor = time.perf_counter(), time.process_time()
        step()
        found.append(((time.process_time() - processor) * 1000, (time.perf_counter() - clock) * 1000))
    return found


if __name__ == "__main__":
    main()

"""How far a new fit moves the nearest papers, and whether known ones are still found: fits as they follow each other on
a site that grows, and fits that something has gone wrong with. The limits of `search.drift` lie between the two."""

from collections.abc import Iterator, Sequence
from itertools import islice, pairwise

import numpy as np
from numpy.random import Generator, default_rng

from benchmarks.library import VECTORS, read_records
from benchmarks.quality.bench import Bench
from benchmarks.quality.markdown import head, row
from benchmarks.quality.transforms import fit
from papers.records import PaperRecord
from papers.tex import to_text
from search import drift
from search.known_items import DEPTH, KINDS, draw_items
from search.models import FitLimits
from search.vectors import Vectors
from search.whitening import Transform, prior, width_for

SIZES = (5000, 10_000, 20_000, 50_000, 100_000)
FIELD = "cs.CL"
BATCH = 32
Fitted = tuple[Transform, int]  # with the width that it would serve in


def section(bench: Bench) -> Iterator[str]:
    """The part of docs/quality.md."""
    given = np.load(VECTORS, mmap_mode="r")
    records = list(islice(read_records(), len(given)))
    full = np.array(given[: len(records)])
    chance = default_rng(drift.SEED)
    drawn = chance.permutation(len(full))
    pool = full[drawn[: drift.POOL]].astype(np.float32)
    queries, owners = _queries(bench, [records[place] for place in drawn[: drift.INDEXED]])
    sizes = {size: _fitted(full[chance.permutation(len(full))[:size]]) for size in SIZES}
    base = sizes[20_000]
    pairs = {f"{old:,} papers → {new:,}": (sizes[old], sizes[new]) for old, new in pairwise(SIZES)}
    pairs["5,000 papers → 100,000"] = (sizes[5000], sizes[100_000])
    pairs["20,000 papers → 20,000 others"] = (base, _fitted(full[chance.permutation(len(full))[:20_000]]))
    sound = full[chance.permutation(len(full))[:20_000]].astype(np.float32)
    for name, rows in _damaged(sound, records, full, chance):
        pairs[f"20,000 papers → {name}"] = (base, (_fitted(rows)[0], base[1]))
    pairs["20,000 papers → 20,000 fully whitened (β = γ = 1)"] = (base, (fit(sound, (1.0, 1.0)), base[1]))

    yield (
        f"Of {len(pool):,} of {len(full):,} real papers {drift.ASKED:,} are asked for their nearest {drift.NEAREST}; "
        f"{len(owners)} titles, mistyped titles and three words of titles for their own paper among {drift.INDEXED:,}, "
        "by the short vectors alone."
    )
    yield from head("fit before → fit", ["nearest that stay", f"known among {DEPTH}, before", "after", "verdict"])
    for name, (old, new) in pairs.items():
        kept = drift.overlap(*(drift.neighbours(transform, pool, width) for transform, width in (old, new)))
        before, after = (_near(fitted, queries, pool[: drift.INDEXED], owners) for fitted in (old, new))
        reasons = drift.verdict(drift.Figures(len(pool), kept, 1, 1, before, after), FitLimits())
        yield row(name, [f"{kept:.3f}", f"{before:.3f}", f"{after:.3f}", "kept back" if reasons else "used"])
    own = full[[FIELD in record.categories for record in records]].astype(np.float32)
    (mine, width), shuffled = _fitted(own), own[chance.permutation(len(own))]
    kept = drift.overlap(*(drift.neighbours(transform, shuffled, width) for transform in (prior(), mine)))
    yield ""
    yield f"The first own fit of a site of {FIELD} alone ({len(own):,} papers) keeps {kept:.3f} of what ships."


def _fitted(rows: Vectors) -> Fitted:
    return fit(rows), width_for(len(rows), rows.shape[1])


def _damaged(
    sound: Vectors, records: Sequence[PaperRecord], full: Vectors, chance: Generator
) -> Iterator[tuple[str, Vectors]]:
    """What a fit may have been made on by mistake."""
    yield f"those of {FIELD} alone", full[[FIELD in record.categories for record in records]]
    long = sound.copy()
    long[: len(long) // 100] *= 30
    yield "20,000, of which 1% are 30 times as long", long
    yield "20,000 with their dimensions in another order", sound[:, chance.permutation(sound.shape[1])]
    yield "20,000 of noise", chance.normal(size=sound.shape).astype(np.float32)


def _queries(bench: Bench, records: Sequence[PaperRecord]) -> tuple[Vectors, list[int]]:
    """Full vectors (n, d) of the queries, and the places of their papers."""
    items = draw_items(((place, to_text(each.title)) for place, each in enumerate(records)), drift.SOUGHT, drift.SEED)
    asked = [(item.paper, text) for item in items for kind in KINDS if (text := getattr(item, kind))]
    texts = [text for _, text in asked]
    parts = [bench.encoder.encode(texts[start : start + BATCH]) for start in range(0, len(texts), BATCH)]
    return np.concatenate(parts), [paper for paper, _ in asked]


def _near(fitted: Fitted, queries: Vectors, papers: Vectors, owners: Sequence[int]) -> float:
    """The share of queries whose paper is among the nearest DEPTH."""
    transform, width = fitted
    scores = transform.apply(queries, width) @ transform.apply(papers, width).T
    own = scores[range(len(owners)), owners]
    return float(((scores > own[:, None]).sum(axis=1) < DEPTH).mean())

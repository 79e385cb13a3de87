"""How far the two engines agree: the same real papers and queries, the site's own ranking over each.

`python -m benchmarks.agreement --papers 100000 --queries 500` prints Markdown. Needs ../shared/data and an
Elasticsearch: that of ELASTICSEARCH_URL, else one is started.
"""

import argparse
import random
from typing import TYPE_CHECKING

from benchmarks.servers import measuring

if TYPE_CHECKING:
    from benchmarks.comparison import Agreement

RELATED = 100
MORE = (0, 500, 1000, 2000, 4000)
NEAREST = 200


def main() -> None:
    """Index both, ask both, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--papers", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--merged", action="store_true", help="merge Elasticsearch's index into one segment first")
    options = parser.parse_args()
    with measuring(heap="2g", timeout=30):
        _run(options.papers, options.queries, options.seed, options.merged)


def _run(papers: int, count: int, seed: int, merged: bool) -> None:
    from benchmarks.comparison import Agreement, compare, encode_queries, recalls, related_overlap
    from benchmarks.library import fill, read_library
    from benchmarks.queries import draw_queries
    from search.encoder import get_encoder
    from search.engines import elastic as elastic_engine
    from search.engines import engine_aside
    from search.plan import Plan, make_plan
    from search.query import parse

    library = read_library(papers)
    queries = draw_queries(library.records, count, seed)
    vectors = encode_queries(queries, get_encoder(), library.table)
    with engine_aside("embedded") as exact, engine_aside("elasticsearch") as elastic:
        for engine in (exact, elastic):
            fill(engine, library)
        if merged:
            assert isinstance(elastic, elastic_engine.ElasticEngine)
            with elastic.cluster.writing() as client:
                client.options(request_timeout=1800).indices.forcemerge(index=elastic.alias, max_num_segments=1)
        one, other = library.context(exact), library.context(elastic)
        agreement = Agreement()
        compare(one, other, queries, vectors, agreement)
        drawn = random.Random(seed).sample(range(1, papers + 1), min(RELATED, papers))
        alike = related_overlap(one, other, library, drawn)
        asked = [
            (vectors[plan.text], plan)
            for query in queries
            if (plan := make_plan(parse(query.text), library.table)).text in vectors
        ]
        anywhere = [(vector, Plan(None, (), "", (), False)) for vector, _ in asked[:NEAREST]]
        within = [(vector, plan) for vector, plan in asked if plan.binding is not None][:NEAREST]
        _print(agreement)
        print(f"\nRelated papers of {len(alike)} papers: overlap {sum(alike) / len(alike):.4f}.\n")
        print("| nearest 1,000 | candidates a shard | recall@10 | recall@100 | recall@1000 | median |")
        print("|---|---|---|---|---|---|")
        for name, part in (("of all papers", anywhere), ("of those that a query binds", within)):
            for more in MORE:
                elastic_engine.MORE_CANDIDATES = more
                found, seconds = recalls(exact, elastic, library, part)
                cells = " | ".join(f"{share:.4f}" for share in found.values())
                print(f"| {name} ({len(part)} queries) | {1000 + more:,} | {cells} | {seconds * 1000:.0f} ms |")


def _print(agreement: "Agreement") -> None:
    print("| kind of query | queries | as shown | words only | meaning only | other totals | other facets |")
    print("|---|---|---|---|---|---|---|")
    for kind in [*agreement.asked, None]:
        shares = [agreement.mean(ranking, kind) for ranking in ("shown", "words", "meaning")]
        cells = ["" if share is None else f"{share:.3f}" for share in shares]
        totals = sum(kind in (None, asked.kind) for asked, *_ in agreement.totals)
        facets = sum(kind in (None, asked.kind) for asked, *_ in agreement.facets)
        number = agreement.asked.total() if kind is None else agreement.asked[kind]
        print(f"| {kind or '**all**'} | {number} | {' | '.join(cells)} | {totals} | {facets} |")
    for asked, left, right in [*agreement.totals, *agreement.facets][:20]:
        print(f"\n{asked.text!r}: {left} and {right}")


if __name__ == "__main__":
    main()

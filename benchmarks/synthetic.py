"""A large library of invented papers, made by PostgreSQL itself: for measurements and for tests of query plans.

Shaped like arXiv: categories from many papers to few, 1.7 of them a paper, a number of papers a day that has grown with
the cube of the time since 1991. Rows lie in no order of time, as after loads from several sources.
"""

from django.db import connection

from papers.categories import CATEGORIES
from papers.models import IndexMark, Paper, PaperCategory
from search.models import PaperVector

FIRST_DAY = "1991-08-14 00:00:00+00"
SPAN = "35 years"
MODEL = "all-MiniLM-L6-v2"
# Category k of n (from 0) has a share of papers proportional to 1 / (k + FLATNESS): 5% the first, 0.2% the last.
FLATNESS = 6
LARGEST = ("cs.LG", "cs.CV", "cs.AI", "cs.CL", "hep-ph", "quant-ph", "hep-th", "math.CO")

TABLES = tuple(model._meta.db_table for model in (Paper, PaperCategory, PaperVector, IndexMark))

# A paper's n-th category is drawn by hashing number and n; its place in time by a permutation of the numbers.
_RANDOM = "((hashint8extended(number, {salt}) & 2147483647) / 2147483648.0)"
_PAPERS = f"""
INSERT INTO {Paper._meta.db_table} (id, arxiv_id, version, title, abstract, is_summary, authors, categories, published,
    doi, journal_ref, comment, license, report_number, withdrawn, keywords)
SELECT number, 'x' || number, 1, 'Paper ' || number, repeat(md5(number::text), %(words)s), false,
    '["Ada Lovelace", "Emmy Noether", "Sofja Kowalewskaja"]', '[]',
    %(first)s::timestamptz + %(span)s::interval * (((number * 7919) %% %(papers)s) / %(papers)s::float) ^ (1 / 3.0),
    '', '', '', '', '', false, '["bees", "evening dance", "quiet rivers"]'
FROM generate_series(1, %(papers)s::bigint) AS number
"""
_LINKS = f"""
WITH share AS (
    SELECT code, sum(1 / (place + {FLATNESS - 1.0})) OVER (ORDER BY place) / sum(1 / (place + {FLATNESS - 1.0})) OVER ()
        AS until FROM unnest(string_to_array(%(codes)s, ',')) WITH ORDINALITY AS each (code, place)
), bounds AS (
    SELECT array_agg(code ORDER BY until) AS codes, array_agg(until ORDER BY until) AS untils FROM share
)
INSERT INTO {PaperCategory._meta.db_table} (paper_id, category, published)
SELECT DISTINCT paper.id, bounds.codes[least(1 + width_bucket({_RANDOM.format(salt="nth")}, bounds.untils),
    cardinality(bounds.codes))], paper.published
FROM (SELECT id, id AS number, published FROM {Paper._meta.db_table}) AS paper, bounds, generate_series(1, 4) AS nth
WHERE nth = 1 OR {_RANDOM.format(salt="0")} < (ARRAY[1, .5, .17, .08])[nth]
"""
_VECTORS = f"""
INSERT INTO {PaperVector._meta.db_table} (paper_id, model, text_hash, data)
SELECT number, %(model)s, hashint8extended(number, 7), decode(repeat(md5(number::text), %(vector)s), 'hex')
FROM generate_series(1, %(papers)s::bigint) AS number
"""
_MARKS = f"INSERT INTO {IndexMark._meta.db_table} (paper_id, stamp) SELECT generate_series(1, %(papers)s), 1"
# Foreign keys are right by the way the rows are made; checking each would take half of the time.
_CHECKS = (
    "SELECT set_config('session_replication_role', %s, false) FROM pg_user WHERE usename = current_user AND usesuper"
)


def fill(papers: int, *, abstract: int = 1000, vector: int = 768) -> None:
    """Fill the empty tables of a PostgreSQL database, outside of a transaction: `papers` papers whose abstracts have
    `abstract` characters, links, vectors of `vector` bytes, and a mark for each. Then do what autovacuum would do."""
    values: dict[str, int | str] = {
        "papers": papers,
        "words": max(1, abstract // 32),
        "vector": max(1, vector // 16),
        "first": FIRST_DAY,
        "span": SPAN,
        "codes": ",".join([*LARGEST, *sorted(set(CATEGORIES) - set(LARGEST), key=lambda code: code[::-1])]),
        "model": MODEL,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CHECKS, ["replica"])
        # VACUUM cannot mark a page as seen by all while autovacuum reads, nor what was committed asynchronously.
        cursor.execute("SET synchronous_commit = on")
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
        for statement in (_PAPERS, _LINKS, _VECTORS, _MARKS):
            cursor.execute(statement, values)
        cursor.execute(f"VACUUM ANALYZE {', '.join(TABLES)}")
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} RESET (autovacuum_enabled)")
        cursor.execute("RESET synchronous_commit")
        cursor.execute(_CHECKS, ["origin"])

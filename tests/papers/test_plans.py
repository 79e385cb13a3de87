"""The hot queries on PostgreSQL walk indexes: here on 200,000 papers made for it, as on three million."""

from collections.abc import Iterator

import pytest
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

from benchmarks.hot_queries import Query, explain, hot_queries, names
from benchmarks.synthetic import MODEL, TABLES, fill

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]

PAPERS = 200_000
# Reads all links, once in five minutes (the API keeps its counts).
WHOLE = "papers of all categories"
# Stops at its first row, wherever it finds that.
FIRST_ROW = "any real paper"
SORTED_AT_MOST = 5_000  # rows: a month of the largest archives


@pytest.fixture(scope="module")
def library(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[dict[str, Query]]:
    """The queries on a library that is really there: the planner's statistics are not to be had inside a test."""
    with django_db_blocker.unblock():
        try:
            fill(PAPERS, abstract=64, vector=32)
            yield hot_queries(PAPERS, MODEL)
        finally:
            with connection.cursor() as cursor:
                cursor.execute(f"TRUNCATE {', '.join(TABLES)} CASCADE")


@pytest.mark.parametrize("name", sorted(set(names()) - {WHOLE, FIRST_ROW}))
def test_a_hot_query_reads_no_table_and_sorts_no_list_to_its_end(library: dict[str, Query], name: str) -> None:
    plans = explain(library[name])
    assert plans
    for plan in plans:
        read = {node["Relation Name"] for node in plan.nodes() if node["Node Type"] == "Seq Scan"}
        assert not read & set(TABLES), plan.sql
        for node in plan.nodes():
            if node["Node Type"] in {"Sort", "Incremental Sort"}:
                assert node["Plans"][0]["Actual Rows"] <= SORTED_AT_MOST, plan.sql


@pytest.mark.parametrize("kind", ["cs.LG", "cs.LG+cs.AI+stat.ML", "cs", "cs.LG-cs.CV", "cs+math+stat-cs.LG"])
def test_a_list_is_a_merge_of_walks_that_end_with_the_page(library: dict[str, Query], kind: str) -> None:
    [plan] = explain(library[f"{kind}: first page"])
    walks = [node for node in plan.nodes() if node.get("Index Name") == "category_newest"]
    assert walks
    assert sum(node["Actual Rows"] * node["Actual Loops"] for node in walks) < 50 * 3 + len(walks) * 5
    assert not [node for node in plan.nodes() if "Sort" in node["Node Type"] or "Hash" in node["Node Type"]]


def test_the_counts_of_all_categories_read_the_links_alone(library: dict[str, Query]) -> None:
    [plan] = explain(library[WHOLE])
    assert {node["Relation Name"] for node in plan.nodes() if "Relation Name" in node} == {"papers_papercategory"}


def test_whether_there_is_a_real_paper_is_told_by_the_first(library: dict[str, Query]) -> None:
    [plan] = explain(library[FIRST_ROW])
    assert sum(node["Actual Rows"] for node in plan.nodes() if "Relation Name" in node) == 1

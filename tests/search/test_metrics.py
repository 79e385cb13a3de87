"""The measures, against values worked out by hand."""

import math

import pytest

from search.metrics import averages, ndcg, recall, reciprocal_rank


def test_ndcg_has_linear_gains() -> None:
    relevant = {"a": 3.0, "b": 1.0, "c": 0.0}
    got = 1 / math.log2(2) + 3 / math.log2(4)
    best = 3 / math.log2(2) + 1 / math.log2(3)
    assert ndcg(["b", "c", "a"], relevant) == pytest.approx(got / best)
    assert ndcg(["a", "b"], relevant) == 1
    assert ndcg(["x"] * 10 + ["a"], relevant) == 0
    assert ndcg(["a"], {"c": 0.0}) == 0


def test_the_ideal_is_cut_at_the_depth_too() -> None:
    relevant = {str(number): 1.0 for number in range(30)}
    assert ndcg([str(number) for number in range(10)], relevant) == pytest.approx(1)


def test_recall_and_reciprocal_rank() -> None:
    relevant = {"a": 1.0, "b": 2.0, "c": 0.0}
    assert recall(["c", "a"], relevant) == 0.5
    assert recall(["x"] * 100 + ["a"], relevant) == 0
    assert reciprocal_rank(["c", "x", "b"], relevant) == pytest.approx(1 / 3)
    assert reciprocal_rank(["x"] * 10 + ["a"], relevant) == 0


def test_averages_are_over_queries() -> None:
    runs = [(["a"], {"a": 1.0}), (["x"], {"a": 1.0})]
    assert averages(runs) == {"ndcg@10": 0.5, "recall@100": 0.5, "mrr@10": 0.5}
    assert averages([]) == {"ndcg@10": 0.0, "recall@100": 0.0, "mrr@10": 0.0}

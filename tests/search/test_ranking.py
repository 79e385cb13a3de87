"""From candidates to one order."""

import numpy as np
import pytest

from search.engines.base import Hits, Ids
from search.ranking import NEIGHBOURS_SHARE, fuse, fuse_related, smoothed
from search.vectors import Vectors

FULL = np.array([[1, 0, 0], [0.8, 0.6, 0], [0, 1, 0], [0, 0, 1], [0.6, 0, 0.8]], np.float32)  # ids 1 to 5


def fetch(ids: Ids) -> tuple[Ids, Vectors]:
    """Full vectors by id; 9 and beyond have none."""
    known = ids[ids < 9]
    return known, FULL[known - 1]


def hits(scores: dict[int, float]) -> Hits:
    """Hits in order."""
    order = sorted(scores, key=lambda number: (-scores[number], -number))
    return Hits(np.array(order, np.int64), np.array([scores[number] for number in order], np.float32))


def test_smoothing_draws_scores_towards_those_of_neighbours() -> None:
    two = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    found = smoothed(np.array([1.0, 0.0, 0.5]), two)
    assert found == pytest.approx([1 - NEIGHBOURS_SHARE, NEIGHBOURS_SHARE, 0.5])


def test_papers_without_a_vector_keep_their_scores() -> None:
    assert smoothed(np.array([1.0, 0.2]), np.zeros((2, 3), np.float32)).tolist() == [1.0, 0.2]
    assert smoothed(np.array([1.0]), FULL[:1]).tolist() == [1.0]


def test_both_words_and_meaning_count() -> None:
    query = FULL[0]
    found = fuse(hits({3: 2.0, 4: 1.0}), hits({1: 0.9, 2: 0.5}), Hits(), 2, query, fetch)
    assert set(found.ids.tolist()) == {1, 2, 3, 4}
    assert found.ids[0] == 1
    assert (np.diff(found.scores) <= 0).all()


def test_a_title_with_every_word_comes_first_and_the_shorter_one_of_two() -> None:
    words = hits({1: 3.0, 2: 2.0, 3: 2.0})
    found = fuse(words, hits({1: 1.0}), hits({2: 0.5, 3: 1.0}), 3, FULL[0], fetch)
    assert found.ids.tolist() == [3, 2, 1]


def test_without_meaning_words_order() -> None:
    found = fuse(hits({1: 1.0, 2: 4.0}), None, Hits(), 1, None, fetch)
    assert found.ids.tolist() == [2, 1]
    assert not len(fuse(Hits(), None, Hits(), 0, None, fetch).ids)


def test_what_the_store_does_not_have_is_ranked_by_words() -> None:
    found = fuse(hits({9: 2.0, 1: 1.0}), hits({1: 0.5}), Hits(), 2, FULL[0], fetch)
    assert set(found.ids.tolist()) == {1, 9}


def test_a_hub_gives_way() -> None:
    words, near = hits({2: 1.0, 5: 1.0}), hits({2: 0.8, 5: 0.8})
    query = np.array([1, 0.0, 0.5], np.float32)
    query /= np.linalg.norm(query)
    plain = fuse_related(words, near, query, np.zeros(3, np.float32), fetch)
    damped = fuse_related(words, near, query, np.array([0.1, 0, 2.0], np.float32), fetch)
    assert plain.ids[0] == 5
    assert damped.ids[0] == 2

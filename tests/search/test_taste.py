"""The order that is learned from stars, on the sample shelf with its real vectors and on figures made by hand."""

import numpy as np
import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from papers.models import Mark, Paper, Visitor
from papers.visitors import mark, set_words
from search import frequencies, taste, taste_model
from search.encoder import Encoder
from search.models import PaperVector
from search.personal import MOST_ORDERED, WORDS_WEIGHT, both, personal_order
from search.taste import OTHERS, learned, passed_over
from search.taste_model import Features, fit, terms_of
from tests.papers.factories import PaperFactory

TABLE = frequencies.smoothed(None)


def of_kind(papers: list[Paper], code: str) -> list[Paper]:
    return [paper for paper in papers if paper.primary_category == code]


@pytest.fixture
def visitor(db: None) -> Visitor:
    cache.clear()
    made: Visitor = Visitor.objects.create()
    return made


def made_papers(words: list[str], turn: float = 0.0) -> Features:
    """Papers of one word each in its own direction of a space of six dimensions, `turn` towards the last."""
    kinds = {word: place for place, word in enumerate(("galaxies", "proteins", "grammars", "tariffs", "lattices"))}
    rows = np.zeros((len(words), 6), np.float32)
    for row, word in zip(rows, words, strict=True):
        row[kinds[word]], row[5] = 1.0, turn
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return Features(rows, [terms_of(word, [], TABLE) for word in words])


# The model


def test_terms_weigh_by_rarity_and_have_one_length() -> None:
    terms = terms_of("A model of galaxies", ["galaxy model", "quasars"], TABLE)
    assert sum(weight**2 for weight in terms.values()) == pytest.approx(taste_model.WORDS**2)
    assert terms["galaxi"] > terms["model"] > 0
    assert terms_of("the of and", [], TABLE) == {}


def test_a_regression_in_the_dual_is_that_of_its_formula() -> None:
    chance = np.random.default_rng(3)
    liked, rest = (chance.normal(size=(count, 4)).astype(np.float32) for count in (3, 7))
    found = fit(Features(liked, [{}] * 3), Features(rest, [{}] * 7)).direction
    rows, wanted = np.vstack([liked, rest]).astype(float), np.repeat([1.0, -1.0], [3, 7])
    shares = np.repeat([1 / 6, 1 / 14], [3, 7])
    centred = rows - shares @ rows
    gram = centred.T @ (centred * shares[:, None]) + taste_model.RIDGE * np.eye(4)
    assert found == pytest.approx(np.linalg.solve(gram, centred.T @ (shares * wanted)), abs=1e-4)


def test_who_stars_two_fields_gets_both_before_what_lies_between() -> None:
    model = fit(made_papers(["galaxies", "proteins"] * 3), made_papers(["grammars", "tariffs"] * 3))
    between = np.zeros((1, 6), np.float32)
    between[0, :2] = np.sqrt(0.5)
    asked = Features(np.vstack([made_papers(["galaxies", "proteins", "tariffs"]).vectors, between]), [{}] * 4)
    near = model.nearness(asked)
    assert min(near[0], near[1]) > near[2]
    assert min(near[0], near[1]) > near[3] - 0.05  # a centroid would put it .29 above both


@pytest.mark.parametrize("others", [0, 4])
def test_one_star_is_enough_with_and_without_others(others: int) -> None:
    model = fit(made_papers(["galaxies"]), made_papers(["tariffs"] * others))
    scores = model.scores(made_papers(["grammars", "galaxies", "tariffs"], turn=0.3))
    assert scores.argmax() == 1


def test_papers_without_vectors_go_by_their_words() -> None:
    model = fit(made_papers(["galaxies"] * 3), made_papers(["tariffs", "grammars"]))
    asked = made_papers(["tariffs", "galaxies", "lattices"])
    scores = model.scores(Features(np.zeros_like(asked.vectors), asked.terms))
    assert scores.argmax() == 1
    assert scores.argmin() == 0
    assert len(model.scores(Features(asked.vectors[:0], []))) == 0
    blind = fit(Features(np.zeros((2, 6), np.float32), made_papers(["galaxies"] * 2).terms), made_papers(["tariffs"]))
    assert blind.scores(asked).argmax() == 1


# On the shelf


def test_stars_of_one_subject_bring_its_others_first_and_say_why(shelf_site: list[Paper], visitor: Visitor) -> None:
    hers = of_kind(shelf_site, "cs.CL")
    assert len(hers) >= 6
    starred, left = hers[::2], hers[1::2]
    mark(visitor, [paper.pk for paper in starred], "starred", True)
    rest = [paper.pk for paper in shelf_site if paper not in starred]
    found = learned(visitor)
    assert found is not None
    assert found.stars == len(starred)
    weight = found.order(rest)
    first = sorted(rest, key=lambda pk: -weight[pk])[: len(left)]
    assert len({paper.pk for paper in left} & set(first)) >= 0.5 * len(left)  # by chance one in fifteen
    assert min(weight.values()) >= 0
    theirs = {phrase for paper in starred for phrase in paper.keywords}
    assert 1 <= len(found.phrases) <= taste_model.PHRASES
    assert set(found.phrases) <= theirs
    best, worst = (Paper.objects.get(pk=pick(weight, key=weight.__getitem__)) for pick in (max, min))
    assert set(found.because(best.keywords)) <= set(best.keywords)
    assert found.because(best.keywords)
    assert not found.because(worst.keywords)


def test_the_order_needs_no_encoder_and_is_asked_of_the_database_once(
    shelf_site: list[Paper], visitor: Visitor, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder, "loading", True)
    monkeypatch.setattr(encoder, "encode", lambda texts: pytest.fail("nothing is to be encoded"))
    mark(visitor, [shelf_site[3].pk], "starred", True)
    ids = [paper.pk for paper in shelf_site]
    first = personal_order(visitor, ids)
    assert first is not None
    assert max(first.weight, key=first.weight.__getitem__) == shelf_site[3].pk
    with CaptureQueriesContext(
        connection,
    ) as asked:
        again = personal_order(visitor, ids)
    assert again is not None
    assert again.weight == first.weight
    assert len(asked) <= 2  # the stars' stamp and the newest fit
    mark(visitor, [shelf_site[-1].pk], "starred", True)
    mark(visitor, [shelf_site[3].pk], "starred", False)
    other = personal_order(visitor, ids)
    assert other is not None
    assert max(other.weight, key=other.weight.__getitem__) == shelf_site[-1].pk


def test_a_site_without_any_vector_orders_by_words(shelf_site: list[Paper], visitor: Visitor) -> None:
    PaperVector.objects.all().delete()
    hers = of_kind(shelf_site, "cs.CL")
    mark(visitor, [paper.pk for paper in hers[::2]], "starred", True)
    found = personal_order(visitor, [paper.pk for paper in shelf_site if paper not in hers[::2]])
    assert found is not None
    best = sorted(found.weight, key=lambda pk: -found.weight[pk])[:3]
    assert {paper.pk for paper in hers} & set(best)


# What counts against


def test_what_was_seen_and_left_counts_against_and_what_was_opened_does_not(visitor: Visitor) -> None:
    left, opened, starred, unseen = (paper.pk for paper in PaperFactory.create_batch(4))
    mark(visitor, [left, opened, starred], "seen", True)
    mark(visitor, [opened], "opened", True)
    mark(visitor, [starred], "starred", True)
    assert passed_over(visitor) == [left]
    Mark.objects.filter(paper=left).update(viewed=Mark.objects.get(paper=left).seen)
    assert passed_over(visitor) == []
    assert unseen not in passed_over(visitor)


def test_beside_them_stand_papers_that_arrived_with_the_stars(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taste, "STEP", 2)
    made = [paper.pk for paper in PaperFactory.create_batch(30)]
    Paper.objects.filter(pk=made[12]).update(removed=True)
    found = taste.arrived_with([made[10]], {made[8]}, 4)
    assert found == [made[14], made[6], made[16], made[4]]
    assert len(taste.arrived_with([made[10]], set(), OTHERS)) == 13
    assert taste.arrived_with([made[10]], set(), 0) == []


# Words and stars


def test_nothing_said_and_nothing_starred_is_no_order(visitor: Visitor) -> None:
    assert personal_order(None, [1, 2]) is None
    assert personal_order(visitor, [1, 2]) is None


def test_words_alone_stars_alone_and_both(shelf_site: list[Paper], visitor: Visitor) -> None:
    ids = [paper.pk for paper in shelf_site]
    set_words(visitor, "Donaldson polynomials")
    words = personal_order(visitor, ids)
    assert words is not None
    assert (words.words, words.taste) == ("Donaldson polynomials", None)
    wanted = max(words.weight, key=words.weight.__getitem__)
    hers = next(paper for paper in of_kind(shelf_site, "cs.CL") if paper.pk != wanted)
    mark(visitor, [hers.pk], "starred", True)
    mixed = personal_order(visitor, ids)
    assert mixed is not None
    assert mixed.taste is not None
    best = sorted(ids, key=lambda pk: -mixed.weight[pk])
    assert {wanted, hers.pk} <= set(best[:8])
    set_words(visitor, "")
    stars = personal_order(visitor, ids)
    assert stars is not None
    assert max(stars.weight, key=stars.weight.__getitem__) == hers.pk


def test_both_are_joined_whatever_their_scales() -> None:
    joined = both([1, 2, 3], {1: 0.9}, {2: 900.0})
    assert joined[1] / joined[2] == pytest.approx(WORDS_WEIGHT / (1 - WORDS_WEIGHT))
    assert joined[3] == 0
    assert both([], {}, {}) == {}
    assert both([1], {1: 0.5}, {1: 3.0}) == {1: 0}


def test_a_long_list_has_its_first_papers_ordered(visitor: Visitor) -> None:
    mark(visitor, [PaperFactory.create().pk], "starred", True)
    found = personal_order(visitor, range(1, MOST_ORDERED + 50))
    assert found is not None
    assert len(found.weight) == MOST_ORDERED

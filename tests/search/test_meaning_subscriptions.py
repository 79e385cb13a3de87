"""Subscriptions by meaning, with the real encoder: like a text, like stars, and the threshold tried before."""

from datetime import date
from typing import Any

import numpy as np
import pytest

from papers.models import Mark, Paper, Subscription, Visitor
from papers.visitors import mark
from search.encoder import Encoder, EncoderError
from search.models import PaperVector
from search.subscriptions import keeping, meaning, trial
from search.subscriptions.days import DayPapers
from search.subscriptions.keeping import SubscriptionError
from search.subscriptions.matching import matches
from search.subscriptions.trial import LOWEST, try_out
from tests.papers.factories import day_list
from tests.papers.readers import make_reader

pytestmark = pytest.mark.django_db
DAY, BEFORE = date(2025, 11, 21), date(2025, 11, 20)
TEXT = "neural networks that translate sentences by attention"


@pytest.fixture
def visitor() -> Visitor:
    """A reader's."""
    made: Visitor = make_reader().visitor
    return made


@pytest.fixture
def days(shelf_site: list[Paper]) -> list[Paper]:
    """The shelf's papers announced on two days, the newer half on the newer one; its last paper replaced then."""
    half = len(shelf_site) // 2
    day_list("cs.CL", f"{DAY}", new=shelf_site[:half], replace=shelf_site[-1:])
    day_list("cs.CL", f"{BEFORE}", new=shelf_site[half:])
    return shelf_site


def kept(visitor: Visitor, text: str = TEXT, threshold: float = 0.4, **options: Any) -> Subscription:
    kind = "text" if text else "stars"
    return keeping.subscribe(visitor, keeping.read(kind, text, threshold), **options)


def scores(subscription: Subscription, *on: date) -> dict[int, float]:
    found = matches([subscription], on or (DAY, BEFORE))[subscription.pk]
    return {match.paper: match.score or 0.0 for match in found}


def cosines(encoder: Encoder, papers: list[Paper], text: str) -> dict[int, float]:
    asked = encoder.encode([text])[0]
    ids, theirs = meaning.stored([paper.pk for paper in papers])
    return dict(zip(ids.tolist(), (theirs @ asked).tolist(), strict=True))


# Like a text


def test_papers_like_a_text_are_those_above_the_threshold_best_first(
    visitor: Visitor, days: list[Paper], encoder: Encoder
) -> None:
    half = len(days) // 2
    truth = cosines(encoder, days[:half], TEXT)
    found = scores(kept(visitor), DAY)
    assert found.keys() == {number for number, score in truth.items() if score >= 0.4}
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert all(found[number] == pytest.approx(truth[number], abs=2e-3) for number in found)
    assert 0 < len(found) < half
    assert scores(kept(visitor, threshold=0.99)) == {}


def test_a_text_about_nothing_here_is_near_to_nothing(visitor: Visitor, days: list[Paper]) -> None:
    recipe = "Roast the aubergines slowly with garlic, then serve them warm with yoghurt and fresh mint."
    assert scores(kept(visitor, recipe)) == {}
    assert max(scores(kept(visitor, recipe, 0.0)).values()) < 0.35
    assert max(scores(kept(visitor, threshold=0.0)).values()) > 0.5


def test_of_a_low_threshold_a_day_brings_a_bounded_number(
    visitor: Visitor, days: list[Paper], monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = scores(kept(visitor, threshold=0.0), DAY)
    monkeypatch.setattr("search.subscriptions.days.MOST_BY_MEANING", 4)
    best = scores(kept(visitor, threshold=0.01), DAY)
    assert list(best) == list(everything)[:4]


def test_replacements_count_where_they_are_wanted(visitor: Visitor, days: list[Paper]) -> None:
    asked = kept(visitor, threshold=0.0)
    assert days[-1].pk not in scores(asked, DAY)
    keeping.change(asked, replacements=True)
    assert days[-1].pk in scores(asked, DAY)


def test_a_text_of_another_model_is_read_anew_and_kept(visitor: Visitor, days: list[Paper], encoder: Encoder) -> None:
    asked = kept(visitor)
    truth = scores(asked)
    Subscription.objects.update(vector=np.ones(8, "<f2").tobytes(), model="another")
    old = Subscription.objects.get()
    found = DayPapers(DAY).found([old])[asked.key]
    assert [score for _, kind, _, score in found if kind < 2] == list(scores(asked, DAY).values())
    assert truth.keys() >= {paper for paper, *_ in found}
    assert Subscription.objects.get().model == encoder.name


def test_while_the_encoder_is_away_a_text_waits_and_the_others_are_answered(
    visitor: Visitor, days: list[Paper], encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, other = kept(visitor), keeping.subscribe(visitor, keeping.read("categories", "cs.CL"))
    Subscription.objects.filter(pk=asked.pk).update(vector=None, model="")
    asked.refresh_from_db()
    with monkeypatch.context() as away:

        def fail(*_arguments: object) -> None:
            raise EncoderError("The model cannot be loaded")

        away.setattr(encoder, "encode", fail)
        found = matches([asked, other], [DAY])
        assert not found[asked.pk]
        assert len(found[other.pk]) == len(days) // 2
    assert scores(asked, DAY)


# Vectors that come later


def test_papers_whose_vectors_come_later_are_found_then(
    visitor: Visitor, days: list[Paper], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = kept(visitor)
    truth = list(scores(asked, DAY))
    gone = list(PaperVector.objects.filter(paper__in=truth[:2]))
    PaperVector.objects.filter(paper__in=truth[:2]).delete()
    same = kept(make_reader("ben@example.org").visitor, threshold=0.401)  # nobody asked this before
    assert not set(truth[:2]) & scores(same, DAY).keys()
    PaperVector.objects.bulk_create(gone[:1])
    assert set(truth[:2]) & scores(same, DAY).keys() == {gone[0].paper_id}
    PaperVector.objects.bulk_create(gone[1:])
    assert set(truth[:2]) <= scores(same, DAY).keys()
    monkeypatch.setattr(DayPapers, "found", None)  # what is whole is not worked out again
    assert set(truth[:2]) <= scores(same, DAY).keys()


# Like stars


def test_papers_like_stars_follow_the_stars(visitor: Visitor, days: list[Paper], encoder: Encoder) -> None:
    truth = cosines(encoder, days, TEXT)
    nearest = sorted(truth, key=lambda number: -truth[number])
    mark(visitor, nearest[:4], "starred", True)
    asked = kept(visitor, "", 0.3)
    before = scores(asked)
    assert before
    rest = [number for number in before if number not in nearest[:4]]
    assert np.mean([truth[number] for number in rest]) > np.mean(list(truth.values()))
    far = sorted(truth, key=lambda number: truth[number])[:4]
    mark(visitor, nearest[:4], "starred", False)
    mark(visitor, far, "starred", True)
    after = scores(asked)
    assert after
    assert set(after) != set(before)
    mark(visitor, far, "starred", False)
    assert scores(asked) == {}


def test_stars_count_by_their_highest_fifth_and_three_at_least() -> None:
    stars = np.eye(20, dtype=np.float32)
    papers = np.zeros((1, 20), np.float32)
    papers[0, :5] = (0.8, 0.4, 0.4, 0.2, 0.2)
    assert meaning.like_stars(papers, stars)[0] == pytest.approx((0.8 + 0.4 + 0.4 + 0.2) / 4)
    assert meaning.like_stars(papers, stars[:10])[0] == pytest.approx((0.8 + 0.4 + 0.4) / 3)
    assert meaning.like_stars(papers, stars[:2])[0] == pytest.approx(0.6)
    assert (meaning.like_stars(papers, stars[:0]) == -1).all()


def test_the_last_stars_count(visitor: Visitor, days: list[Paper], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meaning, "MOST_STARS", 3)
    for paper in days[:5]:
        mark(visitor, [paper.pk], "starred", True)
    assert Mark.objects.filter(visitor=visitor).count() == 5
    expected = meaning.stored([paper.pk for paper in days[2:5]])[1]
    assert sorted(meaning.star_vectors(visitor.pk).tolist()) == sorted(expected.tolist())


# The threshold, tried before


def test_a_trial_tells_the_best_papers_and_how_many_a_threshold_brings(
    visitor: Visitor, days: list[Paper], encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "WANTED_A_WEEK", 5)
    truth = cosines(encoder, days, TEXT)
    for tried in (try_out(visitor, "text", TEXT), try_out(visitor, "text", TEXT)):  # the second from what is kept
        assert {one.paper_id: one.score for one in tried.papers} == pytest.approx(truth, abs=2e-3)
        assert [one.score for one in tried.papers] == sorted((one.score for one in tried.papers), reverse=True)
        assert {one.day for one in tried.papers} == {DAY, BEFORE}
        assert tried.weeks == 1.0
        assert tried.a_week(0.4) == sum(one.score >= 0.4 for one in tried.papers)
        assert tried.a_week(1.0) == 0
        # The highest threshold that brings as many as wanted.
        assert tried.a_week(tried.recommended) >= 5 > tried.a_week(tried.recommended + 0.01)


def test_a_trial_and_the_subscription_agree(visitor: Visitor, days: list[Paper]) -> None:
    tried = try_out(visitor, "text", TEXT)
    found = scores(kept(visitor, threshold=tried.recommended))
    assert found.keys() == {one.paper_id for one in tried.papers if one.score >= tried.recommended}


def test_where_nothing_is_near_the_lowest_threshold_is_recommended(
    visitor: Visitor, days: list[Paper], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "WANTED_A_WEEK", 50_000)
    assert try_out(visitor, "text", TEXT).recommended == LOWEST


def test_stars_are_tried_too_and_need_some(visitor: Visitor, days: list[Paper]) -> None:
    with pytest.raises(SubscriptionError, match="at least 3"):
        try_out(visitor, "stars", "")
    mark(visitor, [paper.pk for paper in days[:3]], "starred", True)
    tried = try_out(visitor, "stars", "")
    found = scores(kept(visitor, "", tried.recommended))
    assert found.keys() == {one.paper_id for one in tried.papers if one.score >= tried.recommended}


def test_without_lists_a_trial_is_empty(visitor: Visitor, encoder: Encoder) -> None:
    tried = try_out(visitor, "text", TEXT)
    assert (tried.papers, tried.recommended, tried.a_week(0.0)) == ([], LOWEST, 0.0)
    with pytest.raises(SubscriptionError):
        try_out(visitor, "text", " ")

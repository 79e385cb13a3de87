"""Where a text would belong: how papers vote, what the page, the API and the hint say of it."""

import json
from datetime import date
from math import e, log
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from benchmarks.quality.normalisation import alternately_normalised
from papers import visitors
from papers.models import Paper
from search.classifying import suggesting, votes
from search.classifying.head import Head, prior, train
from search.classifying.suggesting import LONGEST, classify, of_paper, parted
from search.classifying.votes import Voter, best_first, by_both, entropy, normalised
from search.encoder import Encoder
from search.engines.base import Engine, EngineError, Hits
from search.subscriptions import keeping, mostly
from tests.api.problem import assert_problem
from tests.papers.pages import page_of, paper
from tests.papers.readers import make_reader, signed_in

DAY = date(2025, 11, 20)
TRANSLATION = (
    "Attention for neural machine translation\n"
    "An encoder and a decoder translate sentences; attention over the source words replaces the fixed vector."
)


def hits(*scores: float) -> Hits:
    """Papers 1, 2, … with these scores."""
    return Hits(np.arange(1, len(scores) + 1), np.array(scores, np.float32))


def test_a_vote_falls_with_distance_and_with_years() -> None:
    voters = {
        1: Voter(["cs.CL"], DAY),
        2: Voter(["cs.LG"], DAY),
        3: Voter(["math.CO"], DAY.replace(year=2020)),
    }
    shares = votes.votes(hits(0.9, 0.8, 0.9), voters, DAY, sharpness=10)
    assert shares["cs.LG"] / shares["cs.CL"] == pytest.approx(1 / e, rel=1e-4)
    assert shares["math.CO"] / shares["cs.CL"] == pytest.approx(1 / e, rel=1e-2)


def test_a_cross_list_has_a_small_vote() -> None:
    shares = votes.votes(hits(0.5), {1: Voter(["cs.CL", "cs.LG", "stat.ML"], DAY)}, DAY, sharpness=10, cross=0.15)
    assert shares == pytest.approx({"cs.CL": 1 / 1.3, "cs.LG": 0.15 / 1.3, "stat.ML": 0.15 / 1.3})


def test_words_and_meaning_count_alike_whatever_the_unit_of_the_words_scores() -> None:
    voters = {1: Voter(["cs.CL"], DAY), 2: Voter(["hep-th"], DAY)}
    near, words = Hits(np.array([1]), np.array([0.7], np.float32)), Hits(np.array([2]), np.array([33.0], np.float32))
    assert by_both(near, words, voters, DAY) == pytest.approx({"cs.CL": 0.5, "hep-th": 0.5})
    assert by_both(Hits(), words, voters, DAY) == {"hep-th": 1.0}
    assert by_both(Hits(), Hits(), voters, DAY) == {}


def test_who_is_no_voter_is_passed_over() -> None:
    assert votes.votes(hits(0.9, 0.8), {2: Voter([], DAY)}, DAY, sharpness=10) == {}


@given(st.dictionaries(st.sampled_from(["cs.CL", "cs.LG", "hep-th", "math.CO"]), st.floats(0.01, 1), min_size=1))
def test_a_power_sums_to_one_and_keeps_the_order(shares: dict[str, float]) -> None:
    sharper = normalised(shares, 1.5)
    assert sum(sharper.values()) == pytest.approx(1)
    assert [name for name, _ in best_first(sharper)] == [name for name, _ in best_first(shares)]


def test_entropy_goes_from_one_sure_answer_to_three_equal_ones() -> None:
    assert entropy([1.0]) == 0
    assert entropy([0.2, 0.2, 0.2, 0.2, 0.2]) == pytest.approx(1)
    assert entropy([0.5, 0.5]) == pytest.approx(log(2) / log(3))
    assert entropy([]) == 0


def test_alternating_normalisation_as_its_formula_says() -> None:
    """Two sure answers, one unsure; worked out by hand."""
    sure = [{"a": 0.9, "b": 0.1}, {"a": 0.8, "b": 0.2}]
    found = alternately_normalised([{"a": 0.5, "b": 0.5}], sure, ["a", "a", "b", "b"], power=1, steps=1)
    a, b = 0.5 / 2.2 * 0.5, 0.5 / 0.8 * 0.5
    assert found[0] == pytest.approx({"a": a / (a + b), "b": b / (a + b)})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("On tides\nThe moon  pulls.", ("On tides", "The moon pulls.")),
        ("The moon pulls.", ("", "The moon pulls.")),
        ("a" * 301 + "\nmore", ("", "a" * 301 + " more")),
        (" \n ", ("", "")),
    ],
)
def test_a_first_line_is_a_title(text: str, expected: tuple[str, str]) -> None:
    assert parted("", text) == expected


def test_a_title_that_is_given_leaves_the_text_whole() -> None:
    assert parted("Tides", "On the moon\nIt pulls.") == ("Tides", "On the moon It pulls.")


# The classifier that ships


def test_a_classifier_learns_meaning_and_time() -> None:
    """Two fields that lie apart; one of them went by another name before 2005."""
    chance = np.random.default_rng(1)
    fields = chance.integers(2, size=3000)
    vectors = 0.05 * chance.normal(size=(3000, 16)) + 0.1 * (fields[:, None] == np.arange(16) % 2)
    days = [date(1995 + number % 28, 6, 1) for number in range(3000)]
    filed = [
        ["hep-th"] if field else [["cmp-lg", "cs.CL"][day.year >= 2005], "cs.AI"]
        for field, day in zip(fields, days, strict=True)
    ]
    head = train("a model", vectors.astype(np.float16), filed, days)
    again = Head.from_bytes(head.to_bytes())
    middle = [np.float32(0.1) * (np.arange(16) % 2 == field).astype(np.float32) for field in (0, 1)]
    for year, name in ((1999, "cmp-lg"), (2020, "cs.CL"), (2031, "cs.CL")):
        shares = again.shares(middle[0], date(year, 1, 1))
        assert best_first(shares)[0][0] == name
        assert sum(shares.values()) == pytest.approx(1)
        assert best_first(again.shares(middle[1], date(year, 1, 1)))[0][0] == "hep-th"
    assert set(again.categories) == {"cmp-lg", "cs.CL", "hep-th"}  # cs.AI is nobody's first


def test_a_classifier_needs_papers() -> None:
    with pytest.raises(ValueError, match="papers"):
        train("a model", np.zeros((0, 4)), [], [])


def test_the_classifier_is_of_one_model_and_counts_for_less_where_papers_are_many(encoder: Encoder) -> None:
    assert prior("another model") is None
    head = prior(encoder.name)
    assert head is not None
    shares = head.shares(encoder.encode(["Coral bleaching and the population dynamics of reef fish"])[0], DAY)
    assert best_first(shares)[0][0] == "q-bio.PE"
    assert votes.learned_share(0) == 1
    assert votes.learned_share(10_000) == 0.5
    assert votes.learned_share(3_000_000) == votes.LEAST_LEARNED
    few, many = (votes.blended({"cs.CL": 1.0}, {"hep-th": 1.0}, papers) for papers in (200, 90_000))
    assert few["hep-th"] > 0.9
    assert many["cs.CL"] > 0.7
    assert votes.blended({"cs.CL": 1.0}, {}, 200) == {"cs.CL": 1.0}


def test_a_site_of_few_papers_knows_categories_that_it_has_none_of(shelf_site: list[Paper]) -> None:
    assert not any("q-bio.PE" in paper.categories for paper in shelf_site)
    found = classify("Coral bleaching\nWe model the population dynamics of reef fish and predators as waters warm.")
    assert found is not None
    assert found.guesses[0].category == "q-bio.PE"


# On the shelf


def test_a_text_belongs_where_papers_like_it_are(shelf_site: list[Paper]) -> None:
    found = classify(TRANSLATION)
    assert found is not None
    assert found.guesses[0].category == "cs.CL"
    assert found.by_meaning
    assert sum(guess.confidence for guess in found.guesses) <= 1 + 1e-9
    assert "translat" in Paper.objects.get(pk=found.nearest[0]).abstract.lower()
    strings = classify("Black holes and strings\nHolography relates gravity in anti-de Sitter space to a gauge theory.")
    assert strings is not None
    assert strings.guesses[0].category == "hep-th"


def test_a_papers_own_categories_do_not_count(shelf_site: list[Paper]) -> None:
    paper = Paper.objects.get(arxiv_id="1409.0473")
    Paper.objects.filter(pk=paper.pk).update(categories=["q-fin.RM"])
    found = of_paper(Paper.objects.get(pk=paper.pk))
    assert found is not None
    assert "q-fin.RM" not in [guess.category for guess in found.guesses]
    assert paper.pk not in found.nearest
    assert found.guesses[0].category == "cs.CL"


def test_a_closed_category_takes_no_text_of_today(shelf_site: list[Paper]) -> None:
    Paper.objects.update(categories=["cmp-lg", "cs.CL"])
    found = classify(TRANSLATION)
    assert found is not None
    assert "cmp-lg" not in [guess.category for guess in found.guesses]
    assert suggesting.open_ones(["cmp-lg", "cs.CL"], date(1996, 5, 1)) == ["cmp-lg", "cs.CL"]


def test_without_the_encoder_words_decide(shelf_site: list[Paper], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suggesting, "_vector", lambda context, text: None)
    found = classify(TRANSLATION)
    assert found is not None
    assert not found.by_meaning
    assert found.guesses[0].category == "cs.CL"


def test_page_and_api_say_the_same(shelf_site: list[Paper], client: Client) -> None:
    page = page_of_post(client, TRANSLATION)
    codes = page.xpath("//ol[@class='guesses']/li/a[@class='code']/text()")
    percents = [int(text.strip().rstrip("%")) for text in page.xpath("//span[@class='sure']/text()")]
    answer = client.post("/api/v1/classify", {"text": TRANSLATION}, content_type="application/json")
    items = json.loads(answer.content)["items"]
    assert codes == [item["category"] for item in items]
    assert percents == [round(100 * item["confidence"]) for item in items]
    assert items[0]["name"] == "Computation and Language"
    assert page.xpath("//ol[@class='witnesses']/li/a")
    bars = [float(width) for width in page.xpath("//rect[@class='part']/@width")]
    assert bars == percents
    whole = client.post(
        "/api/v1/classify",
        dict(zip(("title", "text"), TRANSLATION.split("\n"), strict=True)),
        content_type="application/json",
    )
    assert json.loads(whole.content)["items"] == items


def test_a_paper_by_its_id(shelf_site: list[Paper], client: Client) -> None:
    sent = client.post(reverse("classify"), {"text": " arXiv:1409.0473v2 "})
    assert (sent.status_code, sent["Location"]) == (302, "/classify?id=1409.0473")
    page = page_of(client, "/classify?id=1409.0473")
    assert page.xpath("//ol[@class='guesses']/li/a[@class='code']/text()")[0] == "cs.CL"
    answer = json.loads(client.get("/api/v1/papers/1409.0473/classify").content)
    assert answer["items"][0]["category"] == "cs.CL"
    assert client.get("/classify?id=2401.99999").status_code == 404
    assert client.get("/classify?id=nonsense").status_code == 400


# The hint to readers


def test_a_subscription_to_a_text_is_told_where_papers_like_it_are(shelf_site: list[Paper]) -> None:
    reader = make_reader()
    keeping.subscribe(reader.visitor, keeping.read("text", TRANSLATION, 0.4))
    client = signed_in(reader)
    link = page_of(client, "/subscriptions").xpath("//p[contains(@class, 'mostly')]/a[last()]/@href")
    assert link == ["/subscriptions/new?kind=categories&text=cs.CL"]
    page = page_of(client, "/subscriptions/new?kind=text&text=" + quote(TRANSLATION))
    assert page.xpath("//p[contains(@class, 'mostly')]/a[last()]/@href") == link
    keeping.subscribe(reader.visitor, keeping.read("categories", "cs"))
    assert not page_of(client, "/subscriptions").xpath("//p[contains(@class, 'mostly')]")


@pytest.mark.django_db
def test_a_subscription_to_stars_is_told_what_they_are_filed_under() -> None:
    reader = make_reader()
    papers = [paper(f"2511.0000{number}", "hep-th" if number < 4 else "math.CO") for number in range(1, 6)]
    visitors.mark(reader.visitor, [each.pk for each in papers[:4]], "starred", True)
    assert mostly.of_subscriptions(reader.visitor, reader.visitor.subscriptions.all()) is None
    keeping.subscribe(reader.visitor, keeping.read("stars", "", 0.4))
    found = mostly.of_subscriptions(reader.visitor, reader.visitor.subscriptions.all())
    assert found == mostly.Mostly(("hep-th",), of_stars=True)


# What cannot be answered


def page_of_post(client: Client, text: str, status: int = 200) -> Any:
    """The page after a form."""
    response = client.post(reverse("classify"), {"text": text})
    assert response.status_code == status
    return html.fromstring(response.content)


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["", "  \n", "a b", "12 34 $x^2$", "\x00" * 40, "a" * (LONGEST + 1)])
def test_a_text_that_says_nothing_or_too_much_is_refused(client: Client, text: str) -> None:
    page = page_of_post(client, text, 400)
    assert page.xpath("//p[@role='alert']")
    assert page.xpath("//textarea[@aria-invalid='true']")


@pytest.mark.django_db
def test_without_an_index_the_page_says_so(engine: Engine, client: Client) -> None:
    page = page_of_post(client, TRANSLATION)
    assert "index is being made" in page.xpath("string(//p[@role='status'])")
    assert page.xpath("string(//textarea)").strip() == TRANSLATION
    answer = client.post("/api/v1/classify", {"text": TRANSLATION}, content_type="application/json")
    assert_problem(answer, 503)


@pytest.mark.django_db
def test_while_the_engine_is_away_the_text_is_kept(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise EngineError("refused")

    monkeypatch.setattr(suggesting, "in_one_index", away)
    page = page_of_post(client, TRANSLATION, 503)
    assert page.xpath("string(//textarea)").strip() == TRANSLATION
    assert_problem(client.post("/api/v1/classify", {"text": TRANSLATION}, content_type="application/json"), 503)


@pytest.mark.django_db
@pytest.mark.parametrize("body", [{}, {"text": 3}, {"text": "a" * (LONGEST + 1)}, {"text": "a", "title": "b" * 301}])
def test_a_request_of_another_shape_is_refused(client: Client, body: dict[str, Any]) -> None:
    assert_problem(client.post("/api/v1/classify", body, content_type="application/json"), 422)


@pytest.mark.django_db
def test_a_form_of_another_site_is_refused() -> None:
    assert Client(enforce_csrf_checks=True).post(reverse("classify"), {"text": TRANSLATION}).status_code == 403

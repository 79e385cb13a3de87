"""Keyphrases and query terms of papers."""

import time

import pytest

from search.frequencies import FrequencyTable, count, smoothed
from search.keyphrase_memory import Memory
from search.keywords import keyphrases, query_terms

TITLE = "Self-Attention for Sparse Point Clouds"
ABSTRACT = (
    "Point clouds from lidar are sparse. We propose a point cloud encoder with self-attention, trained as an LLM is, "
    "and compare it with GANs and a Gaussian process on 12 data sets. The encoder with self-attention needs "
    "$O(n \\log n)$ time where a graph neural network needs $O(n^2)$. Graph Neural Networks are slow."
)


def texts(title: str, abstract: str, table: FrequencyTable | None = None) -> list[str]:
    return [phrase.text for phrase in keyphrases(title, abstract, smoothed(table))]


def test_phrases_are_written_as_a_reader_expects() -> None:
    found = texts(TITLE, ABSTRACT)
    assert {"self-attention", "sparse point cloud", "graph neural network", "Gaussian process", "LLM", "GAN"} <= set(
        found
    )
    assert len(found) == 10


def test_best_first_with_weights_from_one_down() -> None:
    found = keyphrases(TITLE, ABSTRACT, smoothed(None))
    weights = [phrase.weight for phrase in found]
    assert weights[0] == 1
    assert weights == sorted(weights, reverse=True)
    assert weights[-1] > 0
    assert keyphrases(TITLE, ABSTRACT, smoothed(None), count=3) == found[:3]


def test_the_answer_is_the_same_each_time_and_after_other_papers() -> None:
    before = keyphrases(TITLE, ABSTRACT, smoothed(None))
    keyphrases("SPARSE POINT CLOUDS", "Sparse Point-Clouds and SELF-ATTENTION.", smoothed(None))
    assert keyphrases(TITLE, ABSTRACT, smoothed(None)) == before


@pytest.mark.parametrize(
    ("title", "abstract", "wanted"),
    [
        ("Random Forests", "", "random forest"),
        ("NEUTRINO OSCILLATIONS", "", "neutrino oscillation"),
        ("On Lie groups", "", "Lie group"),
        ("Born-Oppenheimer dynamics of molecules", "", "Born-Oppenheimer dynamics"),
        ("X-ray diffraction", "", "X-ray diffraction"),
        ("Screening for Parkinson's disease", "", "Parkinson's disease"),
        ("The $k$-means method", "", "k-means method"),
        ("Dwarfs around NGC 7793", "", "NGC 7793"),
        ("Large language models", "", "large language model"),
        ("Natural language and its grammar", "", "natural language"),
        ("Quantum physics of ladders", "", "quantum physics"),
        ("Vision-Language Models", "", "vision-language model"),
        ("Zorblat networks", "", "Zorblat network"),
        ("Many metrics", "", "metric"),
        ("Convergence analyses", "", "convergence analysis"),
        ("Random matrices", "", "random matrix"),
        ("Stochastic processes", "", "stochastic process"),
        ("Multi-armed bandit (MAB) policies", "", "multi-armed bandit"),
    ],
)
def test_display_form(title: str, abstract: str, wanted: str) -> None:
    assert wanted in texts(title, abstract)


def test_the_commonest_spelling_is_shown() -> None:
    found = texts("Time-series forecasts", "A time series is long. Each time series is split.")
    assert "time series" in found
    assert "time-series" not in found


@pytest.mark.parametrize(
    ("title", "abstract", "shown", "hidden"),
    [
        (
            "Large language models",
            "Large language models (LLMs) err. LLMs are large. An LLM.",
            "large language model",
            "LLM",
        ),
        ("Waves", "We use Self-Attention (SA) here. SA is slow. SA is old.", "self-attention", "SA"),
        ("Waves", "The internet of things (IoT) grows. IoT is slow.", "IoT", "thing"),
        ("Waves", "Particle swarms (GWO) are slow.", "GWO", "grey wolf"),
        ("Waves", "Attention (A) and a blank () and (((", "attention", "A"),
    ],
    ids=["plural", "hyphen", "with stop word", "not explained", "odd brackets"],
)
def test_an_acronym_gives_way_to_the_phrase_it_stands_for(title: str, abstract: str, shown: str, hidden: str) -> None:
    found = texts(title, abstract)
    assert shown in found
    assert hidden not in found


def test_a_phrase_is_worth_more_for_the_places_of_its_acronym() -> None:
    abstract = "We see a spin glass, a mean field{} and a wave front. {}"
    plain = texts("", abstract.format("", ""))
    told = texts("", abstract.format(" (MF)", "The MF is old. The MF is cold."))
    assert plain[0] == "spin glass"
    assert told[0] == "mean field"


@pytest.mark.parametrize(
    ("abstract", "wanted", "cut"),
    [
        ("They mitigate turbulence.", "turbulence", "mitigate"),
        ("It quantifies geometric characteristics.", "geometric characteristic", "quantif"),
        ("Assigning credit is old.", "credit", "assign"),
        ("Candidates move apart.", "candidate", "move"),
    ],
)
def test_no_verb_within_a_phrase(abstract: str, wanted: str, cut: str) -> None:
    found = texts("", abstract)
    assert wanted in found
    assert not [text for text in found if cut in text.lower()]


@pytest.mark.parametrize(
    ("better", "worse"),
    [("wind speed", "wind measured"), ("random seed", "random written"), ("near-infrared", "near-driven")],
)
def test_a_participle_closes_no_good_phrase(better: str, worse: str) -> None:
    found = texts("", f"A {worse}. A {better}.")
    assert found.index(better) < found.index(worse)


def test_memory_holds_no_more_than_it_may() -> None:
    made = []

    def make(key: str) -> str:
        made.append(key)
        return key.upper()

    memory = Memory(make, 2, lambda key: len(key) < 3)
    assert [memory[key] for key in ("a", "a", "long", "long")] == ["A", "A", "LONG", "LONG"]
    assert made == ["a", "long", "long"]
    assert [memory[key] for key in ("b", "c")] == ["B", "C"]
    assert len(memory) <= 2


def test_singular_and_plural_are_one_phrase() -> None:
    found = texts("Random matrices and an analysis", "A random matrix. Random matrices. Many analyses. One analysis.")
    assert sorted(found) == ["analysis", "random matrix"]


def test_a_part_of_a_better_phrase_is_left_out() -> None:
    found = texts("Gravitational lensing", "Gravitational lensing bends light.")
    assert "gravitational lensing" in found
    assert not {"gravitational", "lensing"} & set(found)


@pytest.mark.parametrize(
    ("title", "abstract"),
    [
        ("", ""),
        ("$x^2$", "$$\\int_0^1 f(x)\\,dx$$ \\[a_b\\] \\(c\\)"),
        ("42 2024", "3.14 1,000 17"),
        ("of the", "... !?"),
    ],
    ids=["empty", "only TeX", "only numbers", "only stop words"],
)
def test_text_without_words_has_no_keyphrases(title: str, abstract: str) -> None:
    assert keyphrases(title, abstract, smoothed(None)) == []
    assert query_terms(title, "", smoothed(None)) == []


def test_nothing_of_tex_numbers_or_addresses_becomes_a_phrase() -> None:
    abstract = (
        "We bound $\\mathcal{L}_{\\rm eff}$ by \\alpha_s and x_{max}, see https://example.org/dark-matter for 1024 "
        "values of the $\\ell_1$-norm; it costs $5 million and yields $6 million."
    )
    found = texts("A bound", abstract)
    assert found
    assert not [text for text in found if set(text) & set("\\${}_^/:,.;") or text.replace(" ", "").isdigit()]
    assert not [text for text in found if "mathcal" in text or "example" in text or "max" in text]


def test_phrases_neither_start_nor_end_with_a_stop_word() -> None:
    stop = {"we", "the", "of", "with", "and", "a", "is", "as", "propose", "from", "on"}
    for text in texts(TITLE, ABSTRACT):
        assert not {text.split()[0], text.split()[-1]} & stop


def test_other_scripts_give_short_terms_or_nothing() -> None:
    found = texts("机器学习", "我们提出了一种新的图神经网络训练方法以减少所需要的计算。Обучение без учителя.")
    assert "机器学习" in found
    assert max(map(len, found)) < 25


@pytest.mark.parametrize(
    "text", ["word " * 4000, "w" * 20_000, "a_" * 10_000, "$" * 20_000, "(\\" * 10_000, "$a" * 10_000]
)
def test_long_odd_text_takes_no_long_time(text: str) -> None:
    start = time.process_time()
    assert len(keyphrases(text[:300], text, smoothed(None))) <= 10
    assert len(query_terms("", text, smoothed(None))) <= 40
    assert time.process_time() - start < 30  # a guard against hanging, no measure of speed


def test_a_large_table_prefers_phrases_that_other_papers_share() -> None:
    common = {"coral": 900, "reef": 800, "ocean": 3000, "acid": 2000}
    table = FrequencyTable(50_000, common, {})
    found = texts("Coral reefs and quibblon reefs", "Ocean acidity harms quibblon reefs and coral reefs.", table)
    assert found.index("coral reef") < found.index("quibblon reef")


def test_query_terms_weigh_the_title_thrice_and_know_no_idf() -> None:
    terms = dict(query_terms("Coral reefs", "Reefs bleach. Warm oceans bleach reefs.", smoothed(None)))
    assert terms == pytest.approx({"coral": 3**0.5, "reef": 5**0.5, "bleach": 2**0.5, "warm": 1, "ocean": 1})


def test_query_terms_leave_out_what_no_other_paper_has() -> None:
    papers = [("Coral reefs", "A quibblon."), ("Reefs of coral", "Warm water."), ("Warm water", "Nothing else.")]
    table = smoothed(count(papers))
    assert {stem for stem, _ in query_terms(*papers[0], table)} == {"coral", "reef"}


def test_the_most_telling_stems_come_first_up_to_the_limit() -> None:
    terms = query_terms("A study of neutrino models", "Models of the neutrino.", smoothed(None), limit=1)
    assert [stem for stem, _ in terms] == ["neutrino"]

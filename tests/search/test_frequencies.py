"""Document frequencies: counting, the file, the prior."""

import io
import math
import pickle

import numpy as np
import pytest

from search import frequencies
from search.frequencies import FrequencyError, FrequencyTable, build_prior, count, prior, smoothed
from search.keyphrase_candidates import phrase_keys

TEXTS = [
    ("Tidal heating of small moons", "Moons are heated by tides. A moon stays warm."),
    ("A small moon of Saturn", "We watch one moon with a spectrograph."),
    ("Rings and moons", "Rings lose ice to a moon."),
]


def phrase_key(phrase: str) -> str:
    """The key of the whole phrase, the longest of its keys."""
    return max(phrase_keys(phrase), key=len)


def test_counts_papers_not_occurrences_and_forgets_what_one_paper_has() -> None:
    table = count(iter(TEXTS))
    assert table.papers == 3
    assert table.stems["moon"] == 3
    assert table.stems["small"] == 2
    assert "spectrograph" not in table.stems
    assert "the" not in table.stems


def test_phrases_of_titles_merge_singular_and_plural() -> None:
    table = count(TEXTS)
    assert table.phrases == {phrase_key("small moons"): 2, "moon": 3, "small": 2}


def test_counting_forgets_rare_terms_while_it_runs_but_no_frequent_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frequencies, "_HELD", 50)
    texts = [(f"Comet number{i}", f"a comet with dust{i} and tail{i}") for i in range(200)]
    table = count(texts)
    assert table.stems == {"comet": 200}
    assert table.papers == 200


def test_the_most_frequent_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frequencies, "MOST_STEMS", 1)
    assert count(TEXTS).stems == {"moon": 3}


def test_bytes_bring_the_table_back_and_do_not_depend_on_order() -> None:
    table = FrequencyTable(7, {"moon": 3, "größe": 2}, {"small moon": 2}, frozenset({"saturn", "io"}))
    other = FrequencyTable(7, {"größe": 2, "moon": 3}, {"small moon": 2}, frozenset({"io", "saturn"}))
    assert table.to_bytes() == other.to_bytes()
    back = FrequencyTable.from_bytes(table.to_bytes())
    assert (back.papers, back.stems, back.phrases, back.names) == (
        7,
        table.stems,
        table.phrases,
        table.names,
    )


def test_an_empty_table_goes_through_bytes() -> None:
    back = FrequencyTable.from_bytes(count([]).to_bytes())
    assert (back.papers, dict(back.stems), dict(back.phrases)) == (0, {}, {})


def _npz(header: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.savez(out, header=header)
    return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no table at all",
        pickle.dumps({"papers": 1}),
        count(TEXTS).to_bytes()[:-40],
        _npz(np.frombuffer(b"{}", dtype=np.uint8)),
        _npz(np.frombuffer(b'{"format": 1, "papers": 2}', dtype=np.uint8)),
        _npz(np.array([{"format": 1}], dtype=object)),
    ],
    ids=["empty", "text", "pickle", "cut short", "no format", "no counts", "pickled array"],
)
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(FrequencyError, match="not a frequency table"):
        FrequencyTable.from_bytes(data)


def test_idf_falls_with_frequency_and_is_zero_for_a_word_of_every_paper() -> None:
    table = FrequencyTable(99, {"everywhere": 99, "often": 50, "seldom": 2}, {})
    assert table.idf("everywhere") == 0
    assert table.idf("never") > table.idf("seldom") > table.idf("often") > 0
    assert table.idf("often") == pytest.approx(math.log(100 / 51))


def test_the_prior_ships_and_is_small() -> None:
    table = prior()
    assert frequencies.PRIOR.stat().st_size < 1_000_000
    assert table.papers > 300_000
    assert table.idf("model") < table.idf("transform") < table.idf("neutrino")
    assert table.phrase_df(phrase_key("neural networks")) > table.phrase_df(phrase_key("cellular automaton")) > 0
    assert table.is_name("gaussian")
    assert not table.is_name("network")


def test_the_prior_leads_on_a_small_site_and_its_own_papers_on_a_large_one() -> None:
    none, few = smoothed(None), smoothed(FrequencyTable(200, {"model": 2, "glacier": 150}, {}))
    many = smoothed(FrequencyTable(1_000_000, {"model": 10_000, "glacier": 750_000}, {}))
    assert none.idf("model") == pytest.approx(prior().idf("model"), abs=0.01)
    assert few.idf("model") < few.idf("glacier")
    assert many.idf("glacier") < many.idf("model")
    assert smoothed(None) is smoothed(None)


def test_a_term_finds_others_where_two_papers_have_it_or_nothing_is_counted_yet() -> None:
    table = smoothed(count(TEXTS))
    assert table.finds_others("moon")
    assert not table.finds_others("spectrograph")
    assert smoothed(None).finds_others("spectrograph")


def test_names_are_words_with_a_capital_inside_sentences() -> None:
    records = [(f"Title {i}", "The Laplace operator and one operator more. Operator again.") for i in range(30)]
    table = FrequencyTable.from_bytes(build_prior(records))
    assert table.names == {"laplace"}
    assert table.papers == 30

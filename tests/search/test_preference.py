"""The order by a reader's words, on the sample shelf with the real encoder."""

import pytest

from papers.models import Paper
from search.encoder import Encoder
from search.preference import MOST_PHRASES, preference


def best(shelf_site: list[Paper], words: str, count: int = 3) -> list[str]:
    weight = preference([paper.pk for paper in shelf_site], words)
    return [paper.title for paper in sorted(shelf_site, key=lambda paper: -weight.get(paper.pk, 0))[:count]]


def test_papers_near_to_the_words_come_first(shelf_site: list[Paper]) -> None:
    assert any("ttention" in title for title in best(shelf_site, "transformer attention", 3))
    assert any("Donaldson" in title for title in best(shelf_site, "heterotic string theory, fivebranes", 5))


def test_meaning_counts_where_no_word_is_shared(shelf_site: list[Paper]) -> None:
    weight = preference([paper.pk for paper in shelf_site], "rendering computers that translate between tongues")
    titles = sorted(shelf_site, key=lambda paper: -weight.get(paper.pk, 0))[:8]
    assert any("ranslat" in paper.title or "Sequence" in paper.title for paper in titles)


def test_the_nearest_phrase_counts(shelf_site: list[Paper]) -> None:
    ids = [paper.pk for paper in shelf_site]
    one, other = preference(ids, "black holes"), preference(ids, "image recognition")
    both = preference(ids, "black holes; image recognition，black holes")
    assert both == pytest.approx({pk: max(one.get(pk, 0), other.get(pk, 0)) for pk in {*one, *other}}, abs=1e-6)


def test_words_alone_count_while_the_encoder_loads(
    shelf_site: list[Paper], encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder, "loading", True)
    weight = preference([paper.pk for paper in shelf_site], "attention")
    assert weight
    assert all("ttention" in paper.title + " ".join(paper.keywords) for paper in shelf_site if paper.pk in weight)


@pytest.mark.parametrize("words", ["", " , ;", "\n"])
def test_no_words_prefer_nothing(shelf_site: list[Paper], words: str) -> None:
    assert preference([shelf_site[0].pk], words) == {}
    assert preference([], "tides") == {}


@pytest.mark.parametrize("words", ["的 的", "$x^2$ \\alpha", "<b>", "the of and", ",".join(map(str, range(900)))])
def test_any_words_are_taken(shelf_site: list[Paper], words: str) -> None:
    weight = preference([paper.pk for paper in shelf_site[:20]], words)
    assert all(0 < value <= 1.001 for value in weight.values())


def test_phrases_are_bounded(shelf_site: list[Paper]) -> None:
    ids = [paper.pk for paper in shelf_site]
    filler = ", ".join(f"zzqx{number}" for number in range(MOST_PHRASES))
    assert preference(ids, f"{filler}, attention") == preference(ids, filler)

"""Marks around the words of a query."""

import html
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papers.maths import to_html
from search.highlight import highlight, wanted
from search.query import parse

M = '<math alttext="m"><mi>m</mi></math>'


@pytest.mark.parametrize(
    ("text", "words", "marked"),
    [
        ("Rewarding models", ["reward", "model"], "<mark>Rewarding</mark> <mark>models</mark>"),
        ("A theory of the tide", ["the", "tide"], "A theory of the <mark>tide</mark>"),
        ("A theory of the tide", ["the", "of"], "A theory <mark>of</mark> <mark>the</mark> tide"),
        ("Schrödinger's SCHRODINGER", ["schrödinger"], "<mark>Schrödinger</mark>&#x27;s <mark>SCHRODINGER</mark>"),
        ("reward of a reward model", ["reward model"], "reward of a <mark>reward model</mark>"),
        ("reward-model, reward models", ["reward model"], "<mark>reward-model</mark>, reward models"),
        ("state of the art", ["state of the art", "art"], "<mark>state of the art</mark>"),
        (
            "art of the state of the art",
            ["of the art", "of the"],
            "art <mark>of the</mark> state <mark>of the art</mark>",
        ),
        ("a<b & b>a", ["b"], "a&lt;<mark>b</mark> &amp; <mark>b</mark>&gt;a"),
        ("lt amp &lt;", ["lt"], "<mark>lt</mark> amp &amp;<mark>lt</mark>;"),
        ("mass $m$ mass", ["mass", "m"], f"<mark>mass</mark> {M} <mark>mass</mark>"),
        ("$$m$$ m", ["m"], f"{M} <mark>m</mark>"),
        (r"\(m\) \[m\] m", ["m"], rf"{M} {M} <mark>m</mark>"),
        ("$m$th mass", ["mass"], f'<span class="tex-tie">{M}t</span>h <mark>mass</mark>'),
        ("($m$)mass", ["mass"], f'<span class="tex-tie">({M})</span><mark>mass</mark>'),
        ("mass$m$mass", ["mass"], f"<mark>mass</mark>{M}<mark>mass</mark>"),
        ("$5 to $10 mass", ["mass"], "$5 to $10 <mark>mass</mark>"),
        (r"mass for \$5, mass for \$6", ["mass"], r"<mark>mass</mark> for \$5, <mark>mass</mark> for \$6"),
        ("mass $ mass", ["mass"], "<mark>mass</mark> $ <mark>mass</mark>"),
        ("graph $m$ neural net", ["graph neural"], f"graph {M} neural net"),
        ("gpt-4 GPT 4", ["gpt-4"], "<mark>gpt-4</mark> <mark>GPT 4</mark>"),
        ("snake_case", ["case"], "snake_<mark>case</mark>"),
        ("词 模型", ["模型"], "词 <mark>模型</mark>"),
        ("nothing here", [], "nothing here"),
        ("nothing here", ["", "-", "$"], "nothing here"),
        ("", ["tide"], ""),
    ],
)
def test_marks(text: str, words: list[str], marked: str) -> None:
    assert highlight(text, words) == marked


@given(
    st.text(alphabet="ab $<>&\"'\\()[]é-", max_size=60), st.lists(st.text(alphabet="ab $<-é", max_size=5), max_size=4)
)
def test_only_marks_are_added(text: str, words: list[str]) -> None:
    marked = highlight(text, words)
    assert re.findall(r"</?mark>", marked) == ["<mark>", "</mark>"] * (marked.count("<mark>"))
    # What ties a sign to a formula may differ: a marked word is not torn.
    assert re.sub("</?mark>|</?span[^>]*>", "", marked) == re.sub("</?span[^>]*>", "", to_html(text))
    for found in re.findall(r"<mark>(.*?)</mark>", marked):
        assert html.unescape(found) in text


@pytest.mark.parametrize("unit", ["tide ", "$", r"\(", "$a", r"\( $ tide ", "a a ", "<"])
def test_a_hostile_text_does_not_hang(unit: str) -> None:
    start = time.process_time()
    highlight(unit * 200_000, ["tide", "a a a a b"])
    # No measure of speed: work that grows with the square would take many minutes.
    assert time.process_time() - start < 30


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ('tide "spring tide" -moon', ("tide", "spring tide")),
        ("title:tide abs:(a OR b) au:moon cat:cs.CL date:2024", ("tide", "a", "b")),
        ("-title:tide", ()),
        ("(a OR -b) c", ("a", "c")),
    ],
)
def test_what_is_wanted(query: str, words: tuple[str, ...]) -> None:
    assert wanted(parse(query).tree) == words


def test_nothing_is_wanted_of_nothing() -> None:
    assert wanted(None) == ()

"""Formulas as plain text for mails."""

import json
import lzma
from itertools import islice

import pytest

from papers.formulas import formulas
from papers.tex import to_text
from tests import SHARED
from workers.digests.plain_maths import plain


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"$x^2$", "x²"),
        (r"$a_{ij}$", "aᵢⱼ"),
        (r"$x^{ab}_q$", "x_qᵃᵇ"),
        (r"$x^{\Omega Z}$", "x^(ΩZ)"),
        (r"$K_{AF}$", "K_(AF)"),
        (r"$F_\sigma$", "F_σ"),
        (r"$f'(x)$", "f′(x)"),
        (r"$10^{-6}$", "10⁻⁶"),
        (r"$\frac{1}{2}$", "1/2"),
        (r"$\frac{a+b}{c}$", "(a + b)/c"),
        (r"$\sqrt{x}+\sqrt{a+b}+\sqrt[3]{y}+\sqrt[n]{z}$", "√x + √(a + b) + ∛y + ⁿ√z"),
        (r"$\alpha\leq\beta$", "α ≤ β"),
        (r"$\mathbb{R}^d$", "ℝᵈ"),
        (r"$\mathcal{O}(n\log n)$", "𝒪(n log n)"),
        (r"$\sin^2\theta_{13}$", "sin² θ₁₃"),
        (r"$\hat{x}+\bar{y}$", "x̂ + ȳ"),
        (r"$\widehat{\cal O}_X$", "𝒪̂_X"),
        (r"$\overline{AB}$", "A̅B̅"),
        (r"$-1$", "−1"),
        (r"$16\times$", "16×"),
        (r"$\sim 1\%$", "∼ 1%"),
        (r"$90^\circ$", "90°"),
        (r"$\sum_{i=1}^{n} x_i$", "∑ᵢ₌₁ⁿxᵢ"),
        (r"$\binom{n}{k}$", "(n k)"),
        (r"$\text{if } x$", "if x"),
        (r"$a:=b$", "a := b"),
        (r"$\begin{pmatrix}a&b\\c&d\end{pmatrix}$", "(a b; c d)"),
        (r"costs $5 and $10, not $x$ & <b>", "costs $5 and $10, not x & <b>"),
        (r"\(x\) and \[y\]", "x and y"),
        ("no formula", "no formula"),
    ],
)
def test_formulas_become_text(tex: str, text: str) -> None:
    assert plain(tex) == text


@pytest.mark.parametrize(
    "tex",
    [
        r"$\href{javascript:alert(1)}{x}$",
        r"$\unknowncommand{x}^{\other}$",
        "$" + "{" * 300 + "}" * 300 + "$",
        "$" + r"\frac{" * 200 + "$",
        r"$\left(\begin{x}$",
        r"$\def\x{\x\x}\x$",
        "$$$$",
        r"$^$",
        r"$}{$",
        r"$\ud$ \x $",
        "$\x00<&>$",
    ],
)
def test_what_cannot_be_rendered_is_text_without_backslashes_all_the_same(tex: str) -> None:
    found = [plain(tex[formula.start : formula.end]) for formula in formulas(tex)]
    assert all("\\" not in text for text in found)
    assert plain(tex) is not None


def test_no_command_is_left_in_formulas_of_real_papers() -> None:
    path = SHARED / "arxiv-364k.jsonl.xz"
    if not path.exists():
        pytest.skip("no shared data")
    count = 0
    left = []
    with lzma.open(path, "rt") as lines:
        for line in islice(lines, 0, 30_000, 15):
            record = json.loads(line)
            for text in (to_text(record["title"]), to_text(record["abstract"])):
                for formula in formulas(text):
                    count += 1
                    source = text[formula.start : formula.end]
                    if "\\" in plain(source):
                        left.append(source)
    assert count > 2_000
    assert left == []

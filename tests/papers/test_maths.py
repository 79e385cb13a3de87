"""Formulas of titles and abstracts as MathML."""

import html
import re
import subprocess
import sys
import time
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from papers.formulas import formulas
from papers.maths import LONGEST, MOST, to_html
from papers.tex import to_text

ELEMENTS = set(
    "math mrow mi mn mo mtext mspace msub msup msubsup munder mover munderover mfrac msqrt mroot mphantom"
    " mtable mtr mtd span code wbr".split()
)
ATTRIBUTES = set(
    "alttext class tabindex mathvariant form lspace rspace minsize maxsize movablelimits stretchy symmetric width"
    " accent accentunder linethickness displaystyle scriptlevel".split()
)
HOSTILE = [
    r"$</math><script>alert(1)</script>$",
    r"$\href{javascript:alert(1)}{x}$",
    r"$\style{color:red}{x}$ $\class{a}{x}$ $\cssId{a}{x}$ $\htmlData{a=b}{x}$",
    r"$\text{<img src=x onerror=alert(1)>}$",
    r"$\mbox{</mtext></math><svg onload=alert(1)>}$",
    r"$\unicode{x3c}script\unicode{x3e}$ $\char`\<$ $\char60$",
    r"$\color{red;background:url(//x)}{x}$ $\textcolor{red}{x}$ $\colorbox{red}{x}$",
    r"$\includegraphics{http://x/y.png}$ $\url{javascript:1}$ $\require{html}$",
    r'$"onmouseover="alert(1)$ $x\text{" onclick="alert(1)}$',
    r"$\label{a}\tag{<b>}\ref{a}\begin{align}x&=1\tag{<i>}\end{align}$",
    r"$\def\x{<script>}\x$ $\newcommand{\y}{\y\y}\y$ $\let\a\b$",
    r"$\hspace{99999em}\kern-9999em\raisebox{999em}{x}\rule{9em}{9em}$",
    "$\0\x1b\u202e<\ufeff$",
    "<math href='javascript:1'><mi>x</mi></math> $x$ <!-- $y$ --> &lt;",
    r"$\verb|<b>|\begin{comment}<script>\end{comment}$",
    "$x\u2028]]><!DOCTYPE a [<!ENTITY b 'c'>]>&b;$",
]


class Tags(HTMLParser):
    """Elements and attributes of a piece of HTML, and its text; every end must fit its beginning."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag != "wbr":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def handle_comment(self, data):
        raise AssertionError(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def check(text: str) -> str:
    """Render and look at every element and attribute."""
    out = to_html(text)
    for tag, attributes in Tags(out).found:
        assert tag in ELEMENTS, tag
        assert set(attributes) <= ATTRIBUTES, attributes
        for name in ("width", "lspace", "rspace", "minsize", "maxsize"):
            assert re.fullmatch(r"-?[0-3]?(\.\d+)?(em)?", attributes.get(name) or "")
        assert (attributes.get("class") or "tex").startswith("tex")
    return out


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("a < b & c", "a &lt; b &amp; c"),
        ("$x$", '<math alttext="x"><mi>x</mi></math>'),
        ("$$x$$", '<math alttext="x"><mi>x</mi></math>'),
        (r"\(x\) and \[x\]", '<math alttext="x"><mi>x</mi></math> and <math alttext="x"><mi>x</mi></math>'),
        ("$x_1^2$", '<math alttext="x_1^2"><msubsup><mi>x</mi><mn>1</mn><mn>2</mn></msubsup></math>'),
        ("$a<b$", '<math alttext="a&lt;b"><mi>a</mi><mo>&lt;</mo><mi>b</mi></math>'),
        (r"$\RR$", r'<math alttext="\RR"><mi>ℝ</mi></math>'),
        (r"$S\sp{1}$", None),
        (r"$\mbox{on } E$", None),
        ("$ $", '<code class="tex">$ $</code>'),
        (r"$x^2^3$", '<code class="tex">$x^2^3$</code>'),
        (r"$\href{a:b}{x}$", r'<code class="tex">$\href{a:b}{x}$</code>'),
        ("costs $5 and $10", "costs $5 and $10"),
        ("no end $x", "no end $x"),
    ],
)
def test_a_text_as_html(text: str, out: str | None) -> None:
    made = check(text)
    if out is None:
        assert "<math" in made
        assert "<code" not in made
    else:
        assert made == out


def test_a_private_command_is_shown_by_its_name_and_kept_in_the_alttext() -> None:
    assert to_html(r"$\Diff$") == r'<math alttext="\Diff"><mi>Diff</mi></math>'
    assert to_html(r"$\gm$") == r'<math alttext="\gm"><mi>\gm</mi></math>'


def test_a_formula_keeps_the_sign_that_touches_it() -> None:
    maths = '<math alttext="n"><mi>n</mi></math>'
    assert to_html("an $n$-cube ($n$), $n$.") == (
        f'an <span class="tex-tie">{maths}-</span>cube <span class="tex-tie">({maths})</span>,'
        f' <span class="tex-tie">{maths}.</span>'
    )
    assert to_html('$n$"&$n$') == f'<span class="tex-tie">{maths}&quot;</span><span class="tex-tie">&amp;{maths}</span>'


def test_a_long_formula_is_parted_and_a_wide_part_scrolls() -> None:
    parted = check("$" + "+".join("abcdefghijklmnopqrstuvwxyz") + "$.")
    assert parted.count("<wbr>") >= 2
    assert parted.count("alttext") == 1
    assert 'tabindex="0"' not in parted
    wide = check(r"$\left(" + "+".join("abcdefghijklmnopqrstuvwxyz") + r"\right)$")
    assert wide.startswith('<span class="tex-wide" tabindex="0"><math')


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("$a$$b$", ["a", "b"]),
        (r"$a\$b$ \$5", [r"a\$b"]),
        (r"\\(x\\)", []),
        ("$5 to $10 and $x$", ["x"]),
        ("$20-$50 a month", []),
        ("$1.33M) and Mistral ($0.70M)", []),
        ("raised $2 billion, others more than $500 million, for $n$ firms", ["n"]),
        ("spin-$1/2$, $3/2$ and $2$", ["1/2", "3/2", "2"]),
        ("$25 uK$ and $10$%", ["25 uK", "10"]),
        (r"$x \text{ is in one of the sets}$", [r"x \text{ is in one of the sets}"]),
        ("x$ -space, then a bounded linear operator $T$ is", ["T"]),
        ("$$x$$ $", ["x"]),
    ],
)
def test_formulas_are_told_from_money_and_slips(text: str, found: list[str]) -> None:
    assert [formula.tex for formula in formulas(text)] == found


@pytest.mark.parametrize("text", HOSTILE)
def test_injected_markup_is_inert(text: str) -> None:
    assert "javascript" not in re.sub(r'alttext="[^"]*"|<code.*?</code>', "", check(text)) or "<math href" in text


@given(st.text(alphabet=st.sampled_from("$$$\\{}^_()[]<>&\"'#% =xa1\0\u202e中"), max_size=80))
@example("$\\text{$")
@example("$\\begin{matrix}&\\\\\\end{matrix}$")
def test_nothing_but_harmless_maths_comes_out_and_no_prose_is_lost(text: str) -> None:
    out = check(text)
    bare = re.sub(r"<math.*?</math>|<code.*?</code>", "\0", out)
    prose, at = [], 0
    for formula in formulas(text):
        prose.append(text[at : formula.start])
        at = formula.end
    prose.append(text[at:])
    assert html.unescape(re.sub(r"<[^>]*>", "", bare)).replace("\0", "") == "".join(prose).replace("\0", "")


COMMANDS = (
    r"\frac \sqrt \left \right \begin{matrix} \end{matrix} \text \mathrm \hat \over \sum \big \foo \norm \cr".split()
)


@given(st.lists(st.sampled_from([*COMMANDS, *"{}^_()[]&x1+.|", r"\{", r"\}", r"\\", " "]), max_size=40))
def test_any_row_of_commands_is_rendered_or_shown_as_it_is_written(parts: list[str]) -> None:
    tex = " ".join(parts)
    out = check(f"${tex}$")
    if out.startswith("<code"):
        assert html.unescape(re.sub("<[^>]*>", "", out)) == f"${tex}$"


DEEP = [
    "{", "{}", "(", "[", "[(", "({}", "((x", "x^{", "x_{", "^", "_", "'", r"\left(", r"\sqrt", r"\sqrt[", r"\frac",
    r"\frac1", r"\hat", r"\begin{matrix}", r"\mathrm{", r"\text{", r"\overset{", r"\binom1", "¬", "⟨", r"\{", r"\sin",
    "&", r"\\", r"\def\a{", r"\norm{", "$", "$$", r"\(", r"\[", "$x$", "a$b ", "x", "$a b c d$", "$$x ",
]  # fmt: skip


def test_no_depth_ends_the_process_and_no_text_takes_long() -> None:
    # In a process of its own, on a small stack: a stack that ends cannot be caught.
    program = f"""
import threading
from papers.maths import to_html
def work():
    for unit in {DEEP!r}:
        many = ("$" + (unit * 90)[:90] + "$ ") * 200
        for text in ("$" + unit * 20_000 + "$", "$" + (unit * 600)[:590] + "$", unit * 5_000, many):
            to_html(text[:20_000])
threading.stack_size(256 * 1024)
thread = threading.Thread(target=work)
thread.start()
thread.join()
print("alive")
"""
    start = time.process_time()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout.strip() == "alive", (done.returncode, done.stderr)
    assert time.process_time() - start < 60


def test_there_are_bounds() -> None:
    assert to_html("$x$ " * (MOST + 5)).count("<code") == 5
    assert to_html("$" + "x" * LONGEST + "$").startswith("<code")
    assert len(to_html("$" + "|" * 98 + "$ $") * 200) < 2_000_000


def test_what_to_text_passes_over_is_what_is_rendered() -> None:
    text = to_text(r"Schr\"odinger's $\alpha$ and {\it the} \(b\), $c$$d$")
    assert [formula.tex for formula in formulas(text)] == [r"\alpha", "b", "c", "d"]

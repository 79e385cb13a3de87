import json
import lzma
import time
import unicodedata
from itertools import islice

import pytest

from papers.tex import collapse, fold, to_text


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"Schr\"odinger, Schr\"{o}dinger, Schr{\"o}dinger", "Schrödinger, Schrödinger, Schrödinger"),
        (r"Fra\"\i ss\'e", "Fraïssé"),
        (r"Mart\'{\i}nez Mart{\'\i}n Gr{\'{\i}}m", "Martínez Martín Grím"),
        (r"\v{C}ech, Besan\c con, Fran\c{c}ois", "Čech, Besançon, François"),
        (r"Erd\H{o}s, Szeg\H o kernels", "Erdős, Szegő kernels"),
        (r"Ni\~no, Ni\~{n}o", "Niño, Niño"),
        (r"\aa ngstr\"om, 5 \AA in air, 5 {\AA}", "ångström, 5 Å in air, 5 Å"),
        (r"St\o rmer, S{\o}ren, \O ystein", "Størmer, Søren, Øystein"),
        (r"Gro\ss e Stra{\ss}e", "Große Straße"),
        (r"\L ukasz, Pe\l czy\'nski, {\L}\'od\'z", "Łukasz, Pełczyński, Łódź"),
        (r"\ae on, Ph{\oe}nix", "æon, Phœnix"),
        (r"R\r{u}\v zi\v cka, W\k{a}s, Kre\u\i n", "Růžička, Wąs, Kreĭn"),
        (r"\.zycie, J\=anis, \^\i le, K\i l\i\c c", "życie, Jānis, île, Kılıç"),
        (r"V\~{\^e}, V\'{\^{e}}", "Vễ, Vế"),
        (r"45{\deg} at 3 {\mu}m, \b{eta}-sheet", "45° at 3 μm, β-sheet"),
    ],
)
def test_accents_and_letters(tex, text):
    assert to_text(tex) == text


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"\emph{x} \textit{y} \textbf{z} \texttt{w} \text{v} \mathrm{u}", "x y z w v u"),
        (r"{\it x y} {\em z} {\rm SU}(2) {\bf\it b}", "x y z SU(2) b"),
        (r"\emph{a {b} \textbf{c $\emph{d}$}}", r"a {b} c $\emph{d}$"),
        ("``quoted'' and 10''", "“quoted” and 10''"),
        ('``half quoted" and "plain"', '“half quoted” and "plain"'),
        ("four--dimensional --- so", "four–dimensional — so"),
        ("H- --> e- ---- and <--", "H- --> e- ---- and <--"),
        ("Fig.~1 of Doe~et~al.", "Fig. 1 of Doe et al."),
        ("about ~10 (~20)", "about ~10 (~20)"),
        (r"5\% \& a\_b \# \$5 \{x\}", "5% & a_b # $5 {x}"),
        (r"20\ \% of 3\,km, dimen\-sional", "20 % of 3 km, dimensional"),
        (r"\href{http://a.b/~c--d}{here $x$}", "here $x$ (http://a.b/~c--d)"),
        (r"\url{http://a.b/~c_d} http://a.b/~c--d www.a.b/~c", "http://a.b/~c_d http://a.b/~c--d www.a.b/~c"),
        (r"\textcolor{red}{x} in \LaTeX{} and \TeX", "x in LaTeX and TeX"),
    ],
)
def test_markup(tex, text):
    assert to_text(tex) == text


@pytest.mark.parametrize(
    "tex",
    [
        r"$\"o \alpha_s \emph{x}$",
        r"$$\'e -- x~y$$",
        r"\(\"o\) and \[\c c\]",
        r"$a\$b -- ``c''$",
        r"$a$$b$",
        "$a\u0308$",
        r"\cite{a_b} \ref{x} \unknown{y} \alpha",
        "{BERT}: a {b} c } d {",
        r"\textbf{never closed",
        r"\'{} \c \"",
        "plain text, 3 < 4 & 5",
        "\\",
        "$",
        "$$",
        "$$$",
        "",
    ],
)
def test_mathematics_and_what_is_unknown_come_back_unchanged(tex):
    assert to_text(tex) == tex


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"it costs $5 for K\"ahler", "it costs $5 for Kähler"),
        (r"\$5 for K\"ahler, $x$ for \'etale", "$5 for Kähler, $x$ for étale"),
        (r"\(x K\"ahler", r"\(x Kähler"),
        (r"$$x$ K\"ahler", r"$$x$ Kähler"),
        ("nul \0 $\0$ \\\0 \\'e", "nul \0 $\0$ \\\0 é"),
        ("a\u0308 $a\u0308$", "ä $a\u0308$"),
    ],
)
def test_mathematics_without_its_end_is_text(tex, text):
    assert to_text(tex) == text


@pytest.mark.parametrize(
    "piece",
    [
        "{",
        "\\",
        "$",
        "}",
        "`",
        "~",
        "- ",
        "\\(",
        "\\[",
        "\\(\\",
        "$\\",
        "$$a",
        "\\c ",
        "\\b{",
        "\\emph{",
        "{\\it ",
        '\\"{',
        '{\\"',
        "\\href{",
        "\\href{x}{",
        "\\textcolor{",
        "http://",
        "\0",
    ],
)
def test_hostile_text_takes_linear_time(piece):
    text = "\\" + piece * (100_000 // len(piece))
    start = time.process_time()
    collapse(to_text(text))
    assert time.process_time() - start < 30  # a guard against hanging, no measure of speed


def test_real_mathematics_survives(shared_data):
    with lzma.open(shared_data / "arxiv-364k.jsonl.xz", "rt", encoding="utf-8") as lines:
        abstracts = [json.loads(line)["abstract"] for line in islice(lines, 5_000)]
    checked = 0
    for abstract in abstracts:
        spans = abstract.split("$")
        text = to_text(abstract)
        if len(spans) % 2 == 1 and "\\$" not in abstract and "$$" not in abstract:
            assert text.split("$")[1::2] == spans[1::2]
            checked += len(spans) // 2
        assert "\0" not in text
    assert checked > 1_000


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("  a \n\n b\tc\u00a0d\u2003e ", "a b c d e"),
        ("a\x00b\x1bc\x7fd", "abcd"),
        ("a\u200bb\u202ec\ufeff", "abc"),
        ("a\ud800b", "a\ufffdb"),
        ("e\u0301", "é"),
        ("一\u3000二", "一 二"),
        ("🙂\u200d🙂", "🙂\u200d🙂"),
        (" \n", ""),
    ],
)
def test_collapse(text, clean):
    assert collapse(text) == clean
    assert collapse(clean) == clean


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Schrödinger", "schrodinger"),
        ("Straße GROẞ", "strasse gross"),
        ("Øystein Łukasz Æsir Đorđe", "oystein lukasz aesir dorde"),
        ("İnönü Kılıç", "inonu kilic"),
        ("Nguyễn", "nguyen"),
        ("Ωmega Άλφα", "ωmega αλφα"),
        ("O’Brien", "o'brien"),
        ("한국어 中文", "한국어 中文"),
        ("PLAIN", "plain"),
    ],
)
def test_fold(name, folded):
    assert fold(name) == folded
    assert fold(folded) == folded
    assert unicodedata.is_normalized("NFC", fold(name))

"""How faithfully and how fast formulas of real abstracts become MathML, by which renderer.

KaTeX is a reference only: it is measured where there is `node` and MATHS_NODE_MODULES names a folder that has it
(made by `npm install katex` outside of the checkout).
"""

import json
import lzma
import os
import re
import shutil
import subprocess
import time
import unicodedata
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree

from benchmarks import SHARED
from benchmarks.quality.bench import Bench
from benchmarks.quality.markdown import head, row

ABSTRACTS = 2_000
CARDS = 25

_NODE = """
const katex = require("katex"), fs = require("fs"), spans = JSON.parse(fs.readFileSync(0)), out = [];
const begin = process.hrtime.bigint();
for (const tex of spans) {
  try { out.push(katex.renderToString(tex, {throwOnError: true, strict: "ignore", output: "mathml"})); }
  catch { out.push(null); }
}
fs.writeSync(1, JSON.stringify({out, ms: Number(process.hrtime.bigint() - begin) / 1e6}));
"""


@dataclass(frozen=True)
class Rendered:
    """What a renderer made: MathML, or None where it refused; whether it left a command unknown; seconds."""

    name: str
    markup: list[str | None]
    unknown: list[bool]
    seconds: float


def section(bench: Bench) -> Iterator[str]:
    """Renderers against each other, what our own rules add, and what a page costs."""
    texts = read()
    spans = [tex for text in texts for tex in formulas_of(text)]
    yield ""
    yield (
        f"The first {len(texts):,} abstracts with `$` among the real papers have {len(spans):,} formulas, by "
        "`papers.formulas`. Formulas without unknown commands parse and have every command known. Agreement is that of "
        "the signs in their order with KaTeX's (the ratio of matching signs, Unicode's alphabets folded to plain "
        "letters), on the formulas that KaTeX takes."
    )
    reference, reason = _katex(spans)
    columns = ["parse", "without unknown commands", "all signs as KaTeX", "mean agreement", "µs each", "bytes each"]
    yield from head("renderer", columns)
    for rendered in [*_candidates(spans), *([reference] if reference else [])]:
        yield _row(rendered, reference)
    if reason:
        yield f"\nKaTeX is left out: {reason}."
    yield ""
    yield from _rules(spans)
    yield from _pages(texts)


def read() -> list[str]:
    """The abstracts as the site shows them."""
    from papers.records import from_json
    from papers.tex import to_text

    texts: list[str] = []
    with lzma.open(SHARED / "arxiv-364k.jsonl.xz", "rt") as file:
        for line in file:
            if "$" in line and "$" in (abstract := from_json(json.loads(line)).abstract):
                texts.append(to_text(abstract))
                if len(texts) == ABSTRACTS:
                    break
    return texts


def formulas_of(text: str) -> list[str]:
    """The TeX of each formula."""
    from papers.formulas import formulas

    return [formula.tex for formula in formulas(text)]


def _candidates(spans: Sequence[str]) -> Iterator[Rendered]:
    from latex2mathml.converter import convert
    from math_core import LatexToMathML

    from papers import maths

    plain = LatexToMathML(fancy_error=False, allow_unreliable_rendering=True, ignore_unknown_commands=True)
    yield _measured(f"latex2mathml {version('latex2mathml')}", spans, convert, re.compile(r"<m\w+[^>]*>\\[A-Za-z]"))
    unknown = re.compile("math-core-unknown")
    yield _measured(
        f"math-core {version('math-core')}",
        spans,
        lambda tex: plain.convert_with_local_state(tex, displaystyle=False),
        unknown,
    )

    def ours(tex: str) -> str:
        made = maths._formula.__wrapped__(tex, False)
        if made is None:
            raise ValueError(tex)
        return str(made)

    rendered = _measured("**math-core with our rules, written anew**", spans, ours, re.compile("(?!)"))
    left = [_has_unknown(tex) for tex in spans]
    yield Rendered(rendered.name, rendered.markup, left, rendered.seconds)


def _has_unknown(tex: str) -> bool:
    """Whether the renderer, with our macros, leaves a command of `tex` to be shown by its name."""
    from papers import maths
    from papers.maths_macros import normalise

    try:
        return "math-core-unknown" in maths._RENDERER.convert_with_local_state(normalise(tex), displaystyle=False)
    except Exception:
        return False


def _measured(name: str, spans: Sequence[str], render: Callable[[str], str], unknown: re.Pattern[str]) -> Rendered:
    markup: list[str | None] = []
    start = time.perf_counter()
    for tex in spans:
        try:
            markup.append(render(tex))
        except Exception:
            markup.append(None)
    seconds = time.perf_counter() - start
    return Rendered(name, markup, [made is not None and unknown.search(made) is not None for made in markup], seconds)


def _katex(spans: Sequence[str]) -> tuple[Rendered | None, str]:
    """KaTeX's work, or why there is none."""
    node, folder = shutil.which("node"), Path(os.environ.get("MATHS_NODE_MODULES", ""), "katex")
    if not node or not (folder / "package.json").is_file():
        return None, "MATHS_NODE_MODULES names no folder that has it" if node else "there is no node"
    done = subprocess.run(
        [node, "-e", _NODE],
        input=json.dumps(spans),
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"NODE_PATH": str(folder.parent)},
        timeout=600,
    )
    if done.returncode:
        return None, (done.stderr.strip() or "it failed").splitlines()[-1]
    answer = json.loads(done.stdout)
    release = json.loads((folder / "package.json").read_text())["version"]
    markup: list[str | None] = answer["out"]
    return Rendered(f"KaTeX {release}", markup, [False] * len(markup), answer["ms"] / 1000), ""


def _row(rendered: Rendered, reference: Rendered | None) -> str:
    count = len(rendered.markup)
    parsed = sum(made is not None for made in rendered.markup)
    known = sum(made is not None and not left for made, left in zip(rendered.markup, rendered.unknown, strict=True))
    equal = mean = ""
    if reference is not None and reference is not rendered:
        ratios = [
            SequenceMatcher(None, signs(made) if made else "", signs(wanted), autojunk=False).ratio()
            for made, wanted in zip(rendered.markup, reference.markup, strict=True)
            if wanted is not None
        ]
        equal = f"{sum(ratio == 1 for ratio in ratios) / len(ratios):.4f}"
        mean = f"{sum(ratios) / len(ratios):.4f}"
    size = sum(len(made.encode()) for made in rendered.markup if made) / max(parsed, 1)
    return row(
        rendered.name,
        [
            f"{parsed / count:.4f}",
            f"{known / count:.4f}",
            equal,
            mean,
            f"{rendered.seconds / count * 1e6:,.0f}",
            f"{size:.0f}",
        ],
    )


_SAME = str.maketrans(
    {"ϵ": "ε", "ϕ": "φ", "′": "'", "−": "-", "∗": "*", "⋆": "*", "∣": "|", "ˉ": "¯", "‾": "¯", "~": "˜"}
)
_ANNOTATION = re.compile(r"<annotation.*?</annotation>", re.DOTALL)


def signs(markup: str) -> str:
    """What stands in MathML, without structure, white space, invisible signs and alphabets."""
    clean = _ANNOTATION.sub("", markup).replace("&ApplyFunction;", "").replace("&nbsp;", " ").replace("<wbr>", "")
    try:
        text = "".join(ElementTree.fromstring(f"<a>{clean}</a>").itertext())
    except ElementTree.ParseError:
        text = clean
    text = unicodedata.normalize("NFKD", text.translate(_SAME)).translate(_SAME)
    return "".join(sign for sign in text if not sign.isspace() and unicodedata.category(sign) not in {"Cf", "Mn", "Cc"})


def _rules(spans: Sequence[str]) -> Iterator[str]:
    """What each of our own rules adds, taken away alone."""
    from math_core import LatexToMathML

    from papers import maths_macros

    def rendered(macros: dict[str, str], *, normalised: bool = True, mended: bool = True) -> tuple[float, float]:
        renderer = LatexToMathML(
            macros=macros,
            fancy_error=False,
            allow_unreliable_rendering=True,
            ignore_unknown_commands=True,
            max_expansions=200,
        )
        shown = known = 0
        for tex in spans:
            text = maths_macros.normalise(tex) if normalised else tex
            for attempt in (text, maths_macros.mend(text)) if mended else (text,):
                try:
                    made = renderer.convert_with_local_state(attempt, displaystyle=False)
                except Exception:
                    continue
                shown += 1
                known += "math-core-unknown" not in made
                break
        return shown / len(spans), known / len(spans)

    macros = maths_macros.MACROS
    units = {name: text for name, text in macros.items() if "mathbb" not in text and "mathcal" not in text}
    ways = {
        "none of our rules": rendered({}, normalised=False, mended=False),
        "macros alone": rendered(macros, normalised=False, mended=False),
        "macros without those for alphabets": rendered(units),
        "without normalising (`%`, `#`, `\\unicode`, `\\la…\\ra`)": rendered(macros, normalised=False),
        "without mending (limits, sizes, `\\left<`, plain TeX)": rendered(macros, mended=False),
        "all of them": rendered(macros),
    }
    yield from head("rules before math-core", ["parse", "without unknown commands"])
    for name, (shown, known) in ways.items():
        yield row(name, [f"{shown:.4f}", f"{known:.4f}"])
    yield ""


def _pages(texts: Sequence[str]) -> Iterator[str]:
    """Milliseconds and bytes of 25 abstracts, against plain escaping."""
    from django.utils.html import escape

    from papers import maths

    groups = [texts[at : at + CARDS] for at in range(0, len(texts), CARDS)]
    yield from head(f"{CARDS} abstracts with `$`, mean (slowest)", ["ms", "KB", "KB as gzip"])
    maths._formula.cache_clear()
    renderers: dict[str, Callable[[str], str]] = {
        "escaped": escape,
        "with formulas, each for the first time": maths.to_html,
        "with formulas, again": maths.to_html,
    }
    for name, render in renderers.items():
        times, pages = [], []
        for group in groups:
            if name.endswith("again"):
                for text in group:
                    render(text)
            start = time.perf_counter()
            pages.append("".join(map(render, group)).encode())
            times.append((time.perf_counter() - start) * 1e3)
        mean = sum(times) / len(times)
        size = sum(map(len, pages)) / len(pages) / 1000
        packed = sum(len(zlib.compress(page, 6)) for page in pages) / len(pages) / 1000
        yield row(name, [f"{mean:.2f} ({max(times):.1f})", f"{size:.1f}", f"{packed:.1f}"])
    yield ""

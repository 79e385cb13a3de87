"""`make quality`, or `python -m benchmarks.quality [SECTION…]`: measure what is found and write docs/quality.md.

Each section stands between its markers; the words around them are written by hand. Needs ../shared/data and an
Elasticsearch: that of ELASTICSEARCH_URL, else one is started.
"""

import argparse
import importlib
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import SHARED, page
from benchmarks.servers import measuring

PAGE = Path(__file__).resolve().parents[2] / "docs" / "quality.md"
KEPT = Path(__file__).resolve().parents[2] / "data" / "quality"
# Each is a module here with `section(bench)`, which yields lines of Markdown.
SECTIONS = (
    "judged",
    "known",
    "whitening",
    "related",
    "categories",
    "maps",
    "keyphrases",
    "suggestions",
    "reranking",
    "maths",
    "personal",
    "encoders",
    "drift",
)


def main() -> None:
    """Measure the sections that are asked for, by default all, and write each as soon as it is measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)}")
    parser.add_argument("--print", action="store_true", help="print only, leave the page as it is")
    parser.add_argument(
        "--model", type=Path, metavar="FOLDER", help="a model of manage.py train_encoder, which section encoders needs"
    )
    options = parser.parse_args()
    if unknown := set(options.sections) - set(SECTIONS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    if "encoders" in options.sections and options.model is None:
        parser.error("encoders needs --model FOLDER")
    if not SHARED.is_dir():
        parser.exit(1, f"no shared data: {SHARED} is missing\n")
    # Training takes long: without a model that section stays as it is.
    asked = options.sections or [name for name in SECTIONS if name != "encoders" or options.model]
    wanted = [name for name in SECTIONS if name in asked]
    try:
        for name in wanted:
            page.check(PAGE, name)
    except (OSError, page.PageError) as error:
        parser.exit(1, f"{error}\n")
    with measuring(heap="2g", timeout=60):
        for name, text in _measured(wanted, options.model):
            print(text)
            if not options.print:
                page.put(PAGE, name, text)


def _measured(names: list[str], trained: Path | None) -> Iterator[tuple[str, str]]:
    from benchmarks.quality.bench import Bench

    bench = Bench(KEPT, trained)
    for name in names:
        start = time.perf_counter()
        lines = list(importlib.import_module(f"benchmarks.quality.{name}").section(bench))
        minutes = (time.perf_counter() - start) / 60
        yield name, "\n".join([*lines, "", f"`python -m benchmarks.quality {name}`: {minutes:.1f} minutes."])


if __name__ == "__main__":
    main()

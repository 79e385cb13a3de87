"""manage.py evaluate DIR: search quality on a judged set."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from search.encoder import EncoderError, get_encoder
from search.engines import KINDS
from search.engines.base import EngineError
from search.evaluation import MODES, RERANKED, JudgedSetError, Value, evaluate, read_judged_set


def watch(items: Sequence[Value], what: str) -> Iterator[Value]:
    """A progress bar around what takes long."""
    yield from tqdm(items, desc=what, leave=False, disable=None)


def check_writable(path: Path | None) -> None:
    """See before a long run that its figures can be written. Raises CommandError."""
    if path is None:
        return
    there = path.exists()
    try:
        path.open("a").close()  # keeps what it holds
        if not there:
            path.unlink()
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}") from error


def write_figures(path: Path | None, figures: Mapping[str, Mapping[str, float]]) -> None:
    """Write figures as JSON where a file is asked for. Raises CommandError."""
    if path is None:
        return
    try:
        path.write_text(json.dumps(figures, indent=1) + "\n")
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}") from error


class Command(BaseCommand):
    """Index a folder in BEIR layout aside and print nDCG@10, recall@100 and MRR@10 of the site's own ranking.

    On Elasticsearch the index has a name of its own and is deleted at the end.
    """

    help = "Measure search quality on a folder with corpus.jsonl[.gz], queries.jsonl and qrels.tsv."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """DIR, --mode, --engine, --json."""
        parser.add_argument("folder", type=Path)
        parser.add_argument("--mode", choices=(*MODES, RERANKED), action="append", help="Default: all that apply.")
        parser.add_argument(
            "--engine", choices=KINDS, action="append", help="Default: the site's. Twice: both, from one encoding."
        )
        parser.add_argument("--json", type=Path, help="Write the figures to this file too.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Evaluate and print."""
        check_writable(options["json"])
        try:
            judged = read_judged_set(options["folder"])
            modes = options["mode"] or [*judged.modes(), *([RERANKED] if settings.RERANKER_MODEL else [])]
            engines = dict.fromkeys(options["engine"] or [settings.SEARCH_ENGINE])
            found = evaluate(judged, get_encoder(), modes, watch, list(engines))
        except (JudgedSetError, EncoderError, EngineError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{options['folder'].name}: {len(judged.corpus)} papers, {len(judged.queries)} queries")
        figures = _named(found)
        widest = max(map(len, figures))
        for name, values in figures.items():
            self.stdout.write(f"{name:{widest}}" + "".join(f"  {key} {value:.4f}" for key, value in values.items()))
        write_figures(options["json"], figures)


def _named(found: Mapping[str, Mapping[str, Mapping[str, float]]]) -> dict[str, Mapping[str, float]]:
    """The figures by mode; of several engines by engine and mode."""
    return {
        mode if len(found) == 1 else f"{engine} {mode}": values
        for engine, modes in found.items()
        for mode, values in modes.items()
    }

"""manage.py evaluate_known_items: do titles find their papers?"""

from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from search.engines.base import EngineError
from search.known_items import Item, evaluate_items, find_here, sample_items
from search.management.commands.evaluate import check_writable, watch, write_figures
from search.service import site_context


class Command(BaseCommand):
    """success@1 and @10 over loaded papers for titles, titles with a typo, and three words of a title."""

    help = "Measure known-item search on papers that are loaded and indexed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--sample, --seed, --json."""
        parser.add_argument("--sample", type=int, default=2000)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--json", type=Path, help="Write the figures to this file too.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Evaluate and print."""

        def bar(items: Sequence[Item]) -> Iterator[Item]:
            return watch(items, "papers")

        if options["sample"] < 1:
            raise CommandError("--sample: expected a number from 1")
        check_writable(options["json"])
        items = sample_items(options["sample"], options["seed"])
        if not items:
            raise CommandError("no paper is loaded whose title occurs once")
        try:
            if site_context() is None:
                raise CommandError("no index yet: run manage.py index")
            figures = evaluate_items(items, find_here, bar)
        except EngineError as error:
            raise CommandError(str(error)) from error
        for kind, values in figures.items():
            self.stdout.write(f"{kind:6}" + "".join(f"  {name} {value:.4f}" for name, value in values.items()))
        write_figures(options["json"], figures)

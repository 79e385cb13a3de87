"""manage.py shuffle IN OUT: the lines of a file in random order, however large it is."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from search.shuffling import ShuffleError, shuffle


class Command(BaseCommand):
    """For files of training pairs that are larger than memory."""

    help = "Write the lines of a file into another (or the same) in random order, in little memory at any size."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """IN OUT [--seed N] [--scratch DIR]."""
        parser.add_argument("source", type=Path, metavar="IN")
        parser.add_argument("target", type=Path, metavar="OUT")
        parser.add_argument("--seed", type=int, help="The same number over the same file gives the same order.")
        parser.add_argument(
            "--scratch", type=Path, metavar="DIR", help="Where as much room as IN takes is used meanwhile; beside OUT."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Shuffle and say how many lines."""
        if options["seed"] is not None and options["seed"] < 0:
            raise CommandError("--seed: expected a number from 0")
        try:
            count = shuffle(options["source"], options["target"], seed=options["seed"], scratch=options["scratch"])
        except (OSError, ShuffleError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{count} lines written to {options['target']}.")

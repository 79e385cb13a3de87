"""manage.py evaluate_keywords FILE: keyphrases against those of experts."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from search.keyword_evaluation import KeyphraseFileError, choose_split, evaluate_keywords, read_papers
from search.management.commands.evaluate import check_writable, watch, write_figures


class Command(BaseCommand):
    """Print F1@5 and F1@10 (Porter stems, all of the experts' phrases, mean over papers) and papers a second."""

    help = "Measure keyphrases on a file of JSON lines with title, abstract, keyphrases and perhaps split."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """FILE, --split, --json."""
        parser.add_argument("file", type=Path, help="Plain or compressed (.gz, .xz, .zst).")
        parser.add_argument("--split", help="Default: test where the file has it, else all papers.")
        parser.add_argument("--json", type=Path, help="Write the figures to this file too.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Evaluate and print."""
        check_writable(options["json"])
        try:
            papers = read_papers(options["file"])
            split = choose_split(papers, options["split"])
            figures = evaluate_keywords(papers, split, watch)
        except KeyphraseFileError as error:
            raise CommandError(str(error)) from error
        name = split or "all"
        self.stdout.write(
            f"{options['file'].name}, {name}: {figures['papers']:.0f} papers; document frequencies of the file's "
            f"{len(papers)} texts, smoothed by those that ship"
        )
        self.stdout.write(f"F1@5 {figures['f1@5']:.4f}  F1@10 {figures['f1@10']:.4f}")
        self.stdout.write(f"{figures['papers_per_second']:.0f} papers a second on one core")
        write_figures(options["json"], {name: figures})

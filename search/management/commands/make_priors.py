"""manage.py make_priors: the whitening, the document frequencies and the classifier that ship with Papertide."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand
from tqdm import tqdm

from papers.records import RecordError, from_json
from papers.tex import to_text
from papers.textfiles import open_lines
from search import frequencies
from search.classifying import head
from search.encoder import DEFAULT_MODEL
from search.fits import CHUNK, fit_transform

DATA = Path(__file__).resolve().parents[2] / "data"


class Command(BaseCommand):
    """Made once for a release, from real papers: `make_priors --papers arxiv.jsonl.xz --vectors vectors.npy`."""

    help = "Write search/data/{whitening,frequencies,categories}-prior.npz from papers and their vectors."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--papers, --vectors."""
        parser.add_argument("--papers", type=Path, help="JSON lines of papers, for frequencies and categories.")
        parser.add_argument(
            "--vectors", type=Path, help=f"A .npy file of the first papers' vectors, of {DEFAULT_MODEL}."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write what can be made of what was given."""
        if options["vectors"]:
            vectors = np.load(options["vectors"], mmap_mode="r")
            batches = (vectors[start : start + CHUNK] for start in range(0, len(vectors), CHUNK))
            transform = fit_transform(batches, DEFAULT_MODEL, vectors.shape[1])
            (DATA / "whitening-prior.npz").write_bytes(transform.to_bytes())
            self.stdout.write(f"whitening fitted on {transform.papers} papers")
        if options["papers"]:
            if options["vectors"]:
                (DATA / "categories-prior.npz").write_bytes(_head(options["papers"], options["vectors"]).to_bytes())
                self.stdout.write("classifier trained")
            table = frequencies.build_prior(_texts(options["papers"]))
            (DATA / "frequencies-prior.npz").write_bytes(table)
            self.stdout.write(f"document frequencies: {len(table)} bytes")


def _head(papers: Path, vectors: Path) -> head.Head:
    """A classifier by the papers that have a category and, in the same place, a vector."""
    given = np.load(vectors)
    with open_lines(papers) as lines:
        records = [from_json(json.loads(line)) for line in islice(lines, len(given))]
    filed = [record.categories for record in records]
    return head.train(DEFAULT_MODEL, given, filed, [record.published.date() for record in records])


def _texts(path: Path) -> Iterator[tuple[str, str]]:
    with open_lines(path) as lines:
        for line in tqdm(lines, unit=" papers", disable=None):
            try:
                record = from_json(json.loads(line))
            except RecordError:
                continue
            yield to_text(record.title), to_text(record.abstract)

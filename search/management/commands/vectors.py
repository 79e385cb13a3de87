"""manage.py vectors export|import FILE: move sentence vectors between machines."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from search.encoder import EncoderError, get_encoder
from search.vector_files import (
    Imported,
    VectorFileError,
    export_vectors,
    import_vectors,
    read_bare,
    read_export,
)
from search.whitening import prior


class Command(BaseCommand):
    """A machine with a GPU encodes, a small server serves: vectors travel with model, ids and text hashes."""

    help = "Export the sentence vectors of EMBEDDING_MODEL to a file, or import them from one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """export FILE | import FILE [--ids FILE --model NAME]."""
        parser.add_argument("action", choices=("export", "import"))
        parser.add_argument("file", type=Path)
        parser.add_argument("--model", help="The model of the vectors; a bare .npy file needs it.")
        parser.add_argument("--ids", type=Path, help="For a bare .npy file: its ids, a line a row (JSON lines do too).")
        parser.add_argument("--limit", type=int, help="Take the first N lines of --ids only.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Export or import."""
        model = options["model"] or get_encoder().name
        try:
            if options["action"] == "export":
                count = export_vectors(options["file"], model)
                self.stdout.write(f"{count} vectors of {model} written to {options['file']}.")
            else:
                self._import(options, model)
        except (VectorFileError, EncoderError, OSError) as error:
            raise CommandError(str(error)) from error

    def _import(self, options: dict[str, Any], model: str) -> None:
        # Only the site's own model says how wide its vectors must be; loading it for that alone takes seconds.
        dimension = prior().dimension if model == prior().model else None
        if dimension is None and model == get_encoder().name:
            dimension = get_encoder().dimension
        if options["ids"] is not None:
            if options["model"] is None:
                raise CommandError("a bare .npy file needs --model: it does not say which model made it")
            total, rows = read_bare(options["file"], options["ids"], model, dimension, options["limit"])
        else:
            _, total, rows = read_export(options["file"], model, dimension)
        counts = Imported()
        with tqdm(total=total, unit=" vectors", disable=None) as bar:
            for counts in import_vectors(rows, model):
                bar.update(counts.stored + counts.unknown + counts.stale - bar.n)
        self.stdout.write(
            f"{counts.stored} stored, {counts.unknown} of papers that are not here, {counts.stale} of another text."
        )

"""manage.py vectors export|import FILE: move sentence vectors between machines."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from search.encoder import EncoderError, get_encoder
from search.models import PaperVector
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
        if options["limit"] is not None and options["limit"] < 0:
            raise CommandError("--limit: expected a number from 0")
        # As the encoder names itself: without the owner.
        model = (options["model"] or get_encoder().name).rsplit("/", 1)[-1]
        try:
            if options["action"] == "export":
                count = export_vectors(options["file"], model)
                self.stdout.write(f"{count} vectors of {model} written to {options['file']}.")
            else:
                self._import(options, model)
        except (VectorFileError, EncoderError, OSError) as error:
            raise CommandError(str(error)) from error

    def _import(self, options: dict[str, Any], model: str) -> None:
        own = get_encoder().name
        if model != own:
            self.stdout.write(self.style.WARNING(f"This site encodes with {own}: vectors of {model} are not used."))
        dimension = _dimension(model)
        if options["ids"] is not None:
            if options["model"] is None:
                raise CommandError("a bare .npy file needs --model: it does not say which model made it")
            total, rows = read_bare(options["file"], options["ids"], model, dimension, options["limit"])
        else:
            _, total, rows = read_export(options["file"], model, dimension)
        counts = Imported()
        with tqdm(total=total, unit=" vectors", disable=None) as bar:
            for counts in import_vectors(rows, model):
                bar.update(counts.read - bar.n)
        unusable = f", {counts.unusable} unusable (not of length 1)" if counts.unusable else ""
        self.stdout.write(
            f"{counts.stored} stored, {counts.unknown} of papers that are not here, "
            f"{counts.stale} of another text{unusable}."
        )


def _dimension(model: str) -> int | None:
    """How wide vectors of a model are, where the site knows. Raises EncoderError."""
    if model == prior().model:
        return prior().dimension
    stored = PaperVector.objects.filter(model=model).values_list("data", flat=True).first()
    if stored is not None:
        return len(bytes(stored)) // 2
    # Loading the model for this alone takes seconds.
    return get_encoder().dimension if model == get_encoder().name else None

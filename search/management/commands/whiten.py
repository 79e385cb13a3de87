"""manage.py whiten --fit | --show: the whitening transform."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from search.encoder import EncoderError, get_encoder
from search.engines import get_engine
from search.engines.base import EngineError
from search.fits import FitError, fit_corpus, load, newest_key
from search.whitening import width_for


class Command(BaseCommand):
    """Fit a whitening transform and document frequencies on this site's papers, or show the ones in use."""

    help = "Fit the whitening transform on the papers here (--fit), or show what is in use (--show)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--fit or --show."""
        action = parser.add_mutually_exclusive_group(required=True)
        action.add_argument("--fit", action="store_true")
        action.add_argument("--show", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Fit or show."""
        try:
            if options["fit"]:
                fit = fit_corpus(get_encoder().name)
                self.stdout.write(f"fit-{fit.pk} on {fit.papers} papers. manage.py index --rebuild takes it into use.")
            else:
                self._show()
        except (FitError, EngineError, EncoderError) as error:
            raise CommandError(str(error)) from error

    def _show(self) -> None:
        statistics = get_engine().statistics()
        newest = newest_key(get_encoder().name)
        keys = {"serving": statistics.transform, "newest": newest}
        for what, key in keys.items():
            if not key:
                self.stdout.write(f"{what}: none, there is no index yet")
                continue
            try:
                transform = load(key).transform
            except FitError as error:
                self.stdout.write(f"{what}: {error}; manage.py index makes a new one")
                continue
            self.stdout.write(
                f"{what}: {key}, model {transform.model}, β={transform.beta:g}, γ={transform.gamma:g}, "
                f"fitted on {transform.papers} papers {transform.fitted or '(not fitted)'}"
            )
        rule = width_for(statistics.papers, load(newest).transform.dimension)
        self.stdout.write(
            f"width: {statistics.width} dimensions serve {statistics.papers} papers; k = ⌈8.33·ln N⌉ says {rule}"
        )

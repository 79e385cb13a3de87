"""manage.py whiten --fit | --accept N --why TEXT | --show: the whitening transform."""

import getpass
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from search import drift
from search.encoder import EncoderError, get_encoder
from search.engines import get_engine
from search.engines.base import EngineError
from search.fits import FitError, accept, kept_back, load, newest_key
from search.models import Fit
from search.whitening import width_for


class Command(BaseCommand):
    """Fit a whitening transform and document frequencies on this site's papers, or show the ones in use."""

    help = "Fit the whitening transform on the papers here (--fit), or show what is in use (--show)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--fit, --accept N --why TEXT or --show."""
        action = parser.add_mutually_exclusive_group(required=True)
        action.add_argument("--fit", action="store_true")
        action.add_argument("--show", action="store_true")
        action.add_argument("--accept", type=int, metavar="N", help="Take fit-N into use, which was kept back.")
        parser.add_argument("--why", default="", help="Why it is accepted; it is kept beside the fit.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Fit, accept or show."""
        try:
            if options["fit"]:
                self._fit()
            elif options["accept"] is not None:
                fit = accept(options["accept"], getpass.getuser(), options["why"])
                self.stdout.write(f"fit-{fit.pk} is accepted. Workers, or manage.py index --rebuild, take it into use.")
            else:
                self._show()
        except (FitError, EngineError, EncoderError) as error:
            raise CommandError(str(error)) from error

    def _fit(self) -> None:
        fit = drift.refit(get_encoder().name)
        self.stdout.write(f"fit-{fit.pk} on {fit.papers} papers. {_figures(fit)}".rstrip())
        if fit.is_kept_back:
            raise CommandError(
                f"It is kept back: {fit.kept_back} manage.py whiten --accept {fit.pk} --why “…” takes it all the same."
            )
        self.stdout.write("manage.py index --rebuild takes it into use.")

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
        if fit := kept_back():
            self.stdout.write(f"kept back: fit-{fit.pk}: {fit.kept_back} {_figures(fit)}")
        rule = width_for(statistics.papers, load(newest).transform.dimension)
        self.stdout.write(
            f"width: {statistics.width} dimensions serve {statistics.papers} papers; k = ⌈8.33·ln N⌉ says {rule}"
        )


def _figures(fit: Fit) -> str:
    if fit.figures is None:
        return ""
    found = drift.Figures(**fit.figures)
    return (
        f"Of {found.pool} papers {found.overlap:.1%} of the nearest 10 stay; known ones come first in "
        f"{found.known_after:.1%} of searches ({found.known_before:.1%} before) and are among the nearest 10 in "
        f"{found.near_after:.1%} ({found.near_before:.1%})."
    )

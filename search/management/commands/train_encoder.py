"""manage.py train_encoder: fine-tune the site's encoder, judge what came of it, and use it only if it wins."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from papers.models import Paper
from search.encoder import EncoderError
from search.encoders import base_model, ours, serving_model
from search.engines.base import EngineError
from search.fits import FitError
from search.management.commands.evaluate import watch
from search.shuffling import ShuffleError
from search.training import adopting, judging, runs
from search.training.pairs import PairsError
from search.training.runs import Recipe, Run, TrainingError
from search.training.trainer import demand_packages, train

DEFAULT = Recipe("")


class Command(BaseCommand):
    """Pairs from the database, CoSENT, a held-out check, judged sets, and where it wins a new index beside the old one.

    Whatever moment it is killed at, the same command goes on there.
    """

    help = "Fine-tune EMBEDDING_MODEL on this site's papers; used only if it wins on what took no part in training."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Of the training, of the judging, and what is done in their place."""
        parser.add_argument("--papers", type=_positive, default=DEFAULT.papers, help="How many are drawn, at most.")
        parser.add_argument("--epochs", type=_positive, default=DEFAULT.epochs)
        parser.add_argument("--batch", type=_positive, default=DEFAULT.batch, help="Pairs a step.")
        parser.add_argument(
            "--tokens", type=_positive, default=DEFAULT.tokens, help="Longer texts are cut in training."
        )
        parser.add_argument("--rate", type=float, default=DEFAULT.rate, help="The highest learning rate.")
        parser.add_argument("--seed", type=int, default=DEFAULT.seed)
        parser.add_argument("--no-readers", action="store_true", help="Leave out what readers starred and opened.")
        parser.add_argument("--cpu", action="store_true", help="Even where there is a GPU.")
        parser.add_argument(
            "--judge",
            type=Path,
            action="append",
            metavar="DIR",
            help="A judged set (see manage.py evaluate), or a folder of such; may be repeated. Without one: held-out "
            "papers of the site by three words of their titles.",
        )
        parser.add_argument("--not-used", action="store_true", help="Train and judge only; --use NAME takes it later.")
        other = parser.add_mutually_exclusive_group()
        other.add_argument("--fresh", action="store_true", help="Begin anew, whatever was broken off.")
        other.add_argument("--use", metavar="NAME", help="Let this model serve, also one that served before.")
        other.add_argument("--show", action="store_true", help="The models here, and what was measured of them.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what is asked for."""
        try:
            if options["show"]:
                self._show()
            elif options["use"]:
                self._adopt(options["use"])
            else:
                demand_packages()
                with runs.alone():
                    self._train(options)
        except (TrainingError, PairsError, EncoderError, EngineError, FitError, ShuffleError) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{error.filename or 'A file'} cannot be written or read: {error.strerror}") from error

    def _train(self, options: dict[str, Any]) -> None:
        sets = judging.judged_sets(options["judge"]) if options["judge"] else None  # before a long run
        name = None if options["fresh"] else _left()
        if name is None:
            name = self._trained(options)
        facts = runs.facts_of(name)
        if "verdict" not in facts:
            against = serving_model()
            self.stdout.write(f"judging {name} against {against}")
            if sets is None:
                sets = judging.known_items(facts["recipe"]["seed"])
            verdict = judging.judge(name, against, facts, sets, watch)
            runs.note_of(name, verdict=verdict.told())
            facts = runs.facts_of(name)
        self._tell(facts)
        if not facts["verdict"]["wins"]:
            self.stdout.write(f"{name} is not used: {facts['verdict']['reason']}.")
        elif options["not_used"]:
            self.stdout.write(f"{name} wins: {facts['verdict']['reason']}. manage.py train_encoder --use {name}")
        else:
            self.stdout.write(f"{name} wins: {facts['verdict']['reason']}.")
            self._adopt(name)

    def _trained(self, options: dict[str, Any]) -> str:
        run = None if options["fresh"] else runs.unfinished()
        if run is None:
            runs.sweep()
            run = runs.begin(_recipe(options))
        else:
            self.stdout.write(f"going on with {run.name}, by the recipe that it began with (--fresh begins anew)")
        model = train(run, "cpu" if options["cpu"] else "", self.stdout.write, bar=sys.stderr.isatty())
        return self._finished(run, model)

    def _finished(self, run: Run, model: Path) -> str:
        folder = run.finish(model)
        facts = runs.facts_of(run.name)
        self.stdout.write(
            f"{folder}: {facts['steps']} steps; loss of the held-out pairs {facts['before']:.4f} before, "
            f"{facts['after']:.4f} after"
        )
        return run.name

    def _tell(self, facts: dict[str, Any]) -> None:
        figures = facts["verdict"]["figures"]
        for name, (old, new) in figures.items():
            self.stdout.write(f"{name:14} hybrid nDCG@10  {old:.4f} → {new:.4f}  {new - old:+.4f}")
        if len(figures) > 1:
            self.stdout.write(f"{'mean':14} {'':15} {judging.mean_gain(figures):+.4f}")
        if judging.KNOWN in figures:
            self.stdout.write("No judged set was given: the known items are held-out papers of this site.")

    def _adopt(self, name: str) -> None:
        with tqdm(total=2 * Paper.objects.count(), unit=" papers", disable=None) as bar:
            count = adopting.adopt(name, self.stdout.write, bar.update)
        if name in runs.trained():
            runs.note_of(name, used=True)
        self.stdout.write(f"{name} serves, with {count} papers.")

    def _show(self) -> None:
        serving = serving_model()
        for name in adopting.known_models():
            facts = runs.facts_of(name) if name != base_model() else {}
            verdict = facts.get("verdict", {})
            said = verdict.get("reason", "not judged") if facts else "EMBEDDING_MODEL"
            self.stdout.write(f"{name}: {'serves; ' if name == serving else ''}{said}")
        run = runs.unfinished()
        if run is not None:
            self.stdout.write(f"{run.name}: broken off; manage.py train_encoder goes on")


def _left() -> str | None:
    """The newest trained model, where it was not judged yet, or wins and was on its way to serve."""
    mine = [name for name in runs.trained() if ours(name)]
    if not mine or runs.unfinished() is not None:
        return None
    facts = runs.facts_of(mine[-1])
    verdict = facts.get("verdict")
    return mine[-1] if verdict is None or (verdict["wins"] and "used" not in facts) else None


def _recipe(options: dict[str, Any]) -> Recipe:
    names = ("papers", "epochs", "batch", "tokens", "rate", "seed")
    if not 0 < options["rate"] < 1:
        raise CommandError("--rate: expected a number between 0 and 1, such as 2e-5")
    return Recipe(base=base_model(), readers=not options["no_readers"], **{name: options[name] for name in names})


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number

"""The folders of trained models in DATA_DIR/models: `<name>` holds a model that was trained to its end and
`<name>.json` tells how; `<name>.training` is a training that goes on or was broken off.

A folder gets its name when it is whole, by one rename; so after a kill at any moment what is there can be believed.
"""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone
from filelock import FileLock, Timeout

from search.encoder import TRAINED
from search.encoders import base_model, models_folder

UNFINISHED = ".training"
CARD = "training.json"  # in a run's folder: the recipe and what was measured so far


class TrainingError(Exception):
    """Training cannot begin or go on; the text says why and what to do."""


@dataclass(frozen=True)
class Recipe:
    """How a model is trained. base: the model that training begins with; papers: at most so many are drawn; batch:
    pairs a step; tokens: longer texts are cut while training; rate: the highest learning rate; readers: whether what
    readers starred and opened counts."""

    base: str
    papers: int = 5000
    epochs: int = 1
    batch: int = 32
    tokens: int = 128
    rate: float = 2e-5
    seed: int = 1
    readers: bool = True


@dataclass(frozen=True)
class Run:
    """A training that is not at its end."""

    folder: Path
    recipe: Recipe

    @property
    def name(self) -> str:
        """What the model will be called."""
        return self.folder.name.removesuffix(UNFINISHED)

    @property
    def pairs(self) -> Path:
        """The training pairs as JSON lines in random order."""
        return self.folder / "pairs.jsonl"

    @property
    def held_out(self) -> Path:
        """The pairs that take no part in training."""
        return self.folder / "held-out.jsonl"

    @property
    def checkpoints(self) -> Path:
        """A folder for each state of the training that was kept."""
        return self.folder / "checkpoints"

    def note(self, **facts: Any) -> None:
        """Keep figures beside the recipe."""
        _write(self.folder / CARD, {**self.facts(), **facts})

    def facts(self) -> dict[str, Any]:
        """The recipe and the figures so far."""
        return _read(self.folder / CARD)

    def finish(self, model: Path) -> Path:
        """Give the trained model in `model` its name and sweep the rest away; returns its folder."""
        target = models_folder() / self.name
        _write(_card(self.name), self.facts())
        os.replace(model, target)
        shutil.rmtree(self.folder, ignore_errors=True)
        return target


def begin(recipe: Recipe) -> Run:
    """A new run, its folder whole from the first moment. Raises OSError where nothing can be written."""
    folder = models_folder()
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{base_model()}{TRAINED}{timezone.now():%Y%m%d-%H%M%S}"
    making = folder / f".{name}{UNFINISHED}"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir()
    _write(making / CARD, {"recipe": asdict(recipe)})
    os.replace(making, folder / f"{name}{UNFINISHED}")
    return Run(folder / f"{name}{UNFINISHED}", recipe)


def unfinished() -> Run | None:
    """The newest run that was broken off, if any."""
    found = sorted(models_folder().glob(f"[!.]*{UNFINISHED}"))
    for folder in [each for each in found if (models_folder() / each.name.removesuffix(UNFINISHED)).is_dir()]:
        shutil.rmtree(folder, ignore_errors=True)  # killed while it was sweeping up
        found.remove(folder)
    if not found:
        return None
    return Run(found[-1], Recipe(**_read(found[-1] / CARD)["recipe"]))


def sweep() -> None:
    """Remove what broken-off runs have left."""
    for pattern in (f"*{UNFINISHED}", f".*{UNFINISHED}"):
        for folder in models_folder().glob(pattern):
            shutil.rmtree(folder, ignore_errors=True)


def trained() -> list[str]:
    """The names of the models that are here, oldest first."""
    cards = models_folder().glob(f"[!.]*{TRAINED}*.json")
    return sorted(path.stem for path in cards if path.with_suffix("").is_dir())


def facts_of(name: str) -> dict[str, Any]:
    """How a trained model came about and what was measured. Raises TrainingError where there is no such model here."""
    if name not in trained():
        raise TrainingError(
            f"There is no trained model {name} in {models_folder()}. Those here: {', '.join(trained()) or 'none'}."
        )
    return _read(_card(name))


def note_of(name: str, **facts: Any) -> None:
    """Keep figures with a trained model."""
    _write(_card(name), {**facts_of(name), **facts})


@contextmanager
def alone() -> Iterator[None]:
    """Held by the one process that trains in this DATA_DIR. Raises TrainingError where another does."""
    try:
        with FileLock(settings.DATA_DIR / "training.lock", timeout=0):
            yield
    except Timeout:
        raise TrainingError("Another process is training an encoder in this DATA_DIR.") from None


def _card(name: str) -> Path:
    return models_folder() / f"{name}.json"


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def _write(path: Path, facts: Mapping[str, Any]) -> None:
    part = path.with_suffix(".new")
    part.write_text(json.dumps(facts, indent=1) + "\n")
    os.replace(part, path)

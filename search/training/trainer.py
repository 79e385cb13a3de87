"""The training itself: sentence-transformers' SentenceTransformerTrainer with its CoSENTLoss.

    loss = log(1 + Σ exp(20·(cos(k) − cos(j))))   over all pairs j, k of a batch where j has the higher grade

Su Jianlin, CoSENT (2022); Huang et al., IEEE/ACM TASLP 32 (2024), doi 10.1109/TASLP.2024.3402087.
"""

import json
import shutil
from collections import Counter
from collections.abc import Callable
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import structlog

from search.encoders import source_of
from search.shuffling import shuffled
from search.training.pairs import Grade, PairsError, libraries, lines, pairs
from search.training.runs import Run, TrainingError

log = structlog.get_logger()
NEEDED = ("accelerate", "datasets")
LEAST_PAIRS = 200  # fewer teach nothing, and the held-out check would be chance
HELD_OUT_PAPERS = 100
CHECKS = 8  # of the held-out pairs, an epoch
PATIENCE = 3  # checks without a better one after which training ends
WARMUP = 0.1  # of the steps
SPACE = 10  # times the model's size on disk: two checkpoints with Adam's moments, the best one, what is being written
HELD_OUT_FIGURE = "eval_loss"
Step = Callable[[str], object]


def demand_packages() -> None:
    """Raises TrainingError where what training needs is not installed."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise TrainingError(f"Training needs {' and '.join(missing)}: make setup-train installs what is missing.")


def write_pairs(run: Run, say: Step) -> None:
    """Draw the pairs of a run and write them in random order, the held-out ones too; what is there is left.

    Raises PairsError where the database has too few.
    """
    if run.held_out.exists() and run.pairs.exists():
        return
    say("drawing pairs")
    recipe = run.recipe
    training, held = libraries()
    if not training.ids:
        raise PairsError("The database has no paper with an abstract: load papers first (manage.py pull, load_papers).")
    for library, papers, path in ((held, HELD_OUT_PAPERS, run.held_out), (training, recipe.papers, run.pairs)):
        counts: Counter[Grade] = Counter()
        # The readers' pairs are taken to learn from; what is checked and judged stays the same with and without them.
        found = pairs(library, papers, recipe.seed, readers=recipe.readers and library is training)
        shuffled(lines(found, counts), path, seed=recipe.seed)
        run.note(**{path.stem: {grade.name.lower(): counts[grade] for grade in Grade if counts[grade]}})
        if counts.total() < (LEAST_PAIRS if library is training else 1):
            path.unlink()
            raise PairsError(
                f"{counts.total()} pairs are too few to learn from: {len(training.ids)} papers with an abstract are "
                "here, and some hundred are the least."
            )


def train(run: Run, device: str, say: Step, *, bar: bool) -> Path:
    """Train from the last checkpoint, else from the beginning; returns the folder of the trained model, which has no
    name yet. device: `cpu`, or empty for a GPU where PyTorch finds one.

    Raises TrainingError where the disk becomes full, PairsError, and EncoderError where the base cannot be loaded.
    """
    demand_packages()
    from transformers.utils import logging

    if not bar:
        logging.disable_progress_bar()
    try:
        write_pairs(run, say)
        _demand_space(run)
        return _train(run, device, say, bar=bar)
    except Exception as error:  # each library tells of a full disk in its own way
        if "No space left" in str(error) or shutil.disk_usage(run.folder).free < 1 << 20:
            raise TrainingError(
                f"The disk of {run.folder} is full. Make room and start the command again: it goes on from the last "
                "checkpoint."
            ) from error
        raise


def _train(run: Run, device: str, say: Step, *, bar: bool) -> Path:
    from datasets import Dataset
    from sentence_transformers import (
        SentenceTransformer,
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.sentence_transformer.losses import CoSENTLoss
    from transformers import EarlyStoppingCallback

    recipe = run.recipe
    model = SentenceTransformer(source_of(recipe.base), device=device or None)
    model.model_card_data.local_files_only = True  # else the hub is asked who the base is
    full_length, model.max_seq_length = model.max_seq_length, min(recipe.tokens, model.max_seq_length)
    # Arrow's files beside the pairs are mapped into memory: it does not grow with them.
    dataset = Dataset.from_json(str(run.pairs), cache_dir=str(run.folder / "arrow"))
    held = Dataset.from_json(str(run.held_out), cache_dir=str(run.folder / "arrow"))
    steps = max(1, len(dataset) // recipe.batch // CHECKS)
    arguments = SentenceTransformerTrainingArguments(
        output_dir=str(run.checkpoints),
        num_train_epochs=recipe.epochs,
        per_device_train_batch_size=recipe.batch,
        per_device_eval_batch_size=recipe.batch,
        learning_rate=recipe.rate,
        warmup_steps=WARMUP,
        eval_strategy="steps",
        eval_steps=steps,
        save_steps=steps,
        logging_steps=steps,
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model=HELD_OUT_FIGURE,
        greater_is_better=False,
        batch_sampler=_in_order,
        seed=recipe.seed,
        use_cpu=device == "cpu",
        report_to="none",
        disable_tqdm=not bar,
    )
    trainer = SentenceTransformerTrainer(
        model=model,
        args=arguments,
        train_dataset=dataset,
        eval_dataset=held,
        loss=CoSENTLoss(model),
        callbacks=[EarlyStoppingCallback(early_stopping_patience=PATIENCE)],
    )
    if "before" not in run.facts():
        say("held-out pairs before training")
        run.note(before=trainer.evaluate()[HELD_OUT_FIGURE])
    last = last_checkpoint(run.checkpoints)
    say(f"going on from {last.name}" if last else f"training on {len(dataset):,} pairs")
    trainer.train(resume_from_checkpoint=str(last) if last else None)
    # The best state on the held-out pairs has been loaded.
    checked = [row for row in trainer.state.log_history if HELD_OUT_FIGURE in row]
    run.note(
        after=trainer.state.best_metric,
        steps=trainer.state.global_step,
        checks=[{"step": row["step"], "loss": round(row[HELD_OUT_FIGURE], 4)} for row in checked],
    )
    model.max_seq_length = full_length
    target = run.folder / "model"
    shutil.rmtree(target, ignore_errors=True)
    model.save_pretrained(str(target), create_model_card=False)
    return target


def _in_order(dataset: Any, batch_size: int, drop_last: bool, **more: Any) -> Any:
    """Batches in the order of the file, which is random already: a run that goes on reads on where it stood."""
    from sentence_transformers.base.sampler import DefaultBatchSampler
    from torch.utils.data import SequentialSampler

    return DefaultBatchSampler(SequentialSampler(dataset), batch_size=batch_size, drop_last=drop_last, **more)


def last_checkpoint(folder: Path) -> Path | None:
    """The newest whole checkpoint; those that a kill left unwritten are removed."""
    found = sorted(folder.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]), reverse=True)
    for path in found:
        try:
            json.loads((path / "trainer_state.json").read_text())  # the last file that is written
        except (OSError, ValueError):
            shutil.rmtree(path, ignore_errors=True)
        else:
            return path
    return None


def _demand_space(run: Run) -> None:
    """Raises TrainingError where the disk has no room for the checkpoints."""
    source = Path(source_of(run.recipe.base))
    if not source.is_dir():
        return  # a hub's model: its size is not known here
    wanted = SPACE * sum(path.stat().st_size for path in islice(source.rglob("*.safetensors"), 100))
    free = shutil.disk_usage(run.folder).free
    if free < wanted and last_checkpoint(run.checkpoints) is None:
        raise TrainingError(
            f"Training needs about {wanted >> 20:,} MB in {run.folder.parent} for its checkpoints; {free >> 20:,} MB "
            "are free."
        )

"""The change to another model: all papers are encoded by it, an index is made beside the serving one, then the switch.

Until then queries and papers that arrive are encoded by the serving index's model. Each step can be killed: vectors are
kept as they are made, a fit that was made is made again, and a rebuild that was broken off leaves the old index.
"""

from collections.abc import Callable

import structlog

from papers.models import Paper
from search.documents import encode_missing
from search.encoders import announced, base_model, encoder_of, ours
from search.fits import fit_corpus
from search.rebuilding import rebuild
from search.training.runs import TrainingError, trained
from search.writing import BATCH, Progress, papers_of, parts

log = structlog.get_logger()


def known_models() -> list[str]:
    """The models that may serve: EMBEDDING_MODEL and the trained ones here, oldest first."""
    return [base_model(), *filter(ours, trained())]


def adopt(model: str, say: Callable[[str], object], progress: Progress) -> int:
    """Let a model of the site serve, also one that served before; returns how many papers its index holds.

    Raises TrainingError where there is no such model, EncoderError where it cannot be loaded, FitError without papers,
    EngineError where the new index cannot be made; the old one serves on.
    """
    if model not in known_models():
        raise TrainingError(f"There is no model {model} here. Those that may serve: {', '.join(known_models())}.")
    encoder = encoder_of(model)
    encoder.load()
    with announced(model):
        say(f"encoding by {model}")
        rows = Paper.objects.filter(removed=False).order_by("pk").values_list("pk", flat=True)
        last = 0
        while ids := list(rows.filter(pk__gt=last)[:BATCH]):
            last = ids[-1]
            for part in parts(papers_of(ids), encoder):
                encode_missing(part, encoder)
                progress(len(part))
        say("fitting whitening and document frequencies")
        fit_corpus(model)  # the newest fit also tells a site that lost its index which model it had
        say("making the index")
        count = rebuild(progress, model=model)
    log.info("another encoder serves", model=model, papers=count)
    return count

"""Which sentence encoders a site has, and which of them serves.

A site's models are EMBEDDING_MODEL and those that `manage.py train_encoder` has trained from it, in DATA_DIR/models.
Which one serves stands in one place: the serving index names its fit, and the fit its model. Queries, papers that
arrive and readers' texts are encoded by that one, so that a rebuild with another model switches everything at once.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import structlog
from django.conf import settings

from search.encoder import TRAINED, Encoder, EncoderError, resolved

log = structlog.get_logger()
LOOK = 60.0  # seconds after which a process that does not search looks at the index again
PEEK = 1.0  # seconds between two looks for a model that is about to serve
_NEXT = "next"  # a file beside the models: the name of the one whose index is being made


def base_model() -> str:
    """The name of EMBEDDING_MODEL as vectors and fits have it: without owner or folder."""
    return str(settings.EMBEDDING_MODEL).rsplit("/", 1)[-1]


def models_folder() -> Path:
    """Where trained models lie."""
    found: Path = settings.DATA_DIR / "models"
    return found


def ours(model: str) -> bool:
    """Whether an index by this model may serve: EMBEDDING_MODEL or one trained from it."""
    return model == base_model() or model.startswith(base_model() + TRAINED)


def source_of(model: str) -> str:
    """Where a model's files are: a folder, or a name that sentence-transformers fetches."""
    return resolved(str(settings.EMBEDDING_MODEL)) if model == base_model() else str(models_folder() / model)


@lru_cache(maxsize=3)
def _made(source: str) -> Encoder:
    return Encoder(source)


def encoder_of(model: str) -> Encoder:
    """The encoder of a name; loaded at its first use."""
    return _made(str(settings.EMBEDDING_MODEL) if model == base_model() else source_of(model))


class _Serving:
    """What this process knows of the serving index's model."""

    def __init__(self) -> None:
        self.model = ""
        self.looked = 0.0
        self.peeked = 0.0
        self.begun: set[str] = set()


_serving = _Serving()


def serving_model() -> str:
    """The name of the model that serves; EMBEDDING_MODEL where there is no index."""
    if not _serving.model or time.monotonic() - _serving.looked > LOOK or not ours(_serving.model):
        _look()
    return _serving.model


def remember(model: str) -> None:
    """Whoever has looked at the serving index tells its model."""
    _serving.model, _serving.looked = model, time.monotonic()
    if time.monotonic() - _serving.peeked > PEEK:
        _serving.peeked = time.monotonic()
        _load_coming()


@contextmanager
def announced(model: str) -> Iterator[None]:
    """While an index by this model is made: processes of this machine that search load it, so that no reader waits for
    that at the switch."""
    models_folder().mkdir(parents=True, exist_ok=True)
    path = models_folder() / _NEXT
    path.write_text(model)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def forget() -> None:
    """Forget what this process knows of the serving model."""
    vars(_serving).update(vars(_Serving()))


def _look() -> None:
    # The index is looked at through these, and they ask for encoders themselves.
    from search.engines import get_engine
    from search.engines.base import EngineError
    from search.fits import FitError, load

    known = _serving.model
    try:
        key = get_engine().statistics().transform
        found = load(key).transform.model if key else base_model()
    except (EngineError, EncoderError, FitError, OSError) as error:
        log.info("which model serves is not known now", reason=str(error))
        found = known or base_model()
    remember(found if ours(found) else base_model())


def _load_coming() -> None:
    try:
        model = (models_folder() / _NEXT).read_text()
    except OSError:  # as nearly always
        return
    if not ours(model) or model == _serving.model or model in _serving.begun:
        return
    _serving.begun.add(model)
    encoder = encoder_of(model)

    def load() -> None:
        try:
            encoder.load()
        except EncoderError as error:
            log.warning("the model that is about to serve cannot be loaded", reason=str(error))

    threading.Thread(target=load, name="coming model", daemon=True).start()

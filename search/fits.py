"""What the index learned from a corpus, by key: `fit-<n>` from the database, else what ships with Papertide."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from papers.models import Paper
from papers.tex import to_text
from search import frequencies, vectors, whitening
from search.encoders import encoder_of
from search.frequencies import FrequencyTable
from search.models import Fit
from search.whitening import Transform

CHUNK = 2000  # rows a query brings at a time


class FitError(Exception):
    """There is nothing to fit on, or no such fit; the text says which."""


@dataclass(frozen=True)
class Learned:
    """A whitening transform and document frequencies that belong together."""

    key: str
    transform: Transform
    table: FrequencyTable


def newest_key(model: str, *, before: int | None = None) -> str:
    """The key of the newest fit of this model that is not kept back, else of what ships. before: of those older than
    the fit of this number."""
    fits = Fit.objects.filter(Q(kept_back="") | Q(accepted__isnull=False), model=model)
    if before is not None:
        fits = fits.filter(pk__lt=before)
    found = fits.order_by("pk").values_list("pk", flat=True).last()
    if found is not None:
        return f"fit-{found}"
    return f"prior:{model}"


@lru_cache(maxsize=4)
def load(key: str) -> Learned:
    """What a key names. Raises FitError where the database no longer has that fit."""
    if key.startswith("prior:"):
        model = key.removeprefix("prior:")
        prior = whitening.prior()
        if prior.model != model:
            prior = whitening.rotation(model, encoder_of(model).dimension)
        return Learned(key, prior, frequencies.smoothed(None))
    fit = Fit.objects.filter(pk=key.removeprefix("fit-")).first()
    if fit is None:
        raise FitError(f"the index was made with {key}, which the database does not have")
    table = FrequencyTable.from_bytes(bytes(fit.frequencies))
    return Learned(key, Transform.from_bytes(bytes(fit.whitening)), frequencies.smoothed(table))


def texts() -> Iterator[tuple[str, str]]:
    """Title and abstract of every paper as plain text."""
    rows = Paper.objects.order_by("pk").values_list("title", "abstract")
    for title, abstract in rows.iterator(chunk_size=CHUNK):
        yield to_text(title), to_text(abstract)


def fit_transform(batches: Iterable[vectors.Vectors], model: str, dimension: int) -> Transform:
    """A transform by the settings' β and γ. Raises ValueError without a vector."""
    return whitening.fit(
        batches,
        model=model,
        dimension=dimension,
        beta=settings.WHITENING_BETA,
        gamma=settings.WHITENING_GAMMA,
        fitted=timezone.now().date().isoformat(),
    )


def fit_corpus(model: str, *, kept_back: str = "") -> Fit:
    """Fit on everything the database holds and keep the result; the next rebuild uses it, unless `kept_back` says why
    not.

    Raises FitError where no paper has a vector yet.
    """
    stream = vectors.stream(model)
    first = next(stream, None)
    if first is None:
        raise FitError("no paper has a vector yet: run manage.py index first")

    def batches() -> Iterator[vectors.Vectors]:
        yield first[1]
        for _, rows in stream:
            yield rows

    transform = fit_transform(batches(), model, first[1].shape[1])
    table = frequencies.count(texts())
    return Fit.objects.create(
        model=model,
        papers=transform.papers,
        whitening=transform.to_bytes(),
        frequencies=table.to_bytes(),
        kept_back=kept_back,
    )


def kept_back() -> Fit | None:
    """The newest fit of all, where it was compared and kept back."""
    newest = Fit.objects.order_by("-pk").defer("whitening", "frequencies").first()
    return newest if newest is not None and newest.is_kept_back and newest.figures is not None else None


def accept(number: int, by: str, why: str) -> Fit:
    """Take a fit that was kept back into use all the same: the next rebuild makes an index with it, and workers begin
    one within a minute. Raises FitError where there is nothing to accept, or no reason."""
    fit = Fit.objects.defer("whitening", "frequencies").filter(pk=number).first()
    if fit is None:
        raise FitError(f"there is no fit-{number}")
    if not fit.is_kept_back:
        raise FitError(f"fit-{number} is not kept back")
    if not why.strip():
        raise FitError("say why it is to be used all the same")
    fit.accepted, fit.accepted_by, fit.accepted_why = timezone.now(), by, why.strip()
    fit.save(update_fields=["accepted", "accepted_by", "accepted_why"])
    return fit

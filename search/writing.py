"""From papers to documents in batches, for whoever writes them into an index."""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence

from papers.models import Paper
from search.ahead import Ahead
from search.documents import (
    encode_missing,
    missing_vectors,
    paper_text,
    save_keywords,
    with_vectors,
    without_vectors,
)
from search.encoder import Encoder
from search.encoders import encoder_of
from search.engines.base import Document
from search.fits import Learned

# Papers written at once. A batch with texts to encode is cut shorter, so that the first papers are found soon and a
# kill costs seconds of encoding.
BATCH = 2000
ENCODED_BATCH = 256
Progress = Callable[[int], object]


def papers_of(ids: Iterable[int]) -> list[Paper]:
    """Papers in order of their primary keys; those that are gone, and those that arXiv has deleted, are left out."""
    return list(Paper.objects.filter(pk__in=list(ids), removed=False).order_by("pk"))


def removed_of(ids: Iterable[int]) -> list[int]:
    """Those of the primary keys whose papers arXiv has deleted."""
    return list(Paper.objects.filter(pk__in=list(ids), removed=True).values_list("pk", flat=True))


def parts(papers: Sequence[Paper], encoder: Encoder | Ahead) -> Iterator[Sequence[Paper]]:
    """The papers in stretches of at most ENCODED_BATCH texts to encode each; an encoder that works ahead begins with a
    stretch while the one before it is in use."""
    missing = {paper.pk for paper in missing_vectors(papers, encoder.name)}
    waiting = None
    for part in _cut(papers, missing):
        if isinstance(encoder, Ahead):
            encoder.begin([paper_text(paper) for paper in part if paper.pk in missing])
        if waiting is not None:
            yield waiting
        waiting = part
    if waiting is not None:
        yield waiting


def prepare(papers: Sequence[Paper], learned: Learned, width: int, encoder: Ahead | None = None) -> list[Document]:
    """The documents of papers, by the model of `learned`; by `encoder` where it has that model. Stores the vectors and
    keyphrases that were missing."""
    model = learned.transform.model
    described = without_vectors(papers, learned)  # first: the encoder is at work meanwhile
    encode_missing(papers, encoder if encoder is not None and encoder.name == model else encoder_of(model))
    documents = with_vectors(described, learned, width)
    save_keywords(papers, documents)
    return documents


def _cut(papers: Sequence[Paper], missing: Container[int]) -> Iterator[Sequence[Paper]]:
    begin = count = 0
    for place, paper in enumerate(papers, 1):
        count += paper.pk in missing
        if count == ENCODED_BATCH or place == len(papers):
            yield papers[begin:place]
            begin, count = place, 0

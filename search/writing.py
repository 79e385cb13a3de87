"""From papers to documents in batches, for whoever writes them into an index."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from papers.models import Paper
from search.documents import encode_missing, make_documents, missing_vectors, save_keywords
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


def parts(papers: Sequence[Paper], model: str) -> Iterator[Sequence[Paper]]:
    """The papers in stretches of at most ENCODED_BATCH texts to encode by this model each."""
    while papers:
        part = _cut(papers, model)
        yield part
        papers = papers[len(part) :]


def prepare(papers: Sequence[Paper], learned: Learned, width: int) -> list[Document]:
    """The documents of papers, by the model of `learned`. Stores the vectors and keyphrases that were missing."""
    encode_missing(papers, encoder_of(learned.transform.model))
    documents = make_documents(papers, learned, width)
    save_keywords(papers, documents)
    return documents


def _cut(papers: Sequence[Paper], model: str) -> Sequence[Paper]:
    missing = {paper.pk for paper in missing_vectors(papers, model)}
    count = 0
    for place, paper in enumerate(papers):
        count += paper.pk in missing
        if count == ENCODED_BATCH:
            return papers[: place + 1]
    return papers

"""In how many papers each word and each title phrase occurs: what makes a term rare or common.

A site counts its own papers; `smoothed` adds what ships with the project (`prior`) as if it were a fixed number of
papers more, so that a site with two hundred papers already knows that "model" is a common word.
"""

import io
import json
import math
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search.analysis import stems
from search.keyphrase_candidates import phrase_keys

PRIOR = Path(__file__).parent / "data" / "frequencies-prior.npz"
FORMAT = 1
# What the prior weighs against a site's own papers.
PSEUDO_PAPERS = 10_000
# Bounds of a table: what is rarer than the first so many is forgotten.
MOST_STEMS = 200_000
MOST_PHRASES = 200_000
# While counting, what was seen once is thrown out whenever more than this is held.
_HELD = 1_500_000
# Bounds of the file that ships.
_PRIOR_LEAST = 5
_PRIOR_STEMS = 50_000
_PRIOR_PHRASES = 60_000
# A word is a name where so many papers write it inside a sentence and this share of them with a capital.
_NAME_LEAST = 20
_NAME_SHARE = 0.7
_INSIDE_SENTENCE = re.compile(r"(?:(?<=[^\W\d_A-Z] )|(?<=, )|(?<=[^\W\d_]-))[^\W\d_]{2,}\b")
# A table within the bounds above is far smaller than this when unpacked; more is refused before it is unpacked.
_LARGEST_FILE = 64 * 1024 * 1024


class FrequencyError(ValueError):
    """The bytes are no frequency table; the text says why."""


@dataclass(frozen=True, eq=False)
class FrequencyTable:
    """Document frequencies over `papers` papers, and those of a background that stands in for papers not yet here.

    `stems`: in how many papers title or abstract hold a stem (of `analysis.stems`). `phrases`: in how many titles a
    phrase of one to three words stands, by `phrase_keys`. Both leave out what occurs in one paper only. `names`:
    lower-case words that are written with a capital inside a sentence.
    """

    papers: int
    stems: Mapping[str, int]
    phrases: Mapping[str, int]
    names: frozenset[str] = frozenset()
    background: "FrequencyTable | None" = field(default=None, repr=False)

    @cached_property
    def weight(self) -> float:
        """How much one paper of the background counts."""
        return PSEUDO_PAPERS / self.background.papers if self.background and self.background.papers else 0.0

    @cached_property
    def total(self) -> float:
        """Number of papers, those of the background included at their weight."""
        return self.papers + (self.weight * self.background.papers if self.background else 0)

    def stem_df(self, stem: str) -> float:
        """In how many of `total` papers a stem occurs."""
        own = self.stems.get(stem, 0)
        return own + self.weight * self.background.stems.get(stem, 0) if self.background else own

    def phrase_df(self, key: str) -> float:
        """In how many of `total` titles the phrase of this key stands."""
        own = self.phrases.get(key, 0)
        return own + self.weight * self.background.phrases.get(key, 0) if self.background else own

    def idf(self, stem: str) -> float:
        """ln((1 + N) / (1 + df)): 0 for a word of every paper."""
        return math.log((1 + self.total) / (1 + self.stem_df(stem)))

    def is_name(self, word: str) -> bool:
        """Whether a lower-case word is commonly written with a capital."""
        return word in self.names or (self.background is not None and word in self.background.names)

    def is_known(self, stem: str) -> bool:
        """Whether the table or its background holds a stem."""
        return stem in self.stems or (self.background is not None and stem in self.background.stems)

    def finds_others(self, stem: str) -> bool:
        """False where a search for the stem would find no second one of the papers that were counted."""
        return self.papers == 0 or stem in self.stems

    def to_bytes(self) -> bytes:
        """The table without its background as a compressed npz file; equal tables give equal bytes."""
        header = json.dumps({"format": FORMAT, "papers": self.papers})
        out = io.BytesIO()
        np.savez_compressed(
            out,
            header=_bytes([header]),
            stems_text=_bytes(sorted(self.stems)),
            stems_df=_figures(self.stems),
            phrases_text=_bytes(sorted(self.phrases)),
            phrases_df=_figures(self.phrases),
            names_text=_bytes(sorted(self.names)),
        )
        return out.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "FrequencyTable":
        """A table from `to_bytes`. Raises FrequencyError for anything else; never unpickles."""
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                if sum(entry.file_size for entry in archive.infolist()) > _LARGEST_FILE:
                    raise FrequencyError("not a frequency table: too large")
            with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                header = json.loads(arrays["header"].tobytes())
                if not isinstance(header, dict) or header.get("format") != FORMAT:
                    raise FrequencyError("not a frequency table of this version")
                return cls(
                    papers=int(header["papers"]),
                    stems=_counts(arrays["stems_text"], arrays["stems_df"]),
                    phrases=_counts(arrays["phrases_text"], arrays["phrases_df"]),
                    names=frozenset(_lines(arrays["names_text"])),
                )
        except FrequencyError:
            raise
        except (
            ValueError,
            KeyError,
            TypeError,
            OSError,
            EOFError,
            zipfile.BadZipFile,
            NotImplementedError,
        ) as error:
            raise FrequencyError(f"not a frequency table: {error}") from error


def _bytes(lines: list[str]) -> NDArray[np.uint8]:
    return np.frombuffer("\n".join(lines).encode(), dtype=np.uint8)


def _figures(counts: Mapping[str, int]) -> NDArray[np.uint32]:
    return np.array([counts[key] for key in sorted(counts)], dtype="<u4")


def _lines(text: NDArray[np.uint8]) -> list[str]:
    decoded = text.tobytes().decode()
    return decoded.split("\n") if decoded else []


def _counts(text: NDArray[np.uint8], df: NDArray[np.uint32]) -> dict[str, int]:
    return dict(zip(_lines(text), (int(count) for count in df), strict=True))


def _pruned(counts: Counter[str], least: int, most: int) -> dict[str, int]:
    """The `most` most frequent of those that occur `least` times, ties in the order of the alphabet."""
    kept = [(key, count) for key, count in counts.items() if count >= least]
    if len(kept) > most:
        kept.sort(key=lambda item: (-item[1], item[0]))
        del kept[most:]
    return dict(kept)


def _forget(counts: Counter[str]) -> None:
    """Throw out what was seen once when too much is held."""
    if len(counts) > _HELD:
        for key in [key for key, count in counts.items() if count == 1]:
            del counts[key]


def _count(texts: Iterable[tuple[str, str]]) -> tuple[int, Counter[str], Counter[str]]:
    papers = 0
    found: Counter[str] = Counter()
    phrases: Counter[str] = Counter()
    for title, abstract in texts:
        papers += 1
        found.update(set(stems(f"{title}\n{abstract}")))
        phrases.update(phrase_keys(title))
        _forget(found)
        _forget(phrases)
    return papers, found, phrases


def count(texts: Iterable[tuple[str, str]]) -> FrequencyTable:
    """The table of a stream of (title, abstract), both plain text; what occurs in one paper only is left out.

    Memory stays bounded (some 300 MB at worst); over a million papers a count may be too low by a few for terms that
    are as rare as that.
    """
    papers, found, phrases = _count(texts)
    return FrequencyTable(papers, _pruned(found, 2, MOST_STEMS), _pruned(phrases, 2, MOST_PHRASES))


def build_prior(records: Iterable[tuple[str, str]]) -> bytes:
    """The file that ships, from a large stream of (title, abstract): the frequent stems and phrases, and the names."""
    written: Counter[str] = Counter()

    def watched() -> Iterator[tuple[str, str]]:
        for title, abstract in records:
            written.update(set(_INSIDE_SENTENCE.findall(abstract)))
            _forget(written)
            yield title, abstract

    papers, found, phrases = _count(watched())
    names = {
        word.lower()
        for word, times in written.items()
        if word.istitle() and times >= _NAME_LEAST and times >= _NAME_SHARE * (times + written[word.lower()])
    }
    return FrequencyTable(
        papers,
        _pruned(found, _PRIOR_LEAST, _PRIOR_STEMS),
        _pruned(phrases, _PRIOR_LEAST, _PRIOR_PHRASES),
        frozenset(names),
    ).to_bytes()


@cache
def prior() -> FrequencyTable:
    """The table that ships with the project, made from several hundred thousand arXiv records."""
    return FrequencyTable.from_bytes(PRIOR.read_bytes())


@lru_cache(maxsize=4)
def smoothed(table: FrequencyTable | None) -> FrequencyTable:
    """The table with the prior behind it at the weight of PSEUDO_PAPERS papers; None is a site without papers."""
    own = table if table is not None else FrequencyTable(0, {}, {})
    return replace(own, background=prior())

"""What changed between two versions of a paper that were seen here: title, abstract and authors, word by word."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from itertools import pairwise, takewhile
from typing import Final

from papers import tex
from papers.models import Paper, PaperVersion

CONTEXT: Final = 8  # words left standing on each side of what changed
_LONG: Final = 3 * CONTEXT  # words: a longer stretch that is the same is folded
_GLUE: Final = 4  # words: a shorter stretch between two larger changes is taken for chance
_MOST_STEPS: Final = 600_000  # of a comparison at worst; some 40 ms
_SENTENCE_ENDS: Final = frozenset(".!?")

# A formula is one word, whatever stands in it. Each branch stops at the next opener of its kind: linear time.
_TOKEN: Final = re.compile(
    r"""
    (?: \$\$ [^\\$]*+ (?: \\. [^\\$]*+ )*+ \$\$
      | \$ [^\\$]*+ (?: \\. [^\\$]*+ )*+ \$
      | \\\( [^\\]*+ (?: \\[^()] [^\\]*+ )*+ \\\)
      | \\\[ [^\\]*+ (?: \\[^\[\]] [^\\]*+ )*+ \\\]
      | \w+ (?: ['’-] \w+ )*+
      | \S
    ) \s*+
    """,
    re.VERBOSE | re.DOTALL,
)
_Match = tuple[int, int, int]  # tokens from here in the old text are those from there in the new one, so many
_Change = tuple[int, int, int, int]  # old tokens from, until; new tokens from, until


@dataclass(frozen=True, slots=True)
class Text:
    """What one version says, as it is shown; `version` is 0 where the number is not known."""

    version: int
    title: str
    abstract: str
    authors: tuple[str, ...]
    submitted: datetime | None

    @classmethod
    def of(cls, row: Paper | PaperVersion) -> "Text":
        """The newest version of a paper, or an earlier one."""
        submitted = row.submitted if isinstance(row, PaperVersion) else row.updated or row.published
        names = tuple(tex.to_text(name) for name in row.authors)
        return cls(row.version or 0, tex.to_text(row.title), tex.to_text(row.abstract), names, submitted)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that stays (`kind` empty), is `gone`, `came`, or is the same and left out (`fold`)."""

    kind: str
    text: str
    space: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """From one version to a later one; what is empty is the same in both. `order` are the authors in their new order,
    where those of both versions have changed places."""

    old: int
    new: int
    title: list[Piece]
    abstract: list[Piece]
    added: list[str]
    removed: list[str]
    order: list[str]

    @property
    def same(self) -> bool:
        """Whether none of it changed."""
        return not (self.title or self.abstract or self.authors)

    @property
    def authors(self) -> bool:
        """Whether the authors changed."""
        return bool(self.added or self.removed or self.order)

    @property
    def skips(self) -> bool:
        """Whether there were versions between the two, which were not seen here."""
        return self.old > 0 and self.new - self.old > 1


def difference(old: Text, new: Text) -> Difference:
    """What changed from `old` to `new`. Authors that one of them does not know have not changed."""
    known = bool(old.authors and new.authors)
    added, removed, order = _authors(old.authors, new.authors) if known else ([], [], [])
    return Difference(
        old.version,
        new.version,
        compare(old.title, new.title),
        compare(old.abstract, new.abstract, fold=True),
        added,
        removed,
        order,
    )


def compare(old: str, new: str, *, fold: bool = False) -> list[Piece]:
    """The new text with what changed from the old one, word by word; empty where the words are the same.

    With `fold`, long stretches that are the same are left out but for some words around each change.
    """
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    keys_before, keys_after = [word.rstrip() for word in before], [word.rstrip() for word in after]
    if keys_before == keys_after:
        return []
    changes = _without_chance(list(_changes(_matches(keys_before, keys_after), before, after)), after)
    pieces: list[Piece] = []
    at = 0
    for old_from, old_until, new_from, new_until in changes:
        pieces += _same(after[at:new_from], before[old_from - 1 : old_from], bool(pieces), True, fold)
        gone, came = "".join(before[old_from:old_until]), "".join(after[new_from:new_until])
        if gone:
            pieces.append(Piece("gone", gone.rstrip(), " " if came or gone[-1].isspace() else ""))
        if came:
            pieces.append(Piece("came", came.rstrip(), " " if came[-1].isspace() else ""))
        at = new_until
    return pieces + _same(after[at:], [], True, False, fold)


def _same(words: list[str], old_end: list[str], follows: bool, leads: bool, fold: bool) -> list[Piece]:
    """A stretch that is the same, between changes where it `follows` one and `leads` to one. It ends with a space if
    it did so in the old text, of which the next words may be."""
    if not words:
        return []
    if leads and old_end and old_end[0][-1].isspace() and not words[-1][-1].isspace():
        words = [*words[:-1], words[-1] + " "]
    if not fold or len(words) <= _LONG:
        return [Piece("", "".join(words))]
    head = [Piece("", "".join(words[:CONTEXT]).rstrip(), " ")] if follows else []
    tail = [Piece("", "".join(words[-CONTEXT:]))] if leads else []
    return [*head, Piece("fold", "…", " "), *tail]


def _changes(matches: Iterable[_Match], before: Sequence[str], after: Sequence[str]) -> Iterator[_Change]:
    """What stands between the matches."""
    at_old = at_new = 0
    for old, new, size in (*matches, (len(before), len(after), 0)):
        if old > at_old or new > at_new:
            yield at_old, old, at_new, new
        at_old, at_new = old + size, new + size


def _without_chance(changes: list[_Change], after: Sequence[str]) -> list[_Change]:
    """Changes joined where but a few words between them are the same, and those shorter than what changed around."""
    joined: list[_Change] = []
    for change in changes:
        if joined:
            last = joined[-1]
            between = change[2] - last[3]
            size = len("".join(after[last[3] : change[2]]))
            if between < _GLUE and size <= 6 * min(_weight(last), _weight(change)):
                joined[-1] = (last[0], change[1], last[2], change[3])
                continue
        joined.append(change)
    return joined


def _weight(change: _Change) -> int:
    return max(change[1] - change[0], change[3] - change[2])


def _matches(old: list[str], new: list[str], *, whole: bool = True) -> list[_Match]:
    """Where the words are the same, in order. Texts so long or so monotonous that a comparison by words could take
    long are compared by sentences first, and by words only within those that changed."""
    head = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
    rest_old, rest_new = old[head:], new[head:]
    backwards = zip(reversed(rest_old), reversed(rest_new), strict=False)
    tail = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], backwards))
    middle_old, middle_new = rest_old[: len(rest_old) - tail], rest_new[: len(rest_new) - tail]
    if _steps(middle_old, middle_new) <= _MOST_STEPS:
        middle = _equal(middle_old, middle_new)
    else:
        middle = _by_sentences(middle_old, middle_new) if whole else []
    ends = [(len(old) - tail, len(new) - tail, tail)] if tail else []
    return [(0, 0, head)] * bool(head) + [(i + head, j + head, size) for i, j, size in middle] + ends


def _by_sentences(old: list[str], new: list[str]) -> list[_Match]:
    parts_old, parts_new = _sentences(old), _sentences(new)
    if _steps(parts_old, parts_new) > _MOST_STEPS:
        return []
    places_old, places_new = _places(parts_old), _places(parts_new)
    found: list[_Match] = []
    equal = [*_equal(parts_old, parts_new), (len(parts_old), len(parts_new), 0)]
    for (i, j, size), (next_i, next_j, _) in pairwise([(0, 0, 0), *equal]):
        if size:
            found.append((places_old[i], places_new[j], places_old[i + size] - places_old[i]))
        from_old, from_new = places_old[i + size], places_new[j + size]
        within = _matches(old[from_old : places_old[next_i]], new[from_new : places_new[next_j]], whole=False)
        found += [(a + from_old, b + from_new, many) for a, b, many in within]
    return found


def _sentences(words: list[str]) -> list[tuple[str, ...]]:
    parts: list[list[str]] = [[]]
    for word in words:
        parts[-1].append(word)
        if word in _SENTENCE_ENDS:
            parts.append([])
    return [tuple(part) for part in parts if part]


def _places(parts: Sequence[Sequence[str]]) -> list[int]:
    """Where each part begins, and at last where all end."""
    places = [0]
    for part in parts:
        places.append(places[-1] + len(part))
    return places


def _equal(old: Sequence[object], new: Sequence[object]) -> list[_Match]:
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    return [(block.a, block.b, block.size) for block in blocks if block.size]


def _steps(old: Sequence[object], new: Sequence[object]) -> int:
    """At most so many steps SequenceMatcher takes: pairs of equal words, again for each stretch that is found."""
    counts = Counter(new)
    return sum(counts[word] for word in old) * min(len(old), len(new)) // 2


def _authors(old: Sequence[str], new: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
    """The names added, those removed, and all in their new order where the others changed places."""
    added, stayed_new = _part(new, Counter(old))
    removed, stayed_old = _part(old, Counter(new))
    return added, removed, list(new) if stayed_new != stayed_old else []


def _part(names: Sequence[str], others: Counter[str]) -> tuple[list[str], list[str]]:
    """Names that are not among the others, and those that are; a name may be there twice."""
    only: list[str] = []
    both: list[str] = []
    for name in names:
        (both if others[name] > 0 else only).append(name)
        others[name] -= 1
    return only, both


@dataclass(frozen=True, slots=True)
class Change:
    """What can be said of a replacement. `difference` is None where the texts of two versions are not here; then
    `only` is the one version that is (0: its number is not known), or `awaited` the one that is still to come."""

    arxiv_id: str
    difference: Difference | None = None
    only: int | None = None
    awaited: int | None = None
    newest: bool = True


def earlier_versions(papers: Iterable[Paper]) -> dict[int, list[PaperVersion]]:
    """The earlier versions of papers by their primary keys, newest first; one database query."""
    found: dict[int, list[PaperVersion]] = {}
    for row in PaperVersion.objects.filter(paper__in=[paper.pk for paper in papers]).order_by("paper", "-version"):
        found.setdefault(row.paper_id, []).append(row)
    return found


def change_at(paper: Paper, announced: int | None, earlier: Sequence[PaperVersion]) -> Change:
    """The announced version (None: the newest) against the last one that was seen before it; `earlier` newest first.

    Of an announced version that nobody fetched in time the next one seen takes the place.
    """
    if announced is not None and paper.version is not None and paper.version < announced:
        return Change(paper.arxiv_id, awaited=announced)
    rows: list[Paper | PaperVersion] = [paper, *earlier]
    wanted = announced if announced is not None else paper.version or 0
    at = max((place for place, row in enumerate(rows) if (row.version or 0) >= wanted), default=0)
    if at + 1 == len(rows):
        return Change(paper.arxiv_id, only=rows[at].version or 0)
    found = difference(Text.of(rows[at + 1]), Text.of(rows[at]))
    return Change(paper.arxiv_id, found, newest=at == 0)


def history(paper: Paper, earlier: Sequence[PaperVersion]) -> list[tuple[Text, Difference | None]]:
    """All versions seen, newest first, each with what changed in it since the one before; the oldest with None."""
    texts = [Text.of(paper), *map(Text.of, earlier)]
    later = [(new, difference(old, new)) for new, old in pairwise(texts)]
    return [*later, (texts[-1], None)]

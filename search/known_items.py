"""Known-item search: does a paper's own title, mistyped title, or three words of it bring the paper back first?"""

import random
import re
import string
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from papers.models import Paper
from papers.tex import to_text
from search.analysis import STOP_WORDS
from search.query import parse
from search.service import search

KINDS = ("title", "typo", "three")
DEPTH = 10
LEAST_LETTERS = 5  # of a word that gets a typo
LEAST_CONTENT_WORDS = 4  # of a title that three words are drawn from
_LETTERS = re.compile(r"[a-z]+", re.IGNORECASE)
_STOP = frozenset(STOP_WORDS)


@dataclass(frozen=True)
class Item:
    """A paper and the queries that should find it; None where its title is too short for one."""

    paper: int
    title: str
    typo: str | None
    three: str | None


def sample_items(count: int, seed: int) -> list[Item]:
    """Papers of the database whose title occurs once, drawn at random; the same seed over the same papers draws the
    same ones."""
    return draw_items(
        ((number, to_text(title)) for number, title in Paper.objects.values_list("pk", "title")), count, seed
    )


def draw_items(titles: Iterable[tuple[int, str]], count: int, seed: int) -> list[Item]:
    """The same from ids with plain titles."""
    by_title: dict[str, list[int]] = {}
    for number, title in titles:
        by_title.setdefault(title, []).append(number)
    once = sorted((numbers[0], title) for title, numbers in by_title.items() if len(numbers) == 1)
    chance = random.Random(seed)  # noqa: S311 -- a sample, no secret
    return [_item(number, title, chance) for number, title in chance.sample(once, min(count, len(once)))]


def evaluate_items(
    items: Sequence[Item],
    find: Callable[[str], Sequence[int]],
    watch: Callable[[Sequence[Item]], Iterator[Item]],
) -> dict[str, dict[str, float]]:
    """success@1 and success@10 of each kind of query. find: from a query to the ids of the first DEPTH papers."""
    places: dict[str, list[int]] = {kind: [] for kind in KINDS}
    for item in watch(items):
        for kind in KINDS:
            text = getattr(item, kind)
            if text is not None:
                ids = list(find(text))
                places[kind].append(ids.index(item.paper) if item.paper in ids else DEPTH)
    return {kind: {f"success@{depth}": _share(found, depth) for depth in (1, DEPTH)} for kind, found in places.items()}


def find_here(text: str) -> list[int]:
    """The first DEPTH papers of the site's own search."""
    return search(parse(text), size=DEPTH).ids


def with_typo(title: str, chance: random.Random) -> str | None:
    """The title with one letter of a word of five or more changed; None where there is no such word."""
    words = [match for match in _LETTERS.finditer(title) if len(match.group()) >= LEAST_LETTERS]
    if not words:
        return None
    word = chance.choice(words)
    place = chance.randrange(word.start(), word.end())
    letter = chance.choice([one for one in string.ascii_lowercase if one != title[place].lower()])
    return title[:place] + letter + title[place + 1 :]


def three_words(title: str, chance: random.Random) -> str | None:
    """Three random words of three letters or more that are no stop words; None where the title has fewer than four."""
    words = [word for word in _LETTERS.findall(title) if len(word) >= 3 and word.lower() not in _STOP]
    return " ".join(chance.sample(words, 3)) if len(words) >= LEAST_CONTENT_WORDS else None


def _item(number: int, title: str, chance: random.Random) -> Item:
    return Item(number, title, with_typo(title, chance), three_words(title, chance))


def _share(places: Sequence[int], depth: int) -> float:
    return sum(place < depth for place in places) / len(places) if places else 0.0

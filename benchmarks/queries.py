"""Queries of all kinds, drawn from papers by a seed."""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from papers.records import PaperRecord
from papers.tex import to_text
from search import analysis
from search.known_items import with_typo

_RUN = re.compile(r"[^\W_]+")
_ODD = re.compile(r"\\['\"^`~=.a-zA-Z]|\$|[^\x00-\x7f]")
_GREEK = re.compile(r"[^\W\d_]*[\u0370-\u03ff][^\W\d_]*")
_STOP = frozenset(analysis.STOP_WORDS)
_OTHER_SCRIPTS = (
    "нейронные сети",
    "гравитация",
    "神经网络",
    "量子力学",
    "重力",
    "신경망",
    "شبكات",
    "जाल",
    "δίκτυα",
    "รูป",
    "ნეირონული",
    "רשת",
)
_QUESTIONS = (
    "What is known about {} and {}?",
    "How does {} depend on {}?",
    "why is {} hard without {}",
    "Can {} be used for {}?",
    "which methods find {} in {}?",
    "is there a proof that {} implies {}",
)

Draw = Callable[["Chance"], str]


@dataclass(frozen=True)
class Asked:
    """A query as somebody types it. exact: its matches are a plain set, by fields, dates, phrases or operators."""

    kind: str
    text: str
    exact: bool


def draw_queries(records: Sequence[PaperRecord], count: int, seed: int = 1) -> list[Asked]:
    """`count` queries, each kind as often as any other; the same seed over the same papers draws the same ones."""
    chance = Chance(records, seed)
    kinds = [(draw, kind, exact) for exact, draws in ((False, _FREE), (True, _EXACT)) for kind, draw in draws.items()]
    return [
        Asked(kind, draw(chance), exact) for turn in range(count) for draw, kind, exact in [kinds[turn % len(kinds)]]
    ]


class Chance(random.Random):
    """Draws from papers."""

    def __init__(self, records: Sequence[PaperRecord], seed: int) -> None:
        super().__init__(seed)
        self.records = records

    def paper(self, fit: Callable[[PaperRecord], object] = lambda record: True) -> PaperRecord:
        """A paper that `fit` is true of; any where none of many is."""
        for _ in range(2000):
            record = self.choice(self.records)
            if fit(record):
                break
        return record

    def words(self, least: int, most: int) -> list[str]:
        """Words of one paper that are no stop words, each once."""
        while True:
            record = self.paper()
            found = list(dict.fromkeys(_content(to_text(f"{record.title} {record.abstract}"))))
            if len(found) >= most:
                return self.sample(found, self.randint(least, most))

    def word(self) -> str:
        """One such word."""
        return self.words(1, 1)[0]

    def phrase(self, least: int = 2, most: int = 4) -> str:
        """Neighbouring words of an abstract, as they stand."""
        while True:
            words = to_text(self.paper().abstract).split()
            size = self.randint(least, most)
            if len(words) > size:
                start = self.randrange(len(words) - size)
                part = " ".join(words[start : start + size])
                if '"' not in part and any(_content(part)):
                    return part

    def category(self) -> str:
        """A category, or all of its archive."""
        name = self.choice(self.paper().categories)
        return f"{name.partition('.')[0]}.*" if "." in name and self.random() < 0.3 else name

    def dates(self) -> str:
        """A year, a month, a day or a range, dense where the papers are."""
        day = self.paper().published.date()
        other = self.paper().published.date()
        start, end = sorted([day, other])
        return self.choice(
            [f"{day:%Y}", f"{day:%Y-%m}", f"{day}", f"{start}..{end}", f">={day:%Y-%m}", f"<{day:%Y}", f"..{day}"]
        )


def _content(text: str) -> list[str]:
    return [word for word in _RUN.findall(text) if len(word) > 2 and word.lower() not in _STOP]


def question(chance: Chance) -> str:
    """A question about two to four words of one paper."""
    words = chance.words(2, 4)
    half = len(words) // 2
    return chance.choice(_QUESTIONS).format(" ".join(words[:half]), " ".join(words[half:]))


def _mistyped(chance: Chance) -> str:
    while True:
        text = with_typo(chance.paper().title, chance)
        if text is not None:
            return text


def _sentence(chance: Chance) -> str:
    return chance.paper().abstract.partition(". ")[0][:300]


def _other_script(chance: Chance) -> str:
    record = chance.paper(lambda record: _GREEK.search(record.abstract))
    greek = _GREEK.findall(record.abstract)
    if not greek or chance.random() < 0.5:
        return f"{chance.choice(_OTHER_SCRIPTS)} {chance.choice(['', chance.word()])}".strip()
    found = chance.choice(greek)
    return f"{found} {chance.choice(_content(record.abstract))}"


def _author(chance: Chance) -> str:
    name = chance.choice(chance.paper(lambda record: record.authors).authors)
    last = name.split()[-1]
    return chance.choice([f'author:"{to_text(name)}"', f"author:{last}", f"au:{last} {chance.word()}"])


def _comment(chance: Chance) -> str:
    words = _RUN.findall(chance.paper(lambda record: _RUN.search(record.comment)).comment) or ["pages"]
    start = chance.randrange(len(words))
    return chance.choice([f"comment:{words[start]}", f'comment:"{" ".join(words[start : start + 2])}"'])


def _journal(chance: Chance) -> str:
    words = _RUN.findall(chance.paper(lambda record: _RUN.search(record.journal_ref)).journal_ref) or ["Phys"]
    return chance.choice([f"journal:{words[0]}", f'journal:"{" ".join(words[:3])}"'])


def _id(chance: Chance) -> str:
    ids = [chance.paper().arxiv_id for _ in range(chance.randint(1, 3))]
    return chance.choice([f"id:{','.join(ids)}", f"id:{ids[0]} OR cat:{chance.category()}"])


def _either(chance: Chance) -> str:
    first, second = chance.word(), chance.word()
    options = [f"{first} OR {second}", f"title:{first} OR abstract:{second}", f'{first} OR "{chance.phrase(2, 2)}"']
    return chance.choice(options)


def _group(chance: Chance) -> str:
    a, b, c = chance.words(3, 3)
    return chance.choice(
        [
            f"({a} OR {b}) {c}",
            f"({a} {b}) OR ({c} {chance.word()})",
            f"title:({a} OR {b}) {c}",
            f"({a} OR cat:{chance.category()}) ({b} OR date:{chance.dates()})",
        ]
    )


def _without(chance: Chance) -> str:
    a, b = chance.words(2, 2)
    options = [f"{a} -{b}", f"{a} NOT cat:{chance.category()}", f'{a} -"{chance.phrase(2, 2)}"', f"-{a} {b} -title:{b}"]
    return chance.choice(options)


def _mixture(chance: Chance) -> str:
    parts = [
        chance.word(),
        f"cat:{chance.category()}",
        f"date:{chance.dates()}",
        f'"{chance.phrase(2, 2)}"',
        f"-{chance.word()}",
        f"({chance.word()} OR {chance.word()})",
        f"abs:{chance.word()}",
        f"-cat:{chance.category()}",
    ]
    return " ".join(chance.sample(parts, chance.randint(2, 4)))


_FREE: dict[str, Draw] = {
    "one word": Chance.word,
    "several words": lambda chance: " ".join(chance.words(2, 5)),
    "title": lambda chance: to_text(chance.paper().title),
    "mistyped title": _mistyped,
    "question": question,
    "sentence": _sentence,
    "pasted abstract": lambda chance: chance.paper().abstract,
    "TeX and accents": lambda chance: chance.paper(lambda record: _ODD.search(record.title)).title,
    "other scripts": _other_script,
}
_EXACT: dict[str, Draw] = {
    "phrase": lambda chance: f'"{chance.phrase()}"',
    "phrase and words": lambda chance: f'"{chance.phrase(2, 3)}" {" ".join(chance.words(1, 2))}',
    "title:": lambda chance: f"title:{chance.word()} {chance.choice(['', chance.word()])}".strip(),
    "abstract:": lambda chance: f"abs:({' '.join(chance.words(1, 3))})",
    "author:": _author,
    "cat:": lambda chance: f"cat:{chance.category()} {chance.choice(['', chance.word()])}".strip(),
    "comment:": _comment,
    "journal:": _journal,
    "doi:": lambda chance: f"doi:{chance.paper(lambda record: record.doi).doi}",
    "id:": _id,
    "date:": lambda chance: f"date:{chance.dates()}",
    "words and date:": lambda chance: f"{' '.join(chance.words(1, 3))} date:{chance.dates()}",
    "OR": _either,
    "parentheses": _group,
    "exclusion": _without,
    "mixture": _mixture,
}

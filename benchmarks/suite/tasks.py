"""What all peers are asked: tasks of every kind, drawn from the papers of a corpus by a seed."""

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import numpy as np

from benchmarks.queries import Chance, question
from benchmarks.suite.corpus import Corpus
from benchmarks.suite.peers.base import KINDS, Task
from papers.records import PaperRecord, from_json
from papers.tex import to_text
from search.encoder import get_encoder, readable
from search.plan import make_plan
from search.query import parse

COUNT = 60  # of each kind
DRAWN = 1000  # papers that queries are drawn from
SEED = 1


def draw_tasks(corpus: Corpus, count: int = COUNT) -> dict[str, list[Task]]:
    """`count` tasks of each of KINDS, those of "meaning", "both" and "hybrid" with the same texts: words, titles and
    questions by turns. Loads the encoder."""
    chance = Chance(_records(corpus), SEED)
    drawn = {kind: list(_distinct(kind, chance, count)) for kind in KINDS[:6]}
    mixed = [drawn[("words", "title", "question")[turn % 3]][turn] for turn in range(count)]
    mixed = [each for each in (_encoded(task, corpus) for task in mixed) if each is not None]
    drawn |= {kind: [replace(task, kind=kind) for task in mixed] for kind in ("meaning", "both", "hybrid")}
    numbers = chance.sample(range(1, corpus.real + 1), min(count, corpus.real))
    return drawn | {"related": [_relatives(corpus, number) for number in numbers]}


def _records(corpus: Corpus) -> list[PaperRecord]:
    """Some of the papers with real vectors, spread over all of them."""
    places = set(random.Random(SEED).sample(range(corpus.real), min(DRAWN, corpus.real)))
    lines = islice(corpus.records(), corpus.real)
    return [from_json(json.loads(line)) for place, line in enumerate(lines) if place in places]


def _distinct(kind: str, chance: Chance, count: int) -> Iterator[Task]:
    seen: set[str] = set()
    while len(seen) < count:
        task = _draw(kind, chance)
        if task.text not in seen:
            seen.add(task.text)
            yield task


def _draw(kind: str, chance: Chance) -> Task:
    match kind:
        case "word":
            text = chance.word()
        case "words":
            text = " ".join(chance.words(2, 5))
        case "title":
            text = to_text(chance.paper().title)
        case "question":
            text = question(chance)
        case "phrase":
            words = chance.phrase()
            return Task(kind, f'"{words}"', words)
        case _:
            words, paper = " ".join(chance.words(1, 3)), chance.paper()
            category = paper.categories[0]
            years = (max(1991, paper.published.year - 3), paper.published.year)
            text = f"{words} cat:{category} date:{years[0]}..{years[1]}"
            return Task(kind, text, words, category, years)
    return Task(kind, text, text)


def _encoded(task: Task, corpus: Corpus) -> Task | None:
    """The task with its vector; None where the encoder does not read it."""
    text = make_plan(parse(task.text), corpus.table).text
    if not text or not readable(text):
        return None
    vector = get_encoder().encode([text])[0]
    return replace(task, vector=vector, short=corpus.transform.apply(vector[None, :], corpus.width)[0])


def _relatives(corpus: Corpus, number: int) -> Task:
    document = corpus.document(number)
    return Task(
        kind="related",
        text=document.title,
        words=document.title,
        vector=corpus.fetch(np.array([number]))[1][0],
        short=np.array(document.vector),
        paper=number,
        title=document.title,
        abstract=document.abstract,
    )

"""Does the trained model find better than the one that serves? Judged by the site's own ranking (`search.evaluation`)
on what took no part in training: judged sets where the operator has some, else known items of held-out papers."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from papers.models import Paper
from search.encoders import encoder_of
from search.evaluation import JudgedSet, JudgedSetError, Watch, evaluate, read_judged_set
from search.known_items import draw_items
from search.training.pairs import libraries
from search.training.runs import TrainingError

# Less is chance, and a change of model encodes every paper anew: the standard error of one set is .01 to .03.
LEAST_GAIN = 0.002
KNOWN_PAPERS = 1000
KNOWN_QUERIES = 300
LEAST_QUERIES = 50
MEASURE = "ndcg@10"
KNOWN = "known items"


@dataclass(frozen=True)
class Verdict:
    """Hybrid nDCG@10 of each set by both models: (the one that served, the trained one). against: which one served.
    wins: whether the trained one is used; reason: why or why not."""

    figures: Mapping[str, tuple[float, float]]
    against: str
    wins: bool
    reason: str

    def told(self) -> dict[str, Any]:
        """As it is kept with the model."""
        return asdict(self)


def judged_sets(folders: Sequence[Path]) -> dict[str, JudgedSet]:
    """The judged sets in these folders, or in folders right below them, by name. Raises TrainingError without any."""
    found: dict[str, JudgedSet] = {}
    for folder in folders:
        own = (
            [folder] if (folder / "qrels.tsv").is_file() else sorted(path.parent for path in folder.glob("*/qrels.tsv"))
        )
        if not own:
            raise TrainingError(f"{folder} holds no judged set: corpus.jsonl[.gz], queries.jsonl and qrels.tsv.")
        try:
            found |= {each.name: read_judged_set(each) for each in own}
        except JudgedSetError as error:
            raise TrainingError(str(error)) from error
    return found


def known_items(seed: int) -> dict[str, JudgedSet]:
    """Held-out papers of the site, to be found by three words of their titles; empty where there are too few."""
    numbers = list(libraries()[1].ids)
    papers = {number: (title, abstract) for number, title, abstract in _texts(numbers[:KNOWN_PAPERS])}
    items = draw_items(((number, title) for number, (title, _) in papers.items()), KNOWN_QUERIES, seed)
    queries = {str(item.paper): item.three for item in items if item.three}
    if len(queries) < LEAST_QUERIES:
        return {}
    corpus = {str(number): texts for number, texts in papers.items()}
    return {KNOWN: JudgedSet(corpus, queries, {key: {key: 1.0} for key in queries})}


def judge(model: str, against: str, facts: Mapping[str, Any], sets: Mapping[str, JudgedSet], watch: Watch) -> Verdict:
    """Judge a trained model against the one that serves. facts: those of its run; the held-out pairs come first, since
    a model that has learned nothing need not be judged. Raises EncoderError."""
    before, after = facts["before"], facts["after"]
    if after is None or after >= before:
        return Verdict({}, against, False, f"the loss of held-out pairs is no lower than before ({before:.4f})")
    if not sets:
        return Verdict(
            {}, against, False, f"fewer than {LEAST_QUERIES} held-out papers have titles to find them by; give --judge"
        )
    figures = {}
    for name, judged in sets.items():
        old, new = (_hybrid(judged, each, watch) for each in (against, model))
        figures[name] = (old, new)
    gain = mean_gain(figures)
    wins = gain >= LEAST_GAIN
    reason = f"mean nDCG@10 {gain:+.4f}; {LEAST_GAIN:+} is the least that is worth encoding every paper anew"
    return Verdict(figures, against, wins, reason)


def mean_gain(figures: Mapping[str, tuple[float, float]]) -> float:
    """The mean over the sets of what the second figure has more than the first."""
    return sum(new - old for old, new in figures.values()) / len(figures)


def _hybrid(judged: JudgedSet, model: str, watch: Watch) -> float:
    [found] = evaluate(judged, encoder_of(model), ["hybrid"], watch).values()
    return found["hybrid"][MEASURE]


def _texts(numbers: Sequence[int]) -> list[tuple[int, str, str]]:
    return list(Paper.objects.filter(pk__in=numbers).order_by("pk").values_list("pk", "title", "abstract"))

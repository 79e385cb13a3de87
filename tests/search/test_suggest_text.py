import pytest

from search.query import FIELDS, parse
from search.suggest_categories import categories
from search.suggest_text import KINDS, LONGEST, begun

ADDED = ("category", "keyword", "author")


def first(text: str) -> tuple[str, str, tuple[str, ...]] | None:
    """What is completed first."""
    found = next(begun(text), None)
    return None if found is None else (found.kept, found.part.strip(), found.kinds)


@pytest.mark.parametrize(
    ("text", "kept", "part", "kinds"),
    [
        ("graph neu", "", "graph neu", KINDS),
        ("  graph  neu ", "", "graph  neu", KINDS),
        ("(graph neu", "", "(graph neu", KINDS),
        ("Deep (again) lea", "", "Deep (again) lea", KINDS),
        ("Title: a le", "", "Title: a le", KINDS),
        ("BERT: pre-tra", "", "BERT: pre-tra", KINDS),
        ("a - b", "", "a - b", KINDS),
        ("don't", "", "don't", KINDS),
        ("author:smi", "", "smi", ("author",)),
        ("AU:smi", "", "smi", ("author",)),
        ("au: smi", "", "smi", ("author",)),
        ('author:"ann smi', "", "ann smi", ("author",)),
        ("author:“ann smi", "", "ann smi", ("author",)),
        ("x -author:smi", "x -", "smi", ("author",)),
        ("(author:smi", "(", "smi", ("author",)),
        ("a|author:smi", "a|", "smi", ("author",)),
        ("title:deep lea", "title:deep", "lea", ADDED),
        ("ti:dee", "", "dee", ("title",)),
        ("cat:cs", "", "cs", ("category",)),
        ("cat:cs.LG,cs.A", "cat:cs.LG,", "cs.A", ("category",)),
        ("cat:cs.LG deep lea", "cat:cs.LG", "deep lea", ADDED),
        ("cat:cs.LG (deep lea", "cat:cs.LG (", "deep lea", ADDED),
        ("deep OR lea", "deep OR", "lea", ADDED),
        ("deep AND (lea", "deep AND (", "lea", ADDED),
        ("deep|lea", "deep|", "lea", ADDED),
        ('"deep learning" rec', '"deep learning"', "rec", ADDED),
        ('"deep lea', "", "deep lea", ("keyword",)),
        ('a -"deep lea', "a -", "deep lea", ("keyword",)),
        ("-x deep", "-x", "deep", ADDED),
        ("deep -x", "deep -x", "", ADDED),
        ('"deep"', '"deep"', "", ADDED),
        ("x-title:deep", "", "x-title:deep", KINDS),
    ],
)
def test_the_part_that_is_being_written(text: str, kept: str, part: str, kinds: tuple[str, ...]) -> None:
    assert first(text) == (kept, part, kinds)


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_every_field_is_known(name: str) -> None:
    found = first(f"{name}:abc")
    assert found is None or found[2] == ({"cat": "category"}.get(FIELDS[name], FIELDS[name]),)
    assert (found is None) == (FIELDS[name] not in {"cat", "author", "title"})


@pytest.mark.parametrize("text", ["\\", 'Schr\\"od', "x" * (LONGEST + 1), 'abs:"deep lea', "date:20"])
def test_what_cannot_be_completed(text: str) -> None:
    assert first(text) is None


def test_the_last_words_alone_are_tried_last() -> None:
    assert [(each.kept, each.part) for each in begun("a survey of graph neu")] == [
        ("", "a survey of graph neu"),
        ("a survey of ", "graph neu"),
        ("a survey of graph ", "neu"),
    ]
    assert [each.part for each in begun("deep of the")] == ["deep of the"]  # stop words begin nothing


@pytest.mark.parametrize(
    ("text", "query", "whole"),
    [
        ("deep lea", '"deep learning"', '"deep learning"'),
        ("cat:cs.LG deep lea", '"deep learning"', 'cat:cs.LG "deep learning"'),
        ("a OR lea", '"learning"', 'a OR "learning"'),
        ("a (lea OR b", '"bee"', 'a (lea OR "bee"'),
        ("-author:smi", 'author:"Ann Smith"', '-author:"Ann Smith"'),
        ("cat:cs.LG,cs", "cat:cs.AI", "cat:cs.LG,cs.AI"),
        ("cat:cs.LG, neural net", '"neural network"', 'cat:cs.LG, "neural network"'),
        ("-survey, Smi", 'author:"Ann Smith"', '-survey, author:"Ann Smith"'),
    ],
)
def test_the_rest_is_kept(text: str, query: str, whole: str) -> None:
    assert next(begun(text)).completed(query) == whole
    assert parse(whole).tree is not None


@pytest.mark.parametrize(
    ("typed", "codes"),
    [
        ("cs", ["cs.*", "cs.AI", "cs.AR", "cs.CC"]),
        ("CS.l", ["cs.LG", "cs.LO"]),
        ("cs.na", ["math.NA"]),
        ("stat.th", ["math.ST"]),
        ("math", ["math.*", "math.AC", "math.AG", "math.AP"]),
        ("hep-th", ["hep-th"]),
        ("machine learning", ["cs.LG", "stat.ML"]),
        ("learning mach", ["cs.LG", "stat.ML"]),
        ("computer vis", ["cs.CV"]),
        ("vision", ["cs.CV"]),
        ("supercond", ["cond-mat.supr-con", "supr-con"]),
        ("m", ["math.*", "math.AC", "math.AG", "math.AP"]),
        ("", []),
        ("  ", []),
        (".", []),
        ("zzz", []),
        ("machine cooking", []),
    ],
)
def test_categories_by_code_and_name(typed: str, codes: list[str]) -> None:
    assert [code for code, _ in categories(typed)] == codes
    assert all(parse(f"cat:{code}").tree is not None and not parse(f"cat:{code}").notes for code in codes)

from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from search.query import (
    MAX_QUERY_LENGTH,
    And,
    Field,
    Node,
    Not,
    Or,
    Phrase,
    Range,
    Word,
    binding_and_free,
    parse,
    to_text,
    words_of,
)


@pytest.mark.parametrize(
    ("text", "binding", "free"),
    [
        ("", "", []),
        ("a", "", ["a"]),
        ("a b", "", ["a", "b"]),
        ("a OR b", "", ["a OR b"]),
        ("a OR (b c) d", "", ["a OR (b c)", "d"]),
        ('"a b"', '"a b"', []),
        ("-a", "-a", []),
        ("title:a", "title:a", []),
        ('a "b c" d -e cat:cs.CL date:2024-01-01', '"b c" -e cat:cs.CL date:2024-01-01', ["a", "d"]),
        ("a (b OR title:c) d", "b OR title:c", ["a", "d"]),
        ('a OR (b -c) OR "d"', 'a OR (b -c) OR "d"', []),
        ("a -b", "-b", ["a"]),
    ],
)
def test_binding_and_free_parts(text, binding, free):
    bound, loose = binding_and_free(parse(text).tree)
    assert to_text(bound) == binding
    assert [to_text(part) for part in loose] == free


def test_several_binding_parts_are_one_and():
    binding, free = binding_and_free(parse("-a x cat:cs.CL").tree)
    assert binding == And((Not(Word("a")), Field("cat", Word("cs.CL"))))
    assert free == (Word("x"),)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ()),
        ("Graph nets", ("Graph", "nets")),
        ('a "b c" d', ("a", "b", "c", "d")),
        ("a -b -(c d) NOT e", ("a",)),
        ("a (b OR c) OR d", ("a", "b", "c", "d")),
        ('title:a abs:"b c" title:(d -e)', ("a", "b", "c", "d")),
        ("author:x cat:cs.CL id:2401.00001 co:y jr:z doi:10.1000/182 date:2024 a", ("a",)),
    ],
)
def test_words_are_the_positive_ones_of_title_and_abstract(text, words):
    assert words_of(parse(text).tree) == words


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("a | b AND (c d)", "a OR b c d"),
        ("a|(b c)", "a OR (b c)"),
        ("NOT (a|b)", "-(a OR b)"),
        ("ti:(a b)", "title:(a b)"),
        ("cat:cs -cat:CS.NA", "cat:cs.* -cat:math.NA"),
        ("date:2024-02 date:>2024", "date:2024-02-01..2024-02-29 date:2025-01-01.."),
        ("date:<2020 date:2024-03-05", "date:..2019-12-31 date:2024-03-05"),
        ("“a  b”", '"a b"'),
        ("2401.00001v1 2401.00002", "id:(2401.00001 OR 2401.00002)"),
    ],
)
def test_canonical_text(text, canonical):
    assert to_text(parse(text).tree) == canonical


def test_no_tree_has_no_text():
    assert to_text(None) == ""


SCRAPS = [
    *' "“”|:,;$\\(){}-.!?/+*[]<>#%',
    *(
        "\t",
        "\u3000",
        "\x00",
        "\ud800",
        "\u200b",
        "a",
        "Bc",
        "é",
        "注意",
        "：",
        "’",
        "5",
        "2024",
        "2024-03",
        "..",
    ),
    *(
        "or",
        "OR",
        "AND",
        "NOT",
        "--",
        "$x$",
        "\\$",
        '\\"',
        '\\"o',
        "\\i",
        ">",
        "<=",
        "new",
        "foo:",
        "auther:",
    ),
    *("title:", "ti:", "au:", "cat:", "id:", "doi:", "jr:", "date:", "sort:", "arXiv:", "math.GT/0309136"),
    *(
        "cs.CL",
        "cs",
        "hep-th",
        "cs.*",
        "math.MP",
        "2401.00001",
        "2401.00001v2",
        "https://arxiv.org/abs/2401.00001",
    ),
    *("10.1016/S0370-2693(98)00123-4", "10.48550/arXiv.2401.00001", "10.1/a"),
]
scraps = st.lists(st.sampled_from(SCRAPS), max_size=40)


@given(scraps.map("".join) | scraps.map(" ".join) | st.text(max_size=200))
@example("$5 $ x$")
@example("$5 sort:$ x$")
@example(":10.48550/arXiv.2401.00001")
@example('doi:"(a)b"')
@example("id:title:x,y")
@example('10.1/a\\""\\"o"')
@settings(max_examples=600, deadline=None)
def test_anything_is_read_and_reads_back(text):
    query = parse(text)
    assert query.text.encode() is not None
    assert all(note.endswith(".") for note in query.notes)
    canonical = to_text(query.tree)
    assert canonical.encode() is not None
    assert len(canonical) > MAX_QUERY_LENGTH or parse(canonical).tree == query.tree
    binding, free = binding_and_free(query.tree)
    assert set(words_of(binding)).union(*map(words_of, free)) == set(words_of(query.tree))
    assert parse(query.text) == query


words = st.sampled_from(["a", "Bc", "x-y", "$a b$", 'o\\"o', "注意", "or"]).map(Word)
phrases = st.sampled_from(["a", "b c", "d - (e) OR:", "$x"]).map(Phrase)
days = st.dates(date(1991, 1, 1), date(2030, 1, 1))
closed = st.tuples(days, days).map(lambda pair: Range(min(pair), max(pair)))
ranges = closed | days.map(lambda day: Range(day, None)) | days.map(lambda day: Range(None, day))


def groups(parts: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    """Trees one level higher, of the shapes that nodes promise: no And in And, no Or in Or, no Not in Not."""
    lists = st.lists(parts, min_size=2, max_size=4)
    return st.one_of(
        lists.map(lambda nodes: And(tuple(node for node in nodes if not isinstance(node, And)))),
        lists.map(lambda nodes: Or(tuple(node for node in nodes if not isinstance(node, Or)))),
        parts.filter(lambda node: not isinstance(node, Not)).map(Not),
    ).filter(lambda node: isinstance(node, Not) or len(node.children) > 1)


values = st.recursive(words | phrases, groups, max_leaves=4).filter(lambda node: not isinstance(node, Not))
fields = st.builds(Field, st.sampled_from(["title", "abstract", "author", "comment", "journal"]), values)
trees = st.recursive(words | phrases | fields | ranges, groups, max_leaves=12)


@given(trees)
@settings(max_examples=300, deadline=None)
def test_every_tree_has_a_text_that_reads_back(tree):
    query = parse(to_text(tree))
    assert query.tree == tree
    assert query.notes == ()

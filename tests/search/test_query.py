import time
from datetime import date

import pytest

from papers.categories import ARCHIVES, CATEGORIES
from search.query import (
    MAX_DEPTH,
    MAX_QUERY_LENGTH,
    MAX_TERMS,
    And,
    Field,
    Node,
    Not,
    Or,
    Phrase,
    Range,
    Word,
    parse,
    to_text,
    words_of,
)


def w(text: str) -> Word:
    return Word(text)


def both(*children: Node | str) -> And:
    return And(tuple(Word(child) if isinstance(child, str) else child for child in children))


def either(*children: Node | str) -> Or:
    return Or(tuple(Word(child) if isinstance(child, str) else child for child in children))


def field(name: str, child: Node | str) -> Field:
    return Field(name, Word(child) if isinstance(child, str) else child)


TEXT_FIELDS = ["title", "abstract", "author", "comment", "journal"]

WELL_FORMED = [
    ("attention", w("attention")),
    ("Graph neural networks", both("Graph", "neural", "networks")),
    ("  spaced\t\nout  ", both("spaced", "out")),
    ('"exact phrase"', Phrase("exact phrase")),
    ('"one"', Phrase("one")),
    ('"blanks   inside "', Phrase("blanks inside")),
    ('graph "neural network" theory', both("graph", Phrase("neural network"), "theory")),
    ("“smart quotes” here", both(Phrase("smart quotes"), "here")),
    ('foo"bar baz"qux', both("foo", Phrase("bar baz"), "qux")),
    ("a AND b", both("a", "b")),
    ("salt and pepper or not", both("salt", "and", "pepper", "or", "not")),
    ("a OR b", either("a", "b")),
    ("a|b | c", either("a", "b", "c")),
    ("a || b", either("a", "b")),
    ("a OR b c", both(either("a", "b"), "c")),
    ("c a OR b", both("c", either("a", "b"))),
    ("a b OR c d", both("a", either("b", "c"), "d")),
    ("a AND b OR c", both("a", either("b", "c"))),
    ("a OR (b c)", either("a", both("b", "c"))),
    ("a (b (c d))", both("a", "b", "c", "d")),
    ("(a OR b) OR c", either("a", "b", "c")),
    ("((a))", w("a")),
    ('"x"OR"y"', either(Phrase("x"), Phrase("y"))),
    ("a -b", both("a", Not(w("b")))),
    ("-b", Not(w("b"))),
    ("-a -b", both(Not(w("a")), Not(w("b")))),
    ('-"a b"', Not(Phrase("a b"))),
    ("-cat:cs.CY", Not(field("cat", "cs.CY"))),
    ("-(a b)", Not(both("a", "b"))),
    ("-(a OR b)", Not(either("a", "b"))),
    ("NOT a", Not(w("a"))),
    ("NOT(a b)", Not(both("a", "b"))),
    ("NOT NOT a", w("a")),
    ("-(-a)", w("a")),
    ("a OR -b", either("a", Not(w("b")))),
    ("self-attention graph-based", both("self-attention", "graph-based")),
    ('"self play"-based', both(Phrase("self play"), "based")),
    ("what is attention?", both("what", "is", "attention")),
    ("C++ C# node2vec* p<0.05", both("C++", "C#", "node2vec*", "p<0.05")),
    ("cats & dogs", both("cats", "dogs")),
    ("$5 or $10", both("5", "or", "10")),
    (r"$\alpha_s$ running", both(r"$\alpha_s$", "running")),
    (r"$x + (y \| z)$ term", both(r"$x + (y \| z)$", "term")),
    (r'$"a: b"$', w(r'$"a: b"$')),
    ("$k$-means", w("$k$-means")),
    (r"$$E = mc^2$$", w(r"$$E = mc^2$$")),
    (r"title:$O(n \log n)$ sort", both(field("title", r"$O(n \log n)$"), "sort")),
    (r"Schr\"odinger equation", both(r"Schr\"odinger", "equation")),
    (r"Schr\"{o}dinger", w(r"Schr\"{o}dinger")),
    (r"\"Uber na\"\ive", both(r"\"Uber", r"na\"\ive")),
    (r'"Schr\"odinger equation" x', both(Phrase(r"Schr\"odinger equation"), "x")),
    ("深度 学习", both("深度", "学习")),
    ("标题：注意", w("标题：注意")),
    ("title：x", w("title：x")),
    ("10:30", both("10", "30")),
    ("foo:bar", both("foo", "bar")),
    ("foo:bar OR x", either(both("foo", "bar"), "x")),
    ('foo:"bar baz"', both("foo", Phrase("bar baz"))),
    ("https://example.org/x", both("https", "example.org/x")),
    ("Whitening: a study", both("Whitening", "a", "study")),
    ("title:attention", field("title", "attention")),
    ("ti:a abs:b au:c co:d jr:e", both(*map(field, TEXT_FIELDS, "abcde"))),
    ("TI:a Title:b", both(field("title", "a"), field("title", "b"))),
    ('author:"Geoffrey Hinton"', field("author", Phrase("Geoffrey Hinton"))),
    ("title:(a OR b)", field("title", either("a", "b"))),
    ('title:(a -b "c d")', field("title", both("a", Not(w("b")), Phrase("c d")))),
    ("title:(-a)", Not(field("title", "a"))),
    ("title:a:b", field("title", both("a", "b"))),
    ("title:OR.", field("title", "or")),
    ("journal:Phys.Rev.D", field("journal", "Phys.Rev.D")),
    ("doi:10.1016/S0370-2693(98)00123-4", field("doi", "10.1016/S0370-2693(98)00123-4")),
    ("(doi:10.1016/S0370-2693(98)00123-4)", field("doi", "10.1016/S0370-2693(98)00123-4")),
    ("doi:https://doi.org/10.1000/182", field("doi", "10.1000/182")),
    ('doi:"10.1000/182"', field("doi", "10.1000/182")),
    ("doi:10.48550/arXiv.2401.00001v1 x", both(field("id", "2401.00001"), "x")),
    ("id:2401.00001v2", field("id", "2401.00001")),
    ("id:https://arxiv.org/pdf/2401.00001v2.pdf", field("id", "2401.00001")),
    ("id:arXiv:math.GT/0309136", field("id", "math/0309136")),
    ("id:2401.00001,2401.00002", field("id", either("2401.00001", "2401.00002"))),
    ("id:(2401.00001 OR hep-th/9108020v1)", field("id", either("2401.00001", "hep-th/9108020"))),
    ("seen in arXiv:1706.03762v5", both("seen", "in", "1706.03762")),
    ("like https://arxiv.org/abs/1706.03762", both("like", "1706.03762")),
    ("cat:cs.CL", field("cat", "cs.CL")),
    ("cat:CS.cl", field("cat", "cs.CL")),
    ("cat:cs.*", field("cat", "cs.*")),
    ("cat:cs", field("cat", "cs.*")),
    ("cat:Math", field("cat", "math.*")),
    ("cat:astro-ph", field("cat", "astro-ph.*")),
    ("cat:hep-th", field("cat", "hep-th")),
    ("cat:quant-ph.*", field("cat", "quant-ph")),
    ("cat:cs.NA", field("cat", "math.NA")),
    ("cat:math.mp", field("cat", "math-ph")),
    ("cat:(cs.CL OR stat.TH)", field("cat", either("cs.CL", "math.ST"))),
    ("cat:cs.CL,cs.LG", field("cat", either("cs.CL", "cs.LG"))),
    ("cat:cs.AI+cs.LG", field("cat", either("cs.AI", "cs.LG"))),
    ("cat:(cs.* -cs.CY)", field("cat", both("cs.*", Not(w("cs.CY"))))),
    ('cat:"cs.CL"', field("cat", "cs.CL")),
    ("date:2024", Range(date(2024, 1, 1), date(2024, 12, 31))),
    ("date:2024-02", Range(date(2024, 2, 1), date(2024, 2, 29))),
    ("date:2023-2", Range(date(2023, 2, 1), date(2023, 2, 28))),
    ("date:2024-03-05", Range(date(2024, 3, 5), date(2024, 3, 5))),
    ("date:2024-03..2024-06", Range(date(2024, 3, 1), date(2024, 6, 30))),
    ("date:2024-06..2024", Range(date(2024, 6, 1), date(2024, 12, 31))),
    ("date:2023-2024", Range(date(2023, 1, 1), date(2024, 12, 31))),
    ("date:2024..", Range(date(2024, 1, 1), None)),
    ("date:..2024", Range(None, date(2024, 12, 31))),
    ("date:>2024-02-29", Range(date(2024, 3, 1), None)),
    ("date:>2024", Range(date(2025, 1, 1), None)),
    ("date:>=2024", Range(date(2024, 1, 1), None)),
    ("date:<2020", Range(None, date(2019, 12, 31))),
    ("date:<=2020-05", Range(None, date(2020, 5, 31))),
    ("-date:2024-03-05", Not(Range(date(2024, 3, 5), date(2024, 3, 5)))),
    ("date:(2024-03-05 OR 2024-03-07)", either(*(Range(d, d) for d in (date(2024, 3, 5), date(2024, 3, 7))))),
]


@pytest.mark.parametrize(("text", "tree"), WELL_FORMED)
def test_reads_what_is_well_formed_without_a_note(text, tree):
    query = parse(text)
    assert query.tree == tree
    assert query.notes == ()
    assert query.sort == "relevance"
    assert query.arxiv_ids == ()


# Malformed text, how it is read, and a part of the note that says so.
MALFORMED = [
    ('attention "is all', both("attention", Phrase("is all")), "never closed"),
    ('attention "', w("attention"), "never closed"),
    ("“open phrase", Phrase("open phrase"), "never closed"),
    ("(a OR b", either("a", "b"), "parenthesis was never closed"),
    ("a) b", both("a", "b"), "closing parenthesis without"),
    ("a OR", w("a"), "“OR”"),
    ("OR a", w("a"), "“OR”"),
    ("a OR OR b", either("a", "b"), "“OR”"),
    ("(a |) b", both("a", "b"), "“OR”"),
    ("a -", w("a"), "“-”"),
    ("title - subtitle", both("title", "subtitle"), "“-”"),
    ("(a -)", w("a"), "“-”"),
    ("a NOT", w("a"), "“NOT”"),
    ("a NOT OR b", both("a", "b"), "“NOT”"),
    ('a ""', w("a"), "empty phrase"),
    ('"..." a', w("a"), "empty phrase"),
    ("title: attention", field("title", "attention"), "blank after “title:”"),
    ("Comment: lecture", And((Word("Comment"), Word("lecture"))), "“Comment:” before a blank was read as a word"),
    ("a title:", w("a"), "“title:” without a value"),
    ("(title:) a", w("a"), "“title:” without a value"),
    ("title: author:x", field("author", "x"), "“title:” without a value"),
    ("title: -x", Not(w("x")), "“title:” without a value"),
    ("a title:?", w("a"), "“title:” without a value"),
    ('a id:"" cat:()', w("a"), "“id:” without a value"),
    ("title:|a", w("a"), "“title:” without a value"),
    ("title:-x", Not(field("title", "x")), "“title:”"),
    ("-title:-x", field("title", "x"), "“title:”"),
    ("title:(a author:b)", field("title", both("a", "b")), "“author:” inside “title:”"),
    ("auther:smith", both("auther", "smith"), "Unknown field “auther”: read as words."),
    ("Titel:x", both("Titel", "x"), "Unknown field “Titel”: read as words."),
    ("category:cs.CL", both("category", "cs.CL"), "Unknown field “category”"),
    ("cat:cs.XX", field("cat", "cs.XX"), "Unknown category “cs.XX”."),
    ("cat:nonsense.*", field("cat", "nonsense.*"), "Unknown category “nonsense.*”."),
    ("id:banana", field("id", "banana"), "“banana” is not an arXiv id."),
    ("a date:2024-02-30", w("a"), "“2024-02-30” is not a date"),
    ("a date:2024-13", w("a"), "“2024-13” is not a date"),
    ("a date:0000", w("a"), "“0000” is not a date"),
    ("a date:soon", w("a"), "“soon” is not a date"),
    ("a date:..", w("a"), "without any day"),
    ("a date:>9999", w("a"), "“>9999”"),
    ("a date:<0001-01", w("a"), "“<0001-01”"),
    ("a date:>2024-13", w("a"), "not a date"),
    ("date:2024-13..2025", Range(None, date(2025, 12, 31)), "“2024-13” is not a date"),
    ("date:2025..2024-03", Range(date(2024, 3, 1), date(2025, 12, 31)), "swapped"),
    ("a sort:magic", w("a"), "Unknown order “magic”"),
    ("a sort:", w("a"), "“sort:” without a value"),
    ("a sort:new sort:old", w("a"), "last one"),
    ("...", None, "no word"),
    ("()", None, "no word"),
    (":", None, "no word"),
]


@pytest.mark.parametrize(("text", "tree", "note"), MALFORMED)
def test_reads_what_is_malformed_leniently_with_a_note(text, tree, note):
    query = parse(text)
    assert query.tree == tree
    assert any(note in sentence for sentence in query.notes), query.notes
    assert all(sentence.endswith(".") for sentence in query.notes)


@pytest.mark.parametrize(
    ("text", "sort", "tree"),
    [
        ("a sort:new", "new", w("a")),
        ("sort:date a", "new", w("a")),
        ("a sort:OLD b", "old", both("a", "b")),
        ("(a OR sort:stars b)", "stars", both("a", "b")),
        ('a sort:"relevance"', "relevance", w("a")),
        ("sort:stars", "stars", None),
        ("a sort:old sort:old", "old", w("a")),
    ],
)
def test_sort_orders_and_is_no_part_of_the_tree(text, sort, tree):
    query = parse(text)
    assert (query.sort, query.tree) == (sort, tree)
    assert "(a" in text or query.notes == ()


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("2401.00001", ("2401.00001",)),
        (" 2401.00001v3\n", ("2401.00001",)),
        ("arXiv:2401.00001", ("2401.00001",)),
        ("arxiv: 2401.00001", ("2401.00001",)),
        ("arXiv:2401.00001v1 [cs.CL]", ("2401.00001",)),
        ("https://arxiv.org/abs/2401.00001v2", ("2401.00001",)),
        ("<http://export.arxiv.org/pdf/2401.00001>", ("2401.00001",)),
        ("hep-th/9108020", ("hep-th/9108020",)),
        ("math.GT/0309136", ("math/0309136",)),
        ("10.48550/arXiv.2401.00001", ("2401.00001",)),
        ("(2401.00001)", ("2401.00001",)),
        ("2401.00001,2401.00002v1", ("2401.00001", "2401.00002")),
        ("2401.00001, https://arxiv.org/abs/2401.00003.", ("2401.00001", "2401.00003")),
        ("2401.00001; hep-th/9108020", ("2401.00001", "hep-th/9108020")),
        ("2401.00002 2401.00001 2401.00002v2", ("2401.00002", "2401.00001")),
        ("2401.00001 OR 2401.00002", ("2401.00001", "2401.00002")),
        ("2401.00001 sort:new", ("2401.00001",)),
    ],
)
def test_ids_alone_are_papers_to_open(text, ids):
    query = parse(text)
    assert query.arxiv_ids == ids
    assert query.tree == Field("id", Word(ids[0]) if len(ids) == 1 else Or(tuple(map(Word, ids))))
    assert query.notes == ()


@pytest.mark.parametrize(
    "text",
    ["2401.00001 x", "id:2401.00001", "-2401.00001", '"2401.00001"', "2499.00001", "arXiv", "3.14159", ""],
)
def test_other_queries_open_no_paper(text):
    assert parse(text).arxiv_ids == ()


@pytest.mark.parametrize("text", ["", "   ", "\x00\n", "\ud800", "\u200b\ufeff"])
def test_an_empty_query_is_no_tree_and_no_note(text):
    query = parse(text)
    assert (query.tree, query.notes, query.text) == (None, (), "")


def test_unencodable_characters_never_reach_the_tree():
    query = parse('a\ud800b "c\x00d" e\u200bf')
    assert query.tree == both("a", "b", Phrase("c d"), "ef")
    assert query.text.encode().decode() == query.text == 'a b "c d" ef'


def test_every_category_and_archive_is_known():
    for code, category in CATEGORIES.items():
        tree = parse(f"cat:{code.upper()}").tree
        parts = {other for other, each in CATEGORIES.items() if each.archive == code and other != code}
        assert tree == field("cat", f"{code}.*" if parts else code), category
    for archive in ARCHIVES:
        query = parse(f"cat:{archive}.*")
        assert query.notes == ()


def test_long_input_is_cut():
    query = parse("a" * 100_000)
    assert query.tree == w("a" * MAX_QUERY_LENGTH)
    assert query.text == "a" * MAX_QUERY_LENGTH
    assert query.notes == ("Only the first 2,000 characters were read.",)


def test_blanks_around_do_not_count_as_length():
    assert parse(" " * 3000 + "a" + "\n" * 3000).notes == ()


def test_terms_are_limited():
    query = parse("x " * (MAX_TERMS + 44))
    assert query.tree == And((w("x"),) * MAX_TERMS)
    assert query.notes == ("Only the first 256 words and values were read.",)
    assert parse("x " * MAX_TERMS).notes == ()


def nested(levels: int) -> str:
    text = "z"
    for _ in range(levels):
        text = f"(b OR (a {text}))"
    return text


def test_depth_is_limited():
    fine = parse(nested(MAX_DEPTH // 2))
    assert fine.notes == ()
    deep = parse("x " + nested(MAX_DEPTH) + " y")
    assert deep.notes == ("Parentheses inside more than 20 others were passed over.",)
    assert isinstance(deep.tree, And)
    assert (deep.tree.children[0], deep.tree.children[-1]) == (w("x"), w("y"))
    assert depth(deep.tree) <= 2 * (MAX_DEPTH + 1)
    assert parse(to_text(deep.tree)).tree == deep.tree


def depth(node: Node | None) -> int:
    match node:
        case And(children) | Or(children):
            return 1 + max(map(depth, children))
        case Not(child) | Field(_, child):
            return depth(child)
    return 0


@pytest.mark.parametrize("text", ["(" * 5000, "-(" * 5000, "title:(" * 900, "a OR (" * 900, "-" * 5000, '"' * 1999])
def test_pathological_nesting_is_read(text):
    query = parse(text)
    assert query.notes
    assert parse(to_text(query.tree)).tree == query.tree


@pytest.mark.parametrize("unit", ["$", "$a ", "\\", '\\"', ".", "a:", "$\\a", "(", "10.1/(", "-", "cat:cs,", "NOT "])
def test_reading_takes_no_more_than_a_moment(unit):
    begin = time.process_time()
    parse(unit * MAX_QUERY_LENGTH)
    assert time.process_time() - begin < 30  # a guard against hanging, no measure of speed


@pytest.mark.parametrize("text", [row[0] for row in (*WELL_FORMED, *MALFORMED)])
def test_canonical_text_of_the_examples_reads_back(text):
    query = parse(text)
    again = parse(to_text(query.tree))
    assert again.tree == query.tree
    lasting = [note for note in query.notes if "Unknown category" in note or "not an arXiv id" in note]
    assert list(again.notes) == lasting


PROSE = (
    'How can one tell what is relevant - and to whom - in a collection where "relevance" itself (as the judges of '
    'many such collections have found) is a matter of "taste", of context, and of the hour of the day of reading?'
)


def test_a_pasted_text_is_words_only():
    query = parse(PROSE)
    assert isinstance(query.tree, And)
    assert all(isinstance(child, Word) for child in query.tree.children)
    assert {"relevance", "taste", "judges"} <= set(words_of(query.tree))
    assert any("long text" in note for note in query.notes)


@pytest.mark.parametrize("operator", [" OR taste", " cat:cs.IR", ' author:"Jones"', " | taste", " NOT taste"])
def test_a_long_text_with_an_operator_is_a_query(operator):
    query = parse(PROSE + operator)
    assert not any("long text" in note for note in query.notes)
    assert isinstance(query.tree, And)
    assert Phrase("relevance") in query.tree.children


def test_a_short_text_keeps_its_phrases():
    assert parse('what is "relevance" itself').tree == And(
        (Word("what"), Word("is"), Phrase("relevance"), Word("itself"))
    )

import json
import lzma
from itertools import islice

import pytest

from papers.categories import (
    ALIASES,
    ARCHIVES,
    CATEGORIES,
    CategorySpec,
    UnknownCategory,
    canonical,
    clean_categories,
    split_spec,
    subcategories,
)


def test_the_table_is_whole():
    active = [category for category in CATEGORIES.values() if not category.historic]
    assert len(active) + len(ALIASES) == 155
    assert all(category.archive in ARCHIVES and category.group for category in CATEGORIES.values())
    assert set(ALIASES.values()) <= set(CATEGORIES)
    assert not set(ALIASES) & set(CATEGORIES)


@pytest.mark.parametrize(
    ("code", "name", "archive", "group", "historic"),
    [
        ("cs.CL", "Computation and Language", "cs", "Computer Science", False),
        ("hep-th", "High Energy Physics - Theory", "hep-th", "Physics", False),
        ("cond-mat.str-el", "Strongly Correlated Electrons", "cond-mat", "Physics", False),
        ("math-ph", "Mathematical Physics", "math-ph", "Physics", False),
        ("cmp-lg", "Computation and Language", "cmp-lg", "Computer Science", True),
        ("cond-mat", "Condensed Matter", "cond-mat", "Physics", True),
    ],
)
def test_categories_have_arxivs_names(code, name, archive, group, historic):
    category = CATEGORIES[code]
    assert (category.code, category.name) == (code, name)
    assert (category.archive, category.group, category.historic) == (archive, group, historic)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("cs.AI", "cs.AI"),
        (" CS.ai ", "cs.AI"),
        ("cs.NA", "math.NA"),
        ("cs.SY", "eess.SY"),
        ("math.IT", "cs.IT"),
        ("MATH.MP", "math-ph"),
        ("q-fin.EC", "econ.GN"),
        ("stat.TH", "math.ST"),
        ("astro-ph", "astro-ph"),
        ("cs", None),
        ("cs.*", None),
        ("cs.XX", None),
        ("I.2.7", None),
        ("", None),
    ],
)
def test_canonical(name, code):
    assert canonical(name) == code


def test_only_arxivs_categories_stay_each_once_and_in_order():
    names = [
        "cs.NA",
        "I.2.7",
        "math.NA",
        "68T50",
        "Primary 60J10; Secondary 60F05",
        "cs.AI",
        "cs.ai",
        "H.3.3; I.2.6",
    ]
    assert clean_categories(names) == ("math.NA", "cs.AI")


def test_an_archive_holds_its_own_the_shared_and_its_old_name():
    assert {"cs.AI", "cs.IT", "math.NA", "eess.SY"} < set(subcategories("cs"))
    assert {"math.CO", "cs.IT", "math-ph"} < set(subcategories("math"))
    assert {"cond-mat", "cond-mat.soft"} < set(subcategories("cond-mat"))
    assert subcategories("hep-th") == ("hep-th",)
    assert subcategories("nothing") == ()


@pytest.mark.parametrize(
    ("text", "include", "exclude"),
    [
        ("cs.AI", ["cs.AI"], []),
        ("cs.AI+cs.LG-cs.CY", ["cs.AI", "cs.LG"], ["cs.CY"]),
        ("cs.AI,cs.LG", ["cs.AI", "cs.LG"], []),
        ("cs.AI cs.LG", ["cs.AI", "cs.LG"], []),
        (" cs.AI, +cs.LG, ", ["cs.AI", "cs.LG"], []),
        ("cs.ai+CS.AI-cs.cy-cs.CY", ["cs.AI"], ["cs.CY"]),
        ("cs.*-cs.CY", ["cs"], ["cs.CY"]),
        ("hep-th", ["hep-th"], []),
        ("hep-th-hep-ph", ["hep-th"], ["hep-ph"]),
        ("math-ph", ["math-ph"], []),
        ("math-math-ph", ["math"], ["math-ph"]),
        ("math.*-math-ph", ["math"], ["math-ph"]),
        ("cond-mat.str-el-cond-mat.supr-con", ["cond-mat.str-el"], ["cond-mat.supr-con"]),
        ("q-bio-q-bio.QM", ["q-bio"], ["q-bio.QM"]),
        ("-cs.CY+cs.AI", ["cs.AI"], ["cs.CY"]),
        ("cs.AI-astro-ph.GA+hep-th", ["cs.AI", "hep-th"], ["astro-ph.GA"]),
        ("cs.NA+stat.TH-math.MP", ["math.NA", "math.ST"], ["math-ph"]),
    ],
)
def test_split_spec(text, include, exclude):
    spec = split_spec(text)
    assert spec == CategorySpec(tuple(include), tuple(exclude))
    assert split_spec(str(spec)) == spec


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("cs.XX", "cs.XX"),
        ("cs.AI+cs.XX", "cs.XX"),
        ("cs.AI-foo-bar", "foo-bar"),
        ("foo-bar-cs.AI", "foo-bar"),
        ("hep-ph-ph", "ph"),
        ("cs.AIx", "cs.AIx"),
        ("2401.00001", "2401.00001"),
    ],
)
def test_the_unknown_part_is_named(text, part):
    with pytest.raises(UnknownCategory, match="no such category") as caught:
        split_spec(text)
    assert caught.value.part == part


@pytest.mark.parametrize("text", ["", " ", "+", "-", "-cs.AI", "-cs.AI-cs.LG"])
def test_a_spec_must_include_something(text):
    with pytest.raises(UnknownCategory, match="no category to include"):
        split_spec(text)


def test_a_spec_without_end_is_refused():
    with pytest.raises(UnknownCategory, match="too long"):
        split_spec("cs.AI+" * 10_000)


def test_expand_turns_archives_into_sets():
    include, exclude = split_spec("hep-th+cond-mat-cond-mat.soft").expand()
    assert {"hep-th", "cond-mat", "cond-mat.soft", "cond-mat.str-el"} < include
    assert exclude == {"cond-mat.soft"}


def test_all_categories_of_real_papers_are_known(shared_data):
    with lzma.open(shared_data / "arxiv-364k.jsonl.xz", "rt", encoding="utf-8") as lines:
        names = {name for line in islice(lines, 20_000) for name in json.loads(line)["categories"]}
    assert len(names) > 100
    assert {name for name in names if canonical(name) is None} == set()

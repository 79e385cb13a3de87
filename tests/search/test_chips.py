"""What was understood of a query, as chips; what may have been meant."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from search.chips import Chip, Search, chips, spelled
from search.meant import meant
from search.plan import Plan
from search.query import Query, parse
from search.reading import Reading
from search.sorting import ordered

NO_PLAN = Plan(None, (), "", (), False)


def chips_of(text: str, asked: str = "", *, sort: str = "") -> list[Chip]:
    """The chips of a query that the index is asked as `asked`."""
    query = ordered(parse(text), sort)
    read_as = replace(parse(asked), sort=query.sort) if asked else query
    return chips(Reading(query, read_as, NO_PLAN), Search(read_as, query.sort))


def query_of(address: str) -> str:
    return parse_qs(urlsplit(address).query).get("q", [""])[0]


def test_each_part_is_a_chip_that_leads_to_the_query_without_it():
    found = chips_of('tide "spring tide" ti:moon au:"Yang Song" -cat:cs.CY (a OR b) date:2019..2022')
    assert [(chip.name, chip.text, chip.excluded) for chip in found] == [
        ("", "tide", False),
        ("", "“spring tide”", False),
        ("title", "moon", False),
        ("author", "Yang Song", False),
        ("category", "cs.CY", True),
        ("", "a or b", False),
        ("date", "2019 to 2022", False),
    ]
    whole = 'tide "spring tide" title:moon author:"Yang Song" -cat:cs.CY a OR b date:2019..2022'
    left = [query_of(chip.address) for chip in found]
    assert left[0] == whole.removeprefix("tide ")
    assert left[3] == whole.replace('author:"Yang Song" ', "")
    assert left[6] == whole.removesuffix(" date:2019..2022")
    for chip, text in zip(found, left, strict=True):
        assert parse(text).notes == (), chip


@pytest.mark.parametrize(
    ("typed", "text", "short"),
    [
        ("date:2024", "2024", "date:2024"),
        ("date:2019..2022", "2019 to 2022", "date:2019..2022"),
        ("date:2019..", "from 2019", "date:2019.."),
        ("date:<2020", "to 2019", "date:..2019"),
        ("date:2024-03..2024-06", "1 Mar 2024 to 30 Jun 2024", "date:2024-03-01..2024-06-30"),
        ("date:2024-03-05", "5 Mar 2024", "date:2024-03-05"),
    ],
)
def test_days_are_told_and_spelled_shortly(typed: str, text: str, short: str):
    [_, chip] = chips_of(f"tide {typed}")
    assert (chip.name, chip.text) == ("date", text)
    tree = parse(typed).tree
    assert tree is not None
    assert spelled(tree) == short
    assert parse(short).tree == tree


def test_one_word_needs_no_chip_and_many_words_share_one():
    assert chips_of("tide") == []
    many = " ".join(f"word{number}" for number in range(12))
    assert chips_of(many) == []
    [words, category] = chips_of(f"{many} cat:cs.CL")
    assert (words.text, query_of(words.address)) == (many, "cat:cs.CL")
    assert query_of(category.address) == many


def test_a_corrected_word_says_so():
    found = chips_of("reinforcment learning", "reinforcement learning")
    assert [(chip.text, chip.corrected) for chip in found] == [("reinforcement", True), ("learning", False)]


def test_another_order_is_a_chip_too():
    [*_, order] = chips_of("spring tide", sort="stars")
    assert (order.name, order.text, order.address) == ("order", "Most starred", "/search?q=spring+tide")


def test_the_last_part_leads_to_an_empty_search():
    [chip] = chips_of("au:Moon")
    assert query_of(chip.address) == ""


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("titel:tides moon", "title:tides moon"),
        ("autor:moon", "author:moon"),
        ("category:cs.CL tide", "cat:cs.CL tide"),
        ("tide cat:robotics", "tide cat:cs.RO"),
        ("tide -cat:cs.CLL", "tide -cat:cs.CL"),
        ("tide cat:(cs.CL OR math.AGG)", "tide cat:(cs.CL OR math.AG)"),
    ],
)
def test_names_that_are_none_bring_what_resembles_them(typed: str, offered: str):
    assert offered in [way.text for way in meant(parse(typed))]


@pytest.mark.parametrize("typed", ["tide", "title:tides cat:cs.CL", '"titel:tides of"', "nonsense:tide", "cat:cs.*"])
def test_nothing_is_offered_where_all_names_are_known(typed: str):
    assert meant(parse(typed)) == []


def test_offers_are_few_and_keep_the_order():
    query: Query = ordered(parse("tide cat:cs.XX cat:math.XX cat:q-bio.XX"), "new")
    found = meant(query)
    assert 0 < len(found) <= 4
    assert all("sort=new" in way.address for way in found)

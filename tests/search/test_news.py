"""What is new for a reader: each paper once, under the first of her subscriptions, with the others that it matches."""

from datetime import date

import pytest

from papers.models import Paper, Subscription, Visitor
from search.subscriptions.keeping import read, subscribe
from search.subscriptions.news import Section, news
from tests.papers.factories import PaperFactory, day_list
from tests.papers.readers import make_reader

pytestmark = pytest.mark.django_db
MONDAY, TUESDAY = date(2025, 11, 17), date(2025, 11, 18)


@pytest.fixture
def made() -> list[Paper]:
    """Four papers: two in cs.CL, one of them in cs.LG, too; one in cs.LG alone; one replaced the day after."""
    papers: list[Paper] = PaperFactory.create_batch(4, authors=["Ada Moon"])
    Paper.objects.filter(pk=papers[3].pk).update(authors=["Emmy Noether"])
    day_list("cs.CL", f"{MONDAY}", new=papers[:2])
    day_list("cs.LG", f"{MONDAY}", new=[papers[2]], cross=[papers[1]])
    day_list("cs.CL", f"{TUESDAY}", new=[papers[3]], replace=[papers[0]])
    return papers


@pytest.fixture
def visitor() -> Visitor:
    """A reader's."""
    return make_reader().visitor


def followed(visitor: Visitor, *asked: tuple[str, str]) -> list[Subscription]:
    return [subscribe(visitor, read(kind, text)) for kind, text in asked]


def told(sections: list[Section], made: list[Paper]) -> list[list[int]]:
    places = [one.pk for one in made]
    return [[places.index(item.paper_id) for item in section.items] for section in sections]


def test_a_paper_stands_once_and_names_what_else_brings_it(visitor: Visitor, made: list[Paper]) -> None:
    language, learning = followed(visitor, ("categories", "cs.CL"), ("categories", "cs.LG"))
    found = news([language, learning], [MONDAY])
    assert told(found, made) == [[0, 1], [2]]
    assert [item.also for item in found[0].items] == [(), (learning,)]
    assert told(news([learning, language], [MONDAY]), made) == [[2, 1], [0]]


def test_the_newest_day_is_first_and_replacements_only_where_they_are_wanted(
    visitor: Visitor, made: list[Paper]
) -> None:
    [language] = followed(visitor, ("categories", "cs.CL"))
    assert told(news([language], [MONDAY, TUESDAY]), made) == [[3, 0, 1]]
    language.replacements = True
    found = news([language], [TUESDAY])
    assert told(found, made) == [[3, 0]]
    assert [item.match.day for item in found[0].items] == [TUESDAY, TUESDAY]


def test_what_arxiv_removed_or_is_not_wanted_is_left_out(visitor: Visitor, made: list[Paper]) -> None:
    subscriptions = followed(visitor, ("categories", "cs.CL"), ("author", "Emmy Noether"))
    assert told(news(subscriptions, [MONDAY, TUESDAY], {made[1].pk}), made) == [[3, 0], []]
    Paper.objects.filter(pk=made[3].pk).update(removed=True)
    assert told(news(subscriptions, [MONDAY, TUESDAY]), made) == [[0, 1], []]


def test_without_subscriptions_or_days_nothing_is_new(visitor: Visitor, made: list[Paper]) -> None:
    subscriptions = followed(visitor, ("categories", "cs.CL"))
    assert news([], [MONDAY]) == []
    assert told(news(subscriptions, []), made) == [[]]

"""What can be subscribed to, how often and from when on."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.db import connection

from papers.models import DayList, Reader, Subscription, Visitor
from papers.visitors import TooManyError, mark
from search.encoder import Encoder
from search.subscriptions import keeping
from search.subscriptions.keeping import SubscriptionError, change, label, read, remove, renew_secret, subscribe
from tests.papers.factories import PaperFactory, day_list
from tests.papers.readers import make_reader

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor() -> Visitor:
    """A reader's."""
    reader: Reader = make_reader()
    return reader.visitor


def lists(*days: str) -> None:
    for day in days:
        day_list("cs.CL", day, new=[PaperFactory.create()])


@pytest.mark.parametrize(
    ("kind", "text", "says"),
    [
        ("categories", "", "at least one category"),
        ("categories", "cs.CL+cs.XY", "“cs.XY”"),
        ("categories", "cs-cs", "take each other away"),
        ("categories", "cs.CL+" * 500, "1,000"),
        ("search", "", "search with words"),
        ("search", "sort:new", "search with words"),
        ("search", "x" * 2_001, "2,000"),
        ("author", " , ", "name"),
        ("author", "x" * 201, "200"),
        ("text", " \n ", "text"),
        ("text", "x" * 5_001, "5,000"),
        ("stars and stripes", "cs.CL", "no such kind"),
    ],
)
def test_what_cannot_be_followed_is_told_in_a_sentence(kind: str, text: str, says: str) -> None:
    with pytest.raises(SubscriptionError, match=says):
        read(kind, text, 0.5)


@pytest.mark.parametrize("threshold", [None, -0.1, 1.1, float("nan")])
@pytest.mark.parametrize("kind", ["text", "stars"])
def test_nearness_needs_a_threshold(kind: str, threshold: float | None) -> None:
    with pytest.raises(SubscriptionError, match="from 0 to 1"):
        read(kind, "tides", threshold)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("categories", "cs.LG+cs.CL-cs.CY", "cs.cl, cs.lg -cs.cy"),
        ("categories", "math.NA", "cs.NA"),
        ("search", "tides   sort:new", "tides"),
        ("search", 'title:"spring  tide"', 'ti:"spring tide"'),
        ("author", "Erwin Schrödinger", "SCHRÖDINGER, Erwin"),
        ("author", "Erwin Schrödinger", 'Erwin Schr\\"odinger'),
    ],
)
def test_who_asks_the_same_in_other_words_shares_the_answer(visitor: Visitor, kind: str, one: str, other: str) -> None:
    assert read(kind, one).key(visitor) == read(kind, other).key(visitor)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("categories", "cs.CL", "cs.CL-cs.CY"),
        ("search", "spring tide", '"spring tide"'),
        ("author", "Erwin Schrödinger", "Erwin Schroder"),
    ],
)
def test_other_questions_have_other_answers(visitor: Visitor, kind: str, one: str, other: str) -> None:
    assert read(kind, one).key(visitor) != read(kind, other).key(visitor)


def test_stars_are_each_readers_own(visitor: Visitor) -> None:
    asked = read("stars", "", 0.5)
    assert asked.key(visitor) != asked.key(make_reader("ben@example.org").visitor)


def test_a_texts_vector_is_kept_with_it(visitor: Visitor, encoder: Encoder) -> None:
    row = subscribe(visitor, read("text", "the tides of language", 0.5))
    row.refresh_from_db()
    assert row.vector is not None
    assert len(bytes(row.vector)) == 2 * encoder.dimension
    assert row.model == encoder.name


def test_subscribing_again_changes_the_row_that_is_there(visitor: Visitor) -> None:
    first = subscribe(visitor, read("categories", "cs.CL+cs.LG"), name="Mine")
    change(first, paused=True)
    again = subscribe(visitor, read("categories", "cs.LG,cs.CL"), rhythm="daily", crosses=False)
    assert again.pk == first.pk
    row = Subscription.objects.get()
    assert (row.rhythm, row.crosses, row.paused, row.secret) == ("daily", False, False, first.secret)


def test_a_reader_has_a_bounded_number(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MOST", 2)
    for text in ("cs.CL", "cs.LG"):
        subscribe(visitor, read("categories", text))
    with pytest.raises(TooManyError):
        subscribe(visitor, read("categories", "cs.CY"))
    assert subscribe(visitor, read("categories", "cs.LG"), name="still") is not None
    assert subscribe(make_reader("ben@example.org").visitor, read("categories", "cs.CY"))


def test_stars_need_some(visitor: Visitor) -> None:
    with pytest.raises(SubscriptionError, match="at least 3"):
        subscribe(visitor, read("stars", "", 0.5))
    mark(visitor, [PaperFactory.create().pk for _ in range(3)], "starred", True)
    assert subscribe(visitor, read("stars", "ignored", 0.5)).text == ""


def test_who_was_forgotten_meanwhile_keeps_nothing(visitor: Visitor) -> None:
    gone = Visitor.objects.get(pk=visitor.pk)
    visitor.delete()
    with pytest.raises(SubscriptionError, match="sign in"):
        subscribe(gone, read("categories", "cs.CL"))


def test_mails_tell_of_what_comes_after_the_newest_day_known(visitor: Visitor) -> None:
    lists("2025-11-20", "2025-11-21")
    DayList.objects.create(category="cs.CL", day=date(2025, 11, 24))  # nothing in it
    assert subscribe(visitor, read("categories", "cs.CL")).since == date(2025, 11, 21)


@pytest.mark.parametrize(
    ("before", "then"),
    [
        ({"rhythm": "daily", "paused": True}, {"paused": False}),
        ({"rhythm": ""}, {"rhythm": "weekly"}),
        ({"rhythm": "daily"}, {"asked": "cs.LG"}),
    ],
)
def test_mails_that_begin_or_go_on_tell_of_nothing_from_before(
    visitor: Visitor, before: dict[str, object], then: dict[str, object]
) -> None:
    lists("2025-11-20")
    row = subscribe(visitor, read("categories", "cs.CL"))
    Subscription.objects.update(**before)
    row.refresh_from_db()
    lists("2025-11-21")
    if "asked" in then:
        change(row, asked=read("categories", str(then["asked"])))
    else:
        change(row, **then)  # type: ignore[arg-type]
    assert row.since == date(2025, 11, 21)


@pytest.mark.parametrize("then", [{"name": "Tides"}, {"rhythm": "weekly"}, {"crosses": False}, {"paused": False}])
def test_other_changes_lose_no_day(visitor: Visitor, then: dict[str, object]) -> None:
    lists("2025-11-20")
    row = subscribe(visitor, read("categories", "cs.CL"), rhythm="daily")
    lists("2025-11-21")
    change(row, **then)  # type: ignore[arg-type]
    change(row, asked=read("categories", "cs.cl"))
    assert row.since == date(2025, 11, 20)


def test_two_of_one_reader_do_not_ask_the_same(visitor: Visitor) -> None:
    subscribe(visitor, read("categories", "cs.CL"))
    other = subscribe(visitor, read("categories", "cs.LG"))
    with pytest.raises(SubscriptionError, match="already"):
        change(other, asked=read("categories", "cs.CL"))
    other.refresh_from_db()
    assert other.text == "cs.LG"


def test_a_new_address_ends_the_old_one(visitor: Visitor) -> None:
    row = subscribe(visitor, read("categories", "cs.CL"))
    before = row.secret
    renew_secret(row)
    assert len(row.secret) == 43
    assert not Subscription.objects.filter(secret=before).exists()
    remove(row)
    assert not Subscription.objects.exists()


def test_a_subscription_is_called_by_its_name_or_by_what_it_asks(visitor: Visitor, encoder: Encoder) -> None:
    rows = [
        subscribe(visitor, read("categories", "cs.CL+cs.LG-cs.CY")),
        subscribe(visitor, read("search", '"spring tide"')),
        subscribe(visitor, read("text", "tides " * 100, 0.5)),
        subscribe(visitor, read("author", "Emmy Noether")),
        subscribe(visitor, read("categories", "cs.CL"), name=" All of\n it " + "x" * 200),
    ]
    labels = [label(row) for row in rows]
    assert labels[0] == "cs.CL+cs.LG-cs.CY"
    assert labels[1] == 'search: "spring tide"'
    assert labels[2].startswith("papers like “tides tides")
    assert max(map(len, labels)) <= keeping.LONGEST_NAME
    assert labels[3] == "Emmy Noether"
    assert labels[4].startswith("All of it xxx")


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_who_presses_twice_at_once_has_one_subscription(visitor: Visitor) -> None:
    def press(_number: int) -> int:
        try:
            return subscribe(visitor, read("categories", "cs.CL")).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(press, range(16)))
    assert len(made) == Subscription.objects.count() == 1

"""The pages of subscriptions: what each would bring before it is kept, what is done with it, and whose it is."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from lxml import html
from pytest_django import Settings

from papers.models import Delivery, Digest, Paper, Reader, SavedSearch, Subscription
from papers.visitors import mark
from search.query import parse
from search.saved import save
from search.subscriptions import keeping
from tests.papers.factories import day_list
from tests.papers.pages import page_of, paper
from tests.papers.readers import make_reader, signed_in

pytestmark = pytest.mark.django_db
DAY = "2025-11-21"
SCRIPTS = ['"><script>alert(1)</script>', "</textarea><img src=x onerror=alert(1)>", "{{ 7|add:7 }}"]


@pytest.fixture
def ada() -> Reader:
    return make_reader("ada@example.org")


@pytest.fixture
def hers(ada: Reader) -> Client:
    return signed_in(ada)


@pytest.fixture
def day() -> list[Paper]:
    """Three papers of one announcement day: two of cs.CL, one cross-listed there."""
    found = [
        paper("2511.00001", title="Tides of language", authors=["Emmy Noether"]),
        paper("2511.00002", title="Words at sea"),
        paper("2511.00003", "cs.LG cs.CL", title="Learning currents"),
    ]
    day_list("cs.CL", DAY, new=found[:2], cross=found[2:])
    return found


@pytest.fixture
def with_mail(settings: Settings) -> None:
    settings.EMAIL_HOST, settings.SITE_URL = "127.0.0.1", "https://papers.example.org"


def kept(ada: Reader, kind: str = "categories", text: str = "cs.CL", **options: Any) -> Subscription:
    return keeping.subscribe(ada.visitor, keeping.read(kind, text, options.pop("threshold", None)), **options)


def titles(page: Any) -> list[str]:
    return [link.text_content() for link in page.xpath("//ol[@class='held']//a")]


def text_of(page: Any) -> str:
    return " ".join(page.xpath("//main")[0].text_content().split())


def test_without_an_account_one_is_asked_to_sign_in_and_comes_back(client: Client) -> None:
    response = client.get("/subscriptions/new?kind=search&text=tides")
    assert response.status_code == 302
    assert "next=/subscriptions/new%3Fkind%3Dsearch%26text%3Dtides" in response.headers["Location"]
    assert client.post("/subscriptions/new", {"kind": "search", "text": "tides"}).status_code == 302
    assert not Subscription.objects.exists()


def test_one_reader_needs_no_account(client: Client, settings: Settings, day: list[Paper]) -> None:
    settings.SINGLE_USER = True
    response = client.post("/subscriptions/new", {"kind": "categories", "text": "cs.CL", "options": "1"})
    assert response.status_code == 303
    assert "cs.CL" in text_of(page_of(client, "/subscriptions"))


def test_who_follows_nothing_is_offered_what_there_is_to_follow(hers: Client, ada: Reader) -> None:
    save(ada.visitor, parse('"tidal flow" & more'))
    page = page_of(hers, "/subscriptions")
    links = page.xpath("//main//a/@href")
    for kind in Subscription.Kind.values:
        assert f"/subscriptions/new?kind={kind}" in links
    [search] = [link for link in links if "text=" in link]
    assert page_of(hers, search).xpath("//input[@id='text']/@value") == [SavedSearch.objects.get().text]


def test_a_preview_shows_what_the_last_days_would_have_brought(hers: Client, day: list[Paper]) -> None:
    page = page_of(hers, "/subscriptions/new?kind=categories&text=cs.CL")
    assert titles(page) == ["Tides of language", "Words at sea", "Learning currents"]
    assert "3 on 21 Nov 2025" in text_of(page)
    assert titles(page_of(hers, "/subscriptions/new?kind=search&text=title:tides")) == ["Tides of language"]
    assert titles(page_of(hers, "/subscriptions/new?kind=author&text=Noether,+Emmy")) == ["Tides of language"]
    assert not Subscription.objects.exists()


def test_a_preview_follows_the_options(hers: Client, day: list[Paper]) -> None:
    given = {"kind": "categories", "text": "cs.CL", "options": "1", "do": "show", "name": "Sea"}
    page = html.fromstring(hers.post("/subscriptions/new", given).content.decode())
    assert titles(page) == ["Tides of language", "Words at sea"]  # the box of cross-lists is not ticked
    assert page.xpath("//input[@id='name']/@value") == ["Sea"]
    assert not Subscription.objects.exists()


def test_categories_are_chosen_by_boxes_as_well(hers: Client) -> None:
    page = page_of(hers, "/subscriptions/new?c=cs.AI&c=cs.LG&x=cs.CY&spec=math")
    assert page.xpath("//input[@id='text']/@value") == ["cs.AI+cs.LG+math-cs.CY"]
    assert page.xpath("//form[@id='picker']/@action") == ["/subscriptions/new"]
    assert page.xpath("//form[@id='picker']//input[@name='x'][@checked]/@value") == ["cs.CY"]


@pytest.mark.parametrize(
    ("kind", "text", "says"),
    [
        ("categories", "cs.NOPE", "“cs.NOPE” is no category"),
        ("search", "sort:new", "Only a search with words"),
        ("author", "?!", "Write the author’s name"),
        ("text", "x" * 5_001, "too long"),
        ("nonsense", "", "Name at least one category"),
    ],
)
def test_what_cannot_be_followed_is_said_beside_the_form(hers: Client, kind: str, text: str, says: str) -> None:
    for do in ("subscribe", "show"):
        given = {"kind": kind, "text": text, "do": do, "threshold": "0.5", "options": "1"}
        response = hers.post("/subscriptions/new", given)
        assert response.status_code == 400
        assert says in html.fromstring(response.content.decode()).xpath("//*[@role='alert']")[0].text_content()
    assert not Subscription.objects.exists()


def test_subscribing_keeps_all_that_was_chosen(hers: Client, day: list[Paper]) -> None:
    given = {
        "kind": "categories", "text": "cs.CL, cs.LG", "name": " My  morning ", "rhythm": "weekly", "options": "1",
        "replacements": "1", "do": "subscribe",
    }  # fmt: skip
    response = hers.post("/subscriptions/new", given)
    row = Subscription.objects.get()
    assert response.status_code == 303
    assert response.headers["Location"] == f"/subscriptions#s-{row.pk}"
    assert (row.text, row.name, row.rhythm) == ("cs.CL+cs.LG", "My morning", "weekly")
    assert (row.crosses, row.replacements) == (False, True)
    page = page_of(hers, "/subscriptions")
    assert page.xpath(f"//li[@id='s-{row.pk}']//h2/a/text()") == ["My morning"]
    assert "2 on 21 Nov 2025" in text_of(page)


def test_a_subscription_is_changed_where_it_was_made(hers: Client, ada: Reader, day: list[Paper]) -> None:
    row = kept(ada, name="Sea", rhythm="daily", crosses=False)
    page = page_of(hers, f"/subscriptions/{row.pk}")
    assert page.xpath("//input[@id='text']/@value") == ["cs.CL"]
    assert not page.xpath("//input[@id='crosses'][@checked]")
    secret = row.secret
    given = {"kind": "categories", "text": "cs.LG", "name": "", "options": "1", "crosses": "1", "do": "change"}
    assert hers.post(f"/subscriptions/{row.pk}", given | {"rhythm": "daily"}).status_code == 303
    row.refresh_from_db()
    assert (row.text, row.name, row.crosses, row.rhythm, row.secret) == ("cs.LG", "", True, "daily", secret)
    other = kept(ada, "categories", "math")
    response = hers.post(f"/subscriptions/{other.pk}", given)
    assert response.status_code == 400
    assert "subscription to the same already" in response.content.decode()
    other.refresh_from_db()
    assert other.text == "math"


def test_it_is_paused_and_mailed_otherwise_in_place(hers: Client, ada: Reader, with_mail: None) -> None:
    row = kept(ada)
    address = f"/subscriptions/{row.pk}"
    assert hers.post(address, {"do": "pause"}).headers["Location"] == f"/subscriptions#s-{row.pk}"
    row.refresh_from_db()
    assert row.paused
    piece = hers.post(address, {"do": "rhythm", "rhythm": "daily"}, headers={"HX-Request": "true"})
    assert html.fromstring(piece.content.decode()).get("id") == f"s-{row.pk}"
    assert "daily" in piece.headers["HX-Trigger"]
    hers.post(address, {"do": "resume"})
    row.refresh_from_db()
    assert (row.paused, row.rhythm) == (False, "daily")
    for wrong in ({}, {"do": "burn"}, {"do": "rhythm", "rhythm": "hourly"}):
        assert hers.post(address, wrong).status_code == 404


def test_what_was_deleted_comes_back_as_it_was(hers: Client, ada: Reader, encoder: object) -> None:
    row = kept(ada, "text", "tides and words", threshold=0.4, name="Tides", rhythm="daily")
    before = Subscription.objects.values().get()
    response = hers.post(f"/subscriptions/{row.pk}", {"do": "delete"})
    assert response.headers["Location"] == f"/subscriptions?ended={row.pk}"
    assert not Subscription.objects.exists()
    page = page_of(hers, response.headers["Location"])
    assert "“Tides” is deleted" in text_of(page)
    [form] = page.xpath("//form[@action='/subscriptions/undo']")
    assert hers.post("/subscriptions/undo", dict(form.fields)).status_code == 303
    made = before["made"].replace(microsecond=before["made"].microsecond // 1000 * 1000)  # as JSON has it
    assert Subscription.objects.values().get() == before | {"made": made}
    hers.post("/subscriptions/undo", dict(form.fields))
    assert Subscription.objects.count() == 1


def test_nothing_comes_back_twice_or_to_somebody_else(hers: Client, ada: Reader) -> None:
    row = kept(ada)
    hers.post(f"/subscriptions/{row.pk}", {"do": "delete"})
    other = signed_in(make_reader("ben@example.org"))
    assert other.post("/subscriptions/undo", {"pk": row.pk}).status_code == 303
    assert not Subscription.objects.exists()
    again = kept(ada)
    assert hers.post("/subscriptions/undo", {"pk": row.pk}).status_code == 303
    assert Subscription.objects.get() == again
    assert hers.post("/subscriptions/undo", {"pk": "x\0y"}).status_code == 303


def test_an_end_that_is_no_longer_remembered_shows_nothing(hers: Client) -> None:
    for address in ("/subscriptions?ended=7", "/subscriptions?ended=x%00", "/subscriptions?ended="):
        assert not page_of(hers, address).xpath("//form[@action='/subscriptions/undo']")


def test_another_readers_subscription_is_not_there(ada: Reader) -> None:
    row = kept(ada, rhythm="daily")
    before = Subscription.objects.values().get()
    ben = signed_in(make_reader("ben@example.org"))
    for pk in (row.pk, row.pk + 1, 10**25):
        assert ben.get(f"/subscriptions/{pk}").status_code == 404
        for do in ("show", "change", "pause", "resume", "rhythm", "renew", "delete"):
            given = {"do": do, "kind": "categories", "text": "math", "rhythm": "weekly"}
            assert ben.post(f"/subscriptions/{pk}", given).status_code == 404, do
        assert ben.put(f"/subscriptions/{pk}").status_code == 405
        assert ben.delete(f"/subscriptions/{pk}").status_code == 405
    assert Subscription.objects.values().get() == before
    for address in ("/subscriptions", "/subscriptions/opml"):
        assert row.secret not in ben.get(address).content.decode()
    assert Client().get(f"/subscriptions/{row.pk}").status_code == 302
    assert Client().get("/subscriptions/opml").status_code == 302


def test_beyond_the_limit_nothing_is_kept(hers: Client, ada: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MOST", 1)
    row = kept(ada)
    assert hers.post("/subscriptions/new", {"kind": "categories", "text": "math"}).status_code == 409
    hers.post(f"/subscriptions/{row.pk}", {"do": "delete"})
    kept(ada, "author", "Emmy Noether")
    assert hers.post("/subscriptions/undo", {"pk": row.pk}).status_code == 409
    assert Subscription.objects.count() == 1


@pytest.mark.parametrize("name", SCRIPTS)
def test_names_and_texts_are_shown_as_they_are_written(hers: Client, ada: Reader, name: str, encoder: object) -> None:
    for kind, text in (("search", name), ("author", f"Noether {name}"), ("text", name), ("categories", "cs.CL")):
        kept(ada, kind, text, name=name if kind != "search" else "", threshold=0.4)
    addresses = ["/subscriptions", *(f"/subscriptions/{row.pk}" for row in Subscription.objects.all())]
    for address in addresses:
        page = page_of(hers, address)
        assert not page.xpath("//img[@src='x'] | //script[not(@src)] | //*[@onerror]")
    assert page_of(hers, "/subscriptions").xpath("//h2/a/text()")[1:] == [name] * 3
    doomed = Subscription.objects.last()
    assert doomed is not None
    page = page_of(hers, hers.post(f"/subscriptions/{doomed.pk}", {"do": "delete"}).headers["Location"])
    assert f"“{name}” is deleted" in text_of(page)


def test_a_threshold_is_tried_on_past_weeks_before_anything_is_kept(
    hers: Client, shelf_site: list[Paper], ada: Reader
) -> None:
    for number, of_day in enumerate((shelf_site[:40], shelf_site[40:80])):
        day_list("cs.LG", f"2025-11-{20 + number}", new=of_day)
    chosen = shelf_site[3]
    page = page_of(hers, f"/subscriptions/new?kind=text&text={chosen.plain_title}&threshold=0.3")
    assert titles(page)[0] == chosen.plain_title
    rows = page.xpath("//ol[@class='held']/li")
    scores = [float(row.get("data-score")) for row in rows if row.get("data-score")]
    assert scores == sorted(scores, reverse=True)
    line = next(at for at, row in enumerate(rows) if row.get("class") == "line")
    assert line == sum(score >= 0.3 for score in scores)
    assert all("under" in row.get("class") for row in rows[line + 1 :])
    given = {"kind": "text", "text": chosen.plain_title, "threshold": "0,6", "do": "show", "options": "1"}
    higher = html.fromstring(hers.post("/subscriptions/new", given).content.decode())
    assert higher.xpath("//input[@id='threshold']/@value") == ["0.60"]
    assert len(higher.xpath("//li[@class='paper']")) == sum(score >= 0.6 for score in scores)
    assert hers.post("/subscriptions/new", given | {"do": "subscribe"}).status_code == 303
    assert Subscription.objects.get().threshold == 0.6


def test_papers_like_stars_need_some_stars(hers: Client, ada: Reader, shelf_site: list[Paper]) -> None:
    day_list("cs.LG", DAY, new=shelf_site[:40])
    mark(ada.visitor, [each.pk for each in shelf_site[40:42]], "starred", True)
    page = page_of(hers, "/subscriptions/new?kind=stars")
    assert "You have starred 2 papers" in text_of(page)
    assert not page.xpath("//button[@value='subscribe']")
    given = {"kind": "stars", "threshold": "0.3", "options": "1", "do": "subscribe"}
    assert hers.post("/subscriptions/new", given).status_code == 400
    mark(ada.visitor, [shelf_site[42].pk], "starred", True)
    page = page_of(hers, "/subscriptions/new?kind=stars")
    assert len(titles(page)) == 40
    assert hers.post("/subscriptions/new", given).status_code == 303
    assert Subscription.objects.get().kind == "stars"


@pytest.mark.parametrize("threshold", ["", "nan", "inf", "-1", "2", "x", "1e309"])
def test_a_threshold_that_is_none_is_refused(hers: Client, encoder: object, threshold: str) -> None:
    given = {"kind": "text", "text": "tides", "threshold": threshold, "options": "1"}
    assert hers.post("/subscriptions/new", given).status_code == 400
    assert hers.post("/subscriptions/new", given | {"do": "show"}).status_code == 200
    assert not Subscription.objects.exists()


def test_the_page_tells_what_went_wrong_with_mails(hers: Client, ada: Reader, with_mail: None) -> None:
    kept(ada, rhythm="daily")
    assert "Mails go to ada@example.org" in text_of(page_of(hers, "/subscriptions"))
    now = timezone.now()
    unsure = {"rhythm": "daily", "due": now, "state": Digest.State.UNSURE}
    Digest.objects.create(visitor=ada.visitor, period="2025-11-24", **unsure)
    Digest.objects.create(visitor=ada.visitor, rhythm="daily", period="2025-11-25", due=now, state=Digest.State.SENT)
    Digest.objects.create(visitor=ada.visitor, period="2025-10-01", **unsure | {"due": now - timedelta(days=30)})
    Digest.objects.create(visitor=make_reader("ben@example.org").visitor, period="2025-11-24", **unsure)
    page = page_of(hers, "/subscriptions")
    [link] = page.xpath("//*[@class='told']//a/@href")
    assert hers.get(link).status_code == 200
    Delivery.objects.create(visitor=ada.visitor, stopped=now, reason="550 no such user")
    assert "your address refused several" in text_of(page_of(hers, "/subscriptions"))


def test_where_no_mail_can_be_sent_the_page_says_so(ada: Reader, hers: Client, settings: Settings) -> None:
    settings.EMAIL_HOST = ""
    kept(ada)
    page = page_of(hers, "/subscriptions")
    assert "This site sends no mails" in text_of(page)
    assert not page.xpath("//select[@name='rhythm']")
    settings.EMAIL_HOST, settings.SITE_URL = "127.0.0.1", "https://papers.example.org"
    unverified = make_reader("ben@example.org", verified=False)
    kept(unverified)
    assert "You have no verified address yet" in text_of(page_of(signed_in(unverified), "/subscriptions"))


def test_lists_searches_and_authors_lead_to_a_filled_form(shelf_site: list[Paper], hers: Client) -> None:
    author = shelf_site[0].plain_authors[0]
    name = author.replace(" ", "+")
    for address, kind in (
        ("/arxiv/cs.LG+cs.CL-cs.CY", "categories"),
        ('/search?q="neural+network"', "search"),
        (f"/author/{name}", "author"),
    ):
        [link] = page_of(hers, address).xpath("//main//a[starts-with(@href, '/subscriptions/new?')]/@href")
        assert f"kind={kind}" in link
        form = page_of(hers, link)
        [typed] = form.xpath("//input[@id='text']/@value")
        assert typed in {"cs.LG+cs.CL-cs.CY", '"neural network"', author}


def test_the_list_asks_the_database_no_more_for_more_subscriptions(
    hers: Client, ada: Reader, day: list[Paper], django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        kept(ada, "author", f"Emmy Noether{chr(97 + number)}")
    hers.get("/subscriptions")
    cache.clear()
    with django_assert_max_num_queries(16):
        hers.get("/subscriptions")

"""A reader's own pages and mails in Simplified Chinese: nothing on them, in them or said by their forms is English.

The papers are in Cyrillic letters, and so is what the reader wrote.
"""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import html
from pytest_django import Settings

from papers.library import lists, notes, tags
from papers.models import Delivery, Digest, Paper, Reader, ReadingList
from search.subscriptions import keeping
from tests.chinese import CHINESE, in_chinese, left_in_english
from tests.papers.factories import day_list
from tests.papers.readers import PASSWORD, make_reader, signed_in
from tests.workers.digest_world import DUE, SITE, delivery_of, digest_of, parsed, parts, subscribe
from workers.digests.composing import compose
from workers.digests.unsubscribing import digest_token, unsubscribe_token

TEXT = "Приливы и отливы большого моря"
WORD = "прилив"


@pytest.fixture(autouse=True)
def _site(settings: Settings, db: None) -> None:
    """A site that sends mail, with no limits from before."""
    cache.clear()
    settings.SITE_URL, settings.EMAIL_HOST = SITE, "127.0.0.1"
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    settings.ACCOUNT_EMAIL_NOTIFICATIONS = True


@pytest.fixture
def reader() -> Reader:
    """Somebody with an account, whose mails are Chinese."""
    reader = make_reader()
    delivery_of(reader.visitor, language="zh-hans")
    return reader


@pytest.fixture
def client(reader: Reader) -> Client:
    """Her browser, which asks for Chinese."""
    return _chinese(signed_in(reader))


@pytest.fixture
def guest() -> Client:
    """Another browser that asks for Chinese."""
    return _chinese(Client())


def _chinese(client: Client) -> Client:
    client.defaults.update(CHINESE)
    return client


def told(response: Any, *statuses: int) -> Any:
    """The page of an answer, which holds nothing in English."""
    assert response.status_code in (statuses or (200,))
    text = response.content.decode()
    assert left_in_english(text) == set()
    return html.fromstring(text)


def posted(client: Client, address: str, form: Mapping[str, object], *statuses: int) -> Any:
    """The page to which a form leads, which holds nothing in English."""
    return told(client.post(address, form, follow=True), *statuses)


def follow(reader: Reader, site: list[Paper]) -> None:
    """One subscription of each kind."""
    visitor = reader.visitor
    for paper in site[:10]:
        visitor.marks.create(paper=paper, starred=timezone.now())
    subscribe(visitor, "cs.CL+cs.LG-cs.CV", crosses=False, replacements=True)
    subscribe(visitor, site[0].title.split()[0], "search", rhythm="weekly")
    subscribe(visitor, site[0].authors[0], "author", rhythm="", name="Она")
    keeping.subscribe(visitor, keeping.read("text", TEXT, 0.2), rhythm="daily")
    keeping.subscribe(visitor, keeping.read("stars", "", 0.2), rhythm="daily")
    visitor.subscriptions.filter(kind="text").update(paused=True)


# --- accounts ---


def test_pages_of_an_account_are_chinese(client: Client, guest: Client, settings: Settings) -> None:
    for address in ("login", "signup", "password/reset", "password/reset/done", "confirm-email", "inactive"):
        in_chinese(guest, f"/account/{address}/")
    for address in ("confirm-email/none", "password/reset/key/1-none", "password/reset/key/done"):
        in_chinese(guest, f"/account/{address}/")
    for address in ("", "data", "logout/", "email/", "sessions/", "password/change/", "reauthenticate/"):
        in_chinese(client, f"/account/{address}")
    for browser in (client, guest):
        assert in_chinese(browser, "/privacy").xpath("//table")
    settings.SIGNUP_OPEN = False
    settings.EMAIL_HOST = ""
    for address in ("/account/signup/", "/account/password/reset/", "/privacy"):
        in_chinese(guest, address)
    in_chinese(client, "/account/email/")


def test_pages_of_a_site_for_one_reader_are_chinese(settings: Settings, guest: Client) -> None:
    settings.SINGLE_USER = True
    for address in ("/account/", "/account/address", "/account/data", "/privacy", "/library", "/my", "/subscriptions"):
        in_chinese(guest, address)
    posted(guest, "/account/address", {"email": "не адрес"}, 400)
    posted(guest, "/account/address", {"email": "ada@example.org"})
    posted(guest, "/account/data/delete", {}, 400)


def test_what_forms_of_accounts_refuse_is_chinese(client: Client, guest: Client) -> None:
    for email, one, two in (
        *(("", "", ""), ("бред", "12345678", "12345678"), ("a@example.org", "short", "short")),
        *(("a@example.org", PASSWORD, "another"), ("tides@example.org", "password", "password")),
        ("я" * 300 + "@example.org", PASSWORD, PASSWORD),
    ):
        page = posted(guest, "/account/signup/", {"email": email, "password1": one, "password2": two})
        assert page.xpath("//ul[contains(@class, 'errorlist')]"), (email, one, two)
    for name, password in (("", ""), ("ada@example.org", "wrong"), ("name", "wrong"), ("x" * 300, "y" * 5000)):
        page = posted(guest, "/account/login/", {"login": name, "password": password})
        assert page.xpath("//ul[contains(@class, 'errorlist')]"), name
    posted(guest, "/account/password/reset/", {"email": "бред"})
    change = "/account/password/change/"
    posted(client, change, {"oldpassword": "wrong", "password1": "x", "password2": "y"})
    posted(client, change, {})
    posted(client, "/account/reauthenticate/", {"password": "wrong"})
    posted(client, "/account/data/delete", {"password": "wrong"}, 400)
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    for email in ("бред", "ada@example.org", "", "other@example.org"):
        posted(client, "/account/email/", {"action_add": "1", "email": email})
    for action in ("action_send", "action_remove"):
        posted(client, "/account/email/", {action: "1", "email": "other@example.org"})
    new = "new-tides-rise"
    posted(client, change, {"oldpassword": PASSWORD, "password1": new, "password2": new})


def test_mails_of_accounts_and_the_pages_that_they_lead_to_are_chinese(
    guest: Client, reader: Reader, mailoutbox: list[EmailMessage]
) -> None:
    form = {"email": "eve@example.org", "password1": PASSWORD, "password2": PASSWORD}
    posted(guest, "/account/signup/", form)
    link = link_in(mailoutbox[-1])
    in_chinese(guest, link)
    posted(guest, link, {})
    posted(_chinese(Client()), "/account/signup/", form | {"email": "ada@example.org"})
    other = _chinese(Client())
    for address in ("nobody@example.org", "ada@example.org"):
        posted(other, "/account/password/reset/", {"email": address})
    page = other.get(link_in(mailoutbox[-1]), follow=True)
    told(page)
    reset, new = page.request["PATH_INFO"], "new-tides-rise"
    posted(other, reset, {"password1": "12345678", "password2": "x"})
    posted(other, reset, {"password1": new, "password2": new})
    client = _chinese(signed_in(Reader.objects.get(pk=reader.pk)))
    client.post("/account/reauthenticate/", {"password": new})
    client.post("/account/email/", {"action_add": "1", "email": "other@example.org"})
    posted(client, link_in(mailoutbox[-1]), {})
    change = {"oldpassword": new, "password1": PASSWORD, "password2": PASSWORD}
    client.post("/account/password/change/", change)
    posted(client, "/account/data/delete", {"password": PASSWORD})
    assert len({mail.subject for mail in mailoutbox}) >= 7
    for mail in mailoutbox:
        body = re.sub(r"https?://\S+|\S+@\S+|papers\.example\.org|testserver", "", str(mail.body))
        assert left_in_english(f"<p>{mail.subject}</p>") | left_in_english(f"<p>{body}</p>") == set(), mail.subject


def link_in(mail: EmailMessage) -> str:
    """The path of the link in a mail."""
    found = re.search(rf"(?:{SITE}|http://testserver)(/\S+)", str(mail.body))
    assert found, mail.body
    return found[1]


# --- the library ---


def test_a_readers_library_is_chinese(foreign_site: list[Paper], client: Client, reader: Reader) -> None:
    one, two = foreign_site[:2]
    visitor = reader.visitor
    pages = ["/history", "/words", "/import", "/lists", "/tags", "/notes", f"/papers/{one.arxiv_id}"]
    for address in ("", *pages):
        in_chinese(client, f"/library{address}")
    client.post("/marks", {"star": one.arxiv_id})
    for paper in (one, two):
        client.post("/marks", {"viewed": paper.arxiv_id})
    notes.save(visitor, one, "Заметка **о море**", "")
    tags.add(visitor, [one, two], [WORD])
    mine = lists.make(visitor, "Море")
    lists.add(mine, [one.pk, two.pk])
    lists.describe(mine, "Море", "О чём это")
    for address in (*pages, f"/tags/{WORD}", f"/lists/{mine.pk}"):
        in_chinese(client, f"/library{address}")
    odd = f"?list={mine.pk}&year=1&has=x&sort=бред"
    narrowed = (f"?q={WORD}", f"?tag={WORD}&has=note", odd, "?q=ыыы", "?cat=cs.CL")
    for more in ("", *narrowed, "?sort=preference", "?sort=new", "?page=7"):
        told(client.get(f"/library{more}"), 200, 400, 404)
    in_chinese(client, f"/arxiv/{one.arxiv_id}")
    in_chinese(client, "/library/tags/нет", 404)
    in_chinese(client, f"/library/lists/{mine.pk}?page=9", 404)
    for keep in ("0", "1"):
        posted(client, "/library/history", {"keep": keep})


def test_what_forms_of_the_library_say_is_chinese(foreign_site: list[Paper], client: Client, reader: Reader) -> None:
    one, two = foreign_site[:2]
    keep = f"/library/papers/{one.arxiv_id}"
    refused = (200, 400, 409)
    for text, done, before in (
        *(("я" * 100_001, "save", ""), ("Заметка", "preview", ""), ("Заметка", "save", "")),
        *(("Другая", "save", "раньше"), ("", "delete", "")),
    ):
        posted(client, f"{keep}/note", {"text": text, "do": done, "before": before}, *refused)
    for name in ("", ".", "я" * 200, f"{WORD}，море"):
        posted(client, f"{keep}/tags", {"add": name}, *refused)
    for name in ("я" * 200, "Море"):
        posted(client, f"{keep}/lists", {"new": name}, *refused)
    for name in ("", "Другие"):
        posted(client, "/library/lists", {"new": name}, *refused)
    mine = ReadingList.objects.get(name="Другие")
    posted(client, f"/library/lists/{mine.pk}", {"do": "describe", "name": "Море", "about": ""}, *refused)
    for ids in (["бред"], [two.arxiv_id, "2401.00001"]):
        posted(client, "/library/lists/add", {"list": mine.pk, "ids": ids, "next": "/library/lists"}, *refused)
    tag = reader.visitor.tags.get(name=WORD)
    for name in ("море", "", "море, суша"):
        posted(client, "/library/tags", {"do": "rename", "tag": tag.pk, "name": name}, *refused)
    many = f"{one.arxiv_id} 2401.00001 {foreign_site[2].arxiv_id} бред"
    for text in ("", "бред", many):
        posted(client, "/library/import", {"text": text}, *refused)
    for where in ({"where": "stars"}, {"where": "new", "new": ""}, {"where": "tag", "tag": ""}, {"where": "list"}):
        posted(client, "/library/import", {"do": "take", "ids": many, **where}, *refused)
    posted(client, "/library/import", {"do": "ask", "ids": many}, *refused)


def test_a_shared_list_is_chinese_for_whoever_reads_it(
    foreign_site: list[Paper], client: Client, guest: Client, reader: Reader
) -> None:
    mine = lists.make(reader.visitor, "Море")
    lists.share(mine)
    address = reverse("shared-list", args=[mine.secret])
    in_chinese(guest, address)
    lists.add(mine, [foreign_site[0].pk, foreign_site[1].pk])
    Paper.objects.filter(pk=foreign_site[1].pk).update(removed=True)
    in_chinese(guest, address)
    in_chinese(client, f"/library/lists/{mine.pk}")
    in_chinese(guest, f"{address}x", 404)


# --- subscriptions, the morning page, mails ---


def test_subscriptions_are_chinese(foreign_site: list[Paper], client: Client, guest: Client, reader: Reader) -> None:
    for address in ("/subscriptions", "/subscriptions/mail", "/subscriptions/mail/preview", "/my"):
        in_chinese(client, address)
    in_chinese(guest, "/my")
    word = foreign_site[0].title.split()[0]
    for kind, text in (
        *(("categories", ""), ("categories", "cs.CL"), ("categories", "cs.ЫЫ"), ("categories", "cs.CL-cs.CL")),
        *(("search", word), ("search", "cat:cs.CL"), ("author", foreign_site[0].authors[0]), ("author", "?")),
        *(("text", ""), ("text", TEXT), ("text", "я" * 6000), ("stars", ""), ("бред", "аб")),
    ):
        form = {"kind": kind, "text": text, "threshold": "0.3"}
        told(client.get("/subscriptions/new", form), 200, 400)
        posted(client, "/subscriptions/new", form | {"do": "show"}, 200, 400)
    follow(reader, foreign_site)
    in_chinese(client, "/subscriptions/new?kind=stars")
    in_chinese(client, "/subscriptions")
    for row in reader.visitor.subscriptions.all():
        page = f"/subscriptions/{row.pk}"
        in_chinese(client, page)
        for done in ("pause", "resume", "renew"):
            posted(client, page, {"do": done})
            told(client.post(page, {"do": done}, HTTP_HX_REQUEST="true"))
    posted(client, page, {"do": "delete"})
    posted(client, "/subscriptions/undo", {"pk": row.pk})


def test_the_morning_page_is_chinese(foreign_site: list[Paper], client: Client, reader: Reader) -> None:
    follow(reader, foreign_site)
    for more in ("", "?since=2025-11-01", "?since=2025-11-20&seen=show", "?since=бред&seen=бред"):
        told(client.get(f"/my{more}"), 200, 400)
    page = in_chinese(client, "/my?since=2025-11-19")
    assert page.xpath("//section[contains(@class, 'topic')]")
    assert "2 个公布日" in page.xpath("//p[@class='of-day']")[0].text_content()
    posted(client, "/my/seen", {"section": "all"}, 200, 400)


def test_pages_of_mails_are_chinese(foreign_site: list[Paper], client: Client, guest: Client, reader: Reader) -> None:
    follow(reader, foreign_site)
    yesterday = timezone.now().date() - timedelta(days=1)
    day_list("cs.CL", f"{yesterday}", new=foreign_site[10:13], cross=foreign_site[13:14])
    settings_page = "/subscriptions/mail"
    for address in ("", "/preview", "/preview?rhythm=weekly", "/preview/html"):
        in_chinese(client, f"{settings_page}{address}")
    posted(client, settings_page, {"hour": "99", "zone": "бред", "weekday": "9", "language": "xx"}, 400)
    form = {"hour": "6", "zone": "Asia/Shanghai", "weekday": "4", "language": "zh-hans"}
    posted(client, settings_page, form)
    posted(client, f"{settings_page}/test", {})
    Delivery.objects.update(stopped=timezone.now(), reason="550 no such user", paused=True)
    digest = digest_of(reader.visitor, state=Digest.State.UNSURE, papers=[[foreign_site[0].pk, 0]])
    for address in (settings_page, "/subscriptions"):
        in_chinese(client, address)
    in_chinese(guest, reverse("digest", args=[digest_token(digest)]))
    in_chinese(guest, "/digest/бред", 404)
    in_chinese(guest, "/unsubscribe/бред", 404)
    for one in (reader.visitor.subscriptions.first(), None):
        address = reverse("unsubscribe", args=[unsubscribe_token(reader.visitor, one)])
        in_chinese(guest, address)
        for done in ("weekly", "pause", "resume", "end"):
            told(guest.post(address, {"do": done}))
        in_chinese(guest, address)


def test_a_digest_is_chinese(foreign_site: list[Paper], reader: Reader) -> None:
    follow(reader, foreign_site)
    reader.visitor.subscriptions.update(since=date(2025, 11, 1), rhythm="daily", paused=False)
    mail = compose(digest_of(reader.visitor, DUE), Delivery.objects.get())
    assert mail is not None
    text, page = parts(parsed(mail.message))
    assert "篇新论文：" in mail.message.subject
    assert "11月21日" in mail.message.subject
    assert left_in_english(page) == set()
    for part in (mail.message.subject, re.sub(r"https?://\S+", "", text).replace("<", " ")):
        assert left_in_english(f"<p>{part}</p>") == set()

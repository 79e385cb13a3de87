"""Lists of a reader: made, described, filled, shared by a secret address, taken back."""

import csv
import re
from datetime import timedelta
from io import StringIO

import pytest
from django.http import Http404
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import etree, html

from papers.library import lists
from papers.models import ListEntry, Mark, Note, Paper, Reader, ReadingList
from papers.visitors import TooManyError
from tests.papers.factories import PaperFactory
from tests.papers.pages import page_of, paper, shown
from tests.papers.readers import make_reader, signed_in

pytestmark = pytest.mark.django_db
FILES = ("feed", "bibtex", "ris", "csv")
_TOKEN = re.compile(r'(?<=name="csrfmiddlewaretoken" value=")[A-Za-z0-9]+')


@pytest.fixture
def reader() -> Reader:
    return make_reader()


@pytest.fixture
def client(reader: Reader) -> Client:
    return signed_in(reader)


@pytest.fixture
def tides() -> Paper:
    return paper("2511.00001", title="On tides")


@pytest.fixture
def winter(reader: Reader) -> ReadingList:
    return lists.make(reader.visitor, "Winter")


def inside(reading_list: ReadingList) -> list[str]:
    return list(lists.papers_in(reading_list).values_list("paper__arxiv_id", flat=True))


def shared(client: Client, reading_list: ReadingList) -> str:
    client.post(reverse("reading-list", args=[reading_list.pk]), {"do": "share"})
    reading_list.refresh_from_db()
    return reverse("shared-list", args=[reading_list.secret])


def test_a_list_is_made_named_and_described(client: Client) -> None:
    response = client.post(reverse("lists"), {"new": "  Reading \n group "})
    assert response.status_code == 303
    address = response["Location"]
    client.post(address, {"do": "describe", "name": "Thursdays", "about": "# Plan\n**now**"})
    page = page_of(client, address)
    assert page.xpath("string(//h1)") == "Thursdays"
    assert page.xpath("//div[contains(@class, 'about-list')]//h2/text()") == ["Plan"]
    assert page_of(client, reverse("lists")).xpath("//a[@class='what']/text()") == ["Thursdays"]
    assert client.post(reverse("lists"), {"new": "Thursdays"})["Location"] == address


@pytest.mark.parametrize("name", ["", " \n", "x" * 121])
def test_what_can_be_no_name_is_said(client: Client, winter: ReadingList, name: str) -> None:
    assert client.post(reverse("lists"), {"new": name}).status_code == 400
    assert client.post(winter_address(winter), {"do": "describe", "name": name}).status_code == 400
    assert client.post(winter_address(winter), {"do": "describe", "name": "x", "about": "y" * 2001}).status_code == 400
    assert ReadingList.objects.get().name == "Winter"


def winter_address(winter: ReadingList) -> str:
    return reverse("reading-list", args=[winter.pk])


def test_two_lists_of_one_name_cannot_be(client: Client, reader: Reader, winter: ReadingList) -> None:
    other = lists.make(reader.visitor, "Summer")
    response = client.post(reverse("reading-list", args=[other.pk]), {"do": "describe", "name": "Winter", "about": "a"})
    assert response.status_code == 400
    assert html.fromstring(response.content.decode()).xpath("//textarea[@name='about']/text()")[0].strip() == "a"


def test_boxes_put_a_paper_in_and_take_it_out_and_leave_what_changed_elsewhere(
    client: Client, reader: Reader, winter: ReadingList, tides: Paper
) -> None:
    summer = lists.make(reader.visitor, "Summer")
    address = reverse("keep-lists", args=[tides.arxiv_id])
    client.post(address, {"in": [winter.pk]})
    assert inside(winter) == ["2511.00001"]
    lists.add(summer, [tides.pk])  # in another window
    [form] = page_of(client, tides.get_absolute_url()).xpath("//ul[@class='boxes']/ancestor::form")
    ticked = {str(winter.pk), str(summer.pk)}
    assert {value for name, value in form.form_values() if name == "in"} == ticked
    assert {value for name, value in form.form_values() if name == "was"} == ticked
    client.post(address, {"was": [winter.pk]})  # from a window that does not know of the summer's
    assert (inside(winter), inside(summer)) == ([], ["2511.00001"])
    client.post(address, {"new": "Spring"})
    assert inside(ReadingList.objects.get(name="Spring")) == ["2511.00001"]
    assert client.post(address, {"new": "x" * 200}).status_code == 400


def test_the_last_added_stands_first(client: Client, winter: ReadingList) -> None:
    made = [paper(f"2511.0000{number}") for number in range(1, 4)]
    for each in made:
        lists.add(winter, [each.pk])
    assert shown(page_of(client, winter_address(winter))) == ["2511.00003", "2511.00002", "2511.00001"]


def test_papers_are_added_by_ids_and_by_stars(client: Client, reader: Reader, winter: ReadingList) -> None:
    made = [paper(f"2511.0000{number}") for number in range(1, 5)]
    now = timezone.now()
    for number, each in enumerate(made[:2]):
        Mark.objects.create(visitor=reader.visitor, paper=each, starred=now + timedelta(minutes=number))
    Mark.objects.create(visitor=reader.visitor, paper=made[2], seen=now)
    response = client.post(reverse("lists-add"), {"list": winter.pk, "starred": "1"})
    assert response["Location"] == winter_address(winter)
    assert inside(winter) == ["2511.00002", "2511.00001"]
    typed = "https://arxiv.org/abs/2511.00004v2, 2511.00003\n2511.00001 nonsense 2511.99999"
    client.post(reverse("lists-add"), {"list": winter.pk, "ids": typed})
    assert inside(winter) == ["2511.00004", "2511.00003", "2511.00002", "2511.00001"]
    client.post(reverse("lists-add"), {"new": "Both", "ids": ["2511.00001", "2511.00002"]})
    assert inside(ReadingList.objects.get(name="Both")) == ["2511.00001", "2511.00002"]
    for wrong in ({}, {"ids": "2511.99999"}, {"ids": "nonsense"}):
        assert client.post(reverse("lists-add"), {"list": winter.pk, **wrong}).status_code == 400
    assert client.post(reverse("lists-add"), {"list": "9" * 30, "ids": "2511.00001"}).status_code == 404


def test_chosen_papers_are_taken_out(client: Client, winter: ReadingList) -> None:
    lists.add(winter, [each.pk for each in PaperFactory.create_batch(3)])
    page = page_of(client, winter_address(winter))
    boxes = page.xpath("//input[@type='checkbox' and @name='ids' and @form='chosen']/@value")
    assert boxes == shown(page)
    client.post(winter_address(winter), {"do": "remove", "ids": boxes[:2]})
    assert inside(winter) == boxes[2:]


def test_there_are_limits(client: Client, winter: ReadingList, tides: Paper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "MOST", 1)
    monkeypatch.setattr(lists, "MOST_PAPERS", 1)
    assert client.post(reverse("lists"), {"new": "Second"}).status_code == 409
    lists.add(winter, [tides.pk])
    other = paper("2511.00002")
    with pytest.raises(TooManyError):
        lists.add(winter, [other.pk])
    assert client.post(reverse("lists-add"), {"list": winter.pk, "ids": "2511.00002"}).status_code == 409
    assert client.post(reverse("keep-lists", args=["2511.00002"]), {"in": [winter.pk]}).status_code == 409
    assert inside(winter) == ["2511.00001"]
    lists.add(winter, [tides.pk])


def test_a_shared_list_is_read_by_anybody_and_tells_nothing_of_whose_it_is(
    client: Client, reader: Reader, winter: ReadingList, tides: Paper
) -> None:
    lists.add(winter, [tides.pk])
    lists.describe(winter, "Winter", "For **all**")
    Note.objects.create(visitor=reader.visitor, paper=tides, text="my own thought")
    client.post(reverse("keep-tags", args=[tides.arxiv_id]), {"add": "my-own-tag"})
    address = shared(client, winter)
    anybody = Client()
    page = page_of(anybody, address)
    assert page.xpath("string(//h1)") == "Winter"
    assert shown(page) == ["2511.00001"]
    for each in (address, *(f"{address}/{name}" for name in FILES)):
        response = anybody.get(each)
        assert response.status_code == 200
        assert response["Referrer-Policy"] == "no-referrer"
        assert "noindex" in response["X-Robots-Tag"]
        assert "private" in response["Cache-Control"]
        text = response.content.decode()
        assert "On tides" in text
        for hers in ("ada@", "ada.example", "my own thought", "my-own-tag", f"/library/lists/{winter.pk}"):
            assert hers not in text, (each, hers)
    assert set(anybody.cookies) <= {"csrftoken"}


def test_an_address_taken_back_is_like_one_that_never_was(client: Client, winter: ReadingList, tides: Paper) -> None:
    lists.add(winter, [tides.pk])
    old = shared(client, winter)
    new = shared(client, winter)
    assert old != new
    anybody = Client()
    assert anybody.get(new).status_code == 200
    client.post(winter_address(winter), {"do": "revoke"})
    never = f"/shared/{'A' * 43}"
    for ending in ("", *(f"/{name}" for name in FILES)):
        for gone in (old, new, never, "/shared/x", f"/shared/{'x' * 500}", "/shared/None"):
            assert anybody.get(gone + ending).status_code == 404, gone + ending
    pages = {_TOKEN.sub("", anybody.get(each).content.decode()).replace(each, "") for each in (old, new, never)}
    assert len(pages) == 1
    assert page_of(client, winter_address(winter)).xpath("//input[@id='address']") == []


def test_secrets_are_long_and_never_the_same(client: Client, winter: ReadingList) -> None:
    found = {shared(client, winter).rpartition("/")[2] for _time in range(20)}
    assert len(found) == 20
    assert {len(secret) for secret in found} == {43}


def test_another_s_list_is_out_of_reach_address_by_address(client: Client, winter: ReadingList, tides: Paper) -> None:
    lists.add(winter, [tides.pk])
    secret = shared(client, winter).rpartition("/")[2]
    eve = signed_in(make_reader("eve@example.org"))
    mine = winter_address(winter)
    for address in (mine, *(f"{mine}/{name}" for name in FILES[1:])):
        assert eve.get(address).status_code == 404, address
        assert Client().get(address).status_code == 302, address
    for do in ("describe", "share", "revoke", "remove", "delete"):
        sent = {"do": do, "name": "Hers", "about": "", "ids": "2511.00001"}
        assert eve.post(mine, sent).status_code == 404, do
        assert Client().post(mine, sent).status_code == 302, do
    assert eve.post(reverse("lists-add"), {"list": winter.pk, "ids": "2511.00001"}).status_code == 404
    eve.post(reverse("keep-lists", args=["2511.00001"]), {"in": [winter.pk]})
    eve.post(reverse("keep-lists", args=["2511.00001"]), {"was": [winter.pk]})
    for address in (reverse("lists"), tides.get_absolute_url(), reverse("keep", args=["2511.00001"])):
        assert "Winter" not in eve.get(address).content.decode(), address
    winter.refresh_from_db()
    assert (winter.name, winter.secret, inside(winter)) == ("Winter", secret, ["2511.00001"])
    assert ListEntry.objects.count() == 1


def test_what_arxiv_removed_is_left_out_and_told(client: Client, winter: ReadingList, tides: Paper) -> None:
    gone = paper("2511.00002", removed=True)
    lists.add(winter, [tides.pk, gone.pk])
    address = shared(client, winter)
    for who, where in ((client, winter_address(winter)), (Client(), address)):
        page = page_of(who, where)
        assert shown(page) == ["2511.00001"]
        assert "1 more paper is not shown" in page.xpath("string(//div[@class='head'])")
    for name in FILES:
        assert "2511.00002" not in Client().get(f"{address}/{name}").content.decode()


EVIL = (
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    '"><img src=x onerror=alert(1)>',
    "a\r\nSet-Cookie: x=y",
    "]]><x/>",
    "}, @article{evil,",
)


@pytest.mark.parametrize("name", EVIL)
def test_names_and_descriptions_do_no_harm(client: Client, reader: Reader, tides: Paper, name: str) -> None:
    evil = lists.make(reader.visitor, lists.read_name(name))
    lists.describe(evil, evil.name, name)
    lists.add(evil, [tides.pk])
    address = shared(client, evil)
    for where in (address, winter_address(evil), reverse("lists"), reverse("keep", args=[tides.arxiv_id])):
        page = page_of(client, where)
        assert not page.xpath("//img[@onerror] | //script[contains(text(), 'alert')]"), where
    feed = etree.fromstring(Client().get(f"{address}/feed").content)
    assert feed.findtext("{*}title") == f"{evil.name} · Papertide"
    for kind in FILES[1:]:
        response = Client().get(f"{address}/{kind}")
        assert "\n" not in response["Content-Disposition"]
        assert "Set-Cookie" not in response
        assert "evil" not in response.content.decode()
    rows = list(csv.reader(StringIO(Client().get(f"{address}/csv").content.decode())))
    assert len(rows) == 2
    hers = client.get(f"{winter_address(evil)}/csv")
    assert not [cell for row in csv.reader(StringIO(hers.getvalue().decode())) for cell in row if cell[:1] == "="]


def test_own_exports_hold_her_tags_and_notes_and_no_formula(client: Client, winter: ReadingList, tides: Paper) -> None:
    lists.add(winter, [tides.pk])
    client.post(reverse("keep-tags", args=[tides.arxiv_id]), {"add": "=1+1, thesis"})
    client.post(reverse("keep-note", args=[tides.arxiv_id]), {"text": "=HYPERLINK(1) } @misc{x,"})
    text = client.get(f"{winter_address(winter)}/csv").getvalue().decode()
    [_heading, row] = csv.reader(StringIO(text))
    assert any("thesis" in cell for cell in row)
    assert not [cell for cell in row if cell.lstrip()[:1] in {"=", "+", "@"}]
    bibtex = client.get(f"{winter_address(winter)}/bibtex").getvalue().decode()
    assert bibtex.count("\n@") + bibtex.startswith("@") == 1


def test_a_list_is_deleted_with_its_address(client: Client, winter: ReadingList) -> None:
    address = shared(client, winter)
    assert client.post(winter_address(winter), {"do": "delete"})["Location"] == reverse("lists")
    assert Client().get(address).status_code == 404
    assert client.post(winter_address(winter), {"do": "share"}).status_code == 404


def test_a_page_beyond_the_last_is_said(client: Client, winter: ReadingList) -> None:
    address = shared(client, winter)
    page_of(Client(), f"{address}?page=9", 404)
    page_of(client, f"{winter_address(winter)}?page=9", 404)
    page_of(client, f"{winter_address(winter)}?page=x", 400)


def test_forms_need_their_token(reader: Reader, winter: ReadingList, tides: Paper) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(reader, backend="django.contrib.auth.backends.ModelBackend")
    for address in (
        winter_address(winter),
        reverse("lists"),
        reverse("lists-add"),
        reverse("tags"),
        *(reverse(f"keep-{name}", args=[tides.arxiv_id]) for name in ("note", "tags", "lists")),
    ):
        assert client.post(address, {"do": "share"}).status_code == 403, address


@pytest.mark.parametrize("gone", ["list", "reader"])
def test_what_is_deleted_in_another_window_is_no_fault(
    reader: Reader, winter: ReadingList, tides: Paper, gone: str
) -> None:
    visitor = reader.visitor
    (ReadingList.objects.filter(pk=winter.pk) if gone == "list" else Reader.objects.filter(pk=reader.pk)).delete()
    for change in (
        lambda: lists.add(winter, [tides.pk]),
        lambda: lists.describe(winter, "Spring", ""),
        lambda: lists.make(visitor, "Spring") if gone == "reader" else lists.add(winter, []),
    ):
        with pytest.raises(Http404):
            change()
    lists.remove(winter, [tides.pk])
    lists.share(winter)
    lists.revoke(winter)
    assert not ReadingList.objects.exists()

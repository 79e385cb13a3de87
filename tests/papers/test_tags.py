"""Tags of a reader: typed, renamed, merged, deleted, and the marks of them on cards."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from lxml import html

from papers.library import tags
from papers.library.kept import kept_of, lists_of, notes_of, tags_of
from papers.models import Note, Paper, Reader, Tag, Tagged
from papers.visitors import TooManyError
from tests.papers.factories import PaperFactory
from tests.papers.pages import page_of, paper, shown
from tests.papers.readers import make_reader, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader() -> Reader:
    return make_reader()


@pytest.fixture
def client(reader: Reader) -> Client:
    return signed_in(reader)


@pytest.fixture
def tides() -> Paper:
    return paper("2511.00001", title="On tides")


def tag(client: Client, of: Paper, text: str, **more: str):
    return client.post(reverse("keep-tags", args=[of.arxiv_id]), {"add": text, **more})


def names(of: Paper) -> list[str]:
    return sorted(Tagged.objects.filter(paper=of).values_list("tag__name", flat=True))


def test_tags_are_typed_with_commas_and_each_is_one_whatever_its_case(client: Client, tides: Paper) -> None:
    assert tag(client, tides, " to   read, Thesis,THESIS, #wal , Ma\u0308dchen,").status_code == 303
    assert names(tides) == ["Mädchen", "Thesis", "to read", "wal"]
    tag(client, paper("2511.00002"), "TO READ,mÄdchen")
    assert Tag.objects.count() == 4


def test_a_tag_is_taken_off_and_is_gone_with_its_last_paper(client: Client, tides: Paper) -> None:
    other = paper("2511.00002")
    tag(client, tides, "a, b")
    tag(client, other, "a")
    for name in ("a", "b"):
        tag(client, tides, "", remove=name)
    assert names(tides) == []
    assert list(Tag.objects.values_list("name", flat=True)) == ["a"]


@pytest.mark.parametrize("text", ["x" * 61, "..", "a/../b", "a//b", "/", "#"])
def test_what_can_be_no_tag_is_said_and_stays_typed(client: Client, tides: Paper, text: str) -> None:
    response = tag(client, tides, f"good, {text}")
    assert response.status_code == 400
    page = html.fromstring(response.content.decode())
    assert page.xpath("//input[@name='add']/@value") == [f"good, {text}"]
    assert page.xpath("//p[@class='problem']")
    assert not Tag.objects.exists()


@pytest.mark.parametrize("name", ["AdS/CFT", "100%", "a?b#c", "C++ & D", "новое", "<b>x</b>", '"q"', "a\\b", "{{ x }}"])
def test_every_tag_has_an_address(client: Client, tides: Paper, name: str) -> None:
    tag(client, tides, name)
    page = page_of(client, tides.get_absolute_url())
    [address] = page.xpath("//ul[@class='tags']//a/@href")
    listed = page_of(client, address)
    assert listed.xpath("string(//h1)") == name
    assert shown(listed) == ["2511.00001"]
    assert page_of(client, reverse("tags")).xpath("//a[@class='what']/@href") == [address]


def test_an_address_in_another_case_leads_to_the_tag_s_own(client: Client, tides: Paper) -> None:
    tag(client, tides, "Thesis")
    assert client.get("/library/tags/thesis")["Location"] == "/library/tags/Thesis"
    page_of(client, "/library/tags/nothing", 404)
    page_of(client, "/library/tags/" + "x" * 500, 404)


def test_a_tag_is_renamed_and_merging_is_asked_first(client: Client, tides: Paper) -> None:
    other = paper("2511.00002")
    tag(client, tides, "one, both")
    tag(client, other, "two, both")
    one = Tag.objects.get(name="one")
    address = reverse("tags")
    assert client.post(address, {"tag": one.pk, "do": "rename", "name": "ONE"}).status_code == 303
    assert names(tides) == ["ONE", "both"]
    response = client.post(address, {"tag": one.pk, "do": "rename", "name": "Both"})
    assert response.status_code == 409
    assert Tag.objects.count() == 3
    [form] = html.fromstring(response.content.decode()).xpath("//form[@class='asked']")
    client.post(address, dict(form.form_values()) | {"do": "merge"})
    assert names(tides) == ["both"]
    assert names(other) == ["both", "two"]
    assert client.post(address, {"tag": one.pk, "name": "x"}).status_code == 404
    two = Tag.objects.get(name="two")
    assert client.post(address, {"tag": two.pk, "name": "a,b"}).status_code == 400
    client.post(address, {"tag": two.pk, "do": "delete"})
    assert names(other) == ["both"]


def test_there_are_limits(reader: Reader, client: Client, tides: Paper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tags, "MOST", 3)
    monkeypatch.setattr(tags, "MOST_A_PAPER", 2)
    assert tag(client, tides, "a,b,c").status_code == 409
    assert not Tag.objects.exists()
    tag(client, tides, "a,b")
    assert tag(client, tides, "c").status_code == 409
    assert tag(client, paper("2511.00002"), "c").status_code == 303
    with pytest.raises(TooManyError):
        tags.add(reader.visitor, [PaperFactory()], ["d"])


def test_many_papers_are_tagged_in_a_few_queries(reader: Reader) -> None:
    tags.add(reader.visitor, PaperFactory.create_batch(3), ["a"])
    papers = PaperFactory.create_batch(60)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        tags.add(reader.visitor, papers, ["a", "b"])
    assert Tagged.objects.count() == 123
    assert len(queries) < 12


def test_another_s_tags_are_out_of_reach(client: Client, tides: Paper) -> None:
    tag(client, tides, "mine")
    eve = signed_in(make_reader("eve@example.org"))
    mine = Tag.objects.get()
    page_of(eve, "/library/tags/mine", 404)
    for do in ("rename", "merge", "delete"):
        assert eve.post(reverse("tags"), {"tag": mine.pk, "name": "hers", "do": do}).status_code == 404
    tag(eve, tides, "", remove="mine")
    for address in (tides.get_absolute_url(), reverse("tags"), "/arxiv/cs.CL", reverse("keep", args=[tides.arxiv_id])):
        assert "mine" not in eve.get(address).content.decode(), address
    assert names(tides) == ["mine"]
    assert Client().get(reverse("tags")).status_code == 302
    assert tag(Client(), tides, "x").status_code == 302
    assert Tag.objects.count() == 1


def test_cards_show_what_is_kept_with_two_more_queries(reader: Reader, client: Client) -> None:
    papers = PaperFactory.create_batch(25)
    client.get("/arxiv/cs.CL")
    with CaptureQueriesContext(connection) as before:
        client.get("/arxiv/cs.CL")
    tags.add(reader.visitor, papers, ["a", "<i>b</i>"])
    for each in papers[:10]:
        Note.objects.create(visitor=reader.visitor, paper=each, text="x")
    with CaptureQueriesContext(connection) as after:
        page = page_of(client, "/arxiv/cs.CL")
    assert len(after) == len(before)
    assert len(page.xpath("//p[@class='kept' and not(@hidden)]")) == 25
    assert len(page.xpath("//a[contains(@class, 'kept-note')]")) == 10
    assert page.xpath("//a[@class='kept-tag']/text()")[:2] == ["<i>b</i>", "a"]
    assert not page_of(Client(), "/arxiv/cs.CL").xpath("//*[contains(@class, 'kept') or contains(@class, 'to-keep')]")
    with CaptureQueriesContext(connection) as queries:
        assert kept_of(reader.visitor, [each.pk for each in papers])
        assert kept_of(None, [1]) == {}
    assert len(queries) == 2


def test_who_is_nobody_keeps_nothing(reader: Reader, client: Client, tides: Paper) -> None:
    tag(client, tides, "a")
    assert [(each.name, vars(each)["count"]) for each in tags_of(reader.visitor)] == [("a", 1)]
    assert [*tags_of(None), *lists_of(None), *notes_of(None)] == []

"""A site of one reader: no sign-in, one library, an address for mails."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from papers import visitors
from papers.accounts.addresses import mail_address
from papers.accounts.who import single_reader
from papers.models import Reader, Tally, Visitor
from tests.papers.pages import page_of, paper
from tests.papers.readers import PASSWORD, streamed, target

pytestmark = pytest.mark.django_db


@pytest.fixture
def one_reader(settings: Settings) -> None:
    settings.SINGLE_USER = True


@pytest.mark.usefixtures("one_reader")
@pytest.mark.parametrize(
    "address",
    ["login/", "signup/", "logout/", "password/reset/", "password/change/", "email/", "sessions/", "reauthenticate/"],
)
def test_there_is_no_sign_in(client: Client, address: str) -> None:
    assert client.get(f"/account/{address}").status_code == 404


@pytest.mark.usefixtures("one_reader")
def test_every_browser_sees_the_one_library(client: Client) -> None:
    star = paper("2511.00001")
    client.post(reverse("marks"), {"star": star.arxiv_id})
    page = page_of(Client(), reverse("library"))
    assert star.title in page.text_content()
    links = page.xpath("//header//nav/a/@href")
    assert reverse("my") in links
    assert not [link for link in links if "login" in link]
    assert Visitor.objects.get().reader == single_reader()


def test_what_a_browser_kept_before_is_the_one_readers(client: Client, settings: Settings) -> None:
    star, other = paper("2511.00001"), paper("2511.00002")
    client.post(reverse("marks"), {"star": star.arxiv_id})
    settings.SINGLE_USER = True
    visitors.mark(Visitor.objects.create(reader=single_reader()), [star.pk, other.pk], "starred", True)
    assert star.title in client.get(reverse("library")).content.decode()
    visitor = Visitor.objects.get()
    assert visitor.marks.count() == 2
    assert [tally.stars for tally in Tally.objects.order_by("paper")] == [1, 1]
    client.post(reverse("marks"), {"unstar": other.arxiv_id})
    assert not client.cookies[visitors.COOKIE].value  # it leads nowhere any more


@pytest.mark.usefixtures("one_reader")
def test_the_address_counts_once_its_link_was_opened(client: Client, settings: Settings, mailoutbox: list[Any]) -> None:
    assert "sends no mail" in page_of(client, reverse("mail-address")).text_content()
    settings.EMAIL_HOST = "127.0.0.1"
    assert client.post(reverse("mail-address"), {"email": "no address"}).status_code == 400
    assert client.post(reverse("mail-address"), {"email": "ada@example.org"}).status_code == 302
    assert mail_address(single_reader()) is None
    [link] = re.findall(r"http://testserver(/\S+)", mailoutbox[0].body)
    assert target(client.post(link)) == reverse("account")
    assert mail_address(single_reader()) == "ada@example.org"
    client.post(reverse("mail-address"), {"email": "moon@example.org"})
    assert mail_address(single_reader()) == "ada@example.org"
    assert "moon@example.org" in page_of(client, reverse("mail-address")).text_content()


@pytest.mark.usefixtures("one_reader")
def test_everything_can_be_taken_along_and_deleted(client: Client) -> None:
    star = paper("2511.00001")
    client.post(reverse("marks"), {"star": star.arxiv_id})
    assert star.arxiv_id in streamed(client.get(reverse("account-json")))
    assert client.post(reverse("account-delete")).status_code == 400
    assert client.post(reverse("account-delete"), {"sure": "on"}).status_code == 200
    assert not Visitor.objects.exists()
    assert Tally.objects.get().stars == 0
    assert client.get(reverse("account")).status_code == 200


@pytest.mark.usefixtures("one_reader")
def test_administrators_still_sign_in(client: Client) -> None:
    Reader.objects.create_superuser("keeper", "", PASSWORD)
    client.post(reverse("admin:login"), {"username": "keeper", "password": PASSWORD})
    assert client.get(reverse("admin:index")).status_code == 200

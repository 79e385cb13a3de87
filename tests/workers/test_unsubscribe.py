"""Ending mails by their links: one click without a cookie, nothing by a link that is only followed."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import signing
from django.test import Client
from django.urls import reverse
from lxml import html
from pytest_django import Settings

from papers.models import Delivery, Digest, Subscription, Visitor
from tests.papers.factories import day_list
from tests.papers.pages import page_of, paper
from tests.papers.readers import make_reader
from tests.workers.digest_world import DUE, SITE, delivery_of, digest_of, parsed, parts, subscribe
from workers.digests import unsubscribing
from workers.digests.composing import compose
from workers.digests.unsubscribing import digest_token, unsubscribe_token

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _site(settings: Settings) -> None:
    settings.SITE_URL, settings.EMAIL_HOST = SITE, "127.0.0.1"


@pytest.fixture
def ada() -> Visitor:
    visitor = make_reader("ada@example.org").visitor
    delivery_of(visitor)
    return visitor


@pytest.fixture
def stranger() -> Client:
    """A mail program: no cookie, no token against forged forms."""
    return Client(enforce_csrf_checks=True)


def rhythms(visitor: Visitor) -> list[str]:
    return list(visitor.subscriptions.values_list("rhythm", flat=True))


def address_of(visitor: Visitor, subscription: Subscription | None = None) -> str:
    return reverse("unsubscribe", args=[unsubscribe_token(visitor, subscription)])


class TestOneClick:
    def test_the_address_in_a_mails_header_ends_all_its_readers_mails_by_one_post(
        self, ada: Visitor, stranger: Client
    ) -> None:
        day_list("cs.CL", "2025-11-20", new=[paper("2511.00001")])
        subscribe(ada, "cs.CL")
        subscribe(ada, "cs.LG", rhythm="weekly")
        mail = compose(digest_of(ada), ada.delivery)
        assert mail is not None
        header = parsed(mail.message)["List-Unsubscribe"]
        (address,) = re.findall(rf"<{SITE}(/[^>]+)>", header)
        body = "List-Unsubscribe=One-Click"
        answer = stranger.post(address, body, content_type="application/x-www-form-urlencoded")
        assert answer.status_code == 200
        assert rhythms(ada) == ["", ""]
        assert Delivery.objects.get().next_daily is None

    def test_a_subscriptions_own_link_in_the_mail_ends_its_mails_alone(self, ada: Visitor, stranger: Client) -> None:
        day_list("cs.CL", "2025-11-20", new=[paper("2511.00001")])
        subscribe(ada, "cs.CL")
        subscribe(ada, "cs.LG")
        mail = compose(digest_of(ada), ada.delivery)
        assert mail is not None
        page = html.fromstring(parts(parsed(mail.message))[1])
        (link,) = page.xpath("//a[.='No more mail of this subscription']/@href")
        assert stranger.post(link.removeprefix(SITE)).status_code == 200
        assert rhythms(ada) == ["", "daily"]

    def test_following_a_link_changes_nothing(self, ada: Visitor, stranger: Client) -> None:
        subscribe(ada, "cs.CL")
        for method in (stranger.get, stranger.head):
            assert method(address_of(ada)).status_code == 200
        assert rhythms(ada) == ["daily"]
        assert stranger.options(address_of(ada)).status_code == 405

    def test_a_second_post_finds_nothing_to_end(self, ada: Visitor, stranger: Client) -> None:
        subscribe(ada, "cs.CL")
        for _ in range(2):
            assert stranger.post(address_of(ada)).status_code == 200
        assert rhythms(ada) == [""]

    def test_another_readers_mails_go_on(self, ada: Visitor, stranger: Client) -> None:
        bea = make_reader("bea@example.org").visitor
        subscribe(ada, "cs.CL")
        subscribe(bea, "cs.CL")
        stranger.post(address_of(ada))
        assert rhythms(bea) == ["daily"]


class TestTokens:
    def altered(self, token: str) -> list[str]:
        value, _sign, signature = token.rpartition(":")
        return [
            f"{value}x:{signature}",
            f"{value}:{signature[:-1]}{'A' if signature[-1] != 'A' else 'B'}",
            value,
            signature,
            "x",
            "é:é",
            "0" * 3_000,
        ]

    def test_an_altered_or_invented_one_leads_nowhere(self, ada: Visitor, stranger: Client) -> None:
        subscribe(ada, "cs.CL")
        for token in self.altered(unsubscribe_token(ada)):
            assert stranger.post(reverse("unsubscribe", args=[token])).status_code == 404
        assert rhythms(ada) == ["daily"]

    def test_one_signed_for_something_else_leads_nowhere(self, ada: Visitor, stranger: Client) -> None:
        subscribe(ada, "cs.CL")
        digest = digest_token(digest_of(ada))
        elsewhere = signing.Signer(salt="elsewhere").sign_object([ada.key.hex, 0])
        for token in (digest, elsewhere, unsubscribing.again_token(ada, [])):
            assert stranger.post(reverse("unsubscribe", args=[token])).status_code == 404
        assert stranger.get(reverse("digest", args=[unsubscribe_token(ada)])).status_code == 404

    def test_a_readers_token_cannot_name_another_readers_subscription(self, ada: Visitor, stranger: Client) -> None:
        bea = make_reader("bea@example.org").visitor
        hers = subscribe(bea, "cs.CL")
        assert stranger.post(address_of(ada, hers)).status_code == 404
        assert rhythms(bea) == ["daily"]

    def test_it_is_for_no_index_and_no_other_site(self, ada: Visitor, stranger: Client) -> None:
        digest = digest_of(ada)
        for address in (address_of(ada), reverse("digest", args=[digest_token(digest)])):
            answer = stranger.get(address)
            assert answer["X-Robots-Tag"] == "noindex"
            assert answer["Referrer-Policy"] == "no-referrer"
            assert "private" in answer["Cache-Control"]


class TestThePage:
    def press(self, client: Client, page: Any, label: str) -> Any:
        """The page after the button of a form, sent as a browser sends it."""
        (button,) = page.xpath(f"//main//button[normalize-space()='{label}']")
        form = button.xpath("ancestor::form")[0]
        fields = {field.get("name"): field.get("value") for field in form.xpath(".//input")}
        answer = client.post(form.get("action"), {**fields, button.get("name"): button.get("value")})
        assert answer.status_code == 200
        return html.fromstring(answer.content.decode())

    def test_what_was_ended_is_told_and_can_be_taken_up_again(self, ada: Visitor, stranger: Client) -> None:
        subscribe(ada, "cs.CL")
        subscribe(ada, "cs.LG", rhythm="weekly")
        subscribe(ada, "cs.AI", rhythm="")
        page = self.press(stranger, page_of(stranger, address_of(ada)), "Unsubscribe")
        assert rhythms(ada) == ["", "", ""]
        assert [item.text_content() for item in page.xpath("//main//li")] == ["cs.CL", "cs.LG"]
        self.press(stranger, page, "Subscribe again")
        assert rhythms(ada) == ["daily", "weekly", ""]
        assert Delivery.objects.get().next_daily is not None

    def test_daily_mails_can_become_weekly_and_daily_again(self, ada: Visitor, stranger: Client) -> None:
        subscribe(ada, "cs.CL")
        page = self.press(stranger, page_of(stranger, address_of(ada)), "Weekly instead")
        assert rhythms(ada) == ["weekly"]
        self.press(stranger, page, "Daily again")
        assert rhythms(ada) == ["daily"]

    def test_all_mails_can_be_paused_and_sent_again(self, ada: Visitor, stranger: Client) -> None:
        subscribe(ada, "cs.CL")
        page = self.press(stranger, page_of(stranger, address_of(ada)), "Pause all mails")
        assert Delivery.objects.get().paused
        self.press(stranger, page, "End the pause")
        assert not Delivery.objects.get().paused
        assert rhythms(ada) == ["daily"]

    def test_what_was_ended_long_ago_or_by_somebody_else_is_not_taken_up(
        self, ada: Visitor, stranger: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bea = make_reader("bea@example.org").visitor
        subscribe(ada, "cs.CL")
        rows = unsubscribing.end(unsubscribing.Ending(ada, None))
        token = unsubscribing.again_token(ada, rows)
        stranger.post(address_of(bea), {"do": "again", "what": token})
        stranger.post(address_of(ada), {"do": "again", "what": token + "x"})
        monkeypatch.setattr(unsubscribing, "AGAIN_AGE", -1)
        stranger.post(address_of(ada), {"do": "again", "what": token})
        assert rhythms(ada) == [""]

    def test_names_are_inert(self, ada: Visitor, stranger: Client) -> None:
        made = subscribe(ada, "cs.CL", name="<script>alert(1)</script>")
        for address in (address_of(ada), address_of(ada, made)):
            assert not page_of(stranger, address).xpath("//main//script")


class TestAMailInTheBrowser:
    def test_it_shows_all_papers_that_the_mail_told(self, ada: Visitor, stranger: Client) -> None:
        rows = [paper(f"2511.{number:05}") for number in range(1, 31)]
        digest = digest_of(ada, state=Digest.State.SENT, papers=[[row.pk, 0] for row in rows])
        page = page_of(stranger, reverse("digest", args=[digest_token(digest)]))
        shown = [link.rpartition("/")[2] for link in page.xpath("//h3/a/@href")]
        assert shown[:3] == ["2511.00001", "2511.00002", "2511.00003"]
        assert "30 papers" in page.xpath("//main")[0].text_content()

    def test_a_mail_not_made_yet_and_one_that_is_gone_say_so(self, ada: Visitor, stranger: Client) -> None:
        digest = digest_of(ada)
        address = reverse("digest", args=[digest_token(digest)])
        assert "has not been made yet" in page_of(stranger, address).xpath("//main")[0].text_content()
        digest.delete()
        page_of(stranger, address, 404)

    def test_pages_beyond_the_last_are_not_found(self, ada: Visitor, stranger: Client) -> None:
        digest = digest_of(ada, DUE + timedelta(days=1), papers=[[paper("2511.00001").pk, 0]])
        page_of(stranger, reverse("digest", args=[digest_token(digest)]) + "?page=9", 404)

"""The page on which a reader says when and how her mails come, with its preview and its test mail."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import html
from pytest_django import Settings

from papers.models import Delivery, Digest, Visitor
from tests.papers.factories import day_list
from tests.papers.pages import page_of, paper
from tests.papers.readers import make_reader, signed_in
from tests.workers.digest_world import SITE, delivery_of, subscribe

pytestmark = pytest.mark.django_db
PAGE = "/subscriptions/mail"
FORM = {"hour": "6", "zone": "Asia/Shanghai", "weekday": "4", "language": "zh-hans"}


@pytest.fixture(autouse=True)
def _site(settings: Settings) -> None:
    cache.clear()
    settings.SITE_URL, settings.EMAIL_HOST = SITE, "127.0.0.1"


@pytest.fixture
def ada() -> Visitor:
    return make_reader("ada@example.org").visitor


@pytest.fixture
def browser_of_ada(ada: Visitor) -> Client:
    assert ada.reader is not None
    return signed_in(ada.reader)


def text_of(page: Any) -> str:
    return " ".join(page.xpath("//main")[0].text_content().split())


def announced(*rows: Any) -> None:
    """A list of yesterday, as days go now."""
    day_list("cs.CL", f"{timezone.now().date() - timedelta(days=1)}", new=rows)


class TestSettings:
    def test_what_is_chosen_is_kept_and_the_next_mail_follows_it(self, ada: Visitor, browser_of_ada: Client) -> None:
        subscribe(ada, "cs.CL")
        answer = browser_of_ada.post(PAGE, FORM, follow=True)
        assert answer.status_code == 200
        row = Delivery.objects.get()
        assert (row.hour, row.zone, row.weekday, row.language, row.paused) == (6, "Asia/Shanghai", 4, "zh-hans", False)
        assert row.next_daily is not None
        assert row.next_daily.hour == 22  # UTC
        page = html.fromstring(answer.content.decode())
        assert "06:00" in text_of(page)
        assert page.xpath("//select[@name='zone']//option[@selected]/@value") == ["Asia/Shanghai"]

    def test_a_pause_is_kept_and_ended(self, ada: Visitor, browser_of_ada: Client) -> None:
        browser_of_ada.post(PAGE, {**FORM, "paused": "1"})
        assert Delivery.objects.get().paused
        browser_of_ada.post(PAGE, FORM)
        assert not Delivery.objects.get().paused

    @pytest.mark.parametrize(
        "change",
        [
            {"hour": "24"},
            {"hour": "-1"},
            {"hour": "x"},
            {"hour": "³"},
            {"weekday": "7"},
            {"weekday": ""},
            {"zone": "Mars/Olympus"},
            {"zone": "../../etc/passwd"},
            {"zone": "\x00"},
            {"zone": ""},
            {"language": "de"},
        ],
    )
    def test_what_cannot_be_is_refused_with_a_sentence(self, browser_of_ada: Client, change: dict[str, str]) -> None:
        answer = browser_of_ada.post(PAGE, {**FORM, **change})
        assert answer.status_code == 400
        assert not Delivery.objects.exists()
        assert html.fromstring(answer.content.decode()).xpath("//ul[@class='notes']/li")

    def test_a_reader_without_account_is_asked_to_sign_in(self, client: Client) -> None:
        for name in ("delivery", "delivery-preview", "delivery-preview-html"):
            assert client.get(reverse(name)).status_code == 302
        for name in ("delivery", "delivery-test", "delivery-again"):
            assert client.post(reverse(name)).status_code == 302
        assert not Delivery.objects.exists()

    def test_each_reader_changes_her_own_only(self, ada: Visitor, browser_of_ada: Client) -> None:
        bea = make_reader("bea@example.org").visitor
        delivery_of(bea, hour=9)
        browser_of_ada.post(PAGE, {**FORM, "visitor": str(bea.pk), "visitor_id": str(bea.pk)})
        assert Delivery.objects.get(visitor=bea).hour == 9
        assert Delivery.objects.get(visitor=ada).hour == 6

    def test_an_address_that_is_not_verified_is_said(self) -> None:
        reader = make_reader("eve@example.org", verified=False)
        assert "no verified address" in text_of(page_of(signed_in(reader), PAGE))

    def test_without_a_mail_server_or_an_address_of_the_site_no_mail_is_offered(
        self, browser_of_ada: Client, settings: Settings
    ) -> None:
        for name in ("EMAIL_HOST", "SITE_URL"):
            before = getattr(settings, name)
            setattr(settings, name, "")
            page = page_of(browser_of_ada, PAGE)
            assert "sends no mails to readers" in text_of(page)
            assert not page.xpath("//main//form")
            setattr(settings, name, before)

    def test_an_address_that_refuses_mails_can_be_tried_again(self, ada: Visitor, browser_of_ada: Client) -> None:
        subscribe(ada, "cs.CL")
        delivery_of(ada, stopped=timezone.now(), bounces=3, reason="550 <b>no such user</b>")
        page = page_of(browser_of_ada, PAGE)
        assert "550 <b>no such user</b>" in text_of(page)
        browser_of_ada.post(reverse("delivery-again"))
        row = Delivery.objects.get()
        assert (row.stopped, row.bounces, row.reason) == (None, 0, "")


class TestPreview:
    def test_it_shows_the_mail_as_it_would_be_now_and_tells_nothing(self, ada: Visitor, browser_of_ada: Client) -> None:
        announced(paper("2511.00001", title="Neap tides"))
        subscribe(ada, "cs.CL", since=timezone.now().date() - timedelta(days=3))
        page = page_of(browser_of_ada, reverse("delivery-preview"))
        assert "1 new paper: cs.CL" in text_of(page)
        assert "Neap tides" in page.xpath("//pre")[0].text
        assert not Digest.objects.exists()
        (frame,) = page.xpath("//iframe/@src")
        letter = page_of(browser_of_ada, frame)
        assert letter.xpath("//h3/a")[0].text == "Neap tides"

    def test_where_nothing_is_new_the_last_day_is_shown(self, ada: Visitor, browser_of_ada: Client) -> None:
        announced(paper("2511.00001", title="Neap tides"))
        subscribe(ada, "cs.CL", since=timezone.now().date())
        page = page_of(browser_of_ada, reverse("delivery-preview"))
        assert "Nothing is new at this moment" in text_of(page)
        assert "Neap tides" in page.xpath("//pre")[0].text

    def test_without_a_subscription_that_is_mailed_there_is_none(self, ada: Visitor, browser_of_ada: Client) -> None:
        subscribe(ada, "cs.CL", rhythm="")
        assert "There is no mail to show" in text_of(page_of(browser_of_ada, reverse("delivery-preview")))
        page = browser_of_ada.get(reverse("delivery-preview-html"))
        assert page.status_code == 404

    def test_styles_are_allowed_in_the_mails_frame_and_nowhere_else_and_nothing_runs_there(
        self, ada: Visitor, browser_of_ada: Client
    ) -> None:
        announced(paper("2511.00001"))
        subscribe(ada, "cs.CL")
        policy = browser_of_ada.get(reverse("delivery-preview-html"))["Content-Security-Policy"]
        directives = {part.split()[0]: part.split()[1:] for part in policy.split(";") if part.strip()}
        assert directives["default-src"] == ["'none'"]
        assert directives["style-src"] == ["'unsafe-inline'"]
        assert "sandbox" in directives
        assert "allow-scripts" not in directives["sandbox"]
        assert "allow-same-origin" not in directives["sandbox"]
        assert "script-src" not in directives
        outer = browser_of_ada.get(reverse("delivery-preview"))["Content-Security-Policy"]
        assert "unsafe-inline" not in outer
        assert "'self'" in next(part for part in outer.split(";") if "frame-src" in part)


class TestTestMail:
    @pytest.fixture(autouse=True)
    def _new(self, ada: Visitor) -> None:
        announced(paper("2511.00001"))
        subscribe(ada, "cs.CL", since=date(2025, 11, 1))

    def test_it_goes_to_the_verified_address_marked_and_counts_as_nothing_told(self, browser_of_ada: Client) -> None:
        page = browser_of_ada.post(reverse("delivery-test"), {"to": "eve@example.org"}, follow=True)
        assert "A test mail is on its way" in page.content.decode()
        (sent,) = mail.outbox
        assert sent.to == ["ada@example.org"]
        assert sent.subject.startswith("[test] 1 new paper")
        assert not Digest.objects.exists()

    def test_there_are_three_an_hour(self, browser_of_ada: Client) -> None:
        codes = [browser_of_ada.post(reverse("delivery-test")).status_code for _ in range(4)]
        assert codes == [303, 303, 303, 429]
        assert len(mail.outbox) == 3

    def test_no_mail_goes_to_an_address_that_is_not_verified(self) -> None:
        reader = make_reader("eve@example.org", verified=False)
        subscribe(reader.visitor, "cs.CL")
        page = signed_in(reader).post(reverse("delivery-test"), follow=True)
        assert "could not be sent" in page.content.decode()
        assert not mail.outbox

    def test_a_mail_server_that_is_away_is_said(self, browser_of_ada: Client, settings: Settings) -> None:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_PORT = 9  # nobody listens there
        page = browser_of_ada.post(reverse("delivery-test"), follow=True)
        assert "could not be sent" in page.content.decode()

    def test_a_form_from_elsewhere_sends_none(self, ada: Visitor) -> None:
        assert ada.reader is not None
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(ada.reader, backend="django.contrib.auth.backends.ModelBackend")
        assert strict.post(reverse("delivery-test")).status_code == 403
        assert not mail.outbox

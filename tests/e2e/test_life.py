"""The whole life of a reader in a real browser: from the first star without an account to mail unsubscribed and data
deleted, in both languages, at a desk and on a telephone; every page on the way is accessible."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from email.message import EmailMessage

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from papers.models import Delivery, Paper, Reader
from tests.e2e.axe import assert_accessible
from tests.e2e.watching import Windows, assert_fits
from tests.papers.factories import day_list
from tests.papers.readers import PASSWORD
from tests.workers.mailing import Post, post_office
from workers.digests import due, sending

EMAIL = "ada@example.org"
LANGUAGES = {"en-GB": ("en", "new"), "zh-CN": ("zh-hans", "篇")}
YESTERDAY, TODAY = "2026-11-26", "2026-11-27"


@pytest.fixture
def post(settings: Settings, live_server: LiveServer) -> Iterator[Post]:
    """A mail server, and a site that sends by it."""
    with post_office() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 5
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.ACCOUNT_EMAIL_VERIFICATION, settings.ACCOUNT_EMAIL_NOTIFICATIONS = "mandatory", True
        # Mail programs unsubscribe by one click over TLS alone (RFC 8058), which a proxy in front would bring.
        settings.SITE_URL = live_server.url.replace("http://", "https://")
        yield server


@pytest.fixture
def papers(transactional_db: None, shelf_site: list[Paper]) -> list[Paper]:
    """The shelf's papers; the lists of one day hold some of them."""
    day_list("cs.CL", YESTERDAY, new=shelf_site[:4])
    return shelf_site


class Life:
    """One reader's way: pages of one look, each looked at."""

    def __init__(self, windows: Windows, look: dict[str, object], post: Post) -> None:
        self._windows, self._look, self._post = windows, look, post
        self.page: Page = self.at("/")

    def at(self, address: str) -> Page:
        """The page of an address, accessible and no wider than the window."""
        if hasattr(self, "page"):
            self.page.close()
        self.page = self._windows(address, **self._look)  # type: ignore[arg-type]
        assert_accessible(self.page)
        return self.page

    def does(self, act: Callable[[], object], where: str) -> Page:
        """The page that an act leads to."""
        act()
        self.page.wait_for_url(re.compile(where))
        assert_fits(self.page)
        assert_accessible(self.page)
        return self.page

    def mail(self, number: int) -> EmailMessage:
        """Her mail of that number, from 0."""
        assert self._post.recipients == [EMAIL] * (number + 1), self._post.recipients
        found = self._post.mails[number][2]
        assert isinstance(found, EmailMessage)
        return found


def link(mail: EmailMessage, part: str) -> str:
    """The first address in a mail's text that holds a part, without its host."""
    paths = re.findall(r"https?://[^/\s]+(/[^\s>]*)", text_of(mail))
    return str(next(path for path in paths if part in path))


def text_of(mail: EmailMessage) -> str:
    """What a mail says in its text."""
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [1280, 390], ids=["desktop", "phone"])
def test_from_the_first_star_without_an_account_to_mail_unsubscribed(
    browser: Browser, live_server: LiveServer, papers: list[Paper], post: Post, width: int, language: str
) -> None:
    code, word = LANGUAGES[language]
    with ExitStack() as stack:
        windows = Windows(browser, live_server.url)
        stack.callback(windows.close)
        life = Life(windows, {"width": width, "language": language}, post)

        # A star, and nothing of her is known but a cookie.
        life.at(f"/arxiv/{papers[0].arxiv_id}")
        life.page.locator(".star").first.click()
        expect(life.page.locator(".star").first).to_have_attribute("aria-pressed", "true")
        assert not Reader.objects.exists()

        # An account, by a verified address, takes it along.
        life.at("/account/signup/")
        life.page.locator("#id_email").fill(EMAIL)
        life.page.locator("#id_password1").fill(PASSWORD)
        life.page.locator("#id_password2").fill(PASSWORD)
        life.does(life.page.locator("main form button").first.click, "/account/confirm-email/")
        life.at(link(life.mail(0), "/account/confirm-email/"))
        life.page.locator("main form button").first.click()
        life.page.wait_for_url(re.compile(r"/account/login/|/my$"))
        if "/account/login/" in life.page.url:
            life.page.locator("#id_login").fill(EMAIL)
            life.page.locator("#id_password").fill(PASSWORD)
            life.does(life.page.locator("main form button").first.click, "/my$")
        life.at("/library")
        expect(life.page.locator(f"#p-{papers[0].arxiv_id}".replace(".", "\\."))).to_be_visible()
        visitor = Reader.objects.get().visitor

        # A subscription by mail, at her own hour.
        life.at("/subscriptions/new?kind=categories&text=cs.CL")
        life.page.locator("select#rhythm").select_option("daily")
        life.does(life.page.locator(".finish button").click, "/subscriptions(#.*)?$")
        life.at("/subscriptions/mail")
        life.page.locator("select#hour").select_option("6")
        life.page.locator("select#zone").select_option("Asia/Shanghai")
        life.page.locator("select#language").select_option(code)
        life.does(life.page.locator("form.how p:last-child button").click, "/subscriptions/mail")
        delivery = Delivery.objects.get(visitor=visitor)
        assert (delivery.zone, delivery.hour, delivery.language) == ("Asia/Shanghai", 6, code)

        # A day comes, and with it one mail.
        day_list("cs.CL", TODAY, new=papers[4:7], cross=papers[7:8])
        Delivery.objects.update(next_daily=timezone.now() - timedelta(minutes=1))
        assert due.plan_digests() == 1
        sending.send_digests()
        mail = life.mail(1)
        told = text_of(mail)
        assert [paper.arxiv_id in told for paper in papers[3:9]] == [False, True, True, True, True, False]
        assert word in told
        sending.send_digests()
        life.mail(1)  # and no other

        # The morning page has the same, once; all is seen, and not seen.
        life.at("/my")
        cards = life.page.locator("main .card")
        expect(cards).to_have_count(8 if cards.count() == 8 else 4)
        life.page.locator("button[name=section][value=all]").click()
        expect(life.page.locator(".toast button, .undo button").first).to_be_visible()
        marks = visitor.marks.filter(seen__isnull=False)
        assert marks.count() >= 4
        life.page.locator(".toast button, .undo button").first.click()
        life.page.wait_for_timeout(500)
        assert not marks.exists()

        # Out of the mail by its link, and by a mail program's one click without any cookie.
        life.at(link(mail, "/unsubscribe/"))
        assert visitor.subscriptions.filter(rhythm="daily").exists()
        life.does(life.page.locator("main form button[value=end]").first.click, "/unsubscribe/")
        assert not visitor.subscriptions.exclude(rhythm="").exists()
        visitor.subscriptions.update(rhythm="daily")
        [one_click] = re.findall(r"<https://[^/]+(/[^>]+)>", mail["List-Unsubscribe"])
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert one_click_status(browser, live_server.url + one_click) == 200
        assert not visitor.subscriptions.exclude(rhythm="").exists()

        # Her data, and the end.
        life.at("/account/data")
        life.page.locator("#id_password").fill(PASSWORD)
        life.does(life.page.locator("button.danger").click, "/account/")
        assert not Reader.objects.exists()


def one_click_status(browser: Browser, address: str) -> int:
    """The status of a mail program's POST (RFC 8058): no cookie, no page before it."""
    context = browser.new_context()
    try:
        status = context.request.post(address, form={"List-Unsubscribe": "One-Click"}).status
    finally:
        context.close()
    return int(status)

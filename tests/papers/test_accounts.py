"""Accounts: sign up, in and out, mails, passwords, devices, data."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from lxml import html
from pytest_django import Settings

from papers import visitors
from papers.accounts.addresses import mail_address
from papers.models import Note, Reader, Tally, Visitor
from tests.papers.pages import page_of, paper
from tests.papers.readers import PASSWORD, make_reader, signed_in, streamed, target

pytestmark = pytest.mark.django_db

NEW = "another-tide-each-day"


@pytest.fixture(autouse=True)
def _no_limits_from_before() -> None:
    cache.clear()


@pytest.fixture
def mail(settings: Settings, mailoutbox: list[EmailMessage]) -> list[EmailMessage]:
    """A site that sends mail, and what it sent."""
    settings.EMAIL_HOST = "127.0.0.1"
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    settings.ACCOUNT_EMAIL_NOTIFICATIONS = True
    return mailoutbox


def link_in(message: EmailMessage) -> str:
    [link] = re.findall(r"http://testserver(/\S+)", str(message.body))
    return str(link)


def sign_up(client: Client, email: str = "ada@example.org", password: str = PASSWORD) -> Any:
    return client.post(
        reverse("account_signup"), {"email": email, "password1": password, "password2": password}, follow=True
    )


def sign_in(client: Client, login: str = "ada@example.org", password: str = PASSWORD, **more: str) -> Any:
    return client.post(reverse("account_login"), {"login": login, "password": password, **more})


def is_in(client: Client) -> bool:
    return bool(client.get(reverse("account")).status_code == 200)


def said(response: Any) -> str:
    return " ".join(html.fromstring(response.content.decode()).text_content().split())


def test_who_signs_up_opens_the_link_and_signs_in(client: Client, mail: list[EmailMessage]) -> None:
    answer = sign_up(client)
    assert "A mail is on its way" in said(answer)
    assert not is_in(client)
    reader = Reader.objects.get(email="ada@example.org")
    assert mail_address(reader) is None
    sign_in(client)
    assert not is_in(client)  # before the link was opened
    link = link_in(mail[0])
    assert "ada@example.org" in said(client.get(link))
    assert mail_address(reader) is None  # programs that look at links in mails change nothing
    client.post(link)
    assert mail_address(reader) == "ada@example.org"
    assert sign_in(client).url == reverse("my")
    assert is_in(client)


def test_without_mail_sign_up_works_and_says_that_nothing_is_verified(client: Client) -> None:
    assert "This site sends no mail" in said(client.get(reverse("account_signup")))
    sign_up(client)
    assert is_in(client)
    assert "not verified" in said(client.get(reverse("account")))
    assert mail_address(Reader.objects.get()) is None
    assert "cannot reach you" in said(Client().get(reverse("account_reset_password")))
    assert "could not be verified" in said(client.get(reverse("account_email")))


def test_closed_sign_up_says_so_and_makes_no_account(client: Client, settings: Settings) -> None:
    settings.SIGNUP_OPEN = False
    assert "Sign-up is closed" in said(client.get(reverse("account_signup")))
    assert "Sign-up is closed" in said(sign_up(client))
    assert not Reader.objects.exists()
    assert reverse("account_signup") not in page_of(client, reverse("account_login")).xpath("//main//a/@href")


def test_an_address_that_is_too_long_is_refused_and_not_cut(client: Client, mail: list[EmailMessage]) -> None:
    long = f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.example.org"
    assert len(long) > 254
    assert "254" in said(sign_up(client, long))
    assert "254" in said(client.post("/account/password/reset/", {"email": long}))
    assert not Reader.objects.exists()
    assert not mail


def test_sign_up_says_the_same_of_known_and_unknown_addresses(client: Client, mail: list[EmailMessage]) -> None:
    make_reader()
    known, unknown = sign_up(client), sign_up(Client(), "ben@example.org")
    assert known.redirect_chain == unknown.redirect_chain
    assert said(known).replace("ada@", "ben@") == said(unknown)
    assert [message.subject for message in mail] == ["You have an account already", "Verify your address"]
    assert Reader.objects.count() == 2
    assert Reader.objects.get(email="ada@example.org").check_password(PASSWORD)


def test_a_password_is_reset_by_a_link_that_works_once(client: Client, mail: list[EmailMessage]) -> None:
    reader = make_reader()
    elsewhere = signed_in(reader)
    known = client.post(reverse("account_reset_password"), {"email": "ada@example.org"}, follow=True)
    unknown = client.post(reverse("account_reset_password"), {"email": "ben@example.org"}, follow=True)
    assert said(known) == said(unknown)
    assert [message.to for message in mail] == [["ada@example.org"], ["ben@example.org"]]
    link = link_in(mail[0])
    there = client.get(link, follow=True)
    answer = client.post(there.request["PATH_INFO"], {"password1": NEW, "password2": NEW}, follow=True)
    assert "The password is set" in said(answer)
    assert not is_in(elsewhere)  # devices that were signed in are not any more
    assert sign_in(client, password=NEW).status_code == 302
    assert "not valid any more" in said(Client().get(link, follow=True))


def test_a_changed_password_signs_the_other_devices_out(client: Client, mail: list[EmailMessage]) -> None:
    reader = make_reader()
    here, elsewhere = signed_in(reader), signed_in(reader)
    form = {"oldpassword": "no", "password1": NEW, "password2": NEW}
    assert "not your current password" in said(here.post(reverse("account_change_password"), form))
    here.post(reverse("account_change_password"), form | {"oldpassword": PASSWORD})
    assert is_in(here)
    assert not is_in(elsewhere)
    assert [message.subject for message in mail] == ["Your password was changed"]


def test_an_address_changes_once_the_new_one_is_verified_and_the_password_was_asked(mail: list[EmailMessage]) -> None:
    reader = make_reader()
    client = signed_in(reader)
    asked = client.post(reverse("account_email"), {"action_add": "1", "email": "moon@example.org"})
    assert target(asked).startswith(reverse("account_reauthenticate"))
    client.post(target(asked), {"password": PASSWORD})
    assert mail_address(reader) == "ada@example.org"
    assert mail[-1].to == ["moon@example.org"]
    client.post(link_in(mail[-1]))
    assert mail_address(reader) == "moon@example.org"
    assert mail[-1].to == ["ada@example.org"]  # who had it is told
    assert EmailAddress.objects.filter(user=reader).count() == 1


def test_devices_are_listed_and_signed_out_one_by_one_or_all(client: Client) -> None:
    reader, other = make_reader(), make_reader("ben@example.org")
    here, one, two = signed_in(reader), signed_in(reader), signed_in(reader)
    stranger = signed_in(other)
    theirs = UserSession.objects.get(user=other)
    assert len(page_of(here, reverse("usersessions_list")).xpath("//ul[@class='devices']/li")) == 3
    assert here.post(reverse("end-session", args=[theirs.pk])).status_code == 404
    assert is_in(stranger)
    its_key = one.session.session_key
    here.post(reverse("end-session", args=[UserSession.objects.get(session_key=its_key).pk]))
    assert not is_in(one)
    assert is_in(two)
    here.post(reverse("usersessions_list"))
    assert is_in(here)
    assert not is_in(two)


@pytest.mark.parametrize("address", ["", "10.1.2.3"])
def test_tried_passwords_are_throttled_for_an_account_wherever_they_come_from(address: str) -> None:
    make_reader()
    answers = [sign_in(Client(REMOTE_ADDR=address or f"10.0.0.{n}"), password=f"wrong-{n}") for n in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert "A little too fast" in said(answers[-1])
    assert answers[-1]["Retry-After"]
    assert sign_in(Client(REMOTE_ADDR="10.9.9.9")).status_code == 429  # the right one, too


def test_one_address_cannot_try_many_accounts(client: Client) -> None:
    answers = [sign_in(client, f"reader{n}@example.org", "wrong").status_code for n in range(11)]
    assert answers == [200] * 10 + [429]


def test_behind_a_proxy_no_address_is_kept_and_limits_are_by_account(settings: Settings) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    client = signed_in(make_reader())
    assert UserSession.objects.get().ip == "0.0.0.0"
    assert "0.0.0.0" not in client.get(reverse("usersessions_list")).content.decode()
    tried = [
        sign_in(Client(headers={"X-Forwarded-For": f"10.0.0.{n}"}), password=f"no-{n}").status_code for n in range(6)
    ]
    assert tried == [200] * 5 + [429]


def test_counted_tries_are_not_pushed_out_by_searches() -> None:
    make_reader()
    for number in range(5):
        sign_in(Client(), password=f"wrong-{number}")
    for number in range(1000):
        cache.set(f"facets:{number}", number)
    assert cache.get("facets:0") is None
    assert sign_in(Client()).status_code == 429


def test_sign_up_and_reset_are_throttled(client: Client, mail: list[EmailMessage]) -> None:
    assert [sign_up(client, f"reader{n}@example.org").status_code for n in range(11)][-1] == 429
    asked = [client.post(reverse("account_reset_password"), {"email": "ada@example.org"}) for _ in range(4)]
    assert [answer.status_code for answer in asked] == [302, 302, 302, 429]


def test_known_and_unknown_accounts_cost_the_same_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []
    encode = MD5PasswordHasher.encode

    def counting(self: MD5PasswordHasher, *args: Any, **kwargs: Any) -> str:
        counted.append(1)
        return str(encode(self, *args, **kwargs))

    make_reader()
    monkeypatch.setattr(MD5PasswordHasher, "encode", counting)
    costs = []
    for login in ("ada@example.org", "nobody@example.org"):
        counted.clear()
        sign_in(Client(), login, "wrong")
        costs.append(len(counted))
    assert costs[0] == costs[1]


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"]
)
def test_next_leads_to_this_site_only(client: Client, settings: Settings, target: str) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://evil.example"]
    make_reader()
    assert sign_in(client, next=target).url == reverse("my")


def test_next_leads_back(client: Client) -> None:
    make_reader()
    wanted = client.get(reverse("account-data"))
    assert target(wanted) == f"{reverse('account_login')}?next=/account/data"
    assert sign_in(client, next="/account/data").url == "/account/data"


def test_a_session_from_before_is_not_the_one_after(client: Client) -> None:
    """Nor is the one after the one of the next sign-in: a session that somebody laid out is worth nothing."""
    make_reader()
    client.post(reverse("account_reset_password"), {"email": "x"})
    laid = client.session
    laid["x"] = 1
    laid.save()
    client.cookies["sessionid"] = before = str(laid.session_key)
    sign_in(client)
    after = client.cookies["sessionid"].value
    assert after != before
    assert client.cookies["sessionid"]["httponly"]
    assert client.cookies["sessionid"]["samesite"] == "Lax"
    thief = Client()
    thief.cookies["sessionid"] = before
    assert not is_in(thief)


def test_after_signing_out_the_browser_has_nothing_of_the_account() -> None:
    reader, star = make_reader(), paper("2511.00001")
    client = signed_in(reader)
    client.post(reverse("marks"), {"star": star.arxiv_id})
    client.post(reverse("account_logout"))
    assert not is_in(client)
    assert star.title not in client.get(reverse("library")).content.decode()
    assert not client.cookies.get(visitors.COOKIE) or not client.cookies[visitors.COOKIE].value
    assert client.get(reverse("account_logout")).status_code == 302


def test_an_administrator_made_by_a_command_signs_in_without_an_address(
    client: Client, mail: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", interactive=False, username="keeper", email="", verbosity=0)
    assert sign_in(client, "keeper").status_code == 302
    assert is_in(client)
    assert client.get(reverse("admin:index")).status_code == 200
    other = Client()
    other.post(reverse("admin:login"), {"username": "keeper", "password": PASSWORD})
    assert other.get(reverse("admin:index")).status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "login/code/",
        "login/code/confirm/",
        "reauthenticate/code/",
        "reauthenticate/code/confirm/",
        "signup/passkey/",
        "phone/verify/",
        "3rdparty/",
        "3rdparty/signup/",
        "social/signup/",
        "oidc/institute/login/",
        "2fa/",
    ],
)
def test_what_the_site_does_not_have_is_not_there(address: str) -> None:
    assert signed_in(make_reader()).get(f"/account/{address}").status_code == 404
    assert Client().get(f"/account/{address}").status_code == 404


def test_all_data_can_be_taken_along() -> None:
    reader, star = make_reader(), paper("2511.00001")
    client = signed_in(reader)
    client.post(reverse("marks"), {"star": star.arxiv_id})
    Note.objects.create(visitor=reader.visitor, paper=star, text="High water.")
    answer = client.get(reverse("account-json"))
    assert "attachment" in answer["Content-Disposition"]
    text = streamed(answer)
    assert json.loads(text)
    assert star.arxiv_id in text
    assert "High water." in text
    bibtex = streamed(client.get(reverse("account-bibtex")))
    assert star.arxiv_id in bibtex
    other = signed_in(make_reader("ben@example.org"))
    assert star.arxiv_id not in streamed(other.get(reverse("account-json")))


def test_deleting_takes_everything_and_every_device(mail: list[EmailMessage]) -> None:
    reader, star = make_reader(), paper("2511.00001")
    stays = make_reader("ben@example.org")
    client, elsewhere = signed_in(reader), signed_in(reader)
    client.post(reverse("marks"), {"star": star.arxiv_id, "opened": star.arxiv_id})
    Note.objects.create(visitor=reader.visitor, paper=star, text="High water.")
    assert client.get(reverse("account-delete")).status_code == 405
    assert "not your password" in said(client.post(reverse("account-delete"), {"password": "wrong"}))
    assert Reader.objects.count() == 2
    assert "Everything is deleted" in said(client.post(reverse("account-delete"), {"password": PASSWORD}))
    assert list(Reader.objects.all()) == [stays]
    assert list(Visitor.objects.all()) == [stays.visitor]
    assert not Note.objects.exists()
    assert Tally.objects.filter(stars=0, opened=0).count() == 1
    assert not EmailAddress.objects.filter(email="ada@example.org").exists()
    assert not is_in(client)
    assert not is_in(elsewhere)
    assert [(message.subject, message.to) for message in mail] == [("Your account is deleted", ["ada@example.org"])]


def test_passwords_tried_at_the_deletion_are_throttled() -> None:
    client = signed_in(make_reader())
    tried = [client.post(reverse("account-delete"), {"password": f"no-{n}"}).status_code for n in range(6)]
    assert tried == [400] * 5 + [429]


def test_who_has_no_password_types_the_address_to_delete() -> None:
    reader = make_reader()
    reader.set_unusable_password()
    reader.save()
    client = signed_in(reader)
    assert client.post(reverse("account-delete"), {"address": "ben@example.org"}).status_code == 400
    assert client.post(reverse("account-delete"), {"address": "Ada@example.org"}).status_code == 200
    assert not Reader.objects.exists()


def test_a_mail_server_that_is_away_is_said(
    client: Client, mail: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(EmailMessage, "send", refuse)
    answer = sign_up(client)
    assert answer.status_code == 503
    assert "could not be sent" in said(answer)


def test_the_account_page_of_others_cannot_be_asked_for(client: Client) -> None:
    for name in ("account", "account-data", "account-json", "account-bibtex", "mail-address"):
        assert target(client.get(reverse(name))).startswith(reverse("account_login"))
    assert target(client.post(reverse("account-delete"))).startswith(reverse("account_login"))


def test_every_page_of_an_account_has_no_inline_script_or_style(
    client: Client, mail: list[EmailMessage], django_assert_max_num_queries: Callable[..., Any]
) -> None:
    reader = signed_in(make_reader())
    pages = [(client, name) for name in ("account_login", "account_signup", "account_reset_password", "privacy")]
    pages += [
        (reader, name)
        for name in (
            "account",
            "account-data",
            "account_email",
            "account_change_password",
            "usersessions_list",
            "account_logout",
            "account_reauthenticate",
            "privacy",
        )
    ]
    for browser, name in pages:
        with django_assert_max_num_queries(10):
            page = page_of(browser, reverse(name))
        assert not page.xpath("//script[not(@src)] | //style | //*[@style] | //*[@onclick]"), name
        assert len(page.xpath("//h1")) == 1, name


def test_a_page_without_session_asks_nothing_of_accounts(client: Client) -> None:
    with CaptureQueriesContext(connection) as asked:
        page = page_of(client, reverse("help"))
    assert page.xpath("//header//a[@href='/account/login/']")
    assert not [query for query in asked if re.search("session|reader|visitor|account", query["sql"])]
    assert not client.cookies.get("sessionid")


def test_all_of_an_account_is_not_forgotten_by_one_button() -> None:
    reader = make_reader()
    assert target(signed_in(reader).post(reverse("forget"))) == reverse("account-data")
    assert Visitor.objects.filter(reader=reader).exists()

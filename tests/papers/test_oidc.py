"""Sign-in by an institute's OpenID Connect, with a real provider on this machine."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import oidc_provider_mock
import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from config.institute import institute, origin
from papers.accounts.addresses import mail_address
from papers.models import Reader
from tests.papers.pages import page_of, paper
from tests.papers.readers import PASSWORD, make_reader, signed_in, target

pytestmark = pytest.mark.django_db

LOGIN = "/account/oidc/institute/login/"


@pytest.fixture
def provider(settings: Settings) -> Iterator[str]:
    """The institute's address; the site signs in by it, and sends mail."""
    cache.clear()
    with oidc_provider_mock.run_server_in_thread() as server:
        address = f"http://127.0.0.1:{server.server_port}"
        settings.SOCIALACCOUNT_PROVIDERS = institute(address, "papertide", "secret", "Tidal Institute")
        settings.EMAIL_HOST = "127.0.0.1"
        settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
        yield address


def known(provider: str, member: str, **claims: Any) -> None:
    httpx.put(f"{provider}/users/{member}", json=claims).raise_for_status()


def come_back(client: Client, name: str, process: str = "login") -> Any:
    """Through the institute's page as `name`, and back."""
    away = client.post(f"{LOGIN}?process={process}")
    assert away.status_code == 302, away.content
    asked = parse_qs(urlsplit(target(away)).query)
    assert asked["code_challenge_method"] == ["S256"]
    back = httpx.post(target(away), data={"sub": name}).headers["location"]
    return client.get(back.removeprefix("http://testserver"), follow=True)


def test_a_member_of_the_institute_has_an_account_at_once(client: Client, provider: str, settings: Settings) -> None:
    settings.SIGNUP_OPEN = False
    star = paper("2511.00001")
    client.post(reverse("marks"), {"star": star.arxiv_id})
    known(provider, "ada", email="ada@example.org", email_verified=True)
    assert "Sign in with Tidal Institute" in client.get(reverse("account_login")).content.decode()
    come_back(client, "ada")
    assert client.get(reverse("account")).status_code == 200
    reader = Reader.objects.get()
    assert mail_address(reader) == "ada@example.org"
    assert not reader.has_usable_password()
    assert reader.visitor.marks.get().paper == star
    again = Client()
    come_back(again, "ada")
    assert again.get(reverse("account")).status_code == 200
    assert Reader.objects.count() == 1


def test_an_address_that_the_institute_has_not_verified_is_verified_here(
    client: Client, provider: str, mailoutbox: list[Any]
) -> None:
    known(provider, "ada", email="ada@example.org", email_verified=False)
    come_back(client, "ada")
    assert client.get(reverse("account")).status_code == 302
    assert [message.to for message in mailoutbox] == [["ada@example.org"]]


def test_a_verified_address_joins_the_account_that_verified_it(client: Client, provider: str) -> None:
    reader = make_reader()
    known(provider, "ada", email="Ada@example.org", email_verified=True)
    come_back(client, "ada")
    assert client.get(reverse("account")).context["reader"] == reader
    assert SocialAccount.objects.get().user == reader


def test_an_unverified_address_at_the_institute_takes_no_account_over(client: Client, provider: str) -> None:
    reader = make_reader()
    known(provider, "eve", email="ada@example.org", email_verified=False)
    come_back(client, "eve")
    assert client.get(reverse("account")).status_code == 302
    assert not SocialAccount.objects.filter(user=reader).exists()


def test_an_account_that_waits_unverified_for_the_owner_of_an_address_gets_nothing(
    client: Client, provider: str
) -> None:
    """Whoever signed up with her address could else sign in by the password that she never saw."""
    waiting = make_reader(verified=False)
    known(provider, "ada", email="ada@example.org", email_verified=True)
    come_back(client, "ada")
    reader = client.get(reverse("account")).context["reader"]
    assert reader != waiting
    assert not reader.has_usable_password()
    assert list(EmailAddress.objects.values_list("user", "verified")) == [(reader.pk, True)]
    eve = Client()
    eve.post(reverse("account_login"), {"login": "ada@example.org", "password": PASSWORD})
    assert eve.get(reverse("account")).status_code == 302


def test_who_is_signed_in_connects_and_disconnects(provider: str) -> None:
    reader = make_reader()
    client = signed_in(reader)
    known(provider, "ada", email="other@example.org", email_verified=True)
    asked = come_back(client, "ada", process="connect")
    assert not SocialAccount.objects.exists()  # the password is asked first
    client.post(asked.request["PATH_INFO"], {"password": PASSWORD})
    account = SocialAccount.objects.get()
    assert account.user == reader
    page = page_of(client, reverse("socialaccount_connections"))
    assert page.xpath(f"//button[@name='account'][@value='{account.pk}']")
    client.post(reverse("socialaccount_connections"), {"account": account.pk})
    assert not SocialAccount.objects.exists()


def test_without_an_address_the_site_asks_for_one(client: Client, provider: str, mailoutbox: list[Any]) -> None:
    known(provider, "ada", name="Ada")
    answer = come_back(client, "ada")
    assert answer.request["PATH_INFO"] == reverse("socialaccount_signup")
    client.post(reverse("socialaccount_signup"), {"email": "ada@example.org"})
    assert Reader.objects.get().email == "ada@example.org"
    assert len(mailoutbox) == 1


@pytest.mark.parametrize("answer", ["?error=access_denied", "?code=made-up&state=made-up", ""])
def test_an_answer_that_is_none_signs_nobody_in(client: Client, provider: str, answer: str) -> None:
    page = client.get(f"{LOGIN}callback/{answer}", follow=True)
    assert "Not signed in" in page.content.decode()
    assert "Traceback" not in page.content.decode()
    assert client.get(reverse("account")).status_code == 302


def test_an_institute_that_is_away_is_said(client: Client, settings: Settings) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = institute("http://127.0.0.1:9", "papertide", "secret", "Tidal Institute")
    page = client.post(f"{LOGIN}?process=login", follow=True)
    assert "Tidal Institute did not answer" in page.content.decode()


def test_an_issuer_needs_a_client_and_its_origin_is_where_forms_may_lead() -> None:
    assert institute("", "", "", "x") == {}
    with pytest.raises(ImproperlyConfigured, match="OIDC_CLIENT_ID"):
        institute("https://id.example.org", "", "", "x")
    assert origin("https://id.example.org:8443/realms/tide") == ["https://id.example.org:8443"]
    assert origin("") == []

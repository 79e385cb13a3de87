"""The page of a reader's tokens."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from papers.accounts import tokens
from papers.library.everything import everything_json
from papers.models import ApiToken, Reader
from tests.papers.readers import PASSWORD, make_reader, signed_in
from workers.digests import retention

pytestmark = pytest.mark.django_db
PAGE = "/account/tokens"
TEXT = re.compile(r"ptd_[A-Za-z0-9_-]{43}")
FORM = {"name": "notebook", "scopes": ["library:read", "library:write"], "days": "30"}


@pytest.fixture
def ada() -> Reader:
    return make_reader()


@pytest.fixture
def hers(ada: Reader) -> Client:
    """A browser in which she has just shown that it is she."""
    client = signed_in(ada)
    client.get("/account/reauthenticate/")
    assert client.post("/account/reauthenticate/", {"password": PASSWORD}).status_code == 302
    return client


def test_a_token_is_shown_once_and_opens_what_was_ticked(hers: Client, ada: Reader) -> None:
    answer = hers.post(PAGE, FORM)
    assert "no-store" in answer["Cache-Control"]
    [text] = TEXT.findall(answer.content.decode())
    token = ApiToken.objects.get()
    assert (token.reader, token.name) == (ada, "notebook")
    assert token.scopes == ["read", "library:read", "library:write"]
    assert token.expires - token.created == timedelta(days=30)
    page = hers.get(PAGE).content.decode()
    assert not TEXT.findall(page)
    assert token.prefix in page
    asked = Client().get("/api/v1/library", headers={"Authorization": f"Bearer {text}"})
    assert asked.status_code == 200
    assert 'href="/account/tokens"' in hers.get("/account/").content.decode()


def test_whoever_is_signed_in_shows_first_that_it_is_she(ada: Reader) -> None:
    client = signed_in(ada)
    assert client.get(PAGE).status_code == 200
    answer = client.post(PAGE, FORM)
    assert (answer.status_code, ApiToken.objects.count()) == (302, 0)
    assert answer["Location"] == "/account/reauthenticate/?next=%2Faccount%2Ftokens"
    # Then what she asked for is done.
    answer = client.post("/account/reauthenticate/", {"password": PASSWORD, "next": PAGE})
    assert TEXT.findall(answer.content.decode())
    assert "no-store" in answer["Cache-Control"]
    ApiToken.objects.all().delete()


def test_to_end_one_she_need_not(ada: Reader) -> None:
    client = signed_in(ada)
    token, _text = tokens.make(ada, "x", [], 30)
    assert client.post(f"{PAGE}/{token.pk}", {"do": "rotate"}).status_code == 302
    assert ApiToken.objects.count() == 1
    assert client.post(f"{PAGE}/{token.pk}", {"do": "revoke"}).status_code == 303
    assert not tokens.living(ada).exists()


def test_renewing_and_ending(hers: Client, ada: Reader) -> None:
    hers.post(PAGE, FORM)
    old = ApiToken.objects.get()
    answer = hers.post(f"{PAGE}/{old.pk}", {"do": "rotate"})
    [text] = TEXT.findall(answer.content.decode())
    assert tokens.find(text) is not None
    assert tokens.living(ada).count() == 2
    assert hers.post(f"{PAGE}/{old.pk}", {"do": "revoke"}).status_code == 303
    assert [token.pk for token in tokens.living(ada)] != [old.pk]
    assert hers.post(f"{PAGE}/{old.pk}", {"do": "rotate"}).status_code == 404
    assert hers.post(f"{PAGE}/{old.pk}", {"do": "?"}).status_code == 404


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"name": "x" * 61}, {"days": "8"}, {"days": ""}, {"scopes": ["everything"]}]
)
def test_what_is_no_token_is_told_in_the_form(hers: Client, wrong: dict[str, object]) -> None:
    answer = hers.post(PAGE, FORM | wrong)
    assert answer.status_code == 400
    assert "errorlist" in answer.content.decode()
    assert not ApiToken.objects.exists()


def test_with_many_tokens_one_has_to_be_ended_first(hers: Client, ada: Reader) -> None:
    for number in range(tokens.MOST):
        tokens.make(ada, f"{number}", [], 7)
    answer = hers.post(PAGE, FORM)
    assert answer.status_code == 409
    assert "room for 20 tokens" in answer.content.decode()
    oldest = ApiToken.objects.earliest("pk")
    assert hers.post(f"{PAGE}/{oldest.pk}", {"do": "rotate"}).status_code == 303
    assert tokens.living(ada).count() == tokens.MOST


def test_an_institutes_reader_has_no_password_to_show(ada: Reader) -> None:
    ada.set_unusable_password()
    ada.save()
    assert TEXT.findall(signed_in(ada).post(PAGE, FORM).content.decode())


def test_a_site_of_one_reader_has_tokens_too(settings: Settings) -> None:
    settings.SINGLE_USER = True
    client = Client()
    [text] = TEXT.findall(client.post(PAGE, FORM).content.decode())
    headers = {"Authorization": f"Bearer {text}"}
    assert Client().get("/api/v1/library", headers=headers).status_code == 200
    assert Client().get("/api/v1/library").status_code == 401


def test_what_is_kept_of_a_token_is_hers_to_take_along_and_goes_in_time(ada: Reader) -> None:
    kept, text = tokens.make(ada, "notebook", [], 7)
    gone, _text = tokens.make(ada, "gone", [], 7)
    told = "".join(everything_json(ada.visitor))
    assert '"notebook"' in told
    assert kept.prefix in told
    assert kept.hash not in told
    assert text[10:] not in told
    ApiToken.objects.filter(pk=gone.pk).update(expires=timezone.now() - timedelta(days=31))
    assert retention.sweep()["tokens"] == 1
    assert list(ApiToken.objects.all()) == [kept]

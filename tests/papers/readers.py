"""Readers with accounts, for tests."""

from typing import Any

from allauth.account.models import EmailAddress
from django.test import Client

from papers.models import Reader, Visitor

PASSWORD = "tides-rise-twice-a-day"


def make_reader(email: str = "ada@example.org", *, verified: bool = True, password: str = PASSWORD) -> Reader:
    """A reader with her visitor and one main address."""
    reader = Reader.objects.create_user(email.replace("@", "."), email, password)
    EmailAddress.objects.create(user=reader, email=email, primary=True, verified=verified)
    Visitor.objects.create(reader=reader)
    return reader


def signed_in(reader: Reader) -> Client:
    """A browser in which the reader is signed in."""
    client = Client()
    client.force_login(reader)
    return client


def target(response: Any) -> str:
    """Where an answer leads."""
    return str(response.url)


def streamed(response: Any) -> str:
    """The text of an answer that comes in pieces."""
    return b"".join(response.streaming_content).decode()

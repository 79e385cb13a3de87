"""Readers with accounts, for tests."""

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
    client.force_login(reader, backend="django.contrib.auth.backends.ModelBackend")
    return client

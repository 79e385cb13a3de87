"""What the tests of readers' mails share: a reader who subscribed, days that were announced, her digests."""

from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from django.core.mail import EmailMultiAlternatives

from papers.models import Delivery, Digest, Paper, Subscription, Visitor
from search.subscriptions import keeping

DUE = datetime(2025, 11, 21, 7, tzinfo=UTC)
SITE = "https://papers.example.org"


def subscribe(visitor: Visitor, text: str = "cs.CL", kind: str = "categories", **more: Any) -> Subscription:
    """A subscription mailed daily since long ago."""
    more = {"rhythm": Subscription.Rhythm.DAILY, **more}
    since = more.pop("since", date(2025, 11, 1))
    made: Subscription = keeping.subscribe(visitor, keeping.read(kind, text, None), **more)
    made.since = since
    made.save(update_fields=["since"])
    return made


def digest_of(visitor: Visitor, due: datetime = DUE, rhythm: str = "daily", **more: Any) -> Digest:
    """A digest that is due."""
    period = f"{due:%Y-%m-%d}" if rhythm == "daily" else f"{due:%G-W%V}"
    return Digest.objects.create(visitor=visitor, rhythm=rhythm, period=period, due=due, **more)


def delivery_of(visitor: Visitor, **more: Any) -> Delivery:
    """How her mails come."""
    return Delivery.objects.create(visitor=visitor, **more)


def parsed(mail: EmailMultiAlternatives) -> EmailMessage:
    """A mail as another program reads its bytes."""
    return message_from_bytes(mail.message().as_bytes(), policy=policy.default)


def parts(mail: EmailMessage) -> tuple[str, str]:
    """Its text and its HTML."""
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    return text.get_content(), html.get_content()


def told_papers(papers: list[list[int]]) -> list[str]:
    """The arXiv ids of what a mail tells, in its order."""
    ids = dict(Paper.objects.values_list("pk", "arxiv_id"))
    return [ids[pk] for pk, _version in papers]

"""What comes back: mails that could not be delivered, and the addresses to which nothing is sent any more.

Each mail goes out under a sender of its own (`bounces+12-3f9a…@example.org`, where BOUNCE_ADDRESS is set), signed, so
that a report says which mail it is about by the address to which it comes, and nobody can make one up.
"""

import mailbox
import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from email.utils import getaddresses, parseaddr
from pathlib import Path
from typing import Final

import structlog
from django.conf import settings
from django.core.mail.message import sanitize_address
from django.db import DatabaseError, transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from papers.models import Delivery, Digest
from papers.tex import collapse
from workers import alarms

MOST_BOUNCES: Final = 3  # in a row, after which an address is left alone
LARGEST: Final = 1_000_000  # bytes of a report that are read
MOST_REPORTS: Final = 1_000  # that are taken out of a Maildir at once
# Of RFC 3463: no such mailbox, no such system, an address that is none, one that moved away, a domain without mail.
_GONE: Final = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"})
_OF_THE_ADDRESS: Final = ("5.0.", "5.1.", "5.2.")  # others tell of systems, networks and policies
_STATUS: Final = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_TOKEN: Final = re.compile(r"\+(\d{1,18})-([0-9a-f]{16})@", re.IGNORECASE)
_LONGEST: Final = 5_000  # characters of a header that are looked at: the parser of addresses takes its time, and depth
_TO: Final = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To")

log = structlog.get_logger(__name__)


def sender_of(digest: Digest) -> str:
    """The envelope sender of a mail, to which the report comes if it cannot be delivered."""
    if not settings.BOUNCE_ADDRESS:
        return parseaddr(sanitize_address(settings.DEFAULT_FROM_EMAIL, "utf-8"))[1]
    name, _, host = settings.BOUNCE_ADDRESS.partition("@")
    return f"{name}+{digest.pk}-{_signature(digest.pk)}@{host}"


def status_in(text: str) -> str:
    """The enhanced status code (RFC 3463) in what a server said, such as 5.1.1; empty where it holds none."""
    found = _STATUS.search(text)
    return found[0] if found else ""


def is_of_the_address(status: str) -> bool:
    """Whether a refusal for good with this status is about the reader's address; without one it is taken to be."""
    return not status or status.startswith(_OF_THE_ADDRESS)


def count(visitor: int, reason: str, status: str) -> None:
    """An address refused a mail for good: the third time in a row, or where there is no such mailbox, it is stopped."""
    with transaction.atomic():
        row = Delivery.objects.select_for_update().filter(pk=visitor).first()
        if row is None:
            return
        row.bounces, row.reason = row.bounces + 1, reason
        if row.stopped is None and (status in _GONE or row.bounces >= MOST_BOUNCES):
            row.stopped = timezone.now()
            log.info("no more mails to an address that refuses them", visitor=visitor, reason=reason)
        row.save(update_fields=["bounces", "reason", "stopped"])


def take(report: bytes, recipient: str = "") -> bool:
    """Take a report that a mail could not be delivered (RFC 3464); whether it was one of this site's and of use.

    recipient: to whom it came, where the mail server says so; else its headers tell. What only tells of a delay, what
    people's programs answer by themselves, and what bears no signature of this site is ignored; so is what no parser
    gets through, for anybody may have sent it.
    """
    try:
        return _take(report, recipient)
    except DatabaseError:
        raise
    except Exception as error:  # the standard library's parser fails in many ways
        log.warning("a report that cannot be read", error=f"{type(error).__name__}: {error}")
        return False


def _take(report: bytes, recipient: str) -> bool:
    message = message_from_bytes(report[:LARGEST], policy=policy.default)
    number = _number_in(f"<{recipient}>" if recipient else "") or _number_of(message)
    found = _failure(message) if number else None
    if number is None or found is None:
        return False
    status, reason = found
    states = [Digest.State.SENT, Digest.State.UNSURE]
    with transaction.atomic():
        rows = Digest.objects.filter(pk=number, state__in=states)
        visitor = rows.values_list("visitor", flat=True).first()
        if visitor is None or not rows.update(state=Digest.State.FAILED, error=reason):
            return False  # gone, or told of already
        if is_of_the_address(status) or status.startswith("4"):  # 4.x.x: given up after days
            count(visitor, reason, status)
    return True


def take_new() -> None:
    """Take what came into BOUNCE_MAILDIR, where there is one; an alarm where it cannot be read."""
    if not settings.BOUNCE_MAILDIR:
        return
    problem = ""
    try:
        take_maildir(Path(settings.BOUNCE_MAILDIR))
    except (OSError, mailbox.Error) as error:
        problem = f"BOUNCE_MAILDIR cannot be read: {type(error).__name__}: {error}"
    alarms.judge("bounces", "mail", problem)


def take_maildir(folder: Path) -> int:
    """Take what is new in a Maildir, at most MOST_REPORTS; how many were of use. Those are deleted, the others stay as
    read for somebody to look at. Raises OSError where the folder cannot be read."""
    box = mailbox.Maildir(folder, create=False)
    taken = 0
    for key in list(box.iterkeys())[:MOST_REPORTS]:
        message = box.get_message(key)
        if message.get_subdir() != "new":
            continue
        with box.get_file(key) as file:
            report = file.read(LARGEST)
        if take(report):
            box.discard(key)
            taken += 1
        else:
            message.set_subdir("cur")
            message.add_flag("S")
            box[key] = message
    return taken


def _signature(number: int) -> str:
    return salted_hmac("workers.digests.bounces", f"{number}").hexdigest()[:16]


def _number_of(message: Message) -> int | None:
    for name in _TO:
        for _, address in getaddresses([str(text)[:_LONGEST] for text in message.get_all(name, [])]):
            if (number := _number_in(f"<{address}>")) is not None:
                return number
    return None


def _number_in(address: str) -> int | None:
    """The primary key of the mail that an address was made for; None where it was not made here."""
    found = _TOKEN.search(address)
    if found and constant_time_compare(found[2].lower(), _signature(int(found[1]))):
        return int(found[1])
    return None


def _failure(message: EmailMessage | Message) -> tuple[str, str] | None:
    """Status and reason of the first recipient to whom a report says that delivery failed; None where it says no such
    thing."""
    if message.get_content_type() != "multipart/report":
        return None
    for fields in _fields(message):
        if str(fields.get("Action", "")).strip().lower() == "failed":
            status = status_in(str(fields.get("Status", "")))
            said = str(fields.get("Diagnostic-Code", "")).partition(";")[2] or status
            return status, collapse(said)[:500]
    return None


def _fields(message: Message) -> Iterator[Message]:
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            blocks = part.get_payload()
            yield from (block for block in blocks if isinstance(block, Message)) if isinstance(blocks, list) else ()

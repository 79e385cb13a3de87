"""Reports of mails that could not be delivered: read by a signed address, counted once, and nothing else believed."""

import io
import mailbox
import sys
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.utils import timezone

from papers.models import Delivery, Digest
from tests.papers.readers import make_reader
from workers.digests import bounces
from workers.models import Alarm

pytestmark = pytest.mark.django_db
BOUNDARY = "report"


@pytest.fixture
def digest(settings: LazySettings) -> Digest:
    """A mail that was sent."""
    settings.BOUNCE_ADDRESS = "bounces@example.org"
    return make_digest("ada@example.org")


def make_digest(email: str, period: str = "2026-11-24") -> Digest:
    visitor = make_reader(email).visitor
    Delivery.objects.create(visitor=visitor)
    now = timezone.now()
    return Digest.objects.create(visitor=visitor, rhythm="daily", period=period, due=now, state="sent", sent=now)


def report(
    to: str, action: str = "failed", status: str = "5.1.1", said: str = "smtp; 550 5.1.1 no such user", **more: str
) -> bytes:
    """A report as RFC 3464 has it (Postfix and Exim send ones like it)."""
    heads = {"From": "MAILER-DAEMON@mx.example.net", "To": to, "Auto-Submitted": "auto-replied"} | more
    lines = [f"{name}: {value}" for name, value in heads.items()]
    lines += [
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type=delivery-status; boundary="{BOUNDARY}"',
    ]
    lines += ["", f"--{BOUNDARY}", "Content-Type: text/plain", "", "It could not be delivered.", ""]
    lines += [f"--{BOUNDARY}", "Content-Type: message/delivery-status", "", "Reporting-MTA: dns; mx.example.net", ""]
    lines += ["Final-Recipient: rfc822; ada@example.org", f"Action: {action}", f"Status: {status}"]
    lines += [f"Diagnostic-Code: {said}", "", f"--{BOUNDARY}--", ""]
    return "\r\n".join(lines).encode()


def test_a_mailbox_that_is_not_there_stops_the_readers_mails(digest: Digest) -> None:
    assert bounces.take(report(bounces.sender_of(digest)))
    digest.refresh_from_db()
    row = Delivery.objects.get()
    assert (digest.state, digest.error) == ("failed", "550 5.1.1 no such user")
    assert row.stopped
    assert row.reason == "550 5.1.1 no such user"


def test_a_report_counts_once_however_often_it_comes(digest: Digest) -> None:
    text = report(bounces.sender_of(digest), status="5.2.2", said="smtp; 552 5.2.2 mailbox full")
    assert [bounces.take(text) for _ in range(3)] == [True, False, False]
    row = Delivery.objects.get()
    assert (row.bounces, row.stopped) == (1, None)


def test_three_mails_that_came_back_stop_the_readers_mails(digest: Digest) -> None:
    for number in range(3):
        assert Delivery.objects.get().stopped is None
        sent = Digest.objects.create(
            visitor=digest.visitor, rhythm="daily", period=f"{number}", due=timezone.now(), state="sent"
        )
        bounces.take(report(bounces.sender_of(sent), status="4.4.7", said="smtp; delivery time expired"))
    assert Delivery.objects.get().stopped


@pytest.mark.parametrize("action", ["delayed", "relayed", "delivered", "expanded"])
def test_what_tells_of_no_failure_is_ignored(digest: Digest, action: str) -> None:
    assert not bounces.take(report(bounces.sender_of(digest), action=action, status="4.4.1"))
    digest.refresh_from_db()
    assert (digest.state, Delivery.objects.get().bounces) == ("sent", 0)


def test_a_refusal_for_the_sites_sake_does_not_count_against_the_address(digest: Digest) -> None:
    assert bounces.take(report(bounces.sender_of(digest), status="5.7.1", said="smtp; 550 5.7.1 spam"))
    digest.refresh_from_db()
    assert (digest.state, Delivery.objects.get().bounces) == ("failed", 0)


def test_an_auto_reply_is_ignored(digest: Digest) -> None:
    mail = EmailMessage()
    mail["To"], mail["Subject"], mail["Auto-Submitted"] = bounces.sender_of(digest), "Away", "auto-replied"
    mail.set_content("I am away. Action: failed. Status: 5.1.1")
    assert not bounces.take(mail.as_bytes())
    assert Delivery.objects.get().bounces == 0


def swapped(digest: Digest) -> str:
    other = make_digest("eve@example.org")
    return bounces.sender_of(other).replace(f"+{other.pk}-", f"+{digest.pk}-")


FORGED: dict[str, Callable[[Digest], str]] = {
    "without a signature": lambda digest: "bounces@example.org",
    "an invented one": lambda digest: f"bounces+{digest.pk}-{'0' * 16}@example.org",
    "that of another mail": swapped,
    "half of it": lambda digest: bounces.sender_of(digest).replace("@", "")[:-12] + "@example.org",
}


@pytest.mark.parametrize("how", FORGED)
def test_a_report_to_an_address_that_was_not_made_here_is_ignored(digest: Digest, how: str) -> None:
    assert not bounces.take(report(FORGED[how](digest)))
    assert set(Delivery.objects.values_list("bounces", "stopped")) == {(0, None)}


def test_the_address_may_stand_in_other_headers_and_in_capitals(digest: Digest) -> None:
    made = bounces.sender_of(digest)
    assert len(made.partition("@")[0]) <= 64
    assert bounces.take(report("postmaster@example.org", **{"Delivered-To": made.upper()}))


@pytest.mark.parametrize("text", [b"", b"\xff\xfe\x00", b"To: <", b"Content-Type: multipart/report\r\n\r\n"])
def test_garbage_is_ignored(digest: Digest, text: bytes) -> None:
    assert not bounces.take(text, bounces.sender_of(digest))


@pytest.mark.parametrize("said", ["smtp; 550 a\0b", "=?utf-7?q?+2AA-?=", "=?x-unknown?b?AAAA?=", "smtp; \ud800"])
def test_what_a_server_says_may_be_anything(digest: Digest, said: str) -> None:
    text = report(bounces.sender_of(digest), said="SAID").replace(b"SAID", said.encode("utf-8", "surrogatepass"))
    bounces.take(text)
    assert "\0" not in Delivery.objects.get().reason


def test_one_report_that_no_parser_gets_through_does_not_stop_the_others(digest: Digest, tmp_path: Path) -> None:
    box = mailbox.Maildir(tmp_path / "box")
    for text in (b"To: " + b"(" * 100_000 + b"\r\n\r\n", b"To: " + b"a@b," * 100_000 + b"\r\n\r\n"):
        box.add(text)
    box.add(report(bounces.sender_of(digest)))
    assert bounces.take_maildir(tmp_path / "box") == 1
    assert Delivery.objects.get().stopped


def pipe(monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text)))


def test_the_command_takes_one_from_a_pipe(digest: Digest, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    pipe(monkeypatch, report("postmaster@example.org"))
    call_command("take_bounces", to=bounces.sender_of(digest), stdout=out)
    pipe(monkeypatch, b"nothing")
    call_command("take_bounces", stdout=out)
    assert out.getvalue().split() == ["taken", "ignored"]
    assert Delivery.objects.get().stopped


def test_a_maildir_is_emptied_of_what_is_of_use(digest: Digest, settings: LazySettings, tmp_path: Path) -> None:
    box = mailbox.Maildir(tmp_path / "box")
    box.add(report(bounces.sender_of(digest)))
    box.add(b"Subject: hello\r\n\r\nAnybody there?\r\n")
    settings.BOUNCE_MAILDIR = str(tmp_path / "box")
    bounces.take_new()
    assert Delivery.objects.get().stopped
    [left] = mailbox.Maildir(tmp_path / "box")
    assert (left["Subject"], left.get_subdir()) == ("hello", "cur")
    assert bounces.take_maildir(tmp_path / "box") == 0


def test_a_maildir_that_cannot_be_read_is_said(digest: Digest, settings: LazySettings, tmp_path: Path) -> None:
    settings.BOUNCE_MAILDIR = str(tmp_path / "none")
    bounces.take_new()
    assert "BOUNCE_MAILDIR cannot be read" in Alarm.objects.get(closed=None).text
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("take_bounces", maildir=tmp_path / "none")
    mailbox.Maildir(tmp_path / "none")
    bounces.take_new()
    assert not Alarm.objects.filter(closed=None).exists()

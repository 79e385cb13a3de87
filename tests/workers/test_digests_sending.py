"""Mails to readers over a real connection: each once, whatever the server answers and wherever it breaks off."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.mail import EmailMultiAlternatives
from django.db import DatabaseError
from django.utils import timezone

from papers.models import Delivery, Digest, Visitor
from tests.papers.readers import make_reader
from tests.workers.mailing import Post, post_office
from workers.digests import bounces, claiming, composing, dialogue, sending
from workers.models import Alarm

pytestmark = pytest.mark.django_db
State = Digest.State


@pytest.fixture
def post(settings: LazySettings, data_dir: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    """A mail server, and mails that tell paper 7 and have a line of one dot, whatever is subscribed."""
    with post_office() as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 5
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.SITE_URL = "https://papers.example.org"
        settings.DEFAULT_FROM_EMAIL = "Papertide <papertide@example.org>"
        settings.BOUNCE_ADDRESS = "bounces@example.org"
        monkeypatch.setattr(composing, "compose", compose)
        monkeypatch.setattr(sending, "evaluate", lambda batch: None)
        yield server


def compose(digest: Digest, delivery: Delivery) -> composing.Mail | None:
    assert delivery.visitor.reader
    text = f".\r\n..\r\nMail {digest.pk}.\r\n.\r\nThe end"
    to = [delivery.visitor.reader.email]
    return composing.Mail(EmailMultiAlternatives(f"Mail {digest.pk}", text, "papertide@example.org", to), [[7, 0]])


def make_digest(email: str = "ada@example.org", rhythm: str = "daily", **values: Any) -> Digest:
    visitor = Visitor.objects.filter(reader__email=email).first() or make_reader(email).visitor
    Delivery.objects.get_or_create(visitor=visitor)
    now = timezone.now()
    values = {"period": "2026-11-24", "due": now, "not_before": now} | values
    return Digest.objects.create(visitor=visitor, rhythm=rhythm, **values)


def again(digest: Digest, **values: Any) -> Digest:
    """The row as it is, with its next try brought forward."""
    Digest.objects.filter(pk=digest.pk).update(not_before=timezone.now(), **values)
    return Digest.objects.get(pk=digest.pk)


def refuse(post: Post, at: str, answer: str, whom: str = "ada@example.org") -> None:
    post.answers = lambda step, who: answer if step == at and who == whom else None


def test_what_is_due_is_sent_once_over_one_connection(post: Post) -> None:
    made = [make_digest(f"ada{number}@example.org") for number in range(5)]
    made.append(make_digest("ada0@example.org", "weekly"))
    for _ in range(3):
        assert sending.send_digests() is False
    assert sorted(post.recipients) == sorted(["ada0@example.org", *(f"ada{number}@example.org" for number in range(5))])
    assert post.connections == 1
    for digest in Digest.objects.all():
        assert (digest.state, digest.papers, digest.error) == (State.SENT, [[7, 0]], "")
        assert digest.sent is not None
    assert {sender for sender, _, _ in post.mails} == {bounces.sender_of(digest) for digest in made}


def test_lines_of_dots_arrive_as_they_were_written(post: Post) -> None:
    digest = make_digest()
    sending.send_digests()
    [(_, _, mail)] = post.mails
    assert mail.get_content().splitlines() == [".", "..", f"Mail {digest.pk}.", ".", "The end"]


def test_it_is_written_down_before_the_dot_that_the_mail_may_be_delivered(post: Post) -> None:
    digest, seen = make_digest(), []
    end = dialogue.Dialogue._end

    def look(self: dialogue.Dialogue) -> None:
        assert post.mails == []
        seen.append(again(digest))
        end(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dialogue.Dialogue, "_end", look)
        sending.send_digests()
    assert [(row.state, row.papers) for row in seen] == [(State.UNSURE, [[7, 0]])]
    assert again(digest).state == State.SENT


def test_a_mail_that_another_took_over_meanwhile_is_not_ended(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = make_digest()
    write = claiming.Claimant.write

    def taken(self: claiming.Claimant, *given: Any, **values: Any) -> bool:
        Digest.objects.update(claim=1)  # as where this one's connection to the database had broken
        return write(self, *given, **values)

    monkeypatch.setattr(claiming.Claimant, "write", taken)
    sending.send_digests(seconds=0.2)
    assert "data" in post.reached
    assert post.mails == []
    assert again(digest).state == State.DUE


def test_a_database_that_goes_away_before_the_dot_leaves_no_mail(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = make_digest()

    def away(*_: Any, **__: Any) -> bool:
        raise DatabaseError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(claiming.Claimant, "write", away)
        with pytest.raises(DatabaseError):
            sending.send_digests()
    assert "data" in post.reached
    assert post.mails == []
    assert again(digest).state == State.DUE
    sending.send_digests()
    assert post.recipients == ["ada@example.org"]


@pytest.mark.parametrize("step", ["rcpt", "data", "end"])
def test_a_refusal_for_now_is_tried_again_later(post: Post, step: str) -> None:
    digest, other = make_digest(), make_digest("eve@example.org")
    refuse(post, step, "451 4.7.1 come again later")
    sending.send_digests()
    row = Digest.objects.get(pk=digest.pk)
    assert (row.state, row.tries, row.papers, row.claim) == (State.DUE, 1, [], None)
    assert row.error == "451 4.7.1 come again later"
    assert timedelta(minutes=4) < row.not_before - timezone.now() < timedelta(minutes=6)
    assert again(other).state == State.SENT
    post.answers = lambda step, who: None
    Digest.objects.filter(pk=digest.pk).update(not_before=timezone.now())
    sending.send_digests()
    assert post.recipients == ["eve@example.org", "ada@example.org"]


def test_tries_come_to_an_end(post: Post) -> None:
    digest = make_digest()
    refuse(post, "rcpt", "452 4.2.2 mailbox full")
    waits = []
    while again(digest).state == State.DUE:
        sending.send_digests()
        waits.append(Digest.objects.get(pk=digest.pk).not_before - timezone.now())
    assert len(waits) == sending.MOST_TRIES
    assert timedelta(hours=5) < sum(waits[:-1], timedelta()) < timedelta(hours=8)
    row = again(digest)
    assert (row.state, row.error) == (State.FAILED, "452 4.2.2 mailbox full")
    assert Delivery.objects.get().bounces == 0


def test_a_mailbox_that_is_not_there_gets_no_more_mails(post: Post) -> None:
    make_digest()
    refuse(post, "rcpt", "550 5.1.1 no such user here")
    sending.send_digests()
    row = Delivery.objects.get()
    assert row.stopped
    assert (row.bounces, row.reason) == (1, "550 5.1.1 no such user here")
    digest = make_digest(period="2026-11-25")
    sending.send_digests()
    assert again(digest).state == State.EMPTY
    assert post.reached.count("rcpt") == 1


def test_an_address_that_refuses_three_times_in_a_row_gets_no_more(post: Post) -> None:
    make_digest()
    sending.send_digests()
    for number, good in enumerate([False, False, True, False, False, False]):
        refuse(post, "none" if good else "rcpt", "550 go away")
        make_digest(period=f"2026-12-0{number + 1}", due=timezone.now() + timedelta(days=number + 1))
        assert Delivery.objects.get().stopped is None
        sending.send_digests()
        if good:  # the mail before was refused: only the next one says that all is well again
            Delivery.objects.update(bounces=0)
    row = Delivery.objects.get()
    assert row.stopped
    assert (row.bounces, row.reason) == (3, "550 go away")


def test_a_mail_that_arrives_ends_the_count(post: Post) -> None:
    first = make_digest()
    sending.send_digests()
    Delivery.objects.update(bounces=2, reason="x")
    make_digest(period="2026-11-25", due=timezone.now() + timedelta(days=1))
    sending.send_digests()
    assert (Delivery.objects.get().bounces, Delivery.objects.get().reason) == (0, "")
    assert again(first).state == State.SENT


@pytest.mark.parametrize(("step", "answer"), [("rcpt", "554 5.7.1 relay denied"), ("end", "554 5.7.1 looks like spam")])
def test_a_refusal_that_is_not_about_the_address_does_not_count(post: Post, step: str, answer: str) -> None:
    for number in range(sending.MOST_IN_A_ROW):
        make_digest(f"ada{number}@example.org")
    post.answers = lambda at, who: answer if at == step else None
    sending.send_digests()
    assert set(Digest.objects.values_list("state", "error")) == {(State.FAILED, answer)}
    assert set(Delivery.objects.values_list("bounces", "stopped")) == {(0, None)}
    assert answer in Alarm.objects.get(closed=None).text
    post.answers = lambda at, who: None
    make_digest(period="2026-11-25")
    sending.send_digests()
    assert not Alarm.objects.filter(closed=None).exists()


def go_away(post: Post, settings: LazySettings) -> None:
    settings.EMAIL_PORT = 9


def refuse_senders(post: Post, settings: LazySettings) -> None:
    post.answers = lambda step, who: "550 not from you" if step == "mail" else None


def want_login(post: Post, settings: LazySettings) -> None:
    post.answers = lambda step, who: "530 5.7.0 authentication required" if step == "rcpt" else None


@pytest.mark.parametrize("fail", [go_away, refuse_senders, want_login])
def test_while_the_server_takes_nothing_all_stay_due_and_somebody_hears_of_it(
    post: Post, settings: LazySettings, fail: Any
) -> None:
    for number in range(4):
        make_digest(f"ada{number}@example.org", due=timezone.now() - timedelta(minutes=50))
    fail(post, settings)
    for _ in range(3):
        assert sending.send_digests() is False
        sending.watch()
    assert set(Digest.objects.values_list("state", "tries", "claim")) == {(State.DUE, 0, None)}
    assert not Alarm.objects.filter(closed=None).exists()
    Digest.objects.update(due=timezone.now() - timedelta(hours=2))
    sending.watch()
    assert not Alarm.objects.filter(closed=None).exists()  # the site may have slept and written them down just now
    Digest.objects.update(not_before=timezone.now() - timedelta(hours=2))
    sending.watch()
    assert "4 wait" in Alarm.objects.get(closed=None).text
    settings.EMAIL_PORT, post.answers = post.port, lambda step, who: None
    sending.send_digests()
    sending.watch()
    assert len(set(post.recipients)) == len(post.mails) == 4
    assert not Alarm.objects.filter(closed=None).exists()


def test_an_answer_that_is_lost_leaves_a_mail_that_may_be_delivered_and_the_rest_go_on(post: Post) -> None:
    digest = make_digest()
    make_digest("eve@example.org")
    refuse(post, "end", "lost")
    for _ in range(3):
        sending.send_digests()
    assert sorted(post.recipients) == ["ada@example.org", "eve@example.org"]
    row = again(digest)
    assert (row.state, row.papers) == (State.UNSURE, [[7, 0]])
    assert "Disconnected" in row.error


def test_a_server_that_ends_connections_gets_new_ones(post: Post) -> None:
    for number in range(6):
        make_digest(f"ada{number}@example.org")
    turned_away: set[str] = set()

    def few_at_once(step: str, who: str) -> str | None:
        """As servers do that take two mails over one connection."""
        if step == "mail" and len(post.mails) % 2 == 0 and post.mails and who not in turned_away:
            turned_away.add(who)
            return "421 4.7.0 too many"
        return None

    post.answers = few_at_once
    sending.send_digests()
    assert len(set(post.recipients)) == len(post.mails) == 6
    assert post.connections == 3
    assert set(Digest.objects.values_list("state", "tries")) == {(State.SENT, 0)}


def test_a_mail_that_cannot_be_made_keeps_no_others(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = make_digest(), make_digest("eve@example.org")

    def fail(digest: Digest, delivery: Delivery) -> composing.Mail | None:
        if digest.pk == bad.pk:
            raise LookupError("a mistake")
        return compose(digest, delivery)

    monkeypatch.setattr(composing, "compose", fail)
    sending.send_digests()
    row = Digest.objects.get(pk=bad.pk)
    assert (row.state, row.tries, row.error) == (State.DUE, 1, "LookupError: a mistake")
    assert again(good).state == State.SENT


def test_an_address_that_no_mail_can_carry_is_tried_and_given_up(post: Post) -> None:
    digest = make_digest("añb\n@example.org")
    for _ in range(sending.MOST_TRIES):
        sending.send_digests()
        again(digest)
    assert again(digest).state == State.FAILED
    assert post.mails == []


@pytest.mark.parametrize("why", ["nothing new", "paused"])
def test_where_there_is_nothing_to_tell_nothing_is_sent(post: Post, monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    digest = make_digest()
    Delivery.objects.update(paused=why == "paused")
    if why == "nothing new":
        monkeypatch.setattr(composing, "compose", lambda digest, delivery: None)
    sending.send_digests()
    assert again(digest).state == State.EMPTY
    assert post.mails == []


def test_a_slice_that_is_over_leaves_the_rest_for_the_next(post: Post) -> None:
    for number in range(4):
        make_digest(f"ada{number}@example.org")
    assert sending.send_digests(seconds=-1) is True
    assert set(Digest.objects.values_list("state", "claim")) == {(State.DUE, None)}
    assert sending.send_digests() is False
    assert len(post.mails) == 4


def test_what_a_dead_worker_had_in_hand_is_sent_by_the_next(post: Post) -> None:
    make_digest(claim=12345, claimed=timezone.now())
    sending.send_digests()
    assert len(post.mails) == 1


def test_senders_without_their_own_name_for_bounces(post: Post, settings: LazySettings) -> None:
    settings.BOUNCE_ADDRESS = ""
    make_digest()
    sending.send_digests()
    assert [sender for sender, _, _ in post.mails] == ["papertide@example.org"]


def test_without_a_mail_server_nothing_is_tried(post: Post, settings: LazySettings) -> None:
    settings.EMAIL_HOST = ""
    make_digest()
    assert sending.send_digests() is False
    assert not sending.is_anything_due()
    assert post.connections == 0

"""What a browser kept goes along when its reader signs up or in."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from papers import visitors
from papers.accounts import merging
from papers.accounts.merging import take_along
from papers.models import Mark, Paper, Reader, SavedSearch, Tally, Visitor
from tests.papers.pages import paper
from tests.papers.readers import PASSWORD, make_reader

EARLY = datetime(2026, 1, 5, tzinfo=UTC)
LATE = EARLY + timedelta(days=30)


@pytest.fixture
def papers(db: None) -> list[Paper]:
    return [paper(f"2511.0000{number}") for number in range(1, 6)]


def starred(visitor: Visitor) -> set[str]:
    return set(Mark.objects.filter(visitor=visitor, starred__isnull=False).values_list("paper__arxiv_id", flat=True))


def stars(of: Paper) -> int:
    return Tally.objects.get(paper=of).stars


def test_stars_go_along_on_sign_up(client: Client, papers: list[Paper]) -> None:
    client.post(reverse("marks"), {"star": "2511.00001,2511.00002"})
    client.post(reverse("words"), {"words": "tides"})
    client.post(reverse("account_signup"), {"email": "ada@example.org", "password1": PASSWORD, "password2": PASSWORD})
    visitor = Reader.objects.get().visitor
    assert starred(visitor) == {"2511.00001", "2511.00002"}
    assert visitor.words == "tides"
    assert Visitor.objects.count() == 1
    assert [stars(one) for one in papers[:2]] == [1, 1]


def test_stars_go_along_on_sign_in_and_count_once(client: Client, papers: list[Paper]) -> None:
    reader = make_reader()
    visitors.mark(reader.visitor, [papers[0].pk, papers[1].pk], "starred", True)
    client.post(reverse("marks"), {"star": "2511.00002,2511.00003", "opened": "2511.00002"})
    client.post(reverse("account_login"), {"login": "ada@example.org", "password": PASSWORD})
    assert starred(reader.visitor) == {"2511.00001", "2511.00002", "2511.00003"}
    assert [stars(one) for one in papers[:3]] == [1, 1, 1]
    assert Tally.objects.get(paper=papers[1]).opened == 1
    assert Visitor.objects.count() == 1


def test_of_a_paper_that_both_marked_the_earlier_marks_and_the_later_view_stay(papers: list[Paper]) -> None:
    browser, account = Visitor.objects.create(words="waves"), make_reader().visitor
    visitors.set_words(account, "tides")
    Mark.objects.create(visitor=browser, paper=papers[0], starred=EARLY, seen=LATE, viewed=LATE)
    Mark.objects.create(visitor=account, paper=papers[0], starred=LATE, opened=LATE, viewed=EARLY)
    Tally.objects.create(paper=papers[0], stars=2, opened=1)
    take_along(browser, account)
    mark = Mark.objects.get()
    assert mark.visitor == account
    assert [mark.starred, mark.seen, mark.opened, mark.viewed] == [EARLY, LATE, LATE, LATE]
    tally = Tally.objects.get()
    assert [tally.stars, tally.opened] == [1, 1]
    account.refresh_from_db()
    assert account.words == "tides"


def test_searches_that_both_saved_are_one(papers: list[Paper]) -> None:
    browser, account = Visitor.objects.create(), make_reader().visitor
    for visitor, digest in ((browser, 1), (browser, 2), (account, 2), (account, 3)):
        SavedSearch.objects.create(visitor=visitor, text=f"tides {digest}", sort="new", digest=digest)
    take_along(browser, account)
    assert sorted(SavedSearch.objects.values_list("visitor", "digest")) == [(account.pk, n) for n in (1, 2, 3)]


def test_an_account_takes_no_more_than_it_may_keep(papers: list[Paper], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitors, "MOST_MARKS", 3)
    monkeypatch.setattr(merging, "MOST_SEARCHES", 2)
    browser, account = Visitor.objects.create(), make_reader().visitor
    visitors.mark(account, [papers[0].pk, papers[1].pk], "starred", True)
    visitors.mark(browser, [papers[2].pk], "seen", True)
    visitors.mark(browser, [papers[3].pk, papers[4].pk], "starred", True)
    for digest in range(3):
        SavedSearch.objects.create(visitor=browser, text="tides", sort="new", digest=digest)
    take_along(browser, account)
    assert account.marks.count() == 3
    assert len(starred(account)) == 3  # stars before what was only seen
    assert sum(tally.stars for tally in Tally.objects.all()) == 3
    assert account.searches.count() == 2
    assert list(Visitor.objects.all()) == [account]


def test_the_cookie_of_an_account_opens_nothing(client: Client, papers: list[Paper]) -> None:
    """Somebody else's key, signed by the site itself, is worth nothing once it is an account's."""
    client.post(reverse("marks"), {"star": "2511.00001"})
    visitor = Visitor.objects.get()
    visitor.reader = make_reader("ben@example.org").visitor.reader
    Visitor.objects.filter(reader=visitor.reader).delete()
    visitor.save()
    assert papers[0].title not in client.get(reverse("library")).content.decode()
    ada = make_reader()
    client.post(reverse("account_login"), {"login": "ada@example.org", "password": PASSWORD})
    assert not starred(ada.visitor)
    assert starred(visitor) == {"2511.00001"}


def test_a_forged_cookie_brings_nothing(client: Client, papers: list[Paper]) -> None:
    other = Client()
    other.post(reverse("marks"), {"star": "2511.00001"})
    reader = make_reader()
    for forged in (Visitor.objects.exclude(reader=reader).get().key.hex, f"{Visitor.objects.first().key.hex}:x:y", "x"):  # type: ignore[union-attr]
        client.cookies[visitors.COOKIE] = forged
        client.post(reverse("account_login"), {"login": "ada@example.org", "password": PASSWORD})
        client.post(reverse("account_logout"))
    assert not starred(reader.visitor)
    assert Visitor.objects.count() == 2


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_sign_ins_of_one_browser_at_once_bring_everything_once() -> None:
    made = [paper(f"2511.0000{number}") for number in range(1, 6)]
    reader, browser = make_reader(), Visitor.objects.create()
    visitors.mark(browser, [one.pk for one in made], "starred", True)
    visitors.mark(reader.visitor, [made[0].pk], "starred", True)
    start, failed = threading.Barrier(4), []

    def bring() -> None:
        start.wait()
        try:
            take_along(browser, reader.visitor)
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=bring) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert len(starred(reader.visitor)) == 5
    assert [stars(one) for one in made] == [1] * 5
    assert Visitor.objects.count() == 1

"""A reader takes all of her data along: what is in it, what is not, and whose."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.utils import timezone

from papers import visitors
from papers.library.everything import everything_bibtex, everything_json
from papers.models import (
    Delivery,
    Digest,
    ListEntry,
    Note,
    Paper,
    ReadingList,
    SavedSearch,
    Subscription,
    Tag,
    Tagged,
    Visitor,
)
from tests.papers.factories import PaperFactory
from tests.papers.readers import make_reader

pytestmark = pytest.mark.django_db
SECRETS = ("L" * 43, "S" * 43)


def keep(visitor: Visitor, papers: list[Paper], word: str) -> None:
    """One of everything for a visitor, each with `word` in it, and for each paper a mark, a note, a tag's use."""
    visitors.mark(visitor, [paper.pk for paper in papers], "starred", True)
    visitors.set_words(visitor, word)
    secrets = SECRETS if word == "own" else (word[0] * 43, word[0] * 43)
    kept = ReadingList.objects.create(visitor=visitor, name=f"{word} list", secret=secrets[0])
    tag = Tag.objects.create(visitor=visitor, name=f"{word}-tag")
    Tag.objects.create(visitor=visitor, name=f"{word}-unused")
    for paper in papers:
        Note.objects.create(visitor=visitor, paper=paper, text=f"{word} note, “{{}}” \n}} @article{{x,")
        ListEntry.objects.create(reading_list=kept, paper=paper)
        Tagged.objects.create(tag=tag, paper=paper)
    SavedSearch.objects.create(visitor=visitor, text=f"{word} search", sort="new", digest=1)
    Subscription.objects.create(
        visitor=visitor,
        kind="search",
        text=f"{word} tides",
        since=date(2025, 11, 3),
        key="k",
        secret=secrets[1],
        vector=b"bytes",
    )
    Delivery.objects.create(visitor=visitor, zone="Europe/Oslo")
    told = [[paper.pk, number] for number, paper in enumerate(papers)]
    Digest.objects.create(visitor=visitor, rhythm="daily", period="2025-11-03", due=timezone.now(), papers=told)
    UserSession.objects.create(user=visitor.reader, session_key=f"{word} key", ip="::1", user_agent=f"{word} browser")
    SocialAccount.objects.create(user=visitor.reader, provider="institute", uid=word, extra_data={"name": word})


def test_all_of_a_readers_data_is_in_the_file_and_nobody_elses() -> None:
    papers = PaperFactory.create_batch(3)
    own, other = make_reader().visitor, make_reader("ben@example.org").visitor
    keep(own, papers[:2], "own")
    keep(other, papers, "strange")
    text = "".join(everything_json(own))
    data = json.loads(text)
    ids = [paper.arxiv_id for paper in papers[:2]]
    assert data["account"]["addresses"] == [{"email": "ada@example.org", "verified": True, "primary": True}]
    assert data["reader"]["words"] == "own"
    assert sorted(row["id"] for row in data["papers"]) == sorted(ids)  # marked at once, in no order
    assert [row["id"] for row in data["notes"]] == ids
    [kept] = data["lists"]
    assert (kept["name"], kept["shared"], [row["id"] for row in kept["papers"]]) == ("own list", True, ids)
    assert {row["name"]: [use["id"] for use in row["papers"]] for row in data["tags"]} == {
        "own-tag": ids,
        "own-unused": [],
    }
    assert data["saved_searches"][0]["text"] == "own search"
    assert data["subscriptions"][0]["text"] == "own tides"
    assert data["delivery"]["zone"] == "Europe/Oslo"
    assert data["mails"][0]["period"] == "2025-11-03"
    assert data["mails"][0]["papers"] == [{"id": ids[0], "version": None}, {"id": ids[1], "version": 1}]
    assert data["account"]["devices"][0]["user_agent"] == "own browser"
    assert data["account"]["institutes"][0]["extra_data"] == {"name": "own"}
    assert "strange" not in text
    assert "ben@" not in text
    assert own.reader is not None
    assert not any(secret in text for secret in (*SECRETS, own.reader.password, "own key"))


def test_an_empty_account_and_a_browser_have_files_too() -> None:
    data = json.loads("".join(everything_json(make_reader().visitor)))
    assert (data["papers"], data["lists"], data["delivery"]) == ([], [], None)
    assert json.loads("".join(everything_json(Visitor.objects.create())))["account"] is None
    assert "".join(everything_bibtex(Visitor.objects.create())) == ""


def test_the_number_of_queries_does_not_grow_with_the_library(django_assert_num_queries: Callable[..., Any]) -> None:
    few, many = make_reader().visitor, make_reader("ben@example.org").visitor
    papers = PaperFactory.create_batch(30)
    keep(few, papers[:1], "few")
    keep(many, papers, "many")
    for number in range(20):
        ReadingList.objects.create(visitor=many, name=f"list {number}")
    for visitor in (few, many):
        with django_assert_num_queries(14):
            "".join(everything_json(visitor))
        with django_assert_num_queries(6):
            "".join(everything_bibtex(visitor))


def test_bibtex_holds_stars_and_lists_with_tags_and_notes_that_break_nothing() -> None:
    starred, listed, strange = PaperFactory.create_batch(3)
    own = make_reader().visitor
    keep(own, [starred], "own")
    ListEntry.objects.create(reading_list=own.lists.get(), paper=listed)
    keep(make_reader("ben@example.org").visitor, [strange], "strange")
    text = "".join(everything_bibtex(own))
    assert text.count("@misc{") == 2
    assert [text.count(paper.arxiv_id + "},") > 0 for paper in (starred, listed, strange)] == [True, True, False]
    assert "keywords = {own-tag}" in text
    assert "annote = {own note" in text
    assert text.count("\n@") == 1
    assert text.count("{") == text.count("}")

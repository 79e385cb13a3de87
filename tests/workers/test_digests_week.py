"""A week of announcement days with 200 readers, whose workers are killed: each paper that a reader should hear of is
mailed to her once.

What she should hear of is worked out here from what the loopback arXiv announced, not by the site's own matching.
"""

import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from papers.shelf import read_shelf
from search.encoder import text_of
from tests.arxiv import LoopbackArxiv, World, serve
from tests.databases import own_database
from tests.workers.mailing import Post, post_office
from tests.workers.nursery import FOLLOWED, Nursery, nursery, until
from workers import calendar
from workers.digests.due import LISTS_WAIT

MONDAY = date(2026, 12, 7)
# So many papers that a mail has room to name all that it tells.
READERS, PER_DAY, KILLS = 200, 28, 6
ZONES = ("UTC", "America/New_York", "Europe/Berlin", "Asia/Shanghai", "Pacific/Apia")
CODES = tuple(FOLLOWED.split(","))
SPECS = ("cs.AI", "cs.CL", "cs.LG", "cs.CV", "stat.ML", "cs.AI+cs.CL", "cs.LG+stat.ML", "cs.CL+cs.CV+stat.ML")
LESS = ("cs.LG-cs.CV", "cs.AI+cs.CL-cs.LG", "cs.CV+cs.LG-stat.ML")
LINK = re.compile(r"https://papers\.example\.org/arxiv/((?:[a-z-]+/)?[\d.]{7,10})(?:v\d+)?\b")
_WORD = re.compile(r"[A-Za-z]{7,}")


@dataclass
class Truth:
    """What arXiv announced in the week: the lines of each day, and every text that a paper had."""

    world: World
    chance: random.Random

    def announced(self, spec: str) -> set[str]:
        """New papers and cross-lists of the week in the lists of a union, less a difference."""
        with_, *without = spec.split("-")
        wanted, unwanted = frozenset(with_.split("+")), set("+".join(without).split("+"))
        found = set()
        for day in self.world.days:
            states = self.world.states(day)
            for name, _, kind in self.world.lines(day, wanted):
                if kind in ("new", "cross") and unwanted.isdisjoint(states[name].categories):
                    found.add(name)
        return found

    @cached_property
    def all(self) -> set[str]:
        return self.announced("+".join(CODES))

    @cached_property
    def texts(self) -> dict[str, list[str]]:
        """Every title with its abstract, comment and authors that a paper ever had."""
        return {
            name: [f"{one.title} {one.abstract} {one.comment} {' '.join(one.authors)}" for one in paper.versions]
            for name, paper in self.world.papers.items()
        }

    def words(self, many: int) -> dict[str, set[str]]:
        """Words that some papers' titles hold in every version, apart, and no other paper's text in any way."""
        titles = {name: [one.title for one in paper.versions] for name, paper in self.world.papers.items()}
        candidates = sorted({word for name in self.all for word in _WORD.findall(titles[name][0])})
        found: dict[str, set[str]] = {}
        for word in self.chance.sample(candidates, len(candidates)):
            apart = re.compile(rf"(?:^|\s){word}(?=\s|$)")
            holding = {
                name for name, texts in self.texts.items() if any(word.lower() in text.lower() for text in texts)
            }
            if len(holding) <= 12 and all(apart.search(title) for name in holding for title in titles[name]):
                found[word] = holding & self.all
            if len(found) == many:
                break
        return found

    def authors(self, many: int) -> dict[str, set[str]]:
        """Plain names whose family name nobody else has in any form."""
        holding: defaultdict[str, set[str]] = defaultdict(set)
        for name, paper in self.world.papers.items():
            for author in {author for one in paper.versions for author in one.authors}:
                holding[author].add(name)
        families = Counter(part.lower() for author in holding for part in set(re.split(r"[\s-]+", author)))
        plain = [
            author
            for author in sorted(holding)
            if re.fullmatch(r"[A-Z][a-z]{2,} [A-Z][a-z]{3,}", author)
            and families[author.split()[1].lower()] == 1
            and holding[author] & self.all
        ]
        return {author: holding[author] & self.all for author in self.chance.sample(plain, min(many, len(plain)))}

    def texts_alike(self, many: int) -> dict[str, set[str]]:
        """Texts of papers that were never revised, and all papers of each: other texts' vectors are far away here."""
        holding: defaultdict[str, set[str]] = defaultdict(set)
        for name, paper in self.world.papers.items():
            for one in paper.versions:
                holding[text_of(one.title, one.abstract)].add(name)
        whole = [
            text
            for text, names in sorted(holding.items())
            if names & self.all
            and len(text) < 2_000
            and all(len(self.world.papers[name].versions) == 1 for name in names)
        ]
        return {text: holding[text] & self.all for text in self.chance.sample(whole, min(many, len(whole)))}


@dataclass
class Week:
    """The site, its clock, its mail server, and what each reader should hear of."""

    world: World
    arxiv: LoopbackArxiv
    workers: Nursery
    post: Post
    expected: dict[str, set[str]] = field(default_factory=dict)
    worker: int = 0
    kills: int = 0

    def at(self, moment: datetime, pull: bool = False) -> None:
        """It is that time; when this ends, all that was due is done."""
        self.world.now = moment
        clock = self.workers.database.folder / "clock"
        clock.with_suffix(".part").write_text(moment.isoformat())
        clock.with_suffix(".part").rename(clock)
        if pull:
            self.workers.call("live")
        before = len(self.post.mails)
        if self.kills < KILLS and self.due(moment) > 20:
            until(lambda: len(self.post.mails) > before + 5 or not self.due(moment), 60, self.workers, "no mails")
            if self.due(moment):
                self.kills += 1
                self.workers.kill(self.worker)
                self.worker = self.workers.start()
        until(lambda: not self.due(moment), 90, self.workers, f"not everything was done at {moment}")

    def known(self) -> bool:
        """Whether each reader's next time is known."""
        [(without,)] = self.workers.database.rows(
            "SELECT count(*) FROM papers_delivery WHERE next_daily IS NULL AND next_weekly IS NULL"
        )
        return not without

    def due(self, moment: datetime) -> int:
        """How many mails are to be planned or sent, but for those that may wait for lists that are being read."""
        latest = moment - LISTS_WAIT
        [(count,)] = self.workers.database.rows(
            f"SELECT (SELECT count(*) FROM papers_delivery WHERE next_daily <= '{latest:%Y-%m-%d %H:%M:%S+00:00}')"
            f" + (SELECT count(*) FROM papers_delivery WHERE next_weekly <= '{latest:%Y-%m-%d %H:%M:%S+00:00}')"
            " + (SELECT count(*) FROM papers_digest WHERE state = 'due')"
        )
        return int(str(count))

    def told(self) -> dict[str, Counter[str]]:
        """How often each reader was told of each paper, by what arrived."""
        found: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for _, recipient, mail in self.post.mails:
            body = mail.get_body(("plain",))
            assert body is not None
            found[recipient.partition("@")[0]].update(set(LINK.findall(body.get_content())))
        return found

    def unsure(self) -> set[tuple[str, str]]:
        """Reader and paper of all that mails told which are said to be perhaps not delivered."""
        rows: list[tuple[Any, ...]] = self.workers.database.rows(
            "SELECT r.username, d.papers FROM papers_digest d JOIN papers_visitor v ON v.id = d.visitor_id"
            " JOIN papers_reader r ON r.id = v.reader_id WHERE d.state = 'unsure'"
        )
        ids = {pk: str(name) for pk, name in self.workers.database.rows("SELECT id, arxiv_id FROM papers_paper")}
        told = [(str(name), json.loads(papers) if isinstance(papers, str) else papers) for name, papers in rows]
        return {(name, ids[paper]) for name, papers in told for paper, _ in papers}


def enrolled(truth: Truth) -> Iterator[tuple[dict[str, object], set[str]]]:
    """Readers as `worker_process.enrol` takes them, and the papers that each should hear of."""
    chance = truth.chance
    pools: dict[str, dict[str, set[str]]] = {
        "categories": {spec: truth.announced(spec) for spec in SPECS},
        "less": {spec: truth.announced(spec) for spec in LESS},
        "search": {f'"{word}"': names for word, names in truth.words(30).items()},
        "author": truth.authors(20),
        "text": truth.texts_alike(20),
    }
    assert all(len(pool) >= 3 for pool in pools.values()), {kind: len(pool) for kind, pool in pools.items()}
    before = f"{calendar.previous_day(MONDAY)}"
    for number in range(READERS):
        asked, wanted, daily = [], set(), number % 3 != 0
        for kind in chance.sample(list(pools), chance.randint(1, 4)):
            text = chance.choice(list(pools[kind]))
            # What a difference takes away changes with cross-lists: such a list is told of on its own day.
            rhythm = "daily" if daily or kind == "less" or (number % 9 == 0 and kind == "author") else "weekly"
            threshold = 0.9 if kind == "text" else None
            asked.append([kind if kind != "less" else "categories", text, threshold, rhythm, before])
            wanted |= pools[kind][text]
        when = {"zone": chance.choice(ZONES), "hour": chance.choice([3, 7, 8, 18]), "weekday": chance.randrange(7)}
        yield {"name": f"ada{number}", "asked": asked} | when, wanted


@pytest.fixture
def week(tmp_path: Path) -> Iterator[Week]:
    # Of papers in other fields these readers hear where they are cross-listed.
    records = [record for record in read_shelf() if record.categories[0] in CODES or len(record.title) % 4 == 0]
    world = World.make(MONDAY, days=5, per_day=PER_DAY, records=records)
    world.now = calendar.harvest_from(MONDAY) - timedelta(hours=1)
    with ExitStack() as stack:
        post = stack.enter_context(post_office())
        arxiv = stack.enter_context(serve(world))
        database = stack.enter_context(own_database(tmp_path / "data"))
        mail = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": f"{post.port}", "EMAIL_SECURITY": "none"}
        mail |= {"EMAIL_FROM": "papertide@example.org", "SITE_URL": "https://papers.example.org"}
        (database.folder / "clock").write_text(world.now.isoformat())
        workers = stack.enter_context(nursery(database, arxiv, {"clock": True}, **mail))
        yield Week(world, arxiv, workers, post)


@pytest.mark.database
def test_each_expected_paper_is_mailed_once(week: Week) -> None:
    truth = Truth(week.world, random.Random(8))
    readers = list(enrolled(truth))
    week.expected = {str(given["name"]): wanted for given, wanted in readers}
    week.workers.call("enrol", [given for given, _ in readers])
    week.worker = week.workers.start()
    until(week.known, 30, week.workers, "no times were set")
    for day in (MONDAY + timedelta(days=number) for number in range(7)):
        if day in week.world.days:
            if day == week.world.days[1]:  # some papers come a day late, by every source
                week.arxiv.faults.set(drop_rss=5, drop_oai=5, drop_api=5)
            week.at(calendar.harvest_from(day) + timedelta(minutes=5), pull=True)
            week.at(calendar.feed_from(day) + timedelta(minutes=5), pull=True)
            week.at(calendar.feed_from(day) + timedelta(hours=3), pull=True)
            week.arxiv.faults.reset()
        for hour in (13, 19):
            week.at(datetime(day.year, day.month, day.day, hour, tzinfo=UTC))
    for number in (15, 21):  # what came after a reader's weekly mail is in her next one
        week.at(datetime(2026, 12, number, 2, tzinfo=UTC))
    assert week.kills == KILLS
    told, unsure = week.told(), week.unsure()
    assert len({name for name, _ in unsure}) <= KILLS
    twice = {(name, paper) for name, papers in told.items() for paper, times in papers.items() if times > 1}
    assert not twice
    unexpected = {
        (name, paper) for name, papers in told.items() for paper in papers if paper not in week.expected[name]
    }
    assert not unexpected
    missing = {(name, paper) for name, wanted in week.expected.items() for paper in wanted - told[name].keys()}
    assert missing <= unsure
    assert sum(len(wanted) for wanted in week.expected.values()) > 10 * READERS

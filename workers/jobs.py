"""What each kind of run does: which source it asks, and what it does with a page beside bringing in its papers."""

from datetime import date, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from papers import wanted
from papers.categories import CATEGORIES
from papers.ingest import Counts
from papers.models import Announcement, DayList, Paper, WantedPaper
from papers.records import PaperRecord
from workers import alarms, announcing, calendar
from workers.models import COUNTED, Run
from workers.own import Digest, Refit, Sweep
from workers.sources import Page, Source
from workers.sources.api import ApiIds, ApiNewest, ApiWindow
from workers.sources.oai import Oai
from workers.sources.rss import Rss
from workers.sources.snapshot import Snapshot
from workers.sources.transport import Patience
from workers.work import UnfinishedError, Work

# So often and so long an id that arXiv has named, or a hole, is asked for: the query API is made anew once a day.
ASKED, ASKED_FOR = 5, timedelta(days=2)
LISTED_BACK = timedelta(days=7)  # how far back OAI-PMH alone makes lists
PATIENT_WITH_OAI = 4  # tries, over an hour and a quarter, after which a day without papers is believed


class Announce(Work):
    """The feeds of some categories on one announcement day; again until each has given that day's list."""

    label = "rss"

    def __init__(self, run: Run, patience: Patience) -> None:
        super().__init__(run, patience)
        self.day = date.fromisoformat(run.arguments["day"])
        self.later: date | None = None

    def source(self) -> Source:
        return Rss(self.run.arguments["categories"], self.patience)

    def after(self, page: Page, counts: Counts) -> bool:
        feed = page.listed
        if feed is None:
            return False
        if feed.day > self.day:
            self.later = feed.day
        if feed.lines or calendar.is_announcement_day(feed.day):
            problem = announcing.write_feed(feed)
            key = f"feed {feed.category} {feed.day}"
            alarms.judge(key, "stale" if feed.lines else "empty", _told(feed.category, feed.day, problem), feed.day)
        if feed.cut:
            text = f"The feed of {feed.category} for {feed.day} was cut at {len(feed.lines)} papers."
            alarms.note(f"cut {feed.category} {feed.day}", "cut", text, feed.day)
        return False

    def end(self) -> None:
        lists = DayList.objects.filter(day=self.day, fetched__isnull=False)
        # In a closed category nothing is announced any more, and it has no feed.
        wanted_here = [code for code in self.run.arguments["categories"] if not CATEGORIES[code].historic]
        if not calendar.may_be_empty(self.day) and not lists.filter(lines__gt=0).exists():
            wanted_here = sorted({*wanted_here, *lists.values_list("category", flat=True)})
            lists.delete()  # each may be empty, all together may not: none of them is believed
        here = set(lists.values_list("category", flat=True))
        missing = [code for code in wanted_here if code not in here]
        if not missing:
            return
        if self.later:
            self.warning = f"the feeds have gone on to {self.later}: {self.day} is left to OAI-PMH"
            return
        self.run.arguments |= {"categories": missing}
        raise UnfinishedError(f"no list of {self.day} yet: {', '.join(missing)}")


def _told(category: str, day: date, problem: str) -> str:
    return f"The feed of {category} for {day} holds {problem}." if problem else ""


class Harvest(Work):
    """OAI-PMH: everything that changed in a window. With `lists` it also tells of the announcements of its days."""

    label = "oai"

    def __init__(self, run: Run, patience: Patience) -> None:
        super().__init__(run, patience)
        self.known: set[str] = set()

    def source(self) -> Source:
        given = self.run.arguments
        return Oai(given["sets"], _day(given["since"]), _day(given.get("until")), self.patience)

    def before(self, page: Page) -> None:
        if self.run.arguments.get("lists"):
            names = [record.arxiv_id for record in page.records]
            self.known = set(Paper.objects.filter(arxiv_id__in=names).values_list("arxiv_id", flat=True))

    def after(self, page: Page, counts: Counts) -> bool:
        if self.run.arguments.get("lists"):
            announcing.tell_oai(page.records, page.changed, self.known, self.run.arguments["categories"])
        return False

    def end(self) -> None:
        given = self.run.arguments
        since, day = _day(given["since"]), _day(given.get("day"))
        if given.get("lists") and since is not None:
            until = calendar.latest_harvest(self.run.moment or timezone.now())
            # Of days further back only the papers that never changed since would be left.
            first = max(calendar.next_day(since), until - LISTED_BACK)
            announcing.make_lists(given["categories"], first, until)
        if day is None or calendar.may_be_empty(day) or self.run.tries >= PATIENT_WITH_OAI:
            return
        if not Announcement.objects.filter(day=day, by_oai=True).exists():
            raise UnfinishedError(f"OAI-PMH has nothing of {day} yet")


class Window(Work):
    """The query API's view of one announcement day, by submission."""

    def source(self) -> Source:
        start, end = calendar.window(self._day)
        return ApiWindow(self.run.arguments["categories"], start, end, self.patience)

    @property
    def _day(self) -> date:
        return date.fromisoformat(self.run.arguments["day"])

    def after(self, page: Page, counts: Counts) -> bool:
        announcing.tell_api(page.records, self._day, self.run.arguments["categories"])
        return False


class Newest(Work):
    """The newest papers of some categories, until a page holds nothing new."""

    again = False
    DISORDER = timedelta(days=1)  # how far a list may step forward in time and still count as newest first

    def __init__(self, run: Run, patience: Patience) -> None:
        super().__init__(run, patience)
        self.earliest: datetime | None = None

    def source(self) -> Source:
        return ApiNewest(self.run.arguments["categories"], self.run.arguments["limit"], self.patience)

    def after(self, page: Page, counts: Counts) -> bool:
        for record in page.records:
            self._see(record)
        # Out of order, a page of known papers says nothing about the pages after it.
        return not (counts.new or counts.changed or self.warning)

    def _see(self, record: PaperRecord) -> None:
        if self.earliest is not None and record.published > self.earliest + self.DISORDER:
            self.warning = "arXiv did not keep the order asked for: the newest papers may be missing"
        self.earliest = min(self.earliest or record.published, record.published)


class Ids(Work):
    """Papers by id, for readers and for checks; what arXiv does not know is noted as absent."""

    again = False

    def source(self) -> Source:
        return ApiIds(self.run.arguments["ids"], self.patience)

    def after(self, page: Page, counts: Counts) -> bool:
        got = {record.arxiv_id for record in page.records} | set(page.unusable)
        unknown = [name for name in page.asked if name not in got]
        rows = WantedPaper.objects.filter(arxiv_id__in=unknown, state=wanted.State.OPEN)
        # A reader may ask for any id. One that a source has named exists: this interface may be behind.
        long_ago = Q(tries__gte=ASKED - 1, asked__lt=timezone.now() - ASKED_FOR)
        for_good = rows.filter(Q(reason=wanted.Reason.READER) | long_ago)
        wanted.absent(list(for_good.values_list("arxiv_id", flat=True)))
        wanted.later(rows, "arXiv’s query API does not know it yet")
        odd = WantedPaper.objects.filter(arxiv_id__in=page.unusable, state=wanted.State.OPEN)
        wanted.absent(list(odd.filter(long_ago).values_list("arxiv_id", flat=True)))
        wanted.later(odd, "arXiv’s record of it cannot be read")
        return False


class Load(Work):
    """A file of records."""

    label = "snapshot"

    def source(self) -> Source:
        return Snapshot(Path(self.run.arguments["path"]), self.run.arguments.get("limit"))


JOBS: dict[str, type[Work]] = {
    "announce": Announce,
    "reconcile": Harvest,
    "backfill": Harvest,
    "window": Window,
    "newest": Newest,
    "ids": Ids,
    "snapshot": Load,
    "digest": Digest,
    "refit": Refit,
    "sweep": Sweep,
}


def order(job: str, window: str, **values: object) -> Run:
    """A run to be done: `values` are fields of the row, `arguments` among them. One with the same `key` is there
    once; it is given back as it stands."""
    values = {"job": job, "source": JOBS[job].label, "window": window} | values
    values.setdefault("not_before", timezone.now())
    if "key" not in values:
        return Run.objects.create(**values)
    run, _ = Run.objects.get_or_create(key=values.pop("key"), defaults=values)
    return run


def again(run: Run) -> None:
    """Have a run done once more, from its beginning if it had come to its end, else from where it stands."""
    changes: dict[str, object] = {"finished": None, "parked": False, "expires": None, "not_before": timezone.now()}
    changes |= {"tries": 0, "crashes": 0, "error": ""}
    if run.finished and not run.error:
        changes |= {"token": "", **dict.fromkeys(COUNTED, 0)}
    Run.objects.filter(pk=run.pk).update(**changes)
    alarms.close(f"parked run {run.pk}")


def give_up(run: Run) -> bool:
    """End an open or parked run as it stands; whether it was one."""
    rows = Run.objects.filter(pk=run.pk, finished=None)
    ended = rows.update(finished=timezone.now(), parked=False, error="given up by hand")
    alarms.close(f"parked run {run.pk}")
    return bool(ended)


def followed() -> list[str]:
    """The categories that this site follows."""
    return list(settings.PULL_CATEGORIES)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None

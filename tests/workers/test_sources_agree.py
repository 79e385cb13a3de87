"""The sources against a whole loopback arXiv: what they bring is what is true there."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.conf import LazySettings

from papers.categories import CATEGORIES
from papers.records import PaperRecord
from papers.shelf import read_shelf
from papers.tex import collapse
from tests.arxiv import LoopbackArxiv, World, serve
from workers import calendar
from workers.sources import Page, Source, SourceError, transport
from workers.sources.api import ApiIds, ApiNewest, ApiWindow
from workers.sources.oai import Oai
from workers.sources.oai_sets import oai_sets
from workers.sources.rss import Rss
from workers.sources.transport import Patience

CALM = Patience(tries=3, connect=2, read=5, budget=20)
CURRENT = [code for code in CATEGORIES if not CATEGORIES[code].historic]


@pytest.fixture
def world() -> World:
    """A week over a weekend, of the shelf's papers."""
    return World.make(date(2026, 9, 17), days=5, per_day=40, records=read_shelf())


@pytest.fixture
def arxiv(
    world: World, settings: LazySettings, data_dir: object, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LoopbackArxiv]:
    """That world served in the place of arXiv."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(transport, "_backoff", lambda attempt: 0.02 * attempt)
    with serve(world, oai_page=30) as server:
        settings.ARXIV_DELAY = 0.0
        settings.ARXIV_API_URL = f"{server.url}/api/query"
        settings.ARXIV_OAI_URL = f"{server.url}/oai"
        settings.ARXIV_RSS_URL = f"{server.url}/rss"
        yield server


def all_of(source: Source) -> list[Page]:
    return list(source.pages())


def by_id(pages: list[Page]) -> dict[str, PaperRecord]:
    return {record.arxiv_id: record for page in pages for record in page.records}


def same(truth: PaperRecord) -> PaperRecord:
    """The truth as it can be after a way through XML and clean-up."""
    return replace(truth, title=collapse(truth.title), abstract=collapse(truth.abstract), is_summary=False)


@pytest.mark.parametrize("form", ["rss", "atom"])
@pytest.mark.parametrize("number", [0, 2, 4])
def test_feeds_tell_each_days_lists(arxiv: LoopbackArxiv, settings: LazySettings, form: str, number: int) -> None:
    world = arxiv.world
    day = world.days[number]
    world.now = calendar.feed_from(day) + timedelta(hours=3)
    settings.ARXIV_RSS_URL = f"{arxiv.url}/{form}"
    categories = [code for code in world.categories(day) if code in CURRENT]
    pages = all_of(Rss(categories, CALM))
    assert [page.listed.category for page in pages if page.listed] == categories
    for page in pages:
        assert page.listed
        assert page.listed.day == day
        lines = [(line.arxiv_id, line.version, line.kind) for line in page.listed.lines]
        assert lines == world.listing(day, page.listed.category)
        assert (page.unusable, page.skipped) == ((), 0)
    truth = world.records(day)
    assert by_id(pages)
    for arxiv_id, record in by_id(pages).items():
        right = same(truth[arxiv_id])
        for name in ("title", "abstract", "authors", "categories", "version", "doi", "license"):
            assert getattr(record, name) == getattr(right, name), (arxiv_id, name)


def test_feeds_of_a_saturday_are_empty(arxiv: LoopbackArxiv) -> None:
    arxiv.world.now = calendar.feed_from(date(2026, 9, 19))
    (page,) = all_of(Rss(["cs.CL"], CALM))
    assert page.listed
    assert (page.listed.day, page.listed.lines) == (date(2026, 9, 19), ())


@pytest.mark.parametrize("form", ["arXivRaw", "arXiv"])
def test_a_harvest_of_everything_is_the_truth(arxiv: LoopbackArxiv, form: str) -> None:
    world = arxiv.world
    gone = world.new_ids(world.days[1])[0]
    world.delete(gone, world.days[2])
    source = Oai(oai_sets(CURRENT), None, None, CALM, "arXivRaw" if form == "arXivRaw" else "arXiv")
    pages = all_of(source)
    truth = world.records()
    assert {name for page in pages for name in page.deleted} == {gone}
    assert by_id(pages).keys() == truth.keys()
    for arxiv_id, record in by_id(pages).items():
        right = same(truth[arxiv_id])
        if form == "arXiv":  # which knows days, and no versions
            right = replace(right, version=None, published=record.published, updated=record.updated)
            assert abs(record.published - truth[arxiv_id].published) < timedelta(days=1)
        assert record == right
    stamps = {name: day for page in pages for name, day in page.changed.items()}
    states = world.states(world.days[-1])
    assert stamps == {arxiv_id: state.datestamp for arxiv_id, state in states.items()}


def test_a_harvest_of_some_sets_since_a_day(arxiv: LoopbackArxiv) -> None:
    world = arxiv.world
    wanted = ["cs.CL", "cs.LG", "eess.SY", "math.NA"]
    since = world.days[3] - timedelta(days=1)
    pages = all_of(Oai(oai_sets(wanted), since, None, CALM))
    states = world.states(world.days[-1])
    assert by_id(pages).keys() == {
        name
        for name, state in states.items()
        if state.datestamp >= since and not set(wanted).isdisjoint(state.categories)
    }
    assert by_id(pages)


def test_a_harvest_with_a_token_that_expires_loses_nothing(arxiv: LoopbackArxiv) -> None:
    arxiv.faults.tokens_good_for = 2
    pages = all_of(Oai((), None, None, CALM))
    assert by_id(pages).keys() == arxiv.world.records().keys()
    arxiv.faults.tokens_void = True
    with pytest.raises(SourceError, match="refuses its own resumption tokens"):
        all_of(Oai((), None, None, CALM))


def test_papers_by_id_are_the_truth(arxiv: LoopbackArxiv) -> None:
    truth = arxiv.world.records()
    unknown = "2609.19999"
    arxiv.faults.codes = True
    (page, *more) = all_of(ApiIds([*list(truth)[:150], unknown], CALM))
    assert more == []
    assert set(page.asked) - by_id([page]).keys() == {unknown}
    for arxiv_id, record in by_id([page]).items():
        assert record == replace(same(truth[arxiv_id]), license="", report_number="")  # the API does not tell these


def test_a_window_of_submissions_is_the_days_papers(arxiv: LoopbackArxiv) -> None:
    world = arxiv.world
    start, end = calendar.window(world.days[2])
    last = end - timedelta(minutes=1)
    wanted = ["cs.CL", "cs.LG", "cs.AI"]
    pages = all_of(ApiWindow(wanted, start, last, CALM))
    found = by_id(pages)
    assert found.keys() == {
        record.arxiv_id
        for record in world.records().values()
        if start <= record.published < end and not set(wanted).isdisjoint(record.categories)
    }
    assert found


def test_the_newest_papers_come_first(arxiv: LoopbackArxiv) -> None:
    records = [record for page in all_of(ApiNewest(["cs.CL", "cs.LG"], 30, CALM)) for record in page.records]
    assert len(records) == 30
    assert records == sorted(records, key=lambda record: record.published, reverse=True)


@pytest.mark.parametrize("fault", ["too_many", "unavailable", "html", "truncated", "cut"])
@pytest.mark.parametrize("name", ["rss", "oai", "api"])
def test_each_passing_fault_is_borne_by_each_source(arxiv: LoopbackArxiv, name: str, fault: str) -> None:
    sources: dict[str, Source] = {
        "rss": Rss(["cs.CL"], CALM),
        "oai": Oai(["cs:cs:CL"], None, None, CALM),
        "api": ApiNewest(["cs.CL"], 20, CALM),
    }
    whole = all_of(sources[name])
    arxiv.faults.set(**{fault: 2})
    assert all_of(sources[name]) == whole


@pytest.mark.parametrize("fault", ["error_400", "error_200"])
@pytest.mark.parametrize("name", ["rss", "oai", "api"])
def test_an_error_is_told_by_each_source_in_arxivs_words(arxiv: LoopbackArxiv, name: str, fault: str) -> None:
    sources: dict[str, Source] = {
        "rss": Rss(["cs.CL"], CALM),
        "oai": Oai(["cs:cs:CL"], None, None, CALM),
        "api": ApiNewest(["cs.CL"], 20, CALM),
    }
    arxiv.faults.set(**{fault: -1})
    with pytest.raises(SourceError, match="an error by request"):
        all_of(sources[name])
    assert len(arxiv.log) == 1

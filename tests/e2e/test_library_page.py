"""The library in a real browser: narrowed and searched, what was opened, words, papers brought in; with and without
scripts."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from papers import visitors
from papers.accounts.who import single_reader
from papers.library import lists, tags
from papers.models import Mark, Note, Paper, Visitor
from search.engines.base import Engine
from search.indexing import index_pending
from tests.e2e.axe import assert_accessible
from tests.e2e.watching import Scheme, Windows
from tests.papers.factories import PaperFactory

ADDRESSES = ("/library", "/library?tag=tides&q=flow", "/library/history", "/library/words", "/library/import")


@pytest.fixture
def windows(
    transactional_db: None, engine: Engine, settings: Settings, live_server: LiveServer, browser: Browser
) -> Iterator[Windows]:
    """A site of one reader: what she keeps needs no sign-in."""
    settings.SINGLE_USER = True
    cache.clear()
    opened = Windows(browser, live_server.url)
    yield opened
    opened.close()


@pytest.fixture
def papers(windows: Windows) -> list[Paper]:
    made: list[Paper] = PaperFactory.create_batch(30)
    reader = Visitor.objects.create(reader=single_reader())
    visitors.mark(reader, [paper.pk for paper in made], "starred", True)
    visitors.mark(reader, [paper.pk for paper in made[:4]], "viewed", True)
    tags.add(reader, made[:3], ["tides"])
    lists.add(lists.make(reader, "Reading group"), [paper.pk for paper in made[:2]])
    Note.objects.create(visitor=reader, paper=made[0], text="A *lighthouse* stands there.")
    index_pending()
    Paper.objects.update(keywords=["tidal flow", "lunar orbit"])
    return made


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_its_pages_are_accessible_and_fit(windows: Windows, papers: list[Paper], width: int, scheme: Scheme) -> None:
    for address in ADDRESSES:
        page = windows(address, width=width, scheme=scheme)
        assert_accessible(page)
        page.close()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("script", [True, False])
def test_a_reader_narrows_searches_and_takes_away_what_narrowed(
    windows: Windows, papers: list[Paper], width: int, script: bool
) -> None:
    page = windows("/library", width=width, script=script)
    expect(page.locator(".card")).to_have_count(25)
    if width < 1000:
        page.get_by_text("Narrow", exact=True).click()
    page.locator(".facet a", has_text="tides").click()
    expect(page.locator(".card")).to_have_count(3)
    page.get_by_placeholder("Titles, abstracts, authors, notes, tags").fill("lighthouse")
    page.get_by_role("button", name="Search here").click()
    expect(page.locator(".card")).to_have_count(1)
    assert_accessible(page)
    page.locator(".chips a", has_text="lighthouse").click()
    expect(page.locator(".card")).to_have_count(3)
    with page.expect_download() as download:
        page.get_by_role("link", name="BibTeX", exact=True).first.click()
    assert Path(download.value.path()).read_text().count("@misc{") == 3


def test_a_paper_whose_page_is_opened_is_in_the_history_until_it_is_forgotten(
    windows: Windows, papers: list[Paper]
) -> None:
    paper = papers[9]
    windows(paper.get_absolute_url()).close()
    page = windows("/library/history")
    expect(page.locator(".past li")).to_have_count(5)
    expect(page.locator(".past .what a").first).to_have_text(paper.title)
    page.get_by_role("button", name=f"Forget it: {paper.title}").click()
    expect(page.locator(".past li")).to_have_count(4)
    page.get_by_role("button", name="Keep no history").click()
    expect(page.get_by_text("No history is kept")).to_be_visible()
    windows(paper.get_absolute_url()).close()
    assert Mark.objects.get(paper=paper).viewed is None


@pytest.mark.parametrize(("width", "script"), [(390, False), (1280, True)])
def test_a_file_is_looked_at_and_its_papers_become_a_list(
    windows: Windows, papers: list[Paper], tmp_path: Path, width: int, script: bool
) -> None:
    file = tmp_path / "mine.bib"
    entries = [f"@misc{{k{paper.pk}, eprint = {{{paper.arxiv_id}}}}}" for paper in papers[5:8]]
    file.write_text("\n".join([*entries, "@misc{away, eprint={2401.00001}}", "@book{b, title={A book}}"]))
    page = windows("/library/import", width=width, script=script)
    page.locator("#file").set_input_files(file)
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_text("3 papers are here · 1 is not")).to_be_visible()
    expect(page.get_by_text("A book")).to_be_visible()
    assert_accessible(page)
    page.get_by_label("in a new list called").check()
    page.get_by_label("Name of the new list").fill("From a file")
    page.get_by_role("button", name="Keep them").click()
    expect(page.get_by_text("3 papers were kept.")).to_be_visible()
    page.get_by_role("link", name="See them").click()
    expect(page.locator(".card")).to_have_count(3)


def test_the_words_of_what_was_read_lead_to_its_papers(windows: Windows, papers: list[Paper]) -> None:
    page = windows("/library/words")
    page.get_by_role("button", name="Use as preference words").click()
    expect(page.get_by_text("These are your preference words now.")).to_be_visible()
    page.get_by_role("link", name="tidal flow in 30 papers").click()
    expect(page.locator(".chips")).to_contain_text("tidal flow")

"""The pages that list and show papers."""

import json
import lzma
from itertools import islice
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from papers.categories import split_spec
from papers.listing import Listing
from papers.models import Paper, PaperCategory
from papers.paging import page_numbers
from tests.papers.factories import PaperFactory
from tests.papers.pages import page_of, paper, shown

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("spec", "ids"),
    [
        ("cs.AI", "2511.00002 2511.00001"),
        ("cs.AI+cs.LG", "2511.00003 2511.00002 2511.00001"),
        ("cs.AI+cs.LG-cs.CY", "2511.00002 2511.00001"),
        ("cs", "2511.00005 2511.00003 2511.00002 2511.00001"),
        ("hep-th", "hep-th/9108020"),
        ("cond-mat.str-el-cs.AI", "2511.00004"),
        ("cs.AI+hep-th-cs.LG", "2511.00001 hep-th/9108020"),
        ("math.NA", "2511.00005"),
        ("q-bio", ""),
        ("cs.AI-cs", ""),
    ],
)
def test_listing_is_the_union_less_the_rest_newest_first(client: Client, six_papers: None, spec: str, ids: str) -> None:
    page = page_of(client, f"/arxiv/{spec}")
    assert shown(page) == ids.split()
    assert [int(number.text_content()) for number in page.find_class("number")] == list(range(1, len(ids.split()) + 1))


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("cs.AI,cs.LG", "/arxiv/cs.AI+cs.LG"),
        ("cs.ai", "/arxiv/cs.AI"),
        ("cs.NA", "/arxiv/math.NA"),
        ("stat.TH-cs.SY", "/arxiv/math.ST-eess.SY"),
        ("math.MP", "/arxiv/math-ph"),
        ("cs.*", "/arxiv/cs"),
        ("cs.CL/", "/arxiv/cs.CL"),
        ("cs.AI%20cs.LG?date=2025-11-01&page=2", "/arxiv/cs.AI+cs.LG?date=2025-11-01&page=2"),
    ],
)
def test_a_spec_has_one_address(client: Client, written: str, canonical: str) -> None:
    response = client.get(f"/arxiv/{written}")
    assert (response.status_code, response.headers["Location"]) == (301, canonical)


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("date=2025-11-02", "2511.00003 2511.00002"),
        ("from=2025-11-02", "2511.00005 2511.00003 2511.00002"),
        ("to=2025-11-01", "2511.00001"),
        ("from=2025-11-01&to=2025-11-02", "2511.00003 2511.00002 2511.00001"),
        ("date=2025-11-03", ""),
        ("from=0001-01-01&to=9999-12-31", "2511.00005 2511.00003 2511.00002 2511.00001"),
    ],
)
def test_days_bound_a_listing(client: Client, six_papers: None, query: str, ids: str) -> None:
    assert shown(page_of(client, f"/arxiv/cs?{query}")) == ids.split()


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_first_and_last_day_of_the_calendar(client: Client, six_papers: None, day: str) -> None:
    assert not shown(page_of(client, f"/arxiv/cs?date={day}"))
    assert not shown(page_of(client, f"/?date={day}"))


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("date=yesterday", "“yesterday” is no day"),
        ("from=2025-02-30", "“2025-02-30” is no day"),
        ("date=20251102", "“20251102” is no day"),
        ("from=2025-11-03&to=2025-11-01", "turned around"),
        ("page=two", "“two” is no page number"),
        ("page=0", "“0” is no page number"),
        ("page=-1", "“-1” is no page number"),
        ("page=%C2%B2", "is no page number"),
        ("page=" + "9" * 5000, "is no page number"),
    ],
)
def test_bad_parameters_are_named(client: Client, six_papers: None, query: str, sentence: str) -> None:
    page = page_of(client, f"/arxiv/cs?{query}", 400)
    assert sentence in page.find_class("notes")[0].text_content()
    assert shown(page)


def test_days_lead_to_their_neighbours(client: Client, six_papers: None) -> None:
    page = page_of(client, "/arxiv/cs.AI+cs.LG?date=2025-11-02")
    assert page.xpath("//nav[@class='day-links']/a/@href") == ["?date=2025-11-01"]
    page = page_of(client, "/arxiv/cs?date=2025-11-01")
    assert page.xpath("//nav[@class='day-links']/a/@href") == ["?date=2025-11-02", "?date=2025-11-04"]
    page = page_of(client, "/arxiv/cs?date=2025-11-03")  # a day without papers has neighbours too
    assert page.xpath("//nav[@class='day-links']/a/@href") == ["?date=2025-11-02", "?date=2025-11-04"]


def test_a_listing_stands_under_day_headings(client: Client, six_papers: None) -> None:
    days = [time.get("datetime") for time in page_of(client, "/arxiv/cs.AI").xpath("//section/h2//time")]
    assert days == ["2025-11-02", "2025-11-01"]


def test_home_is_the_newest_day(client: Client, six_papers: None) -> None:
    page = page_of(client, "/")
    assert shown(page) == ["2511.00005"]
    assert page.xpath("//title/text()") == ["arXiv papers of 4 November 2025 · Papertide"]
    assert shown(page_of(client, "/?date=2025-11-02")) == ["2511.00003", "2511.00002"]
    [count] = page.xpath("//label[input/@value='math.NA']/i/text()")
    assert count == "1"


def test_home_without_papers_says_so(client: Client) -> None:
    assert "No papers yet" in page_of(client, "/").text_content()
    assert not shown(page_of(client, "/arxiv/cs.CL"))


def test_pages_split_a_listing_without_loss(client: Client) -> None:
    PaperFactory.create_batch(60)
    pages = [page_of(client, f"/arxiv/cs.CL?page={number}") for number in (1, 2, 3)]
    ids = [arxiv_id for page in pages for arxiv_id in shown(page)]
    assert [len(shown(page)) for page in pages] == [25, 25, 10]
    assert ids == list(Paper.objects.order_by("-published", "-id").values_list("arxiv_id", flat=True))
    assert pages[2].find_class("number")[-1].text_content() == "60"
    assert pages[0].xpath("//nav[@class='pages']/a/@href") == ["?page=1", "?page=2", "?page=3"]
    beyond = page_of(client, "/arxiv/cs.CL?page=4", 404)
    assert "There is no page 4" in beyond.text_content()
    assert beyond.xpath("//p[@class='empty']/a/@href") == ["?page=3"]


def test_pages_end_at_the_reach(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("papers.listing.REACH", 60)
    monkeypatch.setattr("papers.views.sifting.REACH", 60)
    PaperFactory.create_batch(70)
    for address in ("/arxiv/cs.CL", "/arxiv/cs.CL-cs.AI", "/"):
        assert "More than 60 papers" in page_of(client, address).text_content()
        assert len(shown(page_of(client, f"{address}?page=3"))) == 10
        assert "Choose days" in page_of(client, f"{address}?page=4", 404).text_content()


def test_that_a_list_has_more_than_is_counted_is_known_for_a_while(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr("papers.listing.REACH", 20)
    PaperFactory.create_batch(22)
    both, one = Listing(split_spec("cs.CL+cs.AI-cs.CY")), Listing(split_spec("cs.CL"))
    with django_assert_num_queries(3):
        assert [both.total(), both.total(), one.total(), one.total()] == [21] * 4
    Paper.objects.first().delete()  # type: ignore[union-attr]
    assert Listing(split_spec("cs.CL+cs.LG")).total() == 21
    for left in (20, 19):
        Paper.objects.first().delete()  # type: ignore[union-attr]
        assert Listing(split_spec("cs.CL+math.AG")).total() == left


def test_equal_times_keep_one_order_over_pages() -> None:
    for number in range(30):
        paper(f"2511.{number:05}", "cs.AI cs.LG")
    listing = Listing(split_spec("cs.AI+cs.LG"))
    ids = [paper.pk for number in (1, 2, 3) for paper in listing.page(number, 10).papers]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == 30


@pytest.mark.parametrize("address", ["/", "/arxiv/cs", "/arxiv/cs.AI+cs.LG-cs.CY?date=2025-11-02", "/?date=2025-11-02"])
def test_a_listing_costs_few_queries(
    client: Client, six_papers: None, address: str, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.templatetags.status.notice", lambda: "The tide is late.")
    with django_assert_max_num_queries(7):
        page = page_of(client, address)
    assert "The tide is late." in page.text_content()


@pytest.mark.sqlite
def test_a_listing_walks_the_index() -> None:
    PaperFactory.create_batch(3)
    listing = Listing(split_spec("cs.AI+cs.CL-cs.CY"))
    with CaptureQueriesContext(connection) as captured:
        assert len(listing.papers(10)) == 3
    [query] = captured.captured_queries
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + query["sql"])
        plan = [row[-1] for row in cursor.fetchall()]
    assert sum("category_newest" in step for step in plan) == 2
    assert not [step for step in plan if step.startswith("SCAN link")]


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("/abs/hep-th/9108020", "/arxiv/hep-th/9108020"),
        ("/abs/2511.00001v2", "/arxiv/2511.00001v2"),
        ("/pdf/2511.00001v2", "https://arxiv.org/pdf/2511.00001v2"),
        ("/pdf/hep-th/9108020v1.pdf", "https://arxiv.org/pdf/hep-th/9108020v1"),
        ("/pdf/9999.99999", None),
        ("/pdf/https://elsewhere.example/2511.00001", None),
        ("/html/2511.00001", "https://arxiv.org/html/2511.00001"),
        ("/list/cs.CL/new", "/arxiv/cs.CL"),
        ("/list/hep-th/recent", "/arxiv/hep-th"),
        ("/list/cs.NA/pastweek", "/arxiv/math.NA"),
        ("/list/none/new", None),
        ("/arxiv/arXiv:2511.00001v3", "/arxiv/2511.00001v3"),
        ("/arxiv?c=cs.CL&c=cs.LG", "/arxiv/cs.CL+cs.LG"),
        ("/arxiv?c=cs&spec=-cs.CY", "/arxiv/cs-cs.CY"),
        ("/arxiv?c=cs.CL&spec=hep-th,math-cs.CY", "/arxiv/cs.CL+hep-th+math-cs.CY"),
        ("/arxiv?spec=cs.CL", "/arxiv/cs.CL"),
        ("/arxiv?c=&spec=+", "/"),
        ("/arxiv?c=nope", None),
        ("/arxiv?spec=-cs.CY", None),
        ("/favicon.ico", "/static/favicon.svg"),
    ],
)
def test_addresses_that_lead_elsewhere(client: Client, address: str, target: str | None) -> None:
    response = client.get(address)
    assert (response.status_code, response.headers.get("Location")) == ((302, target) if target else (404, None))


@pytest.mark.parametrize(
    ("part", "nearest"),
    [
        ("cs.CX", "cs.CV"),
        ("hep-yh", "hep-th"),
        ("machine-learning", "cs.LG"),
        ("cond-mat.str-le-cs.AI", "cond-mat.str-el"),
    ],
)
def test_an_unknown_category_names_the_nearest(client: Client, part: str, nearest: str) -> None:
    page = page_of(client, f"/arxiv/{part}", 404)
    assert f"/arxiv/{nearest}" in page.xpath("//ul[@class='nearest']//a/@href")


@pytest.mark.parametrize(
    "spec", ["%00", "..%2f..%2fetc", "-cs.AI", "%F0%9F%8C%8A", "x" * 5000, "2511.1", "9913.00001", "%3Cscript%3E"]
)
def test_nonsense_specs_are_told(client: Client, spec: str) -> None:
    assert "/#picker" in page_of(client, f"/arxiv/{spec}", 404).xpath("//main//a/@href")


@pytest.mark.parametrize(
    ("current", "last", "numbers"),
    [
        (1, 1, [1]),
        (1, 3, [1, 2, 3]),
        (4, 7, [1, 2, 3, 4, 5, 6, 7]),
        (8, 42, [1, None, 6, 7, 8, 9, 10, None, 42]),
        (42, 42, [1, None, 40, 41, 42]),
    ],
)
def test_page_numbers(current: int, last: int, numbers: list[int | None]) -> None:
    assert page_numbers(current, last) == numbers


def test_real_papers_can_be_listed(client: Client, shared_data: Any) -> None:
    with lzma.open(shared_data / "arxiv-364k.jsonl.xz", "rt") as lines:
        records = [json.loads(line) for line in islice(lines, 300)]
    for record in records:
        paper(
            record["id"], " ".join(record["categories"]), record["published"],
            title=record["title"], abstract=record["abstract"], authors=record["authors"],
        )  # fmt: skip
    for record in records[::10]:
        page_of(client, f"/arxiv/{record['id']}")
    total = PaperCategory.objects.filter(category="hep-th").count()
    assert f"{total} papers" in page_of(client, "/arxiv/hep-th").text_content()

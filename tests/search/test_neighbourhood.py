"""The neighbourhood of a paper: the map's places and labels, and the part of the page that shows them."""

from datetime import timedelta
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from django.test import Client
from lxml import html
from pytest_django import DjangoAssertNumQueries

from papers.models import Paper
from search import neighbourhood as maps
from search.engines import get_engine
from search.engines.base import EngineAwayError
from search.map_labels import place
from search.neighbourhood import GAP, HEIGHT, WIDTH, cosine_distances, lay_out, neighbourhood, ranks, spanning_tree
from tests.papers.pages import page_of, paper


def clustered(seed: int, papers: int = 21, width: int = 384) -> maps.Distances:
    """Distances within three groups of vectors and between them."""
    chance = np.random.default_rng(seed)
    centres = chance.normal(size=(3, width))
    return cosine_distances(centres[np.arange(papers) % 3] + 0.7 * chance.normal(size=(papers, width)))


@pytest.mark.parametrize("seed", range(5))
def test_groups_lie_apart_on_the_map(seed: int) -> None:
    places = lay_out(clustered(seed))
    group = np.arange(21) % 3
    far = np.linalg.norm(places[:, None] - places, axis=2)
    nearest = np.argsort(far + 1e9 * np.eye(21), axis=1)[:, :3]
    assert (group[nearest] == group[:, None]).mean() > 0.9


@pytest.mark.parametrize("papers", [2, 3, 8, 21, 26])
def test_dots_do_not_touch_and_stay_in_the_frame(papers: int) -> None:
    for distances in (clustered(papers, papers), np.zeros((papers, papers)), cosine_distances(np.zeros((papers, 4)))):
        places = lay_out(distances)
        assert places.shape == (papers, 2)
        assert np.isfinite(places).all()
        assert ((places >= 0) & (places <= (WIDTH, HEIGHT))).all()
        assert min(np.linalg.norm(one - other) for one, other in combinations(places, 2)) >= GAP - 0.5


@pytest.mark.parametrize("papers", [0, 1])
def test_a_map_of_nothing_has_no_fault(papers: int) -> None:
    assert lay_out(np.zeros((papers, papers))).shape == (papers, 2)


def test_the_same_papers_are_always_laid_out_alike() -> None:
    distances = clustered(1)
    assert np.array_equal(lay_out(distances), lay_out(distances.copy()))


def test_ranks_keep_the_order_of_distances() -> None:
    distances = clustered(2)
    pairs = np.triu_indices(21, 1)
    assert np.array_equal(np.argsort(ranks(distances)[pairs]), np.argsort(distances[pairs], kind="stable"))


def test_the_spanning_tree_joins_all_and_each_with_its_nearest() -> None:
    distances = clustered(3)
    tree = spanning_tree(distances)
    joined = {0}
    for one, other in tree:
        assert one in joined
        joined.add(other)
    assert joined == set(range(21))
    nearest = np.argmin(distances + 9 * np.eye(21), axis=1)
    assert all({(one, near), (near, one)} & set(tree) for one, near in enumerate(nearest.tolist()))


def test_labels_overlap_neither_dots_nor_one_another() -> None:
    chance = np.random.default_rng(1)
    for _ in range(20):
        dots = [(x, y) for x, y in (chance.random((21, 2)) * (WIDTH, HEIGHT)).tolist()]
        labels = place(dots, ["", *(f"Author-{n:0{n % 9}} 2017" for n in range(20))], WIDTH, HEIGHT)
        assert labels[0] is None
        boxes = [label.box for label in labels if label]
        assert boxes
        assert not [True for one, other in combinations(boxes, 2) if _overlap(one, other)]
        assert all(box[0] >= 0 and box[2] <= WIDTH and box[1] >= 0 and box[3] <= HEIGHT for box in boxes)


def _overlap(one: Any, other: Any) -> bool:
    return bool(one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3])


def part(client: Client, found: Paper) -> Any:
    response = client.get(f"/arxiv/{found.arxiv_id}/neighbourhood", headers={"HX-Request": "true"})
    assert response.status_code == 200
    return html.fromstring(response.content.decode())


def test_dots_have_the_numbers_of_the_list_and_lead_to_the_same_papers(client: Client, shelf_site: list[Paper]) -> None:
    page = part(client, shelf_site[0])
    listed = {item.get("data-near"): item.xpath("a/@href")[0] for item in page.xpath("//ol/li")}
    dots = {dot.get("data-near"): dot.get("href") for dot in page.find_class("spot")}
    assert list(listed) == [str(number) for number in range(1, 21)]
    assert dots == listed
    titles = {dot.get("data-near"): dot.find("title").text for dot in page.find_class("spot")}
    assert all(text.startswith(f"{number}. ") for number, text in titles.items())
    assert not page.xpath("//@style")
    assert page.xpath("//svg[@role='group']/@aria-label")
    assert page.xpath("//svg/g[@aria-hidden='true']//a/@tabindex") == ["-1"] * 20


def test_the_list_is_that_of_the_page_of_relatives(client: Client, shelf_site: list[Paper]) -> None:
    listed = part(client, shelf_site[0]).xpath("//ol/li/a/@href")
    assert listed == page_of(client, f"/arxiv/{shelf_site[0].arxiv_id}/related").xpath("//h3/a/@href")


def test_dots_tell_what_came_later(shelf_site: list[Paper]) -> None:
    found = neighbourhood(shelf_site[100])
    assert {spot.later for _, spot in found.drawn} == {True, False}
    for near, spot in found.drawn:
        assert spot.later == (near.paper.published > shelf_site[100].published)


def test_without_scripts_the_page_itself_has_the_map(client: Client, shelf_site: list[Paper]) -> None:
    address = f"/arxiv/{shelf_site[0].arxiv_id}"
    page = page_of(client, address)
    assert not page.find_class("map")
    [whole] = page.xpath("//section[@id='neighbourhood']//a[contains(@href, 'map=1')]/@href")
    shown = page_of(client, whole.partition("#")[0])
    assert len(shown.find_class("spot")) == 20
    assert shown.xpath("//link[@rel='canonical']/@href") == [f"http://testserver{address}"]
    answer = client.get(f"{address}/neighbourhood")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{address}?map=1#neighbourhood")
    assert "HX-Request" in answer.headers["Vary"]


@pytest.mark.django_db
def test_a_paper_that_the_index_does_not_know_has_a_page_that_says_so(client: Client, shelf_site: list[Paper]) -> None:
    paper("2511.00001", title="Xylophone", abstract="Zzyzx.")
    page = part(client, Paper.objects.get(arxiv_id="2511.00001"))
    assert not page.find_class("map")
    assert "once it has been indexed" in page.text_content()


def test_a_paper_without_a_vector_has_a_list_and_no_map(client: Client, shelf_site: list[Paper]) -> None:
    old = shelf_site[0]
    again = paper("2511.00001", title=f"{old.title} revisited", abstract=old.abstract)
    page = part(client, again)
    assert len(page.xpath("//ol/li")) > 1
    assert not page.find_class("map")


def test_the_page_stands_while_the_engine_is_away(
    client: Client, shelf_site: list[Paper], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(self: object, *args: object, **options: object) -> None:
        raise EngineAwayError("no answer")

    monkeypatch.setattr(type(get_engine()), "statistics", away)
    assert page_of(client, f"/arxiv/{shelf_site[0].arxiv_id}").xpath("//h1")
    page = part(client, shelf_site[0])
    assert "does not answer just now" in page.text_content()
    assert not page.xpath("//ol")
    assert page_of(client, f"/arxiv/{shelf_site[0].arxiv_id}?map=1").xpath("//h1")


def test_a_second_look_asks_the_database_only_for_the_papers(
    client: Client, shelf_site: list[Paper], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    part(client, shelf_site[0])
    with django_assert_max_num_queries(4):
        part(client, shelf_site[0])


def test_authors_have_their_other_papers(client: Client, shelf_site: list[Paper]) -> None:
    old = shelf_site[0]
    author = old.authors[0]
    known = {other.arxiv_id for other in shelf_site if author in other.authors and other != old}
    while not known:
        old = shelf_site[shelf_site.index(old) + 1]
        author = old.authors[0]
        known = {other.arxiv_id for other in shelf_site if author in other.authors and other != old}
    people = {
        person.xpath("h3/a")[0].text: person.xpath("ul/li/a/@href")
        for person in part(client, old).xpath("//div[@class='people']/section")
    }
    assert set(people[author]) <= {f"/arxiv/{each}" for each in known}
    assert people[author]


@pytest.mark.django_db
@pytest.mark.parametrize("removed", [True, False])
def test_what_is_not_here_has_no_neighbourhood(client: Client, removed: bool) -> None:
    if removed:
        paper("2511.00001", removed=True)
    assert client.get("/arxiv/2511.00001/neighbourhood", headers={"HX-Request": "true"}).status_code == 404


def test_hostile_relatives_are_inert(client: Client, shelf_site: list[Paper]) -> None:
    evil = "</title></svg><script>alert(1)</script><img src=x onerror=alert(2)>\"'><b>"
    near = neighbourhood(shelf_site[0]).neighbours
    Paper.objects.filter(pk__in=[one.paper.pk for one in near]).update(title=evil, authors=[evil] * 5)
    Paper.objects.filter(pk=near[0].paper.pk).update(published=shelf_site[0].published + timedelta(days=1))
    page = part(client, shelf_site[0])
    assert page.text_content().count("alert(1)") >= 40
    assert not page.xpath("//script | //img | //@onerror | //b[not(ancestor::*[@class='reason'])]")


def test_an_unchanged_part_is_not_sent_again(client: Client, shelf_site: list[Paper]) -> None:
    address = f"/arxiv/{shelf_site[0].arxiv_id}/neighbourhood"
    tag = client.get(address, headers={"HX-Request": "true"}).headers["ETag"]
    again = client.get(address, headers={"HX-Request": "true", "If-None-Match": tag})
    assert again.status_code == 304

"""A new index beside the serving one, on both engines: what is written meanwhile, what fails, who is killed."""

import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from pytest_django import Settings

from papers.ingest import ingest, mark_for_index
from papers.models import IndexMark, Paper
from search import indexing, marks, rebuilding
from search.encoder import Encoder
from search.engines import elastic_rebuild, get_engine
from search.engines.base import Document, Engine, EngineError, LexicalQuery, RejectedError
from search.engines.elastic import ElasticEngine
from search.engines.embedded import EmbeddedEngine
from search.query import Field, Word
from tests.search.elastics import empty_engine, own_alias, record
from tests.search.site_process import draw_vectors
from tests.search.sites import RealSite, demand, real_site

PAPERS = 60
Index = Callable[[Engine, Sequence[Document]], None]


@pytest.fixture(params=["embedded", "elasticsearch"])
def engine(
    request: pytest.FixtureRequest, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Engine]:
    """The site's engine, without an index at first."""
    monkeypatch.setattr(Encoder, "encode", draw_vectors)
    monkeypatch.setattr(rebuilding, "outgrown", lambda engine: False)
    with empty_engine(request, settings, tmp_path) as made:
        yield made


@pytest.fixture
def library(db: None, engine: Engine) -> list[Paper]:
    """Papers in database and index."""
    ingest(record(number) for number in range(PAPERS))
    assert indexing.index_pending() == PAPERS
    return list(Paper.objects.order_by("pk"))


def held(engine: Engine) -> set[int]:
    """The primary keys of the papers in the index."""
    return set(engine.lexical(LexicalQuery(), 1000, order="new").ids.tolist())


def found(engine: Engine, word: str) -> list[int]:
    """The papers whose title has a word, by the serving index."""
    get_engine().statistics(fresh=True)
    hits = engine.lexical(LexicalQuery(Field("title", Word(word))), 100)
    return [int(number) for number in hits.ids]


def indices(engine: Engine) -> list[str]:
    """All indices there are, serving or not."""
    if isinstance(engine, EmbeddedEngine):
        return sorted(path.name for path in engine.root.iterdir() if path.is_dir())
    assert isinstance(engine, ElasticEngine)
    with engine.cluster.writing() as client:
        return sorted(client.indices.get(index=f"{engine.alias}-*"))


def at(monkeypatch: pytest.MonkeyPatch, moment: str, do: Callable[[], None]) -> None:
    """Have something done once at a moment of the next rebuild."""
    fill, catch_up, write = rebuilding._Run.fill, rebuilding._Run.catch_up, rebuilding._Run._write
    left = [do]

    def once() -> None:
        if left:
            left.pop()()

    def filling(run: rebuilding._Run, engine: Engine) -> None:
        fill(run, engine)
        if moment == "after":
            once()

    def catching_up(run: rebuilding._Run, engine: Engine) -> None:
        catch_up(run, engine)
        if moment == "before the switch":
            once()

    def writing(run: rebuilding._Run, engine: Engine, ids: Sequence[int]) -> Iterator[tuple[Sequence[Paper], set[int]]]:
        yield from write(run, engine, ids)
        if moment == "amid":
            once()

    monkeypatch.setattr(rebuilding._Run, "fill", filling)
    monkeypatch.setattr(rebuilding._Run, "catch_up", catching_up)
    monkeypatch.setattr(rebuilding._Run, "_write", writing)


@pytest.mark.parametrize("moment", ["amid", "after", "before the switch"])
def test_what_a_worker_writes_meanwhile_is_in_the_new_index(
    library: list[Paper], engine: Engine, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    def meanwhile() -> None:
        ingest([record(3, "Wasps instead"), record(PAPERS - 2, "Hornets instead"), record(99, "Mosquitoes at last")])
        assert indexing.index_pending() == 3
        assert found(engine, "wasps") == [library[3].pk]  # the old one serves, with the new text
        assert marks.pending().count() == 0

    before = indices(engine)
    at(monkeypatch, moment, meanwhile)
    assert rebuilding.rebuild(batch=20) == PAPERS + 1
    assert engine.statistics(fresh=True).papers == PAPERS + 1
    assert found(engine, "wasps") == [library[3].pk]
    assert found(engine, "hornets") == [library[PAPERS - 2].pk]
    assert found(engine, "mosquitoes") == [Paper.objects.get(arxiv_id="2401.00099").pk]
    assert found(engine, "number3") == []
    assert not IndexMark.objects.exists()
    assert len(indices(engine)) == 1
    assert indices(engine) != before


def test_what_is_only_marked_meanwhile_stays_marked(
    library: list[Paper], engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, "before the switch", lambda: void(ingest([record(3, "Wasps instead"), record(99, "Mosquitoes")])))
    assert rebuilding.rebuild(batch=20) == PAPERS
    assert marks.pending().count() == 2
    assert indexing.index_pending() == 2
    assert found(engine, "wasps") == [library[3].pk]


def void(_: object) -> None:
    """Nothing, of whatever it is given."""


def test_a_paper_deleted_meanwhile_is_no_obstacle(
    library: list[Paper], engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = library[5].pk

    def meanwhile() -> None:
        ingest([record(5, "Wasps for a moment")])
        indexing.index_pending()
        Paper.objects.get(pk=gone).delete()
        Paper.objects.get(pk=library[PAPERS - 1].pk).delete()

    at(monkeypatch, "amid", meanwhile)
    rebuilding.rebuild(batch=20)
    assert library[PAPERS - 1].pk not in held(engine)  # it had not been read yet
    rebuilding.rebuild(batch=20)
    assert held(engine) == set(Paper.objects.values_list("pk", flat=True))


def test_a_paper_with_a_number_from_before_is_counted(
    library: list[Paper], engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On PostgreSQL a transaction that began earlier may bring its papers later, numbers below the last one read.
    early = library[10].pk
    Paper.objects.get(pk=early).delete()
    rebuilding.rebuild()

    def meanwhile() -> None:
        ingest([record(10)])
        paper = Paper.objects.get(arxiv_id="2401.00010")
        Paper.objects.filter(pk=paper.pk).delete()
        paper.pk = early
        paper.save(force_insert=True)
        mark_for_index([early])
        assert indexing.index_pending() == 1

    at(monkeypatch, "after", meanwhile)
    assert rebuilding.rebuild(batch=20) == PAPERS
    assert held(engine) == set(Paper.objects.values_list("pk", flat=True))


def failing(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Let a rebuild fail."""
    if kind == "write":
        number = iter(range(100))
        write = type(get_engine()).index

        def break_off(self: Engine, documents: Sequence[Document]) -> None:
            if next(number) == 1:
                raise EngineError("no room")
            write(self, documents)

        monkeypatch.setattr(type(get_engine()), "index", break_off)
    elif kind == "count":
        write = type(get_engine()).index
        monkeypatch.setattr(type(get_engine()), "index", lambda self, documents: write(self, documents[1:]))
    elif kind == "sample":
        write = type(get_engine()).index

        def mix_up(self: Engine, documents: Sequence[Document]) -> None:
            names = [document.arxiv_id for document in documents]
            turned = [
                replace(each, arxiv_id=name) for each, name in zip(documents, [*names[1:], names[0]], strict=True)
            ]
            write(self, turned)

        monkeypatch.setattr(type(get_engine()), "index", mix_up)


@pytest.mark.parametrize(
    ("kind", "message"), [("write", "no room"), ("count", "holds .* papers and not"), ("sample", "does not find")]
)
def test_a_failed_rebuild_leaves_the_old_index_and_the_marks(
    library: list[Paper], engine: Engine, monkeypatch: pytest.MonkeyPatch, kind: str, message: str
) -> None:
    before, generation = indices(engine), engine.statistics(fresh=True).generation
    ingest([record(3, "Wasps instead")])
    with monkeypatch.context() as patch:
        failing(patch, kind)
        with pytest.raises(EngineError, match=message):
            rebuilding.rebuild(batch=20)
    assert indices(engine) == before
    assert engine.statistics(fresh=True).generation == generation
    assert len(held(engine)) == PAPERS
    assert marks.pending().count() == 1
    assert indexing.index_pending() == 1
    assert found(engine, "wasps") == [library[3].pk]


def test_refused_papers_do_not_stop_a_rebuild(
    library: list[Paper], engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = type(engine).index
    refused = {library[7].pk: "too odd", library[8].pk: "too odd"}

    def refuse(self: Engine, documents: Sequence[Document]) -> None:
        write(self, [each for each in documents if each.id not in refused])
        reasons = {each.id: refused[each.id] for each in documents if each.id in refused}
        if reasons:
            raise RejectedError(reasons)

    def meanwhile() -> None:  # one becomes acceptable, another no longer is
        del refused[library[8].pk]
        ingest([record(8, "Wasps instead"), record(9, "Hornets instead")])
        assert indexing.index_pending() == 2
        refused[library[9].pk] = "too odd now"

    monkeypatch.setattr(type(engine), "index", refuse)
    at(monkeypatch, "after", meanwhile)
    assert rebuilding.rebuild(batch=20) == PAPERS - 1
    assert held(engine) == {paper.pk for paper in library} - {library[7].pk}
    assert set(marks.pending().values_list("paper", flat=True)) == {library[7].pk, library[9].pk}
    assert indexing.index_pending() == 0
    assert set(marks.pending().exclude(rests_until=None).values_list("paper", flat=True)) == {
        library[7].pk,
        library[9].pk,
    }
    assert found(engine, "wasps") == [library[8].pk]


@pytest.mark.parametrize("engine", ["elasticsearch"], indirect=True)
def test_a_new_index_that_does_not_answer_gives_way_to_the_old_one(
    library: list[Paper], engine: ElasticEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = indices(engine)

    def silent(engine: ElasticEngine, name: str) -> None:
        assert len(indices(engine)) == 2  # the old one is kept until the new one has answered
        assert engine.statistics(fresh=True).generation.startswith(f"{name}:")
        raise EngineError("the new index does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(elastic_rebuild, "_demand_service", silent)
        with pytest.raises(EngineError, match="does not answer"):
            rebuilding.rebuild()
    assert indices(engine) == before
    assert len(held(engine)) == PAPERS
    assert rebuilding.rebuild() == PAPERS
    assert len(indices(engine)) == 1


@pytest.mark.parametrize("engine", ["elasticsearch"], indirect=True)
def test_a_way_back_that_fails_leaves_the_new_index_serving(
    library: list[Paper], engine: ElasticEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch = elastic_rebuild._switch
    calls = iter(range(10))

    def once(*arguments: object) -> None:
        if next(calls):
            raise EngineError("Elasticsearch cannot be reached")
        switch(*arguments)  # type: ignore[arg-type]

    def silent(*_: object) -> None:
        raise EngineError("the new index does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(elastic_rebuild, "_switch", once)
        patch.setattr(elastic_rebuild, "_demand_service", silent)
        with pytest.raises(EngineError, match="cannot be reached"):
            rebuilding.rebuild()
    assert len(held(engine)) == PAPERS


@pytest.fixture(params=["embedded", "elasticsearch"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RealSite]:
    """A site of real processes with 300 papers in its index."""
    if request.param == "embedded":
        with real_site(tmp_path / "data") as site:
            yield full(site)
    else:
        url = request.getfixturevalue("elasticsearch_url")
        with own_alias(url) as alias:
            settings = {"SEARCH_ENGINE": "elasticsearch", "ELASTICSEARCH_URL": url, "ELASTICSEARCH_INDEX": alias}
            with real_site(tmp_path / "data", ELASTICSEARCH_TIMEOUT="20", **settings) as site:
                yield full(site)


def full(site: RealSite) -> RealSite:
    """The site, with papers in its index."""
    site.run("fill", "0", "300")
    site.run("index")
    assert site.marks == 0
    return site


def site_engine(site: RealSite) -> Engine:
    """The engine of a site of real processes."""
    if not site.settings:
        return EmbeddedEngine(site.database.folder / "index")
    from search.engines.elastic_client import Address, Cluster

    urls = tuple(site.settings["ELASTICSEARCH_URL"].split(","))
    return ElasticEngine(Cluster(Address(urls, timeout=20)), site.settings["ELASTICSEARCH_INDEX"])


@pytest.mark.database
def test_readers_notice_nothing_of_a_rebuild(site: RealSite) -> None:
    reader = site.start("read")
    assert reader.stdout is not None
    assert reader.stdout.readline() == "ready\n"
    for width in (70, 80, 70):
        site.run("rebuild", str(width))
        assert site_engine(site).statistics().width == width
    printed, _ = reader.communicate("", timeout=60)
    told = json.loads(printed)
    assert told["errors"] == []
    assert told["searches"] > 50


def another(site: RealSite, left: set[str]) -> bool:
    """Whether there is an index that was not there before."""
    return bool(set(indices(site_engine(site))) - left)


@pytest.mark.database
def test_a_rebuild_that_is_killed_is_swept_away_by_the_next(site: RealSite) -> None:
    chance = random.Random(3)
    before = indices(site_engine(site))
    left = set(before)
    for _ in range(2):
        process = site.start("rebuild", "90", "0.5")
        demand(partial(another, site, left), 60)
        time.sleep(chance.uniform(0, 1))
        assert process.poll() is None
        process.kill()
        process.wait()
        left = set(indices(site_engine(site)))
        assert len(indices(site_engine(site))) == 2
        engine = site_engine(site)
        assert (engine.statistics().width, engine.statistics().papers) == (64, 300)
        assert len(engine.lexical(LexicalQuery(), 1000).ids) == 300
    site.run("rebuild", "90")
    after = indices(site_engine(site))
    assert len(after) == 1
    assert after != before
    assert site_engine(site).statistics().width == 90
    assert site.marks == 0

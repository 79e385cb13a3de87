"""What is in a site's database and in its index, told by arXiv's ids, to be held against another site's."""

from collections.abc import Mapping

import numpy as np
from django.db.models import Field, Model
from elasticsearch import Elasticsearch

from papers.models import Announcement, Paper, PaperCategory, PaperVersion
from search.engines.base import FACETS, Engine, LexicalQuery, Unit
from search.engines.elastic_mapping import VECTOR
from search.engines.embedded import EmbeddedEngine
from search.models import PaperVector
from tests.databases import OwnDatabase
from tests.search.elastics import connect
from workers.models import Run

Contents = dict[str, object]
STEMS = ("network", "model", "method", "data", "number", "paper", "graph")
MOST = 10_000
NEAREST = 50
CODE = 0.005  # a step of the codes that the embedded engine keeps of a vector's numbers, and a little more
# Moments of this site's own clock.
CLOCK = {"fetched", "replaced"}
TOLD = ("job", "seen", "new", "changed", "removed", "skipped", "total", "error", "crashes", "tries", "parked", "token")


def rows(database: OwnDatabase) -> Contents:
    """All that a run leaves: papers, links, versions, lists, vectors, marks, and the run's own account."""
    found: Contents = {
        model.__name__: database.rows(_query(model))
        for model in (Paper, PaperCategory, PaperVersion, Announcement, PaperVector)
    }
    found["DayList"] = database.rows("SELECT category, day, lines FROM papers_daylist ORDER BY category, day")
    found["IndexMark"] = database.rows("SELECT count(*) FROM papers_indexmark")
    run, alarm = Run._meta.db_table, "workers_alarm"
    told = ", ".join(TOLD)
    found["Run"] = database.rows(f"SELECT {told} FROM {run} WHERE finished IS NOT NULL ORDER BY id")
    found["open runs"] = database.rows(f"SELECT {told} FROM {run} WHERE finished IS NULL ORDER BY id")
    found["Alarm"] = database.rows(f"SELECT key, kind, text FROM {alarm} WHERE closed IS NULL ORDER BY key")
    return found


def _query(model: type[Model]) -> str:
    """All rows of a model, papers by their arXiv ids instead of their primary keys, in the order of the columns."""
    table = model._meta.db_table
    names = [
        field.column
        for field in model._meta.get_fields()
        if isinstance(field, Field) and field.concrete and field.name not in {"id", "paper", *CLOCK}
    ]
    columns = ", ".join(["paper.arxiv_id", *(f"here.{name}" for name in names if name != "arxiv_id")])
    key = "here.id" if model is Paper else "here.paper_id"
    order = ", ".join(str(number + 1) for number in range(len(names) + (model is not Paper)) if number < 4)
    return f"SELECT {columns} FROM {table} here JOIN papers_paper paper ON paper.id = {key} ORDER BY {order}"


def embedded(database: OwnDatabase) -> Contents:
    """All that a reader could tell of the embedded index, and its vectors."""
    engine = EmbeddedEngine(database.folder / "index")
    view = engine._open()
    assert view is not None
    table, names = view.table, _names(database)
    found = table.codes[table.slots] * table.scales[table.slots, None]
    order = sorted(range(len(table.ids)), key=lambda place: names[int(table.ids[place])])
    return _index(engine, names) | {"vectors": found[order].astype(np.float32)}


def elastic(database: OwnDatabase, url: str, alias: str) -> Contents:
    """The same of Elasticsearch's, and its documents."""
    with Elasticsearch(url.split(","), request_timeout=30) as client:
        client.indices.refresh(index=alias)
        found = client.search(index=alias, size=MOST, fields=[{"field": VECTOR}], query={"match_all": {}})["hits"]
    hits = sorted(found["hits"], key=lambda hit: str(hit["_source"]["arxiv_id"]))
    vectors = np.array([hit["fields"][VECTOR] for hit in hits], np.float32)
    documents = [{name: value for name, value in hit["_source"].items() if name != "id"} for hit in hits]
    return _index(connect(url, alias), _names(database)) | {"vectors": vectors, "documents": documents}


def _names(database: OwnDatabase) -> dict[object, str]:
    return {number: str(name) for number, name in database.rows("SELECT id, arxiv_id FROM papers_paper")}


def _index(engine: Engine, names: Mapping[object, str]) -> Contents:
    everything, state = LexicalQuery(), engine.statistics(fresh=True)
    found: Contents = {
        "index": (state.papers, state.transform, state.width),
        "ids": [names[number] for number in engine.lexical(everything, MOST, order="new").ids.tolist()],
        "facets": {name: sorted(values) for name, values in engine.facets(everything, FACETS, 300).items()},
    }
    # Not by the engine's frequencies: they may count for a while what was replaced, and so depend on the kills.
    for stem in STEMS:
        query = LexicalQuery(None, (Unit(((stem,),)),), 1)
        found[f"papers with {stem}"] = sorted(names[number] for number in engine.lexical(query, MOST).ids.tolist())
    for seed in range(20):
        drawn = np.random.default_rng(seed).normal(size=state.width)
        vector = (drawn / np.linalg.norm(drawn)).astype(np.float32)
        found[f"nearest {seed}"] = {names[number] for number in engine.nearest(vector, NEAREST).ids.tolist()}
    return found


def same(here: object, there: object) -> bool:
    """Whether two contents are the same. The last bits of a vector depend on those that it was multiplied with, and so
    does, at times, which of two papers is the last of the nearest."""
    if isinstance(here, np.ndarray) and isinstance(there, np.ndarray):
        return here.shape == there.shape and bool(np.allclose(here, there, atol=CODE))
    if isinstance(here, set) and isinstance(there, set):
        return len(here) == len(there) and len(here & there) >= 0.9 * len(there)
    return here == there


def differences(found: Mapping[str, object], wanted: Mapping[str, object]) -> list[str]:
    """In what the two differ, in a line each; nothing where they are the same."""
    told = []
    for name in sorted(found.keys() | wanted.keys()):
        here, there = found.get(name), wanted.get(name)
        if same(here, there):
            continue
        if isinstance(here, list) and isinstance(there, list):
            lacking = [row for row in there if row not in here][:2]
            surplus = [row for row in here if row not in there][:2]
            told.append(f"{name}: {len(here)} and not {len(there)}; lacks {lacking}; has {surplus}"[:2000])
        else:
            told.append(f"{name}: {here} and not {there}"[:2000])
    return told

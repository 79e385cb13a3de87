"""The embedded engine's vectors: the codes, the log of rows, and which papers are the nearest."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from search import whitening
from search.engines import codes
from search.engines.base import Document
from search.engines.vector_table import FEW, ROW, VectorTable

WIDTH = 24


def unit(rows: int, seed: int = 1, width: int = WIDTH) -> np.ndarray:
    """Rows of length one, as float32."""
    vectors = np.random.default_rng(seed).normal(size=(rows, width)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def document(number: int, vector: np.ndarray) -> Document:
    """A paper of which only the vector matters."""
    return Document(number, f"2501.{number:05}", "A title", "An abstract.", vector, published=date(2025, 1, 1))


def written(folder: Path, *writes: list[Document] | list[int]) -> VectorTable:
    """The table after some writes: documents are appended, numbers buried."""
    count, names = 0, list[str]()
    for write in writes:
        table = VectorTable(folder, WIDTH, count, names)
        documents = [entry for entry in write if isinstance(entry, Document)]
        count = (
            table.append(documents) if documents else table.bury(number for number in write if isinstance(number, int))
        )
    return VectorTable(folder, WIDTH, count, names)


def test_codes_are_near_their_vectors_and_keep_lengths() -> None:
    vectors = unit(500) * np.linspace(0.1, 3, 500, dtype=np.float32)[:, None]
    packed, scales = codes.pack(vectors)
    assert packed.dtype == np.int8
    assert np.abs(packed).max() == codes.LARGEST
    back = packed * scales[:, None]
    assert np.linalg.norm(back, axis=1) == pytest.approx(np.linalg.norm(vectors, axis=1), rel=1e-5)
    assert (np.abs(back - vectors) <= 0.01 * np.abs(vectors).max(axis=1, keepdims=True)).all()


@pytest.mark.parametrize("width", [1, 2, 63, 64, 65, 107, 384, 1024])
def test_products_are_those_of_the_codes_to_the_last_bit(width: int) -> None:
    vectors = unit(50, width=width)
    vectors[0] = np.sign(vectors[0])  # the largest codes everywhere, and so the largest sum
    packed, scales = codes.pack(vectors)
    exact = packed.astype(np.int64) @ packed.astype(np.int64).T
    for row in range(50):
        expected = exact[row].astype(np.float32) * (scales * scales[row])
        assert np.array_equal(codes.products(packed, scales, vectors[row]), expected)


def test_a_vector_is_wholly_like_itself_and_a_zero_vector_like_none() -> None:
    vectors = unit(300)
    vectors[7] = 0
    packed, scales = codes.pack(vectors)
    for row in range(300):
        own = codes.products(packed, scales, vectors[row])[row]
        assert own == pytest.approx(0 if row == 7 else 1, abs=1e-6)
    assert not packed[7].any()
    assert scales[7] == 0
    assert not codes.products(packed, scales, vectors[7]).any()


def test_a_row_does_not_depend_on_the_others() -> None:
    vectors = unit(20) * np.arange(1, 21, dtype=np.float32)[:, None]
    packed, scales = codes.pack(vectors)
    for row in range(20):
        alone, scale = codes.pack(vectors[row : row + 1])
        assert np.array_equal(alone[0], packed[row])
        assert scale[0] == scales[row]


def test_the_nearest_are_those_of_the_vectors(tmp_path: Path) -> None:
    vectors = unit(2000)
    table = written(tmp_path, [document(row + 1, vectors[row]) for row in range(2000)])
    kept = 0
    for query in unit(50, seed=2):
        exact = set((np.argsort(-(vectors @ query))[:10] + 1).tolist())
        hits = table.nearest(query, 30, None)
        assert (np.diff(hits.scores) <= 0).all()
        assert hits.scores == pytest.approx(vectors[hits.ids - 1] @ query, abs=0.02)
        kept += len(exact.intersection(hits.ids.tolist()))
    assert kept == 500


@pytest.mark.parametrize("share", [1, 2, 4 * FEW])
def test_of_many_rows_the_nearest_within_a_mask_are_those_of_a_full_sort(tmp_path: Path, share: int) -> None:
    vectors = unit(4000)
    table = written(tmp_path, [document(number, vector) for number, vector in enumerate(vectors)])
    mask = np.random.default_rng(2).random(4000) < 1 / share
    scores = np.where(mask, codes.products(table.codes, table.scales, vectors[5]), -2)
    for limit in (1, 20, 100, 400):
        hits = table.nearest(vectors[5], limit, mask)
        expected = np.lexsort((-table.ids, -scores))[: min(limit, mask.sum())]
        assert hits.ids.tolist() == expected.tolist()
        assert np.array_equal(hits.scores, scores[expected])


def test_of_equals_the_larger_id_comes_first_also_where_the_list_ends(tmp_path: Path) -> None:
    twin, other = unit(2)
    rows = [document(number, twin if number % 2 else other) for number in range(1, 41)]
    table = written(tmp_path, rows)
    assert table.nearest(twin, 5, None).ids.tolist() == [39, 37, 35, 33, 31]
    assert table.nearest(twin, 22, None).ids.tolist() == [*range(39, 0, -2), 40, 38]
    assert table.nearest(twin, 3, np.asarray(table.ids < 10)).ids.tolist() == [9, 7, 5]


def test_the_last_row_counts_and_the_buried_are_gone(tmp_path: Path) -> None:
    vectors = unit(6)
    first = [document(number, vectors[number]) for number in (1, 2, 3)]
    table = written(tmp_path, first, [document(2, vectors[5])], [3])
    assert table.ids.tolist() == [1, 2]
    assert table.nearest(vectors[5], 1, None).ids.tolist() == [2]
    assert table.nearest(vectors[3], 9, None).ids.tolist() in ([1, 2], [2, 1])
    before = VectorTable(tmp_path, WIDTH, 3, [])  # a reader that still has the older count
    assert before.nearest(vectors[3], 1, None).ids.tolist() == [3]


def test_what_lies_behind_the_count_is_cut_off_and_rows_take_little_room(tmp_path: Path) -> None:
    vectors = unit(9)
    table = written(tmp_path, [document(row + 1, vectors[row]) for row in range(5)])
    table.append([document(90, vectors[5])] * 3)  # a writer that was killed before it said so
    count = table.append([document(6, vectors[6])])
    assert count == 6
    assert VectorTable(tmp_path, WIDTH, count, []).nearest(vectors[6], 1, None).ids.tolist() == [6]
    assert (tmp_path / "vectors.i8").stat().st_size == 6 * WIDTH
    assert (tmp_path / "rows.bin").stat().st_size == 6 * ROW.itemsize


def test_a_vector_of_another_width_is_refused(tmp_path: Path) -> None:
    table = VectorTable(tmp_path, WIDTH, 0, [])
    with pytest.raises(ValueError, match="25 dimensions for an index of 24"):
        table.append([document(1, np.ones(WIDTH + 1, np.float32))])


def test_codes_lose_no_neighbour_of_real_papers(shared_data: Path) -> None:
    full = np.load(shared_data / "vectors-100k.f16.npy", mmap_mode="r")[:10_000].astype(np.float32)
    short = whitening.prior().apply(full, whitening.width_for(10_000, 384))
    packed, scales = codes.pack(short)
    by_codes = by_floats = 0
    for row in range(0, 10_000, 100):
        truth = set(np.argsort(-(full @ full[row]))[1:11].tolist())
        by_codes += len(truth.intersection(np.argsort(-codes.products(packed, scales, short[row]))[:1000].tolist()))
        by_floats += len(truth.intersection(np.argsort(-(short @ short[row]))[:1000].tolist()))
    assert by_codes >= max(990, by_floats - 1)

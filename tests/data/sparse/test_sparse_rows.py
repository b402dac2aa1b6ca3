"""Sparse rows against the dense array of the same numbers: products, rows chosen, stacks, and what they refuse."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array, csr_array

from mlpcli.data.cache.memory_entry import MemoryEntry
from mlpcli.data.cache.sparse_arrays import SparseWriter, rows_of
from mlpcli.data.cache.sparse_table import SparseTable
from mlpcli.data.prepared.fitting.fit_sparse import fit_sparse
from mlpcli.data.prepared.write_sparse import scaled_blocks
from mlpcli.data.sparse.sparse_columns import SparseColumns
from mlpcli.data.sparse.sparse_rows import SparseRows, is_sparse
from mlpcli.errors import UsageError
from mlpcli.nn import Linear, Network

Array = np.ndarray[Any, np.dtype[Any]]


def draw(seed: int, rows: int = 12, features: int = 30) -> Array:
    random = np.random.default_rng(seed)
    return np.where(random.random((rows, features)) < 0.2, random.normal(size=(rows, features)), 0.0)


def network(lead: tuple[int, ...], dtype: str) -> Network:
    made = Network([("first", Linear(30, 5)), ("output", Linear(5, 2))], lead, dtype)
    made.params[...] = np.random.default_rng(0).normal(size=made.params.shape)
    return made


@given(st.integers(0, 50), st.lists(st.integers(0, 11), min_size=1, max_size=9), st.integers(0, 12), st.integers(0, 12))
def test_rows_are_chosen_as_those_of_an_array(seed: int, chosen: list[int], start: int, stop: int) -> None:
    dense = draw(seed)
    x, index = SparseRows.of(dense), np.array(chosen)
    pairs: list[tuple[SparseRows, Array]] = [
        (x[start:stop], dense[start:stop]),
        (x[::2], dense[::2]),
        (x[index], dense[index]),
        (x[index > 3], dense[:0]) if len(index) == 0 else (x[np.arange(12) > start], dense[np.arange(12) > start]),
        (x.take(index[None], axis=0, mode="clip"), dense[index[None]]),
        (x[None], dense[None]),
        (x.moved(2, 25), np.pad(dense, ((0, 0), (2, 0)))[:, :25]),
        (x.moved(-2, 40), np.pad(dense, ((0, 0), (0, 12)))[:, 2:]),
    ]
    for found, expected in pairs:
        assert found.shape == expected.shape
        assert (found.toarray() == expected).all()
    joined: Any = np.concatenate([x[:3].as_array(), x[index].as_array()])
    assert (joined.toarray() == np.concatenate([dense[:3], dense[index]])).all()


@pytest.mark.parametrize("lead", [(), (1,), (3,), (2, 2)], ids=str)
def test_passes_equal_those_of_the_dense_batch(lead: tuple[int, ...]) -> None:
    rows = np.arange(np.prod(lead, dtype=int) * 4).reshape(*lead, 4) % 12
    dense, both = draw(1), [network(lead, "float64") for _ in range(2)]
    grad = np.random.default_rng(2).normal(size=(*lead, 4, 2))
    scores = [
        made.forward(x, training=True)
        for made, x in zip(both, (SparseRows.of(dense).take(rows), dense[rows]), strict=True)
    ]
    for made in both:
        made.backward(grad)
    np.testing.assert_allclose(*scores, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(both[0].grads, both[1].grads, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("shared", [False, True], ids=["own batches", "one batch"])
def test_a_replica_has_the_same_bits_alone_and_in_a_stack(shared: bool) -> None:
    x, rows = SparseRows.of(draw(3)).astype("float32"), np.random.default_rng(4).integers(0, 12, (3, 7))
    stack, grad = network((3,), "float32"), np.random.default_rng(5).normal(size=(3, 7, 2)).astype("float32")
    scores = stack.forward((x.take(rows[0]) if shared else x.take(rows)).as_array(), training=True).copy()
    stack.backward(grad)
    for index in range(3):
        alone = network((), "float32")
        alone.params[...] = stack.params[index]
        own = alone.forward(x.take(rows[0 if shared else index]).as_array(), training=True)
        alone.backward(grad[index])
        assert (own == scores[index]).all()
        assert (alone.grads == stack.grads[index]).all()


@pytest.mark.parametrize("kind", [csr_array, coo_array, np.array])
def test_entries_are_made_canonical(kind: Callable[..., Any]) -> None:
    x = SparseRows.of(kind([[3.0, 0.0, 1.0]]))
    assert (x.data.tolist(), x.indices.tolist(), x.indptr.tolist()) == ([3.0, 1.0], [0, 2], [0, 2])
    twice = SparseRows.of(coo_array(([1.0, 2.0, 0.0], ([0, 0, 0], [1, 1, 0])), shape=(1, 2)))
    assert (twice.data.tolist(), twice.indices.tolist()) == ([3.0], [1])


@pytest.mark.parametrize(
    "use",
    [
        np.asarray,
        np.array,
        lambda x: x[:, 0],
        lambda x: x * 2.0 if hasattr(x, "__mul__") else np.multiply(x, 2.0),
        lambda x: np.matmul(x, np.zeros((30, 1))),
        lambda x: np.matmul(np.zeros((1, 12)), x),
        lambda x: np.multiply(x.swapaxes(-1, -2), 2.0),
        np.mean,
    ],
    ids=range(8),
)
def test_what_needs_the_zeros_is_refused(use: Callable[[Any], Any]) -> None:
    with pytest.raises(UsageError, match="sparse"):
        use(SparseRows.of(draw(6)))


def test_scipy_need_not_be_loaded_to_tell_sparse_from_dense() -> None:
    assert is_sparse(csr_array([[1.0]]))
    assert not is_sparse(np.ones((2, 2)))


@pytest.mark.parametrize("block", [1, 7, 1 << 20])
def test_columns_are_fitted_on_the_training_rows_alone(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlpcli.data.cache.sparse_table.ENTRIES", block)
    dense, rows = draw(7), np.array([0, 2, 3, 7, 11])
    table = SparseTable(SparseRows.of(np.pad(dense, ((0, 0), (1, 0)))), first=1)
    fitted = fit_sparse(table, rows, "maxabs")
    largest = abs(dense[rows]).max(axis=0)
    assert fitted.columns.scale == tuple(np.where(largest == 0, 1.0, largest).tolist())
    blocks = [rows.toarray() for rows in scaled_blocks(table, np.arange(12), fitted.columns, "float64")]
    assert (np.concatenate(blocks) == dense / np.where(largest == 0, 1.0, largest)).all()
    assert fit_sparse(table, rows, "none").columns.scale == (1.0,) * 30
    assert fitted.columns.features == tuple(f"x{number}" for number in range(1, 31))


def test_columns_are_found_by_their_number() -> None:
    """A table that has x0, or ends early or late, has the same cells in the columns that training knew."""
    columns = SparseColumns(first=1, scale=(2.0, 4.0, 1.0))
    for cells, first, expected in (
        ([[0, 2, 4, 0]], 1, [1, 1, 0]),
        ([[9, 2, 4, 3, 9, 9]], 0, [1, 1, 3]),
        ([[0, 2]], 1, [1, 0, 0]),
    ):
        table = SparseTable(SparseRows.of(np.array(cells, float)), first)
        (block,) = scaled_blocks(table, np.arange(1), columns, "float64")
        assert block.toarray().tolist() == [expected]


@pytest.mark.parametrize(
    "value", [{"first": 1, "scale": [0.0]}, {"first": 1, "scale": []}, {"first": 1.0, "scale": [1.0]}]
)
def test_columns_that_no_fit_makes_are_refused(value: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="sparse"):
        SparseColumns.from_json(value)


def test_entries_of_the_cache() -> None:
    entry, dense = MemoryEntry(), draw(8)
    writer = SparseWriter(entry, "x", "float64")
    for start in range(0, 12, 5):
        writer.append(SparseRows.of(dense)[start : start + 5])
    rows: Any = rows_of(entry.commit({}).arrays, "x", 30)
    assert (rows.toarray() == dense).all()
    assert (writer.entries, writer.end) == (np.count_nonzero(dense), 30)

"""Scaling, filling and coding against scikit-learn's transformers, and the exactness that model files rely on."""

import json

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from sklearn.datasets import load_diabetes, load_digits, load_linnerud, load_wine
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, RobustScaler, StandardScaler

from mlpcli.data import Column, Preprocessing
from mlpcli.data.cache.table import Table, TableColumn
from mlpcli.data.prepared.fitting.fit_columns import fit_columns
from mlpcli.data.prepared.write_parts import raw_rows
from mlpcli.errors import DataError
from tests.data.asked import prepare

Floats = NDArray[np.float64]


def table(cells: Floats, *columns: TableColumn) -> Table:
    named = columns or tuple(TableColumn(f"c{i}") for i in range(cells.shape[1]))
    return Table(cells, named, (), None, None, "")


def fitted(source: Table, rows: list[int] | NDArray[np.int64], scale: str, dtype: str = "float64") -> Preprocessing:
    columns = tuple(one.column for one in fit_columns(source, range(len(source.columns)), np.asarray(rows), scale))
    return Preprocessing(columns, ("y",), ("a", "b"), (), (), dtype)


def transformed(source: Table, preprocessing: Preprocessing) -> Floats:
    chosen, rows = range(len(source.columns)), np.arange(len(source.cells))
    return np.vstack([preprocessing.apply(raw) for raw in raw_rows(source, chosen, rows, preprocessing.columns)])


@pytest.mark.parametrize(
    ("scale", "oracle"), [("standard", StandardScaler()), ("robust", RobustScaler()), ("minmax", MinMaxScaler())]
)
@pytest.mark.parametrize("name", ["wine", "diabetes", "linnerud"])
def test_scales_equal_scikit_learns(name: str, scale: str, oracle: StandardScaler) -> None:
    raw = {"wine": load_wine, "diabetes": load_diabetes, "linnerud": load_linnerud}[name]().data
    prepared = prepare(name, scale=scale, dtype="float64")
    oracle.fit(raw[prepared.train.rows])
    for part in prepared.parts.values():
        np.testing.assert_allclose(part.x, oracle.transform(raw[part.rows]), rtol=1e-12, atol=1e-12)


def test_unit_is_one_map_for_all_inputs() -> None:
    digits = prepare("digits", dtype="float64")
    assert digits.scale == "unit"
    np.testing.assert_array_equal(digits.train.x, load_digits().data[digits.train.rows] / 16)


def test_none_leaves_the_numbers() -> None:
    wine = prepare("wine", scale="none", dtype="float64")
    np.testing.assert_array_equal(wine.train.x, load_wine().data[wine.train.rows])


def test_targets_are_standardized_by_the_training_rows() -> None:
    linnerud, raw = prepare("linnerud", dtype="float64"), load_linnerud().target
    oracle = StandardScaler().fit(raw[linnerud.train.rows])
    assert linnerud.test is not None and linnerud.test.y.shape == (4, 3)
    for part in linnerud.parts.values():
        np.testing.assert_allclose(part.y, oracle.transform(raw[part.rows]), rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(linnerud.preprocessing.inverse_target(part.y), raw[part.rows], rtol=1e-13)


def test_missing_numbers_become_the_training_median_and_a_column() -> None:
    random = np.random.default_rng(0)
    cells = random.normal(5, 3, (200, 3))
    cells[random.random((200, 3)) < [0.2, 0.0, 0.1]] = np.nan
    cells[150:, 1][::7] = np.nan  # missing in the later rows only: filled, but no column tells it
    rows = np.arange(150)
    oracle = make_pipeline(SimpleImputer(strategy="median"), StandardScaler()).fit(cells[rows])
    preprocessing = fitted(table(cells), rows, "standard")
    assert preprocessing.features == ("c0", "c0 missing", "c1", "c2", "c2 missing")
    x = preprocessing.apply(cells)
    np.testing.assert_allclose(x[:, [0, 2, 3]], oracle.transform(cells), rtol=1e-12, atol=1e-13)
    np.testing.assert_array_equal(x[:, [1, 4]], np.isnan(cells[:, [0, 2]]))


def test_texts_become_columns_as_scikit_learn_codes_them() -> None:
    words = np.array(["red", "blue", "green", "red", "blue", "violet"])
    vocabulary = ("red", "blue", "green", "violet")
    codes = np.array([[float(vocabulary.index(word))] for word in words])
    codes[1] = np.nan
    source = table(codes, TableColumn("colour", "text", vocabulary))
    preprocessing = fitted(source, [0, 1, 2, 3, 4], "standard")
    assert preprocessing.features == ("colour=blue", "colour=green", "colour=red")
    x = transformed(source, preprocessing)
    oracle = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(words[[0, 2, 3, 4], None])
    expected = oracle.transform(words[:, None])
    expected[1] = 0  # an empty cell, like violet, which training never saw, is zeros
    np.testing.assert_array_equal(x, expected)
    assert x[5].tolist() == [0, 0, 0]


def test_booleans_and_codes_are_not_scaled() -> None:
    source = table(
        np.array([[0.0, 10.0], [1.0, 30.0], [1.0, np.nan]]), TableColumn("flag", "boolean"), TableColumn("n")
    )
    x = fitted(source, [0, 1, 2], "standard").apply(source.cells)
    assert x[:, 0].tolist() == [0, 1, 1]
    np.testing.assert_allclose(x[:, 1], [-1.2247448714, 1.2247448714, 0], atol=1e-9)  # filled with the median 20


def test_robust_clip_is_realmlps_formula() -> None:
    """Against the formula of its reference code: median and interquartile range, x / sqrt(1 + (x / 3)^2)."""
    random = np.random.default_rng(0)
    spike = np.where(random.random(200) < 0.1, random.normal(0, 5, 200), 2.0)  # its quartiles are one value
    cells = np.column_stack([random.standard_cauchy(200), spike, np.full(200, 4.0), random.random(200) < 0.5])
    source = table(cells, *(TableColumn(name) for name in "abc"), TableColumn("flag", "boolean"))
    preprocessing = Preprocessing.from_json(fitted(source, np.arange(150), "robust-clip").to_json())
    x = preprocessing.apply(cells)
    lower, median, upper = np.quantile(cells[:150, :2], [0.25, 0.5, 0.75], axis=0)
    assert lower[1] == upper[1]
    factor = [1 / (upper[0] - lower[0]), 2 / np.ptp(cells[:150, 1])]
    scaled = (cells[:, :2] - median) * factor
    np.testing.assert_allclose(x[:, :2], scaled / np.sqrt(1 + (scaled / 3) ** 2), rtol=1e-12, atol=1e-15)
    assert (x[:, 2] == 0).all() and set(x[:, 3]) == {0, 1}
    far = preprocessing.apply(np.array([[1e200, -1e200, 1e200, 1.0]]))
    np.testing.assert_allclose(far, [[3, -3, 3, 1]], rtol=1e-12)


@pytest.mark.parametrize("scale", ["standard", "robust", "robust-clip", "minmax", "maxabs", "unit", "none"])
def test_constant_and_empty_columns_stay_finite(scale: str) -> None:
    cells = np.array([[1e-320, 7.7, np.nan, 1.0], [2e-320, 7.7, np.nan, 3.0], [0.0, 7.7, np.nan, 2.0]])
    preprocessing = fitted(table(cells), [0, 1, 2], scale)
    assert preprocessing.columns[1].scale == (7.7 if scale in ("unit", "maxabs") else 1.0)
    x = preprocessing.apply(cells)
    assert np.isfinite(x).all() and (x[:, 0] < 1e-300).all()
    if scale in ("standard", "robust", "robust-clip", "minmax"):
        assert x[:, 1].tolist() == [0, 0, 0]


def test_small_noise_on_a_large_mean_keeps_its_variance() -> None:
    noise = np.random.default_rng(0).standard_normal(100_000)
    column = fitted(table((1e4 + 1e-3 * noise)[:, None]), np.arange(100_000), "standard").columns[0]
    exact = np.array(1e4 + 1e-3 * noise, dtype=np.longdouble)
    assert column.scale == pytest.approx(float(exact.std()), rel=1e-12)
    assert column.center == pytest.approx(float(exact.mean()), rel=1e-15)


def test_statistics_do_not_depend_on_how_rows_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = np.random.default_rng(0).normal(3, 2, (1000, 4))
    cells[::9, 2] = np.nan
    whole = {scale: fitted(table(cells), np.arange(900), scale) for scale in ("standard", "robust-clip", "minmax")}
    monkeypatch.setattr("mlpcli.data.cache.table.BLOCK", 40)
    monkeypatch.setattr("mlpcli.data.prepared.fitting.fit_numbers.QUANTILE_CELLS", 1000)
    for scale, expected in whole.items():
        pieces = fitted(table(cells), np.arange(900), scale)
        for one, other in zip(pieces.columns, expected.columns, strict=True):
            assert (one.center, one.scale, one.fill) == pytest.approx(
                (other.center, other.scale, other.fill), rel=1e-14
            )
        assert pieces.apply(cells).tobytes() == np.vstack([pieces.apply(row[None]) for row in cells]).tobytes()


def test_numbers_too_large_are_refused_by_name() -> None:
    with pytest.raises(DataError, match=r"'c0': its numbers, from -1e.308 to 1e.308, are too large"):
        fitted(table(np.array([[1e308], [-1e308]])), [0, 1], "standard")


@given(
    arrays(np.float64, (7, 3), elements=st.floats(-1e9, 1e9) | st.just(np.nan)),
    st.sampled_from(["standard", "robust", "robust-clip", "minmax", "maxabs", "unit", "none"]),
    st.sampled_from(["float32", "float64"]),
)
@example(
    np.array([[0.0, 2.0**-1022, 0.0], *[[0.0] * 3] * 3, [0.0, 4.0, 0.0], *[[0.0] * 3] * 2]), "robust-clip", "float32"
)
def test_json_round_trip_and_single_rows_give_the_same_bits(cells: Floats, scale: str, dtype: str) -> None:
    preprocessing = fitted(table(cells), [0, 1, 2, 3, 4], scale, dtype)
    again = Preprocessing.from_json(json.loads(json.dumps(preprocessing.to_json())))
    assert again == preprocessing
    x = preprocessing.apply(cells)
    assert x.dtype == dtype and not np.isnan(x).any()
    assert np.vstack([again.apply(row[None]) for row in cells]).tobytes() == x.tobytes()


@pytest.mark.parametrize("name", ["digits", "wine", "linnerud", "moons"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_was_fitted_gives_the_bits_that_training_saw(name: str, dtype: str) -> None:
    prepared = prepare(name, dtype=dtype)
    raw = {"digits": load_digits, "wine": load_wine, "linnerud": load_linnerud}.get(name)
    if raw is None:
        return
    again = Preprocessing.from_json(json.loads(json.dumps(prepared.preprocessing.to_json())))
    for part in prepared.parts.values():
        assert again.apply(raw().data[part.rows]).tobytes() == part.x.tobytes()


@pytest.mark.parametrize(
    "damage",
    [
        {"dtype": "float16"},
        {"columns": [{"name": "a", "scale": 0.0}]},
        {"columns": [{"name": "a", "center": float("nan")}]},
        {"columns": [{"name": "a", "center": "1"}]},
        {"columns": [{"name": "a", "kind": "pickle"}]},
        {"columns": [{"name": 3}]},
        {"columns": [{"nam": "a"}]},
        {"columns": 3},
        {"target_mean": [1.0]},
        {"classes": None},
        {"classes": [1, 2]},
    ],
)
def test_damaged_json_is_refused(damage: dict[str, object]) -> None:
    value = Preprocessing((Column("a"),), ("y",), ("a", "b"), (), (), "float32").to_json()
    Preprocessing.from_json(value)
    with pytest.raises(ValueError, match="not a fitted preprocessing"):
        Preprocessing.from_json(value | damage)

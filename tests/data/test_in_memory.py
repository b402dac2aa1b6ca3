"""Data in memory become the same table as a file of the same content, and new rows the same inputs."""

import warnings
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mlpcli
from mlpcli.config import DataOptions
from mlpcli.data.in_memory import prepare_in_memory
from mlpcli.data.new_rows import read_rows
from mlpcli.data.new_rows_in_memory import checked_weights, class_labels, encode_in_memory, encode_targets
from mlpcli.data.readers.wanted_columns import rejoined
from mlpcli.errors import DataError, UsageError
from tests.data.asked import prepare

TARGET = DataOptions(target=("grade",))


@pytest.fixture
def x() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(100, 4))


@pytest.fixture
def frame(x: np.ndarray) -> pd.DataFrame:
    """A column of each kind, with a gap among the numbers, whose names are out of order."""
    return pd.DataFrame(
        {
            "width": x[:, 0],
            "color": np.where(x[:, 1] > 0, "red", "blue"),
            "age": [None, *range(99)],
            "new": x[:, 2] > 0,
            "grade": np.where(x[:, 3] > 0, "good", "bad"),
        }
    )


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "uint8", "bool"])
@pytest.mark.parametrize("kind", ["numbers", "texts", "booleans", "quantities", "several"])
def test_arrays_are_the_npz_of_the_same_arrays(x: np.ndarray, dtype: str, kind: str, tmp_path: Path) -> None:
    inputs = np.abs(100 * x).astype(dtype) if dtype != "bool" else x > 0
    y = {
        "numbers": (x[:, 0] > 0).astype(int),
        "texts": np.where(x[:, 0] > 0, "b", "a"),
        "booleans": x[:, 0] > 0,
        "quantities": x[:, 1],
        "several": x[:, :2],
    }[kind]
    np.savez(tmp_path / "d.npz", X=inputs, y=y)
    here, there = prepare_in_memory((inputs, y), DataOptions()), prepare(str(tmp_path / "d.npz"))
    assert here.digest == there.digest
    assert here.classes == there.classes
    for name, part in there.parts.items():
        assert np.array_equal(here.parts[name].x, part.x)
        assert np.array_equal(here.parts[name].y, part.y)
        assert np.array_equal(here.parts[name].rows, part.rows)


def test_pictures_are_scaled_as_those_of_a_file(tmp_path: Path) -> None:
    x, y = np.random.default_rng(0).integers(0, 256, (40, 3, 3), np.uint8), np.arange(40) % 2
    np.savez(tmp_path / "d.npz", X=x, y=y)
    here, there = prepare_in_memory((x, y), DataOptions()), prepare(str(tmp_path / "d.npz"))
    assert here.scale == there.scale == "unit"
    assert np.array_equal(here.train.x, there.train.x)


def test_a_frame_is_the_file_of_the_same_rows(frame: pd.DataFrame, tmp_path: Path) -> None:
    frame.to_csv(tmp_path / "d.csv", index=False)
    frame.to_parquet(tmp_path / "d.parquet")
    found = prepare_in_memory(frame, TARGET)
    for name in ("d.csv", "d.parquet"):
        assert prepare(str(tmp_path / name), target="grade").digest == found.digest


@pytest.mark.parametrize(
    "shape",
    [
        lambda frame: frame.to_dict("records"),
        lambda frame: frame.to_dict("list"),
        lambda frame: pytest.importorskip("pyarrow").Table.from_pandas(frame),
        lambda frame: frame.astype({"color": "category", "age": "Int64", "new": "boolean", "grade": object}),
        lambda frame: frame.set_index(np.arange(100)[::-1]),
        lambda frame: _Polars(frame),
        pytest.param(lambda frame: polars_frame(frame), marks=pytest.mark.slow),
        pytest.param(lambda frame: polars_frame(frame).lazy(), marks=pytest.mark.slow),
        lambda frame: _LazyPolars(frame),
        lambda frame: frame.to_records(index=False),
        lambda frame: np.asarray(frame.to_records(index=False)),
        lambda frame: (frame.drop(columns="grade").to_records(index=False), frame["grade"]),
        lambda frame: (frame.drop(columns="grade"), frame["grade"]),
        lambda frame: (frame.drop(columns="grade"), frame[["grade"]]),
    ],
    ids=[
        "records",
        "columns",
        "arrow",
        "extension types",
        "index",
        "no pyarrow",
        "polars",
        "lazy polars",
        "lazy, no pyarrow",
        "records of NumPy",
        "structured array",
        "structured array and series",
        "series",
        "frame",
    ],
)
def test_a_frame_has_many_shapes(frame: pd.DataFrame, shape: Any) -> None:
    data = shape(frame)
    options = DataOptions() if isinstance(data, tuple) else TARGET
    assert prepare_in_memory(data, options).digest == prepare_in_memory(frame, TARGET).digest


def polars_frame(frame: pd.DataFrame) -> Any:
    """The frame in polars, which comes with the extra `proofs`."""
    import polars

    return polars.from_pandas(frame)


class _Polars:
    """A polars frame where pyarrow is not installed."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    def to_pandas(self) -> pd.DataFrame:
        raise ModuleNotFoundError("pyarrow is required")

    def to_dict(self, *, as_series: bool) -> dict[str, list[Any]]:
        assert not as_series
        return self._frame.to_dict("list")

    def collect_schema(self) -> None:
        """Eager frames have it too."""


class _LazyPolars:
    """A lazy frame of polars."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    def collect(self) -> _Polars:
        return _Polars(self._frame)

    def collect_schema(self) -> None:
        """As of an eager one."""


def test_new_rows_are_encoded_as_the_training_rows(frame: pd.DataFrame, x: np.ndarray) -> None:
    data = prepare_in_memory(frame, TARGET)
    rows = frame.iloc[data.train.rows]
    others = [rows, rows[rows.columns[::-1]], rows.to_dict("records"), rows.drop(columns="grade").to_numpy()]
    for given in others:
        assert np.array_equal(encode_in_memory(given, data.preprocessing), data.train.x)
    numbers = prepare_in_memory((x, x[:, 0] > 0), DataOptions())
    assert np.array_equal(encode_in_memory(x[numbers.train.rows], numbers.preprocessing), numbers.train.x)
    assert np.array_equal(encode_in_memory(x[0], numbers.preprocessing), encode_in_memory(x[:1], numbers.preprocessing))


def test_a_category_that_training_did_not_have_is_zeros(frame: pd.DataFrame) -> None:
    preprocessing = prepare_in_memory(frame, TARGET).preprocessing
    said = "^X: column 'color': 1 row holds a text that the model does not know, 'green'$"
    with pytest.warns(UserWarning, match=said):
        (row,) = encode_in_memory(frame[:1].assign(color="green"), preprocessing)
    found = dict(zip(preprocessing.features, row, strict=True))
    assert found["color=blue"] == found["color=red"] == 0


@pytest.mark.parametrize(
    ("data", "kind", "words"),
    [
        ("digits", UsageError, "got str, expected a pair"),
        ([[1, 2], [3, 4]], UsageError, "got list, expected a pair"),
        (([[1.0], [2.0]], [1, 2, 3]), DataError, "2 rows in X, but 3 in y"),
        (([[1.0], [np.inf]], [1, 2]), DataError, "row 1, column 0: inf is too large"),
        (([["a"], ["b"]], [1, 2]), DataError, "texts among the numbers.* Give .* as a data frame"),
        ((np.array([["a", 1.5], ["b", 2.5]], object), [0, 1]), DataError, "is not a table .* Give .* as a data frame"),
        (([[1.0, 2.0], [3.0]], [0, 1]), DataError, "^X: its rows have different lengths$"),
        ((np.array([[1, 2], [3]], object), [0, 1]), DataError, "^X: its rows have different lengths$"),
        (([[1.0], [2.0]], np.array([[1, 2], [3]], object)), DataError, "^y: its rows have different lengths$"),
        ((3, [1, 2]), DataError, "X: got int"),
        ({"a": [1, 2]}, UsageError, "which column is to be predicted"),
        ({"a": [{}, {}], "grade": [1, 2]}, DataError, "column 'a': values of type dict cannot be read"),
        (
            {"a": [Decimal(1), 0.5], "grade": [1, 2]},
            DataError,
            r"column 'a': values of type Decimal, float cannot be read\. .* Convert the column to one type, or leave",
        ),
        (pd.DataFrame({"a": [], "grade": []}), DataError, "no rows"),
    ],
)
def test_what_cannot_be_used_is_refused(data: Any, kind: type[Exception], words: str) -> None:
    has_target = not isinstance(data, tuple) and "grade" in data
    with pytest.raises(kind, match=words):
        prepare_in_memory(data, TARGET if has_target else DataOptions())


def test_marks_of_missing_values_hold_for_new_rows_too() -> None:
    frame = pd.DataFrame({"age": [-999.0, 31, 47, -999, 52, 60] * 4, "size": range(24), "y": [0, 1] * 12})
    options = DataOptions(target=("y",), missing=("-999",))
    data = prepare_in_memory(frame, options)
    assert data.preprocessing.columns[0].indicator
    for rows in (frame.iloc[data.train.rows], frame[["age", "size"]].to_numpy()[data.train.rows]):
        assert np.array_equal(encode_in_memory(rows, data.preprocessing, options), data.train.x)


def test_marks_of_missing_values_are_found_in_narrow_numbers(tmp_path: Path) -> None:
    """float32 holds -999.9000244140625 in place of -999.9, and infinity in place of 1e300."""
    frame = pd.DataFrame({"age": np.array([-999.9, 31, 47, 52, 60, -999.9] * 4, "f4"), "y": [0, 1] * 12})
    options = DataOptions(target=("y",), missing=("-999.9", "1e300"), val_size=0, test_size=0)
    frame.to_parquet(tmp_path / "d.parquet")
    asked = {"target": "y", "missing": ("-999.9", "1e300"), "val_size": 0, "test_size": 0}
    of_file = prepare(str(tmp_path / "d.parquet"), **asked)
    nullable, coded = (frame.astype({"age": kind}) for kind in ("Float32", "category"))
    for data in (
        prepare_in_memory(frame, options),
        *(prepare_in_memory(other, options) for other in (nullable, coded)),
        of_file,
    ):
        assert data.preprocessing.columns[0].indicator
        missing = encode_in_memory(np.array([[-999.9], [31]], "f4"), data.preprocessing, options)
        assert missing[:, 1].argmax() == 0 and np.array_equal(missing, data.train.x[:2])


@pytest.mark.parametrize(
    ("data", "given", "words"),
    [
        (
            ([[1.0], [2.0]], [1, 2]),
            {"missing": ("-999",)},
            r"^missing: only \.csv.* the data are arrays$",
        ),
        (pd.DataFrame({"a": [1.0], "grade": [1]}), {"decimal": ","}, "^decimal: .*, and the data are a data frame$"),
    ],
)
def test_options_that_decide_nothing_are_refused(data: Any, given: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        prepare_in_memory(data, DataOptions(target=("grade",), **given))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"x": [1, 2], "grade": [1]}, "All arrays must be of the same length. Give columns of equal length"),
        ({"x": np.zeros((5, 2)), "grade": np.zeros(5)}, "Give columns of equal length, or rows as dicts in a list"),
        ({"x": 1, "grade": 3}, "Give columns of equal length, or rows as dicts in a list"),
        ([{"x": 1, "grade": 2}, 3], "Give columns of equal length, or rows as dicts in a list"),
        ((np.arange(4).astype("M8[D]")[:, None], [0, 1, 0, 1]), "X: got an array of datetime64.D., expected an array"),
        (
            ([[1.0]] * 4, [date(2020, 1, day) for day in (1, 2, 3, 4)]),
            "y of dtype object and shape .4,. is not a table",
        ),
        (([[1.0]] * 4, np.array([1, "a", 1, "a"], object)), "y of dtype object and shape .4,. is not a table"),
        (([[1.0]] * 4, np.array([b"a", b"b"] * 2)), "y: got an array of .S1, expected an array, or lists, of numbers"),
    ],
)
def test_what_is_no_table_is_one_line(data: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        prepare_in_memory(data, TARGET if not isinstance(data, tuple) else DataOptions())


@pytest.mark.parametrize(
    "gaps",
    [
        lambda y: [float("nan") if i % 3 == 0 else text for i, text in enumerate(y)],
        lambda y: [None if i % 3 == 0 else text for i, text in enumerate(y)],
        lambda y: np.array([np.nan if i % 3 == 0 else text for i, text in enumerate(y)], object),
        lambda y: [None if i % 3 == 0 else scalar for i, scalar in enumerate(np.array(y))],
        lambda y: pd.Series(y, dtype=object).where(np.arange(len(y)) % 3 > 0),
        lambda y: np.ma.masked_array(y, np.arange(len(y)) % 3 == 0),
        lambda y: [pd.NA if i % 3 == 0 else text for i, text in enumerate(y)],
    ],
)
@pytest.mark.parametrize("y", [["no", "yes"] * 15, [0, 1] * 15, [False, True] * 15], ids=["texts", "numbers", "flags"])
@pytest.mark.parametrize("named", [False, True])
def test_gaps_of_a_list_or_an_array_are_rows_without_a_target(y: list[Any], gaps: Any, named: bool) -> None:
    x = np.random.default_rng(0).normal(size=(30, 2))
    asked = DataOptions(drop_unlabelled=True, test_size=0, val_size=0, split="ordered", task="classification")
    data = (pd.DataFrame(x, columns=["a", "b"]) if named else x, gaps(y))
    prepared = prepare_in_memory(data, asked)
    assert class_labels(prepared.classes or ()).tolist() == y[:2]
    assert prepared.train.rows.tolist() == [row for row in range(30) if row % 3]
    assert prepared.train.y.tolist() == [row % 2 for row in range(30) if row % 3]
    with pytest.raises(DataError, match=r"target 'y': .*no value"):
        prepare_in_memory(data, DataOptions())
    with pytest.raises(DataError, match=r"y: row 0 has (None|nan), expected one of the classes"):
        encode_targets(gaps(y), 30, prepared.preprocessing)


def test_an_index_in_another_order_is_said(frame: pd.DataFrame) -> None:
    """By label, y would be that of other rows; scikit-learn and mlpcli match rows by position."""
    rows, grade = frame.drop(columns="grade"), frame["grade"]
    shuffled = rows.sample(frac=1, random_state=0)
    said = r"y: its index has the labels of X's index in another order.* give y\.loc\[X\.index\]"
    with pytest.warns(UserWarning, match=said) as caught:
        mlpcli.train((shuffled, grade), epochs=1, width=2, progress=False)
    assert caught[0].filename == __file__
    model = mlpcli.train((shuffled, grade.loc[shuffled.index]), epochs=1, width=2, progress=False).model
    with pytest.warns(UserWarning, match=said) as caught:
        model.score(shuffled, grade)
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match=r"weights: its index"):
        model.evaluate(rows, grade, weights=pd.Series(1.0, index=shuffled.index))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for index in (range(100, 200), [0] * 100, list("ab") * 50):  # other labels, which say nothing
            model.score(shuffled, grade.loc[shuffled.index].set_axis(index))
        model.score(shuffled, grade.loc[shuffled.index].tolist())


def test_what_is_masked_is_a_gap() -> None:
    x = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    masked, holes = np.ma.masked_greater(x, 1), np.where(x > 1, np.nan, x)
    whole = DataOptions(test_size=0, val_size=0)
    prepared = prepare_in_memory((masked, [0, 1] * 20), whole)
    assert prepared.digest == prepare_in_memory((holes, [0, 1] * 20), whole).digest
    encoded = [encode_in_memory(rows, prepared.preprocessing) for rows in (masked, holes, np.ma.masked_array(x, x > 1))]
    assert encoded[0].tobytes() == encoded[1].tobytes() == encoded[2].tobytes()
    counts = np.ma.masked_array(np.arange(80).reshape(40, 2), np.arange(80).reshape(40, 2) % 7 == 0)
    filled = prepare_in_memory((counts, [0, 1] * 20), whole)
    assert filled.digest == prepare_in_memory((counts.astype(float).filled(np.nan), [0, 1] * 20), whole).digest
    with pytest.raises(DataError, match="weights: expected 3 numbers of at least 0"):
        checked_weights(np.ma.masked_array([1, 2, 3], [0, 1, 0]), 3)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_frame_of_targets_may_have_a_column_called_name(x: np.ndarray, library: str) -> None:
    made = pytest.importorskip(library)
    frame, both = made.DataFrame({"x": x[:, 0]}), {"name": x[:, 1].tolist(), "size": x[:, 2].tolist()}
    assert prepare_in_memory((frame, made.DataFrame(both)), DataOptions()).targets == ("name", "size")
    one = made.DataFrame({"name": ["a", "b"] * 50})
    assert prepare_in_memory((frame, one), DataOptions()).targets == ("name",)
    assert prepare_in_memory((frame, one["name"]), DataOptions()).targets == ("name",)


def test_equal_names_of_a_frame_are_to_be_changed(frame: pd.DataFrame) -> None:
    """A frame has no line of names that --no-header would take for a row."""
    with pytest.raises(DataError, match=r"^the data frame: two columns are named 'age'\. Rename one of them$"):
        prepare_in_memory(frame.rename(columns={"width": "age"}), TARGET)


def test_a_type_that_a_model_does_not_take_is_to_be_converted(frame: pd.DataFrame) -> None:
    preprocessing = prepare_in_memory(frame, TARGET).preprocessing
    with pytest.raises(DataError, match=r"trained on a number\. Nothing was written\. Convert the column$"):
        encode_in_memory(frame.assign(age="old"), preprocessing)


def test_a_column_is_to_be_left_out_only_where_no_model_needs_it(frame: pd.DataFrame, tmp_path: Path) -> None:
    wrong = frame.assign(age=np.inf)
    with pytest.raises(DataError, match=r"a number too large\. .* Correct the cell, or leave .* with --drop 'age'$"):
        prepare_in_memory(wrong, TARGET)
    preprocessing = prepare_in_memory(frame, TARGET).preprocessing
    with pytest.raises(DataError, match=r"a number too large\. Nothing was written\. Correct the cell$"):
        encode_in_memory(wrong, preprocessing)
    frame.to_parquet(tmp_path / "d.parquet")
    said = r"is not a whole number .*, and categories are texts, integers or booleans\. "
    said += r"Nothing was written\. Convert the column, or leave the column out with --drop 'width'$"
    for made in (
        lambda: prepare_in_memory(frame, TARGET.model_copy(update={"categories": ("width",)})),
        lambda: prepare(str(tmp_path / "d.parquet"), target="grade", categories="width"),
    ):
        with pytest.raises(DataError, match=said):
            made()


def test_integers_beside_gaps_are_the_codes_that_they_were_without(tmp_path: Path) -> None:
    """A gap makes integers of pandas floating; as categories they were refused, in new rows too."""
    codes = pd.Series([3, 11, 100, None] * 10)
    frame = pd.DataFrame({"code": codes, "size": np.arange(40.0), "label": np.resize(["a", "b"], 40)})
    options = DataOptions(target=("label",), categories=("code",), split="random")
    nullable = frame.assign(code=codes.astype("Int64"))
    nullable.to_parquet(tmp_path / "whole.parquet")
    wanted = prepare_in_memory(nullable, options)
    assert wanted.preprocessing.columns[0].categories == ("3", "11", "100")
    inputs = encode_in_memory(nullable, wanted.preprocessing)
    for held in (frame, frame.astype({"code": "float32"}), frame.to_dict("records"), frame.to_dict("list")):
        assert np.array_equal(prepare_in_memory(held, options).train.x, wanted.train.x)
        assert np.array_equal(encode_in_memory(held, wanted.preprocessing), inputs)
    decimals = frame.assign(code=[None if np.isnan(code) else Decimal(int(code)) for code in codes])
    for name, held in {"floats": frame, "decimals": decimals, "single": frame.astype({"code": "float32"})}.items():
        held.to_parquet(tmp_path / f"{name}.parquet")
        held.head(3).to_feather(tmp_path / f"{name}.feather")
        for suffix, rows in (("parquet", 40), ("feather", 3)):
            table = DataOptions(dataset=str(tmp_path / f"{name}.{suffix}"))
            assert np.array_equal(read_rows(table, wanted.preprocessing, tmp_path / "cache").x, inputs[:rows])
    for code in (3.5, np.inf, 1e17):
        with pytest.raises(DataError, match=r"is not a whole number up to 2\*\*53, and the model was trained on"):
            encode_in_memory(frame.assign(code=code), wanted.preprocessing)


def test_a_number_is_one_code_however_it_is_held_and_marks_are_gaps(tmp_path: Path) -> None:
    """-0.0 was the code -0, the mark -999.9 was refused, and 7.5 was a code where a truth value stood beside it."""
    frame = pd.DataFrame({"code": [-0.0, 7.0, -999.9, None] * 10, "size": np.arange(40.0), "y": np.arange(40.0)})
    asked = DataOptions(target=("y",), categories=("code",), split="random", missing=("-999.9",))
    frame.to_parquet(tmp_path / "double.parquet")
    frame.astype({"code": "float32"}).to_parquet(tmp_path / "single.parquet")
    mixed = frame.astype({"code": object}).assign(code=["0", Decimal("7.0"), -999.9, None] * 10)
    single = frame.astype({"code": "float32"})
    made = [prepare_in_memory(held, asked) for held in (frame, single, mixed, mixed.replace({"code": {"0": -0.0}}))]
    for name in ("double", "single"):
        made.append(prepare(str(tmp_path / f"{name}.parquet"), target="y", categories="code", missing="-999.9"))
    for prepared in made[:4]:
        assert prepared.preprocessing.columns[0].categories == ("0", "7")
        assert np.array_equal(prepared.train.x, made[0].train.x)
    assert all(prepared.preprocessing.columns[0].categories == ("0", "7") for prepared in made)
    whole = frame.assign(code=[0, 7, -999, 7] * 10)
    whole.to_parquet(tmp_path / "whole.parquet")
    marks = asked.model_copy(update={"missing": ("-999.0",)})
    for prepared in (
        prepare_in_memory(whole, marks),
        prepare(str(tmp_path / "whole.parquet"), target="y", categories="code", missing="-999.0"),
    ):
        assert prepared.preprocessing.columns[0].categories == ("0", "7")
    for code in (7.5, Decimal("7.5"), np.float32(7.5)):
        for codes in ([7, code, True, None], [7, code, "b", None]):
            with pytest.raises(
                DataError, match=r"row 1, column 'code': 7\.5 is not a whole number up to 2\*\*53, and cat"
            ):
                prepare_in_memory(frame.astype({"code": object}).assign(code=codes * 10), asked)


def test_numbers_and_texts_in_one_column_may_be_codes(tmp_path: Path) -> None:
    """Excel and JSON lines hold codes such as 1, 2, 4b so; no option read them, and no message said where."""
    codes = [None, 1, 2, "4b", 2.0, True, "4b", 1] * 5
    frame = pd.DataFrame({"code": pd.Series(codes, dtype=object), "size": np.arange(40.0), "y": np.arange(40.0)})
    asked = DataOptions(target=("y",), categories=("code",), split="random")
    prepared = prepare_in_memory(frame, asked)
    assert prepared.preprocessing.columns[0].categories == ("1", "2", "4b", "true")
    texts = ["true" if code is True else code for code in codes]  # pandas 2 reads True beside 1 as 1
    frame.assign(code=pd.Series(texts, dtype=object)).to_excel(tmp_path / "t.xlsx")
    frame.to_json(tmp_path / "t.jsonl", orient="records", lines=True)
    inputs = encode_in_memory(frame, prepared.preprocessing)
    assert inputs[:8, :4].argmax(axis=1).tolist() == [0, 0, 1, 2, 1, 3, 2, 0] and not inputs[0, :4].any()
    for name in ("t.xlsx", "t.jsonl"):
        read = read_rows(DataOptions(dataset=str(tmp_path / name)), prepared.preprocessing, tmp_path / "cache")
        assert np.array_equal(read.x, inputs)
    said = r"row 3, column 'code': '4b' is a text, and most others are numbers\. .* Correct the cell, use "
    with pytest.raises(DataError, match=said + "--categories 'code' if these are codes, or leave the column out with"):
        prepare_in_memory(frame, asked.model_copy(update={"categories": None}))
    days = pd.Series([pd.Timestamp("2020-01-01"), "2020-01-02"] + [pd.Timestamp("2020-01-03")] * 38, dtype=object)
    with pytest.raises(DataError, match=r"row 1, column 'code': '2020-01-02' is a text, and most others are dates\. "):
        prepare_in_memory(frame.assign(code=days), asked)


def test_columns_of_gaps_alone_are_of_any_kind(tmp_path: Path) -> None:
    """A frame of a file has floating gaps where a column is empty, and Parquet has a type of their own."""
    days = pd.date_range("2020-01-01", periods=40)
    frame = pd.DataFrame({"pet": ["cat", "dog"] * 20, "old": [True, False] * 20, "day": days, "y": np.arange(40.0)})
    preprocessing = prepare_in_memory(frame, DataOptions(target=("y",), split="random")).preprocessing
    wanted = encode_in_memory(frame.head(2).assign(pet=None, old=None, day=pd.NaT), preprocessing)
    assert np.array_equal(
        encode_in_memory(frame.head(2).assign(pet=np.nan, old=np.nan, day=np.nan), preprocessing), wanted
    )
    frame.head(2).assign(pet=None, old=None, day=None).to_parquet(tmp_path / "empty.parquet")
    read = read_rows(DataOptions(dataset=str(tmp_path / "empty.parquet")), preprocessing, tmp_path / "cache")
    assert np.array_equal(read.x, wanted)


def test_no_rows_are_refused(x: np.ndarray) -> None:
    preprocessing = prepare_in_memory((x, x[:, 0] > 0), DataOptions()).preprocessing
    with pytest.raises(DataError, match="X: it has no rows"):
        encode_in_memory(np.zeros((0, 4)), preprocessing)


def test_rows_that_do_not_fit_the_model_are_refused(frame: pd.DataFrame, x: np.ndarray) -> None:
    preprocessing = prepare_in_memory(frame, TARGET).preprocessing
    with pytest.raises(DataError, match=r"needs the column 'color', which is missing; did you mean colour"):
        encode_in_memory(frame.rename(columns={"color": "colour"}), preprocessing)
    with pytest.raises(DataError, match="rows of 3 columns, but the model was trained on 4"):
        encode_in_memory(x[:, :3], preprocessing)
    with pytest.raises(DataError, match="column 'age'"):
        encode_in_memory(frame.assign(age="old"), preprocessing)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([[1.0, 0.5], [7.0, 0.5]], r"^X: row 1 has 7 in the column 'new', expected 0 or 1$"),
        ([[0.5, 0.5]], r"^X: row 0 has 0\.5 in the column 'new', expected 0 or 1$"),
        (np.array([[2, 0]], object), "has 2 in the column 'new'"),
        ([[1.0, -np.inf]], r"^X: row 0 has -inf in the column 'width', expected a finite number$"),
        ([[1.0, 1e300]], "column 'width': scaled, a number is too large for float32"),
    ],
)
def test_an_array_is_held_to_what_the_columns_hold(frame: pd.DataFrame, rows: Any, words: str) -> None:
    preprocessing = prepare_in_memory(frame[["new", "width", "grade"]], TARGET).preprocessing
    with pytest.raises(DataError, match=words):
        encode_in_memory(rows, preprocessing)
    missing = encode_in_memory([[np.nan, np.nan], [1, 0]], preprocessing)
    assert np.isfinite(missing).all()


def test_nothing_is_written(x: np.ndarray, home: Path) -> None:
    prepare_in_memory((x, x[:, 0] > 0), DataOptions())
    assert not home.exists()


def test_a_comma_inside_a_name_is_that_of_one_target(frame: pd.DataFrame) -> None:
    named = frame.rename(columns={"grade": "Grade, final"})
    named.to_csv("t.csv", index=False)
    asked = DataOptions(target=("Grade", "final"))
    here, there = prepare_in_memory(named, asked), prepare("t.csv", target="Grade, final")
    assert here.targets == ("Grade, final",) and here.decided == there.decided == {"target": ("Grade, final",)}
    assert prepare_in_memory(frame, TARGET).decided == {}


@pytest.mark.parametrize(
    ("chosen", "known", "joined"),
    [
        (("a", "b"), ("a", "b", "a, b"), ("a", "b")),
        (("a", "b"), ("a", "a, b"), ("a, b",)),
        (("Price", "EUR", "x"), ("x", "Price, EUR"), ("Price, EUR", "x")),
    ],
)
def test_names_are_joined_where_a_part_is_no_column(
    chosen: tuple[str, ...], known: tuple[str, ...], joined: tuple[str, ...]
) -> None:
    assert rejoined(chosen, known) == joined

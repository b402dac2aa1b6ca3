"""CSV and TSV files: what becomes of numbers, booleans, texts and gaps, in whatever pieces the file is read."""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from mlpcli.data import Prepared
from mlpcli.data.readers.text import delimited_records
from mlpcli.data.readers.text.cells import GAPS, Spelling
from tests.data.asked import prepare

number = Spelling().number

WHOLE: dict[str, Any] = {"test_size": 0, "val_size": 0, "scale": "none", "dtype": "float64"}


def read(content: str | bytes, name: str = "t.csv", **options: Any) -> Prepared:
    Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
    return prepare(name, **({"target": "y"} | WHOLE | options))


def columns(prepared: Prepared) -> dict[str, list[float]]:
    return dict(zip(prepared.features, prepared.train.x.T.tolist(), strict=True))


def test_kinds_of_columns() -> None:
    prepared = read("n,b,t,y\n1.5,True,red,a\n,FALSE,,b\n-2e3,true,blue,a\n4,,red,b\n")
    assert columns(prepared) == {
        "n": [1.5, 1.5, -2000, 4],  # the gap takes the median of -2000, 1.5 and 4
        "n missing": [0, 1, 0, 0],
        "b": [1, 0, 1, 1],
        "b missing": [0, 0, 0, 1],
        "t=blue": [0, 0, 1, 0],
        "t=red": [1, 0, 0, 1],
    }
    assert prepared.classes == ("a", "b") and prepared.train.y.tolist() == [0, 1, 0, 1]
    assert prepared.name == "t.csv" and prepared.task == "classification"


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["None", "NA", "null", "None"], ("NA", "None", "null")),
        (["10", "9", "10", "9"], ("9", "10")),
        (["1.0", "0.0", "1.0", "0.0"], ("0.0", "1.0")),
        (["yes ", " no", "yes", "no"], ("no", "yes")),
        (["True", "False", "True", "False"], ("False", "True")),
        (["é", "ß", "é", "ß"], ("ß", "é")),
        (["=1+1", "@x", "=1+1", "@x"], ("=1+1", "@x")),
    ],
)
def test_class_names_stay_as_they_are_written(labels: list[str], classes: tuple[str, ...]) -> None:
    rows = "".join(f"{i},{label}\n" for i, label in enumerate(labels))
    prepared = read("x,y\n" + rows, task="classification")
    assert prepared.classes == classes
    assert [classes[code] for code in prepared.train.y] == [label.strip() for label in labels]


@pytest.mark.parametrize("spelling", sorted(GAPS - {""}))
def test_gaps_in_numbers_stay_words_in_texts(spelling: str) -> None:
    prepared = read(f"n,t,y\n1,{spelling},a\n{spelling},red,b\n3,red,b\n")
    assert columns(prepared) == {
        "n": [1, 2, 3],
        "n missing": [0, 1, 0],
        f"t={spelling}": [1, 0, 0],
        "t=red": [0, 1, 1],
    }


@pytest.mark.parametrize(
    ("y", "task", "classes"),
    [
        (["a", "b"] * 10, "classification", ("a", "b")),
        (["0", "1"] * 10, "classification", ("0", "1")),
        (["3", "1", "2", "3"] * 5, "classification", ("1", "2", "3")),
        ([str(i) for i in range(20)], "regression", None),  # as many values as rows
        (["0.5", "1.5"] * 10, "regression", None),  # no whole numbers
        ([str(i % 21) for i in range(210)], "regression", None),  # too many values
    ],
)
def test_what_the_target_calls_for(y: list[str], task: str, classes: tuple[str, ...] | None) -> None:
    prepared = read("x,y\n" + "".join(f"{i},{value}\n" for i, value in enumerate(y)))
    assert (prepared.task, prepared.classes) == (task, classes)
    if classes is None:
        assert prepared.train.given[:, 0].tolist() == [float(value) for value in y]


def test_a_float_target_of_many_values_is_read_as_numbers() -> None:
    y = np.random.default_rng(0).normal(1e6, 1e-3, 5000)
    prepared = read("x,y\n" + "".join(f"{i},{value!r}\n" for i, value in enumerate(y.tolist())))
    assert prepared.task == "regression"
    assert prepared.preprocessing.target_mean[0] == pytest.approx(y.mean(), rel=1e-15)
    assert prepared.preprocessing.target_scale[0] == pytest.approx(y.std(), rel=1e-9)


def test_several_targets_and_columns_left_out() -> None:
    prepared = read("a,b,when,c,y\n1,2.5,2020-01-01,x,5\n2,3.5,2020-01-02,y,7\n", target=("y", "b"), drop=("when",))
    assert prepared.targets == ("y", "b") and prepared.features == ("a", "c=x", "c=y")
    assert prepared.train.given.tolist() == [[5, 2.5], [7, 3.5]]


@pytest.mark.parametrize(
    ("content", "name", "options"),
    [
        (b"x,y\r\n1,a\r\n\r\n2,b\r\n", "t.csv", {}),
        (b"x,y\r1,a\r2,b\r", "t.csv", {}),
        (b"\xef\xbb\xbfx,y\n1,a\n2,b", "t.csv", {}),
        (b"x\ty\n1\ta\n2\tb\n", "t.tsv", {}),
        (b"x;y\n1;a\n2;b\n", "t.csv", {"delimiter": ";"}),
        (b"x|y\n1|a\n2|b\n", "t.tsv", {"delimiter": "|"}),
        ("x,y\n1,a\n2,b\n".encode("utf-16"), "t.csv", {"encoding": "utf-16"}),
        (b' x , y \n 1 , a \n"2","b"\n', "t.csv", {}),
        (b"x,y\n1,a\n2,b\n\n\n", "T.CSV", {}),
    ],
)
def test_forms_of_one_table(content: bytes, name: str, options: dict[str, str]) -> None:
    prepared = read(content, name, **options)
    assert columns(prepared) == {"x": [1, 2]} and prepared.classes == ("a", "b")


def test_encodings_and_quotes() -> None:
    text = 'w,x,y\n"a, ""b""\nc",1,é\nplain,2,ü\n'
    for encoding in ("utf-8", "latin-1", "cp1252", "utf-16", "utf-8-sig"):
        prepared = read(text.encode(encoding), encoding=encoding)
        assert prepared.features == ('w=a, "b"\nc', "w=plain", "x") and prepared.classes == ("é", "ü"), encoding


def random_table(rows: int) -> tuple[str, pd.DataFrame]:
    random = np.random.default_rng(7)
    frame = pd.DataFrame(
        {
            "plain": random.normal(50, 20, rows),
            "gaps": np.where(random.random(rows) < 0.15, np.nan, random.normal(0, 1, rows)),
            "whole": random.integers(-5, 1000, rows),
            "word": random.choice(["lorem", 'ip"sum', "dolor, sit", "amet\nx", "ünï"], rows),
            "flag": random.random(rows) < 0.4,
            "label": random.choice(["no", "yes", "may be"], rows),
        }
    )
    text = io.StringIO()
    frame.to_csv(text, index=False, quoting=csv.QUOTE_MINIMAL)
    return text.getvalue(), frame


def test_a_mixed_table_equals_scikit_learns_pipeline() -> None:
    text, frame = random_table(600)
    prepared = read(text, target="label", scale="standard", test_size=0.2, val_size=0.1)
    inputs = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), ["plain"]),
        (make_pipeline(SimpleImputer(strategy="median", add_indicator=False), StandardScaler()), ["gaps"]),
        (StandardScaler(), ["whole"]),
        (OneHotEncoder(sparse_output=False), ["word"]),
    ).fit(frame.iloc[prepared.train.rows])
    order = [prepared.features.index(name) for name in ("plain", "gaps", "whole")]
    order += [at for at, name in enumerate(prepared.features) if name.startswith("word=")]
    for part in prepared.parts.values():
        rows = frame.iloc[part.rows]
        np.testing.assert_allclose(part.x[:, order], inputs.transform(rows), rtol=1e-12, atol=1e-12)
        np.testing.assert_array_equal(part.x[:, prepared.features.index("gaps missing")], rows["gaps"].isna())
        np.testing.assert_array_equal(part.x[:, prepared.features.index("flag")], rows["flag"])
        assert [prepared.classes[code] for code in part.y] == rows["label"].tolist()  # type: ignore[index]


@pytest.mark.parametrize("size", [7, 64, 1000])
def test_the_size_of_the_pieces_changes_nothing(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    text, _ = random_table(80)
    whole = read(text, target="label", scale="standard", test_size=0.2)
    monkeypatch.setattr(delimited_records, "READ", size)
    pieces = read(text, "other.csv", target="label", scale="standard", test_size=0.2, data_home="pieces")
    assert pieces.digest == whole.digest and pieces.preprocessing == whole.preprocessing
    assert pieces.train.x.tobytes() == whole.train.x.tobytes()


@pytest.mark.parametrize("size", [1, 1000])
def test_a_mark_of_byte_order_within_the_file_belongs_to_its_cell(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a piece begins with it too; pandas drops it there."""
    monkeypatch.setattr(delimited_records, "READ", size)
    prepared = read("\ufeffw,y\n\ufeffred,p\nred,q\n\ufeffred,q\nred,p\n")
    assert columns(prepared) == {"w=red": [0, 1, 0, 1], "w=\ufeffred": [1, 0, 1, 0]}


@pytest.mark.parametrize("late", ["seven", "NA,", "True", "1 2", "0x10", "1_0", "٣"])
def test_a_column_may_turn_out_otherwise_late(late: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited_records, "READ", 16)
    late = late.rstrip(",")
    content = "n,y\n" + "".join(f"{i % 4},{'ab'[i % 2]}\n" for i in range(30)) + f"{late},a\n{late},b\n" * 10
    prepared = read(content)
    if late == "NA":
        assert prepared.features == ("n", "n missing")
    else:
        assert prepared.features == tuple(f"n={name}" for name in sorted(["0", "1", "2", "3", late]))
        assert (
            prepared.train.x[:30, :4].tolist() == [[float(i % 4 == k) for k in range(4)] for i in range(30)]
            or late < "3"
        )


def test_numbers_are_read_to_the_last_bit() -> None:
    values = np.random.default_rng(0).standard_normal(500) * 10.0 ** np.random.default_rng(1).integers(-300, 300, 500)
    prepared = read("x,z,y\n" + "".join(f"{v!r},{i},{'ab'[i % 2]}\n" for i, v in enumerate(values.tolist())))
    assert prepared.train.x[:, 0].tobytes() == values.tobytes()


def test_columns_of_names_have_no_inputs() -> None:
    rows = "".join(f"{i},person {i},{'abc'[i % 3]},{'xy'[i % 2]}\n" for i in range(60))
    prepared = read("n,name,letter,y\n" + rows)
    assert prepared.features == ("n", "letter=a", "letter=b", "letter=c")


def test_a_moved_file_is_the_same_data(home: Path) -> None:
    first = read("x,y\n1,a\n2,b\n")
    Path("sub").mkdir()
    Path("t.csv").rename("sub/t.csv")
    again = prepare("sub/t.csv", target="y", **WHOLE)
    assert again.digest == first.digest and len(list(home.glob("tables/*"))) == 1
    Path("sub/t.csv").write_text("x,y\n1,a\n3,b\n")
    assert prepare("sub/t.csv", target="y", **WHOLE).digest != first.digest


@pytest.mark.parametrize(
    ("text", "value"), [("1", 1), (" +1.5e-3 ", 1.5e-3), (".5", 0.5), ("5.", 5), ("-inf", -np.inf), ("1e999", np.inf)]
)
def test_cells_that_are_numbers(text: str, value: float) -> None:
    assert number(text) == value


@pytest.mark.parametrize("text", ["", "1,5", "1 2", "0x1", "1_0", "one", "1e", "--1", "٣", "²", "1e5.5", "1d5"])
def test_cells_that_are_none(text: str) -> None:
    assert number(text) is None or np.isnan(number(text) or 0) or text == ""

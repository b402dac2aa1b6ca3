"""New rows for a trained model: the same bits as in training, whatever the order of columns and rows."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlpcli.data import Preprocessing
from mlpcli.errors import DataError, UsageError
from tests.data.asked import prepare, read_rows


@pytest.fixture
def frame() -> pd.DataFrame:
    random = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "n": np.where(random.random(120) < 0.1, np.nan, random.normal(7, 3, 120)),
            "word": random.choice(["a", "b", "c"], 120),
            "flag": random.random(120) < 0.5,
            "code": random.choice(["1", "2", "x"], 120),
            "y": random.choice(["no", "yes"], 120),
            "price": random.normal(1e5, 1e4, 120),
        }
    )
    frame.to_csv("t.csv", index=False)
    return frame


def travelled(preprocessing: Preprocessing) -> Preprocessing:
    return Preprocessing.from_json(json.loads(json.dumps(preprocessing.to_json())))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("options", [{"target": "y"}, {"target": "price"}, {"target": ("price", "n"), "drop": ("y",)}])
def test_the_same_rows_give_the_same_bits(frame: pd.DataFrame, options: dict[str, Any], dtype: str) -> None:
    if "n" in options["target"]:
        frame = frame.dropna()
        frame.to_csv("t.csv", index=False)
    prepared = prepare("t.csv", dtype=dtype, **options)
    frame.sample(frac=1, axis=1, random_state=0).assign(extra="2020-01-01").to_csv("shuffled.csv", index=False)
    for path in ("t.csv", "shuffled.csv"):
        new = read_rows(path, travelled(prepared.preprocessing))
        assert new.name == path and new.y is not None and len(new) == len(frame)
        for part in prepared.parts.values():
            assert new.x[part.rows].tobytes() == part.x.tobytes()
            assert new.y[part.rows].tobytes() == part.y.tobytes()


def test_one_row_alone_and_without_a_target(frame: pd.DataFrame) -> None:
    prepared = prepare("t.csv", target="y")
    for row in (0, 17, 119):
        frame.iloc[[row]].drop(columns="y").to_csv(f"one{row}.csv", index=False)
        new = read_rows(f"one{row}.csv", prepared.preprocessing)
        assert new.y is None and new.rows.tolist() == [0]
        whole = read_rows("t.csv", prepared.preprocessing)
        assert new.x[0].tobytes() == whole.x[row].tobytes()


def test_parquet_and_other_delimiters_match_by_name(frame: pd.DataFrame) -> None:
    prepared = prepare("t.csv", target="y")
    frame.to_parquet("t.parquet")
    frame.to_csv("t.tsv", sep="\t", index=False)
    frame.to_csv("semi.csv", sep=";", index=False, encoding="utf-16")
    whole = read_rows("t.csv", prepared.preprocessing)
    for path, options in (("t.parquet", {}), ("t.tsv", {}), ("semi.csv", {"delimiter": ";", "encoding": "utf-16"})):
        new = read_rows(path, prepared.preprocessing, **options)
        assert new.y is not None and whole.y is not None
        assert new.x.tobytes() == whole.x.tobytes() and new.y.tobytes() == whole.y.tobytes()


def test_numbers_that_were_texts_in_training_are_texts_again() -> None:
    Path("t.csv").write_text("code,y\n" + "1,a\n2,b\nx,a\n" * 9)
    prepared = prepare("t.csv", target="y", test_size=0, val_size=0)
    Path("new.csv").write_text("code\n2\n1\n7\n\n")
    assert read_rows("new.csv", prepared.preprocessing).x.tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]


def test_gaps_and_unseen_words(frame: pd.DataFrame) -> None:
    prepared = prepare("t.csv", target="y", scale="none", dtype="float64")
    Path("new.csv").write_text("n,word,flag,code,price\n?,zebra,True,,\n")
    new = dict(zip(prepared.features, read_rows("new.csv", prepared.preprocessing).x[0].tolist(), strict=True))
    train = frame.iloc[prepared.train.rows]
    assert new["n"] == train["n"].median() and new["n missing"] == 1 and new["price"] == train["price"].median()
    assert [value for name, value in new.items() if name.startswith(("word=", "code="))] == [0] * 6


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("n,word,flag,cod\n1,a,True,x\n", r"needs the column 'code', which is missing; did you mean cod"),
        (
            "n,word,flag,code,price\nten,a,True,x,1\n",
            r"new.csv, line 2, column 'n': 'ten' is not a number, and the model was trained on numbers",
        ),
        (
            "n,word,flag,code,price\n1,a,maybe,x,1\n",
            r"line 2, column 'flag': 'maybe' is not a boolean, and the model was",
        ),
        ("n,word,flag,code,price,y\n1,a,True,x,1,maybe\n", r"'maybe' is not one of the model's classes, 'no', 'yes'"),
        ("n,word,flag,code,price\n", r"new.csv: it has a line of column names, but no rows"),
    ],
)
def test_rows_that_do_not_fit(frame: pd.DataFrame, content: str, message: str) -> None:
    prepared = prepare("t.csv", target="y")
    Path("new.csv").write_text(content)
    with pytest.raises(DataError, match=message):
        read_rows("new.csv", prepared.preprocessing)


BOOLEANS = {
    "0 and 1": [1, 0, 0, 1],
    "0.0 and 1.0 beside a gap": [1.0, 0.0, None, 1.0],
    "texts": ["True", "false", "FALSE", "true"],
    "texts of numbers beside a gap": ["1", "0", None, "1.0"],
    "a mark of a gap": ["true", "False", "NA", "1"],
}


@pytest.mark.parametrize("suffix", [".csv", ".feather", ".jsonl", ".parquet", ".xlsx"])
@pytest.mark.parametrize("cells", BOOLEANS.values(), ids=BOOLEANS)
def test_booleans_are_those_of_training_however_they_are_written(
    frame: pd.DataFrame, cells: list[Any], suffix: str
) -> None:
    prepared = prepare("t.csv", target="y")
    rows = frame.iloc[:4].assign(flag=pd.Series([True, False, None if {None, "NA"} & {*cells} else False, True]))
    rows.to_csv("truths.csv", index=False)
    rows = rows.assign(flag=pd.Series(cells))
    write(rows, f"new{suffix}")
    found, expected = (read_rows(path, prepared.preprocessing).x for path in (f"new{suffix}", "truths.csv"))
    assert found.tobytes() == expected.tobytes()


@pytest.mark.parametrize("suffix", [".csv", ".feather", ".jsonl", ".parquet"])
@pytest.mark.parametrize("cell", [2, 0.5, "yes"])
def test_other_cells_are_no_booleans(frame: pd.DataFrame, cell: Any, suffix: str) -> None:
    prepared = prepare("t.csv", target="y")
    write(frame.iloc[:1].assign(flag=[cell]), f"new{suffix}")
    with pytest.raises(
        DataError, match=rf"(line 2|row 0), column 'flag': '{cell}' is not a boolean, and the model was"
    ):
        read_rows(f"new{suffix}", prepared.preprocessing)


@pytest.mark.parametrize("number", ["1" + "0" * 400, "-1" + "0" * 400])
def test_an_integer_beyond_all_floating_numbers_is_refused(frame: pd.DataFrame, number: str) -> None:
    preprocessing = prepare("t.csv", target="y").preprocessing
    row = json.dumps({"n": 1.5, "word": "a", "flag": True, "code": "1", "price": 7})
    Path("new.jsonl").write_text(f"{row}\n{row.replace('1.5', number)}\n")
    with pytest.raises(DataError, match="row 1, column 'n': a number too large"):
        read_rows("new.jsonl", preprocessing)


def write(frame: pd.DataFrame, path: str) -> None:
    writers: dict[str, Any] = {
        ".csv": partial(frame.to_csv, index=False),
        ".feather": frame.reset_index(drop=True).to_feather,
        ".jsonl": partial(frame.to_json, orient="records", lines=True),
        ".parquet": frame.to_parquet,
        ".xlsx": partial(frame.to_excel, index=False),
    }
    writers[Path(path).suffix](path)


def test_one_class_alone_is_enough(frame: pd.DataFrame) -> None:
    prepared = prepare("t.csv", target="y")
    Path("new.csv").write_text("n,word,flag,code,price,y\n1,a,True,x,1,yes\n2,b,True,x,1,yes\n")
    new = read_rows("new.csv", prepared.preprocessing)
    assert new.y is not None and new.y.tolist() == [1, 1]


@pytest.mark.parametrize("suffix", ["parquet", "feather", "jsonl"])
@pytest.mark.parametrize(("more", "names"), [(0, ("0", "1")), (0.5, ("0.5", "1.5"))])
def test_classes_that_are_floating_beside_gaps(
    frame: pd.DataFrame, suffix: str, more: float, names: tuple[str, ...]
) -> None:
    """A gap makes integers of pandas floating: a classifier did not read the target of the table it was trained on."""
    labels = (frame["y"] == "yes").astype(float).mask(frame.index % 7 == 0)
    floating = frame[["price", "flag"]].assign(label=labels + more, old=frame["flag"].astype(float))
    path = f"t.{suffix}"
    if suffix == "jsonl":
        floating.to_json(path, orient="records", lines=True)
    else:
        getattr(floating, f"to_{suffix}")(path)
    asked: dict[str, Any] = {"drop_unlabelled": True, "drop": ("old",), "task": "classification"}
    prepared = prepare(path, target="label", **asked)
    new = read_rows(path, prepared.preprocessing)
    assert prepared.preprocessing.classes == names and new.y is not None
    assert new.labelled.tolist() == np.flatnonzero(labels.notna()).tolist()
    assert np.array_equal(new.y, labels.dropna())
    beside = prepare(path, target="label", val_dataset=path, **asked)
    assert np.array_equal(beside.val.y, labels.dropna())
    if not more:
        several = prepare(path, target=("label", "old"), drop_unlabelled=True, task="multilabel")
        both = read_rows(path, several.preprocessing).y
        assert both is not None and np.array_equal(both[:, 0], new.y)


def test_datasets_by_name_can_be_new_rows(home: Path) -> None:
    moons = prepare("moons:n=50")
    other = read_rows("moons:n=30,seed=5", moons.preprocessing)
    assert other.x.shape == (30, 2) and other.y is not None and len(list(home.glob("prepared/*"))) == 2
    again = read_rows("moons:n=30,seed=5", moons.preprocessing)
    assert again.x.tobytes() == other.x.tobytes() and len(list(home.glob("prepared/*"))) == 2
    with pytest.raises(DataError, match="the model needs the column 'x1', which is missing"):
        read_rows("iris", moons.preprocessing)
    with pytest.raises(UsageError, match="no such dataset"):
        read_rows("irsi", moons.preprocessing)

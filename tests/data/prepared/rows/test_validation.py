"""Validation rows that are a table of their own: matched by name, scaled as the training rows, in the digest."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mlpcli
from mlpcli.config import DataOptions
from mlpcli.data.in_memory import prepare_in_memory
from mlpcli.errors import DataError, UsageError
from tests.data.asked import prepare, read_rows


@pytest.fixture
def tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    random = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "n": np.where(random.random(90) < 0.1, np.nan, random.normal(7, 3, 90)),
            "word": random.choice(["red", "green", "blue"], 90),
            "y": random.choice(["no", "yes"], 90),
            "price": random.normal(100, 10, 90),
            "w": random.integers(1, 4, 90),
        }
    )
    ours, theirs = frame[:60].reset_index(drop=True), frame[60:].reset_index(drop=True)
    ours.to_csv("ours.csv", index=False)
    theirs[["w", "price", "y", "word", "n"]].assign(more="x").to_csv("theirs.csv", index=False)
    return ours, theirs


@pytest.mark.parametrize("target", ["y", "price"])
def test_the_rows_are_those_of_the_other_table(tables: tuple[pd.DataFrame, pd.DataFrame], target: str) -> None:
    prepared = prepare("ours.csv", target=target, val_dataset="theirs.csv", val_size=0.3)
    assert {name: len(part) for name, part in prepared.parts.items()} == {"train": 48, "val": 30, "test": 12}
    new = read_rows("theirs.csv", prepared.preprocessing)
    assert prepared.val and prepared.val.x.tobytes() == new.x.tobytes() and new.y is not None
    assert prepared.val.y.tobytes() == new.y.tobytes() and prepared.val.rows.tolist() == list(range(30))
    alone = prepare("ours.csv", target=target, val_size=0)
    assert alone.train.x.tobytes() == prepared.train.x.tobytes() and alone.preprocessing == prepared.preprocessing


def test_the_digest_follows_the_content(tables: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    asked: dict[str, Any] = {"target": "y", "val_dataset": "theirs.csv"}
    first, alone = prepare("ours.csv", **asked), prepare("ours.csv", target="y")
    assert first.digest != alone.digest and alone.validation_digest is None
    Path("theirs.csv").rename("moved.csv")
    assert prepare("ours.csv", target="y", val_dataset="moved.csv").digest == first.digest
    text = Path("moved.csv").read_text()
    Path("theirs.csv").write_text(text[: text.rindex("\n", 0, -1) + 1])
    fewer = prepare("ours.csv", **asked)
    assert fewer.val and len(fewer.val) == 29
    assert len({first.digest, fewer.digest, first.validation_digest, fewer.validation_digest}) == 4


def test_the_validation_rows_have_the_weights_of_their_table(tables: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    _, theirs = tables
    prepared = prepare("ours.csv", target="price", weights="w", val_dataset="theirs.csv")
    assert prepared.val and prepared.val.weights is not None
    assert prepared.val.weights.tolist() == theirs["w"].tolist()
    theirs.drop(columns="w").to_csv("theirs.csv", index=False)
    with pytest.raises(
        DataError, match=r"val_dataset 'theirs.csv': the column 'w' is missing, which holds the weights"
    ):
        prepare("ours.csv", target="price", weights="w", val_dataset="theirs.csv")


def test_what_is_unusual_is_said(tables: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    _, theirs = tables
    theirs.loc[:4, "word"], theirs.loc[10:12, "y"] = "RED", None
    theirs.to_csv("theirs.csv", index=False)
    prepared = prepare("ours.csv", target="y", val_dataset="theirs.csv")
    assert prepared.val and len(prepared.val) == 27
    notes = {column.name: column.note for column in prepared.summary}
    assert notes["word"] == "5 validation rows hold unknown texts, such as 'RED'"
    assert notes["y"] == "3 validation rows without a value are left out"


def test_it_is_read_as_the_training_rows_are(tables: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    for frame, name in zip(tables, ("ours", "theirs"), strict=True):
        frame.to_csv(f"{name}.txt", index=False, sep=";", decimal=",")
    plain = prepare("ours.csv", target="y", val_dataset="theirs.csv", scale="none")
    spelled = prepare("ours.txt", target="y", val_dataset="theirs.txt", decimal=",", scale="none")
    mixed = prepare("ours.txt", target="y", val_dataset="theirs.csv", decimal=",", scale="none")
    assert plain.val and spelled.val and plain.val.x.tobytes() == spelled.val.x.tobytes()
    assert mixed.val and mixed.val.x.shape == plain.val.x.shape


def test_data_in_memory_take_it_too(tables: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    options = DataOptions(target=("y",), val_dataset="theirs.csv")
    ours = prepare_in_memory(tables[0], options, "home")
    whole = prepare("ours.csv", target="y", val_dataset="theirs.csv")
    assert ours.val and whole.val and ours.val.x.tobytes() == whole.val.x.tobytes()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("n,y\n1,no\n", r"theirs.csv, line 1: the model needs the column 'word', which is missing"),
        ("n,word,price,w,y\n1,red,1,1,\n", r"val_dataset 'theirs.csv': no row has a value of 'y' to score"),
        (
            "n,word,price,w,y\n1,red,1,1,maybe\n",
            r"val_dataset 'theirs.csv': .*row 0: 'maybe' is not one of the model's",
        ),
        ("n,word,price,w,y\nx,red,1,1,no\n", r"theirs.csv, line 2, column 'n': 'x' is not a number"),
    ],
)
def test_tables_that_do_not_fit(tables: tuple[pd.DataFrame, pd.DataFrame], content: str, message: str) -> None:
    Path("theirs.csv").write_text(content)
    with pytest.raises(DataError, match=message):
        prepare("ours.csv", target="y", val_dataset="theirs.csv")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("n,word,price,w,y\n1,red,1,-1,no\n", "val_dataset 'theirs.csv': weights: row 0 has -1 in column 'w'"),
        ("n,word,price,w,y\n1,red,1,0,no\n", "val_dataset 'theirs.csv': weights: all 1 val rows have the weight 0"),
        ("n,word,price,w,y\n1e300,red,1,1,no\n", "val_dataset 'theirs.csv': column 'n': scaled, a number is too large"),
    ],
)
def test_errors_of_its_rows_name_it(tables: tuple[pd.DataFrame, pd.DataFrame], content: str, message: str) -> None:
    Path("theirs.csv").write_text(content)
    with pytest.raises(DataError, match=message):
        prepare("ours.csv", target="y", weights="w", val_dataset="theirs.csv")


def test_a_second_set_of_validation_rows_is_refused(tables: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    with pytest.raises(UsageError, match="val_dataset: the dataset has validation rows of its own"):
        prepare("bumps", val_dataset="theirs.csv")
    with pytest.raises(UsageError, match="val_dataset, folds: the folds are the validation rows"):
        prepare("ours.csv", target="y", val_dataset="theirs.csv", folds=3)


def test_a_run_monitors_them_and_records_their_digest(tables: tuple[pd.DataFrame, pd.DataFrame], home: Path) -> None:
    asked: dict[str, Any] = {"target": "y", "width": 4, "epochs": 2, "data_home": home, "progress": False}
    run = mlpcli.train("ours.csv", val_dataset="theirs.csv", results="results", **asked)
    prepared = prepare("ours.csv", target="y", val_dataset="theirs.csv")
    made_by = json.loads((next(Path("results").iterdir()) / "provenance.json").read_text())
    assert made_by["validation_digest"] == prepared.validation_digest
    assert made_by["data_digest"] == prepared.digest
    assert run.metrics["val"] is not None and run.id != mlpcli.train("ours.csv", **asked).id

"""Cards that name a table of their own: where it is, how it is read, and that new tables are read alike."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import mlpcli
from mlpcli.data.catalog import catalog
from mlpcli.errors import DataError, UsageError
from tests.data.asked import prepare

ROWS = [f"{i % 7},{i % 5};{'-999' if i % 6 == 0 else i};{'ab'[i % 2]}" for i in range(40)]
TABLE = "size;age;kind\n" + "\n".join(ROWS) + "\n"
CARD = """
title = "Sizes"
source = "file"
task = "classification"
target = "kind"
rows = 40
features = 2
classes = 2
licence = "none"
citation = "none"
[origin]
path = "../tables/sizes.csv"
[reading]
delimiter = ";"
decimal = ","
missing = ["-999"]
"""
READING: dict[str, Any] = {"delimiter": ";", "decimal": ",", "missing": ("-999",)}


@pytest.fixture
def folder() -> Path:
    for name, text in (("datasets/sizes.toml", CARD), ("tables/sizes.csv", TABLE)):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text)
    return Path()


def test_a_card_reads_its_table_as_the_options_would(folder: Path) -> None:
    by_card, by_options = prepare("sizes"), prepare("tables/sizes.csv", target="kind", **READING)
    assert by_card.name == "sizes" and by_card.digest == by_options.digest
    assert by_card.train.x.tobytes() == by_options.train.x.tobytes() and by_card.decided == READING
    assert by_card.preprocessing.columns[1].indicator
    listed = {row["name"]: row["here"] for row in catalog()[0]}
    assert listed["sizes"]


def test_one_damaged_table_does_not_hide_the_others(folder: Path) -> None:
    Path("tables/sizes.bin").write_bytes(b"<html>\0")
    Path("datasets/gone.toml").write_text(CARD.replace("sizes.csv", "sizes.bin"))
    rows, errors = catalog()
    assert {"sizes", "iris"} <= {row["name"] for row in rows}
    (error,) = errors
    assert "sizes.bin: no table that can be read" in str(error)


@pytest.mark.parametrize("target", ['"size"', '["size", "age"]'])
def test_a_card_of_quantities_has_no_classes(folder: Path, target: str) -> None:
    """Their spellings in the file are no classes."""
    of_numbers = CARD.replace('"classification"', '"regression"').replace("classes = 2\n", "").replace('"kind"', target)
    Path("datasets/sizes.toml").write_text(
        of_numbers.replace("features = 2", f"features = {3 - target.count(',') - 1}")
    )
    Path("tables/sizes.csv").write_text(TABLE.replace("-999", "999"))
    sizes = prepare("sizes")
    assert sizes.preprocessing.task == "regression" and sizes.classes is None
    assert sizes.digest == prepare("tables/sizes.csv", target="size,age" if "[" in target else "size", **READING).digest


def test_whole_numbers_of_a_typed_file_are_classes(folder: Path) -> None:
    pytest.importorskip("pyarrow")
    pd.DataFrame({"a": range(40), "kind": [i % 3 for i in range(40)]}).to_parquet("tables/kinds.parquet")
    card = CARD.partition("[reading]")[0].replace("sizes.csv", "kinds.parquet").replace("features = 2", "features = 1")
    Path("datasets/kinds.toml").write_text(card)
    with pytest.raises(DataError, match=r"40 rows of 1 features and 3 classes, but the card .* says 40, 1 and 2"):
        prepare("kinds")
    Path("datasets/kinds.toml").write_text(card.replace("classes = 2", "classes = 3"))
    assert prepare("kinds").classes == ("0", "1", "2")


def test_options_of_the_user_come_first(folder: Path) -> None:
    other = prepare("sizes", missing="-1")
    assert not other.preprocessing.columns[1].indicator and other.decided["missing"] == ("-1",)
    with pytest.raises(UsageError, match=r"delimiter: only .* files take it"):
        prepare("iris", delimiter=";")


def test_a_model_reads_new_tables_as_its_card_did(folder: Path, home: Path) -> None:
    options: dict[str, Any] = {"width": 4, "epochs": 1, "data_home": home, "progress": False}
    run = mlpcli.train("sizes", results="results", **options)
    assert {name: getattr(run.options, name) for name in READING} == READING
    plain = mlpcli.train("tables/sizes.csv", target="kind", **READING, **options)
    assert run.metrics == plain.metrics
    run.model.save("model.safetensors")
    Path("new.csv").write_text(TABLE)
    from mlpcli.config import DataOptions
    from mlpcli.data.new_rows import read_as_trained, read_rows

    model = mlpcli.load("model.safetensors")
    asked = read_as_trained(DataOptions(dataset="new.csv"), model.options.data)
    assert (asked.delimiter, asked.decimal, asked.missing) == (";", ",", ("-999",))
    assert len(read_rows(asked, model.preprocessing)) == 40
    assert prepare("sizes", val_dataset="new.csv").val is not None


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('decimal = ","', 'decmal = ","', r"\[reading\] decmal: no such reading option; did you mean decimal"),
        ('decimal = ","', 'decimal = "x"', r"\[reading\] decimal: got 'x', expected one of"),
        ('source = "file"', 'source = "openml"', r"\[reading\] is for source = 'file'"),
        ('source = "file"', 'source = "fil"', r"\[reading\] is for source = 'file'"),
        ("sizes.csv", "none.csv", r"\[origin\] path = '\.\./tables/none\.csv' names no table"),
        ('path = "../tables/sizes.csv"', "", r"\[origin\] path = '' names no table"),
    ],
)
def test_faults_of_a_card(folder: Path, before: str, after: str, message: str) -> None:
    Path("datasets/sizes.toml").write_text(CARD.replace(before, after))
    with pytest.raises(UsageError, match=message):
        prepare("sizes")
    cards, errors = catalog()
    assert "iris" in {row["name"] for row in cards} and any("sizes.toml" in str(error) for error in errors)


def test_a_table_that_is_not_what_the_card_says(folder: Path) -> None:
    Path("tables/sizes.csv").write_text(TABLE + "1,5;3;a\n")
    with pytest.raises(DataError, match=r"dataset 'sizes': the source has 41 rows of 2 features"):
        prepare("sizes")

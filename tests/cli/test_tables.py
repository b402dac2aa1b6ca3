"""Tables that users bring, on the command line: which columns are used, how files are read, what tells runs apart."""

import csv
import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlpcli.cli.main import run


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MLPCLI_DATA_HOME", str(tmp_path / "home"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def write(path: str, rows: list[list[Any]], **how: Any) -> None:
    encoding = how.pop("encoding", "utf-8")
    with open(path, "w", newline="", encoding=encoding) as file:
        csv.writer(file, **how).writerows(rows)


def small() -> list[list[Any]]:
    rng = np.random.default_rng(0)
    kinds = ["naïve", "plain"]
    rows = [[at, rng.normal(at % 2), rng.normal(), kinds[at % 2]] for at in range(60)]
    return [["id", "a", "b", "kind"], *rows]


def train(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert run(["train", "--target", "kind", "--width", "8", "--epochs", "2", "--json", "-q", *arguments]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    result: dict[str, Any] = json.loads(captured.out)
    return result


def test_columns_that_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    write("t.csv", small())
    write("without.csv", [row[1:] for row in small()])
    dropped = train(capsys, "--dataset", "t.csv", "--drop", "id", "--name", "r")
    assert dropped["parameters"] == (2 + 1) * 8 + (8 + 1) * 8 + 9
    assert dropped["metrics"] == train(capsys, "--dataset", "without.csv")["metrics"]
    assert dropped["run_id"] != train(capsys, "--dataset", "t.csv")["run_id"]
    assert tomllib.loads(Path("results/r/config.toml").read_text())["drop"] == ["id"]
    both = train(capsys, "--dataset", "t.csv", "--drop", "id, b")
    assert both["run_id"] == train(capsys, "--dataset", "t.csv", "--drop", "b,id,b")["run_id"]
    assert run(["train", "--dataset", "iris", "--drop", "petal width (cm)", "--epochs", "1", "--json", "-q"]) == 0
    assert json.loads(capsys.readouterr().out)["parameters"] == (3 + 1) * 64 + 65 * 64 + 65 * 3


def test_how_a_file_is_written_is_no_part_of_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    write("t.csv", small())
    write("t.tsv", small(), delimiter="\t")
    write("other.csv", small(), delimiter=";", encoding="latin-1")
    ways = [["t.csv"], ["t.tsv"], ["other.csv", "--delimiter", ";", "--encoding", "latin-1"]]
    results = [train(capsys, "--dataset", *way) for way in ways]
    assert len({result["run_id"] for result in results}) == 1
    assert results[0]["metrics"] == results[1]["metrics"] == results[2]["metrics"]
    Path("c.toml").write_text('dataset = "other.csv"\ndelimiter = ";"\nencoding = "latin-1"\n')
    assert train(capsys, "--config", "c.toml")["run_id"] == results[0]["run_id"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--drop", "idd"], 2, "drop: t.csv, line 1 has no column 'idd' (did you mean 'id'?)"),
        (["--drop", "kind,id"], 2, "--drop, --target: column 'kind' cannot be both left out and predicted"),
        (["--drop", "id,a,b"], 65, "no column besides its target"),
        (["--delimiter", ";;"], 2, "--delimiter: got ';;', expected one ASCII character"),
        (["--encoding", "utf-99"], 2, "encoding 'utf-99' is unknown; utf-8, latin-1, cp1252 and utf-16 are common"),
        (["--encoding", "ascii"], 65, "byte 0xc3 is not ascii"),
        (["--dataset", "iris", "--delimiter", ";"], 2, "they are for .csv and .tsv files, and the dataset is 'iris'"),
    ],
)
def test_what_does_not_fit_the_table(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, message: str
) -> None:
    write("t.csv", small())
    assert run(["train", "--dataset", "t.csv", "--target", "kind", *arguments]) == code
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    assert message in err
    assert not Path("results").exists()

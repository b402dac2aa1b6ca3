"""`mlpcli predict` from the outside: the numbers of `eval`, in every format, in pieces, through pipes."""

import csv
import io
import json
import random
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mlpcli
from mlpcli.cli.main import run
from mlpcli.data.readers import parquet, whole_tables
from mlpcli.data.readers.text import delimited_records
from tests.workers.processes import PATIENCE

ROWS = 700


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classifiers of a table of every kind of column, a regression, and new rows with gaps and unknown texts."""
    folder = tmp_path_factory.mktemp("predict")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, kinds in (("old", "red blue"), ("new", "red blue green")):
            write(name, kinds.split(), labelled=name == "old")
        train = ["train", "--dataset", "old.csv", "--epochs", "2", "--width", "8", "--quiet"]
        for seed in ("0", "1"):
            classes = ["--target", "kind", "--drop", "id,price", "--seed", seed, "--name", f"c{seed}"]
            assert run([*train, *classes]) == 0
        assert run([*train, "--target", "price,size2", "--drop", "id,kind", "--name", "r"]) == 0
    return folder


def write(name: str, colors: list[str], labelled: bool) -> None:
    generator = random.Random(name)
    with open(f"{name}.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "size", "color", "ok", "size2", *(["kind", "price"] if labelled else [])])
        for number in range(ROWS):
            size = generator.gauss(0, 1)
            cells = [f"{number:05}", "" if number % 20 == 3 else f"{size:.4f}", generator.choice(colors)]
            cells += ["true" if size > 0 else "false", f"{size * size:.4f}"]
            writer.writerow([*cells, *(["many" if size > 0.2 else "few", f"{3 * size:.3f}"] if labelled else [])])


@pytest.fixture(autouse=True)
def here(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(made)


def predict(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    capsys.readouterr()
    assert run(["predict", *arguments]) == code
    captured = capsys.readouterr()
    return captured.out if code == 0 else captured.err


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def of_eval(name: str, table: str) -> list[dict[str, str]]:
    assert run(["eval", name, "--dataset", table, "--predictions", "e.csv", "--quiet"]) == 0
    return rows_of(Path("e.csv").read_text())


def small_pieces(patch: pytest.MonkeyPatch, size: int) -> None:
    patch.setattr(delimited_records, "READ", size)
    patch.setattr(parquet, "ROWS", size // 100)
    patch.setattr(whole_tables, "ROWS", size // 100)


@pytest.mark.parametrize("name", ["c0", "r"])
@pytest.mark.parametrize("size", [4 << 20, 9_000])
def test_the_rows_of_eval_whatever_the_pieces(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str, size: int
) -> None:
    expected = of_eval(name, "new.csv")
    small_pieces(monkeypatch, size)
    assert rows_of(predict(capsys, name, "new.csv", "--proba")) == expected


@pytest.mark.parametrize("size", [4 << 20, 9_000])
def test_texts_that_the_model_does_not_know_are_counted_over_the_pieces(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    green = sum(row["color"] == "green" for row in rows_of(Path("new.csv").read_text()))
    small_pieces(monkeypatch, size)
    assert run(["predict", "c0", "new.csv"]) == 0
    said = f"column 'color': {green} rows hold texts that the model does not know, such as 'green'"
    assert capsys.readouterr().err == f"mlpcli: warning: {said}\n"


@pytest.mark.parametrize("suffix", [".tsv", ".csv.gz", ".jsonl", ".parquet"])
def test_every_format_has_the_same_rows(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    expected = predict(capsys, "c0", "new.csv", "--proba", "--keep", "id")
    frame = pd.read_csv("new.csv", dtype={"id": str})
    if suffix == ".jsonl":
        frame.to_json("new.jsonl", orient="records", lines=True)
    elif suffix == ".parquet":
        frame.to_parquet("new.parquet")
    else:
        frame.to_csv(f"new{suffix}", sep="\t" if suffix == ".tsv" else ",", index=False)
    small_pieces(monkeypatch, 9_000)
    assert predict(capsys, "c0", f"new{suffix}", "--proba", "--keep", "id") == expected


@pytest.mark.parametrize("size", [4 << 20, 900])
def test_a_key_that_later_rows_lack_is_a_gap_whatever_the_pieces(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    rows = rows_of(Path("new.csv").read_text())[:60]
    for row in rows[20:]:
        row.update(size="", color="", ok="")
    with open("gaps.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    known = [{"size": float, "size2": float, "ok": json.loads}.get(key, str) for key in rows[0]]
    lines = [{key: read(row[key]) for (key, read) in zip(row, known, strict=True) if row[key]} for row in rows]
    Path("gaps.jsonl").write_text("\n".join(map(json.dumps, lines)))
    expected = predict(capsys, "c0", "gaps.csv", "--proba")
    small_pieces(monkeypatch, size)
    assert predict(capsys, "c0", "gaps.jsonl", "--proba") == expected


def test_the_beginning_of_json_lines_has_every_key_and_later_faults_their_row(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [json.loads(line) for line in pd.read_csv("new.csv").to_json(orient="records", lines=True).splitlines()]
    small_pieces(monkeypatch, 900)

    def said(*arguments: str, code: int = 65) -> str:
        Path("late.jsonl").write_text("\n".join(map(json.dumps, lines)))
        return predict(capsys, "c0", "late.jsonl", *arguments, code=code)

    lines[24]["size"] = "large"
    assert "late.jsonl, row 24, column 'size': 'large' is a text" in said()
    lines[24]["size"] = 1.0
    for line in lines[:9]:
        del line["size2"], line["id"]
    expected = "late.jsonl: none of its first 9 rows has the key 'size2'; did you mean size? Give it to one of them"
    assert expected in said()
    lines[0]["size2"] = None
    assert "keep: late.jsonl: none of its first 9 rows has the key 'id'" in said("--keep", "id", code=2)
    lines[8]["id"] = 1
    assert len(rows_of(said("--keep", "id", code=0))) == len(lines)


@pytest.mark.filterwarnings("ignore:X. column 'color'. .* does not know:UserWarning")
def test_the_numbers_of_python(capsys: pytest.CaptureFixture[str]) -> None:
    model, frame = mlpcli.load("c0"), pd.read_csv("new.csv")
    rows = rows_of(predict(capsys, "c0", "new.csv", "--proba"))
    assert [row["prediction"] for row in rows] == model.predict(frame).tolist()
    shares = [[float(row[f"probability_{name}"]) for name in ("few", "many")] for row in rows]
    assert np.array_equal(shares, model.predict_proba(frame))


def test_kept_columns_stand_as_they_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    rows = rows_of(predict(capsys, "c0", "new.csv", "--keep", "id,size,color"))
    with open("new.csv", newline="") as file:
        given = list(csv.DictReader(file))
    names = ("id", "size", "color")
    assert [[row[name] for name in names] for row in rows] == [[row[name] for name in names] for row in given]
    assert list(rows[0]) == ["row", *names, "prediction"]
    assert predict(capsys, "c0", "new.csv", "--columns", "prediction,row").splitlines()[0] == "prediction,row"


@pytest.mark.parametrize("name", ["c", "r"])
def test_an_ensemble_is_the_mean(capsys: pytest.CaptureFixture[str], name: str) -> None:
    runs = ["c0", "c1"] if name == "c" else ["r", "r"]
    alone = [rows_of(predict(capsys, one, "new.csv", "--proba")) for one in runs]
    together = rows_of(predict(capsys, *runs, "new.csv", "--proba"))
    for row, *members in zip(together, *alone, strict=True):
        for column in row:
            if column.startswith(("probability", "prediction_")):
                assert float(row[column]) == pytest.approx(np.mean([float(one[column]) for one in members]))
        if name == "c":
            assert row["prediction"] == max(("few", "many"), key=lambda label: float(row[f"probability_{label}"]))


def test_the_best_trials_of_a_sweep(capsys: pytest.CaptureFixture[str]) -> None:
    Path("s.toml").write_text('[base]\ndataset = "iris"\nepochs = 1\n[grid]\nwidth = [2, 4, 8]\n')
    assert run(["sweep", "s.toml", "--executor", "serial", "--keep-models", "all", "--quiet"]) == 0
    assert len(rows_of(predict(capsys, "s/best:2", "iris"))) == 150  # a dataset that is read as a whole
    assert "their columns differ" in predict(capsys, "s/best", "c0", "new.csv", code=2)


def test_through_pipes(capsys: pytest.CaptureFixture[str]) -> None:
    expected = predict(capsys, "c0", "new.csv")
    command = [sys.executable, "-m", "mlpcli", "predict", "c0", "-"]
    with open("new.csv", "rb") as file:
        piped = subprocess.run(command, stdin=file, capture_output=True, check=True)
    assert piped.stdout.decode() == expected
    assert piped.stderr.startswith(b"mlpcli: warning: column 'color': ") and piped.stderr.count(b"\n") == 1
    refused = subprocess.run(command, input=b"a\n1,2\n", capture_output=True, check=False)
    assert refused.stderr.startswith(b"mlpcli: error: standard input, line 2: 2 cells")


def test_a_file_named_standard_input_is_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    frame, expected = pd.read_csv("new.csv", dtype={"id": str}), predict(capsys, "c0", "new.csv")
    for write_table in (frame.to_csv, frame.to_parquet):
        write_table("standard input", index=False)
        assert predict(capsys, "c0", "standard input") == predict(capsys, "c0", "./standard input") == expected
    Path("standard input").unlink()


def test_a_reader_that_leaves_ends_it_quietly() -> None:
    """The input never ends, so only the reader's leaving can end the command."""
    endless = (
        "import sys\nhead, *lines = open('new.csv').readlines()\nsys.stdout.write(head)\n"
        "while True:\n    sys.stdout.write(''.join(lines))\n"
    )
    command = [sys.executable, "-m", "mlpcli", "predict", "c0", "-"]
    with (
        subprocess.Popen([sys.executable, "-c", endless], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as source,
        subprocess.Popen(command, stdin=source.stdout, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process,
    ):
        try:
            assert process.stdout and process.stderr
            assert process.stdout.readline() == b"row,prediction\n"
            process.stdout.close()
            assert process.wait(PATIENCE) == 0
            assert process.stderr.read() == b""
        finally:
            process.kill()
            source.kill()


def test_a_file_is_whole_or_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert predict(capsys, "c0", "new.csv", "-o", "p.csv", "--json") != ""
    before = Path("p.csv").read_bytes()
    assert before.decode().count("\n") == ROWS + 1
    header, *lines = Path("new.csv").read_text().splitlines(keepends=True)
    Path("bad.csv").write_text(header + "".join(lines) + "1,x,red,true,1\n")
    err = predict(capsys, "c0", "bad.csv", "-o", "p.csv", code=65)
    assert f"bad.csv, line {ROWS + 2}, column 'size': 'x' is not a number" in err
    assert Path("p.csv").read_bytes() == before
    assert not list(Path().glob(".mlpcli-*"))


def test_a_fault_behind_rows_that_were_written_says_how_many(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlpcli.api.predict.PIECE", 500)
    small_pieces(monkeypatch, 900)
    text = Path("new.csv").read_text()
    Path("late.csv").write_text(text + '1,1,"re"d,true,1\n')
    assert run(["predict", "c0", "late.csv"]) == 65
    captured = capsys.readouterr()
    assert len(rows_of(captured.out)) == 500
    assert ". The first 500 rows were written. Quote the whole cell" in captured.err
    assert ". Nothing was written. Quote" in predict(capsys, "c0", "late.csv", "-o", "late-p.csv", code=65)
    Path("early.csv").write_text(text.partition("\n")[0] + '\n1,1,"re"d,true,1\n')
    assert ". Nothing was written. Quote" in predict(capsys, "c0", "early.csv", code=65)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["new.csv"], 2, "predict needs a run and a table, got 'new.csv' alone"),
        (["zz", "new.csv"], 2, "there is no run 'zz'"),
        (["c0", "nowhere.csv"], 74, "cannot read nowhere.csv: No such file"),
        (["c0", "new.csv", "--keep", "idd"], 2, "has no column 'idd'; did you mean id?"),
        (
            ["c0", "new.csv", "--columns", "predicton"],
            2,
            "no such column: predicton; did you mean prediction?",
        ),
        (["c0", "named.csv", "--keep", "row"], 2, "--keep 'row': two columns would have that name"),
        (["c0", "new.csv", "--json"], 2, "--json: stdout would hold the predictions"),
        (["c0", "iris"], 65, "the model needs the column"),
        (["c0", "new.csv", "--stdin", "jsonl"], 2, "--stdin jsonl: the rows come from new.csv"),
    ],
)
def test_what_is_refused(capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str) -> None:
    Path("named.csv").write_text(Path("new.csv").read_text().replace("id,", "row,", 1))
    err = predict(capsys, *arguments, code=code)
    assert said in err and err.count("\n") == 1


@pytest.mark.parametrize("suffix", [".csv", ".feather", ".jsonl", ".parquet", ".xlsx"])
def test_whatever_stands_in_place_of_the_target_is_no_matter(capsys: pytest.CaptureFixture[str], suffix: str) -> None:
    expected = predict(capsys, "c0", "new.csv", "--proba")
    frame = pd.read_csv("new.csv", dtype={"id": str}).assign(kind="?")
    writers = {
        ".csv": partial(frame.to_csv, index=False),
        ".feather": frame.to_feather,
        ".jsonl": partial(frame.to_json, orient="records", lines=True),
        ".parquet": frame.to_parquet,
        ".xlsx": partial(frame.to_excel, index=False),
    }
    writers[suffix](f"placeholder{suffix}")
    assert predict(capsys, "c0", f"placeholder{suffix}", "--proba") == expected


def test_archives_need_no_y_and_labels_of_sparse_rows_may_be_placeholders(capsys: pytest.CaptureFixture[str]) -> None:
    x, y = np.random.default_rng(0).normal(size=(40, 3)), np.array(["no", "yes"] * 20)
    np.savez("own.npz", X=x, y=y)
    lines = [f"{row % 2 * 2 - 1} {1 + row % 3}:{row + 1}" for row in range(40)]
    Path("own.svm").write_text("\n".join(lines))
    for name in ("own.npz", "own.svm"):
        assert run(["train", "--dataset", name, "--epochs", "1", "--name", name[-3:], "--quiet"]) == 0
    expected = {name: predict(capsys, name[-3:], name, "--proba") for name in ("own.npz", "own.svm")}
    for given in ({}, {"y": np.zeros(40)}, {"y": np.array(["?"] * 40)}):
        np.savez("others.npz", X=x, **given)
        assert predict(capsys, "npz", "others.npz", "--proba") == expected["own.npz"]
    np.savez("others.npz", X=x)
    assert run(["eval", "npz", "--dataset", "others.npz", "--quiet"]) == 0
    capsys.readouterr()
    assert run(["train", "--dataset", "others.npz"]) == 65  # also where the cache has its rows
    assert "it has no array 'y'" in capsys.readouterr().err
    for label in ("0", "", "0,1"):
        Path("others.svm").write_text("\n".join(f"{label} {line.split(' ')[1]}" for line in lines))
        assert predict(capsys, "svm", "others.svm", "--proba") == expected["own.svm"]


def test_dense_rows_of_a_model_of_sparse_ones_are_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("sparse.svm").write_text("".join(f"{row % 2} {1 + row % 3}:{row + 1}\n" for row in range(40)))
    assert run(["train", "--dataset", "sparse.svm", "--epochs", "1", "--name", "sparse", "--quiet"]) == 0
    assert len(rows_of(predict(capsys, "sparse", "sparse.svm"))) == 40
    dense = "its rows are dense, but the model was trained on sparse rows. Use a .svm file"
    assert f"dataset 'new.csv': {dense}" in predict(capsys, "sparse", "new.csv", code=65)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(Path("sparse.svm").read_bytes())))
    assert f"standard input: {dense}" in predict(capsys, "sparse", "-", code=65)


def test_json_of_a_file_counts_its_rows(capsys: pytest.CaptureFixture[str]) -> None:
    found: dict[str, Any] = json.loads(predict(capsys, "c0", "new.csv", "-o", "q.csv", "--json"))
    assert found == {"rows": ROWS, "columns": ["row", "prediction"], "output": "q.csv"}


def test_the_table_itself_is_not_replaced(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(made)
    before = Path("new.csv").read_bytes()
    Path("link.csv").symlink_to("new.csv")
    for output in ("new.csv", "link.csv", "./new.csv"):
        assert run(["predict", "c0", "new.csv", "-o", output]) == 2
        assert "that is the table itself. Nothing was written. Name another file" in capsys.readouterr().err
    assert Path("new.csv").read_bytes() == before

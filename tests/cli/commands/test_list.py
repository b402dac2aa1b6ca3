"""`mlpcli list` from the outside: formats, filters, a narrow terminal, what it loads and what it refuses."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from mlpcli.cli.main import run
from tests.plot.folders import run_folder, sweep_folder


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = {"dataset": "iris", "hidden": [8], "monitor": "val_accuracy", "epochs": 5}
    run_folder(Path("results/a"), config=config)
    run_folder(Path("results/b"), config={**config, "lr": 0.1})
    sweep_folder(Path("results/s"), {"width": [4, 8, 16]}, seeds=2, score=lambda values, seed: values["width"] / 100)
    Path("results/foreign").mkdir()


def listed(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> tuple[str, str]:
    assert run(["list", *arguments]) == code
    captured = capsys.readouterr()
    return captured.out, captured.err


def test_a_folder_of_results(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = listed(capsys)
    assert err == ""
    header, *lines = [line.split() for line in out.splitlines()]
    assert header == ["name", "kind", "dataset", "state", "metric", "value", "lr", "when"]
    assert lines[0][:6] == ["a", "run", "iris", "complete", "val_accuracy", "0.9000"]
    assert lines[1][6] == "0.1"
    assert lines[2] == ["foreign", "other", "not", "of", "mlpcli"]
    assert lines[3][:6] == ["s", "sweep", "interrupted", "6", "val_accuracy", "0.1600"]  # its file names no dataset


def test_trials_at_a_rung_of_an_unfinished_sweep_are_counted_apart(capsys: pytest.CaptureFixture[str]) -> None:
    """All are in the table, and yet the sweep has to go on with some of them."""
    folder = sweep_folder(Path("results/h"), {"width": [4, 8, 16]}, seeds=2, states=dict.fromkeys(range(5), "pruned"))
    made = {"version": "1", "started": "2024-01-01T00:00:00+00:00", "trials": 6, "metric": "val_accuracy"}
    (folder / "provenance.json").write_text(json.dumps(made))
    row = next(row for row in json.loads(listed(capsys, "--json")[0])["results"] if row["name"] == "h")
    assert (row["done"], row["planned"], row["pruned"]) == (6, 6, 5)
    assert "interrupted 6 of 6, 5 as far as a rung" in listed(capsys, "--format", "markdown")[0]
    (folder / "summary.csv").write_text("rank\n1\n")
    assert "| complete |" in listed(capsys, "--format", "markdown", "--where", "name == 'h'")[0]


def test_trials_filtered_sorted_and_cut(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = listed(
        capsys, "s", "--where", "width > 4", "--sort", "-val_accuracy", "--top", "3", "--columns", "trial,width"
    )
    assert [line.split() for line in out.splitlines()] == [["trial", "width"], ["4", "16"], ["5", "16"], ["2", "8"]]


def test_every_format_has_the_same_rows(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("s", "--columns", "trial,width,val_accuracy", "--sort", "-trial", "--top", "2")
    rows = json.loads(listed(capsys, *asked, "--json")[0])["trials"]
    assert [(row["trial"], row["width"], row["val_accuracy"]) for row in rows] == [(5, 16, 0.16), (4, 16, 0.16)]
    assert rows[0]["run_id"] == "000000000005"  # every column
    table = list(csv.DictReader(io.StringIO(listed(capsys, *asked, "--format", "csv")[0])))
    assert table == [{"trial": n, "width": "16", "val_accuracy": "0.16"} for n in ("5", "4")]
    markdown = listed(capsys, *asked, "--format", "markdown")[0]
    assert markdown.splitlines() == [
        "| trial | width | val_accuracy |",
        "|---|---|---|",
        "| 5 | 16 | 0.1600 |",
        "| 4 | 16 | 0.1600 |",
    ]
    latex = listed(capsys, *asked, "--format", "latex")[0].splitlines()
    assert latex[:3] == [r"\begin{tabular}{rrr}", r"trial & width & val\_accuracy \\", r"\hline"]
    assert latex[-1] == r"\end{tabular}"


def test_the_top_trials_are_the_best_and_complete_ones(capsys: pytest.CaptureFixture[str]) -> None:
    table = Path("results/s/trials.csv")
    lines = table.read_text().splitlines()
    table.write_text(
        "\n".join(line.replace(",complete,", ",pruned,") if line[:1] == "5" else line for line in lines) + "\n"
    )
    found = json.loads(listed(capsys, "s", "--top", "3", "--json")[0])["trials"]
    assert [row["trial"] for row in found] == [4, 2, 3]  # 5 has the largest accuracy too
    kept = json.loads(listed(capsys, "s", "--top", "2", "--where", "width < 16", "--json")[0])["trials"]
    assert [row["trial"] for row in kept] == [2, 3]
    whole = json.loads(listed(capsys, "s", "--json")[0])["trials"]
    assert [row["trial"] for row in whole] == [0, 1, 2, 3, 4, 5]


def test_the_top_runs_are_the_newest(capsys: pytest.CaptureFixture[str]) -> None:
    for name, day in (("a", "02"), ("b", "03")):
        made = {"version": "1", "started": f"2099-01-{day}T03:04:05+00:00"}
        Path(f"results/{name}/provenance.json").write_text(json.dumps(made))
    found = json.loads(listed(capsys, "--top", "3", "--json")[0])["results"]
    assert [row["name"] for row in found] == ["b", "a", "s"]


def test_only_those_with_a_tag(capsys: pytest.CaptureFixture[str]) -> None:
    made = {"version": "1", "started": "2026-01-02T03:04:05+00:00", "tags": ["paper"]}
    Path("results/b/provenance.json").write_text(json.dumps(made))
    rows = json.loads(listed(capsys, "--tag", "paper", "--json")[0])["results"]
    assert [(row["name"], row["tags"]) for row in rows] == [("b", ["paper"])]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a"], "results/a is a run and has no trials. Type mlpcli show results/a"),
        (["zz"], "there are no results 'zz', here or in results"),
        (["s", "--tag", "x"], "--tag: runs and sweeps have tags"),
        (["s", "--columns", "width, widht"], "--columns 'widht': no such column: widht; did you mean width?"),
        (["--where", "lr >"], "--where 'lr >': column"),
    ],
)
def test_what_is_refused(capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    out, err = listed(capsys, *arguments, code=2)
    assert out == "" and said in err and err.count("\n") == 1


def test_an_empty_place_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert listed(capsys, "--results", "elsewhere")[1] == "no results in elsewhere\n"
    assert listed(capsys, "--tag", "nosuch")[1] == "no results in results with the tag 'nosuch'\n"
    assert json.loads(listed(capsys, "--results", "elsewhere", "--json")[0]) == {"results": []}


@pytest.mark.parametrize("arguments", [["list"], ["list", "s"]])
def test_nothing_heavy_is_loaded(arguments: list[str]) -> None:
    code = (
        f"import sys\nfrom mlpcli.cli.main import run\nassert run({arguments!r}) == 0\n"
        "heavy = {'numpy', 'pandas', 'sklearn', 'scipy', 'rich'} & set(sys.modules)\nassert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)

"""What the page says, read from its HTML and its numbers: everything that needs no browser."""

import json
import re
import shlex
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import mlpcli
from mlpcli.errors import UsageError
from mlpcli.report.commands import train_commands
from mlpcli.report.contents import Contents, contents_of
from mlpcli.report.page import check_installed, page_bytes
from mlpcli.results.files.lock import FolderLock
from mlpcli.results.files.read_file import read_toml
from mlpcli.results.folders.read_folder import read_folder
from mlpcli.results.reading import recorded
from tests.plot.folders import run_folder, search_folder, sweep_folder

MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Contents:
    """A real sweep of two configurations with two seeds, in a folder with its summary."""
    results = tmp_path_factory.mktemp("results")
    spec = {
        "name": "s",
        "seeds": 2,
        "base": {"dataset": "moons:n=120", "epochs": 3, "drop_unlabelled": True},
        "grid": {"width": [4, 8]},
    }
    mlpcli.sweep(spec, executor="serial", results=results)
    return contents_of(results / "s")


class Elements(HTMLParser):
    """Every element with its attributes, and the text within cells."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


def test_tables_are_the_files(sweep: Contents) -> None:
    summary, trials = sweep.tables["Configurations"], sweep.tables["Trials"]
    assert list(summary.columns[:4]) == ["rank", "width", "n_seeds", "val_accuracy_mean"]
    assert [row[0] for row in summary.rows] == [1, 2]
    assert {"p_value", "diff_mean"} <= set(summary.columns)
    assert dict(zip(summary.columns, summary.meanings, strict=True))["width"] == "units per hidden layer"
    assert [row[0] for row in trials.rows] == list(trials.keys) == [0, 1, 2, 3]
    assert "error" not in trials.columns  # empty everywhere


def test_the_command_of_a_trial_makes_its_run_id(sweep: Contents) -> None:
    for trial in sweep.chart["trials"]:
        _, train, *words = shlex.split(trial["command"])
        assert train == "train" and words.pop() == "1" and words.pop() == "--threads"
        words.remove("--drop-unlabelled")
        given = dict(zip(words[::2], words[1::2], strict=True))
        options = {name[2:]: value if name == "--dataset" else int(value) for name, value in given.items()}
        assert mlpcli.train(options.pop("dataset"), drop_unlabelled=True, threads=1, **options).id == trial["id"]


def test_the_commands_of_all_trials_need_one_look_at_the_sweep_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = read_folder(sweep_folder(tmp_path / "s", {"width": [4, 8]}, seeds=2))
    looks: list[Path] = []
    monkeypatch.setattr(recorded, "read_toml", lambda path, *rest: looks.append(path) or read_toml(path, *rest))
    assert all(command and "--width" in command for command in train_commands(folder)) and len(looks) == 1


def test_curves_are_thinned_to_what_a_page_can_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = sweep_folder(tmp_path / "s", {"width": [4, 8]}, seeds=1, epochs=10)
    whole = contents_of(folder).chart
    assert whole["every"] == 1 and whole["lengths"] == [10, 10]
    monkeypatch.setattr("mlpcli.report.chart_numbers.NUMBERS", 20)
    thinned = contents_of(folder).chart
    assert thinned["every"] == 4
    for name, curves in whole["curves"].items():
        assert thinned["curves"][name] == [[curve[0], curve[4], curve[8], curve[9]] for curve in curves]


def test_a_sweep_without_summary_ranks_by_the_mean(tmp_path: Path) -> None:
    folder = sweep_folder(tmp_path / "s", {"norm": ["none", "batch"]}, states={1: "failed"})
    contents = contents_of(folder)
    assert list(contents.tables) == ["Trials"]
    assert contents.headline.startswith("trials: 5 complete, 1 failed · chosen by val_accuracy")
    means = [one["mean"] for one in contents.chart["configurations"]]
    assert len(means) == 2 and means == sorted(means, reverse=True)


def test_a_confirmed_configuration_has_the_mean_of_its_fresh_seeds(tmp_path: Path) -> None:
    folder = sweep_folder(
        tmp_path / "s", {"width": [8]}, seeds=4, score=lambda values, seed: [0.9, 0.8, 0.5, 0.6][seed]
    )
    with (folder / "sweep.toml").open("a") as file:
        file.write("seeds = 2\n[confirm]\ntop = 1\nseeds = 2\n")
    (configuration,) = contents_of(folder).chart["configurations"]
    assert configuration["mean"] == pytest.approx(0.55) and len(configuration["trials"]) == 4


def test_a_search_has_its_course_and_what_its_options_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sweep: Contents
) -> None:
    assert sweep.chart["course"] == sweep.chart["importance"] == []
    folder = search_folder(tmp_path / "s", [0.5, 0.7, None, 0.6, *(0.01 * n for n in range(20))], {1: 0.65})
    left_out: list[str] = []
    chart = contents_of(folder, left_out.append).chart
    known = {"place": 3, "ended": True, "confirmed": 0.65, "seconds": 3.0}
    assert chart["course"][1] == {**known, "score": pytest.approx(0.7), "best": pytest.approx(0.7)}
    assert chart["course"][2]["score"] is None and len(chart["course"]) == 24
    assert {name for name, _ in chart["importance"]} == {"lr", "norm"} and not left_out
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert contents_of(folder, left_out.append).chart["importance"] == []
    assert len(left_out) == 1 and left_out[0].startswith(
        "left out importance: optuna, which measures it, is not installed. Type: "
    )


@pytest.mark.parametrize(
    ("targets", "task", "answer"),
    [
        (["no"] * 7 + ["yes"] * 3, "auto", "'no'"),
        ([0.5, 2.5] * 5, "regression", "1.5"),
        ([[0.5, 4.5]] * 10, "auto", "the means"),
    ],
)
def test_a_run_is_compared_with_the_constant_answer_of_its_task(
    targets: list[Any], task: str, answer: str, tmp_path: Path
) -> None:
    x = [[at, at % 3] for at in range(10)]
    run = mlpcli.train((x, targets), task=task, epochs=1, width=2, test_size=0, val_size=0, results=tmp_path)
    assert run.path is not None
    rows = [row[0] for row in contents_of(run.path).tables["Scores"].rows]
    assert rows == ["train", f"train, always {answer}", "train, linear model"]


def test_a_run_that_has_only_begun_has_a_page(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "r", 2)
    assert contents_of(folder).tables["Scores"].rows[0] == ["train", 0.1, 0.95]
    (folder / "result.json").unlink()
    with FolderLock(folder):
        contents = contents_of(folder)
    assert contents.headline.startswith("running") and not contents.tables
    assert contents.chart["trials"][0]["state"] == "running"
    assert page_bytes([contents])
    killed = contents_of(folder)
    assert killed.headline.startswith("interrupted") and killed.chart["trials"][0]["state"] == "interrupted"


def test_the_page_is_one_file_that_asks_for_nothing(sweep: Contents) -> None:
    page = page_bytes([sweep])
    assert page == page_bytes([sweep])
    elements = Elements(page.decode()).elements
    assert not [tag for tag, attributes in elements if {"src", "href", "srcset", "data"} & attributes.keys()]
    policy = next(a["content"] for t, a in elements if t == "meta" and a.get("http-equiv"))
    assert policy and policy.startswith("default-src 'none'; script-src 'unsafe-inline'") and "connect" not in policy
    assert "://" not in re.sub(r"(?s)<script.*?</script>", "", page.decode())


def test_texts_of_files_are_escaped(tmp_path: Path) -> None:
    nasty = "</script><img src=x onerror=alert(1)>"
    folder = sweep_folder(tmp_path / "s", {"norm": ["none", nasty]})
    with (folder / "sweep.toml").open("a") as file:
        file.write(f"# {nasty}\n")
    page = page_bytes([contents_of(folder)]).decode()
    assert nasty not in page
    assert "img" not in {tag for tag, _ in Elements(page).elements}
    data = re.search(r'(?s)id="data">(.*?)</script>', page)
    assert data and json.loads(data[1])[0]["trials"][3]["options"] == [nasty]


def test_what_was_repeated_is_named(tmp_path: Path, sweep: Contents) -> None:
    spec = {"name": "s", "folds": 2, "base": {"dataset": "moons:n=60", "epochs": 1}, "grid": {"width": [4, 8]}}
    mlpcli.sweep(spec, executor="serial", results=tmp_path)
    folds = contents_of(tmp_path / "s")
    assert [trial["fold"] for trial in folds.chart["trials"]] == [0, 1, 0, 1]
    assert {trial["fold"] for trial in sweep.chart["trials"]} == {None}
    for contents, text in ((sweep, "paired by seed; p-values"), (folds, "paired by seed and fold, wider for")):
        assert text in page_bytes([contents]).decode()


def test_a_thousand_trials_stay_below_six_megabytes(tmp_path: Path) -> None:
    grid = {"lr": [0.01 * (k + 1) for k in range(25)], "norm": ["none", "batch"], "width": [8, 16, 32, 64]}
    folder = sweep_folder(tmp_path / "s", grid, seeds=5, epochs=30)
    contents = contents_of(folder)
    assert len(contents.chart["trials"]) == 1000
    assert len(page_bytes([contents])) < 6 * MEGABYTE


def test_a_missing_extra_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlpcli.report.page.find_spec", lambda name: None if name == "plotly" else object())
    with pytest.raises(UsageError, match=r"plotly is not installed. Nothing was written. Type: .*\[report\]"):
        check_installed()

"""`mlpcli.sweep`: from a dict as from its file, on data in memory as on a file, and what is left of it."""

import pickle
import threading
import tomllib
import warnings
from collections import deque
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tomli_w

import mlpcli
from mlpcli.api.views.result_frames import frame_of
from mlpcli.cli.main import run as command
from mlpcli.errors import DataError, UsageError

SPEC: dict[str, Any] = {
    "name": "widths",
    "seeds": 2,
    "base": {"dataset": "moons:n=60", "epochs": 3, "depth": 1},
    "grid": {"width": [2, 8], "norm": ["none", "layer"]},
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files(folder: Path) -> dict[str, str]:
    """The tables without their seconds, and the sweep file that is kept."""
    found = {"sweep.toml": (folder / "sweep.toml").read_text()}
    for name in ("trials.csv", "metrics.csv", "summary.csv"):
        rows = [line.split(",") for line in (folder / name).read_text().splitlines()]
        kept = [at for at, column in enumerate(rows[0]) if not column.endswith("_s")]
        found[name] = "\n".join(",".join(row[at] for at in kept) for row in rows)
    return found


def test_a_dict_its_file_and_the_command_write_equal_files(folder: Path) -> None:
    Path("widths.toml").write_text(tomli_w.dumps(SPEC))
    assert command(["sweep", "widths.toml", "--executor", "serial", "-q", "--results", "typed"]) == 0
    mlpcli.sweep("widths.toml", executor="serial", results="file")
    found = mlpcli.sweep(SPEC, executor="serial", results="dict")
    assert files(folder / "typed" / "widths") == files(folder / "file" / "widths") == files(folder / "dict" / "widths")
    (best,) = (folder / "dict" / "widths" / "models").iterdir()
    found.best.save("best.safetensors")
    assert Path("best.safetensors").read_bytes() == best.read_bytes()


def test_without_results_the_tables_are_the_same_and_nothing_is_written(folder: Path) -> None:
    written, here = (mlpcli.sweep(SPEC, executor="serial", results=where) for where in ("results", None))
    assert here.path is None
    for name in ("trials", "summary", "history"):
        one, other = getattr(written, name), getattr(here, name)
        seconds = [column for column in one if column.endswith("_s")]
        assert one.drop(columns=seconds).equals(other.drop(columns=seconds))
    assert len(here.trials) == 8
    assert here.trials["norm"].tolist()[:3] == ["none", "none", "layer"]
    assert here.best.score([[0.0, 0.0]], ["0"]) in (0.0, 1.0)
    assert sorted(path.name for path in folder.iterdir()) == ["results"]


@pytest.mark.parametrize("changes", [{"width": 4}, {"depth": 1}, {"width": 4, "depth": 2}])
def test_the_layers_are_those_of_train(changes: dict[str, int]) -> None:
    base = {"dataset": "xor", "epochs": 1, "hidden": [6, 6, 6]}
    expected = mlpcli.train(config=base, **changes).id
    (changed,) = mlpcli.sweep({"base": base, "seeds": 1}, executor="serial", **changes).trials["run_id"]
    grid = {name: [value] for name, value in changes.items()}
    (drawn,) = mlpcli.sweep({"base": base, "grid": grid, "seeds": 1}, executor="serial").trials["run_id"]
    assert expected == changed == drawn


def test_data_in_memory_give_the_trials_of_the_npz_and_of_train() -> None:
    x = np.random.default_rng(0).normal(size=(90, 3))
    y = x[:, 0] * x[:, 1] > 0
    np.savez("d.npz", X=x, y=y)
    base = {"epochs": 3, "depth": 1}
    spec = {"base": base, "grid": {"width": [2, 8]}}
    here = mlpcli.sweep(spec, data=(x, y), executor="local", jobs=np.int64(1))
    there = mlpcli.sweep({**spec, "base": {**base, "dataset": "d.npz"}}, executor="serial")
    columns = [column for column in here.trials if not column.endswith("_s")]
    assert here.trials[columns].equals(there.trials[columns])
    run = mlpcli.train((x, y), **base, width=8, threads=1)
    assert run.id == here.trials["run_id"][1]
    assert run.metrics["test"]["loss"] == here.trials["test_loss"][1]


def test_a_frame_in_memory_has_its_target_in_the_base() -> None:
    rows = [{"size": i % 7, "color": ["red", "blue"][i % 2], "grade": ["bad", "good"][i % 3 == 0]} for i in range(60)]
    found = mlpcli.sweep({"base": {"target": "grade", "epochs": 2}, "grid": {"width": [2, 4]}}, data=rows, jobs=1)
    assert set(found.best.predict(rows)) <= {"bad", "good"}


def test_keywords_say_how_data_in_memory_are_read() -> None:
    frame = {"size": [-999, *range(39)], "grade": ["bad", "good"] * 20}
    asked = {"target": "grade", "missing": ["-999"], "scale": "minmax", "epochs": 1}
    by_keywords = mlpcli.sweep({"grid": {"width": [2]}}, data=frame, executor="serial", seeds=np.int64(1), **asked)
    by_base = mlpcli.sweep({"grid": {"width": [2]}, "base": asked}, data=frame, executor="serial", seeds=1)
    assert by_keywords.trials["run_id"].tolist() == by_base.trials["run_id"].tolist()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"jobs": -1}, "^jobs: got -1, expected an integer of at least 1$"),
        ({"jobs": "2"}, "^jobs: got '2', expected an integer of at least 1$"),
        ({"jobs": True}, "^jobs: got true, expected an integer of at least 1$"),
        ({"seeds": 2.5}, "^--seeds: got '2.5', expected a number of at least 1, or a list: 0,1,2$"),
        ({"keep_models": "alll"}, "^keep_models: got 'alll', expected one of none, best, all$"),
    ],
)
def test_arguments_are_checked_first(given: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        mlpcli.sweep(SPEC, **given)


def test_keywords_override_the_base_and_seeds() -> None:
    found = mlpcli.sweep(SPEC, executor="serial", seeds=[3], epochs=2, name="other")
    assert (found.name, set(found.trials["seed"]), found.history["epoch"].max()) == ("other", {3}, 2)


def test_what_is_wrong_is_said_in_the_words_of_the_command() -> None:
    with pytest.raises(UsageError, match=r"sweep: \[grid\] widht: no such option"):
        mlpcli.sweep({"grid": {"widht": [1]}})
    with pytest.raises(DataError, match="the cache no longer has them"):
        mlpcli.train("memory:0123456789")


def test_a_trial_that_diverged_is_in_the_table_and_a_warning() -> None:
    spec = {
        "base": {"dataset": "moons:n=60", "epochs": 2, "optimizer": "sgd", "loss": "squared", "activation": "identity"},
        "grid": {"lr": [0.01, 1e30]},
    }
    with pytest.warns(UserWarning, match="1 of 2 trials failed or diverged: see the column error of trials"):
        found = mlpcli.sweep(spec, executor="serial")
    assert found.trials["state"].tolist() == ["complete", "diverged"]


def test_a_time_limit_that_was_reached_is_a_warning() -> None:
    with pytest.warns(UserWarning, match="^time limit: 0 of 8 trials have ended, and there is no summary. Allow more"):
        found = mlpcli.sweep(SPEC, executor="serial", time_limit=1e-6)
    assert len(found.trials) == len(found.summary) == 0


def test_none_in_the_dict_says_as_little_as_in_a_keyword() -> None:
    spec = {**SPEC, "where": None, "compare": None, "base": {**SPEC["base"], "target": None}}
    mlpcli.sweep(spec, executor="serial", seeds=1, results="results")
    assert tomllib.loads(Path("results/widths/sweep.toml").read_text()) == {**SPEC, "seeds": 1}


@pytest.mark.parametrize(
    "values",
    [
        {2: "two", 8: "eight"}.keys(),
        {"two": 2, "eight": 8}.values(),
        range(2, 9, 6),
        deque([2, 8]),
        np.array([2, 8], np.int16),
        np.array([np.int64(2), np.int64(8)], object),
        pd.Series([2, 8]),
        pd.Index([2, 8]),
        pd.Series([2, 8], dtype=object).map(np.int64),
    ],
)
def test_whatever_has_an_order_is_a_list(values: Any) -> None:
    spec = {"base": {"dataset": "xor", "epochs": 1}, "grid": {"width": values}}
    assert mlpcli.sweep(spec, executor="serial").trials["width"].tolist() == [2, 8]


@pytest.mark.parametrize("spec", [3, ["sweep.toml"], None])
def test_other_than_a_file_or_a_dict_is_refused(spec: Any) -> None:
    with pytest.raises(UsageError, match=r"^spec: got .*, expected a sweep file or a dict of the same shape"):
        mlpcli.sweep(spec)


@pytest.mark.parametrize("values", [threading.Lock(), [object()], 8, "8", b"8", Decimal(8), 2j])
def test_other_values_are_refused_in_the_words_of_the_command(values: Any) -> None:
    with pytest.raises(UsageError, match=r"^sweep: \[grid\] width: got "):
        mlpcli.sweep({"grid": {"width": values}})


@pytest.mark.parametrize("values", [[0.1, None], (value for value in [0.1]), {0.1, 0.2}, frozenset([0.1])])
def test_values_that_toml_does_not_know_are_refused_in_one_line(values: Any) -> None:
    with pytest.raises(UsageError, match=r"^sweep: grid: lr: got [^\n]*, expected a list of values, none of which is"):
        mlpcli.sweep({"grid": {"lr": values}})


def test_a_notebook_sees_the_ranking_and_curves() -> None:
    page = mlpcli.sweep(SPEC, executor="serial")._repr_html_()
    for piece in ("<th>rank</th>", "<th>width</th>", "<svg", "width 8, norm layer"):
        assert piece in page


def test_what_is_on_disk_is_opened_and_loaded(folder: Path) -> None:
    run = mlpcli.train("moons:n=60", width=4, depth=1, epochs=2, results="results", name="one")
    swept = mlpcli.sweep(SPEC, executor="serial", results="results")
    for name in ("results/one", "one", folder / "results" / "one"):
        again = mlpcli.open(name)
        assert isinstance(again, mlpcli.Run)
        assert (again.id, again.metrics, again.options) == (run.id, run.metrics, run.options)
        assert again.history.equals(run.history)
    opened = mlpcli.open("widths")
    assert isinstance(opened, mlpcli.Sweep)
    assert opened.summary.equals(swept.summary)
    points = [[0.0, 0.5], [1.0, -0.5]]
    assert np.array_equal(mlpcli.load("one").predict_proba(points), run.model.predict_proba(points))
    assert np.array_equal(opened.best.predict_proba(points), swept.best.predict_proba(points))
    for best in (mlpcli.load("widths/best"), mlpcli.load(folder / "results" / "widths" / "best")):
        assert np.array_equal(best.predict_proba(points), swept.best.predict_proba(points))
    with pytest.raises(UsageError, match="there are no results"):
        mlpcli.open("tow")


def test_an_unfinished_run_is_opened_as_far_as_it_came(folder: Path) -> None:
    mlpcli.train("moons:n=60", width=4, depth=1, epochs=2, results="results", name="one")
    (folder / "results" / "one" / "result.json").unlink()
    run = mlpcli.open("one")
    assert isinstance(run, mlpcli.Run)
    assert (run.state, len(run.history), run.metrics["val"]) == ("unfinished", 2, None)


def test_the_kept_sweep_file_is_the_dict() -> None:
    mlpcli.sweep(SPEC, executor="serial", results="results")
    assert tomllib.loads(Path("results/widths/sweep.toml").read_text()) == SPEC


def test_no_warning_where_all_is_well() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mlpcli.sweep(SPEC, executor="serial", seeds=1)


def test_confirmed_is_true_or_false_in_the_frame() -> None:
    """Not the texts of the file, of which "false" would be true."""
    frame = frame_of("summary.csv", "rank,confirmed,width,n_seeds\n1,true,4,3\n2,false,8,3\n")
    assert frame["confirmed"].tolist() == [True, False]


@pytest.mark.parametrize("kept", [False, True])
def test_a_sweep_is_pickled_with_its_tables_and_its_best_model(tmp_path: Path, kept: bool) -> None:
    spec = {"name": "s", "base": {"dataset": "xor", "epochs": 2}, "grid": {"width": [2, 4]}}
    found = mlpcli.sweep(spec, executor="serial", results=tmp_path if kept else None)
    copied = pickle.loads(pickle.dumps(found))
    for table in ("trials", "summary", "history"):
        assert getattr(copied, table).equals(getattr(found, table))
    x = [[0.0, 1.0], [1.0, 1.0]]
    assert np.array_equal(copied.best.predict_proba(x), found.best.predict_proba(x))

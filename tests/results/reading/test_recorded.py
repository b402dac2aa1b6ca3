"""Runs and trials as their files tell them: the fewest options that make them, and their epochs."""

from pathlib import Path

import pytest

from mlpcli.config import RunOptions, Source, as_dict, build, resolve
from mlpcli.errors import UsageError
from mlpcli.results.folders.find import find_named
from mlpcli.results.reading.recorded import curves, read_recorded, recorded_options
from tests.plot.folders import run_folder, sweep_folder

FACTS = {"task": "classification", "scale": "standard", "has_validation": True, "threads": 2}

KEPT = " --task classification --scale standard"
"""The data alone might lead to others, so both are always said."""


def run_of(path: Path, task: str = "classification", **given: object) -> RunOptions:
    """A run's folder with these options, resolved in its config.toml."""
    import tomli_w

    resolved = resolve(build(Source(given, "")), **{**FACTS, "task": task})
    run_folder(path)
    (path / "config.toml").write_text(tomli_w.dumps(as_dict(resolved)))
    return resolved


@pytest.mark.parametrize(
    ("given", "command"),
    [
        ({}, f"mlpcli train{KEPT} --threads 2"),
        ({"hidden": (32, 32, 32)}, f"mlpcli train{KEPT} --width 32 --depth 3 --threads 2"),
        ({"hidden": (32, 8)}, f"mlpcli train{KEPT} --hidden 32,8 --threads 2"),
        ({"depth": 0}, f"mlpcli train{KEPT} --depth 0 --threads 2"),
        ({"optimizer": "sgd"}, f"mlpcli train{KEPT} --optimizer sgd --threads 2"),  # its learning rate follows
        ({"lr": 0.5}, f"mlpcli train{KEPT} --lr 0.5 --threads 2"),
        (
            {"record": True, "dataset": "my table.csv"},
            f"mlpcli train --dataset 'my table.csv'{KEPT} --threads 2 --record",
        ),
        ({"drop": ("a b", "c")}, f"mlpcli train --drop 'a b,c'{KEPT} --threads 2"),
        ({"target": ("-logP",)}, f"mlpcli train --target -logP{KEPT} --threads 2"),  # no apostrophe of a spreadsheet
    ],
)
def test_the_fewest_options_that_resolve_to_those_of_a_run(tmp_path: Path, given: dict, command: str) -> None:
    resolved = run_of(tmp_path / "r", **given)
    recorded = read_recorded(find_named("r", tmp_path))
    assert recorded.command == command
    assert resolve(build(Source(recorded.given, "")), **FACTS) == resolved


def test_the_scale_of_the_output_layer_of_a_regression_follows_from_init(tmp_path: Path) -> None:
    run_of(tmp_path / "r", "regression", epochs=2)
    said = read_recorded(find_named("r", tmp_path)).command
    assert said == "mlpcli train --task regression --scale standard --epochs 2 --threads 2"


def test_flags_override_one_of_width_and_depth(tmp_path: Path) -> None:
    run_of(tmp_path / "r", width=32, depth=3)
    options = build(*recorded_options(find_named("r", tmp_path)), Source({"width": "8"}, "--", text=True))
    assert options.sizes == (8, 8, 8)


def test_a_trial_is_its_base_its_row_and_its_seed(tmp_path: Path) -> None:
    path = sweep_folder(tmp_path / "s", {"width": [4, 8], "norm": ["batch"]}, seeds=2)
    (path / "sweep.toml").write_text('name = "s"\n[base]\ndataset = "wine"\nwidth = 128\nepochs = 4\n')
    recorded = read_recorded(find_named("s/3", tmp_path))
    assert (recorded.trial.number, recorded.columns["epoch"]) == (3, [1, 2, 3, 4])
    assert recorded.command == ("mlpcli train --dataset wine --width 8 --norm batch --epochs 4 --seed 1 --threads 1")
    assert list(curves(recorded)) == ["train_accuracy", "val_accuracy"]


def test_the_epochs_of_a_run_that_two_trials_share_count_once(tmp_path: Path) -> None:
    path = sweep_folder(tmp_path / "s", {"split_seed": [0, "seed"]}, seeds=1, epochs=3)
    for file in ("trials.csv", "metrics.csv"):
        (path / file).write_text((path / file).read_text().replace(f",{1:012x},", f",{0:012x},"))
    assert read_recorded(find_named("s/1", tmp_path)).columns["epoch"] == [1, 2, 3]


def test_a_run_that_has_only_begun(tmp_path: Path) -> None:
    path = run_folder(tmp_path / "r")
    (path / "result.json").unlink()
    (path / "metrics.csv").write_text("epoch,step,lr,train_loss\n1,2,0.1,0.5\n2,4,0.")  # torn
    recorded = read_recorded(find_named("r", tmp_path))
    assert (recorded.trial.state, recorded.columns) == (None, {"epoch": [1], "train_loss": [0.5]})


def test_a_sweep_and_a_file_are_neither(tmp_path: Path) -> None:
    sweep_folder(tmp_path / "s", {"width": [4]})
    (tmp_path / "m.safetensors").touch()
    for name, said in (
        ("s", "is a sweep of many trials"),
        ("s/best:2", "Name one, as in"),
        ("m.safetensors", "a file"),
    ):
        with pytest.raises(UsageError, match=said):
            read_recorded(find_named(name, tmp_path)) if name[0] == "s" else recorded_options(
                find_named(name, tmp_path)
            )

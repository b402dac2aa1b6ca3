"""A preset in a sweep file: each trial is the run that `train` makes of the same options."""

from pathlib import Path

import pytest

from mlpcli.cli.main import run
from tests.sweeps.sweeps import rows, sweep


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_trial_is_the_run_of_the_same_options(capsys: pytest.CaptureFixture[str]) -> None:
    """A preset depends on the data, so two tasks are covered; given values override it."""
    Path("s.toml").write_text("""
        seeds = 1
        metric = "val_loss"
        [base]
        preset = "tabular"
        width = 8
        epochs = 2
        [grid]
        dataset = ["iris", "friedman1:n=80"]
        init_scale = [0.5]
        [[points]]
        dataset = "iris"
        preset = "none"
        """)
    trials = rows(sweep(Path("s.toml"), Path("results")), "trials.csv")
    assert [trial["state"] for trial in trials] == ["complete"] * 3
    same = ["train", "--width", "8", "--epochs", "2", "--threads", "1", "-q"]
    for trial, name in zip(trials, ("iris", "friedman", "plain"), strict=True):
        words = ["--dataset", trial["dataset"], "--preset", trial["preset"] or "tabular", "--name", name]
        scale = ["--init-scale", trial["init_scale"]] if trial["init_scale"] else []
        assert run([*same, *words, *scale]) == 0
        result = Path(f"results/{name}/result.json").read_text()
        assert trial["run_id"] in result and f'"loss": {trial["val_loss"]}' in result
    assert len({trial["run_id"] for trial in trials}) == 3
    capsys.readouterr()


def test_a_preset_on_the_command_line_and_in_a_file_are_one_run() -> None:
    Path("c.toml").write_text('preset = "tabular"\ndataset = "iris"\nepochs = 1\n')
    assert run(["train", "--config", "c.toml", "-q", "--name", "a"]) == 0
    assert run(["train", "--preset", "tabular", "--dataset", "iris", "--epochs", "1", "-q", "--name", "b"]) == 0
    one, other = (Path(f"results/{name}/config.toml").read_bytes() for name in "ab")
    assert one == other

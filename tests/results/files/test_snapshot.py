"""A reader sees the folder before or after a change, never in the middle of it."""

import os
from pathlib import Path

import pytest

from mlpcli.errors import DataError, FileError, UsageError
from mlpcli.results.files.snapshot import NEXT, snapshot, snapshot_of_files
from mlpcli.results.folders.find import find_results
from mlpcli.results.folders.find_models import find_run
from mlpcli.results.folders.read_folder import read_folder
from tests.results.faults import build, content
from tests.sweeps.sweeps import sweep, write_sweep


def replace(path: Path, text: str) -> None:
    (path.parent / "aside").write_text(text)
    os.replace(path.parent / "aside", path)


def test_a_change_while_reading_is_read_again(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text("old")
    changes = [lambda: replace(tmp_path / "a", "new"), lambda: replace(tmp_path / "b", "new")]

    def read() -> tuple[str, str]:
        a = (tmp_path / "a").read_text()
        if changes:
            changes.pop(0)()
        return a, (tmp_path / "b").read_text()

    assert snapshot(tmp_path, read) == ("new", "new")


@pytest.mark.parametrize("error", [DataError("torn"), FileError("gone")])
def test_an_error_counts_only_if_nothing_changed(tmp_path: Path, error: Exception) -> None:
    attempts = []

    def read() -> str:
        attempts.append(1)
        if len(attempts) == 1:
            replace(tmp_path / "a", "new")
        if len(attempts) < 3:
            raise error
        return "read"

    with pytest.raises(type(error)):
        snapshot(tmp_path, read)
    assert len(attempts) == 2


def test_a_run_is_whole_at_every_step_of_its_replacement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The states that a crash leaves are those that a reader meets."""
    from mlpcli.cli.main import run

    train = ("train", "--dataset", "iris", "--name", "r", "--quiet", "--force", "--results", str(tmp_path))
    states: list[dict[str, bytes]] = []
    step = os.replace

    def watched(source: Path, target: Path) -> None:
        if (tmp_path / "r" / NEXT / "result.json").exists():
            states.append(content(tmp_path / "r"))
        step(source, target)

    assert run([*train, "--epochs", "1"]) == 0
    monkeypatch.setattr(os, "replace", watched)
    assert run([*train, "--epochs", "2"]) == 0
    monkeypatch.undo()
    assert len(states) >= 5
    for number, state in enumerate(states):
        folder = tmp_path / f"state{number}"
        folder.mkdir()
        build(dict(state), folder)
        found = read_folder(find_results(str(folder), tmp_path))
        (trial,) = found.trials
        assert (trial.state, trial.epochs_run, len(found.epochs(trial)["epoch"])) == ("complete", 2, 2)
        newest = (tmp_path / "r" / "model.safetensors").read_bytes()
        assert find_run(str(folder), tmp_path).read_bytes() == newest


def test_folders_that_hold_themselves_and_broken_links_end_the_look(tmp_path: Path) -> None:
    """A `.next` in `.next` is not ours, and a link to nothing is a file that cannot be read: the others are."""
    (tmp_path / NEXT / NEXT / NEXT).mkdir(parents=True)
    (tmp_path / "result.json").write_text("{}")
    for name, target in (("round", "round"), ("nowhere", "missing")):
        (tmp_path / name).symlink_to(tmp_path / target)
    assert snapshot_of_files(tmp_path, set) == {"result.json", "round", "nowhere"}


def test_what_has_only_begun_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "sweep.toml").write_text("")
    (tmp_path / "s" / "metrics.csv").write_text("trial,run_id,epoch\n")
    with pytest.raises(UsageError, match=r"the sweep in .* has only begun: nothing is recorded yet"):
        find_results("s", tmp_path)
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "config.toml").write_text("")
    with pytest.raises(UsageError, match=r"the run in .* has only begun: nothing is recorded yet"):
        find_results("r", tmp_path)


def test_a_sweep_is_whole_whenever_a_file_of_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read between any two renames: every trial there has its epochs."""
    file = write_sweep(tmp_path / "s.toml", seeds=2, base={"dataset": "iris", "epochs": 2}, grid={"width": [4, 8]})
    step, seen = os.replace, []

    def watched(source: Path, target: Path) -> None:
        step(source, target)
        if (tmp_path / "s" / "trials.csv").exists():
            found = read_folder(tmp_path / "s")
            assert all(len(found.epochs(trial)["epoch"]) == 2 for trial in found.trials)
            seen.append(len(found.trials))

    monkeypatch.setattr(os, "replace", watched)
    sweep(file, tmp_path, "--keep-models", "all")  # renamed into place before each row of trials.csv
    assert set(seen) == {0, 2, 4}

"""One run and its folder: what stands there after it ended, diverged, or was interrupted at a moment of our choice."""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from mlpcli.config import RunOptions, as_dict
from mlpcli.config.metrics import epoch_columns
from mlpcli.errors import BadResult, ExitCode, Interrupted
from mlpcli.results.folders.run_folder import RunFolder
from mlpcli.training import session
from mlpcli.training.model import Model
from mlpcli.training.planned_run import PlannedRun, plan_run
from mlpcli.training.session import train_run
from tests.training.problems import CLASSES, NUMBERS, dataset

OnEpoch = Callable[[dict[str, Any], int], None]


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "CHECKPOINT_EVERY", 0.0)


def planned(source: str = CLASSES, **options: Any) -> PlannedRun:
    values: dict[str, Any] = {"dataset": source, "width": 7, "epochs": 5, "dropout": 0.2, "norm": "batch", **options}
    return plan_run(RunOptions(**values), dataset(source), threads=1)


def opened(run: PlannedRun, root: Path, **how: bool) -> RunFolder:
    columns = epoch_columns(run.data.task)
    return RunFolder(root, "r", as_dict(run.options), columns=columns, run_id=run.run_id, **how)


def ignore(row: dict[str, Any], best: int) -> None:
    pass


def train(run: PlannedRun, root: Path, on_epoch: OnEpoch = ignore, **how: bool) -> dict[str, Any]:
    with opened(run, root, **how) as folder:
        train_run(run, folder, on_epoch)
        assert folder.result is not None
        return folder.result


def files(root: Path) -> dict[str, bytes]:
    """The files that must be equal: all but times and provenance, metrics.csv without its seconds."""
    lines = (root / "r" / "metrics.csv").read_text().splitlines()
    seconds = sum(name.endswith("_s") for name in lines[0].split(","))
    return {
        "metrics.csv": "\n".join(line.rsplit(",", seconds)[0] for line in lines).encode(),
        "config.toml": (root / "r" / "config.toml").read_bytes(),
        "model.safetensors": (root / "r" / "model.safetensors").read_bytes(),
        "result.json": without_time(root / "r" / "result.json"),
    }


def without_time(path: Path) -> bytes:
    result = json.loads(path.read_bytes())
    assert result.pop("time_s") > 0
    return json.dumps(result).encode()


@pytest.fixture
def at_epoch() -> Iterator[Callable[[int, int], OnEpoch]]:
    """Send this process a signal when it reports an epoch."""

    def make(epoch: int, number: int) -> OnEpoch:
        def act(row: dict[str, Any], best: int) -> None:
            if row["epoch"] == epoch:
                os.kill(os.getpid(), number)

        return act

    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield make
    assert {number: signal.getsignal(number) for number in handlers} == handlers


def test_what_stands_in_a_finished_folder(tmp_path: Path) -> None:
    run = planned()
    seen: list[tuple[int, int]] = []
    result = train(run, tmp_path, lambda row, best: seen.append((row["epoch"], best)))
    assert sorted(os.listdir(tmp_path / "r")) == [
        "columns.csv",
        "config.toml",
        "metrics.csv",
        "model.safetensors",
        "provenance.json",
        "result.json",
    ]
    assert list(result) == [
        "run_id",
        "state",
        "metrics",
        "best_epoch",
        "epochs_run",
        "parameters",
        "config",
        "time_s",
        "baseline",
        "baseline_answer",
        "linear",
        "signal_flow",
    ]
    assert (result["run_id"], result["state"], result["epochs_run"]) == (run.run_id, "complete", 5)
    assert result["parameters"] == 5 * 7 + 2 * 7 + 7 * 7 + 2 * 7 + 7 * 3 + 3
    assert [epoch for epoch, _ in seen] == [1, 2, 3, 4, 5]
    assert seen[-1][1] == result["best_epoch"]
    assert result["config"] == json.loads(json.dumps(as_dict(run.options)))
    assert Model.load(tmp_path / "r" / "model.safetensors").options == run.options


def test_provenance_tells_the_threads_that_trained(tmp_path: Path) -> None:
    during: list[int] = []
    pools = lambda: [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]  # noqa: E731
    train(planned(), tmp_path, lambda row, best: during.extend(pools()))
    made_by = json.loads((tmp_path / "r" / "provenance.json").read_bytes())
    assert set(during) == {1}
    assert {pool["num_threads"] for pool in made_by["blas"]} == {1}
    assert made_by["command"] == sys.argv
    assert made_by["data_digest"] == dataset(CLASSES).digest
    assert {"numpy", "scikit-learn", "safetensors"} <= set(made_by["packages"])
    assert made_by.keys() >= {"version", "git_commit", "python", "cpu"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("epoch", [1, 3, 4])
def test_a_signal_keeps_what_was_finished(
    tmp_path: Path, at_epoch: Callable[..., OnEpoch], epoch: int, number: int
) -> None:
    run = planned()
    train(run, tmp_path / "whole")
    with pytest.raises(Interrupted) as caught:
        train(run, tmp_path, at_epoch(epoch, number))
    word = "interrupted" if number == signal.SIGINT else "terminated"
    assert caught.value.code == (ExitCode.INTERRUPTED if number == signal.SIGINT else ExitCode.TERMINATED)
    assert str(caught.value).startswith(f"{word} in epoch {epoch + 1}: ")
    assert str(caught.value).endswith("keeps what was finished. Go on with the same command and --resume")
    assert sorted(os.listdir(tmp_path / "r")) == [".lock", "checkpoint.safetensors", "config.toml", "metrics.csv"][1:]
    train(run, tmp_path, resume=True)
    assert files(tmp_path) == files(tmp_path / "whole")


def test_a_signal_in_the_last_epoch_lets_the_run_finish(tmp_path: Path, at_epoch: Callable[..., OnEpoch]) -> None:
    run = planned()
    assert train(run, tmp_path, at_epoch(5, signal.SIGINT))["state"] == "complete"
    assert train(planned(epochs=1), tmp_path / "one", at_epoch(1, signal.SIGTERM))["state"] == "complete"


def test_a_second_signal_is_answered_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_epoch: Callable[..., OnEpoch]
) -> None:
    """Even between the last epoch and the result; what checkpoints hold is kept."""
    run = planned()
    train(run, tmp_path / "whole")

    def twice(row: dict[str, Any], best: int) -> None:
        if row["epoch"] == 5:
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGINT)
            raise AssertionError("not at once")

    with pytest.raises(Interrupted, match=r"^interrupted in epoch 5: ") as caught:
        train(run, tmp_path, twice)
    assert caught.value.code == ExitCode.INTERRUPTED
    train(run, tmp_path, resume=True)
    assert files(tmp_path) == files(tmp_path / "whole")


def test_interrupted_again_and_again(tmp_path: Path, at_epoch: Callable[..., OnEpoch]) -> None:
    run = planned()
    train(run, tmp_path / "whole")
    for epoch in (1, 2, 4):
        with pytest.raises(Interrupted):
            train(run, tmp_path, at_epoch(epoch, signal.SIGINT), resume=True)
    train(run, tmp_path, resume=True)
    assert files(tmp_path) == files(tmp_path / "whole")


def test_the_time_of_a_resumed_run_is_that_of_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_epoch: Callable[..., OnEpoch]
) -> None:
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += 1.0
        return now

    monkeypatch.setattr(session.time, "monotonic", clock)
    monkeypatch.setattr(session, "baseline_scores", lambda *_: {})  # they are no part of the run's time
    for epoch in (2, 3, 4):
        with pytest.raises(Interrupted):
            train(planned(), tmp_path, at_epoch(epoch, signal.SIGINT), resume=True)
    assert train(planned(), tmp_path, resume=True)["time_s"] == pytest.approx(now, abs=10)
    assert now > 40


@pytest.mark.parametrize("source", [CLASSES, NUMBERS])
def test_a_divergence_leaves_finite_weights_and_says_where(tmp_path: Path, source: str) -> None:
    run = planned(source, optimizer="sgd", lr=1e10, warmup=3.0, loss="squared", norm="none", depth=3)
    with opened(run, tmp_path) as folder, pytest.raises(BadResult) as caught:
        train_run(run, folder, ignore)
    result = folder.result
    assert result is not None
    assert result["state"] == "diverged"
    epoch = result["epochs_run"] + 1
    assert f"diverged: loss became inf at epoch {epoch}, batch " in str(caught.value).replace("nan", "inf")
    assert "(lr " in str(caught.value)
    assert f"The weights of epoch {result['best_epoch']} are kept. Try a lower --lr" in str(caught.value)
    model = Model.load(tmp_path / "r" / "model.safetensors")
    assert np.isfinite(model.network.params).all()
    lines = (tmp_path / "r" / "metrics.csv").read_text().splitlines()
    assert len(lines) == epoch


def test_no_epochs(tmp_path: Path) -> None:
    result = train(planned(epochs=0), tmp_path)
    assert (result["state"], result["best_epoch"], result["epochs_run"]) == ("complete", 0, 0)
    header = ",".join(epoch_columns("classification"))
    assert (tmp_path / "r" / "metrics.csv").read_text() == f"{header}\n"


def test_empty_cells_without_validation_rows(tmp_path: Path) -> None:
    data = replace(dataset(CLASSES), val=None, test=None)
    run = plan_run(RunOptions(dataset=CLASSES, epochs=1), data, threads=1)
    result = train(run, tmp_path)
    assert result["metrics"]["val"] is None
    assert result["metrics"]["test"] is None
    header, row = (line.split(",") for line in (tmp_path / "r" / "metrics.csv").read_text().splitlines())
    cells = dict(zip(header, row, strict=True))
    assert (cells["val_loss"], cells["val_accuracy"]) == ("", "")
    assert float(cells["train_loss"]) > 0


def test_metrics_csv_reads_back_as_the_same_numbers(tmp_path: Path) -> None:
    rows = []
    train(planned(NUMBERS), tmp_path, lambda row, best: rows.append(row))
    header, *lines = (line.split(",") for line in (tmp_path / "r" / "metrics.csv").read_text().splitlines())
    assert tuple(header) == epoch_columns("regression")
    for line, row in zip(lines, rows, strict=True):
        assert [float(cell) for cell in line] == [row[name] for name in header]


def test_two_runs_write_the_same_bytes(tmp_path: Path) -> None:
    run = planned()
    train(run, tmp_path / "a")
    train(run, tmp_path / "b")
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_a_stack_of_one_thread_and_the_command_are_one_thing(tmp_path: Path) -> None:
    """What a sweep computes is what `mlpcli train --threads 1` writes."""
    from mlpcli.training.loop.trainer import Trainer

    runs = [planned(seed=seed) for seed in range(3)]
    trainer = Trainer([run.options for run in runs], dataset(CLASSES))
    for _ in trainer.epochs():
        pass
    stacked = trainer.results()
    for index, run in enumerate(runs):
        alone = train(run, tmp_path / str(index))
        assert alone["metrics"] == stacked[index]
        found = session.result_of(trainer, index, stacked[index], run.run_id)
        assert {name: alone[name] for name in found} == {**found, "time_s": alone["time_s"], "config": alone["config"]}

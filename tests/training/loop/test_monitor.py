"""Which epoch is kept and when waiting ends: ties, values that are not numbers, patience."""

from pathlib import Path

import numpy as np
import pytest

from mlpcli.errors import UsageError
from mlpcli.training.loop.monitor import Monitor
from mlpcli.training.loop.trainer import Trainer
from tests.training.problems import CLASSES, NUMBERS, dataset, resolved, train

NAN, INF = np.nan, np.inf


def run_through(monitor: Monitor, **columns: list[float]) -> tuple[list[int], int | None]:
    """The epochs that are kept, and the one after which to stop; the values are those of one run."""
    kept = []
    for epoch, values in enumerate(zip(*columns.values(), strict=True), start=1):
        val = {name: np.array([value]) for name, value in zip(columns, values, strict=True)}
        keep, stop = monitor.update(np.array([0]), epoch, val)
        if keep[0]:
            kept.append(epoch)
        if stop[0]:
            return kept, epoch
    return kept, None


def monitor(column: str, *, last: bool = False, patience: int = 0) -> Monitor:
    return Monitor(column, last, np.array([float(patience)]))


@pytest.mark.parametrize(
    ("accuracy", "loss", "kept"),
    [
        ([0.5, 0.6, 0.4], [1.0, 1.0, 1.0], [1, 2]),
        ([0.5, 0.5, 0.5], [1.0, 0.9, 0.9], [1, 2]),  # a tie goes to the lower loss, then to the earlier epoch
        ([0.5, 0.6, 0.5], [1.0, 9.0, 0.1], [1, 2]),  # a lower loss alone does not win
        ([0.5, 0.6, 0.6], [0.1, 9.0, 8.0], [1, 2, 3]),  # nor is it compared across accuracies
        ([0.9, 0.5, 0.6], [NAN, 1.0, 1.0], [2, 3]),  # scores that are nan have an accuracy all the same
        ([0.9, 0.5], [INF, 1.0], [2]),
        ([NAN, NAN], [NAN, NAN], []),
    ],
)
def test_accuracy(accuracy: list[float], loss: list[float], kept: list[int]) -> None:
    one = monitor("val_accuracy")
    assert run_through(one, accuracy=accuracy, loss=loss) == (kept, None)
    assert one.best_epoch.tolist() == [kept[-1] if kept else 0]


@pytest.mark.parametrize(
    ("column", "values", "kept"),
    [
        ("val_loss", [1.0, 2.0, 0.5, 0.5], [1, 3]),
        ("val_rmse", [NAN, INF, 3.0, NAN, 2.0], [3, 5]),
        ("val_r2", [-1.0, 0.5, 0.2, -INF, 0.6], [1, 2, 5]),
        ("val_max_error", [INF, INF], []),
    ],
)
def test_other_columns(column: str, values: list[float], kept: list[int]) -> None:
    name = column.removeprefix("val_")
    columns = {"loss": [1.0] * len(values), name: values}
    assert run_through(monitor(column), **columns) == (kept, None)


@pytest.mark.parametrize(
    ("patience", "kept", "stopped"),
    [(0, [1, 4], None), (1, [1], 2), (2, [1], 3), (3, [1, 4], 7), (4, [1, 4], None)],
)
def test_patience_counts_epochs_since_the_best(patience: int, kept: list[int], stopped: int | None) -> None:
    losses = [1.0, 1.0, 1.5, 0.9, 0.9, 2.0, NAN]
    assert run_through(monitor("val_loss", patience=patience), loss=losses) == (kept, stopped)


def test_patience_ignores_improvements_below_min_delta_and_the_best_is_kept() -> None:
    monitor = Monitor("val_loss", False, np.array([2.0, 2.0]), np.array([0.0, 0.25]))
    for epoch, loss in enumerate([1.0, 0.75, 0.625, 0.5625], start=1):
        keep, stop = monitor.update(np.arange(2), epoch, {"loss": np.array([loss, loss])})
        assert keep.all() and stop.tolist() == [False, epoch == 4]
        assert monitor.better.tolist() == [True, epoch < 3]
    assert monitor.best_epoch.tolist() == [4, 4]
    rising = Monitor("val_accuracy", False, np.array([1.0]), np.array([0.25]))
    for accuracy, stopped in ((0.0, False), (0.25, False), (0.375, True)):
        _, stop = rising.update(np.arange(1), 1, {"accuracy": np.array([accuracy]), "loss": np.array([1.0])})
        assert stop[0] == stopped


def test_the_last_is_kept_but_patience_goes_by_the_column() -> None:
    one = monitor("val_loss", last=True, patience=2)
    assert run_through(one, loss=[1.0, 2.0, 3.0, 0.1]) == ([1, 2, 3], 3)
    assert one.best_epoch.tolist() == [3]


def test_without_validation_rows_every_epoch_is_the_best() -> None:
    one = Monitor(None, False, np.zeros(2))
    keep, stop = one.update(np.array([1]), 5, None)
    assert (keep.tolist(), stop.tolist(), one.best_epoch.tolist()) == ([True], [False], [0, 5])


def test_runs_of_a_stack_are_apart() -> None:
    one = Monitor("val_loss", False, np.array([0.0, 1.0, 1.0]))
    one.update(np.array([0, 1, 2]), 1, {"loss": np.array([1.0, 1.0, 1.0])})
    keep, stop = one.update(np.array([2, 0]), 2, {"loss": np.array([2.0, 0.5])})
    assert (keep.tolist(), stop.tolist()) == ([False, True], [True, False])
    assert one.best_epoch.tolist() == [2, 1, 1]


def test_early_stopping_keeps_the_best_epoch_of_the_rows() -> None:
    data = dataset(CLASSES)
    (found,) = train([resolved(data, epochs=60, lr=0.05, patience=4)], data)
    ranks = [(row["val_accuracy"], -row["val_loss"]) for row in found.rows]
    assert found.best_epoch == ranks.index(max(ranks)) + 1
    assert found.epochs_run == len(found.rows) == found.best_epoch + 4 < 60
    best = found.rows[found.best_epoch - 1]
    assert found.results["val"] == {"loss": best["val_loss"], "accuracy": best["val_accuracy"]}


@pytest.mark.parametrize("norm", ["none", "batch"])
def test_the_kept_weights_are_those_of_the_epoch_they_are_said_to_be_of(norm: str) -> None:
    """And the running statistics too."""
    data = dataset(NUMBERS)
    best = train([resolved(data, epochs=40, lr=0.05, norm=norm)], data)[0]
    assert best.best_epoch < best.epochs_run == 40
    until_best = train([resolved(data, epochs=best.best_epoch, lr=0.05, norm=norm, keep="last")], data)[0]
    assert (best.params, best.state) == (until_best.params, until_best.state)
    assert best.results["val"]["rmse"] == best.rows[best.best_epoch - 1]["val_rmse"]
    last = train([resolved(data, epochs=40, lr=0.05, norm=norm, keep="last")], data)[0]
    assert last.best_epoch == 40
    assert last.params != best.params
    assert last.results["val"]["rmse"] == last.rows[-1]["val_rmse"]


def test_the_monitor_decides_what_is_best() -> None:
    data = dataset(NUMBERS)
    kept = set()
    for column in ("val_loss", "val_rmse", "val_r2", "val_max_error"):
        trainer = Trainer([resolved(data, epochs=40, lr=0.05, monitor=column)], data)
        values = [row[column] for epoch in trainer.epochs() for _, row in epoch]
        best = max(values) if column == "val_r2" else min(values)
        assert trainer.monitor.best_epoch[0] == values.index(best) + 1
        kept.add(values.index(best))
    assert len(kept) > 1


def test_the_unit_of_one_of_several_targets_decides_nothing(tmp_path: Path) -> None:
    """A power of two changes no digit of the standardized targets, so nothing of the training may change."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (90, 3))
    y = np.stack([np.sin(2 * x[:, 0]) + x[:, 1] ** 2, rng.normal(size=90)], axis=1)
    kept = []
    for unit in (1.0, 2.0**-10):
        np.savez(tmp_path / f"{unit}.npz", X=x, y=y * [unit, 1])
        data = dataset(str(tmp_path / f"{unit}.npz"))
        options = resolved(data, epochs=20, lr=0.03)
        assert options.monitor == "val_loss"
        (run,) = train([options], data)
        kept.append((run.best_epoch, run.params, run.results["val"]["r2"]))
    assert kept[0] == kept[1] and 1 < kept[0][0] < 20


def test_a_monitor_that_the_validation_rows_cannot_define_is_refused() -> None:
    data = dataset(NUMBERS, val_size=1)
    assert resolved(data, val_size=1).monitor == "val_rmse"
    with pytest.raises(UsageError, match="val_r2 is not defined on 1 validation row: it needs two rows; use another"):
        resolved(data, val_size=1, monitor="val_r2")
    assert resolved(dataset(NUMBERS, val_size=2), val_size=2, monitor="val_r2").monitor == "val_r2"


@pytest.mark.parametrize(
    ("column", "sign", "tie", "min_delta"),
    [("val_loss", 1, "val_loss", 0.0), ("val_loss", 1, "val_loss", 0.125), ("val_accuracy", -1, "val_loss", 0.0)],
)
def test_a_plateau_of_the_monitor_lowers_the_rate_from_the_next_epoch_on(
    column: str, sign: int, tie: str, min_delta: float
) -> None:
    """PyTorch's rule on the values that metrics.csv has: no better for more than lr_every epochs, as patience counts.

    With a min_delta of 0, a better epoch is one that the monitor prefers, by the tie-break of the accuracy too.
    """
    data = dataset(CLASSES)
    numbers = {"lr": 0.2, "lr_every": 2.0, "lr_decay": 0.25, "min_delta": min_delta}
    run = resolved(data, epochs=25, schedule="plateau", monitor=column, **numbers)
    rows = [row for epoch in Trainer([run], data).epochs() for _, row in epoch]
    best, bad, rate = (np.inf, np.inf), 0, 0.2
    for row in rows:
        assert row["lr"] == pytest.approx(rate, rel=1e-14)
        value = (sign * row[column], row[tie])
        better = value < best and (min_delta == 0 or best[0] - value[0] >= min_delta)
        best, bad = min(value, best), 0 if better else bad + 1
        rate, bad = (rate * 0.25, 0) if bad > 2 else (rate, bad)
    assert rows[-1]["lr"] < 0.1


def test_a_plateau_needs_rows_to_follow() -> None:
    with pytest.raises(UsageError, match="schedule: there are no validation rows; set val_size above 0, or use"):
        resolved(dataset(CLASSES, val_size=0), val_size=0, schedule="plateau")

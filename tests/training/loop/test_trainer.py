"""The loop at its edges: no epochs, no validation rows, odd batches, and what ceases to be finite."""

import gc
import itertools
import weakref
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mlpcli.config.metrics import epoch_columns
from mlpcli.data import Prepared
from mlpcli.errors import UsageError
from mlpcli.nn import Purpose, stream
from mlpcli.training.loop.trainer import Trainer
from tests.training.problems import CLASSES, NUMBERS, TWO_CLASSES, dataset, finish, resolved, train


def poisoned(data: Prepared, row: int) -> Prepared:
    """The same data with one training row that is nan."""
    x = data.train.x.copy()
    x[row] = np.nan
    return replace(data, train=replace(data.train, x=x))


def test_no_epochs_keep_the_initial_network() -> None:
    data = dataset(CLASSES)
    run = resolved(data, epochs=0)
    initial = Trainer([run], data).network.params[0].tobytes()
    (found,) = train([run], data)
    assert (found.rows, found.best_epoch, found.epochs_run, found.diverged) == ([], 0, 0, "")
    assert found.params == initial
    assert set(found.results) == {"train", "val", "test"}


def test_no_validation_rows() -> None:
    data = dataset("xor")
    (found,) = train([resolved(data, epochs=4)], data)
    assert (found.best_epoch, found.epochs_run) == (4, 4)
    assert found.results["val"] is None
    assert found.results["test"] is None
    assert (found.rows[0]["val_loss"], found.rows[0]["val_accuracy"]) == (None, None)


def test_the_lectures_network_solves_xor_untrained() -> None:
    """LECTURE row 2: y-hat = (-1, 1, 1, -1), so every sign is right; log(1 + exp(-1)) is each point's loss."""
    data = dataset("xor")
    (found,) = train([resolved(data, hidden=(2,), init="xor", epochs=0)], data)
    assert found.results["train"]["accuracy"] == 1.0
    assert found.results["train"]["loss"] == pytest.approx(np.log1p(np.exp(-1)), rel=1e-6)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_a_row_has_the_columns_of_metrics_csv(task: str) -> None:
    data = dataset(CLASSES if task == "classification" else NUMBERS)
    ((_, row),) = next(Trainer([resolved(data)], data).epochs())
    assert set(row) == set(epoch_columns(task))
    assert {type(value) for value in row.values()} <= {int, float}


def test_a_last_batch_of_one_row_joins_its_neighbour_under_batch_norm() -> None:
    data = dataset(CLASSES)
    rows = len(data.train)
    for size in (rows - 1, 13, 7):
        assert rows % size == 1
        trainer = Trainer([resolved(data, norm="batch", batch_size=size, epochs=2)], data)
        sizes = [stop - start for start, stop in trainer.bounds]
        assert sum(sizes) == rows
        assert min(sizes) >= 2
        (found,) = finish(trainer)
        assert found.rows[-1]["step"] == 2 * len(sizes)
        assert np.isfinite(found.rows[-1]["train_loss"])
    linear = Trainer([resolved(data, norm="batch", depth=0, batch_size=1)], data)
    assert len(linear.bounds) == rows  # a linear model has no norm


def test_a_short_batch_is_trained_on() -> None:
    data = dataset(CLASSES)
    trainer = Trainer([resolved(data, batch_size=len(data.train) - 1)], data)
    assert [stop - start for start, stop in trainer.bounds] == [len(data.train) - 1, 1]


def test_the_lr_column_is_that_of_the_last_step_of_the_epoch() -> None:
    data = dataset(CLASSES)
    runs = [resolved(data, lr=lr, schedule="linear", epochs=2, batch_size=32) for lr in (0.1, 0.2)]
    found = [[row["lr"] for row in one.rows] for one in train(runs, data)]
    assert found[0] == pytest.approx([0.1 * (1 - 2 / 6), 0.1 * (1 - 5 / 6)], rel=1e-15)
    assert found[1] == pytest.approx([0.2 * (1 - 2 / 6), 0.2 * (1 - 5 / 6)], rel=1e-15)


@pytest.mark.parametrize("norm", ["none", "batch"])
@pytest.mark.parametrize("row", [0, 17, 60])
def test_a_divergence_is_located(row: int, norm: str) -> None:
    """A nan in one row spoils the loss of the batch it is in, which the order of rows tells."""
    data = dataset(TWO_CLASSES)
    options: dict[str, Any] = {"norm": norm, "batch_size": 10, "schedule": "linear", "lr": 0.01, "epochs": 5}
    run = resolved(data, **options)
    trainer = Trainer([run], poisoned(data, row))
    (found,) = finish(trainer)
    batch = stream(0, Purpose.ORDER, 1).permutation(len(data.train)).tolist().index(row) // 10
    assert vars(trainer.diverged[0]) == {
        "epoch": 1,
        "batch": batch + 1,
        "lr": pytest.approx(0.01 * (1 - batch / (5 * len(trainer.bounds)))),
        "what": "loss became nan",
    }
    assert found.diverged == f"loss became nan at epoch 1, batch {batch + 1} (lr {trainer.diverged[0].lr:g})"
    assert (found.rows, found.best_epoch, found.epochs_run) == ([], 0, 0)
    assert np.isfinite(trainer.kept_params).all()
    assert np.isfinite(trainer.kept_state).all()


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("source", [CLASSES, TWO_CLASSES, NUMBERS])
def test_what_diverges_later_keeps_its_best_epoch(source: str, optimizer: str) -> None:
    data = dataset(source)
    lr = 1e30 if optimizer == "adam" else 1e10
    run = resolved(
        data, optimizer=optimizer, lr=lr, warmup=4.0, epochs=9, depth=3, activation="identity", loss="squared"
    )
    trainer = Trainer([run], data)
    (found,) = finish(trainer)
    assert found.diverged
    assert found.epochs_run == len(found.rows) < 9
    assert np.isfinite(trainer.kept_params).all()
    assert found.best_epoch <= found.epochs_run


def test_the_tick_is_not_told_of_what_is_not_finite() -> None:
    data = dataset(CLASSES)
    run = resolved(data, batch_size=10, epochs=1)
    trainer = Trainer([run], poisoned(data, 0))
    ticks = []
    for _ in trainer.epochs(tick=lambda: ticks.append(trainer.batch), every=0.0):
        pass
    batch = trainer.diverged[0].batch
    assert ticks == list(range(1, batch))
    assert trainer.batch == 0


def test_a_run_that_diverged_does_not_train_to_the_end_of_its_epoch() -> None:
    data = dataset(CLASSES)
    trainer = Trainer([resolved(data, batch_size=10)], poisoned(data, 0))
    batches = 0
    forward = trainer.network.forward

    def count(x: Any, training: bool = False) -> Any:
        nonlocal batches
        batches += training
        return forward(x, training)

    trainer.network.forward = count  # type: ignore[method-assign]
    for _ in trainer.epochs(every=0.0):
        pass
    assert batches == trainer.diverged[0].batch < len(trainer.bounds)


def test_the_tick_waits_until_the_run_that_diverged_has_left() -> None:
    data = dataset(CLASSES)
    runs = [resolved(data, optimizer="sgd", lr=lr, epochs=3) for lr in (0.1, 1e30)]
    trainer = Trainer(runs, data)
    ticks: list[tuple[int, int, int]] = []
    for _ in trainer.epochs(tick=lambda: ticks.append((trainer.epoch, trainer.batch, len(trainer.members))), every=0.0):
        pass
    batches = len(trainer.bounds)
    assert [tick for tick in ticks if tick[0] == 0] == [(0, batch, 2) for batch in range(1, trainer.diverged[1].batch)]
    assert [tick for tick in ticks if tick[0] > 0] == [
        (epoch, batch + 1, 1) for epoch in (1, 2) for batch in range(batches)
    ]


def test_hurry_brings_the_tick_after_the_running_batch() -> None:
    data = dataset(CLASSES)
    trainer = Trainer([resolved(data, epochs=2)], data)
    ticks = []
    epochs = trainer.epochs(tick=lambda: ticks.append((trainer.epoch, trainer.batch)), every=1e9)
    trainer.hurry()  # even before the first batch
    next(epochs)
    assert ticks == [(0, 1)]
    trainer.hurry()
    next(epochs)
    assert ticks == [(0, 1), (1, 1)]


def test_a_hurry_during_a_tick_is_not_forgotten() -> None:
    data = dataset(CLASSES)
    trainer = Trainer([resolved(data, epochs=1)], data)
    ticks = []

    def tick() -> None:
        ticks.append(trainer.batch)
        if len(ticks) == 1:
            trainer.hurry()

    trainer.hurry()
    for _ in trainer.epochs(tick=tick, every=1e9):
        pass
    assert ticks == [1, 2]


def test_until_stops_between_epochs_and_goes_on() -> None:
    data = dataset(CLASSES)
    run = resolved(data, epochs=4)
    trainer = Trainer([run], data)
    assert [rows[0][1]["epoch"] for rows in trainer.epochs(until=1)] == [1]
    assert list(trainer.epochs(until=1)) == []
    assert [rows[0][1]["epoch"] for rows in itertools.chain(trainer.epochs(until=3), trainer.epochs(until=99))] == [
        2,
        3,
        4,
    ]


def test_tensors_are_read_after_the_results() -> None:
    data = dataset(CLASSES)
    runs = [resolved(data, optimizer="sgd", lr=lr) for lr in (0.1, 1e30)]
    trainer = Trainer(runs, data)
    for _ in trainer.epochs():
        pass
    with pytest.raises(ValueError, match=r"call results\(\) before tensors"):
        trainer.tensors(0)
    trainer.results()
    names = ["hidden.0.weight", "hidden.0.bias", "hidden.1.weight", "hidden.1.bias", "output.weight", "output.bias"]
    assert list(trainer.tensors(0)) == names
    assert trainer.tensors(0)["output.weight"].shape == (7, 3)


def test_tensors_of_a_single_run_are_those_of_its_best_epoch() -> None:
    data = dataset(CLASSES)
    trainer = Trainer([resolved(data, epochs=30, lr=0.05)], data)
    for _ in trainer.epochs():
        pass
    assert trainer.monitor.best_epoch[0] < 30
    with pytest.raises(ValueError, match=r"call results\(\) before tensors"):
        trainer.tensors(0)
    trainer.results()
    kept = np.concatenate([array.ravel() for array in trainer.tensors(0).values()])
    np.testing.assert_array_equal(kept, trainer.kept_params[0])


@pytest.mark.parametrize("source", ["xor", CLASSES])
def test_initial_weights_that_are_not_finite_train_no_further_than_the_start(source: str) -> None:
    """The other runs of the stack are what they are alone."""
    data = dataset(source)
    runs = [resolved(data, seed=1), resolved(data, init_scale=1e300), resolved(data, init_bias=1e300, seed=2)]
    alone, *unusable = train(runs, data)
    assert alone == train(runs[:1], data)[0]
    for run in unusable:
        assert (run.diverged, run.epochs_run, run.rows) == ("the initial weights are not finite", 0, [])
    trainer = Trainer(runs[1:2], data)
    assert list(trainer.epochs()) == [] and len(trainer.members) == 0


@pytest.mark.parametrize(
    ("source", "options", "why"),
    [
        ("xor", {"init": "sawtooth", "width": 2}, "needs one input and two classes"),
        (CLASSES, {"init": "xor", "hidden": (2,)}, "needs two inputs and two classes"),
        (NUMBERS, {"init": "interpolate", "depth": 1}, "needs one input and a numeric target"),
        ("blobs:n=30,d=200", {"lift": "quadratic"}, "200 inputs become 20,300 features, the limit is 20,000"),
    ],
)
def test_what_does_not_suit_the_data_is_refused_by_the_plan(source: str, options: dict[str, Any], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        resolved(dataset(source), **options)


def test_batch_norm_of_a_single_training_row_is_refused_by_the_plan() -> None:
    data = dataset(CLASSES)
    data = replace(data, train=data.train.take(slice(1)))
    with pytest.raises(UsageError, match="two training rows"):
        resolved(data, norm="batch")
    assert train([resolved(data, norm="layer")], data)[0].epochs_run == 3


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
def test_networks_do_not_wait_for_the_garbage_collector(norm: str) -> None:
    """It is set to look rarely (`mlpcli.__main__`), so what is large must end with its last reference."""
    data = dataset(CLASSES)
    trainer = Trainer([resolved(data, norm=norm, dropout=0.2, max_norm=3.0, record=True, epochs=2)], data)
    finish(trainer)
    ends = [weakref.ref(trainer), weakref.ref(trainer.network), weakref.ref(trainer.replicas)]
    gc.disable()
    try:
        del trainer
        assert [end() for end in ends] == [None] * len(ends)
    finally:
        gc.enable()

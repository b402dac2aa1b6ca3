"""What `record` measures, against gradients of single examples, and that it leaves no trace in a run's numbers."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from safetensors.numpy import load, save

import mlpcli
from mlpcli.config import RunOptions, as_dict, run_id, stack_key
from mlpcli.config.metrics import epoch_columns
from mlpcli.data import Prepared
from mlpcli.errors import Interrupted
from mlpcli.nn import Array, Network, Normalization, Purpose, stream
from mlpcli.results.folders.run_folder import RunFolder
from mlpcli.training import session
from mlpcli.training.loop.diagnostics import DIAGNOSTIC_COLUMNS, Diagnostics
from mlpcli.training.loop.trainer import Trainer
from mlpcli.training.planned_run import plan_run
from mlpcli.training.session import train_run
from tests.plugins.parts import tables_restored
from tests.training.problems import CLASSES, NUMBERS, dataset, finish, resolved, softmax, train

Recorded = list[list[dict[str, Any]]]

EVERYTHING = {
    "depth": 2,
    "norm": "batch",
    "dropout": 0.3,
    "input_dropout": 0.1,
    "label_smoothing": 0.1,
    "class_weight": "balanced",
    "epochs": 4,
    "batch_size": 10,
}


def recorded(runs: list[RunOptions], data: Prepared) -> Recorded:
    """The rows of diagnostics.csv of every run."""
    return go_on(Trainer(runs, data))


def go_on(trainer: Trainer) -> Recorded:
    rows: Recorded = [[] for _ in trainer.runs]
    for _ in trainer.epochs():
        for run, row in trainer.diagnostics:
            rows[run].append(row)
    return rows


def example_gradients(network: Network, x: Array, y: Array) -> Array:
    """The gradient of the cross-entropy of each example, `(rows, parameters)`, in the order of the flat buffer."""
    hidden, output = network.linears
    z = x @ hidden.weight[0] + hidden.bias[0]
    h = np.maximum(z, 0)
    delta = softmax(h @ output.weight[0] + output.bias[0]) - np.eye(output.out_features)[y]
    before = (delta @ output.weight[0].T) * (z > 0)
    parts = (x[:, :, None] * before[:, None, :], before, h[:, :, None] * delta[:, None, :], delta)
    return np.concatenate([part.reshape(len(x), -1) for part in parts], axis=1)


@pytest.mark.parametrize("batch_size", [1, 8, 60, "full", 1000])
def test_the_variance_of_a_random_batch_and_the_norm_of_the_full_gradient(batch_size: int | str) -> None:
    """A mean of B of N values drawn without replacement varies by s^2 / B, s^2 with N - 1, times (N - B) / N."""
    data = dataset(CLASSES, "float64")
    x, y, n = data.train.x, data.train.y, len(data.train)
    run = resolved(data, depth=1, dtype="float64", batch_size=batch_size, record=True)
    trainer = Trainer([run], data)
    gradients = example_gradients(trainer.network, x, y)
    size = n if batch_size in ("full", 1000) else int(batch_size)
    expected = gradients.var(axis=0, ddof=1).sum() / size * (n - size) / n

    diagnostics = Diagnostics([run], data)
    rows = [diagnostics.measure(trainer.network, epoch, 0)[0] for epoch in range(200)]
    found = np.array([row["gradient_variance"] for row in rows])
    if size == n:
        assert (found == 0).all()
    else:
        assert abs(found.mean() - expected) < 4 * found.std() / np.sqrt(len(found))
        assert found.std() < expected  # each by itself is of the right size
    full = np.linalg.norm(gradients.mean(axis=0))
    assert_allclose([row["gradient_norm_full"] for row in rows], full, rtol=1e-12)


def test_the_variance_falls_as_one_over_the_batch_at_the_initial_weights() -> None:
    data = dataset("blobs:n=4000,k=3,d=5")
    sizes = [1, 2, 4, 8, 16, 32]
    means = []
    for size in sizes:
        runs = [resolved(data, batch_size=size, epochs=0, record=True, seed=seed) for seed in range(5)]
        means.append(np.mean([rows[0]["gradient_variance"] for rows in recorded(runs, data)]))
    slope = np.polyfit(np.log(sizes), np.log(means), 1)[0]
    assert slope == pytest.approx(-1, abs=0.1)


def test_masks_are_part_of_the_variance_and_drawn_anew() -> None:
    data = dataset(CLASSES)
    plain, dropped = (resolved(data, batch_size="full", record=True, dropout=p) for p in (0.0, 0.5))
    assert [row["gradient_variance"] for row in recorded([plain], data)[0]] == [0.0] * 4
    rows = recorded([dropped], data)[0]
    assert all(row["gradient_variance"] > 0 for row in rows)
    norms = [Diagnostics([dropped], data).measure(Trainer([dropped], data).network, epoch, 0) for epoch in (1, 1, 2)]
    assert norms[0] == norms[1] != norms[2]


def test_percentiles_of_the_input_of_one_unit_by_hand() -> None:
    """Of batches normalized together, here one of all rows, before the activation."""
    data = dataset(CLASSES, "float64")
    options = {"hidden": (6, 5), "norm": "batch", "dtype": "float64", "batch_size": "full", "lr": 0.1, "seed": 2}
    trainer = Trainer([resolved(data, **options, dropout=0.5, input_dropout=0.2, record=True)], data)
    for _ in trainer.epochs():
        named, ((_, row),) = {name: view[0] for name, view in trainer.network.parameters.items()}, trainer.diagnostics
        x = data.train.x
        for name in ("hidden.0", "hidden.1"):
            z = x @ named[f"{name}.weight"]
            z = (z - z.mean(axis=0)) / np.sqrt(z.var(axis=0) + 1e-5)
            z = z * named[f"{name}.norm.gain"] + named[f"{name}.norm.bias"]
            x = np.maximum(z, 0)
        expected = np.percentile(z[:, stream(2, Purpose.RECORD).integers(5)], (15, 50, 85))
        assert_allclose([row["input_p15"], row["input_p50"], row["input_p85"]], expected, rtol=1e-9)


@pytest.mark.parametrize("norm", ["none", "layer"])
@pytest.mark.parametrize("position", ["before", "after"])
def test_percentiles_of_the_input_of_one_unit(norm: str, position: str) -> None:
    data = dataset(CLASSES, "float64")
    run = resolved(
        data, hidden=(7, 5), norm=norm, norm_position=position, dropout=0.5, dtype="float64", record=True, seed=3
    )
    trainer = Trainer([run], data)
    for _ in trainer.epochs():
        network, ((_, row),) = trainer.network, trainer.diagnostics
        x = data.train.x
        for name, layer in zip(network.names, network.layers, strict=True):
            if name == "hidden.1.activation":
                break
            x = layer.forward(x, training=False)
        unit = stream(3, Purpose.RECORD).integers(5)
        percentiles = np.percentile(x[0, :, unit], (15, 50, 85))
        assert_allclose([row["input_p15"], row["input_p50"], row["input_p85"]], percentiles, rtol=1e-12)
    assert percentiles[0] < percentiles[1] < percentiles[2]


def test_percentiles_of_a_norm_over_rows_of_the_user() -> None:
    """As of batch norm they are of batches, normalized as in training."""

    class Centred(Normalization):
        def forward(self, x: Array, training: bool) -> Array:
            work = self._work = self.workspace(x)
            np.subtract(x, x.mean(axis=-2, keepdims=True) if training else 1000.0, out=work.x_hat)
            return np.add(work.x_hat * self.gain, self.bias, out=work.y)

        def backward(self, grad_output: Array, input_needed: bool = True) -> Array:
            self._affine_grads(grad_output)
            g = grad_output * self.gain
            return np.subtract(g, g.mean(axis=-2, keepdims=True), out=self._work.dx)

    with tables_restored():
        mlpcli.register("norm", "centred", over_rows=True)(Centred)
        data = dataset(CLASSES, "float64")
        run = resolved(
            data, hidden=(6,), norm="centred", dropout=0.5, dtype="float64", batch_size="full", record=True, seed=2
        )
        trainer = Trainer([run], data)
        ((_, row),) = next(trainer.epochs()) or trainer.diagnostics
        z = data.train.x @ trainer.network.parameters["hidden.0.weight"][0]
        expected = np.percentile((z - z.mean(axis=0))[:, stream(2, Purpose.RECORD).integers(6)], (15, 50, 85))
        assert_allclose([row["input_p15"], row["input_p50"], row["input_p85"]], expected, rtol=1e-9)


def test_a_row_before_the_first_epoch_and_one_after_each() -> None:
    data = dataset(CLASSES)
    trainer = Trainer([resolved(data, record=True, batch_size=10)], data)
    epochs = [([row["epoch"] for _, row in rows], trainer.diagnostics[0][1]) for rows in trainer.epochs()]
    steps = len(trainer.bounds)
    assert [(row["epoch"], row["step"]) for _, row in epochs] == [(0, 0), (1, steps), (2, 2 * steps), (3, 3 * steps)]
    assert [ended for ended, _ in epochs] == [[], [1], [2], [3]]
    assert all(tuple(row) == DIAGNOSTIC_COLUMNS for _, row in epochs)
    assert len(recorded([resolved(data, record=True, epochs=0)], data)[0]) == 1
    assert recorded([resolved(data)], data) == [[]]


def test_a_linear_model_has_no_hidden_unit() -> None:
    data = dataset(NUMBERS)
    rows = recorded([resolved(data, record=True, depth=0)], data)[0]
    assert {row[name] for row in rows for name in ("input_p15", "input_p50", "input_p85")} == {None}
    assert all(row["gradient_variance"] > 0 and row["gradient_norm_full"] > 0 for row in rows)


@pytest.mark.parametrize("source", [CLASSES, NUMBERS])
def test_recording_changes_no_number_of_the_run(source: str) -> None:
    data = dataset(source)
    options = EVERYTHING if source == CLASSES else {"dropout": 0.2, "norm": "layer", "patience": 1}
    plain, watched = (resolved(data, **options, record=record) for record in (False, True))
    assert train([plain], data) == train([watched], data)
    assert run_id(plain, data.digest) == run_id(watched, data.digest)


STACKS: dict[str, tuple[str, dict[str, Any], list[dict[str, Any]]]] = {
    "everything": (CLASSES, EVERYTHING, [{"seed": seed, "lr": 0.01 * (seed + 1)} for seed in range(3)]),
    "full batch": (NUMBERS, {"batch_size": "full"}, [{"seed": seed} for seed in range(3)]),
    "one stops, one diverges": (
        NUMBERS,
        {"optimizer": "sgd", "epochs": 6},
        [{"lr": 1e20, "patience": 3}, {"lr": 1.0, "patience": 1, "seed": 4}, {"lr": 0.01, "patience": 8}],
    ),
}


@pytest.mark.parametrize("name", STACKS)
def test_a_stack_records_what_its_runs_record_alone(name: str) -> None:
    source, shared, varied = STACKS[name]
    data = dataset(source)
    runs = [resolved(data, **shared, **options, record=True) for options in varied]
    assert len({stack_key(run, data.digest) for run in runs}) == 1
    stacked = recorded(runs, data)
    assert stacked == [recorded([run], data)[0] for run in runs]
    for rows, run in zip(stacked, finish(Trainer(runs, data)), strict=True):
        assert [row["epoch"] for row in rows] == [0, *(row["epoch"] for row in run.rows)]


def test_going_on_from_any_batch_records_the_same() -> None:
    data = dataset(CLASSES)
    runs = [resolved(data, **EVERYTHING, record=True, seed=seed) for seed in range(2)]
    whole = recorded(runs, data)
    saved: list[tuple[bytes, str]] = []
    trainer = Trainer(runs, data)

    def keep() -> None:
        arrays, counters = trainer.checkpoint()
        saved.append((save(arrays), json.dumps(counters)))

    for _ in trainer.epochs(tick=keep, every=0.0):
        pass
    for arrays, counters in saved[:: len(saved) // 7]:
        again = Trainer(runs, data)
        again.restore(load(arrays), json.loads(counters))
        done = again.epoch
        for rows, expected in zip(go_on(again), whole, strict=True):
            assert expected[: done + 1] + rows == expected


def test_the_folder_of_an_interrupted_run_ends_as_that_of_an_uninterrupted_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "CHECKPOINT_EVERY", 0.0)
    run = plan_run(
        RunOptions(dataset=CLASSES, width=7, epochs=4, dropout=0.2, record=True), dataset(CLASSES), threads=1
    )

    def trained(name: str, resume: bool = False, kill: int = 0) -> bytes:
        columns = {"columns": epoch_columns("classification"), "diagnostics": DIAGNOSTIC_COLUMNS}
        with RunFolder(tmp_path, name, as_dict(run.options), **columns, run_id=run.run_id, resume=resume) as folder:
            train_run(run, folder, lambda row, best: kill == row["epoch"] and os.kill(os.getpid(), signal.SIGINT))
        return (tmp_path / name / "diagnostics.csv").read_bytes()

    expected = trained("whole")
    lines = expected.decode().splitlines()
    assert lines[0] == ",".join(DIAGNOSTIC_COLUMNS)
    assert [line.split(",")[0] for line in lines[1:]] == ["0", "1", "2", "3", "4"]
    for kill in (1, 2, 3):
        with pytest.raises(Interrupted):
            trained(f"r{kill}", kill=kill)
        assert trained(f"r{kill}", resume=True) == expected

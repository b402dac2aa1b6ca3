"""Tables of facts about each choice: one row per implementation, and one implementation per row."""

import dataclasses

import numpy as np
import pytest

from mlpcli import nn, optim
from mlpcli.config import OPTIONS, RunOptions, choices
from mlpcli.config.rules import smallest_batch


@pytest.mark.parametrize(
    ("option", "rows", "registry", "others"),
    [
        ("activation", choices.ACTIVATIONS, nn.ACTIVATIONS, ()),
        ("norm", choices.NORMS, nn.NORMALIZATIONS, ("none",)),
        ("init", choices.INITIALIZERS, nn.INITIALIZERS, ("auto",)),
        ("loss", choices.LOSSES, nn.LOSSES, ("auto",)),
        ("optimizer", choices.OPTIMIZERS, optim.OPTIMIZERS, ()),
        ("schedule", choices.SCHEDULES, optim.SCHEDULES, ()),
    ],
)
def test_every_choice_has_a_row_and_an_implementation(option, rows, registry, others) -> None:
    apart = ("construction", "full_batch")  # weights set by hand, and optimizers that are no chain of transforms
    built = {name for name, row in rows.items() if not any(getattr(row, fact, None) for fact in apart)}
    assert built == set(registry)
    assert OPTIONS[option].choices == (*others, *rows)


def test_rows_name_options_that_exist_and_defaults_that_are_choices() -> None:
    for row in (*choices.OPTIMIZERS.values(), *choices.SCHEDULES.values()):
        assert set(row.reads) <= OPTIONS.keys()
    assert {row.init for row in choices.ACTIVATIONS.values()} <= set(nn.INITIALIZERS)
    for task in ("classification", "regression"):
        defaults = [name for name, row in choices.LOSSES.items() if task in row.default_of]
        assert defaults == [choices.default_loss(task)] and task in choices.LOSSES[defaults[0]].tasks


@pytest.mark.parametrize("name", optim.OPTIMIZERS)
def test_an_optimizer_reads_the_options_that_its_row_names_and_no_other(name: str) -> None:
    """Three steps from equal weights: another value of an option shows exactly where the row says that it is read."""
    row = choices.OPTIMIZERS[name]

    def trained(**options: float) -> list[float]:
        weights = np.array([1.0, -2.0])
        optimizer = optim.Optimizer(name, weights.shape, weights.dtype, **options)
        for step in (1.0, 3.0, -2.0):
            optimizer.step(weights, grads=np.array([0.1 * step, step]), lr=0.1)
        return weights.tolist()

    others = {"momentum": 0.5, "beta1": 0.5, "beta2": 0.5, "eps": 0.1}
    read = {option for option, value in others.items() if trained(**{option: value}) != trained()}
    assert read == set(row.reads) & others.keys()


@pytest.mark.parametrize("name", optim.OPTIMIZERS)
def test_memory_and_decay_are_those_of_the_row(name: str) -> None:
    row = choices.OPTIMIZERS[name]
    optimizer = optim.Optimizer(name, (2,), np.float64)
    assert optimizer.state.keys() - {"count"} == set(row.memory)
    weights = np.array([1.0, -2.0])
    optim.Optimizer(name, (2,), np.float64, weight_decay=0.5).step(weights, grads=np.zeros(2), lr=0.1)
    shrunk = np.array([1.0, -2.0]) * (1 - 0.1 * 0.5)
    plain = name in ("sgd", "momentum")  # where a first step with decay in the gradient is the same
    assert np.allclose(weights, shrunk) == (row.decoupled or plain)


def test_an_optimizer_that_takes_all_rows_is_a_minimizer_with_its_memory() -> None:
    (row,) = (row for row in choices.OPTIMIZERS.values() if row.full_batch)
    assert optim.LBFGS(2).state.keys() - {"count", "stuck"} == set(row.memory)
    assert not row.reads


@pytest.mark.parametrize("name", choices.NORMS)
def test_a_norm_over_rows_is_one_whose_rows_depend_on_each_other(name: str) -> None:
    layer = nn.Network([("norm", nn.NORMALIZATIONS[name](3))], dtype="float64")
    x = np.array([[1.0, 2.0, 4.0], [0.0, 1.0, -1.0]])
    alone = layer.forward(x, training=True)[0].copy()
    moved = layer.forward(np.array([x[0], [5.0, 1.0, 7.0]]), training=True)[0]
    assert choices.NORMS[name].over_rows == (not np.allclose(alone, moved))
    assert smallest_batch(RunOptions(norm=name)) == (2 if choices.NORMS[name].over_rows else 1)
    assert smallest_batch(RunOptions(norm=name, depth=0)) == 1


def test_rows_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        choices.OPTIMIZERS["adam"].lr = 1.0  # type: ignore[misc]  # the very thing that is refused

"""The law of results inside the trainer: a run in a stack has the very numbers of the run alone, bit for bit."""

from typing import Any, NamedTuple

import pytest

from mlpcli.config import stack_key
from mlpcli.optim import OPTIMIZERS, SCHEDULES
from mlpcli.training.loop.trainer import Trainer
from tests.training.problems import CLASSES, NUMBERS, TWO_CLASSES, Trained, dataset, finish, read_only, resolved, train


class Stack(NamedTuple):
    """Runs that differ in options which a stack may mix."""

    dataset: str
    shared: dict[str, Any]
    varied: list[dict[str, Any]]


SEEDS = [{"seed": seed} for seed in (0, 1, 5)]
RATES = [{"lr": 0.01}, {"lr": 0.003, "seed": 1}, {"lr": 0.1, "seed": 2}]

STACKS = {
    "seeds": Stack(CLASSES, {"depth": 3}, SEEDS),
    "equal runs": Stack(CLASSES, {}, [{}, {}]),
    "linear model": Stack(CLASSES, {"depth": 0}, SEEDS),
    "wide layers": Stack(CLASSES, {"hidden": (70, 33), "epochs": 2}, SEEDS),
    "two classes": Stack(TWO_CLASSES, {}, SEEDS),
    "numbers": Stack(NUMBERS, {}, SEEDS),
    "several targets": Stack("linnerud", {"task": "regression"}, SEEDS),
    "dropout": Stack(
        CLASSES, {}, [{"dropout": p, "input_dropout": q, "seed": s} for s, p, q in ((0, 0.5, 0.1), (3, 0.2, 0.3))]
    ),
    "batch norm": Stack(CLASSES, {"norm": "batch", "depth": 2}, RATES),
    "batch norm after the activation": Stack(CLASSES, {"norm": "batch", "norm_position": "after"}, RATES),
    "layer norm": Stack(CLASSES, {"norm": "layer"}, RATES),
    "weight decay": Stack(CLASSES, {}, [{"weight_decay": 0.1}, {"weight_decay": 1e-4}]),
    "max norm": Stack(CLASSES, {}, [{"max_norm": 0.5}, {"max_norm": (2.0, 0.3, 1.0)}]),
    "clipping": Stack(CLASSES, {}, [{"clip_norm": 0.1}, {"clip_norm": 5.0, "seed": 1}]),
    "smoothing and class weights": Stack(
        CLASSES, {"class_weight": "balanced"}, [{"label_smoothing": 0.1}, {"label_smoothing": 0.3}]
    ),
    "smoothing of two classes": Stack(TWO_CLASSES, {}, [{"label_smoothing": 0.1}, {"label_smoothing": 0.3}]),
    "lift": Stack(TWO_CLASSES, {"lift": "quadratic", "depth": 0}, RATES),
    "double precision": Stack(NUMBERS, {"dtype": "float64", "loss": "huber"}, RATES),
    "momentum that climbs": Stack(
        CLASSES,
        {"optimizer": "nesterov", "weight_decay": 0.01},
        [
            {"momentum": 0.5, "momentum_final": 0.99, "momentum_epochs": 1.5},
            {"momentum": 0.8},
            {"momentum_epochs": 2.0},
        ],
    ),
    "factors of layers": Stack(
        CLASSES, {}, [{"lr_multiplier": (2.0, 0.5, 0.0), "init_scale": 0.5}, {}, {"init_scale": (1.0, 2.0, 0.1)}]
    ),
    "rates that follow the monitor": Stack(
        CLASSES,
        {"schedule": "plateau", "epochs": 8, "lr": 0.3},
        [
            {"lr_every": 1.0, "patience": 3},
            {"lr_every": 2.0, "lr_decay": 0.1, "seed": 1, "patience": 9},
            {"min_delta": 0.1, "patience": 9},
        ],
    ),
    "full batch": Stack(CLASSES, {"batch_size": "full"}, RATES),
    "patience": Stack(CLASSES, {"epochs": 12, "lr": 0.3}, [{"patience": n, "seed": n} for n in (1, 2, 3, 9)]),
    "one diverges": Stack(
        CLASSES, {"optimizer": "sgd", "epochs": 4}, [{"lr": 0.1}, {"lr": 1e10, "seed": 1}, {"lr": 0.05, "seed": 2}]
    ),
    "all diverge": Stack(CLASSES, {"optimizer": "sgd"}, [{"lr": 1e10}, {"lr": 1e12}]),
    "one diverges, one stops, one goes on": Stack(
        NUMBERS,
        {"optimizer": "sgd", "epochs": 8, "norm": "batch", "dropout": 0.2},
        [{"lr": 1e20, "patience": 3}, {"lr": 1.0, "patience": 1, "seed": 4}, {"lr": 0.01, "patience": 8}],
    ),
    "ensembles": Stack(
        CLASSES,
        {"ensemble": 3, "epochs": 8, "norm": "batch", "optimizer": "sgd"},
        [{"lr": 1e20, "patience": 3}, {"lr": 1.0, "patience": 1, "seed": 4}, {"lr": 0.01, "patience": 8}],
    ),
    **{
        f"optimizer {name}": Stack(
            CLASSES,
            {"optimizer": name},
            [
                {"lr": 0.01, "momentum": 0.9, "beta1": 0.9, "beta2": 0.999, "weight_decay": 0.01},
                {"lr": 0.02, "momentum": 0.5, "beta1": 0.8, "beta2": 0.9, "weight_decay": 0.1, "eps": 1e-3},
            ],
        )
        for name in OPTIMIZERS
    },
    **{
        f"schedule {name}": Stack(
            CLASSES,
            {"schedule": name, "epochs": 4},
            [
                {"lr_decay": 0.5, "lr_every": 1.0, "warmup": 0.5},
                {"lr_decay": 0.9, "lr_every": 2.5, "warmup": 1.3, "lr": 0.1},
            ],
        )
        for name in SCHEDULES
    },
}


@pytest.mark.parametrize("name", STACKS)
def test_a_stack_equals_its_runs_alone(name: str) -> None:
    case = STACKS[name]
    data = dataset(case.dataset, case.shared.get("dtype", "float32"), ensemble=case.shared.get("ensemble", 1))
    assert read_only(data)
    runs = [resolved(data, **case.shared, **varied) for varied in case.varied]
    assert len({stack_key(run, data.digest) for run in runs}) == 1
    stacked = train(runs, data)
    for run, found in zip(runs, stacked, strict=True):
        assert found == train([run], data)[0]
    assert train(runs[::-1], data)[::-1] == stacked


def outcomes(name: str) -> list[Trained]:
    case = STACKS[name]
    data = dataset(case.dataset)
    return train([resolved(data, **case.shared, **varied) for varied in case.varied], data)


def test_the_cases_above_are_what_they_say() -> None:
    assert len({run.epochs_run for run in outcomes("patience")}) > 1
    assert [bool(run.diverged) for run in outcomes("one diverges")] == [False, True, False]
    assert all(run.diverged for run in outcomes("all diverge"))
    first, second, third = outcomes("one diverges, one stops, one goes on")
    assert (first.diverged != "", second.diverged, third.diverged) == (True, "", "")
    assert second.epochs_run < third.epochs_run == 8


def test_pruned_runs_leave_the_others_as_they_are() -> None:
    data = dataset(CLASSES)
    runs = [resolved(data, seed=seed, epochs=4, dropout=0.2, norm="batch") for seed in range(4)]
    whole = train(runs, data)
    trainer = Trainer(runs, data)
    for _ in trainer.epochs(until=2):
        pass
    trainer.prune([0, 3])
    assert trainer.members.tolist() == [1, 2]
    pruned = finish(trainer)
    for index in (1, 2):
        pruned[index].rows = whole[index].rows[:2] + pruned[index].rows
        assert pruned[index] == whole[index]
    assert [run.epochs_run for run in pruned] == [2, 4, 4, 2]

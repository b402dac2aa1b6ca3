"""`resolve`, `run_id`, `stack_key`: against canonical JSON written by hand, and what may and may not move them."""

import hashlib
import json
import subprocess
import sys
from typing import Any

import pytest
from pydantic import Field

from mlpcli.config import OPTIONS, READING, RunOptions, Source, build, resolve, run_id, run_ids, stack_key
from mlpcli.config.choices import OPTIMIZERS
from mlpcli.config.option_types import About

DIGEST = "0123456789abcdef" * 4

# The defaults with lr 0.001 on digits, resolved, as the docstring of run_id describes the text that is hashed.
SHAPED: dict[str, Any] = {
    "beta2": 0.999,
    "hidden": [64, 64],
    "init": "he",
    "loss": "cross-entropy",
    "lr": 0.001,
    "monitor": "val_accuracy",
    "scale": "standard",
    "task": "classification",
    "threads": 1,
}


def canonical(options: dict[str, Any]) -> str:
    """The text that is hashed, written without the package's own JSON."""
    cells = ",".join(
        f"{json.dumps(name)}:{json.dumps(options[name], separators=(',', ':'))}" for name in sorted(options)
    )
    return f'{{"data":"{DIGEST}","format":2,"options":{{{cells}}}}}'


def resolved(values: dict[str, Any] | None = None, **used: Any) -> RunOptions:
    known: dict[str, Any] = {"task": "classification", "scale": "standard", "has_validation": True, "threads": 1}
    return resolve(build(Source({"lr": 0.001} | (values or {}), "")), **(known | used))


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def test_run_id_is_the_hash_of_the_canonical_text() -> None:
    text = (
        '{"data":"'
        + DIGEST
        + '","format":2,"options":{"beta2":0.999,"hidden":[64,64],"init":"he","loss":"cross-entropy",'
        '"lr":0.001,"monitor":"val_accuracy","scale":"standard","task":"classification","threads":1}}'
    )
    assert canonical(SHAPED) == text
    assert run_id(resolved(), DIGEST) == hashed(text) == "0cb729a3a28c"


@pytest.mark.parametrize("first", [0, 3])
def test_runs_that_differ_by_their_seed_alone_are_named_together(first: int) -> None:
    named = run_ids(resolved({"seed": first}), DIGEST)
    for seed in (7, 0, 3, 7):
        assert named(seed) == hashed(canonical(SHAPED | ({"seed": seed} if seed else {})))


@pytest.mark.parametrize(
    ("values", "shaped"),
    [
        ({"seed": 7}, {"seed": 7}),
        ({"max_norm": [2, 2.5, 0]}, {"max_norm": [2.0, 2.5, 0.0]}),
        ({"init_bias": [1, 1, 0]}, {"init_bias": [1.0, 1.0, 0.0]}),
        ({"lr_multiplier": 2}, {"lr_multiplier": 2.0}),
        ({"target": "a,é"}, {"target": ["a", "é"]}),
        ({"drop": "b,a,b"}, {"drop": ["a", "b"]}),
        ({"depth": 0}, {"hidden": []}),
        ({"test_size": 100}, {"test_size": 100}),
        ({"split_seed": "seed", "seed": 3}, {"seed": 3, "split_seed": 3}),
        ({"lr": 1}, {"lr": 1.0}),
        ({"batch_size": "full"}, {"batch_size": "full"}),
        ({"optimizer": "adam", "dropout": 0.0, "keep": "best", "test_size": 0.2}, {}),
    ],
)
def test_run_id_of_other_values(values: dict[str, Any], shaped: dict[str, Any]) -> None:
    assert run_id(resolved(values), DIGEST) == hashed(canonical(SHAPED | shaped))


def test_an_option_added_later_leaves_old_ids_alone() -> None:
    about = {"about": About("Network")}

    class Later(RunOptions):
        novelty: float = Field(0.5, description="what comes with a later version", json_schema_extra=about)

    used: dict[str, Any] = {"task": "classification", "scale": "standard", "has_validation": True, "threads": 1}
    before = run_id(resolved(), DIGEST)
    assert run_id(resolve(Later(lr=0.001), **used), DIGEST) == before
    assert run_id(resolve(Later(lr=0.001, novelty=0.5), **used), DIGEST) == before
    assert run_id(resolve(Later(lr=0.001, novelty=0.25), **used), DIGEST) != before


OTHER_VALUES: dict[str, Any] = {
    "target": "x",
    "drop": "x",
    "min_frequency": 2,
    "split": "ordered",
    "groups": "x",
    "drop_unlabelled": True,
    "weights": "w",
    "lift": "quadratic",
    "scale": "unit",
    "test_size": 0.3,
    "val_size": 0.2,
    "folds": 5,
    "fold": 2,
    "ensemble": 8,
    "split_seed": 1,
    "width": 32,
    "depth": 1,
    "hidden": [64, 32],
    "activation": "elu",
    "norm": "layer",
    "norm_position": "after",
    "init": "glorot",
    "init_scale": 0.5,
    "init_bias": 1.0,
    "input_gain": 6.0,
    "dtype": "float64",
    "loss": "squared",
    "label_smoothing": 0.1,
    "class_weight": "balanced",
    "dropout": 0.5,
    "input_dropout": 0.2,
    "weight_decay": 1e-4,
    "max_norm": 3.0,
    "clip_norm": 1.0,
    "optimizer": "adamw",
    "lr": 0.01,
    "lr_multiplier": 0.25,
    "momentum": 0.5,
    "momentum_final": 0.99,
    "momentum_epochs": 5.0,
    "beta1": 0.8,
    "beta2": 0.99,
    "eps": 1e-7,
    "schedule": "cosine",
    "lr_decay": 0.1,
    "lr_every": 5.0,
    "warmup": 1.0,
    "batch_size": 64,
    "epochs": 10,
    "monitor": "val_loss",
    "patience": 5,
    "min_delta": 0.01,
    "keep": "last",
    "seed": 1,
}


READ_WITH: dict[str, dict[str, Any]] = {
    "fold": {"folds": 5},
    "norm_position": {"norm": "batch"},
    "momentum": {"optimizer": "momentum"},
    "momentum_final": {"optimizer": "nesterov", "momentum_epochs": 2.0},
    "momentum_epochs": {"optimizer": "momentum", "momentum_final": 0.5},
    "lr_decay": {"schedule": "step"},
    "lr_every": {"schedule": "exponential"},
    "min_delta": {"patience": 2},
}
"""Options that a run of the defaults does not read, with others under which it does."""


def test_every_option_that_shapes_the_numbers_moves_the_run_id() -> None:
    assert OTHER_VALUES.keys() == OPTIONS.keys() - {
        "dataset",
        "val_dataset",
        *READING,
        "task",
        "threads",
        "record",
        "record_weights",
        "preset",
    }
    ids = [run_id(resolved(), DIGEST), run_id(resolved(), "f" * 64), run_id(resolved(threads=2), DIGEST)]
    ids += [
        run_id(resolved({name: value}, **({"scale": value} if name == "scale" else {})), DIGEST)
        for name, value in OTHER_VALUES.items()
        if name not in READ_WITH
    ]
    ids.append(run_id(resolved(task="regression"), DIGEST))
    for name, others in READ_WITH.items():
        ids += [run_id(resolved(others), DIGEST), run_id(resolved(others | {name: OTHER_VALUES[name]}), DIGEST)]
    assert len(set(ids)) == len(ids) - 2  # momentum alone and folds alone stand there twice


def test_one_network_has_one_id_however_it_is_written() -> None:
    ways: list[dict[str, Any]] = [
        {"width": 128, "depth": 3},
        {"hidden": [128, 128, 128]},
        {"hidden": "128,128,128"},
        {"hidden": [128] * 3, "width": 5, "depth": 9},
        {"depth": 3, "width": 128, "dataset": "elsewhere/digits.csv", "delimiter": ";", "encoding": "utf-16"},
        {"width": 128, "depth": 3, "lr": 0.001, "init": "he", "loss": "cross-entropy", "monitor": "val_accuracy"},
        {"width": 128, "depth": 3, "split_seed": "seed"},
        {"width": 128, "depth": 3, "record": True},
        {"width": 128, "depth": 3, "task": "classification", "threads": 8, "dropout": -0.0},
    ]
    assert len({run_id(resolved(way), DIGEST) for way in ways}) == 1
    assert {tuple(resolved(way).sizes) for way in ways} == {(128, 128, 128)}


@pytest.mark.parametrize("name", ["init_scale", "init_bias", "lr_multiplier", "max_norm"])
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_equal_values_of_all_layers_are_one_value(name: str, task: str) -> None:
    init = {"init": "he"}
    ids = {run_id(resolved({name: value} | init, task=task), DIGEST) for value in (0.5, [0.5, 0.5, 0.5])}
    assert len(ids) == 1
    assert run_id(resolved({name: [0.5, 0.5, 0.25]} | init, task=task), DIGEST) not in ids
    neutral = RunOptions.model_fields[name].default
    plain = run_id(resolved(init, task=task), DIGEST)
    assert run_id(resolved({name: [neutral] * 3} | init, task=task), DIGEST) == plain


@pytest.mark.parametrize(("depth", "scale", "hashed_scale"), [(0, 1.0, [0.1]), (1, 0.0, [0.0, 0.0])])
def test_the_scale_that_auto_gives_a_regression_stands_per_layer_in_run_id(
    depth: int, scale: float, hashed_scale: list[float]
) -> None:
    """Results of earlier versions are found by these ids; resolved options, as files have them, have the same."""
    options = resolved({"depth": depth, "init_scale": scale}, task="regression")
    changed = {"loss": "squared", "monitor": "val_rmse", "task": "regression", "hidden": [64] * depth}
    assert run_id(options, DIGEST) == hashed(canonical(SHAPED | changed | {"init_scale": hashed_scale}))
    again = resolve(options, task="regression", scale="standard", has_validation=True, threads=1)
    assert run_id(again, DIGEST) == run_id(options, DIGEST)


def test_the_id_does_not_depend_on_the_process() -> None:
    code = (
        "from mlpcli.config import *; o = build(Source({'lr': 1e-3}, ''));"
        "o = resolve(o, task='classification', scale='standard', has_validation=True, threads=1);"
        f"print(run_id(o, '{DIGEST}'), stack_key(o, '{DIGEST}'))"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env={"PYTHONHASHSEED": seed})
        for seed in ("1", "2")
    ]
    assert {run.stdout.decode().split()[0] for run in runs} == {run_id(resolved(), DIGEST)}
    assert {run.stdout.decode().split()[1] for run in runs} == {stack_key(resolved(), DIGEST)}


def test_resolve_replaces_every_auto() -> None:
    options = resolved()
    assert (options.task, options.scale, options.threads, options.split_seed) == ("classification", "standard", 1, 0)
    assert (options.loss, options.init, options.lr, options.monitor) == ("cross-entropy", "he", 1e-3, "val_accuracy")
    assert (options.keep, options.hidden) == ("best", (64, 64))
    options = resolved(task="regression", scale="unit", threads=4)
    assert (options.loss, options.monitor, options.scale, options.threads) == ("squared", "val_rmse", "unit", 4)


@pytest.mark.parametrize(
    ("activation", "init"),
    [
        ("relu", "he"),
        ("leaky-relu", "he"),
        ("elu", "he"),
        ("gelu", "he"),
        ("silu", "he"),
        ("mish", "he"),
        ("softplus", "he"),
        ("selu", "lecun"),
        ("sigmoid", "glorot"),
        ("tanh", "glorot"),
        ("identity", "glorot"),
    ],
)
def test_init_follows_the_activation(activation: str, init: str) -> None:
    assert resolved({"activation": activation}).init == init
    assert resolved({"activation": activation, "init": "zeros"}).init == "zeros"


@pytest.mark.parametrize("optimizer", OPTIONS["optimizer"].choices)
def test_lr_and_beta2_are_the_optimizers_own(optimizer: str) -> None:
    used = {"task": "classification", "scale": "none", "has_validation": True, "threads": 1}
    options = RunOptions.model_validate({"optimizer": optimizer})
    assert resolve(options, **used).lr == OPTIMIZERS[optimizer].lr
    own = 0.99 if optimizer == "rmsprop" else 0.999
    assert resolve(options, **used).beta2 == own
    given = resolved({"optimizer": optimizer, "lr": 0.5, "beta2": 0.5})
    assert (given.lr, given.beta2) == (0.5, 0.5 if "beta2" in OPTIMIZERS[optimizer].reads else own)


def test_without_validation_rows_the_last_epoch_is_kept_and_nothing_monitored() -> None:
    options = resolved(has_validation=False)
    assert (options.keep, options.monitor) == ("last", "auto")
    assert resolved({"keep": "last"}, has_validation=True).keep == "last"


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 5},
        {"init_scale": 0.5},
        {"init_bias": 1.0},
        {"init_scale": [0.5, 1.0, 0.0]},
        {"lr": 0.5},
        {"lr_multiplier": 2.0},
        {"lr_multiplier": [0.64, 0.25, 0.25]},
        {"momentum": 0.1},
        {"momentum_final": 0.99},
        {"momentum_epochs": 4.0},
        {"beta1": 0.1},
        {"beta2": 0.1},
        {"eps": 1e-3},
        {"lr_decay": 0.1},
        {"lr_every": 3.0},
        {"min_delta": 0.1},
    ],
)
def test_replicas_of_one_stack_may_differ_in(other: dict[str, Any]) -> None:
    assert stack_key(resolved(other), DIGEST) == stack_key(resolved(), DIGEST)


@pytest.mark.parametrize(
    ("name", "one", "two"),
    [
        ("weight_decay", 1e-4, 1e-2),
        ("dropout", 0.1, 0.5),
        ("input_gain", 1.0, 6.0),
        ("input_dropout", 0.1, 0.2),
        ("clip_norm", 1.0, 5.0),
        ("max_norm", 3.0, [0.0, 1.0, 2.0]),
        ("label_smoothing", 0.1, 0.2),
        ("warmup", 1.0, 2.0),
        ("patience", 3, 5),
    ],
)
def test_what_zero_switches_off_is_on_or_off_for_a_whole_stack(name: str, one: Any, two: Any) -> None:
    off = stack_key(resolved(), DIGEST)
    assert stack_key(resolved({name: one}), DIGEST) == stack_key(resolved({name: two}), DIGEST) != off
    assert stack_key(resolved({name: 0}), DIGEST) == off


def test_a_list_of_zeros_is_no_max_norm() -> None:
    assert stack_key(resolved({"max_norm": [0.0, 0.0, 0.0]}), DIGEST) == stack_key(resolved(), DIGEST)


def test_everything_else_splits_stacks() -> None:
    free = {"seed", "init_scale", "init_bias", "lr", "lr_multiplier", "momentum", "momentum_final", "momentum_epochs"}
    free |= {"beta1", "beta2", "eps", "lr_decay", "lr_every", "min_delta"}
    keys = [stack_key(resolved(), DIGEST), stack_key(resolved(), "f" * 64), stack_key(resolved(threads=2), DIGEST)]
    keys += [
        stack_key(resolved({name: value}, **({"scale": value} if name == "scale" else {})), DIGEST)
        for name, value in OTHER_VALUES.items()
        if name not in free | {"norm_position", "fold"}
    ]
    keys.append(stack_key(resolved({"folds": 5, "fold": 2}), DIGEST))
    keys.append(stack_key(resolved({"norm": "batch", "norm_position": "after"}), DIGEST))
    keys.append(stack_key(resolved({"norm": "batch"}), DIGEST))
    keys.append(stack_key(resolved({"split_seed": "seed", "seed": 9}), DIGEST))
    keys.append(stack_key(resolved({"record": True}), DIGEST))
    assert len(set(keys)) == len(keys)

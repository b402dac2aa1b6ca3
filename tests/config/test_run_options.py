"""Every option at the edges of its range, from the one table of ranges below, written from CONTRACT section 2."""

import math
import pickle
from collections.abc import Sequence

import pytest
from pydantic import ValidationError

from mlpcli.config import OPTIONS, RunOptions, Source, build, check_value

MOST_ROWS = 10**9
MOST_SEED = 2**63 - 1
BELOW_1 = math.nextafter(1.0, 0.0)
LEAST = 5e-324

INTEGERS = {
    "width": (1, 1_000_000),
    "depth": (0, 1_000),
    "epochs": (0, 1_000_000),
    "patience": (0, 1_000_000),
    "seed": (0, MOST_SEED),
    "split_seed": (0, MOST_SEED),
    "folds": (0, 1000),
    "fold": (0, 1000),
    "ensemble": (1, 1000),
    "batch_size": (1, MOST_ROWS),
    "min_frequency": (1, MOST_ROWS),
    "threads": (1, 1024),
    "test_size": (0, MOST_ROWS),
    "val_size": (0, MOST_ROWS),
}
SHARES = ("dropout", "input_dropout", "label_smoothing", "momentum", "momentum_final", "beta1", "beta2")
AMOUNTS = ("weight_decay", "clip_norm", "warmup", "max_norm", "init_scale", "lr_multiplier", "momentum_epochs")
AMOUNTS += ("init_bias", "input_gain", "min_delta")
CHOICES = {
    "task": "auto classification regression multilabel",
    "lift": "none quadratic",
    "scale": "auto standard robust robust-clip minmax maxabs unit none",
    "activation": "relu leaky-relu elu selu gelu silu mish softplus sigmoid tanh identity",
    "norm": "none batch layer",
    "norm_position": "before after",
    "init": "auto he glorot lecun normal zeros xor interpolate sawtooth",
    "dtype": "float32 float64",
    "loss": "auto cross-entropy squared absolute huber",
    "class_weight": "none balanced",
    "optimizer": "sgd momentum nesterov rmsprop adam adamw lbfgs",
    "schedule": "constant step exponential inverse linear cosine cycles plateau",
    "monitor": "auto val_loss val_accuracy val_balanced_accuracy val_micro_f1 val_macro_f1 val_roc_auc "
    "val_average_precision val_top_5_accuracy val_log_loss val_brier val_rmse val_mae val_median_absolute_error "
    "val_mape val_r2 val_explained_variance val_max_error",
    "keep": "best last",
    "preset": "none tabular",
    "dates": "day-first month-first",
    "decimal": ". ,",
    "split": "auto random stratified group ordered",
}
SWITCHES = ("drop_unlabelled", "record", "record_weights")
NUMBERS: Sequence[tuple[str, object, bool]] = (
    [(name, bound, True) for name, bounds in INTEGERS.items() for bound in bounds]
    + [(name, low - 1, False) for name, (low, _) in INTEGERS.items()]
    + [(name, high + 1, False) for name, (_, high) in INTEGERS.items()]
    + [(name, value, True) for name in SHARES for value in (0, 0.0, LEAST, 0.5, BELOW_1)]
    + [(name, value, False) for name in SHARES for value in (-LEAST, 1.0, 1, 2.0)]
    + [(name, value, True) for name in ("test_size", "val_size") for value in (0.0, LEAST, BELOW_1)]
    + [(name, value, False) for name in ("test_size", "val_size") for value in (-LEAST, 1.0, 1.5)]
    + [(name, value, True) for name in AMOUNTS for value in (0, 0.0, LEAST, 1e308)]
    + [(name, -LEAST, False) for name in AMOUNTS]
    + [(name, value, True) for name in ("lr", "eps") for value in (LEAST, 1, 1e308)]
    + [(name, value, False) for name in ("lr", "eps") for value in (0, 0.0, -1e-3)]
    + [
        ("lr_decay", LEAST, True),
        ("lr_decay", 1, True),
        ("lr_decay", 0.0, False),
        ("lr_decay", 1.0000000000000002, False),
    ]
    + [("lr_every", 0.001, True), ("lr_every", 1e308, True), ("lr_every", 0.000999, False), ("lr_every", 0, False)]
)
LISTS: Sequence[tuple[str, object, bool]] = [
    ("hidden", [], True),
    ("hidden", [1], True),
    ("hidden", [1_000_000, 1], True),
    ("hidden", [2] * 1000, True),
    ("hidden", "256,128,64", True),
    ("hidden", 7, True),
    ("hidden", [2] * 1001, False),
    ("hidden", [0], False),
    ("hidden", [1_000_001], False),
    ("hidden", [2, True], False),
    ("hidden", [2, 2.0], False),
    ("hidden", "", False),
    ("hidden", "2,,3", False),
    ("hidden", 0, False),
    *(
        (name, value, good)
        for name in ("max_norm", "init_scale", "init_bias", "lr_multiplier")
        for value, good in (([1.0], True), ([0, 2.5], True), ([], False), ([1.0, -1.0], False), ("2.0", False))
    ),
    ("target", "price", True),
    ("target", ["a,b", "c"], True),
    ("target", "", False),
    ("target", [], False),
    ("target", ["a", 1], False),
    ("drop", "id", True),
    ("drop", ["a,b", "c"], True),
    ("drop", "", False),
    ("drop", [], False),
    *(("delimiter", mark, True) for mark in (";", "\t", "|", " ", "\x7f")),
    *(("delimiter", mark, False) for mark in ("", ";;", '"', "\n", "\r", "\0", "é", 1)),
    ("encoding", "latin-1", True),
    ("header", False, True),
    ("header", "false", False),
    *((name, "a,b", True) for name in ("column_names", "units", "missing", "categories")),
    *((name, "", False) for name in ("column_names", "units", "missing", "categories")),
    *(("thousands", mark, mark in (",", "'", " ")) for mark in (",", "'", " ", "0", "-", "", ",,")),
    ("encoding", "", False),
    ("dataset", "moons:n=500,noise=0.2", True),
    ("dataset", "a" * 4096, True),
    ("dataset", "a" * 4097, False),
    ("dataset", "", False),
    ("groups", "patient", True),
    ("groups", "", False),
    ("val_dataset", "rows.csv", True),
    ("val_dataset", "", False),
    ("weights", "copies", True),
    ("weights", "", False),
    ("dataset", "nul\0", False),
    ("dataset", "surrogate \udce9", False),
    ("batch_size", "full", True),
    ("split_seed", "seed", True),
    ("threads", "auto", True),
    *((name, value, value in (True, False)) for name in SWITCHES for value in (True, False, "yes", "true", None)),
]


def test_the_tables_above_cover_every_option() -> None:
    assert {name for name, *_ in [*NUMBERS, *LISTS]} | CHOICES.keys() == OPTIONS.keys() == set(RunOptions.model_fields)


def is_valid(name: str, value: object) -> bool:
    try:
        RunOptions.model_validate({name: value})
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("option", sorted({name for name, *_ in [*NUMBERS, *LISTS]}))
def test_values_at_the_edge(option: str) -> None:
    for name, value, good in [*NUMBERS, *LISTS]:
        if name == option:
            assert (check_value(name, value, f"run.toml: {name}") is None) == good, (name, value)
            assert is_valid(name, value) == good, (name, value)


@pytest.mark.parametrize("name", CHOICES)
def test_choices_are_those_of_the_contract(name: str) -> None:
    words = CHOICES[name].split()
    assert list(OPTIONS[name].choices) == words
    for word in words:
        assert getattr(RunOptions.model_validate({name: word}), name) == word
        assert word == word.upper() or check_value(name, word.upper(), name) is not None


@pytest.mark.parametrize("name", [*INTEGERS, *SHARES, *AMOUNTS, "lr", "eps", "lr_decay", "lr_every", "hidden"])
def test_numbers_are_finite_and_no_booleans(name: str) -> None:
    for value in (True, math.nan, math.inf, -math.inf, {"a": 1}, 10**400, -(10**400), [[1]]):
        assert check_value(name, value, name) is not None, value


@pytest.mark.parametrize("name", [name for name in INTEGERS if name not in ("test_size", "val_size")])
def test_an_integer_is_no_float(name: str) -> None:
    assert check_value(name, 2.0, name) is not None


def test_canonical_types() -> None:
    options = RunOptions.model_validate(
        {"lr": 1, "max_norm": [1, 2, 3], "hidden": [4, 4], "target": "a, b", "val_size": 0.0, "dropout": -0.0}
    )
    assert repr(options.lr) == "1.0"
    assert repr(options.max_norm) == "(1.0, 2.0, 3.0)"
    assert options.hidden == (4, 4)
    assert options.target == ("a", "b")
    assert repr(options.val_size) == "0"
    assert repr(options.dropout) == "0.0"


def test_defaults_are_those_of_the_contract() -> None:
    defaults = (
        "dataset=digits target=None drop=None delimiter=None encoding=None header=None column_names=None decimal=. "
        "thousands=None units=None missing=None dates=None categories=None min_frequency=1 drop_unlabelled=False "
        "groups=None weights=None val_dataset=None split=auto folds=0 fold=0 ensemble=1 "
        "task=auto scale=auto test_size=0.2 val_size=0.1 split_seed=0 dtype=float32 lift=none width=64 depth=2 "
        "hidden=None activation=relu norm=none "
        "norm_position=before init=auto init_scale=1.0 init_bias=0.0 input_gain=0.0 "
        "loss=auto label_smoothing=0.0 class_weight=none dropout=0.0 input_dropout=0.0 weight_decay=0.0 max_norm=0.0 "
        "clip_norm=0.0 optimizer=adam lr=None lr_multiplier=1.0 momentum=0.9 momentum_final=0.9 "
        "momentum_epochs=0.0 beta1=0.9 beta2=None eps=1e-08 schedule=constant "
        "lr_decay=0.5 lr_every=10.0 warmup=0.0 preset=none batch_size=32 epochs=30 monitor=auto patience=0 "
        "min_delta=0.0 keep=best seed=0 threads=auto record=False record_weights=False"
    )
    assert {f"{name}={value}" for name, value in RunOptions()} == set(defaults.split())


def test_defaults_are_valid() -> None:
    given = {name: value for name, value in RunOptions() if value is not None}
    assert RunOptions.model_validate(given) == RunOptions()


def test_sizes() -> None:
    assert RunOptions().sizes == (64, 64)
    assert RunOptions(width=3, depth=0).sizes == ()
    assert RunOptions(hidden=(5, 4), width=3).sizes == (5, 4)


def test_frozen_hashable_and_fit_for_other_processes() -> None:
    options = build(Source({"hidden": [3, 2]}, ""))
    with pytest.raises(ValidationError):
        options.seed = 1
    assert pickle.loads(pickle.dumps(options)) == options
    assert hash(pickle.loads(pickle.dumps(options))) == hash(options)

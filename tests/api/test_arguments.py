"""Arguments of absurd types: one line of ours, never an error of Python's out of our code."""

import datetime
import decimal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mlpcli

X, Y = np.arange(40.0).reshape(20, 2), np.arange(20) % 2
TABLE = {"a": list(X[:, 0]), "b": list(X[:, 1]), "y": list(Y)}
SHORT: dict[str, Any] = {"epochs": 0, "width": 2, "depth": 1, "progress": False}
SPEC = {"base": {"dataset": "xor", "epochs": 1, "width": 2}}


class Strange:
    """An object that no argument takes."""


HUGE = 10**400
ABSURD = [
    *(
        None,
        3,
        -1,
        1.5,
        float("nan"),
        True,
        b"x",
        "",
        "zz",
        "a\0b",
        "\ud800",
        1j,
        HUGE,
        ...,
        Strange(),
        Strange,
        len,
    ),
    *({1, 2}, set(), {1: 2}, {"a": {"b": 1}}, [1, "a", None], [], (1, 2, 3), (1, 2), [[[]]], range(3), bytearray(b"x")),
    *(pd.DataFrame({"a": [1.0]}), pd.Series([1.0], name="a"), X, np.array(3), np.float32(2), np.str_("x")),
    *(datetime.date(2020, 1, 1), decimal.Decimal("sNaN"), decimal.Decimal("1"), ValueError("x"), len),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> mlpcli.Run:
    return mlpcli.train((X, Y), **SHORT, results=tmp_path_factory.mktemp("made"), name="r")


def calls(run: mlpcli.Run) -> dict[str, Callable[[Any], Any]]:
    assert run.path is not None
    model, root = run.model, run.path.parent
    of_train = ("config", "results", "name", "resume", "force", "data_home", "note", "tags", "plugin", "on_epoch")
    of_sweep = ("data", "jobs", "executor", "seeds", "name", "max_trials", "results", "data_home", "keep_models")
    of_sweep += ("retry_failed", "restart", "force", "fail_fast", "time_limit", "note", "tags", "plugin", "lr")
    here = {"results": root, "force": True}

    def train(name: str) -> Callable[[Any], Any]:
        return lambda value: mlpcli.train((X, Y), **{**SHORT, **here, "name": "q", name: value})

    def sweep(name: str) -> Callable[[Any], Any]:
        fixed = {"executor": "serial", "progress": False, **here, "name": "s"}
        return lambda value: mlpcli.sweep(SPEC, **{**fixed, name: value})

    def stored(function: Any, name: str) -> Callable[[Any], Any]:
        return lambda value: function(**{"name": "r", "results": root, name: value})

    return {
        "data": lambda value: mlpcli.train(value, **SHORT),
        "X": lambda value: mlpcli.train((value, Y), **SHORT),
        "y": lambda value: mlpcli.train((X, value), **SHORT),
        "cell of X": lambda value: mlpcli.train(([[value, 1.0], *X[1:].tolist()], Y), **SHORT),
        "cell": lambda value: mlpcli.train({**TABLE, "a": [value, *TABLE["a"][1:]]}, target="y", **SHORT),
        "cells": lambda value: mlpcli.train({**TABLE, "a": [value] * 20}, target="y", **SHORT),
        "cell of y": lambda value: mlpcli.train({**TABLE, "y": [value, *TABLE["y"][1:]]}, target="y", **SHORT),
        **{f"train {name}": train(name) for name in (*of_train, "hidden", "lr", "max_norm", "seed", "drop")},
        "spec": lambda value: mlpcli.sweep(value, executor="serial", progress=False),
        **{f"sweep {name}": sweep(name) for name in of_sweep},
        **{f"open {name}": stored(mlpcli.open, name) for name in ("name", "results", "plugin")},
        **{f"load {name}": stored(mlpcli.load, name) for name in ("name", "results", "plugin")},
        "predict": model.predict,
        "score": lambda value: model.score(X, value),
        "weights": lambda value: model.evaluate(X, Y, weights=value),
        "metric": lambda value: model.explain(X, Y, value, repeats=2),
        "repeats": lambda value: model.explain(X, Y, repeats=value) if value is not HUGE else None,
        "layer": lambda value: model.hidden(X, value),
    }


@pytest.mark.filterwarnings("ignore")
def test_every_argument_of_an_absurd_type(run: mlpcli.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    escaped = []
    for name, call in calls(run).items():
        for value in ABSURD:
            try:
                call(value)
            except mlpcli.Error:
                pass
            except Exception as error:
                escaped.append((name, repr(value)[:60], repr(error)[:100]))
    assert not escaped, "\n".join(map(str, escaped))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda: mlpcli.train("xor", config=3),
            "config: got 3, expected a TOML file, a dict, or the options of another",
        ),
        (lambda: mlpcli.train("xor", tags="paper"), "tags: got 'paper', expected a list of texts"),
        (lambda: mlpcli.sweep(SPEC, seeds={0, 1}), r"seeds: got \{0, 1\}, expected their number, or a list of them"),
        (lambda: mlpcli.open(None), "name: got None, expected a path"),  # type: ignore[arg-type]
        (
            lambda: mlpcli.train({**TABLE, "a": [decimal.Decimal("sNaN")] * 20}, target="y"),
            "column 'a'.*sNaN",
        ),
    ],
)
def test_the_message_names_the_argument(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(mlpcli.Error, match=said):
        call()

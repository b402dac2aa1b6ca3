"""A table with every kind of column, models trained on it, and the other sides that read what was exported."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd

import mlpcli
from mlpcli.nn import Array

ROWS = 80
COLORS = ["red", "light blue", 'gr"een', "rosé", "'''"]


def table(rows: int = ROWS, *, unknown: bool = False) -> pd.DataFrame:
    """Numbers near and far from 0, with gaps and without, booleans, texts; `unknown` texts and gaps where none were."""
    rng = np.random.default_rng(rows)
    frame = pd.DataFrame(
        {
            "age": rng.normal(40, 10, rows),
            "when": 1.7e9 + rng.integers(0, 100, rows),
            "member": rng.random(rows) < 0.5,
            "color": rng.choice(COLORS, rows, p=[0.4, 0.3, 0.1, 0.1, 0.1]),
            "prediction": rng.normal(0, 1, rows) ** 3,
            "constant": 2.5,
        }
    )
    frame.loc[::7, "age"] = np.nan
    frame.loc[::9, "color"] = None
    if unknown:
        frame.loc[::5, "color"] = "violet"
        frame.loc[::4, "prediction"] = np.nan
    return frame


def targets(frame: pd.DataFrame) -> dict[str, Any]:
    """One target of each task, by its name."""
    level = frame["age"].fillna(45) / 10 + (frame["color"] == "red") + frame["member"]
    return {
        "text": np.where(level > level.median(), 'y"es\\n', "no"),
        "truth": (level > level.median()).to_numpy(),
        "codes": pd.cut(level, 3, labels=False).to_numpy() * 10,
        "names": np.array(["a", "b'", "c"])[pd.cut(level, 3, labels=False).to_numpy()],
        "value": 1e3 * level.to_numpy() + 5e4,
        "labels": pd.DataFrame({"old": frame["age"] > 40, "red": frame["color"] == "red"}).astype(int),
        "pair": pd.DataFrame({"u": level, "v": -1e3 * frame["prediction"]}),
    }


def trained(target: str = "text", **options: Any) -> mlpcli.Model:
    """A model of the table."""
    frame = table()
    known: dict[str, Any] = {"width": 8, "depth": 2, "epochs": 3}
    known |= {"pair": {"task": "regression"}, "labels": {"task": "multilabel"}}.get(target, {})
    return mlpcli.train((frame, targets(frame)[target]), **{**known, **options}).model


def run_onnx(path: Path, rows: pd.DataFrame | Array) -> dict[str, Any]:
    """The outputs of onnxruntime by name; every input is fed as the data frame has it."""
    session = onnxruntime.InferenceSession(path)
    feed = {}
    for given in session.get_inputs():
        if isinstance(rows, pd.DataFrame):
            cells = rows[[given.name]]
            texts = given.type == "tensor(string)"
            feed[given.name] = cells.fillna("").to_numpy(object) if texts else cells.to_numpy()
        else:
            feed[given.name] = np.asarray(rows, np.float64)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, feed), strict=True))


def import_file(path: Path) -> ModuleType:
    """The exported Python file as a module."""
    spec = importlib.util.spec_from_file_location("exported", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

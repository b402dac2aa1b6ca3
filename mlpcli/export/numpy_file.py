"""A trained network as one Python file that needs NumPy alone, to be read, imported, or run on a CSV file.

Texts of the model enter the file as literals only, so that a forged model cannot smuggle code into it.
"""

import base64
import codecs
import inspect
from collections.abc import Callable
from pathlib import Path
from pprint import pformat
from textwrap import indent
from typing import Any

import numpy as np

import mlpcli
from mlpcli.config import DataOptions, choices
from mlpcli.data.prepared.columns import codes_of
from mlpcli.data.prepared.preprocessing import CLIP, FAR
from mlpcli.data.readers.text.cells import Spelling, as_code
from mlpcli.data.readers.text.compression import COMPRESSIONS
from mlpcli.export import standalone
from mlpcli.export.formulas import as_numpy
from mlpcli.export.trained import Trained, tensors_of
from mlpcli.nn import LOSSES, Activation, BatchNorm, Dropout, Gain, Layer, LayerNorm, Linear, QuadraticLift
from mlpcli.nn.normalization import EPS

__all__ = ["numpy_bytes"]

assert (CLIP, FAR) == (3, 1e100)  # the numbers in `standalone.features_of`

SEPARATORS = {".tsv": "\t", ".txt": None, ".zip": None}
"""Column separators by suffix, where it is no comma; None where the first line of a file shows it."""

WIDTH = 118
"""Characters of a line in the file."""

HEAD = '''"""Predictions of a multilayer perceptron, exported by mlpcli {version}. Needs NumPy alone.

Import it and call predict(rows), with rows as a dict of columns, a list of dicts, a data frame, or an array whose
columns stand in the order of COLUMNS; or run it: python FILE.py rows.csv
"""

import base64
import csv
import io
import re
import signal
import sys
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np'''

TAIL = """if __name__ == "__main__":
    main(predict, predict_proba, CLASSES)
"""

COPIED: tuple[Callable[..., Any], ...] = (
    standalone.encode,
    standalone.features_of,
    standalone.cells_of,
    standalone.values_of,
    standalone.number,
    standalone.real,
    standalone.truth,
    standalone.text,
    as_code,
    codes_of,
    standalone.sigmoid,
    standalone.array,
    standalone.read_csv,
    standalone.separated,
    standalone.main,
)


def numpy_bytes(model: Trained) -> bytes:
    """The content of the file, the same bytes for the same network."""
    parts = [
        HEAD.format(version=mlpcli.__version__),
        _facts(model),
        *_predictions(model),
        _forward(model),
        *map(inspect.getsource, COPIED),
        _weights(model),
        TAIL,
    ]
    return "\n\n\n".join(part.strip("\n") for part in parts).encode() + b"\n"


def _facts(model: Trained) -> str:
    """Facts about the data, as literals."""
    fitted = model.preprocessing.to_json()
    classes = None if model.classes is None else model.classes.tolist()
    facts: dict[str, Any] = {
        "DATASET": model.options.dataset,
        "TARGETS": fitted["targets"],
        "CLASSES": classes,
        "DTYPE": model.options.dtype,
    }
    if model.preprocessing.task == "regression":
        facts |= {"TARGET_MEAN": fitted["target_mean"], "TARGET_SCALE": fitted["target_scale"]}
    lines = [f"{name} = {pformat(value, width=WIDTH, sort_dicts=False)}" for name, value in facts.items()]
    columns = [pformat(column, width=WIDTH - 5, sort_dicts=False, compact=True) for column in fitted["columns"]]
    lines += ["COLUMNS = [", *(indent(f"{column},", "    ") for column in columns), "]"]
    return "\n".join([*lines, *_reading(model.options.data)])


def _reading(options: DataOptions) -> list[str]:
    """How the table of the training was written, as literals; the functions of the file read others alike."""
    spelling = Spelling.of(options)
    gaps = pformat(sorted(spelling.gaps), width=WIDTH - 18, compact=True)
    path = Path(options.dataset.lower())
    suffix = (path.with_suffix("") if path.suffix in COMPRESSIONS else path).suffix
    separator = options.delimiter or SEPARATORS.get(suffix, ",")
    encoding = options.encoding or "utf-8"
    if codecs.lookup(encoding).name == "utf-8":  # under any of its names; a byte order mark may stand before the text
        encoding = "utf-8-sig"
    has_header = options.header is True or (options.header is None and not options.column_names)
    return [
        f"GAPS = frozenset({gaps})  # empty cells, among numbers",
        f"MISSING = frozenset({sorted(spelling.missing)!r})  # empty cells, among texts too",
        f"MISSING_NUMBERS = frozenset({sorted(spelling.missing_numbers)!r})",
        f"NUMBER = re.compile({spelling.pattern.pattern!r}, re.ASCII)",
        f"THOUSANDS = {spelling.thousands or ''!r}",
        f"ENCODING, SEPARATOR = {encoding!r}, {separator!r}  # of a CSV file; None: its first line shows the separator",
        f"HEADER, NAMES = {has_header}, {list(options.column_names or ())!r}",
    ]


def _predictions(model: Trained) -> list[str]:
    """The functions that users of the file call."""
    if model.preprocessing.task == "regression":
        own = "(scores(rows) * TARGET_SCALE + TARGET_MEAN)"
        return [
            _function("predict", "Value of each row, in the units of the target.", [f"return {own}{_first(model)}"]),
            "predict_proba = None  # a regression has no probabilities",
        ]
    if model.preprocessing.task == "multilabel":
        labels, shares = ["return (scores(rows) > 0).astype(int)"], ["return sigmoid(scores(rows))"]
        return [
            _function("predict", "Labels of each row, 0 or 1, in the order of TARGETS.", labels),
            _function("predict_proba", "One probability per label of each row.", shares),
        ]
    assert model.classes is not None
    log_odds = LOSSES[model.options.loss].log_odds
    if len(model.classes) == 2:
        code = "(scores(rows)[:, 0] > 0).astype(int)"
        share = "sigmoid(scores(rows))" if log_odds else "np.clip((1 + scores(rows)) / 2, 0, 1)"
        shares = [f"positive = {share}", "return np.concatenate([1 - positive, positive], axis=1)"]
    else:
        code = "scores(rows).argmax(axis=1)"
        shares = ["s = scores(rows)", "p = np.exp(s - s.max(axis=1, keepdims=True))"]
        if not log_odds:
            shares = ["p = np.clip(scores(rows), 0, 1)", "p[p.sum(axis=1) == 0] = 1"]
        shares.append("return p / p.sum(axis=1, keepdims=True)")
    return [
        _function("predict", "Class of each row.", [f"return np.array(CLASSES)[{code}]"]),
        _function("predict_proba", "One probability per class, in the order of CLASSES, of each row.", shares),
    ]


def _first(model: Trained) -> str:
    return "[:, 0]" if len(model.preprocessing.targets) == 1 else ""


def _forward(model: Trained) -> str:
    """The network, layer by layer."""
    lines = ["x = encode(rows, COLUMNS, DTYPE)"]
    for name, layer in zip(model.network.names, model.network.layers, strict=True):
        lines += _layer(name, layer, model.options.activation)
    if model.network.lead:
        lines.append(f"x = x.mean(axis=0)  # of the {model.network.lead[0]} networks")
    return _function("scores", "Scores of the network, one row per row.", [*lines, "return x.astype(np.float64)"])


def _layer(name: str, layer: Layer, activation: str) -> list[str]:
    """One layer, as it is after training: dropout passes everything, batch norm uses its running statistics."""

    def tensor(of: str) -> str:
        return f'W["{name}.{of}"]'

    match layer:
        case Linear():
            return [f"x = x @ {tensor('weight')}" + (f" + {tensor('bias')}" if layer.has_bias else "")]
        case BatchNorm():
            centred = f"(x - {tensor('running_mean')}) / np.sqrt({tensor('running_var')} + {EPS})"
            return [f"x = {centred}", f"x = x * {tensor('gain')} + {tensor('bias')}"]
        case LayerNorm():
            return [
                "x = x - x.mean(axis=-1, keepdims=True)",
                f"x = x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + {EPS})",
                f"x = x * {tensor('gain')} + {tensor('bias')}",
            ]
        case Activation():
            return [f"x = {as_numpy(choices.ACTIVATIONS[activation].formula, 'x')}"]
        case Gain():
            return [f"x = x * {tensor('gain')}"]
        case QuadraticLift():
            pairs = "i, j = np.triu_indices(x.shape[-1])  # all products of two inputs"
            return [pairs, "x = np.concatenate([x, x[..., i] * x[..., j]], axis=-1)"]
        case Dropout():
            return []
    raise AssertionError(f"{name}: a layer without a form in NumPy")


def _function(name: str, words: str, lines: list[str]) -> str:
    return "\n    ".join([f"def {name}(rows):", f'"""{words}"""', *lines])


def _weights(model: Trained) -> str:
    """The tensors, whose bytes no rounding touches."""
    lines = ["W = {  # weights by name"]
    for name, tensor in tensors_of(model).items():
        data = base64.b64encode(np.ascontiguousarray(tensor, tensor.dtype.newbyteorder("<")).tobytes()).decode()
        rows = [data[start : start + WIDTH] for start in range(0, len(data), WIDTH)]
        lines += [f'    "{name}": array("""', *rows, f'""", {tensor.shape}, DTYPE),']
    return "\n".join([*lines, "}"])

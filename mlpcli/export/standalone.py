"""Code that exported NumPy files consist of: the source of these functions is copied into them.

They need NumPy alone, and read what the file states about its columns: `name`, and where they differ from a number
that is left as it is, `kind`, `center`, `scale`, `fill`, `indicator`, `clip`, `categories` and `rare`.

>>> encode({"age": [30, None]}, [{"name": "age", "center": 40.0, "scale": 10.0, "fill": 40.0}], "float32")
array([[-1.],
       [ 0.]], dtype=float32)
>>> encode([{"c": "red"}, {"c": "blue"}], [{"name": "c", "kind": "text", "categories": ["red"]}], "float32")
array([[1.],
       [0.]], dtype=float32)
"""

import base64
import csv
import sys
from typing import Any

import numpy as np

__all__ = [
    "GAPS",
    "TARGETS",
    "array",
    "encode",
    "features_of",
    "main",
    "number",
    "sigmoid",
    "text",
    "values_of",
]

GAPS: frozenset[str] = frozenset(["", "nan", "None"])
"""Marks of an empty cell; among texts they are texts. An exported file has all that the readers of tables know."""

TARGETS: list[str] = []
"""Names of the targets; an exported file has its own."""


def encode(rows: Any, columns: Any, dtype: str) -> Any:
    """Rows -> inputs of the network, (rows, features).

    `rows` are a dict of columns, a list of dicts, a data frame, or an array with the columns in order. A number becomes
    (number - center) / scale; an empty cell becomes `fill`, marked in a column of its own if `indicator` is set. A text
    becomes one 0/1 column per category; an unknown one is zeros, or a column of its own if `rare` is set.
    """
    found = [features_of(values_of(rows, at, column["name"]), column) for at, column in enumerate(columns)]
    return np.concatenate(found, axis=1).astype(dtype)


def features_of(values: Any, column: Any) -> Any:
    """One column -> the inputs that it becomes."""
    if column.get("kind") == "text":
        categories = [*column.get("categories", ())]
        texts = [text(value) for value in values]
        features = [[word == category for category in categories] for word in texts]
        if column.get("rare"):
            features = [[*row, word != "" and not any(row)] for row, word in zip(features, texts, strict=True)]
        return np.array(features, float).reshape(len(texts), -1)
    numbers = np.array([number(value) for value in values])
    missing = np.isnan(numbers)
    scaled = np.where(missing, column.get("fill", 0.0), numbers)
    scaled = (scaled - column.get("center", 0.0)) / column.get("scale", 1.0)
    if column.get("clip"):
        scaled = scaled / np.hypot(1, scaled / 3)
    return np.stack([scaled, missing] if column.get("indicator") else [scaled], axis=1)


def values_of(rows: Any, at: int, name: str) -> Any:
    """The cells of one column."""
    if isinstance(rows, list) and rows and isinstance(rows[0], dict):
        return [row[name] for row in rows]
    if isinstance(rows, dict) or hasattr(rows, "columns"):
        return list(rows[name])
    return np.asarray(rows)[:, at].tolist()


def number(value: Any) -> float:
    """The number in a cell, NaN where it is empty."""
    word = str(value).strip()
    if word in GAPS:
        return float("nan")
    return float({"true": 1, "false": 0}.get(word.lower(), word) if isinstance(value, str) else value)


def text(value: Any) -> str:
    """The text in a cell, empty where the cell is."""
    word = str(value).strip()
    if isinstance(value, (bool, np.bool_)):
        return word.lower()
    return "" if not isinstance(value, str) and word in GAPS else word


def sigmoid(t: Any) -> Any:
    """1 / (1 + exp(-t)), without overflow."""
    return np.exp(-np.logaddexp(0, -t))


def array(data: str, shape: tuple[int, ...], dtype: str) -> Any:
    """An array from its bytes, little-endian, in base64."""
    flat = np.frombuffer(base64.b64decode(data), np.dtype(dtype).newbyteorder("<"))
    return flat.reshape(shape).astype(dtype)


def main(predict: Any, predict_proba: Any, classes: Any) -> None:
    """Print the predictions for the rows of a CSV file with column names, the first argument, or of standard input."""
    with open(sys.argv[1], newline="", encoding="utf-8-sig") if len(sys.argv) > 1 else sys.stdin as file:
        rows = list(csv.DictReader(file))
    if not rows:
        sys.exit("there are no rows: give a CSV file with column names")
    try:
        predicted = np.asarray(predict(rows)).reshape(len(rows), -1)
    except KeyError as missing:
        sys.exit(f"the column {missing} is missing")
    writer = csv.writer(sys.stdout, lineterminator="\n")
    if classes is None:
        writer.writerow(["prediction"] if predicted.shape[1] == 1 else TARGETS)
        writer.writerows(predicted.tolist())
    else:
        writer.writerow(["prediction", *classes])
        writer.writerows(
            [*one, *row] for one, row in zip(predicted.tolist(), predict_proba(rows).tolist(), strict=True)
        )

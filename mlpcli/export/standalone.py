"""Code that exported NumPy files consist of: the source of these functions is copied into them.

They need NumPy alone, and read what the file states about its columns: `name`, and where they differ from a number
that is left as it is, `kind`, `center`, `scale`, `fill`, `indicator`, `clip`, `categories` and `rare`.

>>> encode({"age": [30, None]}, [{"name": "age", "center": 40.0, "scale": 10.0, "fill": 40.0}], "float32")
array([[-1.],
       [ 0.]], dtype=float32)
>>> encode([{"c": "red"}, {"c": "blue"}], [{"name": "c", "kind": "text", "categories": ["red"]}], "float32")
array([[1.],
       [0.]], dtype=float32)
>>> encode({"age": [30, "1e999"]}, [{"name": "age"}], "float32")
Traceback (most recent call last):
ValueError: row 1, column 'age': '1e999' is too large
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

import numpy as np

from mlpcli.data.prepared.columns import codes_of
from mlpcli.data.readers.text.cells import as_code

__all__ = [
    "ENCODING",
    "GAPS",
    "HEADER",
    "MISSING",
    "MISSING_NUMBERS",
    "NAMES",
    "NUMBER",
    "SEPARATOR",
    "TARGETS",
    "THOUSANDS",
    "array",
    "cells_of",
    "encode",
    "features_of",
    "main",
    "number",
    "read_csv",
    "real",
    "separated",
    "sigmoid",
    "text",
    "truth",
    "values_of",
]

# The facts below stand here as a plain file has them; an exported file has its model's own.
GAPS: frozenset[str] = frozenset(["", "nan", "None"])
"""Marks of an empty cell among numbers."""

MISSING: frozenset[str] = frozenset()
"""Those of them that mark an empty cell among texts too."""

MISSING_NUMBERS: frozenset[float] = frozenset()
"""Numbers that mark an empty cell."""

NUMBER = re.compile(r"(?P<sign>[+-]?)(?P<whole>\d*)(?:\.(?P<fraction>\d*))?(?P<power>[eE][+-]?\d+)?", re.ASCII)
"""The spelling of numbers in texts, and `THOUSANDS` the mark between groups of three digits."""

THOUSANDS = ""

ENCODING = "utf-8-sig"
SEPARATOR: str | None = ","
"""Of the columns of a CSV file, "whitespace" for runs of blanks; None where its first line shows it."""

HEADER: bool = True
"""Whether a CSV file begins with the names of its columns, and `NAMES` the names that are used instead."""

NAMES: list[str] = []

TARGETS: list[str] = []
"""Names of the targets."""


def encode(rows: Any, columns: Any, dtype: str) -> Any:
    """Rows -> inputs of the network, (rows, features).

    `rows` are a dict of columns, a list of dicts, a data frame, or an array with the columns in order. A number becomes
    (number - center) / scale; an empty cell becomes `fill`, marked in a column of its own if `indicator` is set. A text
    becomes one 0/1 column per category; an unknown one is zeros, or a column of its own if `rare` is set. A cell that
    is not what its column holds, or too large, is a ValueError.
    """
    found = [features_of(values_of(rows, at, column["name"]), column, dtype) for at, column in enumerate(columns)]
    return np.concatenate(found, axis=1)


def features_of(values: Any, column: Any, dtype: str) -> Any:
    """One column -> the inputs that it becomes."""
    if column.get("kind") == "text":
        categories, rare = tuple(column.get("categories", ())), bool(column.get("rare"))
        codes = {**codes_of(categories), "": -1}
        found = np.array([codes.get(word, len(categories)) for word in cells_of(values, column)], int)
        return (found[:, None] == np.arange(len(categories) + rare)).astype(dtype)
    numbers = np.array(cells_of(values, column), float)
    missing = np.isnan(numbers)
    with np.errstate(over="ignore"):
        scaled = np.where(missing, column.get("fill", 0.0), numbers)
        scaled = (scaled - column.get("center", 0.0)) / column.get("scale", 1.0)
        if column.get("clip"):
            scaled = np.clip(scaled, -1e100, 1e100)
            scaled = scaled / np.hypot(1, scaled / 3)
        scaled = scaled.astype(dtype)
    for at in np.flatnonzero(~np.isfinite(scaled))[:1]:
        raise ValueError(f"row {at}, column {column['name']!r}: {values[at]!r} is too large")
    return np.stack([scaled, missing.astype(dtype)] if column.get("indicator") else [scaled], axis=1)


def cells_of(values: Any, column: Any) -> Any:
    """The texts of a column, its numbers, or 0 and 1 for false and true; "" or NaN for an empty cell."""
    read = {"text": text, "boolean": truth}.get(column.get("kind"), number)
    found = []
    for at, value in enumerate(values):
        try:
            found.append(read(value))
        except ValueError as error:
            raise ValueError(f"row {at}, column {column['name']!r}: {error}") from None
    return found


def values_of(rows: Any, at: int, name: str) -> Any:
    """The cells of one column."""
    if isinstance(rows, list) and rows and isinstance(rows[0], dict):
        if not any(name in row for row in rows):
            raise KeyError(name)
        return [row.get(name) for row in rows]
    if isinstance(rows, dict) or hasattr(rows, "columns"):
        return list(rows[name])
    return np.asarray(rows)[:, at].tolist()


def number(value: Any) -> float:
    """The number in a cell, NaN where it is empty."""
    word = str(value).strip()
    if word in GAPS:
        return float("nan")
    if not isinstance(value, str):
        read = real(value)
    elif re.fullmatch("[+-]?inf(inity)?", word, re.IGNORECASE):
        read = np.inf
    else:
        match = NUMBER.fullmatch(word)
        if not match or not (match["whole"] or match["fraction"]):
            raise ValueError(f"{value!r} is not a number")
        whole = match["whole"].replace(THOUSANDS, "") if THOUSANDS else match["whole"]
        read = float(f"{match['sign']}{whole}.{match['fraction'] or ''}{match['power'] or ''}")
    if np.isinf(read):
        raise ValueError(f"{value!r} is too large")
    if re.fullmatch(r"[+-]?\d+", word, re.ASCII) and abs(read) > 2**53:
        raise ValueError(f"{value!r} is a whole number of too many digits")
    return float("nan") if read in MISSING_NUMBERS else read


def real(value: Any) -> float:
    """The number that a cell holds in a program; ValueError for dates, complex numbers, lists and other objects."""
    if not isinstance(value, (Real, Decimal, np.bool_)):
        raise ValueError(f"{value!r} is neither a number nor a text")
    try:
        return float(value)
    except OverflowError:
        return np.inf


def truth(value: Any) -> float:
    """1 for true and 0 for false, NaN for an empty cell."""
    word = str(value).strip().lower()
    if word in ("true", "false"):
        return float(word == "true")
    try:
        read = number(value)
    except ValueError:
        read = -1.0
    if read not in (0, 1) and not np.isnan(read):
        raise ValueError(f"{value!r} is neither true nor false")
    return read


def text(value: Any) -> str:
    """The text in a cell, empty where the cell is."""
    word = str(value).strip()
    if isinstance(value, (bool, np.bool_)):
        return word.lower()
    if word in (MISSING if isinstance(value, str) else GAPS):
        return ""
    if isinstance(value, (str, int, np.integer)):
        return "" if value in MISSING_NUMBERS else word
    read = real(value)  # pandas has no integers beside gaps
    return "" if read in MISSING_NUMBERS else as_code(read)


def sigmoid(t: Any) -> Any:
    """1 / (1 + exp(-t)), without overflow."""
    return np.exp(-np.logaddexp(0, -t))


def array(data: str, shape: tuple[int, ...], dtype: str) -> Any:
    """An array from its bytes, little-endian, in base64."""
    flat = np.frombuffer(base64.b64decode(data), np.dtype(dtype).newbyteorder("<"))
    return flat.reshape(shape).astype(dtype)


def read_csv(file: Any) -> Any:
    """The columns of a CSV file by name, read as the table of the training was."""
    content = file.read()
    if "\0" in content:
        raise ValueError("there is a NUL byte; is this a text file?")
    separator, content = separated(content)
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=separator, strict=True)
    records = [record for record in reader if record]
    if not records:
        raise ValueError("the file is empty")
    width = len(records[0])
    for record in records:
        if len(record) != width:
            raise ValueError(f"a row of {len(record)} cells, but the first line has {width}: {record!r:.60}")
    header = records.pop(0) if HEADER else [str(at + 1) for at in range(width)]
    names = NAMES or [name.strip() or f"column {at + 1}" for at, name in enumerate(header)]
    if len(set(names)) < width or len(names) != width:
        raise ValueError(f"{width} columns need as many different names")
    return {name: [record[at] for record in records] for at, name in enumerate(names)}


def separated(content: str) -> tuple[str, str]:
    """The separator of the columns, and the text without blanks in its place, or a first line that names it: sep=;"""
    line = content.partition("\n")[0]
    counts = {mark: line.count(mark) for mark in "\t;,|"}
    separator = SEPARATOR or (max(counts, key=lambda mark: counts[mark]) if any(counts.values()) else "whitespace")
    if separator == "whitespace":
        content = re.sub(r'"[^"]*"|[ \t]+', lambda run: run[0] if run[0].startswith('"') else "\t", content)
        separator, content = "\t", re.sub(r"(?m)^\t|\t$", "", content)
    named = re.match(r'"?sep=([^\n"])"?\n', content, re.IGNORECASE)
    return (named[1], content[named.end() :]) if named else (separator, content)


def main(predict: Any, predict_proba: Any, classes: Any) -> None:
    """Print the predictions for the rows of a CSV file, the first argument, or of standard input."""
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # a reader that leaves early, such as head, ends this quietly
    if sys.argv[1:2] in (["-h"], ["--help"]):
        sys.stdout.write((__doc__ or "").strip() + "\n")
        return
    np.seterr(all="ignore")
    source: Any = sys.argv[1] if len(sys.argv) > 1 else 0
    try:
        with open(source, encoding=ENCODING) as file:
            rows = read_csv(file)
        answers = predict(rows)
        shares = [] if classes is None else predict_proba(rows).tolist()
    except (KeyError, OSError, ValueError, csv.Error) as error:
        problem = f"the column {error} is missing" if isinstance(error, KeyError) else error
        sys.stderr.write(f"{source or 'standard input'}: {problem}\n")
        sys.exit(2)
    predicted = (answers if answers.ndim > 1 else answers[:, None]).tolist()
    writer = csv.writer(sys.stdout, lineterminator="\n")
    if classes is None:
        writer.writerow(["prediction"] if answers.ndim == 1 else TARGETS)
        writer.writerows(predicted)
    else:
        writer.writerow(["prediction", *classes])
        writer.writerows([*one, *row] for one, row in zip(predicted, shares, strict=True))

"""Trained networks scored on rows of a dataset: what `mlpcli eval` writes, from its own data or from another table.

>>> import mlpcli
>>> model = mlpcli.train("xor", width=8, depth=1, epochs=200, lr=0.05, progress=False).model
>>> rows = own_rows(model, "xor")
>>> scores = evaluate_rows(model, rows)
>>> rows.name, len(rows), scores.metrics["accuracy"]
('train', 4, 1.0)
>>> model.evaluate([[0, 0], [0, 1], [1, 0], [1, 1]], ["-1", "+1", "+1", "-1"]) == scores.metrics
True
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from mlpcli.config import DataOptions
from mlpcli.data import ColumnSummary, Part, Prepared, prepare
from mlpcli.data.new_rows import read_as_trained, read_rows
from mlpcli.data.prepared.column_summary import UnknownTexts
from mlpcli.errors import DataError, UsageError
from mlpcli.results.folders.naming import table_name
from mlpcli.threads import blas_threads
from mlpcli.training.model import Model
from mlpcli.training.scores import Scores, Table, predictions, score

__all__ = ["RowsToScore", "evaluate_rows", "other_rows", "own_data", "own_rows", "predict_rows"]


@dataclass(frozen=True)
class RowsToScore:
    """Rows of a dataset as a model takes them.

    Attributes:
        name: the split or the table, as it stands in names of files.
        words: the rows in words, for messages.
        x: the inputs `(rows, features)`.
        rows: the number of each row in its table.
        labelled: the rows that have a target; None if no row has one.
        places: the places in `x` of the labelled rows; None stands for all.
        summary: what each column holds.
        unknown: columns with texts that the model does not know.
    """

    name: str
    words: str
    x: NDArray[Any]
    rows: NDArray[Any]
    labelled: Part | None
    places: NDArray[Any] | None = None
    summary: Sequence[ColumnSummary] = ()
    unknown: Sequence[UnknownTexts] = ()

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.rows)


def own_data(model: Model, place: str, split: str | None = None, data_home: Path | None = None) -> tuple[Prepared, str]:
    """The dataset of a model, and the name of the part that is asked for: by default test, else val, else train.

    Args:
        model: the trained network.
        place: its file, for messages.
        split: train, val or test.
        data_home: cache of prepared data, by default the user's.

    Raises:
        DataError: its content has changed since the training.
        UsageError: it has no such part.
    """
    data = prepare(model.options.data, data_home)
    if data.digest != model.digest:
        raise DataError(
            f"cannot score {place} on {model.options.dataset}: its content has changed since. Train again on it"
        )
    name = split or list(data.parts)[-1]
    if name == "val" and data.folds is not None:
        raise UsageError(
            f"--split val: the networks of {place} validated on folds of the train rows, and result.json has the mean "
            "of their scores. Use train or test"
        )
    if name not in data.parts:
        raise UsageError(f"--split {name}: {data.name} has no such rows. It has {', '.join(data.parts)}")
    return data, name


def own_rows(model: Model, place: str, split: str | None = None, data_home: Path | None = None) -> RowsToScore:
    """A split of the data that the model was trained on; arguments and errors as for `own_data`."""
    data, name = own_data(model, place, split, data_home)
    part = data.parts[name]
    return RowsToScore(name, f"{name} rows of {data.name}", part.x, part.rows, part, summary=data.summary)


def other_rows(model: Model, options: DataOptions, data_home: Path | None = None) -> RowsToScore:
    """All rows of another table, whose columns are matched by name.

    Args:
        model: the trained network.
        options: the table and how it is read; what is not given is as in training.
        data_home: cache of prepared data, by default the user's.

    Raises:
        DataError: a column that is missing or holds something else, or a class that the training rows did not have.
    """
    found = read_rows(read_as_trained(options, model.options.data), model.preprocessing, data_home)
    words, labelled = f"rows of {found.name}", found.scored
    if labelled is None:
        words += f", without {', '.join(model.preprocessing.targets)}: predictions only"
    else:
        if len(labelled) < len(found):
            words += f", of which {len(labelled)} have a target and are scored"
        if model.options.weights and found.weights is None:
            words += f", each counted once for lack of the weights {model.options.weights}"
    name = table_name(options.dataset)
    return RowsToScore(name, words, found.x, found.rows, labelled, found.labelled, found.summary, found.unknown)


def evaluate_rows(model: Model, rows: RowsToScore) -> Scores | None:
    """Every metric of the task with its tables; None where no row has a target."""
    if rows.labelled is None:
        return None
    with blas_threads(int(model.options.threads)):  # as in training, since the last bits depend on it
        return score(model, rows.labelled)


def predict_rows(model: Model, rows: RowsToScore) -> Table:
    """The target, where it is known, and the prediction of each row."""
    given = None if rows.labelled is None else rows.labelled.given
    with blas_threads(int(model.options.threads)):  # as in training, since the last bits depend on it
        return predictions(model, rows.x, given, rows.rows, rows.places)

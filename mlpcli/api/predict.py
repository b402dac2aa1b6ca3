"""Predictions for rows as a stream: what `mlpcli predict` writes, and Python may use for tables beyond memory.

>>> import mlpcli
>>> model = mlpcli.train("xor", width=8, depth=1, epochs=200, lr=0.05, progress=False).model
>>> columns, blocks = predict_columns([model], "xor")
>>> columns, [list(block[1]) for block in blocks]
(['row', 'prediction', 'probability_-1', 'probability_+1'], [['-1', '+1', '+1', '-1']])
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mlpcli.config import DataOptions
from mlpcli.data.row_stream import InputRows, Notice, stream_inputs
from mlpcli.errors import UsageError
from mlpcli.threads import blas_threads
from mlpcli.training.metrics.evaluate import BLOCK
from mlpcli.training.model import Model
from mlpcli.training.scores import answer_columns, answers
from mlpcli.wording import quote

__all__ = ["predict_columns"]

PIECE = 64 * BLOCK
"""Rows scored together: whole blocks, which `eval` begins at the same rows."""


def predict_columns(
    models: Sequence[Model],
    table: DataOptions | str,
    *,
    keep: Sequence[str] = (),
    data_home: Path | None = None,
    notice: Notice | None = None,
) -> tuple[list[str], Iterator[list[Sequence[Any]]]]:
    """The names of the columns, and blocks of rows in the order of the table, column by column, read while taken.

    The columns are the row's number from 0, those that are kept, the prediction of each target and, for classes, one
    probability per class. The numbers are those of `eval --predictions`, to the last bit.

    Args:
        models: one trained network, or several that are averaged.
        table: a table as `eval --dataset` takes it, with the options of reading it; `-` is CSV on standard input.
        keep: columns of the table to copy.
        data_home: cache of prepared data, by default the user's.
        notice: called with texts that the first model does not know, as they are met, column by column.

    Raises:
        UsageError: models that do not answer the same question, or a column to keep that the table lacks.
        DataError: a column that is missing or holds something else than in training.
    """
    _check_alike(models)
    options = table if isinstance(table, DataOptions) else DataOptions(dataset=table)
    first = models[0]
    blocks = stream_inputs(
        options,
        first.options.data,
        [model.preprocessing for model in models],
        keep=keep,
        data_home=data_home,
        block=PIECE,
        notice=notice,
    )
    ends, shares = answer_columns(first)
    header = ["row", *keep, *(f"prediction{end}" for end in ends), *shares]
    if twice := next((name for name in keep if header.count(name) > 1), None):
        raise UsageError(f"--keep {quote(twice)}: two columns would have that name. Leave it out, or rename it")
    return header, _columns(models, blocks)


def _columns(models: Sequence[Model], blocks: Iterator[InputRows]) -> Iterator[list[Sequence[Any]]]:
    number = 0
    for block in blocks:
        with blas_threads(int(models[0].options.threads)):  # as in training, since the last bits depend on it
            answered = answers(models, block.inputs)
        numbers = range(number, number := number + len(block))
        yield [numbers, *block.kept, *answered]


def _check_alike(models: Sequence[Model]) -> None:
    first, *others = (model.preprocessing for model in models)
    for other in others:
        same = {
            "columns": [(column.name, column.kind) for column in first.columns]
            == [(column.name, column.kind) for column in other.columns],
            "targets": first.targets == other.targets,
            "classes": first.classes == other.classes,
        }
        for what, holds in same.items():
            if not holds:
                raise UsageError(f"the models cannot be averaged: their {what} differ. Name models of one dataset")

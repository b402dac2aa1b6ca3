"""What each column of a table is for: an input, a target, the groups or the weights of the rows, or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from mlpcli.config import DataOptions
from mlpcli.config.rules import column_conflicts
from mlpcli.data.cache.table import Table
from mlpcli.data.readers.wanted_columns import rejoined
from mlpcli.errors import DataError, UsageError
from mlpcli.wording import listed, nearest, quote

__all__ = ["ColumnRoles"]


@dataclass(frozen=True)
class ColumnRoles:
    """Indices of the columns by their role, in the table's order or in that of the options.

    A column of sparse rows is never among the `inputs`. `groups` and `weights` hold one index, or none.
    """

    inputs: list[int]
    targets: list[int]
    left_out: list[int]
    groups: list[int]
    weights: list[int]

    @classmethod
    def of(cls, table: Table, options: DataOptions) -> Self:
        """The roles that the options give to the columns; those that they do not name are inputs.

        Raises:
            UsageError: an option names a column that the table does not have, or that another option has taken.
            DataError: no column is left for an input.
        """
        predicted = options.target or table.targets
        for conflict in column_conflicts(options, predicted):
            raise UsageError(f"{', '.join(conflict.options)}: {conflict.reason}")
        targets = _find(table, predicted, "target")
        dropped = rejoined(options.drop or (), table.dropped)
        left_out = _find(table, [name for name in dropped if name not in table.dropped], "drop")
        groups = _find(table, [options.groups] if options.groups else [], "groups")
        weights = _find(table, [options.weights] if options.weights else [], "weights")
        others = {*targets, *left_out, *groups, *weights}
        inputs = [] if table.sparse else [i for i in range(len(table.columns)) if i not in others]
        if not inputs and not table.sparse:
            raise DataError("the table has no column besides its target. Nothing was written")
        return cls(inputs, targets, left_out, groups, weights)


def _find(table: Table, names: Sequence[str], option: str) -> list[int]:
    """Indices of the columns that an option names."""
    known = [column.name for column in table.columns]
    names = rejoined(names, known)
    sparse = "; inputs of sparse rows cannot be chosen by name" if table.sparse else ""
    for name in names:
        if name not in known:
            hint = nearest(name, known)
            raise UsageError(f"{option}: no column {quote(name)} (columns: {listed(known)}{sparse}){hint}")
    return [known.index(name) for name in names]

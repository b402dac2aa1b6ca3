"""The split of rows into training, validation and test rows, drawn from `split_seed` and stratified by class."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.readers.cells import as_number
from mlpcli.errors import DataError
from mlpcli.wording import listed

__all__ = ["Split", "allocate", "split_rows"]

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Row numbers of each part in ascending order; a part that was not asked for is empty."""

    train: Rows
    val: Rows
    test: Rows


def split_rows(
    rows: int,
    codes: Rows | None,
    classes: tuple[str, ...] | None,
    *,
    test_size: int | float,
    val_size: int | float,
    split_seed: int,
    validation_rows: int | None = None,
    test_rows: int | None = None,
) -> Split:
    """Split a table; the test rows do not depend on `val_size`.

    Args:
        rows: number of rows of the table.
        codes: class codes (rows,), to stratify by, or None.
        classes: names of the classes by code, or None.
        test_size: a fraction of all rows, rounded half up, or an integer number of rows.
        val_size: the same, of the validation rows.
        split_seed: seed of the draw.
        validation_rows: rows before the test rows that the source sets apart, in place of `val_size`.
        test_rows: last rows that the source sets apart, in place of `test_size`.

    Raises:
        DataError: too few rows.
    """
    fixed_test, fixed_val = test_rows or 0, validation_rows or 0
    free = rows - fixed_test - fixed_val
    n_test = _rows_of(test_size, rows) if test_rows is None else 0
    n_val = _rows_of(val_size, rows) if validation_rows is None else 0
    if free - n_test - n_val < 1:
        raise DataError(
            f"too few rows for the split: {rows} rows, of which {fixed_test + n_test} to test and {fixed_val + n_val} "
            "to validate leave none to train. Nothing was written. Lower test_size or val_size"
        )
    order = np.random.default_rng(np.random.SeedSequence(split_seed)).permutation(free)
    if codes is None or classes is None or n_test + n_val == 0:
        test, val, train = np.split(order, [n_test, n_test + n_val])
    else:
        test, val, train = _by_class(order, codes[:free], classes, n_test, n_val)
    if test_rows is not None:
        test = np.arange(rows - fixed_test, rows)
    if validation_rows is not None:
        val = np.arange(free, free + fixed_val)
    return Split(np.sort(train), np.sort(val), np.sort(test))


def allocate(total: int, counts: NDArray[np.int64], caps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Divide `total` in proportion to `counts` by largest remainder, no share above its cap in `caps`.

    >>> allocate(4, np.array([5, 3, 2]), np.array([4, 2, 1])).tolist()
    [2, 1, 1]
    """
    exact = total * counts / counts.sum()
    shares: NDArray[np.int64] = np.minimum(np.floor(exact).astype(np.int64), caps)
    while (left := total - shares.sum()) > 0:
        open_ = np.flatnonzero(shares < caps)
        largest = open_[np.argsort(shares[open_] - exact[open_], kind="stable")][:left]
        shares[largest] += 1
    return shares


def _or_regression(classes: tuple[str, ...]) -> str:
    numbers = all(as_number(name) is not None for name in classes)
    return ", or predict numbers with --task regression" if numbers else ""


def _rows_of(size: int | float, rows: int) -> int:
    return size if isinstance(size, int) else int(size * rows + 0.5)


def _by_class(order: Rows, codes: Rows, classes: tuple[str, ...], n_test: int, n_val: int) -> tuple[Rows, Rows, Rows]:
    """Test, validation and training rows; each class has its share, and training keeps one row of each class."""
    counts = np.bincount(codes, minlength=len(classes))
    present = counts > 0
    if alone := [classes[i] for i in np.flatnonzero(counts == 1)]:
        raise DataError(
            f"too few rows for the split: {len(alone)} of {present.sum()} classes have a single row "
            f"({listed(alone)}), and every class needs 2. Nothing was written. Remove those rows, set test_size "
            f"and val_size to 0{_or_regression(classes)}"
        )
    if n_test + n_val > len(order) - present.sum():
        raise DataError(
            f"too few rows for the split: {len(order)} rows in {present.sum()} classes, {n_test} to test and {n_val} "
            "to validate leave some class without a training row. Nothing was written. Lower test_size or val_size"
        )
    test_shares = allocate(n_test, counts, np.maximum(counts - 1, 0))
    val_shares = allocate(n_val, counts, np.maximum(counts - 1 - test_shares, 0))
    # rows sorted by class, within a class in the order drawn
    grouped = order[np.argsort(codes[order].astype(np.int16), kind="stable")]
    groups = np.split(grouped, np.cumsum(counts)[:-1])
    parts = [
        np.split(group, [test, test + val]) for group, test, val in zip(groups, test_shares, val_shares, strict=True)
    ]
    test, val, train = (np.concatenate(part) for part in zip(*parts, strict=True))
    return test, val, train

"""The split of rows into training, validation and test rows: random, stratified by class, by group, or in order."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.readers.text.cells import as_number
from mlpcli.errors import DataError, UsageError
from mlpcli.wording import listed

__all__ = ["Split", "allocate", "split_rows"]

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Row numbers of each part in ascending order; a part that was not asked for is empty.

    `folds` are those of the training rows, `(rows,)`, where the networks of an ensemble validate on them in turn.
    """

    train: Rows
    val: Rows
    test: Rows
    folds: Rows | None = None

    @property
    def parts(self) -> dict[str, Rows]:
        """The parts that have rows, by name."""
        parts = {"train": self.train, "val": self.val, "test": self.test}
        return {name: rows for name, rows in parts.items() if len(rows)}


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
    method: str = "auto",
    groups: NDArray[Any] | None = None,
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
        method: a value of the option `split`.
        groups: the group of each row (rows,), of which none stands on two sides.

    Raises:
        DataError: too few rows or groups, or a class without a training row.
        UsageError: a stratified split without classes.
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
    if method == "stratified" and codes is None:
        raise UsageError("split stratified: it needs classes, and the target holds numbers. Use random")
    random = np.random.default_rng(np.random.SeedSequence(split_seed))
    if groups is not None:
        test, val, train = _by_group(random, groups[:free], n_test, n_val)
    elif method == "ordered":
        train, val, test = np.split(np.arange(free), [free - n_test - n_val, free - n_test])
    elif codes is None or classes is None or n_test + n_val == 0 or method == "random":
        order = random.permutation(free)
        test, val, train = np.split(order, [n_test, n_test + n_val])
    else:
        test, val, train = _by_class(random.permutation(free), codes[:free], classes, n_test, n_val)
    if codes is not None and classes is not None and (groups is not None or method in ("ordered", "random")):
        _check_classes(codes[train], codes, classes)
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


def _by_group(random: np.random.Generator, groups: NDArray[Any], n_test: int, n_val: int) -> tuple[Rows, Rows, Rows]:
    """Test, validation and training rows of whole groups, whose numbers come as near to the sizes as the groups allow.

    The groups are drawn one after the other; each goes to the part in which the middle of its rows falls.
    """
    _, members, counts = np.unique(groups, return_inverse=True, return_counts=True)
    drawn = random.permutation(len(counts))
    middle = np.cumsum(counts[drawn]) - counts[drawn] / 2
    part = np.empty(len(counts), dtype=np.int64)
    part[drawn] = np.searchsorted([n_test, n_test + n_val], middle, side="right")
    if n_test and len(counts) > 2:
        part[drawn[0]] = 0
    test, val, train = (np.flatnonzero(part[members] == side) for side in range(3))
    for name, size, rows in (("test", n_test, test), ("validation", n_val, val), ("training", 1, train)):
        if size and not len(rows):
            raise DataError(
                f"too few groups for the split: {len(counts)} groups leave no {name} rows. Nothing was written. Use "
                "other sizes, another split_seed, or smaller groups"
            )
    return test, val, train


def _check_classes(train: Rows, codes: Rows, classes: tuple[str, ...]) -> None:
    absent = sorted(set(np.unique(codes).tolist()) - set(np.unique(train).tolist()))
    if absent:
        raise DataError(
            f"the split leaves no training row of {listed([classes[code] for code in absent])}. Nothing was written. "
            "Use split stratified, another split_seed, or other sizes"
        )


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

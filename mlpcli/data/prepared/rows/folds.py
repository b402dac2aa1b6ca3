"""Cross-validation: the rows that are not test rows, dealt into folds of which one validates and the others train."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.prepared.rows.splits import Split
from mlpcli.errors import DataError

__all__ = ["check_classes", "deal", "leave_out"]


def deal(
    split: Split,
    folds: int,
    *,
    option: str,
    codes: NDArray[np.int64] | None,
    groups: NDArray[Any] | None,
    method: str,
    split_seed: int,
) -> NDArray[np.int64]:
    """The fold of each training row, from 0.

    Fold sizes differ by a row at most. Classes are dealt evenly, groups stay whole and go to the fold with fewest rows,
    the largest first, and an ordered split has folds of neighbouring rows.

    Args:
        split: the training rows, in ascending order.
        folds: number of folds.
        option: option that asks for them, for messages.
        codes: class codes (rows of the table,), to deal by, or None.
        groups: the group of each row of the table, or None.
        method: a value of the option `split`.
        split_seed: seed of the deal.

    Raises:
        DataError: fewer rows or groups than folds.
    """
    rows = split.train
    random = np.random.default_rng(np.random.SeedSequence(split_seed, spawn_key=(folds,)))
    if method == "ordered":
        places = np.arange(len(rows)) * folds // max(1, len(rows))
    elif groups is not None:
        places = _by_group(random, groups[rows], folds)
    else:
        order = random.permutation(len(rows))
        if codes is not None and method != "random":
            order = order[np.argsort(codes[rows][order], kind="stable")]
        places = np.empty(len(rows), dtype=np.int64)
        places[order] = np.arange(len(rows)) % folds
    if len(np.unique(places)) < folds:
        raise DataError(
            f"too few rows or groups for {folds} folds: {len(rows)} rows. Nothing was written. Lower {option}"
        )
    return places


def leave_out(split: Split, places: NDArray[np.int64], fold: int, codes: NDArray[np.int64] | None) -> Split:
    """A split without validation rows, with those of one fold.

    Args:
        split: the training rows and the test rows.
        places: the fold of each training row.
        fold: the fold that validates.
        codes: class codes (rows of the table,), or None.

    Raises:
        DataError: no row of some class is left to train on.
    """
    rows = split.train
    if codes is not None:
        check_classes(codes[rows], places, fold, fewest=1)
    return replace(split, train=rows[places != fold], val=rows[places == fold])


def check_classes(codes: NDArray[np.int64], places: NDArray[np.int64], fold: int, fewest: int) -> None:
    """Check that every class of `fewest` rows or more has one outside the fold.

    Args:
        codes: the class of each training row.
        places: its fold.
        fold: the fold that validates.
        fewest: rows that a class needs to be checked; an ensemble may meet one of a single row.

    Raises:
        DataError: a class has no row outside.
    """
    counts, outside = (np.bincount(rows, minlength=codes.max() + 1) for rows in (codes, codes[places != fold]))
    if ((counts >= fewest) & (outside == 0) & (counts > 0)).any():
        raise DataError(
            f"fold {fold} of {places.max() + 1} leaves no training row of some class. Nothing was written. "
            "Use split stratified"
        )


def _by_group(random: np.random.Generator, groups: NDArray[Any], folds: int) -> NDArray[np.int64]:
    _, members, counts = np.unique(groups, return_inverse=True, return_counts=True)
    drawn = random.permutation(len(counts))
    place, load = np.empty(len(counts), dtype=np.int64), np.zeros(folds, dtype=np.int64)
    for group in drawn[np.argsort(-counts[drawn], kind="stable")]:
        place[group] = load.argmin()
        load[place[group]] += counts[group]
    fold: NDArray[np.int64] = place[members]
    return fold

"""Numbers that look like marks of a missing value: named, not changed; what is no mark is not named."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlpcli.config import DataOptions
from mlpcli.data.in_memory import prepare_in_memory
from tests.data.asked import prepare

RANDOM = np.random.default_rng(8)
AGES = RANDOM.integers(18, 90, 200).astype(float)


def note(values: object, **options: str) -> str:
    pd.DataFrame({"x": values, "y": ["a", "b"] * 100}).to_csv("t.csv", index=False)
    prepared = prepare("t.csv", target="y", test_size=0, val_size=0, **options)
    return prepared.summary[0].note


def with_mark(mark: float, times: int, values: object = AGES) -> object:
    return np.where(np.arange(200) % (200 // times) == 0, mark, values)


@pytest.mark.parametrize("mark", [-999, 999, -9999, 9999999, -1000, -200, 999.0])
def test_a_mark_is_named_with_the_option_that_reads_it(mark: float) -> None:
    values = with_mark(mark, 20)
    said = f"{mark:.0f} in 20 rows, far from the rest; if it means no value, use --missing {mark:.0f}"
    assert note(values) == said
    assert note(values, missing=f"{mark:.0f}") == ""


def test_a_format_without_the_option_is_told_what_to_write() -> None:
    values = np.asarray(with_mark(-999, 20))[:, None]
    np.savez("t.npz", X=values, y=np.array(["a", "b"] * 100))
    said = "-999 in 20 rows, far from the rest; if it means no value, put nan in its place, in a table of your own"
    assert prepare("t.npz", test_size=0, val_size=0).summary[0].note == said
    in_memory = prepare_in_memory((values, ["a", "b"] * 100), DataOptions(test_size=0, val_size=0))
    assert in_memory.summary[0].note == said


def test_both_ends_are_looked_at_and_nothing_is_changed() -> None:
    values = with_mark(-99.0, 10, RANDOM.normal(0, 1, 200))
    assert note(values).startswith("-99 in 10 rows")
    found = prepare("t.csv", target="y", test_size=0, val_size=0, scale="none", dtype="float64")
    assert found.features == ("x",) and (found.train.x[:, 0] == values).all()


@pytest.mark.parametrize(
    "values",
    [
        AGES,
        with_mark(-999, 1),  # once: a number like others
        with_mark(99, 20),  # next to the others
        with_mark(-1, 20),  # not far from them
        with_mark(500, 20),  # neither nines nor negative
        with_mark(-50, 20, RANDOM.normal(0, 1, 200)),  # others are negative too
        with_mark(-1, 60, RANDOM.integers(0, 2, 200)),  # codes
        np.where(AGES > 50, 999.0, 5.0),  # two values
    ],
)
def test_other_numbers_are_not(values: object) -> None:
    assert "missing" not in note(values)


def test_gaps_and_blocks_do_not_hide_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlpcli.data.cache.table.BLOCK", 7)
    values = np.where(np.arange(200) % 3 == 0, np.nan, with_mark(-999, 20))
    assert note(values).startswith("-999 in ") and Path("t.csv").exists()

"""Damaged input for every reader: a few of each here, a few hundred with -m slow, 20,000 by `tests.faults.fuzz`."""

from pathlib import Path

import pytest

from tests.faults.fuzz import attack
from tests.faults.readers import READERS


@pytest.mark.parametrize("name", READERS)
def test_a_reader_accepts_or_refuses(name: str, tmp_path: Path) -> None:
    ends = dict(attack(name, range(4), tmp_path))
    assert not [(number, ended.fault) for number, ended in ends.items() if ended.fault]
    assert len(ends) == 4


UNREAD = {
    "metrics.csv, run again",
    "metrics.csv, sweep listed",
    "provenance.json, run listed",
    "result.json, run again",
    "summary.csv, sweep again",
    "summary.csv, sweep listed",
    "summary.csv, sweep shown",
}
"""Files that a command does not read, or writes once more: hardly any damage there is refused."""


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_hundreds(name: str, tmp_path: Path) -> None:
    ends = dict(attack(name, range(4, 204), tmp_path))
    assert not [(number, ended.fault) for number, ended in ends.items() if ended.fault]
    assert (sum(ended.how == "refused" for ended in ends.values()) > 50) != (name in UNREAD)

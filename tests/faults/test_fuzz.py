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


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_hundreds(name: str, tmp_path: Path) -> None:
    ends = dict(attack(name, range(4, 204), tmp_path))
    assert not [(number, ended.fault) for number, ended in ends.items() if ended.fault]
    assert sum(ended.how == "refused" for ended in ends.values()) > 50

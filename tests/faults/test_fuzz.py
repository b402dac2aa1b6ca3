"""Damaged input for every reader: a few of each here, a few hundred with -m slow, 20,000 by `tests.faults.fuzz`."""

from pathlib import Path

import pytest

from tests.faults.fuzz import attack
from tests.faults.readers import READERS


@pytest.mark.parametrize("name", READERS)
def test_a_reader_accepts_or_refuses(name: str, tmp_path: Path) -> None:
    outcomes, faults = attack(name, 0, 4, tmp_path)
    assert not faults
    assert outcomes.total() == 4


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_hundreds(name: str, tmp_path: Path) -> None:
    outcomes, faults = attack(name, 4, 200, tmp_path)
    assert not faults
    assert outcomes["refused"] > 50

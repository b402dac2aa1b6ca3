"""The record of the whole attack: what it has is not tried again, whatever the pieces in which the attack is made."""

import sys
from pathlib import Path

import pytest

from tests.faults import record
from tests.faults.__main__ import main


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The record and the page, in an empty folder."""
    made = tmp_path / "faults.csv", tmp_path / "faults.md"
    monkeypatch.setattr(record, "RECORD", made[0])
    monkeypatch.setattr(record, "PAGE", made[1])
    return made


def attack(monkeypatch: pytest.MonkeyPatch, words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["faults", "--only", "damaged input", *words.split()])
    return main()


def test_a_whole_attack_may_be_made_in_pieces(paths: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    assert attack(monkeypatch, "--on where --inputs 20 --minutes 0 --write") == 0
    assert [(row.planned, row.attempts) for row in record.read(paths[0])] == [(20, 0)]
    assert "| damaged input | where | 0 | 20 |" in paths[1].read_text()
    assert attack(monkeypatch, "--on where --inputs 20 --write") == 0
    rows = record.read(paths[0])
    assert sum(row.attempts for row in rows) == 20
    assert {row.ended for row in rows if row.attempts} == {"accepted", "refused"}
    assert attack(monkeypatch, "--on where --inputs 30 --write") == 0
    more = record.read(paths[0])
    assert more[: len(rows)] == rows
    assert sum(row.attempts for row in more) == 30
    assert "| damaged input | where | 30 | 30 | accepted: " in paths[1].read_text()
    assert "--on where --inputs 30 --write" in " ".join(paths[1].read_text().split())


def test_a_fault_has_a_row_and_a_line(tmp_path: Path) -> None:
    row = record.Row("c0ffee", "limit", "train", 2, 115, "exit 70", 1, 'RLIMIT_AS: "a, b"\nTraceback')
    record.write(tmp_path / "faults.csv", [row])
    record.write(tmp_path / "faults.csv", [row, row])
    assert record.read(tmp_path / "faults.csv") == [row] * 3
    page = record.page([row], "a machine", "--minutes 1")
    assert "| limit | train | 1 | 115 | exit 70: 1 |" in page
    assert "- limit, train (c0ffee): RLIMIT_AS" in page

"""The record of the whole attack: what it has is not tried again, whatever the pieces in which the attack is made."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faults import record
from tests.faults.__main__ import main
from tests.faults.attacks import Task
from tests.faults.commands import Ended


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
    row = record.Row("c0ffee", "limit", "train", 2, "5eed", 115, "exit 70", 1, 'RLIMIT_AS: "a, b"\nTraceback')
    record.write(tmp_path / "faults.csv", [row])
    record.write(tmp_path / "faults.csv", [row, row])
    assert record.read(tmp_path / "faults.csv") == [row] * 3
    page = record.page([row], "a machine", "--minutes 1")
    assert "| limit | train | 1 | 115 | exit 70: 1 |" in page
    assert "- limit, train (c0ffee): RLIMIT_AS" in page


def test_cases_that_have_changed_are_tried_and_recorded_attempts_stay(
    paths: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    of_before = [
        record.Row("c0ffee", "damaged input", "where", 0, "", 20, "refused", 20),
        record.Row("c0ffee", "damaged input", "where", 0, "5eed", 20, "refused", 20),
    ]
    record.write(paths[0], of_before)
    assert attack(monkeypatch, "--on where --inputs 20 --write") == 0
    rows = record.read(paths[0])
    assert rows[:2] == of_before
    assert sum(row.attempts for row in rows) == 60
    assert "| damaged input | where | 60 | 20 |" in paths[1].read_text()
    assert "Attempts of every plan are added up" in " ".join(paths[1].read_text().split())
    assert attack(monkeypatch, "--on where --inputs 20 --write") == 0
    assert record.read(paths[0]) == rows


def test_the_exit_code_tells_of_the_faults_of_this_run(
    paths: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    record.write(paths[0], [record.Row("c0ffee", "damaged input", "where", 0, "", 20, "fault", 1, "3: put right")])
    assert attack(monkeypatch, "--on where --inputs 1 --write") == 0
    monkeypatch.setattr("tests.faults.__main__.run", faulty)
    monkeypatch.setattr("tests.faults.__main__.ProcessPoolExecutor", InThreads)
    assert attack(monkeypatch, "--on where --inputs 2 --write") == 1
    assert [row.fault for row in record.read(paths[0]) if row.fault] == ["3: put right", "1: Broken"]


def faulty(task: Task, end: float) -> list[tuple[object, Ended]]:
    return [(case, Ended("fault", "Traceback\nBroken")) for case in task.cases]


class InThreads(ThreadPoolExecutor):
    """Calls that need not be found by name in another process."""

    def __init__(self, jobs: int, context: object) -> None:
        super().__init__(jobs)

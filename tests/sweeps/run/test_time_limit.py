"""--time-limit: which jobs begin, on a clock of the test, and a sweep that stops and goes on with equal files."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mlpcli.cli.main import run
from mlpcli.sweeps.run.time_limit import TimeLimit
from tests.sweeps.sweeps import rows, sweep, timeless, write_sweep


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def job(number: int, seconds: float, until: int = 10, pruned: tuple[int, ...] = ()) -> Any:
    return SimpleNamespace(
        trials=[number, number + 100], seconds=seconds, until=until, runs=[SimpleNamespace(epochs=10)], pruned=pruned
    )


def test_jobs_by_hand() -> None:
    """Ten seconds: a job of 4 begins; it takes 8, so jobs take twice their estimate; of the others one of 1 fits."""
    clock = Clock()
    limit = TimeLimit(10, clock)
    first = job(0, 4.0)
    jobs = limit.allowed([first, job(1, 1.5), job(2, 1.0), job(3, 0.5)])
    assert next(jobs) is first
    clock.now = 8.0
    limit.learn(first)
    assert not limit.is_over
    assert [one.trials[0] for one in jobs] == [2, 3] and limit.is_over


def test_a_rung_costs_its_share() -> None:
    """Half of the epochs for one of two trials is a quarter of the stack's time."""
    limit = TimeLimit(1.0, Clock())
    assert len(list(limit.allowed([job(0, 4.0, until=5, pruned=(1,)), job(1, 4.0, until=5)]))) == 1


def test_without_a_limit_everything_begins() -> None:
    limit = TimeLimit(None)
    assert len(list(limit.allowed([job(0, 1e9)]))) == 1 and not limit.is_over and not limit.is_set


@pytest.fixture
def file(tmp_path: Path) -> Path:
    base = {"dataset": "iris", "width": 4, "depth": 1, "epochs": 3}
    return write_sweep(tmp_path / "s.toml", seeds=2, base=base, grid={"batch_size": [8, 16, 32]})


def test_a_sweep_stops_and_goes_on(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a clock that jumps by a minute at each look: the first stack begins and no other."""
    whole = sweep(file, tmp_path / "whole")
    clock = iter(range(0, 10**6, 60))
    init = TimeLimit.__init__
    flags = ["sweep", str(file), "--results", str(tmp_path), "--executor", "serial"]
    with monkeypatch.context() as patch:
        patch.setattr(TimeLimit, "__init__", lambda self, seconds: init(self, seconds, lambda: float(next(clock))))
        assert run([*flags, "--time-limit", "2m"]) == 0
        out = capsys.readouterr().out
        assert "Time limit: 2 of 6 trials are in" in out and out.endswith("Go on with the same command\n")
        assert run([*flags, "--time-limit", "2m", "--restart"]) == 0
        assert capsys.readouterr().out.endswith("Go on with the same command, but without --restart\n")
    assert len(rows(tmp_path / "s", "trials.csv")) == 2 and not (tmp_path / "s" / "summary.csv").exists()
    assert run([*flags, "--time-limit", "1h"]) == 0
    assert timeless(tmp_path / "s") == timeless(whole)


def test_a_limit_within_the_first_rung_makes_progress(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the same clock: each run trains one stack of two seeds as far as the rung, and keeps it."""
    file.write_text(file.read_text() + "\n[halving]\nmin_epochs = 1\n")
    whole = sweep(file, tmp_path / "whole")
    init, flags = TimeLimit.__init__, ["sweep", str(file), "--results", str(tmp_path), "--executor", "serial"]
    capsys.readouterr()
    for count in (2, 4):
        clock = iter(range(0, 10**6, 60))

        def jumping(self: TimeLimit, seconds: float | None, clock: Iterator[int] = clock) -> None:
            init(self, seconds, lambda: float(next(clock)))

        with monkeypatch.context() as patch:
            patch.setattr(TimeLimit, "__init__", jumping)
            assert run([*flags, "--time-limit", "2m"]) == 0
        assert f"Time limit: {count} of 6 trials ({count} of them as far as a rung) are in" in capsys.readouterr().out
    assert run(flags) == 0
    assert timeless(tmp_path / "s") == timeless(whole)


@pytest.mark.parametrize("text", ["", "m", "0", "0m", "-1", "10 minutes", "1e3", "9" * 5000])
def test_wrong_spans(text: str, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sweep", str(file), f"--time-limit={text}"]) == 2
    assert "--time-limit: got" in capsys.readouterr().err

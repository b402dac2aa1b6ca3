"""The live table of a sweep: what stands where, on terminals wide and narrow, and in a real one."""

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from mlpcli.cli.views.sweep_view import LiveView
from mlpcli.results.trial import Trial
from mlpcli.sweeps.plan.plan_file import plan_sweep
from mlpcli.sweeps.run.course import Course, RunningStack
from tests.picture import Picture
from tests.sweeps.sweeps import write_sweep


def view(folder: Path, width: int = 80, height: int = 24, metric: str = "val_accuracy", **keys: Any) -> LiveView:
    plan = plan_sweep(write_sweep(folder / "s.toml", **{"seeds": 2, **keys}))
    console = Console(width=width, height=height, file=io.StringIO(), force_terminal=True, record=True)
    return LiveView(plan, metric, console)


def lines(shown: LiveView) -> list[str]:
    """What the terminal has, line by line, without colours."""
    shown._console.print(shown.drawn())
    found = [line.rstrip() for line in shown._console.export_text(styles=False).splitlines()]
    assert all(len(line) <= shown._console.width for line in found)
    return found


def ends(shown: LiveView, trial: int, value: float | None, state: str = "complete") -> None:
    configuration = shown._plan.configuration_of(trial)
    seed = shown._plan.seed(trial)
    error = None if value is not None else "it broke"
    shown.trial(Trial(trial, configuration, "", seed, state=state, metrics={shown._metric: value}, error=error))


def test_what_stands_where(tmp_path: Path) -> None:
    shown = view(tmp_path, grid={"dropout": [0.0, 0.1, 0.2, 0.5]})
    course = Course(lambda: 0.0)
    course.expect(work=180, seconds=90, total=240)
    shown.begin(course)
    shown.running([0, 1, 2])
    header, *rows, status = lines(shown)
    assert header.split() == ["dropout", "val_accuracy", "std", "seeds"]
    assert [row.split() for row in rows] == [
        ["0", "0/2", "2", "running"],
        ["0.1", "0/2", "1", "running"],
        ["0.2", "0/2"],
        ["0.5", "0/2"],
    ]
    assert re.fullmatch(r"trials 0/8  epochs   0/240  ━+ +0:00  about 1:30 left", status)
    for trial, value in enumerate([0.5, 0.7, 0.9, 0.8]):
        ends(shown, trial, value)
    ends(shown, 4, None, "diverged")
    ends(shown, 5, 0.99)
    ends(shown, 6, None, "failed")
    shown.running([7])
    header, *rows, status = lines(shown)
    assert [row.split() for row in rows] == [  # in the order of the file, so that nothing moves
        ["0", "0.6000", "0.1414", "2/2"],
        ["0.1", "0.8500", "0.0707", "2/2", "best"],
        ["0.2", "0.9900", "2/2", "1", "diverged"],
        ["0.5", "1/2", "1", "running,", "1", "failed"],
    ]
    assert status.startswith("trials 7/8  epochs")
    ends(shown, 7, 0.1)
    assert lines(shown)[-1].startswith("trials 8/8  ")


def stack(trials: Sequence[int], epoch: int) -> RunningStack:
    return RunningStack(trials, start=0, epochs=30, seconds=10.0, epoch=epoch)


@pytest.mark.parametrize("width", [80, 100, 160])
def test_stacks_say_how_far_they_are(tmp_path: Path, width: int) -> None:
    """Trials 0 to 3 are dropout 0 and 0.1 with two seeds each, 4 is dropout 0.2."""
    shown = view(tmp_path, width, grid={"dropout": [0.0, 0.1, 0.2, 0.5]})
    course = Course(lambda: 0.0)
    course.expect(work=80, seconds=40, total=240)
    course.stacks = (stack([0, 1, 2, 3], 14), stack([4], 0))
    shown.begin(course)
    shown.running([0, 1, 2, 3, 4])
    _, *rows, work, status = lines(shown)
    assert [row.split()[2:] for row in rows] == [
        ["2", "at", "epoch", "14"],
        ["2", "at", "epoch", "14"],
        ["1", "running"],
        [],
    ]
    assert work == "in training: 4 trials at epoch 14/30, 1 trial at epoch 0/30"
    assert status.startswith("trials 0/8  epochs  56/240  ━") and len(status) <= width - len("^C")


def test_many_workers_are_counted(tmp_path: Path) -> None:
    shown = view(tmp_path, 80, grid={"dropout": [0.0, 0.1, 0.2, 0.5]})
    course = Course(lambda: 0.0)
    course.expect(work=80, seconds=40, total=240)
    course.stacks = tuple(stack([number], number) for number in range(8))
    shown.begin(course)
    shown.running(range(8))
    work = lines(shown)[-2]
    assert work == "in training: 1 trial at epoch 0/30, 1 trial at epoch 1/30 and 6 more"


def test_smaller_is_better_too(tmp_path: Path) -> None:
    shown = view(tmp_path, metric="val_loss", grid={"dropout": [0.0, 0.1]})
    for trial, value in enumerate([0.5, 0.7, 0.9, 0.8]):
        ends(shown, trial, value)
    assert [line.endswith("best") for line in lines(shown)] == [False, True, False, False]


def test_what_was_pruned_is_never_best(tmp_path: Path) -> None:
    """Under halving those that end first are the worst."""
    shown = view(tmp_path, grid={"dropout": [0.0, 0.1, 0.2]}, halving={"min_epochs": 1, "factor": 3})
    ends(shown, 0, 0.3, "pruned")
    ends(shown, 1, 0.3, "pruned")
    assert "best" not in "".join(lines(shown)) and "2 pruned" in lines(shown)[1]


def test_a_search_says_where_it_stands(tmp_path: Path) -> None:
    """The interval by hand: 0.7 and 0.9 have t(0.975; 1) 0.1 = 1.2706 around their mean."""
    lr = {"low": 1e-4, "high": 0.1, "log": True}
    shown = view(tmp_path, search={"trials": 20, "lr": lr}, confirm={"top": 1, "seeds": 2})
    shown.round("batch 1 of 4")
    assert lines(shown)[-2] == "batch 1 of 4"
    for trial, value in enumerate([0.7, 0.9, 0.1, 0.2]):
        ends(shown, trial, value)
    *_, stands, status = lines(shown)
    assert stands == "batch 1 of 4; best so far 0.8000 ± 1.2706"
    assert status.startswith("trials  4/42")


def test_confirmed_configurations_lead_by_fresh_seeds_alone(tmp_path: Path) -> None:
    shown = view(tmp_path, grid={"dropout": [0.0, 0.1]}, confirm={"top": 1, "seeds": 2})
    shown._plan.add_seeds(1, (2, 3))
    shown.grown()
    for trial, value in enumerate([0.9, 0.9, 0.9, 0.9, 0.5, 0.7]):
        ends(shown, trial, value)
    _, _, confirmed, _ = lines(shown)
    assert confirmed.split() == ["0.1", "0.6000", "0.1414", "4/4", "best,", "confirmed"]


def test_more_configurations_than_rows(tmp_path: Path) -> None:
    """The best are shown, then those in training."""
    shown = view(tmp_path, seeds=1, grid={"dropout": [index / 100 for index in range(60)]})
    for trial in (40, 3, 22):
        ends(shown, trial, trial / 100)
    ends(shown, 50, None, "failed")
    shown.running([31])
    _, *rows, rest, _ = lines(shown)
    assert len(rows) == 17 and rest == "and 43 more"
    assert [row.split()[0] for row in rows[:5]] == ["0.4", "0.22", "0.03", "0.31", "0"]
    assert rows[0].endswith("best") and "0.5 " not in "".join(rows)


def test_a_narrow_terminal_goes_without_the_deviation(tmp_path: Path) -> None:
    grid = {"lr": [0.0012345678], "weight_decay": [1.2345e-5], "activation": ["leaky-relu"], "hidden": [[64, 32, 16]]}
    wide, narrow = (view(tmp_path, width, grid=grid) for width in (200, 76))
    for shown in (wide, narrow):
        ends(shown, 0, 0.5)
        ends(shown, 1, 0.7)
    assert "0.1414" in lines(wide)[1]
    header, row, _ = lines(narrow)
    assert header.split() == ["lr", "weight_decay", "activation", "hidden", "val_accuracy", "seeds"]
    assert row.split() == ["0.001235", "1.234e-05", "leaky-relu", "64,32,16", "0.6000", "2/2", "best"]


def test_the_picture_of_the_readme_is_a_view(tmp_path: Path) -> None:
    plan = plan_sweep(write_sweep(tmp_path / "s.toml", grid={"dropout": [0.0, 0.1]}))
    picture = Picture(plan, "val_accuracy")
    picture.begin(Course())
    picture.running([0])
    assert picture.drawn()


def test_nothing_moves_when_numbers_come(tmp_path: Path) -> None:
    shown = view(tmp_path, grid={"dropout": [0.0, 0.1]})
    before = lines(shown)[0]
    for trial in range(4):
        ends(shown, trial, 0.1 * trial)
    assert lines(shown)[0] == before


def in_terminal(command: Sequence[str], width: int, height: int, stop_at: bytes | None = None) -> tuple[int, str]:
    """A command's exit code, and all that it sends to a terminal of this size; Ctrl-C is typed at this text."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(width), "LINES": str(height)}
    process = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # so that Ctrl-C is a signal
    )
    os.close(theirs)
    sent = b""
    while True:
        try:
            sent += os.read(ours, 65536)
        except OSError:
            break
        if stop_at and re.search(stop_at, sent):
            os.write(ours, b"\x03")
            stop_at = None
    os.close(ours)
    return process.wait(), sent.decode()


@pytest.mark.parametrize("width", [80, 200])
def test_in_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    base = {"dataset": "iris", "epochs": 5, "optimizer": "sgd", "depth": 2}
    grid = {"lr": [0.01, 0.1, 1e38], "norm": ["none", "layer"], "dropout": [0.0, 0.25], "activation": ["relu"]}
    file = write_sweep(tmp_path / "s.toml", seeds=3, base=base, grid=grid)
    flags = ["sweep", str(file), "--results", str(tmp_path), "--executor", "serial"]
    code, sent = in_terminal([sys.executable, "-m", "mlpcli", *flags], width, 24)
    assert code == 1
    assert "\x1b[32m" in sent or "\x1b[1;32m" in sent  # the best in green
    assert sent.rfind("\x1b[?25h") > sent.rfind("\x1b[?25l") > -1  # the cursor is shown again
    plain = re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", sent)
    assert "trials 36/36" in plain and "3 diverged" in plain
    after = plain[plain.rindex("trials 36/36") :].splitlines()[1:]
    assert any("difference" in line for line in after)
    assert all(len(line) <= width for line in after if not line.startswith(("Next: ", "mlpcli: error: ")))


def test_after_ctrl_c_the_heading_stands_once(tmp_path: Path) -> None:
    """The terminal writes ^C behind the last line, which must leave room for it; drawn lines stand where they stood."""
    file = write_sweep(tmp_path / "s.toml", base={"dataset": "iris", "epochs": 100_000}, grid={"dropout": [0.0, 0.1]})
    command = [sys.executable, "-m", "mlpcli", "sweep", str(file), "--results", str(tmp_path), "--jobs", "1"]
    code, sent = in_terminal(command, 80, 24, stop_at=rb"at epoch [1-9]")
    assert code == 130
    screen = shown_on(sent, 80)
    assert sum(line.startswith("dropout") for line in screen) == 1
    assert "in training" not in "".join(screen) and "Go on with the same command" in " ".join(screen)


def shown_on(sent: str, width: int) -> list[str]:
    """The lines of a terminal of this width that never scrolls: text, line feeds, and the movements that rich makes."""
    screen: list[list[str]] = [[]]
    row = column = 0
    for part in re.findall(r"\x1b\[[?0-9;]*[A-Za-z]|.", sent, re.DOTALL):
        if part == "\r":
            column = 0
        elif part == "\n":
            row += 1
        elif part == "\x1b[2K":
            screen[row] = []
        elif part.startswith("\x1b["):
            row -= int(part[2:-1] or 1) if part.endswith("A") else 0
        else:
            if column == width:
                row, column = row + 1, 0
            screen += [[] for _ in range(row + 1 - len(screen))]
            screen[row] += [" "] * (column + 1 - len(screen[row]))
            screen[row][column] = part
            column += 1
        screen += [[] for _ in range(row + 1 - len(screen))]
    return ["".join(line) for line in screen]

"""What a terminal shows while a network trains: a table that keeps still, fits, and leaves the cursor as it was."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import pytest

from mlpcli.cli.views import epoch_view as view_module
from mlpcli.cli.views.cells import short
from mlpcli.cli.views.epoch_view import LAST, LiveView, epoch_view
from mlpcli.config import RunOptions
from mlpcli.config.metrics import epoch_columns
from tests.workers.processes import PATIENCE

HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.chdir(tmp_path)


def in_terminal(width: int, *arguments: str, stop_at: str | None = None, **environment: str) -> tuple[int, str]:
    """The exit code of `mlpcli train` and all that a terminal received; Ctrl-C once it shows `stop_at`."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, width, 0, 0))
    command = [sys.executable, "-m", "mlpcli", "train", "--dataset", "blobs:n=400", "--width", "8", *arguments]
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=os.environ | environment, start_new_session=True
    )
    os.close(theirs)
    received = b""
    try:
        while select.select([ours], [], [], PATIENCE)[0]:
            try:
                chunk = os.read(ours, 65536)
            except OSError:  # Linux says so when the other side has closed
                break
            if not chunk:
                break
            received += chunk
            if stop_at and stop_at in received.decode("utf-8", "replace"):
                process.send_signal(signal.SIGINT)
                stop_at = None
        return process.wait(PATIENCE), received.decode()
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in re.split(r"[\r\n]+", CONTROL.sub("", text)) if line.strip()]


@pytest.mark.parametrize("width", [80, 200])
def test_the_live_table_fits_and_ends_with_the_cursor_shown(width: int) -> None:
    code, text = in_terminal(width, "--epochs", "15")
    assert code == 0
    assert text.count(HIDE) == text.count(SHOW) == 1
    assert text.index(HIDE) < text.index(SHOW)
    shown = lines(text)
    assert max(len(line) for line in shown if not line.startswith("Note: ")) <= width  # the terminal wraps prose
    (header, *_) = (line for line in shown if line.startswith("epoch ") and "val_accuracy" in line)
    assert ("grad_norm" in header) == (width == 200)
    last = lines(text[text.rindex("train_accuracy") :])
    assert any(line.endswith("best") for line in last)
    assert any(re.match(r"epoch 15/15 ━+ 0:00:\d\d 0:00:00 left$", line) for line in last)
    assert any("┃ accuracy ┃" in line for line in last)
    assert any(line.startswith("Next: mlpcli eval results/blobs-n-400-") for line in last)


def test_ctrl_c_leaves_the_terminal_as_it_was() -> None:
    code, text = in_terminal(80, "--epochs", "100000", stop_at="best")
    assert code == 130
    assert text.count(HIDE) == text.count(SHOW) == 1
    assert "Traceback" not in text
    assert re.search(r"mlpcli: error: interrupted in epoch \d+: results/", " ".join(lines(text[text.index(SHOW) :])))


def test_no_color_keeps_the_table() -> None:
    code, text = in_terminal(80, "--epochs", "3", NO_COLOR="1")
    assert code == 0
    assert not re.search(r"\x1b\[[0-9;]*[34][0-9][0-9;]*m", text)
    assert "best" in text


def test_a_dumb_terminal_gets_plain_lines() -> None:
    code, text = in_terminal(80, "--epochs", "3", TERM="dumb")
    assert code == 0
    assert "\x1b" not in text
    assert "epoch 3/3  lr " in text


def test_quiet_in_a_terminal_shows_the_result_only() -> None:
    code, text = in_terminal(80, "--epochs", "3", "--quiet")
    assert code == 0
    assert "epoch 3/3" not in text
    assert lines(text)[0].endswith(" s")


def rows(count: int, task: str = "classification", first: int = 1) -> list[dict[str, Any]]:
    columns = epoch_columns(task)
    return [dict.fromkeys(columns, 0.5) | {"epoch": epoch} for epoch in range(first, first + count)]


def drawn(view: LiveView, width: int) -> list[str]:
    from rich.console import Console

    console = Console(width=width, legacy_windows=False)
    view._console = console
    with console.capture() as capture:
        console.print(view._drawn())
    return [line.rstrip() for line in capture.get().splitlines()]


def live_view(task: str = "classification", monitor: str | None = "val_accuracy") -> LiveView:
    columns = [name for name in epoch_columns(task) if name != "step" and not name.endswith("_s")]
    return LiveView(columns, 100, monitor)


def test_the_table_grows_and_then_keeps_its_height() -> None:
    view = live_view()
    heights = []
    for row in rows(30):
        view.show(row, best=1)
        heights.append(len(drawn(view, 100)))
    assert heights == [min(count, LAST) + 2 for count in range(1, 31)]


def test_the_best_epoch_stays_in_sight() -> None:
    view = live_view()
    for row in rows(30):
        view.show(row, best=min(row["epoch"], 3))
    header, first, *others, _ = drawn(view, 100)
    assert header.split()[0] == "epoch"
    assert (first.split()[0], first.split()[-1]) == ("3", "best")
    assert [line.split()[0] for line in others] == [str(epoch) for epoch in range(22, 31)]
    assert not any(line.endswith("best") for line in others)


def test_columns_keep_their_place_whatever_the_numbers() -> None:
    view = live_view()
    for value in (1.0, 1e-9, -12.3456, 99999.0, float("nan"), None):
        view._rows = ()
        view.show({**rows(1)[0], **dict.fromkeys(epoch_columns("classification")[2:], value)}, best=0)
        assert drawn(view, 100)[0] == ("epoch        lr  train_loss  train_accuracy  val_loss  val_accuracy  grad_norm")


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize("width", [50, 60, 80, 100, 200])
def test_nothing_is_folded_or_cut(task: str, width: int) -> None:
    monitor = "val_accuracy" if task == "classification" else "val_rmse"
    view = live_view(task, monitor)
    view.show(rows(1, task)[0], best=1)
    header, row, bar = drawn(view, width)
    assert {"epoch", monitor} <= set(header.split())
    assert len(row.split()) == len(header.split()) + 1
    assert "…" not in header + row + bar
    assert max(map(len, (header, row, bar))) <= width
    assert len(bar) <= width - len("^C")  # behind which a terminal writes it


@pytest.mark.parametrize("width", [1, 20])
def test_a_terminal_too_narrow_for_anything_breaks_nothing(width: int) -> None:
    view = live_view()
    view.show(rows(1)[0], best=1)
    assert drawn(view, width)


def test_the_time_left_of_a_resumed_run_comes_from_its_own_epochs() -> None:
    view, now = live_view(), 0.0
    view._progress.get_time = lambda: now
    for row in rows(2, first=50):
        now += 2.0
        view.show(row, best=50)
    (task,) = view._progress.tasks
    assert (task.completed, task.time_remaining) == (51, 2 * 49)


def test_the_view_suits_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = epoch_columns("classification")
    resolved = RunOptions(monitor="val_accuracy")
    for terminal, quiet, kind in ((True, False, "LiveView"), (False, False, "LineView"), (True, True, "EpochView")):
        monkeypatch.setattr(view_module, "is_terminal", lambda stream, answer=terminal: answer)
        assert type(epoch_view(columns, resolved, quiet)).__name__ == kind


def test_no_mark_where_no_epoch_is_better_than_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_module, "is_terminal", lambda stream: True)
    for options in (RunOptions(keep="last", monitor="val_accuracy"), RunOptions(monitor="auto", keep="last")):
        view = epoch_view(epoch_columns("classification"), options, quiet=False)
        assert isinstance(view, LiveView)
        view.show(rows(1)[0], best=1)
        header, row, _ = drawn(view, 200)
        assert "best" not in row
        assert ("val_loss" in header) == (options.monitor != "auto")


@pytest.mark.parametrize(
    "value", [0.0, 1e-300, 0.00099999, 0.001, 1.0, 999.9999, 1e3, 54321.9, 1e5, 1e300, -5.5, -1e-7]
)
def test_short_numbers_are_short_and_near(value: float) -> None:
    text = short(value)
    assert len(text) <= 9
    assert float(text) == pytest.approx(value, rel=0.06, abs=1e-310)


def test_short_leaves_what_is_no_float() -> None:
    assert [short(value) for value in (None, 3, "a", float("nan"), float("inf"))] == ["", "3", "a", "nan", "inf"]

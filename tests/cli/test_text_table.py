"""Tables on a terminal of any width and in a pipe: nothing is shortened, and what is left out is said."""

import os
import pty
import subprocess
import sys

import pytest
from rich.cells import cell_len

from mlpcli.cli import text_table
from mlpcli.cli.text_table import Column, print_columns, table
from tests.cli.test_console import SPITEFUL


def test_a_plain_table(capsys: pytest.CaptureFixture[str]) -> None:
    table(("name", "loss", "n"), [("relu", 0.25, 5), ("leaky-relu", None, 10)], title="by activation")
    assert capsys.readouterr().out.splitlines() == [
        "by activation",
        "name        loss   n",
        "relu        0.25   5",
        "leaky-relu        10",
    ]


@pytest.mark.parametrize("is_known_numeric", [True, False])
def test_numbers_under_a_wide_name_end_where_it_ends(
    is_known_numeric: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    print_columns([Column("順位", ["1", "20"], is_known_numeric), Column("name", ["a", "b"])])
    assert capsys.readouterr().out.splitlines() == ["順位  name", "   1  a", "  20  b"]


def test_a_table_without_rows(capsys: pytest.CaptureFixture[str]) -> None:
    table(("a", "b"), [])
    assert capsys.readouterr().out == "a  b\n"


def test_a_plain_table_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    table(("a\n",), [(SPITEFUL,)])
    assert "\x1b" not in capsys.readouterr().out


def on_a_terminal(code: str, columns: int = 80, **environment: str) -> str:
    """What a program writes when its stdout is a terminal."""
    parent, child = pty.openpty()
    command = [sys.executable, "-c", f"from mlpcli.cli.text_table import table\n{code}"]
    size = {"COLUMNS": str(columns), "LINES": "24", "TERM": "xterm-256color"}
    subprocess.run(command, stdout=child, check=True, env=os.environ | size | environment)
    os.close(child)
    written = b""
    try:
        while piece := os.read(parent, 4096):
            written += piece
    except OSError:  # Linux says so when the last writer is gone
        pass
    os.close(parent)
    return written.decode()


TABLE = f"table(('activation', 'loss'), [({SPITEFUL!r}, 0.5)])"


def test_a_table_on_a_terminal_is_boxed_and_literal() -> None:
    text = on_a_terminal(TABLE)
    assert "┃" in text
    assert "[red]x[/]" in text
    assert "[/foo]" in text
    assert "\x1b[31m" not in text


def test_no_color_and_dumb_terminals_are_honoured() -> None:
    assert "\x1b[1m" in on_a_terminal(TABLE)
    assert "\x1b[3" not in on_a_terminal(TABLE, NO_COLOR="1")
    assert "┃" not in on_a_terminal(TABLE, TERM="dumb")


@pytest.mark.parametrize("columns", [1, 10, 10_000])
def test_any_width(columns: int) -> None:
    assert on_a_terminal(TABLE, columns)


def test_a_terminal_without_unicode() -> None:
    assert on_a_terminal(TABLE, PYTHONIOENCODING="ascii").isascii()


WIDE = {"activation": ["relu", "leaky-relu"], "val_loss": ["0.1000 ± 0.0200", "0.2000 ± 0.0300"], "p": ["", "0.0400"]}


def fitted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr(text_table, "is_terminal", lambda: True)
    table(list(WIDE), zip(*WIDE.values(), strict=True), expendable=("p", "lr"), elsewhere="summary.csv")
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= width for line in lines)
    return lines


def test_boxes_go_first(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Three columns of 10, 15 and 6 characters: 41 with boxes, 35 without."""
    assert fitted(monkeypatch, capsys, 41)[0].startswith("┏")
    for width in (40, 35):
        assert fitted(monkeypatch, capsys, width) == [
            "activation  val_loss              p",
            "relu        0.1000 ± 0.0200",
            "leaky-relu  0.2000 ± 0.0300  0.0400",
        ]


def test_then_columns_which_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for width in (34, 27):
        lines = fitted(monkeypatch, capsys, width)
        assert lines[:3] == ["activation  val_loss", "relu        0.1000 ± 0.0200", "leaky-relu  0.2000 ± 0.0300"]
        assert " ".join(lines[3:]) == "Not shown at this width: p (in summary.csv)"


def test_then_each_row_is_a_paragraph(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Then nothing is left out."""
    assert fitted(monkeypatch, capsys, 26) == [
        "activation relu",
        "  val_loss 0.1000 ± 0.0200",
        "activation leaky-relu",
        "  val_loss 0.2000 ± 0.0300",
        "  p 0.0400",
    ]


def test_wide_letters_take_two_columns_of_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Counted by rich, whose boxes agree with terminals."""
    table(("都市", "rows"), [("東京", 12), ("Oslo", 3), ("e\u0301tat", 4)])
    lines = capsys.readouterr().out.splitlines()
    assert {cell_len(line) for line in lines} == {len("Oslo  rows")}


def test_paragraphs_are_measured_in_columns_of_the_terminal() -> None:
    columns = [Column("\u57ce\u5e02", ["\u5317\u4eac"]), Column("\u5e74\u9f84", ["20"]), Column("p", ["0.5"])]
    lines = list(text_table.paragraphs(columns, 16))
    assert len(lines) == 2 and max(map(cell_len, lines)) <= 16

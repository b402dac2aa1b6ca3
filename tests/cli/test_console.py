"""Tables, messages and JSON: what reaches which stream, and that no text can play tricks on the terminal."""

import json
import math
import os
import pty
import subprocess
import sys

import pytest

from mlpcli.cli import console

SPITEFUL = "[red]x[/] \x1b[31mred\x1b[0m \u202e \r \udce9 [/foo]"


def test_plain_keeps_words_and_escapes_control_characters() -> None:
    assert console.plain("Zürich 日本 [red]x[/] a\\b 'q'") == "Zürich 日本 [red]x[/] a\\b 'q'"
    assert console.plain(SPITEFUL) == r"[red]x[/] \x1b[31mred\x1b[0m \u202e \r \udce9 [/foo]"
    assert console.plain("\0\x7f\x9b\u2028") == r"\x00\x7f\x9b\u2028"


def test_only_an_indented_line_goes_on() -> None:
    assert console.plain("2 problems:\n  a\n  b") == "2 problems:\n  a\n  b"
    assert console.plain("name\nmlpcli: error: forged") == r"name\nmlpcli: error: forged"
    assert console.plain("name\n forged") == r"name\n forged"


def test_messages_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    console.message("first")
    console.message("second", quiet=True)
    console.warning("third")
    console.error("fourth \x1b[2J")
    assert capsys.readouterr() == ("", "first\nmlpcli: warning: third\nmlpcli: error: fourth \\x1b[2J\n")


def test_an_error_does_not_repeat_a_million_characters(capsys: pytest.CaptureFixture[str]) -> None:
    console.error(f"cannot read {'a' * 10**6}: no such file\n  b\n  {'c' * 10**6}")
    first, second, third = capsys.readouterr().err.splitlines()
    assert first.startswith("mlpcli: error: cannot read aaa") and first.endswith("aaa: no such file")
    assert len(first) < 2000 and second == "  b" and len(third) < 2000


def test_json_is_one_object_without_nan(capsys: pytest.CaptureFixture[str]) -> None:
    console.print_json({"loss": 0.1, "name": "é\x1b"})
    text = capsys.readouterr().out
    assert json.loads(text) == {"loss": 0.1, "name": "é\x1b"}
    assert text.isascii()
    with pytest.raises(ValueError, match="not JSON compliant"):
        console.print_json({"loss": math.nan})


def test_a_plain_table(capsys: pytest.CaptureFixture[str]) -> None:
    console.table(("name", "loss", "n"), [("relu", 0.25, 5), ("leaky-relu", None, 10)], title="by activation")
    assert capsys.readouterr().out.splitlines() == [
        "by activation",
        "name        loss   n",
        "relu        0.25   5",
        "leaky-relu        10",
    ]


def test_a_table_without_rows(capsys: pytest.CaptureFixture[str]) -> None:
    console.table(("a", "b"), [])
    assert capsys.readouterr().out == "a  b\n"


def test_a_plain_table_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    console.table(("a\n",), [(SPITEFUL,)])
    assert "\x1b" not in capsys.readouterr().out


def on_a_terminal(code: str, columns: int = 80, **environment: str) -> str:
    """What a program writes when its stdout is a terminal."""
    parent, child = pty.openpty()
    command = [sys.executable, "-c", f"from mlpcli.cli import console\n{code}"]
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


TABLE = f"console.table(('activation', 'loss'), [({SPITEFUL!r}, 0.5)])"


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

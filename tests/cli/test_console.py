"""Messages and JSON: what reaches which stream, and that no text can play tricks on the terminal."""

import json
import math
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

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


def test_on_a_terminal_a_message_breaks_between_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "is_terminal", lambda stream: True)
    monkeypatch.setenv("COLUMNS", "20")
    console.message("Note: the best epoch was the first\n  short")
    console.error("one line, which may be copied")
    assert capsys.readouterr().err.splitlines() == [
        "Note: the best epoch",
        "  was the first",
        "  short",
        "mlpcli: error: one line, which may be copied",
    ]


@given(st.text("ab -", max_size=40).map(str.lstrip), st.integers(1, 30), st.integers(0, 4))
def test_texts_break_where_textwrap_breaks_them(text: str, room: int, indent: int) -> None:
    rule = {"break_long_words": False, "break_on_hyphens": False, "subsequent_indent": " " * indent}
    assert list(console.wrapped(text, room, indent=indent)) == (textwrap.wrap(text, room, **rule) or [""])


@given(st.text("ab \u65e5e\u0301", max_size=40), st.integers(4, 30))
def test_wide_letters_are_counted_as_the_terminal_does(text: str, room: int) -> None:
    lines = list(console.wrapped(text, room, indent=2))
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(cell_len(line) <= room or " " not in line.strip() for line in lines)


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

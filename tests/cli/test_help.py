"""The help page of every command: types and choices in words, an example, lines that fit 80 columns."""

import importlib
import re

import pytest

from mlpcli.cli.main import COMMANDS, run


def test_the_first_page_looks_like_the_others(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run(["--help"]) == 0
    page = capsys.readouterr().out
    assert all(f"╭─ {title} ─" in page for title in ("Options", "Commands", "Exit codes"))
    assert all(f"│ {name} " in page for name in COMMANDS) and "<bool>" not in page
    assert "│ 1    the answer is no: a failed trial, divergence, a wrong gradient " in page


@pytest.mark.parametrize("width", [32, 40, 80, 100])
def test_the_first_page_fits_the_terminal(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    assert run(["--help"]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= width


@pytest.mark.parametrize("command", COMMANDS)
def test_a_page(command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run([command, "--help"]) == 0
    page = capsys.readouterr().out
    assert f"Usage: mlpcli {command} [OPTIONS]" in page
    assert f"mlpcli {command} " in page.partition("Example")[2]
    assert "…" not in page.replace("KIND,…", "")  # nothing is cut
    for foreign in (
        "<bool>",
        "<int>",
        "<int ",
        "<float",
        "<none|",
        "<str",
        "<list",
        "[[",
        "{",
        "}",
        "......",
        "TyperOption",
    ):
        assert foreign not in page
    assert all(len(line) <= 80 for line in page.splitlines())


@pytest.mark.parametrize("command", COMMANDS)
def test_examples_stand_below_each_other(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each in a line of its own, as the docstring has it."""
    monkeypatch.setenv("COLUMNS", "80")
    work = getattr(importlib.import_module(COMMANDS[command].module), COMMANDS[command].function)
    examples = re.findall(r"^(?: *Examples?:)? +(mlpcli .*)$", work.__doc__, re.MULTILINE)
    assert run([command, "--help"]) == 0
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    places = [line.index("mlpcli") for line in lines if line.endswith(tuple(examples))]
    assert len(places) == len(examples) > 0 and len(set(places)) == 1


def test_types_and_choices(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    assert run(["sweep", "--help"]) == 0
    lines = {line.split()[1]: line for line in capsys.readouterr().out.splitlines() if line.startswith("│ --")}
    assert " none, best, all " in lines["--keep-models"]
    assert " <integer> [x>=1] " in lines["--max-trials"]
    assert " <text> " in lines["--seeds"] and " <path> " in lines["--results"]
    assert lines["--dry-run"].split()[2] == "show"

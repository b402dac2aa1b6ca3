"""The help page of every command: types and choices in words, an example, lines that fit 80 columns."""

import pytest

from mlpcli.cli.main import COMMANDS, run


def test_the_first_page_looks_like_the_others(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run(["--help"]) == 0
    page = capsys.readouterr().out
    assert "╭─ Options ─" in page and "╭─ Commands ─" in page and "<bool>" not in page
    assert all(f"│ {name} " in page for name in COMMANDS)
    lines = [line.strip() for line in page.splitlines()]
    assert "1  the answer is no: a failed trial, divergence, a wrong gradient" in lines
    assert all(len(line) <= 80 for line in page.splitlines())


@pytest.mark.parametrize("command", COMMANDS)
def test_a_page(command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run([command, "--help"]) == 0
    page = capsys.readouterr().out
    assert f"Usage: mlpcli {command} [OPTIONS]" in page
    assert f"mlpcli {command} " in page.partition("Example")[2]
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


def test_types_and_choices(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    assert run(["sweep", "--help"]) == 0
    lines = {line.split()[1]: line for line in capsys.readouterr().out.splitlines() if line.startswith("│ --")}
    assert " none, best, all " in lines["--keep-models"]
    assert " <integer> [x>=1] " in lines["--max-trials"]
    assert " <text> " in lines["--seeds"] and " <path> " in lines["--results"]
    assert lines["--dry-run"].split()[2] == "show"

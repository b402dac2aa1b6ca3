"""The flags of a run's options: all there, all in `--help`, and passed on as they were typed."""

import inspect
import re
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from mlpcli.cli.flags import TYPES
from mlpcli.cli.main import run
from mlpcli.cli.option_flags import with_options
from mlpcli.config import OPTIONS, READING, Source

seen: dict[str, Any] = {}


@with_options()
def command(
    given: Source,
    *,
    name: Annotated[str, typer.Argument(help="a name")],
    force: Annotated[bool, typer.Option("--force", help="replace it")] = False,
) -> None:
    """Do something with a run."""
    seen.update(given=given, name=name, force=force)


app = typer.Typer()
app.command()(command)


def given_by(*arguments: str) -> Source:
    result = CliRunner().invoke(app, ["x", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    source = seen["given"]
    assert isinstance(source, Source)
    return source


def help_text(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("COLUMNS", "1000")
    return CliRunner().invoke(app, ["--help"]).output


def test_only_what_is_typed_is_given() -> None:
    assert given_by() == Source({}, "--", text=True)
    source = given_by("--norm-position", "before", "--depth=-1", "--force")
    assert source.values == {"norm_position": "before", "depth": "-1"}
    assert source.place("norm_position") == "--norm-position"
    assert (seen["name"], seen["force"]) == ("x", True)


SWITCHES = [name for name, option in OPTIONS.items() if option.types == {bool}]


@pytest.mark.parametrize("name", [name for name in OPTIONS if name not in SWITCHES])
def test_every_option_is_a_flag_that_takes_any_text(name: str) -> None:
    assert given_by(OPTIONS[name].flag, "any [bold]text").values == {name: "any [bold]text"}


@pytest.mark.parametrize("name", SWITCHES)
def test_what_is_true_or_false_is_a_switch(name: str) -> None:
    flag = OPTIONS[name].flag
    assert given_by(flag).values == {name: True}
    assert given_by(flag.replace("--", "--no-")).values == {name: False}
    assert given_by().values == {}


def test_a_default_that_is_typed_is_given() -> None:
    assert given_by("--depth", OPTIONS["depth"].shown).values == {"depth": "2"}


def test_help_shows_every_option_with_its_clause_choices_and_default(monkeypatch: pytest.MonkeyPatch) -> None:
    text = help_text(monkeypatch)
    for option in OPTIONS.values():
        (line,) = re.findall(rf"^.*{option.flag} .*$", text, re.MULTILINE)
        assert option.help in line
        default = option.shown if option.default is not None else f"({option.shown})"
        assert option.name in SWITCHES or f"[default: {default}]" in line
        assert option.name not in SWITCHES or option.default is None or "[default: (off)]" in line
        assert all(re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", line) for word in option.choices)
        if option.name not in (*SWITCHES, "monitor"):
            assert {kind for kind in TYPES if TYPES[kind] in line} == {*option.parts} & {*TYPES}


def test_help_is_grouped_and_begins_with_what_the_command_does(monkeypatch: pytest.MonkeyPatch) -> None:
    text = help_text(monkeypatch)
    titles = re.findall(r"^╭─ (\w+) ─", text, re.MULTILINE)
    assert titles == ["Arguments", "Options", *dict.fromkeys(option.group for option in OPTIONS.values())]
    assert "Do something with a run." in text


def test_typer_sees_one_signature() -> None:
    parameters = inspect.signature(command).parameters
    assert list(parameters) == ["context", "name", "force", *OPTIONS]


@pytest.mark.parametrize(
    ("words", "completions"),
    [
        ("x --activation s", {"selu", "silu", "softplus", "sigmoid"}),
        ("x --batch-size ", {"full"}),
        ("x --norm-", {"--norm-position"}),
    ],
)
def test_completion(words: str, completions: set[str]) -> None:
    environment = {
        "_PROGRAM_COMPLETE": "complete_bash",
        "COMP_WORDS": f"program {words}",
        "COMP_CWORD": str(len(words.split(" "))),
    }
    result = CliRunner().invoke(app, [], prog_name="program", env=environment)
    assert set(result.output.split()) == completions


@pytest.mark.parametrize("command", ["train", "datasets", "eval"])
def test_a_reading_option_reaches_every_command_that_reads_tables(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([command, "--help"]) == 0
    shown = capsys.readouterr().out
    assert {"--delimiter", "--encoding"} <= {OPTIONS[name].flag for name in READING}
    assert not [OPTIONS[name].flag for name in READING if OPTIONS[name].flag not in shown]

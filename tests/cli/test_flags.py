"""Flags that several commands share are declared once."""

import inspect
from importlib import import_module

import pytest

from mlpcli.cli import flags
from mlpcli.cli.main import COMMANDS, run

SHARED = {"as_json": flags.Json, "quiet": flags.Quiet, "results": flags.ResultsRoot, "data_home": flags.DataHome}
SHARED |= {"config": flags.Config, "run": flags.SomeRun}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_parameter_with_a_shared_name_has_the_shared_declaration(command: str) -> None:
    function = getattr(import_module(COMMANDS[command].module), COMMANDS[command].function)
    parameters = inspect.signature(function).parameters
    assert {"as_json", "quiet"} <= parameters.keys()
    for name in SHARED.keys() & parameters.keys():
        assert parameters[name].annotation == SHARED[name], name


@pytest.mark.parametrize("command", COMMANDS)
def test_a_flag_without_a_value_shows_none(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--help"]) == 0
    text = capsys.readouterr().out
    assert "--json" in text and "--quiet" in text and "<bool" not in text.lower()

"""`mlpcli graph`: the lecture's graph in its three forms, and one clear line for everything that is wrong."""

import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from mlpcli.cli.commands.graph import graph
from mlpcli.cli.main import run as mlpcli_run
from mlpcli.errors import ExitCode, UsageError

LECTURE = ["(x + y) * z", "x=-2", "y=5", "z=-4"]

app = typer.Typer()
app.command()(graph)


def run(*arguments: str) -> str:
    """What is printed; `CliRunner` alone knows stderr in some versions only."""
    with redirect_stderr(StringIO()) as err, redirect_stdout(StringIO()) as out:
        app(arguments, standalone_mode=False)
    assert err.getvalue() == ""
    return out.getvalue()


def refusal(*arguments: str) -> str:
    with pytest.raises(UsageError) as caught:
        CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert caught.value.code == ExitCode.USAGE
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_table_of_the_lecture() -> None:
    assert [line.split() for line in run(*LECTURE).splitlines()] == [
        ["node", "operation", "value", "gradient", "df/dnode"],
        ["x", "input", "-2", "-4"],
        ["y", "input", "5", "-4"],
        ["z", "input", "-4", "3"],
        ["q", "x", "+", "y", "3", "-4"],
        ["f", "q", "*", "z", "-12", "1"],
    ]


def test_columns_are_aligned() -> None:
    lines = run("tanh(long_name) * 1000", "long_name=0.123456789").splitlines()
    assert len({len(line) for line in lines}) == 1
    assert lines[1].split() == ["long_name", "input", "0.123457", f"{1000 / math.cosh(0.123456789) ** 2:.6g}"]


def test_quiet_keeps_the_result() -> None:
    assert run(*LECTURE, "--quiet") == run(*LECTURE, "-q") == run(*LECTURE)


def test_json_of_the_lecture() -> None:
    assert json.loads(run(*LECTURE, "--json")) == {
        "expression": "(x + y) * z",
        "value": -12,
        "nodes": [
            {"name": "x", "op": "input", "inputs": [], "local": [], "value": -2, "gradient": -4},
            {"name": "y", "op": "input", "inputs": [], "local": [], "value": 5, "gradient": -4},
            {"name": "z", "op": "input", "inputs": [], "local": [], "value": -4, "gradient": 3},
            {"name": "q", "op": "+", "inputs": ["x", "y"], "local": [1, 1], "value": 3, "gradient": -4},
            {"name": "f", "op": "*", "inputs": ["q", "z"], "local": [-4, 3], "value": -12, "gradient": 1},
        ],
    }


def test_json_of_numbers_alone_has_no_gradient() -> None:
    nodes = json.loads(run("x ** (1 + 1)", "x=-3", "--json"))["nodes"]
    assert nodes[1] == {"name": "q", "op": "+", "inputs": [1, 1], "local": [None, None], "value": 2, "gradient": None}
    assert nodes[0]["gradient"] == -6
    assert run("1 + 1").splitlines()[1].split() == ["f", "1", "+", "1", "2", "-"]


def test_dot_of_the_lecture() -> None:
    text = run(*LECTURE, "--dot")
    assert text.startswith("digraph {") and text.endswith("}\n")
    labels = dict(re.findall(r'^  "(\w+)" \[label="(.*)"\];$', text, re.M))
    assert labels == {
        "x": r"x\nvalue = -2\ndf/dx = -4",
        "y": r"y\nvalue = 5\ndf/dy = -4",
        "z": r"z\nvalue = -4\ndf/dz = 3",
        "q": r"q = x + y\nvalue = 3\ndf/dq = -4",
        "f": r"f = q * z\nvalue = -12\ndf/df = 1",
    }
    edges = re.findall(r'^  "(\w+)" -> "(\w+)" \[label="(.*)"\];$', text, re.M)
    assert edges == [
        ("x", "q", "dq/dx = 1"), ("y", "q", "dq/dy = 1"), ("q", "f", "df/dq = -4"), ("z", "f", "df/dz = 3"),
    ]  # fmt: skip


def test_svg_is_written_beside_what_is_printed(tmp_path: Path) -> None:
    file = tmp_path / "graph.svg"
    assert run(*LECTURE, "--svg", str(file), "--quiet") == run(*LECTURE)
    assert "df/dq = -4" in file.read_text() and file.read_text().startswith("<svg ")


def test_dot_shows_a_shared_node_twice_and_quotes_its_own_words() -> None:
    text = run("node * node", "node=3", "--dot")
    assert text.count('  "node" -> "f" [label="df/dnode = 3"];') == 2


def test_minus_zero_reads_zero() -> None:
    assert run("0 * x", "x=-3").splitlines()[2].split() == ["f", "0", "*", "x", "0", "1"]


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["(x + ", "x=1"], ["expression '(x + '", "column 1"]),
        (["x^2", "x=1"], ["column 2", "x ** 2"]),
        (["x + y", "x=1"], ["y has no value", "x=1 y=1"]),
        (["x + y", "x=1", "y=2", "w=3"], ["'w' is not in the expression"]),
        (
            ["weight * x", "x=1", "wieght=2"],
            ["'wieght' is not in the expression; did you mean weight", "weight has no"],
        ),
        (["x", "x=five"], ["'x=five' is not a finite number"]),
        (["x", "x="], ["'x=' is not a finite number"]),
        (["x", "x=nan"], ["'x=nan' is not a finite number"]),
        (["x", "x=1e999"], ["'x=1e999' is not a finite number"]),
        (["x", "x", "x=1"], ["'x' is not NAME=VALUE"]),
        (["x", "x=1", "x=2"], ["x is given twice"]),
        (["x + y + z", "x=a", "w=1"], ["'x=a' is not", "'w' is not in", "y has no value; z has no value"]),
        (["2 * 3", "x=1"], ["'x' is not in the expression", "Leave the values out"]),
        (["log(x)", "x=-1"], ["node f = log(x) is nan at x = -1"]),
        (["1/0"], ["node f = 1 / 0 is inf"]),
        (["sqrt(x)", "x=0"], ["the gradient df/dx is inf"]),
        (["x", "x=1\n\x1b[31m"], [r"'x=1\n\x1b[31m' is not a finite number"]),
        ([*LECTURE, "--json", "--dot"], ["--json, --dot"]),
    ],
)
def test_refused_in_one_line(arguments: Sequence[str], parts: Sequence[str]) -> None:
    message = refusal(*arguments)
    for part in parts:
        assert part in message
    assert "Nothing was" in message


def test_long_input_is_not_echoed_whole() -> None:
    assert len(refusal("x" * 100_000)) < 300
    assert len(refusal("x", "x=" + "a" * 100_000)) < 300


def test_help_names_every_function() -> None:
    from mlpcli.autodiff.expression import FUNCTIONS

    text = run("--help")
    assert set(FUNCTIONS) <= set(re.findall(r"\w+", text))


def test_the_command_is_declared_without_numpy() -> None:
    code = "import sys, mlpcli.cli.commands.graph; sys.exit('numpy' in sys.modules or 'rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_terminal_gets_a_ruled_table() -> None:
    code = "import typer; from mlpcli.cli.commands.graph import graph; typer.run(graph)"
    master, slave = os.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "80", "PYTHONUTF8": "1"}
    subprocess.run([sys.executable, "-c", code, *LECTURE], stdout=slave, env=environment, check=True)
    os.close(slave)
    text = os.read(master, 65536).decode()
    os.close(master)
    assert re.search(r"│ q\s+│ x \+ y\s+│\s+3 │\s+-4 │", re.sub(r"\x1b\[[\d;]*m", "", text))


def test_svg_replaces_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "table.csv"
    table.write_text("a,b\n")
    assert mlpcli_run(["graph", "x * x", "x=1", "--svg", str(table)]) == 2
    assert "expected a name that ends in .svg. Nothing was written" in capsys.readouterr().err
    assert table.read_text() == "a,b\n"

"""The page of the sweep file: complete, true, and the one that ships; its examples are sweep files."""

import re
import tomllib
from pathlib import Path

import pytest

from mlpcli.cli.main import run
from mlpcli.sweeps.plan.plan_file import plan_sweep
from mlpcli.sweeps.spec import where
from mlpcli.sweeps.spec.file_page import OPERATORS, WIDTH, file_page
from mlpcli.sweeps.spec.keys import DRAW, KEYS, TABLE_KEYS

SHIPPED = Path(__file__).parents[3] / "experiments" / "sweep_file.md"


def test_the_page_that_ships_is_the_one_that_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sweep", "--help-file"]) == 0
    printed = capsys.readouterr().out
    assert printed == file_page()
    assert SHIPPED.read_text() == printed, "type mlpcli sweep --help-file > experiments/sweep_file.md"


def test_every_key_has_its_line() -> None:
    lines = file_page().splitlines()
    for name, key in KEYS.items():
        assert any(line in (f"## [{name}]", f"## [[{name}]]") or line.startswith(f"- `{name}` (") for line in lines)
        assert bool(key.example) == key.type.startswith("table"), name
    for name in [*DRAW, *(name for keys in TABLE_KEYS.values() for name in keys)]:
        assert any(line.startswith(f"- `{name}` (") for line in lines)
    assert all(len(line) <= WIDTH for line in lines)


@pytest.mark.parametrize("name", [name for name, key in KEYS.items() if key.example])
def test_examples_are_sweep_files(name: str) -> None:
    document = {"base": {"epochs": 30, "dropout": 0.0, "norm": "none"}} | tomllib.loads(KEYS[name].example)
    if name == "race":
        document["seeds"] = 5
    if name in ("halving", "race", "compare"):
        document["grid"] = {"width": [8, 16, 32]}
    assert len(plan_sweep(Path("example.toml"), document)) > 0


def test_the_operators_are_those_that_conditions_take() -> None:
    listed = {operator for row in OPERATORS for operator in row.split("  ")}
    for row, meaning in OPERATORS.items():
        example = re.findall("`(.*)`", meaning)[0]
        where.parse_where(example)
        assert any(operator in example for operator in row.split("  "))
    for operator in listed - {"and", "or", "not", "in", "not in", "+", "-", "*", "/", "%"}:
        where.parse_where(f"width {operator} 3")
    for operator in ("+", "-", "*", "/", "%"):
        assert operator in listed
        where.parse_where(f"width {operator} 3 > 1")
    with pytest.raises(ValueError, match="is no option"):
        where.parse_where("width ** 2 > 3")

"""Delimited files take little memory, whatever their size: measured in a process that does nothing else."""

import json
import subprocess
import sys

import pytest

from tests.workers.processes import PATIENCE

MEASURED = """
import json, sys, tracemalloc
from mlpcli.errors import DataError
from tests.data.asked import prepare

prepare("warm.csv", target="y")  # imports are not counted
for path in sys.argv[1:]:
    tracemalloc.start()
    try:
        said = str(sum(map(len, prepare(path, target="y").parts.values())))
    except DataError as error:
        said = str(error)
    print(json.dumps([tracemalloc.get_traced_memory()[1], said]))
    tracemalloc.stop()
"""

NUMBERS = ",".join(["1.2345678"] * 20)

TABLES = {
    "cell.csv": lambda: "x,y\n1,a\n" + "z" * 20_000_000 + ",b\n",
    "quote.csv": lambda: "x,y\n1,a\n" + '"' + "2,b\n" * 5_000_000,
    "columns.csv": lambda: ",".join(f"c{i}" for i in range(100_000)) + "\n",
    "classes.csv": lambda: "x,y\n" + "".join(f"{i},k{i}\n" for i in range(30_000)),
    "long.csv": lambda: (
        ",".join(f"c{i}" for i in range(20))
        + ",y\n"
        + "".join(f"{NUMBERS},{'ab'[i % 2]}\n{NUMBERS[1:]},b\n" for i in range(60_000))
    ),
}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str]]:
    """Peak bytes while each table is prepared, and its number of rows or the error."""
    folder = tmp_path_factory.mktemp("tables")
    (folder / "warm.csv").write_text("x,y\n" + "1,a\n2,b\n" * 9)
    for name, content in TABLES.items():
        (folder / name).write_text(content())
    command = [sys.executable, "-c", MEASURED, *TABLES]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=True)
    return dict(zip(TABLES, map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.parametrize(
    ("name", "message", "most"),
    [
        ("cell.csv", "cell.csv, line 3: a row of more than 8 MB", 160e6),
        ("quote.csv", "quote.csv, line 3: a row of more than 8 MB", 160e6),
        ("columns.csv", "columns.csv, line 1: 100000 columns, more than 20000", 40e6),
        ("classes.csv", "more than 1000 classes", 50e6),
    ],
)
def test_hostile_sizes_are_refused_in_little_memory(
    measured: dict[str, tuple[int, str]], name: str, message: str, most: float
) -> None:
    peak, said = measured[name]
    assert message in said and peak < most


def test_a_long_table_is_read_in_little_memory(measured: dict[str, tuple[int, str]]) -> None:
    peak, said = measured["long.csv"]
    assert said == "120000" and peak < 70e6  # the cells alone are 20 MB, the text 24 MB

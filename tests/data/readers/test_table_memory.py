"""Delimited files take little memory, whatever their size: measured in a process that does nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.workers.processes import PATIENCE

MEASURED = """
import tracemalloc
from mlpcli.errors import DataError
from tests.data.asked import prepare

prepare("warm.csv", target="y")  # imports are not counted
tracemalloc.start()
try:
    prepared = prepare("t.csv", target="y")
    said = sum(map(len, prepared.parts.values()))
except DataError as error:
    said = error
print(tracemalloc.get_traced_memory()[1], said)
"""


def measured(content: str) -> tuple[int, str]:
    """Peak bytes while a table of this content is prepared, and its number of rows or the error."""
    Path("warm.csv").write_text("x,y\n" + "1,a\n2,b\n" * 9)
    Path("t.csv").write_text(content)
    done = subprocess.run(
        [sys.executable, "-c", MEASURED], capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    peak, _, said = done.stdout.strip().partition(" ")
    return int(peak), said


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("cell", "t.csv, line 3: a row of more than 8 MB"),
        ("quote", "t.csv, line 3: a row of more than 8 MB"),
        ("columns", "t.csv, line 1: 100000 columns, more than 20000"),
        ("classes", "more than 1000 classes"),
    ],
)
def test_hostile_sizes_are_refused_in_little_memory(kind: str, message: str) -> None:
    content = {
        "cell": "x,y\n1,a\n" + "z" * 20_000_000 + ",b\n",
        "quote": "x,y\n1,a\n" + '"' + "2,b\n" * 5_000_000,
        "columns": ",".join(f"c{i}" for i in range(100_000)) + "\n",
        "classes": "x,y\n" + "".join(f"{i},k{i}\n" for i in range(100_000)),
    }[kind]
    peak, said = measured(content)
    assert message in said and peak < 160e6


def test_a_long_table_is_read_in_little_memory() -> None:
    row = ",".join(["1.2345678"] * 20)
    names = ",".join(f"c{i}" for i in range(20))
    rows = "".join(f"{row},{'ab'[i % 2]}\n{row[1:]},b\n" for i in range(60_000))
    peak, said = measured(f"{names},y\n{rows}")
    assert said == "120000" and peak < 70e6  # the cells alone are 20 MB, the text 24 MB

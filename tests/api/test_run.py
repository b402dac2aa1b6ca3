"""Runs that are opened: whole while another takes their place, and errors that name the damaged file."""

import shutil
from pathlib import Path
from typing import Any

import pytest

import mlpcli
from mlpcli.errors import DataError

QUICK: dict[str, Any] = {"depth": 1, "epochs": 2, "record": True, "progress": False}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the runs `old` and `new`, of 4 and 6 hidden units."""
    folder = tmp_path_factory.mktemp("runs")
    for name, width in (("old", 4), ("new", 6)):
        mlpcli.train("xor", width=width, results=folder, name=name, **QUICK)
    return folder


def test_a_run_that_takes_the_place_of_another_is_opened_whole(trained: Path, tmp_path: Path) -> None:
    """In the middle of the moves: config.toml has moved up, the other files have not."""
    run = tmp_path / "r"
    shutil.copytree(trained / "old", run)
    shutil.copytree(trained / "new", run / ".next")
    (run / "result.json").unlink()
    (run / ".next/config.toml").replace(run / "config.toml")
    found, new = mlpcli.open(run), mlpcli.open(trained / "new")
    assert isinstance(found, mlpcli.Run) and isinstance(new, mlpcli.Run)
    assert (found.options, found.result) == (new.options, new.result)
    assert found.history.equals(new.history)
    assert found.model.predict([[0, 1]]).tolist() == new.model.predict([[0, 1]]).tolist()
    assert found.model.options == new.options


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("metrics.csv", b"epoch,train_loss\n1,0.5\n2\n", "row 3 has 1 cells, the header 2"),
        ("metrics.csv", b"epoch,train_loss\n1,\xff\n", "it is not UTF-8"),
        ("metrics.csv", b"", "column epoch is missing"),
        ("diagnostics.csv", b"layer\nhidden.0\n", "column"),
    ],
)
def test_a_damaged_table_is_named(trained: Path, tmp_path: Path, name: str, content: bytes, words: str) -> None:
    run = tmp_path / "r"
    shutil.copytree(trained / "old", run)
    (run / name).write_bytes(content)
    with pytest.raises(DataError, match=rf"^cannot use .*{name}: .*{words}.*\. It is unchanged\. Train it again"):
        getattr(mlpcli.open(run), "history" if name == "metrics.csv" else "diagnostics")

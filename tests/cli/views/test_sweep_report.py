"""The table at the end of a sweep, at widths from 60 to 160 columns, as text."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mlpcli.cli import text_table
from mlpcli.cli.commands import sweep as command
from mlpcli.cli.main import run
from tests.sweeps.sweeps import write_sweep

BASE = {"dataset": "iris", "epochs": 2, "batch_size": 8}
WIDTHS = (60, 80, 100, 160)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("reports")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLPCLI_DATA_HOME", str(place / "home"))
        patch.chdir(place)
        yield place


def shown(capsys: pytest.CaptureFixture[str], file: Path, width: int, *flags: str) -> list[str]:
    """The lines on a terminal of this width, all of which fit."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(width))
        patch.setattr(text_table, "is_terminal", lambda: True)
        patch.setattr(command, "is_terminal", lambda: True)
        assert run(["sweep", str(file), "--executor", "serial", "-q", *flags]) in (0, 1)
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= width for line in lines if not line.startswith("Next: "))  # a command stays on one line
    return lines


def grid(folder: Path) -> Path:
    table = {"lr": [0.01, 1e38], "norm": ["none", "layer"], "dropout": [0.0, 0.25], "init": ["he"], "clip_norm": [0, 9]}
    return write_sweep(folder / "grid.toml", seeds=2, base={**BASE, "optimizer": "sgd"}, grid=table)


def drawn(folder: Path) -> Path:
    draws = {"trials": 9, "lr": {"low": 1e-3, "high": 0.1, "log": True}, "width": {"low": 4, "high": 64}}
    return write_sweep(folder / "drawn.toml", seeds=2, base=BASE, random=draws, halving={"min_epochs": 1})


@pytest.mark.parametrize("width", WIDTHS)
def test_columns_that_do_not_fit_are_named(folder: Path, capsys: pytest.CaptureFixture[str], width: int) -> None:
    """A list of constant values goes first; difference and p stay longest."""
    lines = shown(capsys, grid(folder), width)
    text = " ".join(lines)
    header, left_out = lines[width == 160], text.partition("at this width: ")[2].partition(" (in ")[0].split(", ")
    if width == 60:
        assert lines[0].startswith("rank 1  lr 0.01  norm ") and lines[1].startswith("  ") and left_out == [""]
        assert "test_accuracy" in text
        return
    columns = ["rank", "lr", "norm", "dropout", "init", "clip_norm", "seeds", "val_accuracy", "difference", "p"]
    for name in (*columns, "test_accuracy", "test std", "parameters"):
        assert (f" {name} " in f" {header} ") != (name in left_out)
    assert ("init" in left_out) == (width < 160) and "lr" not in left_out
    assert text.count("2 diverged") == 8
    assert "Differences are against lr 0.01, norm none, dropout 0, init he, clip_norm 0, paired by seed" in text


def test_the_best_are_shown_and_the_others_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def rows(lines: list[str]) -> int:
        """The table has a header, and what is left out stands below it."""
        return next(at for at, line in enumerate(lines) if line.startswith("Not shown")) - 1

    some, every = shown(capsys, grid(folder), 100, "--top", "3"), shown(capsys, grid(folder), 100, "--all")
    assert (rows(some), rows(every)) == (3, 16)
    assert "The best 3 of 16 configurations; --all shows the others, summary.csv has them" in some
    assert not any("The best" in line for line in every)


def test_configurations_with_equal_scores_are_marked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A bound of 9 on the gradient's norm is never met, so it changes nothing."""
    lines = shown(capsys, grid(folder), 160)
    marks = [line for line in lines if "as rank " in line]
    assert len(marks) == 4 and " as rank 1 " in marks[0] + " "
    assert all(f"│ {int(mark.split('as rank ')[1].split()[0]) + 1:4} │" in mark for mark in marks)


@pytest.mark.parametrize("width", WIDTHS)
def test_without_a_baseline_the_best_has_rivals(folder: Path, capsys: pytest.CaptureFixture[str], width: int) -> None:
    lines = shown(capsys, drawn(folder), width)
    text = " ".join(lines)
    assert "difference  " not in text and "pruned at epoch 1" in text
    assert "val_accuracy of the best: " in text and "against the runner-up (rank 2" in text
    assert "Name one in [compare] for differences of all rows" in text


def test_one_configuration_has_no_rival(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draws = {"trials": 1, "lr": {"low": 1e-3, "high": 0.1}}
    file = write_sweep(folder / "one.toml", seeds=1, base=BASE, random=draws)
    assert "No differences: fewer than two configurations are complete" in shown(capsys, file, 80)


def test_a_search_that_asked_for_nothing_to_compare_with_says_so(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = {"search": {"trials": 2, "lr": {"low": 1e-3, "high": 0.1}}, "compare": {"lr": 0.01}}
    file = write_sweep(folder / "search.toml", seeds=2, base=BASE, **keys)
    text = " ".join(shown(capsys, file, 100))
    assert "No differences to lr 0.01: nothing has it; [confirm] adds it" in text
    file = write_sweep(folder / "paired.toml", seeds=2, base=BASE, **keys, confirm={"top": 1, "seeds": 2})
    assert "Differences are against lr 0.01, paired by seed" in " ".join(shown(capsys, file, 100))


def test_what_fresh_seeds_confirmed_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draws = {"trials": 3, "lr": {"low": 1e-3, "high": 0.1}}
    file = write_sweep(folder / "sure.toml", seeds=1, base=BASE, random=draws, confirm={"top": 2, "seeds": 2})
    lines = shown(capsys, file, 100)
    assert sum(" confirmed " in f"{line} " for line in lines) == 2
    assert "Confirmed configurations rank above the others, by fresh seeds alone" in lines
    assert not any("flatter" in line for line in lines)
    file = write_sweep(folder / "sole.toml", seeds=1, base=BASE, random=draws, confirm={"top": 1, "seeds": 2})
    assert "No differences: fewer than two configurations are confirmed" in shown(capsys, file, 100)

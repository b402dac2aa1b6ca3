"""The declared columns: what a cell may hold, which columns a file may have, and the page made of them."""

import pytest

from mlpcli.config.metrics import METRICS, PARTS, Measure, epoch_columns
from mlpcli.results.schema.csv_schema import TABLES, table
from mlpcli.results.summary import summary_columns
from mlpcli.results.trial import trial_columns
from mlpcli.training.loop.diagnostics import DIAGNOSTIC_COLUMNS
from mlpcli.training.metrics.probability_tables import Thresholds
from tests import columns


def read(file: str, column: str, cell: str) -> object:
    return table(file).column(column).read(cell)


@pytest.mark.parametrize(
    ("column", "cell", "value"),
    [
        ("trial", "12", 12),
        ("run_id", "0123456789ab", "0123456789ab"),
        ("state", "pruned", "pruned"),
        ("parameters", "", None),
        ("time_s", "1e-05", 1e-5),
        ("time_s", "3", 3),
        ("val_loss", "-inf", float("-inf")),
        ("dropout", "0.5", "0.5"),
        ("dropout", "'=1+1", "=1+1"),
        ("error", "", None),
    ],
)
def test_the_value_of_a_cell(column: str, cell: str, value: object) -> None:
    assert read("trials.csv", column, cell) == value


@pytest.mark.parametrize("cell", ["1_0", "Infinity", "INF", "+nan", "NaN", " 1", "1 ", "0x10", "1e", "١", "one", "1,5"])
def test_a_number_has_one_spelling(cell: str) -> None:
    with pytest.raises(ValueError, match="expected a number"):
        read("metrics.csv", "val_loss", cell)


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("trial", ""),
        ("trial", "-1"),
        ("trial", "1.0"),
        ("trial", "1_0"),
        ("seed", "²"),
        ("epochs_run", "9" * 21),
        ("run_id", "0123456789AB"),
        ("run_id", "0123456789ab\n"),
        ("state", "Complete"),
        ("state", ""),
    ],
)
def test_a_cell_with_another_value_is_refused(column: str, cell: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        read("trials.csv", column, cell)


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("trial", ["0", "2", "2"]),
        ("trial", ["0", ""]),
        ("epochs_run", ["3", "", "07"]),
        ("epochs_run", ["9" * 21]),
        ("run_id", ["0123456789ab", "abcdefabcdef"]),
        ("run_id", ["0123456789ab", "0123456789a", "b0123456789ab"]),
        ("state", ["complete", "failed"]),
        ("val_loss", ["0.5", "3", "", "-inf", "nan", "0.5"]),
        ("val_loss", ["0.5", "1_0"]),
        ("dropout", ["0.5", "'=1+1", ""]),
    ],
)
def test_a_column_is_read_as_its_cells_are(column: str, cells: list[str]) -> None:
    try:
        expected = [read("trials.csv", column, cell) for cell in cells]
    except ValueError:
        with pytest.raises(ValueError, match="expected"):
            table("trials.csv").column(column).read_all(cells)
    else:
        assert list(map(repr, table("trials.csv").column(column).read_all(cells))) == list(map(repr, expected))


def test_the_columns_of_a_header() -> None:
    header = trial_columns(["dropout", "later_option"], ["val_loss", "test_later"])
    kinds = {column.name: column.kind for column in table("trials.csv").columns(header)}
    assert (kinds["dropout"], kinds["later_option"]) == ("option", "option")
    assert (kinds["val_loss"], kinds["test_later"]) == ("number", "number")
    with pytest.raises(ValueError, match="column seed is missing"):
        table("trials.csv").columns([name for name in header if name != "seed"])
    with pytest.raises(ValueError, match="'val_loss' is there twice"):
        table("trials.csv").columns([*header, "val_loss"])


def test_every_column_that_is_written_is_declared_with_a_meaning_of_its_own() -> None:
    tasks = {task for metric in METRICS.values() for task in metric.tasks}
    measures = [str(Measure(part, metric)) for part in PARTS for metric in METRICS.values()]
    written = {
        "trials.csv": trial_columns(["width"], measures),
        "metrics.csv": ["trial", "run_id", *dict.fromkeys(name for task in tasks for name in epoch_columns(task))],
        "diagnostics.csv": ["trial", "run_id", *DIAGNOSTIC_COLUMNS],
        "summary.csv": summary_columns(["width"], "val_accuracy"),
        "eval-test.csv": list(METRICS),
        "calibration-test.csv": ["probability", "share", "rows"],
        "thresholds-test.csv": list(Thresholds._fields),
        "eval-my-table-classes.csv": ["class", "precision", "recall", "f1", "support"],
    }
    for file, names in written.items():
        meanings = [column.meaning for column in table(file).columns(list(names))]
        assert len(set(meanings)) == len(names) and "" not in meanings
        undeclared = [name for name, m in zip(names, meanings, strict=True) if m == name.replace("_", " ")]
        assert set(undeclared) <= {"loss", "accuracy"}, file  # whose names are their meanings


def test_the_loss_of_an_epoch_is_not_that_of_the_kept_weights() -> None:
    of_epoch, of_trial = (table(name).column("train_loss").meaning for name in ("metrics.csv", "trials.csv"))
    assert of_epoch == f"{of_trial}, over the epoch's batches as they are trained on"


def test_a_file_of_another_name_is_no_table() -> None:
    with pytest.raises(ValueError, match=r"'other\.csv' is no table"):
        table("other.csv")


def test_the_page_lists_every_file_and_fixed_column() -> None:
    page = columns.page()
    for file, declared in TABLES.items():
        section = page.partition(f"## {file}\n")[2].partition("\n## ")[0]
        assert all(f"| `{name}` | {c.meaning} | {c.unit} |" in section for name, c in declared.fixed.items())
    assert "| `val_rmse` | RMSE on the validation rows | units of the target |" in page
    assert "| `total_time_s` | time since training began | s |" in page


def test_the_page_of_columns_is_the_one_that_is_kept() -> None:
    assert columns.PAGE.read_text(encoding="utf-8") == columns.page(), "run: python -m tests.columns"

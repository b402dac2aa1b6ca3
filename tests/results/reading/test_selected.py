"""Filtering, sorting and cutting rows."""

import pytest

from mlpcli.errors import UsageError
from mlpcli.results.reading.selected import ColumnRows, column_names, select

ROWS = [
    {"name": "a", "val_accuracy": 0.9, "norm": "batch", "hidden": (8, 4)},
    {"name": "b", "val_accuracy": None, "norm": "none", "hidden": (8,)},
    {"name": "c", "val_accuracy": 0.7, "norm": "batch"},
]


def names(**asked: object) -> str:
    return "".join(row["name"] for row in select(ROWS, **asked))  # type: ignore[arg-type]  # keywords of the test


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ("val_accuracy > 0.8", "a"),
        ("val_accuracy < 0.8", "c"),  # an empty cell is neither above nor below
        ("not val_accuracy < 0.8", "ab"),
        ("val_accuracy * 2 > 1.5 and norm == 'batch'", "a"),
        ("norm != 'batch'", "b"),
        ("norm in ['none', 'layer'] or name == 'c'", "bc"),
        ("hidden == [8, 4]", "a"),
        ("0.6 < val_accuracy <= 0.9", "ac"),
        ("val_accuracy == val_accuracy", "ac"),  # an empty cell equals nothing
        ("val_accuracy in [val_accuracy]", "ac"),
        ("val_accuracy not in [val_accuracy]", "b"),
    ],
)
def test_conditions_on_columns(where: str, kept: str) -> None:
    assert names(where=where) == kept


@pytest.mark.parametrize(
    ("sort", "order"), [("val_accuracy", "cab"), ("-val_accuracy", "acb"), ("-name", "cba"), ("hidden", "bac")]
)
def test_sorting_leaves_empty_cells_last(sort: str, order: str) -> None:
    assert names(sort=sort) == order if sort != "hidden" else names(sort=sort)[-1] == "c"


def test_top_is_taken_after_sorting() -> None:
    assert names(sort="-val_accuracy", top=1) == "a"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"where": "val_acuracy > 1"}, r"--where .*column 1: no such column: val_acuracy; did you mean val_accuracy\?"),
        ({"where": "norm > 1"}, "--where .*'batch' > 1: both must be numbers"),
        ({"where": "norm == "}, "--where .*column"),
        ({"where": "__import__('os')"}, "--where .*is no condition"),
        ({"sort": "-zzz"}, "--sort 'zzz': no such column: zzz; there are 'name', "),
    ],
)
def test_what_is_refused(asked: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        select(ROWS, **asked)  # type: ignore[arg-type]  # keywords of the test


def test_no_rows_refuse_nothing() -> None:
    assert list(select([], where="x > 1", sort="y")) == []


def test_columns_in_the_order_of_their_first_appearance() -> None:
    assert column_names(ROWS) == ["name", "val_accuracy", "norm", "hidden"]


def test_rows_kept_by_column_are_the_same_rows() -> None:
    columns = {"name": ["a", "b", "c"], "loss": [0.3, None, 0.1]}
    rows, kept = (
        [{"name": "a", "loss": 0.3}, {"name": "b", "loss": None}, {"name": "c", "loss": 0.1}],
        ColumnRows(columns),
    )
    for asked in ({}, {"top": 2}, {"sort": "-loss"}, {"where": "loss < 0.2"}, {"where": "name != 'a'", "sort": "loss"}):
        assert list(select(kept, **asked)) == list(select(rows, **asked))  # type: ignore[arg-type]  # keywords of the test
    assert (len(kept), kept[1], column_names(kept)) == (3, rows[1], column_names(rows))
    assert list(ColumnRows({})) == []

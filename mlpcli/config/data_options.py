"""The options that decide the arrays of a run: the dataset, the reading of its file, splitting and scaling."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict

from mlpcli.config.option_types import (
    Character,
    Count,
    Folds,
    Grouping,
    Members,
    Name,
    Names,
    Rows,
    Seed,
    in_any_order,
    option,
    reading,
)

__all__ = ["COLUMN_OPTIONS", "DataOptions"]

COLUMN_OPTIONS = ("target", "drop", "groups", "weights")
"""The options that choose columns by name; every source takes them."""


class DataOptions(BaseModel):
    """The options that decide the arrays of a run: equal values are one prepared dataset in the cache.

    Types are strict: True is not an integer, "64" not a number, and nan and the infinities are refused.
    `RunOptions.data` is the value of a run, in which `split_seed` is a number.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)

    dataset: Name = option(
        "digits",
        "Data",
        "name of a card, path of a table, openml:NAME or idx:FOLDER",
        identity=False,
        replicas="free",
    )
    target: Names | None = option(
        None, "Data", "column of a table to predict, or several, comma-separated", shown="the card's"
    )
    drop: Annotated[Names, AfterValidator(in_any_order)] | None = option(
        None, "Data", "columns to leave out, comma-separated", shown="none"
    )
    task: Literal["auto", "classification", "regression", "multilabel"] = option(
        "auto",
        "Data",
        "kind of prediction; auto takes texts, and whole numbers of at most 20 values, as classes; multilabel is for "
        "several targets of 0 and 1",
    )
    scale: Literal["auto", "standard", "robust", "robust-clip", "minmax", "maxabs", "unit", "none"] = option(
        "auto", "Data", "scaling of the inputs, fitted on the training rows; sparse rows take maxabs (auto) or none"
    )
    test_size: Rows = option(0.2, "Data", "test rows: a fraction of all rows, or a number of rows")
    val_size: Rows = option(0.1, "Data", "validation rows: a fraction of all rows, or a number of rows")
    val_dataset: Name | None = option(
        None,
        "Data",
        "table of the validation rows, in place of val_size; its columns are matched by name",
        shown="none",
        identity=False,
        replicas="free",
    )
    split: Literal["auto", "random", "stratified", "group", "ordered"] = option(
        "auto", "Data", "way of splitting the rows; ordered tests on the last ones; auto is group, stratified or random"
    )
    groups: Name | None = option(None, "Data", "column whose equal values stay on one side of the split", shown="none")
    weights: Name | None = option(
        None, "Data", "column of the weight of each row, in the loss and in every metric", shown="none"
    )
    folds: Folds = option(0, "Data", "folds of cross-validation in place of val_size; 0 is off")
    fold: Folds = option(0, "Data", "fold whose rows validate, from 0; the others train")
    ensemble: Members = option(
        1,
        "Data",
        "networks that are trained and averaged; each validates on a fold of its own, in place of val_size, unless "
        "validation rows are given",
    )
    split_seed: Seed | Literal["seed"] = option(0, "Data", "seed of the split; the word seed makes it follow seed")
    min_frequency: Count = option(1, "Data", "training rows that a category needs; rarer ones are joined")
    drop_unlabelled: bool = option(False, "Data", "leave out rows whose target is missing", shown="false")
    dtype: Literal["float32", "float64"] = option("float32", "Data", "precision of the data and of all arithmetic")

    delimiter: Character | Literal["whitespace"] | None = reading(
        None, "column separator of a text file", shown="by its suffix"
    )
    encoding: Name | None = reading(None, "character encoding of a text file", shown="utf-8")
    header: bool | None = reading(None, "first line as the names of the columns", shown="true")
    column_names: Names | None = reading(
        None, "names of the columns of a file without a line of names", shown="its first line"
    )
    decimal: Literal[".", ","] = reading(".", "decimal mark")
    thousands: Grouping | None = reading(None, "mark between groups of three digits", shown="none")
    units: Names | None = reading(None, "texts beside numbers that are ignored, such as $ or kg", shown="none")
    missing: Names | None = reading(None, "marks of missing values beside the usual ones", shown="the usual ones")
    dates: Literal["day-first", "month-first"] | None = reading(
        None, "order of day and month in dates that end in the year, such as 01/02/2020", shown="year first only"
    )
    categories: Names | None = reading(None, "columns of numbers that are codes of categories", shown="none")

    @property
    def given(self) -> dict[str, Any]:
        """The data options that are not at their defaults, by name; `model_dump` would build a validator first."""
        values = ((name, getattr(self, name), field.default) for name, field in DataOptions.model_fields.items())
        return {name: value for name, value, default in values if value != default}

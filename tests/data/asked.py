"""`prepare` and `read_rows` with the data options as keywords, as the tests of this room ask for data."""

from pathlib import Path
from typing import Any

from mlpcli import data
from mlpcli.config import Source, build
from mlpcli.data import Prepared, Preprocessing, new_rows
from mlpcli.data.new_rows import Rows

__all__ = ["prepare", "read_rows"]


def prepare(dataset: str, data_home: Path | str | None = None, **options: Any) -> Prepared:
    return data.prepare(build(Source({"dataset": dataset, **options}, "")).data, data_home)


def read_rows(dataset: str, preprocessing: Preprocessing, **options: Any) -> Rows:
    return new_rows.read_rows(build(Source({"dataset": dataset, **options}, "")).data, preprocessing)

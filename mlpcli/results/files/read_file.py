"""One file of results, read and checked against its declaration; it may still be growing.

Every error names the file, the line and the column or key, and ends with a `remedy`: what to type next.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from mlpcli import json_text
from mlpcli.atomic import io_errors, shown
from mlpcli.config import RunOptions, Source, build
from mlpcli.errors import DataError, UsageError
from mlpcli.results.files import csv_text
from mlpcli.results.files.append import complete_rows
from mlpcli.results.schema import csv_schema
from mlpcli.results.schema.csv_column import Column
from mlpcli.signals import check
from mlpcli.wording import quote

__all__ = ["Rows", "damaged", "read_columns", "read_json", "read_json_lines", "read_options", "read_rows", "read_toml"]


@dataclass(frozen=True)
class Rows:
    """A CSV file as text: its header, the declarations of its columns, and its rows."""

    path: Path
    columns: Sequence[Column]
    cells: Sequence[Sequence[str]]
    remedy: str

    @property
    def header(self) -> list[str]:
        """The names of the columns."""
        return [column.name for column in self.columns]

    def read(self, row: int) -> dict[str, Any]:
        """The values of one row by column.

        Raises:
            DataError: a cell holds no value of its column.
        """
        try:
            return {column.name: column.read(cell) for column, cell in zip(self.columns, self.cells[row], strict=True)}
        except ValueError:
            self.refuse(row)
            raise

    def refuse(self, row: int) -> None:
        """Raise DataError for the first cell of a row that holds no value of its column, if there is one."""
        for column, cell in zip(self.columns, self.cells[row], strict=True):
            try:
                column.read(cell)
            except ValueError as error:
                line = 2 + row + sum(cell.count("\n") for row_above in self.cells[:row] for cell in row_above)
                reason = f"line {line}, column {column.name}: {quote(cell[:60])}: {error}"
                raise damaged(self.path, reason, self.remedy) from None


def read_rows(path: Path, remedy: str) -> Rows:
    """The rows of a CSV file that are complete: the last one may still be being written.

    Raises:
        DataError: it is not a table, or not the one that its name promises.
        FileError: it cannot be read.
    """
    data = _complete_rows(path)
    try:
        header, *cells = csv_text.parse(data) or [[]]
        columns = csv_schema.table(path.name).columns(header)
    except ValueError as error:
        raise damaged(path, str(error), remedy) from error
    return Rows(path, columns, cells, remedy)


def read_columns(path: Path, remedy: str) -> tuple[Sequence[Column], dict[str, list[Any]]]:
    """The columns of a CSV file, declared, and their values by name; errors as `read_rows`, also for a wrong cell.

    It is faster than reading row by row.
    """
    data = _complete_rows(path)
    try:
        cells = csv_text.parse_columns(data)
        columns = csv_schema.table(path.name).columns([column[0] for column in cells])
        return columns, {column.name: column.read_all(part[1:]) for column, part in zip(columns, cells, strict=True)}
    except ValueError:
        rows = read_rows(path, remedy)
        for row in range(len(rows.cells)):
            rows.refuse(row)
        raise


def _complete_rows(path: Path) -> bytes:
    with io_errors("read", path):
        data = path.read_bytes()
    sound = data.partition(b"\0")[0]  # a power cut may leave zeros in place of what was not synced
    return sound[: complete_rows(sound)]


def read_json(path: Path, model: type[BaseModel], remedy: str) -> dict[str, Any]:
    """The content of a JSON file of the keys that `model` declares; errors as `read_rows`."""
    with io_errors("read", path):
        data = path.read_bytes()
    try:
        content: dict[str, Any] = json_text.parse(data)
    except ValueError as error:
        raise damaged(path, str(error), remedy) from error
    return _checked(path, content, model, remedy)


def read_json_lines(path: Path, model: type[BaseModel], remedy: str) -> list[dict[str, Any]]:
    """The lines of a JSON Lines file, each of the keys that `model` declares; errors as `read_rows`."""
    with io_errors("read", path):
        lines = path.read_bytes().splitlines()
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            content = json_text.parse(line)
        except ValueError as error:
            raise damaged(path, f"line {number}: {error}", remedy) from error
        found.append(_checked(path, content, model, remedy, f"line {number}: "))
    return found


def read_toml(path: Path, model: type[BaseModel], remedy: str) -> dict[str, Any]:
    """The content of a TOML file of the keys that `model` declares; errors as `read_rows`."""
    return _checked(path, _toml(path, remedy), model, remedy)


def read_options(path: Path, remedy: str) -> RunOptions:
    """The options of a run in its config.toml, which may name parts that are not registered; errors as `read_rows`."""
    content = _toml(path, remedy)
    try:
        return build(Source(content, ""), recorded=True)
    except UsageError as error:
        raise damaged(path, str(error), remedy) from error


def damaged(path: Path, reason: str, remedy: str) -> DataError:
    """The error for a file that does not hold what mlpcli writes there."""
    line = " ".join(reason.split())[:300]
    return DataError(f"cannot use {shown(path)}: {line}. It is unchanged. {remedy}")


def _toml(path: Path, remedy: str) -> dict[str, Any]:
    with io_errors("read", path):
        data = path.read_bytes()
    try:
        return tomllib.loads(data.decode())
    except RecursionError as error:
        raise damaged(path, "it is nested too deeply", remedy) from error
    except ValueError as error:
        raise damaged(path, str(error), remedy) from error


def _checked(
    path: Path, content: dict[str, Any], model: type[BaseModel], remedy: str, place: str = ""
) -> dict[str, Any]:
    try:
        model.model_validate(content)
    except ValidationError as error:
        check()  # a signal may have made it
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(map(str, first["loc"]))[:60]
        raise damaged(path, f"{place}key {key}: {first['msg']}" if key else f"{place}{first['msg']}", remedy) from error
    except RecursionError as error:
        raise damaged(path, "it is nested too deeply", remedy) from error
    return content

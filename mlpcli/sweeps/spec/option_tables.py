"""The tables of a sweep file that hold options: each value is checked on its own and made canonical, once.

Every method returns the valid values and notes the problems.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mlpcli.config import OPTIONS, canonical_value, check_value
from mlpcli.sweeps.spec.keys import KEYS, TABLE_KEYS, TABLES
from mlpcli.sweeps.spec.problems import Problems
from mlpcli.wording import nearest, quote

__all__ = ["REFUSED", "Table", "Tables"]

Table = dict[str, Any]

REFUSED = object()
"""Stands for a value that was wrong."""


class Tables:
    """Reads the tables of one document; `written` has them as they stand there, except [[points]]."""

    def __init__(self, path: Path, document: Table, problems: Problems) -> None:
        self.path, self.document, self.problems = path, document, problems
        self.written = {key: self._table(key) for key in TABLES}

    def place(self, label: str) -> str:
        """Where a key stands: `sweep.toml: [grid] dropout`."""
        return f"{self.path}: {label}"

    def own(self, key: str) -> dict[str, Any]:
        """What a table says beside options, by key, with the defaults that are values; wrong ones are left out."""
        table, found = self.written[key], {}
        for name, declared in TABLE_KEYS[key].items():
            place, value = self.place(f"[{key}] {name}"), table.get(name, declared.default)
            if name not in table and (value is None or (isinstance(value, str) and not declared.choices)):
                continue
            if not declared.choices:
                value = self.problems.integer(place, value, low=declared.low)
            elif value not in declared.choices:
                hint = nearest(value, declared.choices) if isinstance(value, str) else ""
                self.problems.add(place, f"got {quote(value)}, expected one of {', '.join(declared.choices)}{hint}")
                continue
            if value is not None:
                found[name] = value
        return found

    def settings_of(self, key: str) -> dict[str, Any] | None:
        """What a table without options says; None if the file lacks it or a value is wrong."""
        if key not in self.document:
            return None
        for name in self.written[key].keys() - TABLE_KEYS[key].keys():
            self.problems.unknown(self.place(f"[{key}] "), name, "key", TABLE_KEYS[key])
        found = self.own(key)
        return found if found.keys() == TABLE_KEYS[key].keys() else None

    def single(self, key: str) -> Table:
        """The options of [base] or [compare], each with one value."""
        return self._options(f"[{key}]", self.written[key])

    def changes(self, words: Sequence[str]) -> Table:
        """The options that --set KEY=VALUE gives."""
        found = {}
        for word in words:
            key, equals, value = word.partition("=")
            name = key.strip().replace("-", "_")
            if not equals:
                self.problems.add("--set", f"got {quote(word)}, expected KEY=VALUE")
            elif name not in OPTIONS:
                self.problems.unknown("--set ", name, "option", OPTIONS)
            else:
                found[name] = self.checked(f"--set {name}", name, [value.strip()], text=True)
        return {name: value for name, [value] in found.items() if value is not REFUSED}

    def grids(self) -> tuple[dict[str, list[object]], ...]:
        """The lists of [grid], or of every [[grid]], by table."""
        found = tuple(self._grid(label, table) for label, table in self.grid_tables().items())
        return found if self._several_grids or found != ({},) else ()

    def grid_tables(self) -> dict[str, Table]:
        """[grid], or every [[grid]], as written, by label: `[grid]`, `[[grid]] 2`."""
        if self._several_grids:
            return {f"[[grid]] {number}": table for number, table in enumerate(self.document["grid"], start=1)}
        return {"[grid]": self.written["grid"]}

    def varying(self) -> dict[str, Table]:
        """The tables in which options vary, as written, by label."""
        points = self.document.get("points")
        numbered = enumerate(points if isinstance(points, list) else (), start=1)
        return {
            **self.grid_tables(),
            **{f"[{key}]": self.written[key] for key in ("zip", "random", "search")},
            **{f"[[points]] {number}": point for number, point in numbered if isinstance(point, dict)},
        }

    @property
    def _several_grids(self) -> bool:
        found = self.document.get("grid")
        return isinstance(found, list) and bool(found) and all(isinstance(table, dict) for table in found)

    def _grid(self, label: str, table: Table) -> dict[str, list[object]]:
        if self._several_grids and not table:
            self.problems.add(
                self.place(label), "no option stands below it; remove it, or name one with the value of [base]"
            )
        lists = self._lists(label, table)
        found = {name: [value for value in values if value is not REFUSED] for name, values in lists}
        return {name: values for name, values in found.items() if values}

    def zip(self) -> dict[str, list[object]]:
        """The lists of [zip], all of one length."""
        columns = {name: values for name, values in self._lists("[zip]", self.written["zip"]) if values}
        if len({len(values) for values in columns.values()}) > 1:
            lengths = ", ".join(f"{name} has {len(values)}" for name, values in columns.items())
            self.problems.add(self.place("[zip]"), f"lists of different lengths: {lengths}")
            self.problems.refused |= columns.keys()
            return {}
        rows = [row for row in zip(*columns.values(), strict=True) if REFUSED not in row]
        return {name: [row[index] for row in rows] for index, name in enumerate(columns) if rows}

    def points(self) -> tuple[Table, ...]:
        """The tables of [[points]]."""
        found = self.document.get("points", [])
        if not isinstance(found, list) or not all(isinstance(point, dict) for point in found):
            self.problems.add(self.place("points"), f"got {quote(found)}, expected tables, each below [[points]]")
            return ()
        return tuple(self._options(f"[[points]] {number}", point) for number, point in enumerate(found, start=1))

    def _table(self, key: str) -> Table:
        found = self.document.get(key, {})
        if isinstance(found, dict):
            return found
        if key == "grid" and self._several_grids:
            return {}
        self.problems.add(self.place(key), f"got {quote(found)}, expected a table [{key}]")
        return {}

    def _options(self, label: str, table: Table) -> Table:
        found = {}
        for name, value in table.items():
            if self.is_option(label, name):
                found[name] = self.checked(self.place(f"{label} {name}"), name, [value])
        return {name: value for name, [value] in found.items() if value is not REFUSED}

    def is_option(self, label: str, name: str) -> bool:
        """Whether this is an option; the problem is noted otherwise."""
        if name in OPTIONS:
            return True
        if name in KEYS:
            self.problems.add(self.place(f"{label} {name}"), "not an option; it stands above all tables of the file")
        else:
            known = (*OPTIONS, *TABLE_KEYS.get(label.strip("[]"), ()))
            self.problems.unknown(self.place(f"{label} "), name, "option", known)
        return False

    def checked(self, place: str, name: str, values: Sequence[object], *, text: bool = False) -> list[object]:
        """The canonical values, with `REFUSED` in place of wrong ones; repeated values are read once."""
        seen: dict[tuple[type, object], object] = {}
        found = []
        for value in values:
            known = (type(value), value) if isinstance(value, str | int | float) else (list, id(value))
            if known not in seen:
                seen[known] = self._one(place, name, value, text)
            found.append(seen[known])
        return found

    def _one(self, place: str, name: str, value: object, text: bool) -> object:
        if problem := check_value(name, value, place, text=text):
            self.problems.lines.append(problem)
            self.problems.refused.add(name)
            return REFUSED
        return canonical_value(name, value, text=text)

    def _lists(self, label: str, table: Table) -> Iterator[tuple[str, list[object]]]:
        """The options of [grid] or [zip], each with its values."""
        for name, values in table.items():
            if self.is_option(label, name):
                yield name, self.values(self.place(f"{label} {name}"), name, values)

    def values(self, place: str, name: str, values: object) -> list[object]:
        """The canonical values of a list, `REFUSED` in place of wrong ones; empty for what is no list."""
        if isinstance(values, list) and values:
            return self.checked(place, name, values)
        self.problems.add(place, f"got {quote(values)}, expected a list of values")
        self.problems.refused.add(name)
        return []

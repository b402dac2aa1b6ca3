"""The tables of a sweep file that hold options: each value is checked on its own and made canonical, once.

Every method returns the valid values and notes the problems.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mlpcli.config import OPTIONS, canonical_value, check_value
from mlpcli.sweeps.spec.problems import Problems
from mlpcli.sweeps.spec.random_draws import Choices, Draws, Range
from mlpcli.wording import quote

__all__ = ["KEYS", "Table", "Tables"]

KEYS = ("name", "metric", "seeds", "where", "base", "grid", "zip", "random", "points", "halving", "compare")
DRAWS = ("trials", "seed")
DRAW_KEYS = ("low", "high", "log", "choices")

RANGE, CHOICES = "{ low = ..., high = ... }", "{ choices = [...] }"

Table = dict[str, Any]

_REFUSED = object()
_NUMBERS = (int, float)


class Tables:
    """Reads the tables of one document; `written` has them as they stand there, except [[points]]."""

    def __init__(self, path: Path, document: Table, problems: Problems) -> None:
        self.path, self.document, self.problems = path, document, problems
        self.written = {key: self._table(key) for key in ("base", "grid", "zip", "random", "halving", "compare")}

    def place(self, label: str) -> str:
        """Where a key stands: `sweep.toml: [grid] dropout`."""
        return f"{self.path}: {label}"

    def single(self, key: str) -> Table:
        """The options of [base] or [compare], each with one value."""
        return self._options(f"[{key}]", self.written[key])

    def settings(self, words: Sequence[str]) -> Table:
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
                found[name] = self._checked(f"--set {name}", name, [value.strip()], text=True)
        return {name: value for name, [value] in found.items() if value is not _REFUSED}

    def grid(self) -> dict[str, list[object]]:
        """The lists of [grid]."""
        found = {name: [value for value in values if value is not _REFUSED] for name, values in self._lists("grid")}
        return {name: values for name, values in found.items() if values}

    def zip(self) -> dict[str, list[object]]:
        """The lists of [zip], all of one length."""
        columns = {name: values for name, values in self._lists("zip") if values}
        if len({len(values) for values in columns.values()}) > 1:
            lengths = ", ".join(f"{name} has {len(values)}" for name, values in columns.items())
            self.problems.add(self.place("[zip]"), f"lists of different lengths: {lengths}")
            self.problems.refused |= columns.keys()
            return {}
        rows = [row for row in zip(*columns.values(), strict=True) if _REFUSED not in row]
        return {name: [row[index] for row in rows] for index, name in enumerate(columns) if rows}

    def random(self) -> Draws | None:
        """The draws of [random]."""
        table = dict(self.written["random"])
        if not table:
            return None
        if "trials" not in table:
            self.problems.add(self.place("[random] trials"), "missing; how many draws?")
        trials = self.problems.integer(self.place("[random] trials"), table.pop("trials", 1), low=1)
        seed = self.problems.integer(self.place("[random] seed"), table.pop("seed", 0), low=0)
        if not table:
            self.problems.add(self.place("[random]"), "no option to draw, as in lr = { low = 1e-4, high = 0.1 }")
        draws = {}
        for name, spec in table.items():
            if self._is_option("[random]", name):
                if kind := self._draw(self.place(f"[random] {name}"), name, spec):
                    draws[name] = kind
                else:
                    self.problems.refused.add(name)
        return Draws(trials, seed, draws) if trials and seed is not None and draws else None

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
        self.problems.add(self.place(key), f"got {quote(found)}, expected a table [{key}]")
        return {}

    def _options(self, label: str, table: Table) -> Table:
        found = {}
        for name, value in table.items():
            if self._is_option(label, name):
                found[name] = self._checked(self.place(f"{label} {name}"), name, [value])
        return {name: value for name, [value] in found.items() if value is not _REFUSED}

    def _is_option(self, label: str, name: str) -> bool:
        if name in OPTIONS:
            return True
        if name in KEYS:
            self.problems.add(self.place(f"{label} {name}"), "not an option; it stands above all tables of the file")
        else:
            known = (*OPTIONS, *DRAWS) if label == "[random]" else OPTIONS
            self.problems.unknown(self.place(f"{label} "), name, "option", known)
        return False

    def _checked(self, place: str, name: str, values: Sequence[object], *, text: bool = False) -> list[object]:
        """The canonical values, with `_REFUSED` in place of wrong ones; repeated values are read once."""
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
            return _REFUSED
        return canonical_value(name, value, text=text)

    def _lists(self, key: str) -> Iterator[tuple[str, list[object]]]:
        """The options of [grid] or [zip], each with its values."""
        for name, values in self.written[key].items():
            if self._is_option(f"[{key}]", name):
                yield name, self._list(self.place(f"[{key}] {name}"), name, values)

    def _list(self, place: str, name: str, values: object) -> list[object]:
        if isinstance(values, list) and values:
            return self._checked(place, name, values)
        self.problems.add(place, f"got {quote(values)}, expected a list of values")
        self.problems.refused.add(name)
        return []

    def _draw(self, place: str, name: str, spec: object) -> Range | Choices | None:
        before = len(self.problems.lines)
        if not isinstance(spec, dict):
            self.problems.add(place, f"got {quote(spec)}, expected a table {RANGE} or {CHOICES}")
            return None
        for key in spec:
            if key not in DRAW_KEYS:
                self.problems.unknown(f"{place} ", key, "key", DRAW_KEYS)
        found: Range | Choices | None
        if "choices" in spec:
            if len(spec) > 1:
                self.problems.add(place, "choices stand alone, without low, high and log")
            found = Choices(tuple(self._list(f"{place} choices", name, spec["choices"])))
        else:
            found = self._range(place, name, spec)
        return found if len(self.problems.lines) == before else None

    def _range(self, place: str, name: str, spec: Table) -> Range | None:
        log = spec.get("log", False)
        if type(log) is not bool:
            self.problems.add(f"{place} log", f"got {quote(log)}, expected true or false")
        if not {"low", "high"} <= spec.keys():
            self.problems.add(place, f"expected a table {RANGE} or {CHOICES}")
            return None
        if not OPTIONS[name].types.isdisjoint(_NUMBERS):
            ends = self._checked(place, name, [spec["low"], spec["high"]])
            if _REFUSED in ends:
                return None
            if all(type(end) in _NUMBERS for end in ends):
                return self._between(place, name, ends, log is True)
        self.problems.add(place, f"only numbers are drawn from a range; use {CHOICES}")
        return None

    def _between(self, place: str, name: str, ends: list[Any], log: bool) -> Range | None:
        low, high = ends = ends if all(type(end) is int for end in ends) else [float(end) for end in ends]
        if not low < high:
            self.problems.add(place, f"low {low} is not below high {high}")
        elif log and low == 0:
            self.problems.add(place, f"low {low} has no logarithm; it must be above 0")
        elif _REFUSED not in self._checked(place, name, ends):  # a fraction of rows to a number of rows
            return Range(low, high, log)
        return None

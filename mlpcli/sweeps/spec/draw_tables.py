"""The tables of a sweep file that say what an option is drawn from: lr = { low = 1e-4, high = 0.1, log = true }.

Every function returns the valid part and notes the problems.
"""

from typing import Any

from mlpcli.config import OPTIONS
from mlpcli.sweeps.spec.keys import DRAW, TABLE_KEYS
from mlpcli.sweeps.spec.option_tables import REFUSED, Table, Tables
from mlpcli.sweeps.spec.random_draws import Choices, Draws, Range
from mlpcli.sweeps.spec.strategy_tables import Search
from mlpcli.wording import quote

__all__ = ["read_random", "read_search"]

RANGE, CHOICES = "{ low = ..., high = ... }", "{ choices = [...] }"

_NUMBERS = (int, float)


def read_random(tables: Tables) -> Draws | None:
    """The draws of [random]."""
    if not tables.written["random"]:
        return None
    found, draws = _read(tables, "random", "how many draws?")
    return Draws(found["trials"], found["seed"], draws) if {"trials", "seed"} <= found.keys() and draws else None


def read_search(tables: Tables) -> Search | None:
    """What [search] says."""
    if "search" not in tables.document:
        return None
    for other in ("grid", "zip", "random", "points"):
        if other in tables.document:
            tables.problems.add(
                tables.place(f"[search], [{other}]"), "exclude each other; give values to search among as choices"
            )
    found, draws = _read(tables, "search", "how many configurations?")
    if not {"sampler", "trials", "seed"} <= found.keys() or not draws:
        return None
    return Search(found["sampler"], found["trials"], found.get("batch"), found["seed"], draws)


def _read(tables: Tables, key: str, question: str) -> tuple[dict[str, Any], dict[str, Range | Choices]]:
    """The own keys of [random] or [search], and what each option is drawn from."""
    if "trials" not in tables.written[key]:
        tables.problems.add(tables.place(f"[{key}] trials"), f"missing; {question}")
    return tables.own(key), _read_draws(tables, key)


def _read_draws(tables: Tables, key: str) -> dict[str, Range | Choices]:
    specs = {name: spec for name, spec in tables.written[key].items() if name not in TABLE_KEYS[key]}
    if not specs:
        tables.problems.add(tables.place(f"[{key}]"), "no option to draw, as in lr = { low = 1e-4, high = 0.1 }")
    draws: dict[str, Range | Choices] = {}
    for name, spec in specs.items():
        if tables.is_option(f"[{key}]", name):
            if kind := _Draw(tables, tables.place(f"[{key}] {name}"), name).read(spec):
                draws[name] = kind
            else:
                tables.problems.refused.add(name)
    return draws


class _Draw:
    """Reads what one option is drawn from."""

    def __init__(self, tables: Tables, place: str, name: str) -> None:
        self.tables, self.problems, self.place, self.name = tables, tables.problems, place, name

    def read(self, spec: object) -> Range | Choices | None:
        before = len(self.problems.lines)
        if not isinstance(spec, dict):
            self.problems.add(self.place, f"got {quote(spec)}, expected a table {RANGE} or {CHOICES}")
            return None
        for key in spec:
            if key not in DRAW:
                self.problems.unknown(f"{self.place} ", key, "key", DRAW)
        found: Range | Choices | None
        if "choices" in spec:
            if len(spec) > 1:
                self.problems.add(self.place, "choices stand alone, without low, high, log and step")
            found = Choices(tuple(self.tables.values(f"{self.place} choices", self.name, spec["choices"])))
        else:
            found = self.range(spec)
        return found if len(self.problems.lines) == before else None

    def range(self, spec: Table) -> Range | None:
        log = spec.get("log", False)
        if type(log) is not bool:
            self.problems.add(f"{self.place} log", f"got {quote(log)}, expected true or false")
        if not {"low", "high"} <= spec.keys():
            self.problems.add(self.place, f"expected a table {RANGE} or {CHOICES}")
            return None
        if not OPTIONS[self.name].types.isdisjoint(_NUMBERS):
            ends = self.tables.checked(self.place, self.name, [spec["low"], spec["high"]])
            if REFUSED in ends:
                return None
            if all(type(end) in _NUMBERS for end in ends):
                return self.between(ends, log is True, spec.get("step"))
        self.problems.add(self.place, f"only numbers are drawn from a range; use {CHOICES}")
        return None

    def between(self, ends: list[Any], log: bool, step: object) -> Range | None:
        whole = all(type(end) is int for end in ends)
        low, high = ends = ends if whole else [float(end) for end in ends]
        if not low < high:
            self.problems.add(self.place, f"low {low} is not below high {high}")
        elif log and low == 0:
            self.problems.add(self.place, f"low {low} has no logarithm; it must be above 0")
        elif step is not None and (type(step) not in (int,) if whole else type(step) not in _NUMBERS):
            self.problems.add(f"{self.place} step", f"got {quote(step)}, expected {'an integer' * whole or 'a number'}")
        elif step is not None and not 0 < step <= high - low:  # type: ignore[operator]  # a number, as was just seen
            self.problems.add(f"{self.place} step", f"got {quote(step)}, expected more than 0 and at most high - low")
        elif step is not None and log:
            self.problems.add(self.place, "step and log exclude each other; use one of them")
        elif REFUSED not in self.tables.checked(self.place, self.name, ends):  # a fraction of rows to a number of rows
            return Range(low, high, log, step if whole or step is None else float(step))  # type: ignore[arg-type]  # a number, as above
        return None

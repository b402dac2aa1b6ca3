"""The tables of a sweep file that say what an option is drawn from: lr = { low = 1e-4, high = 0.1, log = true }.

Every function returns the valid part and notes the problems.
"""

from typing import Any

from mlpcli.config import OPTIONS
from mlpcli.sweeps.spec.keys import DRAW, NUMBERS
from mlpcli.sweeps.spec.option_tables import REFUSED, Table, Tables
from mlpcli.sweeps.spec.random_draws import Choices, Draws, Range
from mlpcli.wording import quote

__all__ = ["read_draws", "read_random"]

RANGE, CHOICES = "{ low = ..., high = ... }", "{ choices = [...] }"

_NUMBERS = (int, float)


def read_random(tables: Tables) -> Draws | None:
    """The draws of [random]."""
    table = tables.written["random"]
    if not table:
        return None
    if "trials" not in table:
        tables.problems.add(tables.place("[random] trials"), "missing; how many draws?")
        table = {**table, "trials": 1}
    numbers, draws = tables.numbers("random", table), read_draws(tables, "random", table)
    trials, seed = numbers["trials"], numbers["seed"]
    return Draws(trials, seed, draws) if trials and seed is not None and draws else None


def read_draws(tables: Tables, key: str, table: Table) -> dict[str, Range | Choices]:
    """What each option of [random] or [search] is drawn from; keys of the table itself stand among them."""
    specs = {name: spec for name, spec in table.items() if name not in NUMBERS[key]}
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
            return Range(low, high, log, step if whole or step is None else float(step))  # type: ignore[arg-type]
        return None

"""The strategy that each table of a sweep file asks for: one row per strategy.

A source proposes configurations: the first whose table the file has, by default the file's own lists. Refinements
then go around it, in the order of their registry, each with the table that asks for it: a refinement asks the strategy
inside it and decides how long, with which seeds or how often its proposals train.
"""

from collections.abc import Callable

from mlpcli.sweeps.search.confirmation import Confirmation
from mlpcli.sweeps.search.listed import Listed
from mlpcli.sweeps.search.race import Racing
from mlpcli.sweeps.search.sampled import Sampled
from mlpcli.sweeps.search.strategy import Strategy
from mlpcli.sweeps.search.successive_halving import SuccessiveHalving
from mlpcli.sweeps.spec.sweep_file import SweepFile

__all__ = ["REFINEMENTS", "SOURCES", "make_strategy"]

SOURCES: dict[str, Callable[[SweepFile], Strategy]] = {
    "search": lambda file: Listed(file) if file.search is None else Sampled(file),
}
"""Strategies that replace the file's lists, by table."""

REFINEMENTS: dict[str, Callable[[SweepFile, Strategy], Strategy]] = {
    "halving": lambda file, inner: inner if file.halving is None else SuccessiveHalving(inner, file.halving),
    "race": lambda file, inner: (
        inner if not (file.race and file.seeds) else Racing(inner, file.race, file.seeds, file.overlap)
    ),
    "confirm": lambda file, inner: inner if file.confirm is None else Confirmation(inner, file),
}
"""Strategies around another, by table, the innermost first."""


def make_strategy(file: SweepFile) -> Strategy:
    """The strategy that a sweep file asks for."""
    sources = [make for table, make in SOURCES.items() if table in file.document]
    strategy = sources[0](file) if sources else Listed(file)
    for table, refine in REFINEMENTS.items():
        if table in file.document:
            strategy = refine(file, strategy)
    return strategy

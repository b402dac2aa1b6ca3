"""What `mlpcli sweep` puts on stdout: at its end the table of configurations, with --dry-run the plan."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlpcli.cli.console import is_terminal, print_json, table
from mlpcli.cli.progress import short

if TYPE_CHECKING:
    from mlpcli.sweep.prepare import PreparedSweep

__all__ = ["option_cell", "show_plan", "show_results"]

MOST = 50
"""Configurations that a terminal is shown; all stand in summary.csv."""

FIRST_TO_GO = ("parameters", "test std", "seeds", "difference", "p")
"""The columns that a narrow terminal does without."""


def option_cell(value: object) -> str:
    """An option's value as a cell: `-` for one that does not apply, lists with commas."""
    if value is None:
        return "-"
    if isinstance(value, tuple | list):
        return ",".join(map(option_cell, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def show_results(
    prepared: "PreparedSweep",
    summary: Sequence[Mapping[str, Any]],
    counts: Mapping[str, int],
    folder: Path,
    best: Path | None,
    as_json: bool,
) -> None:
    """The summary, what was written, and what to type next; `counts` are trials by state."""
    from mlpcli.results.atomic import shown

    plan, metric = prepared.plan, prepared.metric
    if as_json:
        print_json({"name": plan.file.name, "metric": metric, "counts": counts, "summary": summary})
        return
    columns = _columns(plan.varied, metric, summary[:MOST] if is_terminal() else summary)
    table(list(columns), zip(*columns.values(), strict=True))
    if len(next(iter(columns.values()))) < len(summary):
        print(f"and {len(summary) - MOST} more")
    states = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
    print(f"{sum(counts.values())} trials: {states}. ± is half of a 95% interval over seeds.")
    print("Differences are paired by seed, p-values corrected by Holm.")
    print(f"{shown(folder)}: summary.csv  trials.csv  metrics.csv  sweep.toml  provenance.json")
    if best is not None:
        print(f"Next: mlpcli eval {shown(best)}")


def _columns(varied: Sequence[str], metric: str, summary: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The cells of the table by column, without columns that are empty or that a terminal has no room for."""
    mean, low, high = (f"{metric}_{part}" for part in ("mean", "ci_low", "ci_high"))
    test = f"test_{metric.partition('_')[2]}"
    columns = {
        "rank": [str(row["rank"]) for row in summary],
        **{name: [option_cell(row[name]) for row in summary] for name in varied},
        "seeds": [str(row["n_seeds"]) for row in summary],
        metric: [_interval(row[mean], row[low], row[high]) for row in summary],
        "difference": [_difference(row["diff_mean"], row["diff_ci_low"], row["diff_ci_high"]) for row in summary],
        "p": [_p(row["p_value"]) for row in summary],
        test: [short(row[f"{test}_mean"]) for row in summary],
        "test std": [short(row[f"{test}_std"]) for row in summary],
        "parameters": [short(row["parameters"]) for row in summary],
    }
    columns = {name: cells for name, cells in columns.items() if any(cell.strip("0") for cell in cells)}
    if is_terminal():
        from rich.console import Console

        width = Console().width
        for name in FIRST_TO_GO:
            if _width(columns) > width:
                columns.pop(name, None)
    return columns


def _width(columns: Mapping[str, Sequence[str]]) -> int:
    """Of the boxed table: a column has a space on either side and a line."""
    return 1 + sum(3 + max(map(len, (name, *cells))) for name, cells in columns.items())


def _interval(mean: float | None, low: float | None, high: float | None) -> str:
    return short(mean) if low is None or high is None else f"{short(mean)} ± {short((high - low) / 2)}"


def _difference(mean: float | None, low: float | None, high: float | None) -> str:
    if mean is None or (mean == low == high == 0):  # nothing, or the configuration that others are compared with
        return "" if mean is None else "0"
    return f"{'+' * (mean > 0)}{_interval(mean, low, high)}"


def _p(value: float | None) -> str:
    return "" if value is None else "<0.0001" if value < 1e-4 else f"{value:.4f}"


def show_plan(prepared: "PreparedSweep", jobs: int, as_json: bool) -> None:
    """The exact trials, how they are stacked, and an estimate of the time."""
    from mlpcli.sweep.stacks import make_stacks, makespan

    plan = prepared.plan
    stacks = make_stacks(prepared.groups(range(len(plan))), jobs)
    stack_of = {number: index for index, stack in enumerate(stacks) for number in stack.trials}
    trials = [
        {
            "trial": number,
            "run_id": prepared.run_ids[number],
            "seed": seed,
            **dict(zip(plan.varied, plan.shown(configuration), strict=True)),
            "stack": stack_of[number],
        }
        for configuration in range(plan.configurations)
        for number, seed in zip(plan.numbers(configuration), plan.seeds(configuration), strict=True)
    ]
    seconds = makespan(stacks, jobs)
    if as_json:
        print_json({"trials": trials, "stacks": [list(stack.trials) for stack in stacks], "seconds": seconds})
        return
    table(list(trials[0]), [[option_cell(value) for value in trial.values()] for trial in trials])
    left_out = f", {plan.left_out} left out by where" if plan.left_out else ""
    twice = f", {plan.duplicates} planned twice and run once" if plan.duplicates else ""
    sizes = ", ".join(str(len(stack.trials)) for stack in stacks[:20]) + (", ..." if len(stacks) > 20 else "")
    print(f"{len(trials)} trials{left_out}{twice}")
    print(f"{len(stacks)} stacks of {sizes} trials; about {seconds:.3g} s with {jobs} jobs")

"""Searches on three small problems: TPE beside random draws, and beside Optuna's own loop around the same training.

    python -m tests.benchmarks.search --write     # results/reference/search.md

The page is written after every search seed, so an interrupted benchmark leaves what it has measured.
"""

import argparse
import math
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import mlpcli
from mlpcli.results.statistics import difference
from mlpcli.threads import cores
from tests.benchmarks.measured_on import measured_on

__all__ = ["PROBLEMS", "Measured", "Problem", "Time", "measured", "page", "timed"]

PAGE = Path(__file__).parents[2] / "results" / "reference" / "search.md"
CONFIGURATIONS, SEEDS, BATCH = 60, 3, 12
SEARCHES = 10
"""Search seeds, if the time suffices."""

CONFIRM = {"top": 3, "seeds": 20}
SHARE = 1 / 3
"""Of the time of Optuna's own loop: what ours should take at most."""

CONTENDERS = {
    "tpe": "TPE",
    "random": "random, equal trials",
    "longer": "random, equal seconds",
    "loop": "Optuna's loop",
}
"""The searches that are compared, with their names on the page."""


@dataclass(frozen=True)
class Problem:
    """What is trained, the metric to minimize, and the options that are searched, as in a sweep file."""

    metric: str
    base: Mapping[str, Any]
    options: Mapping[str, Mapping[str, Any]]

    @property
    def file(self) -> dict[str, Any]:
        """What the files of all its sweeps have in common."""
        base = {**self.base, "monitor": self.metric}
        return {"name": "s", "metric": self.metric, "seeds": SEEDS, "base": base}


LR = {"low": 1e-5, "high": 1.0, "log": True}
DECAY = {"low": 1e-6, "high": 1e-1, "log": True}
RATE = {"low": 0.0, "high": 0.8}
PROBLEMS = {
    "digits": Problem(
        "val_loss",
        {"dataset": "digits", "depth": 1, "epochs": 10, "optimizer": "adamw"},
        {
            "lr": LR,
            "weight_decay": DECAY,
            "dropout": RATE,
            "input_dropout": RATE,
            "width": {"choices": [16, 32]},
        },
    ),
    "diabetes": Problem(
        "val_rmse",
        {"dataset": "diabetes", "epochs": 20, "optimizer": "adamw", "val_size": 0.2},
        {
            "lr": LR,
            "weight_decay": DECAY,
            "dropout": RATE,
            "input_dropout": RATE,
            "depth": {"low": 1, "high": 2},
            "activation": {"choices": ["relu", "tanh"]},
        },
    ),
    "moons": Problem(
        "val_loss",
        {"dataset": "moons:n=500,noise=0.2", "epochs": 20, "val_size": 0.2},
        {
            "lr": LR,
            "weight_decay": DECAY,
            "depth": {"low": 1, "high": 3},
            "activation": {"choices": ["relu", "tanh"]},
        },
    ),
}


@dataclass(frozen=True)
class Time:
    """Seconds on the clock, and of all processors together, which other work hardly lengthens."""

    wall: float
    cpu: float


@contextmanager
def timed() -> Iterator[list[Time]]:
    """A list that has the time of the block after it, with that of worker processes that it has waited for."""
    times: list[Time] = []
    wall, cpu = time.perf_counter(), sum(os.times()[:4])
    yield times
    times.append(Time(time.perf_counter() - wall, sum(os.times()[:4]) - cpu))


@dataclass(frozen=True)
class Measured:
    """One search seed: the best configuration's mean over fresh seeds, and the time of the search, by contender."""

    best: Mapping[str, float]
    times: Mapping[str, "Time"]
    longer: int  # configurations that random draws reach in the seconds of TPE


def measured(problem: Problem, seed: int, folder: Path, *, loop: bool = True) -> Measured:
    """All contenders with one search seed; each confirms its three best with fresh seeds, outside the seconds."""
    swept = partial(_swept, problem, folder)
    best, times = {}, {}
    tables: dict[str, dict[str, Any]] = {
        "tpe": {
            "search": {"sampler": "tpe", "batch": BATCH, "trials": CONFIGURATIONS, "seed": seed, **problem.options}
        },
        "random": {"random": {"trials": CONFIGURATIONS, "seed": seed, **problem.options}},
    }
    for name, table in tables.items():
        with timed() as times_of:
            swept(name, table)
        (times[name],) = times_of
        best[name] = swept(name, {**table, "confirm": CONFIRM})
    longer = max(CONFIGURATIONS, round(CONFIGURATIONS * times["tpe"].wall / times["random"].wall))
    tables["random"]["random"]["trials"] = longer
    best["longer"] = swept("random", {**tables["random"], "confirm": CONFIRM})
    if loop:
        with timed() as times_of:
            points = _looped(problem, seed)
        (times["loop"],) = times_of
        fresh = [*range(SEEDS, SEEDS + CONFIRM["seeds"])]
        best["loop"] = swept("loop", {"points": points, "seeds": fresh})
    return Measured(best, times, longer)


def _swept(problem: Problem, folder: Path, name: str, tables: Mapping[str, Any]) -> float:
    """Run a sweep on all cores, or what is missing of it; the mean of the configuration that ranks first."""
    sweep = mlpcli.sweep({**problem.file, **tables}, results=folder / name, jobs=cores(), progress=False)
    return float(sweep.summary[f"{problem.metric}_mean"].iloc[0])


def _looped(problem: Problem, seed: int) -> list[dict[str, Any]]:
    """Optuna's loop around `mlpcli.train` as its documentation shows it; the three best configurations."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    part, _, metric = problem.metric.partition("_")

    def objective(trial: optuna.Trial) -> float:
        options = {name: _suggested(trial, name, kind) for name, kind in problem.options.items()}
        trial.set_user_attr("options", options)
        runs = [mlpcli.train(**problem.file["base"], **options, seed=one, progress=False) for one in range(SEEDS)]
        return statistics.fmean(run.metrics[part][metric] for run in runs)

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(objective, n_trials=CONFIGURATIONS, catch=mlpcli.Error)
    complete = [trial for trial in study.trials if trial.value is not None]
    ranked = sorted(complete, key=lambda trial: trial.value or 0.0)
    points: dict[str, dict[str, Any]] = {}
    for trial in ranked:
        points.setdefault(repr(options := trial.user_attrs["options"]), options)
    return [*points.values()][: CONFIRM["top"]]


def _suggested(trial: Any, name: str, kind: Mapping[str, Any]) -> Any:
    if "choices" in kind:
        return trial.suggest_categorical(name, kind["choices"])
    suggest = trial.suggest_int if isinstance(kind["low"], int) else trial.suggest_float
    return suggest(name, kind["low"], kind["high"], log=kind.get("log", False))


def page(found: Mapping[str, Sequence[Measured]]) -> str:
    """The measurements as a page in Markdown."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Mapping[str, Sequence[Measured]]) -> Iterator[str]:
    fewest, loops = (min(len(_known(runs, key)) for runs in found.values()) for key in ("tpe", "loop"))
    yield "# Searches beside random draws and Optuna's own loop\n"
    yield f"Made by `python -m tests.benchmarks.search --write`: {CONFIGURATIONS} configurations of {SEEDS} seeds,"
    yield f"{fewest} search seeds per problem, {loops} for Optuna's loop. TPE is asked for {BATCH} configurations at a"
    yield f"time here, and for one in Optuna's loop. Every contender trains its {CONFIRM['top']} best again with"
    yield f"{CONFIRM['seeds']} fresh seeds; its score is the mean of the first of them, by the fresh seeds alone."
    yield "Smaller is better.\n"
    if fewest < SEARCHES:
        yield f"The time sufficed for {fewest} of {SEARCHES} search seeds, too few to tell small differences apart.\n"
    yield "## The best that is found\n"
    yield "Means over the search seeds.\n"
    yield f"| problem | metric | {' | '.join(CONTENDERS.values())} |\n|---|---|{'---|' * len(CONTENDERS)}"
    for name, runs in found.items():
        means = [statistics.fmean(_known(runs, key) or [math.nan]) for key in CONTENDERS]
        yield f"| {name} | {PROBLEMS[name].metric} | {' | '.join(f'{mean:.4g}' for mean in means)} |"
    yield "\nDifference to TPE's best, paired by search seed, with its 95% interval; above 0 TPE is better. Random"
    yield "draws of equal seconds go on for as long as TPE's search took.\n"
    others = [key for key in CONTENDERS if key != "tpe"]
    yield f"| problem | {' | '.join(CONTENDERS[key] for key in others)} |\n|---|{'---|' * len(others)}"
    for name, runs in found.items():
        yield f"| {name} | {' | '.join(_gap(runs, key) for key in others)} |"
    yield "\n## The time that it takes\n"
    load = os.getloadavg()[1]
    yield f"Median seconds of a search without its confirmation, on {cores()} cores (load average {load:.1f});"
    yield "in brackets the seconds of all processors together, which other work hardly changes. Optuna's loop calls"
    yield "`mlpcli.train` once per configuration and seed, in one process; ours trains batches as stacks on all"
    yield "cores.\n"
    yield "| problem | random | TPE | Optuna's loop | TPE / Optuna's loop | random draws in the seconds of TPE |"
    yield "|---|---|---|---|---|---|"
    for name, runs in found.items():
        times = " | ".join(_times(runs, key) for key in ("random", "tpe", "loop"))
        yield f"| {name} | {times} | {_share(runs)} | {statistics.median(one.longer for one in runs):.0f} |"
    yield f"\nThe aim is a share of at most {SHARE:.2f}."
    yield f"\n{measured_on('optuna')}"


def _known(runs: Sequence[Measured], key: str) -> list[float]:
    return [one.best[key] for one in runs if key in one.best]


def _gap(runs: Sequence[Measured], key: str) -> str:
    pairs = [(one.best[key], one.best["tpe"]) for one in runs if key in one.best]
    if len(pairs) < 2:
        return ""
    gap = difference(*zip(*pairs, strict=True))
    return f"{gap.mean:+.4g} ({gap.ci_low:+.4g} to {gap.ci_high:+.4g})"


def _times(runs: Sequence[Measured], key: str) -> str:
    known = [one.times[key] for one in runs if key in one.times]
    if not known:
        return ""
    return f"{statistics.median(one.wall for one in known):.1f} ({statistics.median(one.cpu for one in known):.1f})"


def _share(runs: Sequence[Measured]) -> str:
    pairs = [(one.times["tpe"], one.times["loop"]) for one in runs if "loop" in one.times]
    if not pairs:
        return ""
    wall = statistics.median(ours.wall / theirs.wall for ours, theirs in pairs)
    cpu = statistics.median(ours.cpu / theirs.cpu for ours, theirs in pairs)
    return f"{wall:.2f} ({cpu:.2f})"


def main() -> None:
    """Run all problems, seed by seed, and print the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=SEARCHES)
    parser.add_argument("--loops", type=int, default=SEARCHES, help="search seeds with which Optuna's loop runs too")
    parser.add_argument("--write", action="store_true", help=f"into {PAGE.parent.name}/{PAGE.name}")
    given = parser.parse_args()
    found: dict[str, list[Measured]] = {name: [] for name in PROBLEMS}
    for seed in range(given.seeds):
        for name, problem in PROBLEMS.items():
            with tempfile.TemporaryDirectory() as folder:
                found[name].append(measured(problem, seed, Path(folder), loop=seed < given.loops))
            print(f"{name}, search seed {seed}: {found[name][-1]}", file=sys.stderr)
        if given.write:
            PAGE.write_text(page(found), encoding="utf-8")
    sys.stdout.write(page(found))


if __name__ == "__main__":
    main()

"""The numbers behind the charts of a page, as plain JSON values.

Numbers of curves have five significant digits, and long curves every k-th epoch, so that 1,000 trials fit into a page.
"""

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from mlpcli.config.metrics import Measure
from mlpcli.report.commands import train_commands
from mlpcli.results.files.csv_text import cell
from mlpcli.results.files.lock import is_locked
from mlpcli.results.folders.read_folder import ResultsFolder
from mlpcli.results.folders.read_trials import judged
from mlpcli.results.trial import Trial

__all__ = ["brief", "chart_numbers", "state_of"]

NUMBERS = 150_000
"""Numbers of all curves of a page, at most; about a megabyte."""

MOST_DIGITS = 8

Row = Mapping[str, Any]


def chart_numbers(folder: ResultsFolder, summary: Sequence[Row]) -> dict[str, Any]:
    """What the charts show of a run or a sweep; `summary` are the rows of its summary.csv, the best first."""
    commands = train_commands(folder)
    return {
        "name": folder.name,
        "sweep": folder.is_sweep,
        "metric": folder.metric,
        "larger": Measure.parse(folder.metric).metric.larger_is_better,
        "options": list(folder.varied),
        "repeats": "seeds" if all(trial.fold is None for trial in folder.trials) else "seeds and folds",
        "trials": [
            {**_trial(folder, trial), "command": command}
            for trial, command in zip(folder.trials, commands, strict=True)
        ],
        "configurations": _configurations(folder, summary),
        **_curves(folder),
    }


def state_of(folder: ResultsFolder, trial: Trial) -> str:
    """The state of a trial; a run without one has not come to its end, and may have no process that trains it."""
    return trial.state or ("running" if is_locked(folder.path) else "interrupted")


def brief(value: Any) -> str:
    """A value for people: numbers of many digits to four of them, whole ones and names such as a run_id as they are.

    >>> brief(0.123456), brief(None), brief(12345), brief("0.0028899999999999998"), brief("batch")
    ('0.1235', '', '12345', '0.00289', 'batch')
    >>> brief("812345678901"), brief("1234567e1234"), brief(2024011501)
    ('812345678901', '1234567e1234', '2024011501')
    """
    text = cell(value)
    if isinstance(value, float) or ("." in text and len(text) > MOST_DIGITS):
        with suppress(ValueError):
            return f"{float(text):.4g}"
    return text


def _trial(folder: ResultsFolder, trial: Trial) -> dict[str, Any]:
    return {
        "number": trial.number,
        "id": trial.run_id,
        "seed": trial.seed,
        "fold": trial.fold,
        "state": state_of(folder, trial),
        "score": _short(trial.score(folder.metric)),
        "options": [cell(value) for value in trial.options.values()],
        "best": trial.best_epoch,
        "error": trial.error,
        "scores": {name: _short(value) for name, value in trial.metrics.items()},
    }


def _configurations(folder: ResultsFolder, summary: Sequence[Row]) -> list[dict[str, Any]]:
    """The configurations, the best first, with the places of their trials."""
    members: dict[tuple[str, ...], list[int]] = {}
    for place, trial in enumerate(folder.trials):
        members.setdefault(tuple(cell(value) for value in trial.options.values()), []).append(place)
    rows = {tuple(cell(row[name]) for name in folder.varied): row for row in summary}
    key = Measure.parse(folder.metric).metric.key
    trials = folder.trials
    means = {
        values: _mean(folder, judged([trials[place] for place in places], folder.last_seed))
        for values, places in members.items()
    }

    def order(values: tuple[str, ...]) -> tuple[float, float]:
        """By rank; a sweep that is not finished has none, and is ordered by the means so far."""
        rank, mean = rows.get(values, {}).get("rank", math.inf), means[values]
        return rank, math.inf if mean is None else key(mean)

    made = []
    for values in sorted(members, key=order):
        row = rows.get(values, {})
        made.append(
            {
                "label": ", ".join(f"{name} {brief(value)}" for name, value in zip(folder.varied, values, strict=True)),
                "values": list(values),
                "mean": _short(means[values]),
                "trials": members[values],
                "difference": [_short(row.get(f"diff_{part}")) for part in ("mean", "ci_low", "ci_high")],
                "p": _short(row.get("p_value")),
            }
        )
    return made


def _mean(folder: ResultsFolder, trials: Sequence[Trial]) -> float | None:
    """Mean of the metric over the trials that have one."""
    scores = [score for trial in trials if (score := trial.score(folder.metric)) is not None]
    return math.fsum(scores) / len(scores) if scores else None


def _curves(folder: ResultsFolder) -> dict[str, Any]:
    """The curves of all trials by column: every k-th epoch, where all of them would be too many numbers."""
    measure = Measure.parse(folder.metric)
    names = [f"{part}_{name}" for name in (measure.metric.name, "loss") for part in ("val", "train")]
    wanted = dict.fromkeys([folder.metric, *names])
    epochs = [folder.epochs(trial) for trial in folder.trials]
    columns = [
        name for name in wanted if any(math.isfinite(number) for found in epochs for number in found.get(name, ()))
    ]
    total = len(columns) * sum(len(found.get("epoch", ())) for found in epochs)
    every = max(1, -(-total // NUMBERS))
    curves = {}
    for name in columns:
        curves[name] = [[_short(number) for number in _thinned(found.get(name, ()), every)] for found in epochs]
    return {"every": every, "lengths": [len(found.get("epoch", ())) for found in epochs], "curves": curves}


def _thinned(numbers: Sequence[float], every: int) -> Sequence[float]:
    """Every k-th number, beginning with the first, and the last one.

    >>> [_thinned(range(1, n + 1), 3) for n in (4, 6)]
    [[1, 4], [1, 4, 6]]
    """
    last = len(numbers) - 1
    return [*numbers[::every], *([numbers[last]] if last % every else [])] if numbers else []


def _short(number: float | None) -> float | None:
    """Five significant digits; None for what is not finite."""
    return float(f"{number:.5g}") if number is not None and math.isfinite(number) else None

"""Learning curves: a run's training and validation side by side, a sweep's configurations with bands over seeds."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from mlpcli.config.metrics import METRICS, PARTS, Measure
from mlpcli.plot.columns import Columns, epochs_of
from mlpcli.plot.factors import Values, describe, find_factors
from mlpcli.plot.labels import bare, measure_name, metric_name, part_name, upright
from mlpcli.plot.points import repeats, spread_of
from mlpcli.plot.selection import Selection
from mlpcli.plot.style import (
    GREY,
    MOST_SERIES,
    WIDEST,
    Drawing,
    legend,
    log_ticks,
    new_figure,
    series,
    titled,
    whole_ticks,
)
from mlpcli.results.folders.read_folder import ResultsFolder
from mlpcli.results.trial import Trial

__all__ = ["draw_curves"]

MARKS = 8
"""Markers along a line: enough to tell it from others, few enough to leave it visible."""

POINTS = 300
"""Points of a line, at most; longer ones are averaged over neighbouring epochs."""


def draw_curves(folder: ResultsFolder, metric: str, selection: Selection) -> list[Drawing]:
    """The metric after every epoch; nothing if no epoch ran or the metric is not measured every epoch."""
    if folder.is_sweep:
        return _of_a_sweep(folder, metric, selection)
    (trial,) = folder.trials
    return [_of_a_run(folder, trial, metric)] if len(folder.epochs(trial).get("epoch", ())) else []


def _of_a_run(folder: ResultsFolder, trial: Trial, metric: str) -> Drawing:
    """The loss and the metric, of the training and of the validation rows."""
    epochs, measure = epochs_of(folder, trial), Measure.find(metric)
    chosen = metric if measure is None else measure.metric.name
    names = [name for name in dict.fromkeys(("loss", chosen)) if _columns(epochs, name)]
    figure, axes = new_figure(1.5 + 2.4 * len(names), 3.0, 1, len(names))
    best = trial.best_epoch
    for panel, name in zip(axes, names, strict=True):
        for column in _columns(epochs, name):
            _line(panel, epochs["epoch"], epochs[column], _place(column), part_name(column))
        if best:
            panel.axvline(best, color="#7f7f7f", linestyle=(0, (1, 1)), linewidth=1.2, label=f"kept: epoch {best}")
        panel.set_xlabel("epoch")
        panel.set_ylabel(upright(measure_name(name), 2.2))
        _scale(panel, name, [epochs[column] for column in _columns(epochs, name)])
    legend(figure, axes)
    titled(figure, f"{folder.name}: learning curves", f"seed {trial.seed}; training is the running mean of an epoch")
    return Drawing(f"curves-{metric}", figure)


def _columns(epochs: Columns, name: str) -> list[str]:
    """The columns of a measure that have numbers: its training and validation columns, or the column of this name."""
    names = [column for column in (f"train_{name}", f"val_{name}", name) if column in epochs]
    return [column for column in names if np.isfinite(epochs[column]).any()]


def _place(column: str) -> int:
    """The series of a column: the rows that it is measured on have one look in all panels."""
    measure = Measure.find(column)
    return 0 if measure is None else [*PARTS].index(measure.part)


def _of_a_sweep(folder: ResultsFolder, metric: str, selection: Selection) -> list[Drawing]:
    """One line per configuration: mean over the trials that reached the epoch, with a band of a standard deviation.

    Configurations that were pruned stand behind, up to the rung at which they were.
    """
    found = _curves_of(folder, folder.configurations, metric)
    if max((len(mean) for mean, _ in found.values()), default=0) < 2:
        return []
    pruned = _curves_of(folder, folder.pruned, metric)
    measure = Measure.find(metric)
    best = selection.first(found, MOST_SERIES)
    if not best:
        return []
    chosen = [values for values in found if values in best]
    factors = find_factors(folder.varied, folder.drawn, [*found, *pruned])
    together = -(-max(len(mean) for mean, _ in found.values()) // POINTS)
    figure, (axes,) = new_figure(WIDEST, 3.8)
    behind = [curve for values, curve in found.items() if values not in chosen]
    for mean, _ in [*pruned.values(), *behind]:
        axes.plot(*_averaged(together, np.arange(1.0, len(mean) + 1), mean), color=GREY, linewidth=0.8)
    for index, values in enumerate(chosen):
        label = describe(factors, values)
        epochs, mean, deviation = _averaged(together, np.arange(1.0, len(found[values][0]) + 1), *found[values])
        _line(axes, epochs, mean, index, label)
        if np.isfinite(deviation).any():
            low, high = _band(metric, mean, deviation)
            axes.fill_between(epochs, low, high, color=series(index)["color"], alpha=0.13, lw=0)
    axes.set_xlabel("epoch")
    axes.set_ylabel(upright(metric_name(metric), 3.4))
    means = [mean for mean, _ in [*found.values(), *pruned.values()]]
    _scale(axes, metric if measure is None else measure.metric.name, means)
    legend(figure, [axes], always=len(means) > 1)
    seeds = [len(folder.configurations[values]) for values in chosen]
    over = f"{spread_of(seeds)} {repeats(folder)}"
    meaning = f"mean and band of a standard deviation over {over}" if max(seeds) > 1 else "one seed"
    some = selection.described(chosen, found, metric)
    if pruned:
        some += f"; {len(pruned)} pruned ones in grey, up to their rung"
    pooled = f"; a point is the mean of {together} epochs" if together > 1 else ""
    titled(figure, f"{folder.name}: {bare(metric_name(metric))} by epoch", meaning + some + pooled)
    return [Drawing(f"curves-{metric}", figure)]


def _curves_of(
    folder: ResultsFolder, configurations: Mapping[Values, Sequence[Trial]], metric: str
) -> dict[Values, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Mean and standard deviation of each configuration by epoch, of those that have the metric in any epoch."""
    found: dict[Values, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}
    for values, trials in configurations.items():
        columns = [epochs_of(folder, trial).get(metric, np.array([])) for trial in trials]
        curves = [column for column in columns if np.isfinite(column).any()]
        if curves:
            table = np.full((len(curves), max(map(len, curves))), np.nan)
            for row, curve in zip(table, curves, strict=True):
                row[: len(curve)] = curve
            found[values] = np.nanmean(table, axis=0), _deviation(table)
    return found


def _band(metric: str, mean: NDArray[np.float64], deviation: NDArray[np.float64]) -> tuple[Any, Any]:
    """One standard deviation to both sides, cut to the metric's range; above 0, since the axis may be logarithmic."""
    low, high = mean - deviation, mean + deviation
    measure = Measure.find(metric)
    least, most = (-math.inf, math.inf) if measure is None else measure.metric.bounds
    high = np.minimum(high, most)
    if least == 0 and most < math.inf:
        return np.maximum(low, least), high
    return (np.maximum(low, 1e-3 * mean) if np.nanmin(mean) > 0 else low), high


def _averaged(together: int, *columns: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Each column with every `together` neighbours replaced by their mean; the last mean may be of fewer."""
    starts = np.arange(0, len(columns[0]), together)
    lengths = np.diff([*starts, len(columns[0])])
    return [np.add.reduceat(column, starts) / lengths for column in columns]


def _deviation(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sample standard deviation over the rows that have a number; nan if fewer than two have one."""
    count = np.isfinite(table).sum(axis=0)
    squares = np.nansum((table - np.nanmean(table, axis=0)) ** 2, axis=0)
    return np.where(count > 1, np.sqrt(squares / np.maximum(count - 1, 1)), np.nan)


def _line(axes: Axes, x: NDArray[np.float64], y: NDArray[np.float64], index: int, label: str) -> None:
    axes.plot(x, y, label=label, markevery=max(1, len(x) // MARKS), **series(index))


def _scale(axes: Axes, name: str, curves: list[NDArray[np.float64]]) -> None:
    """Make the axis logarithmic if an error falls by more than a factor of 10; put ticks at whole epochs."""
    numbers = np.concatenate(curves)
    numbers = numbers[np.isfinite(numbers)]
    falls = name not in METRICS or not METRICS[name].larger_is_better
    if falls and len(numbers) and numbers.min() > 0 and numbers.max() > 10 * numbers.min():
        axes.set_yscale("log")
        axes.set_ylim(bottom=numbers.min() / 1.5)
        log_ticks(axes.yaxis)
    whole_ticks(axes.xaxis)

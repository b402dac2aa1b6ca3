"""Pictures of diagnostics.csv: how a hidden unit's input drifts, and how noisy the minibatch gradient is."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from mlpcli.plot.columns import Columns, diagnostics_of
from mlpcli.plot.factors import describe, find_factors
from mlpcli.plot.labels import axis_name, upright, wrap
from mlpcli.plot.points import origin, repeats
from mlpcli.plot.selection import Selection
from mlpcli.plot.style import MOST_SERIES, WIDEST, Drawing, legend, log_ticks, new_figure, series, titled, value_ticks
from mlpcli.results.folders.read_folder import ResultsFolder

__all__ = ["draw_drift", "draw_gradient", "draw_noise"]

MOST_PANELS = 6
PERCENTILES = ("input_p85", "input_p50", "input_p15")

Numbers = NDArray[np.float64]


def draw_drift(folder: ResultsFolder, selection: Selection) -> list[Drawing]:
    """Percentiles of the input of one unit of the last hidden layer against steps (Ioffe and Szegedy 2015, figure 1).

    One panel per configuration, of the best that are asked for, on one scale; each shows its first seed.
    """
    firsts = {values: diagnostics_of(folder, trials[0]) for values, trials in folder.configurations.items()}
    found = {
        values: columns
        for values, columns in firsts.items()
        if np.isfinite(columns.get("input_p50", np.array([]))).sum() > 1
    }
    if not found:
        return []
    factors = find_factors(folder.varied, folder.drawn, list(found))
    chosen = selection.first(found, MOST_PANELS)
    if not chosen:
        return []
    shown = [values for values in found if values in chosen]
    columns = min(len(shown), 2)
    rows = -(-len(shown) // columns)
    figure, axes = new_figure(WIDEST, 0.9 + 2.6 * rows, rows, columns, sharey=True)
    for index, (panel, values) in enumerate(zip(axes, shown, strict=False)):
        columns_of = found[values]
        panel.fill_between(columns_of["step"], columns_of["input_p15"], columns_of["input_p85"], color="#e8e8e8", lw=0)
        for place, name in enumerate(PERCENTILES):
            label = f"{name.removeprefix('input_p')}th percentile"
            _line(panel, columns_of["step"], columns_of[name], place, label)
        if factors:
            panel.set_title(wrap(describe(factors, values), 22 if columns > 1 else 36))
        panel.set_xlabel("step")
        panel.set_ylabel("input of the unit's activation" if index % columns == 0 else "")
    for panel in axes[len(shown) :]:
        panel.set_visible(False)
    legend(figure, axes)
    some = f"; {selection.which(shown, found, folder.metric)}" if len(shown) < len(found) else ""
    below = f"training rows, {origin(folder.configurations[values][0] for values in shown)}{some}"
    titled(figure, f"{folder.name}: the input of one unit of the last hidden layer", below)
    return [Drawing("drift", figure)]


def draw_gradient(folder: ResultsFolder) -> list[Drawing]:
    """A run's gradient by steps: the squared norm of the full one, and the variance of that of a batch."""
    if folder.is_sweep:
        return []
    (trial,) = folder.trials
    columns = diagnostics_of(folder, trial)
    if len(columns.get("step", ())) < 2:
        return []
    figure, (axes,) = new_figure(WIDEST, 3.6)
    lines = {"squared norm of the full gradient": columns["gradient_norm_full"] ** 2}
    lines["variance of a batch's gradient"] = columns["gradient_variance"]
    for index, (label, numbers) in enumerate(lines.items()):
        _line(axes, columns["step"], np.where(numbers > 0, numbers, np.nan), index, label)
    axes.set_yscale("log")
    axes.set_xlabel("step")
    axes.set_ylabel("squared gradient")
    legend(figure, [axes])
    titled(figure, f"{folder.name}: signal and noise of the gradient", f"seed {trial.seed}")
    return [Drawing("gradient", figure)]


def draw_noise(folder: ResultsFolder) -> list[Drawing]:
    """The variance of the minibatch gradient against the batch size, both logarithmic, with the slope.

    At the initial weights, which a seed gives to every batch size: later each has weights of its own.
    """
    if "batch_size" not in folder.varied:
        return []
    at = folder.varied.index("batch_size")
    points: dict[tuple[str, ...], tuple[float, Numbers]] = {}
    for values, trials in folder.configurations.items():
        first = [variance for trial in trials if (variance := _initial_variance(diagnostics_of(folder, trial))) > 0]
        if first and values[at].isdigit():
            points[values] = float(values[at]), np.array(first)
    factors = [
        factor
        for factor in find_factors(folder.varied, folder.drawn, list(points))
        if factor.options != ("batch_size",)
    ]
    groups: dict[str, list[tuple[float, Numbers]]] = {}
    for values, point in points.items():
        groups.setdefault(describe(factors, values), []).append(point)
    groups = {label: sorted(group, key=lambda point: point[0]) for label, group in groups.items() if len(group) > 2}
    if not groups:
        return []
    figure, (axes,) = new_figure(WIDEST if len(groups) > 1 else 5.4, 4.2)
    for index, (label, group) in enumerate(list(groups.items())[:MOST_SERIES]):
        sizes = np.array([size for size, _ in group])
        means = np.array([numbers.mean() for _, numbers in group])
        deviations = np.array([numbers.std(ddof=1) if len(numbers) > 1 else 0.0 for _, numbers in group])
        slope, level = np.polyfit(np.log(sizes), np.log(means), 1)
        style = series(index)
        bars = np.stack([np.minimum(deviations, means * 0.999), deviations])
        name = f"{label}, slope {slope:.2f}".removeprefix(", ")
        axes.errorbar(sizes, means, yerr=bars, capsize=3, **{**style, "linestyle": "none"})
        axes.plot(sizes, np.exp(level) * sizes**slope, **{**style, "marker": ""})
        axes.plot([], [], label=name, **style)
    axes.set_xscale("log")
    axes.set_yscale("log")
    value_ticks(axes, np.array([size for group in groups.values() for size, _ in group]), log=True)
    axes.set_xlabel(axis_name(("batch_size",)))
    axes.set_ylabel(upright("variance of the gradient (trace of its covariance)", 3.2))
    log_ticks(axes.yaxis)
    if len(groups) > 1:
        legend(figure, [axes])
    else:
        axes.legend(loc="upper right")
    seeds = max(len(trials) for trials in folder.configurations.values())
    meaning = (
        f"at the initial weights; mean and standard deviation over {seeds} {repeats(folder)}, and the line fitted to "
        "them; drawn without replacement, batches near all n rows vary less, by (n - B) / (n - 1)"
    )
    titled(figure, f"{folder.name}: gradient variance against batch size", meaning)
    return [Drawing("noise", figure)]


def _initial_variance(diagnostics: Columns) -> float:
    """Value at epoch 0, nan where it was not recorded."""
    if not len(epochs := diagnostics.get("epoch", np.array([]))) or epochs[0] != 0:
        return np.nan
    return float(diagnostics["gradient_variance"][0])


def _line(axes: Axes, x: Numbers, y: Numbers, index: int, label: str) -> None:
    axes.plot(x, y, label=label, markevery=max(1, len(x) // 8), **series(index))

"""Every configuration as a line across one axis per varied option, which ends at its metric."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlpcli.plot.factors import Factor, find_factors, is_geometric, level_name
from mlpcli.plot.labels import axis_name, bare, metric_name, wrap
from mlpcli.plot.points import find_points, left_out, repeats, suits_log
from mlpcli.plot.selection import Selection
from mlpcli.plot.style import GREY, MOST_SERIES, Drawing, new_figure, series, titled
from mlpcli.results.folders.read_folder import ResultsFolder

__all__ = ["axis_places", "draw_parallel"]

FEWEST_AXES = 3
MOST_AXES = 7
MOST_TICKS = 9
OFFSET = 0.008
"""Distance between the lines of neighbouring ranks, which often run through the same values."""

Numbers = NDArray[np.float64]
Ticks = list[tuple[float, str]]


def draw_parallel(folder: ResultsFolder, metric: str, selection: Selection) -> list[Drawing]:
    """The best configurations with lines of their own, the others in grey; nothing below three varied options."""
    points = find_points(folder, metric)
    factors = find_factors(folder.varied, folder.drawn, list(points))[:MOST_AXES]
    if len(factors) < FEWEST_AXES:
        return []
    configurations = list(points)
    places = [_places_of(factor, configurations) for factor in factors]
    means = [points[values].mean for values in configurations]
    places.append(axis_places(means, log=suits_log(metric, means)))
    heights = np.stack([height for height, _ in places], axis=-1)
    best = selection.first(points, MOST_SERIES)
    figure, (axes,) = new_figure(1.4 + 0.95 * len(places), 4.4)
    for values, line in zip(configurations, heights, strict=True):
        if values not in best:
            axes.plot(line, color=GREY, linewidth=0.7, zorder=1)
    for place, values in reversed(list(enumerate(best))):
        line = heights[configurations.index(values)] + OFFSET * (place - (len(best) - 1) / 2)
        axes.plot(line, **series(place), zorder=2, label=f"{selection.ranks[values]}")
    for place, (_, ticks) in enumerate(places):
        axes.axvline(place, color="black", linewidth=0.9, zorder=1.5)
        for height, text in ticks:
            box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.4}
            axes.text(place + 0.04, height, text, fontsize=9, va="center", ha="left", zorder=3, bbox=box)
    names = [axis_name(factor.options) for factor in factors]
    axes.set_xticks(range(len(places)), [wrap(name, 12) for name in (*names, metric_name(metric))])
    axes.set_xlabel("varied options; last, the metric")
    axes.set_ylabel("values of each option")
    axes.set_xlim(-0.1, len(places) - 1 + 0.6)
    axes.set_ylim(-0.05, 1.05)
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines[["left", "bottom"]].set_visible(False)
    handles = dict(
        sorted((int(label), handle) for handle, label in zip(*axes.get_legend_handles_labels(), strict=True))
    )
    figure.legend(handles.values(), map(str, handles), loc="outside right center", title="rank")
    below = f"one line per configuration, to the mean over its {repeats(folder)}{left_out(folder)}"
    some = selection.described(best, points, metric)
    titled(figure, f"{folder.name}: {bare(metric_name(metric))} by all options", below + some)
    return [Drawing(f"parallel-{metric}", figure)]


def _places_of(factor: Factor, configurations: Sequence[tuple[str, ...]]) -> tuple[Numbers, Ticks]:
    """Heights of the configurations on the factor's axis, and its ticks: by value for many numbers, else evenly."""
    levels = [factor.of(values) for values in configurations]
    if factor.numbers is not None and len(factor.levels) > MOST_TICKS:
        return axis_places([float(level[0]) for level in levels], log=is_geometric(factor.numbers))
    last = max(len(factor.levels) - 1, 1)
    heights = {level: place / last for place, level in enumerate(factor.levels)}
    every = -(-len(factor.levels) // MOST_TICKS)
    ticks = [(heights[level], wrap(level_name(level), 12)) for level in factor.levels[::every]]
    return np.array([heights[level] for level in levels]), ticks


def axis_places(numbers: Sequence[float], *, log: bool) -> tuple[Numbers, Ticks]:
    """Heights of numbers between the smallest at 0 and the largest at 1, and at most five ticks, whole among wholes."""
    own = np.asarray(numbers, np.float64)
    values = np.log(own) if log else own
    low, size = values.min(), np.ptp(values) or 1.0
    at = np.linspace(values.min(), values.max(), 5)
    marked, form = np.exp(at) if log else at, ".3g"
    if (own == own.round()).all():
        marked, form = np.unique(marked.round()), ".0f"
        at = np.log(marked) if log else marked
    texts = [f"{number:{form}}" for number in marked]
    return (values - low) / size, list(zip(((at - low) / size).tolist(), texts, strict=True))

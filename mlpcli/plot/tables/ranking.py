"""Pictures of sweeps that span no grid: a ranking of configurations, or the metric against each random number."""

from collections.abc import Sequence

import numpy as np

from mlpcli.plot.factors import Factor, describe, is_geometric
from mlpcli.plot.labels import axis_name, bare, metric_name, upright, wrap
from mlpcli.plot.points import Points, error_bars, explain, is_error, left_out, repeats, suits_log
from mlpcli.plot.selection import Selection
from mlpcli.plot.style import GREY, OTHERS, WIDEST, Drawing, new_figure, series, titled
from mlpcli.results.folders.read_folder import ResultsFolder

__all__ = ["MOST_ROWS", "draw_ranking", "draw_slices"]

MOST_ROWS = 30
"""Configurations of a ranking; the caption gives their total, and summary.csv has them all."""

MOST_PANELS = 6


def draw_ranking(
    folder: ResultsFolder, metric: str, points: Points, factors: Sequence[Factor], selection: Selection
) -> Drawing:
    """One row per configuration, the best on top: the smallest error, or else the largest mean."""
    sign = 1 if is_error(metric) else -1
    order = sorted(points, key=lambda values: sign * points[values].mean)
    asked = frozenset() if selection.is_all else selection.highlighted
    order = [values for place, values in enumerate(order) if place < MOST_ROWS or values in asked]
    figure, (axes,) = new_figure(WIDEST, 1.4 + 0.32 * len(order))
    means = np.array([points[values].mean for values in order])
    bars = error_bars(metric, [points[values] for values in order])
    look = {**series(0, lines=False), "capsize": 3}
    if asked:
        axes.errorbar(means, range(len(order)), xerr=bars, **{**look, "color": GREY})
    rows = [row for row, values in enumerate(order) if values in asked or not asked]
    axes.errorbar(means[rows], rows, xerr=None if bars is None else bars[:, rows], **look)
    labels = [describe(factors, values) for values in order]
    axes.set_yticks(range(len(order)), [wrap(label, 50) for label in labels], fontsize=8)
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.set_xlabel(metric_name(metric))
    axes.set_ylabel("configuration")
    if suits_log(metric, means):
        axes.set_xscale("log")
    some = f"; the best {len(order)} of {len(points)}" if len(order) < len(points) else ""
    titled(
        figure,
        f"{folder.name}: {bare(metric_name(metric))}",
        explain(folder, points) + some + (OTHERS if asked else ""),
    )
    return Drawing(f"options-{metric}", figure)


def draw_slices(
    folder: ResultsFolder, metric: str, points: Points, drawn: Sequence[int], selection: Selection
) -> Drawing:
    """The metric against each option that was drawn at random, one mark per configuration."""
    drawn = drawn[:MOST_PANELS]
    columns = min(len(drawn), 2)
    rows = -(-len(drawn) // columns)
    figure, axes = new_figure(0.9 + 2.5 * columns, 0.9 + 2.4 * rows, rows, columns, sharey=True)
    means = np.array([point.mean for point in points.values()])
    for place, (panel, index) in enumerate(zip(axes, drawn, strict=False)):
        numbers = np.array([float(values[index]) for values in points])
        look = {**series(0, lines=False), "markersize": 4}
        if not selection.is_all:
            panel.plot(numbers, means, **{**look, "color": GREY})
        front = [values in selection.highlighted for values in points]
        panel.plot(numbers[front], means[front], **look)
        if is_geometric(numbers):
            panel.set_xscale("log")
        panel.set_xlabel(wrap(axis_name((folder.varied[index],)), 24))
        if suits_log(metric, means):
            panel.set_yscale("log")
        panel.set_ylabel(upright(metric_name(metric), 2.0) if place % columns == 0 else "")
    for panel in axes[len(drawn) :]:
        panel.set_visible(False)
    names = ", ".join(folder.varied[index] for index in drawn)
    title = f"{folder.name}: {bare(metric_name(metric))} against {names}"
    below = f"one mark per configuration: the mean over its {repeats(folder)}{left_out(folder)}"
    titled(figure, title, below + ("" if selection.is_all else OTHERS))
    return Drawing(f"options-{metric}", figure)

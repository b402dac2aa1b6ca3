"""Pictures of a grid: a metric along one option, with a second as lines and a third as panels, or a heat map of two."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from mlpcli.plot.factors import Factor, is_geometric, level_name
from mlpcli.plot.labels import axis_name, bare, entry, metric_name, upright, wrap
from mlpcli.plot.points import Point, Points, error_bars, explain, suits_log
from mlpcli.plot.selection import Selection
from mlpcli.plot.style import GREY, OTHERS, WIDEST, Drawing, legend, log_ticks, new_figure, series, titled, value_ticks
from mlpcli.results.folders.read_folder import ResultsFolder

__all__ = ["draw_heat_map", "draw_panels"]

Numbers = NDArray[np.float64]


def draw_panels(
    folder: ResultsFolder, metric: str, points: Points, ordered: Sequence[Factor], selection: Selection
) -> Drawing:
    """One factor along an axis, a second as lines, a third as panels."""
    along, *others = ordered
    lines, panels = (*others, None, None)[:2]
    log = suits_log(metric, [point.mean for point in points.values()])
    levels = panels.levels if panels else ((),)
    numeric = along.numbers is not None
    columns = min(len(levels), 2)
    rows = -(-len(levels) // columns)
    taken = max(wrap(level_name(level)).count("\n") + 1 for level in along.levels)  # lines of text
    if numeric:
        height = 3.4 if columns == 1 else 3.0
    else:
        height = max(2.2, 0.9 + 0.13 * len(along.levels) * (taken + (len(lines.levels) if lines else 1)))
    width = 1.4 + 3.6 * columns + (1.8 if lines else 0.0)
    figure, axes = new_figure(min(width, WIDEST), 0.9 + height * rows, rows, columns, sharex=True, sharey=True)
    for panel, level in zip(axes, levels, strict=False):
        chosen = {values: point for values, point in points.items() if not panels or panels.of(values) == level}
        draw = _lines if numeric else _dots
        if not selection.is_all:
            draw(panel, metric, log, chosen, along, lines, grey=True)
            chosen = {values: point for values, point in chosen.items() if values in selection.highlighted}
        slopes = draw(panel, metric, log, chosen, along, lines)
        name = [panels.describe(level)] if panels else []
        panel.set_title("\n".join(wrap(line, 40 if columns == 1 else 24) for line in name + slopes))
    for panel in axes[len(levels) :]:
        panel.set_visible(False)
    if log and numeric:  # intervals that come near 0 would take all the room
        axes[0].set_ylim(bottom=min(point.mean for point in points.values()) / 3)
        log_ticks(axes[0].yaxis)
    for index, panel in enumerate(axes[: len(levels)]):
        lowest = index + columns >= len(levels)
        names = (axis_name(along.options), metric_name(metric))
        across, up = names if numeric else names[::-1]
        panel.set_xlabel(upright(across, 2.0 if columns > 1 else 4.0) if lowest else "")
        panel.tick_params(labelbottom=lowest)
        panel.set_ylabel(upright(up, height) if index % columns == 0 else "")
    legend(figure, axes, axis_name(lines.options) if lines else None, always=lines is not None)
    first, *more = (", ".join(factor.options) for factor in ordered)
    by = f", by {' and '.join(more)}" if more else ""
    titled(
        figure,
        f"{folder.name}: {bare(metric_name(metric))} against {first}{by}",
        explain(folder, points) + ("" if selection.is_all else OTHERS),
    )
    return Drawing(f"options-{metric}", figure)


def _series_of(points: Points, along: Factor, lines: Factor | None) -> list[tuple[str, list[tuple[int, Point]]]]:
    """Name and points of each line, each point with the index of its level."""
    found = []
    for level in lines.levels if lines else ((),):
        mine = {along.of(values): point for values, point in points.items() if not lines or lines.of(values) == level}
        found.append((level_name(level), [(index, mine[at]) for index, at in enumerate(along.levels) if at in mine]))
    return found


def _lines(
    axes: Axes, metric: str, log: bool, points: Points, along: Factor, lines: Factor | None, *, grey: bool = False
) -> list[str]:
    """Draw numbers along the axis; returns the slopes of the lines in words if both axes are logarithmic."""
    numbers = along.numbers
    assert numbers is not None
    log_x, slopes = is_geometric(numbers), []
    all_series = _series_of(points, along, lines)
    count = len(all_series)
    for index, (label, found) in enumerate(all_series):
        if not found:
            continue
        x = numbers[[at for at, _ in found]]
        y = np.array([point.mean for _, point in found])
        if log_x and log and len(x) > 2:
            slopes.append(f"{np.polyfit(np.log(x), np.log(y), 1)[0]:.2f}")
        bars = error_bars(metric, [point for _, point in found])
        x = _beside(x, numbers, log_x, index, count)
        axes.errorbar(x, y, yerr=bars, capsize=3, **_look(index, label, grey))
    if log_x:
        axes.set_xscale("log")
    value_ticks(axes, numbers, log=log_x)
    if log:
        axes.set_yscale("log")
    if len(slopes) > 1:
        return [f"slopes, in the legend's order: {', '.join(slopes)}"]
    return [f"slope {slope}" for slope in slopes]


def _look(index: int, label: str, grey: bool) -> dict[str, Any]:
    """Style and name of a series; grey and without a name behind the highlighted configurations."""
    return {**series(index), "color": GREY, "label": "_"} if grey else {**series(index), "label": entry(label)}


def _beside(x: Numbers, numbers: Numbers, log: bool, index: int, count: int) -> Numbers:
    """Positions of one of several series, shifted a little from the numbers so that no interval hides another."""
    shift = (index - (count - 1) / 2) * min(0.012, 0.04 / count)
    return x * (numbers.max() / numbers.min()) ** shift if log else x + shift * np.ptp(numbers)


def _dots(
    axes: Axes, metric: str, log: bool, points: Points, along: Factor, lines: Factor | None, *, grey: bool = False
) -> list[str]:
    """Draw categories from top to bottom, where long names have room; the series of a category stand side by side."""
    found = _series_of(points, along, lines)
    for index, (label, placed) in enumerate(found):
        shift = (index - (len(found) - 1) / 2) * 0.7 / len(found)
        y = [at + shift for at, _ in placed]
        if not placed:
            continue
        bars = error_bars(metric, [point for _, point in placed])
        style = {**_look(index, label, grey), "linestyle": "none"}
        axes.errorbar([point.mean for _, point in placed], y, xerr=bars, capsize=3, **style)
    axes.set_yticks(range(len(along.levels)), [wrap(level_name(level)) for level in along.levels])
    axes.set_ylim(len(along.levels) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    if log:
        axes.set_xscale("log")
    return []


def draw_heat_map(
    folder: ResultsFolder, metric: str, points: Points, ordered: Sequence[Factor], selection: Selection
) -> Drawing:
    """Two factors of many levels: one cell per configuration, dark where the mean is large, with the number in it."""
    down, across = ordered  # the one with more levels goes down, where each takes less room
    table = np.full((len(down.levels), len(across.levels)), np.nan)
    halves = table.copy()
    for row, column in product(range(len(down.levels)), range(len(across.levels))):
        for values, point in points.items():
            if down.of(values) == down.levels[row] and across.of(values) == across.levels[column]:
                table[row, column], halves[row, column] = point.mean, point.half
    figure, (axes,) = new_figure(2.4 + 0.6 * len(across.levels), 1.7 + 0.5 * len(down.levels))
    image = axes.imshow(np.ma.masked_invalid(table), cmap="Greys", aspect="auto")
    low, high = np.nanmin(table), np.nanmax(table)
    for (row, column), mean in np.ndenumerate(table):
        if np.isfinite(mean):
            half = f"\n±{halves[row, column]:.2g}" if np.isfinite(halves[row, column]) else ""
            light = "white" if mean > (low + high) / 2 else "black"
            axes.text(column, row, f"{mean:.3g}{half}", ha="center", va="center", fontsize=7.5, color=light)
    for set_ticks, factor, room in ((axes.set_xticks, across, 10), (axes.set_yticks, down, 24)):
        set_ticks(range(len(factor.levels)), [wrap(level_name(level), room) for level in factor.levels])
    if not selection.is_all:
        for values in points.keys() & selection.highlighted:
            corner = across.levels.index(across.of(values)) - 0.5, down.levels.index(down.of(values)) - 0.5
            axes.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor="#d55e00", linewidth=2))
    axes.grid(visible=False)
    axes.set_xlabel(axis_name(across.options))
    axes.set_ylabel(upright(axis_name(down.options), 1.2 + 0.5 * len(down.levels)))
    figure.colorbar(image, label=upright(metric_name(metric), 1.2 + 0.5 * len(down.levels)))
    against = f"{bare(axis_name(across.options))} and {bare(axis_name(down.options))}"
    titled(
        figure,
        f"{folder.name}: {bare(metric_name(metric))} against {against}",
        explain(folder, points) + ("" if selection.is_all else "; highlighted cells are framed"),
    )
    return Drawing(f"options-{metric}", figure)

"""Look of every picture: series differ in line, marker and colour, axes are named, equal figures have equal bytes.

Figures are made without pyplot, so there is no global state and no window; the user's matplotlibrc plays no part.
"""

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.ticker import (
    FixedFormatter,
    FixedLocator,
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    NullLocator,
)
from numpy.typing import NDArray

from mlpcli.plot.labels import upright, wrap

__all__ = [
    "GREY",
    "MOST_CLASSES",
    "MOST_SERIES",
    "OTHERS",
    "WIDEST",
    "Drawing",
    "legend",
    "log_ticks",
    "new_figure",
    "render",
    "series",
    "styled",
    "titled",
    "value_ticks",
    "whole_ticks",
]


class Drawing(NamedTuple):
    """A figure and the name of its file, without the suffix."""

    name: str
    figure: Figure


STYLE: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.labelsize": 10,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 10,
    "figure.constrained_layout.h_pad": 0.08,
    "figure.constrained_layout.w_pad": 0.08,
    "figure.titlesize": 11,
    "font.size": 9,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.handlelength": 3.2,
    "lines.linewidth": 1.4,
    "lines.markersize": 5,
    "savefig.dpi": 150,
    "svg.fonttype": "path",
    "svg.hashsalt": "mlpcli",
}

_SERIES: list[tuple[str, Any, str]] = [
    ("#000000", "-", "o"),
    ("#0072b2", "--", "s"),
    ("#d55e00", ":", "^"),
    ("#009e73", "-.", "D"),
    ("#cc79a7", (0, (7, 1.5)), "v"),
    ("#8a5a00", (0, (3, 1, 1, 1, 1, 1)), "P"),
    ("#56b4e9", (0, (1, 2.5)), "X"),
    ("#7f7f7f", (0, (9, 2, 2, 2)), "*"),
    ("#6a3d9a", (0, (2, 1)), "<"),
    ("#a50f15", (0, (1, 1, 1, 4)), ">"),
]
"""Colour (most from Okabe and Ito), line and marker of each series: each of the three alone tells them apart."""

MOST_CLASSES = len(_SERIES)
"""Classes that can be told apart: the ten digits."""

MOST_SERIES = 8
"""Lines of their own in one picture."""

WIDEST = 6.4
"""Inches: the widest picture of which every word can still be read in a column of 80 mm."""

LEFT = 0.75
"""Share of a panel's width that is left between its outermost ticks once the figure has its labels and its legend."""

DIGIT = 0.07
"""Inches that a character of a tick's label takes."""

GREY = "#cccccc"
"""Colour of what stands behind."""

OTHERS = "; all but the highlighted configurations in grey"
"""Part of a caption."""


@contextmanager
def styled() -> Iterator[None]:
    """Context in which matplotlib has its own defaults, overridden by `STYLE`."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield


def new_figure(width: float, height: float, rows: int = 1, columns: int = 1, **how: Any) -> tuple[Figure, list[Axes]]:
    """A figure of `width` by `height` inches with its axes, row by row; its layout keeps neighbours apart."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, **how)
    return figure, list(axes.ravel())


def render(figure: Figure, form: str) -> bytes:
    """The content of a `png` or `svg` file; free of dates and random ids."""
    metadata = {"png": {"Software": "mlpcli"}, "svg": {"Creator": "mlpcli", "Date": None}}[form]
    with io.BytesIO() as file, _without_glyph_warnings():
        figure.savefig(file, format=form, metadata=metadata)
        return file.getvalue()


@contextmanager
def _without_glyph_warnings() -> Iterator[None]:
    """Context in which characters that the font lacks become boxes without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def series(index: int, *, lines: bool = True) -> dict[str, Any]:
    """Colour, line and marker of a series; they repeat after `MOST_CLASSES`."""
    color, line, marker = _SERIES[index % MOST_CLASSES]
    return {"color": color, "linestyle": line if lines else "none", "marker": marker}


def titled(figure: Figure, title: str, below: str) -> None:
    """Set the figure's title and, below the axes, the meaning of its marks, wrapped to its width.

    Call it last: a figure whose legend would reach into title or caption grows.
    """
    inches = figure.get_figwidth()
    heading = figure.suptitle(wrap(title, int(inches * 11)))
    caption = figure.supxlabel(wrap(below, int(inches * 14)), fontsize=8, color="#555555")
    layout = figure.get_layout_engine()
    if not figure.legends or layout is None:
        return
    with _without_glyph_warnings():
        layout.execute(figure)
        box, above, below_it = (part.get_window_extent() for part in (figure.legends[0], heading, caption))
    over = max(box.y1 - above.y0, below_it.y1 - box.y0)
    if over > 0:  # the legend is centred, so half of what the figure grows by is on either side of it
        figure.set_figheight(figure.get_figheight() + 2 * over / figure.dpi + 0.2)


def legend(figure: Figure, panels: Sequence[Axes], title: str | None = None, *, always: bool = False) -> None:
    """Add a legend of the series of all panels to the right of the figure, if there are several or `always`."""
    named: dict[str, Any] = {}
    for panel in panels:
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True):
            named.setdefault(wrap(label), handle[0] if isinstance(handle, ErrorbarContainer) else handle)
    if len(named) > 1 or (named and always):
        name = title and upright(title, 2.4)
        figure.legend(named.values(), named.keys(), loc="outside right center", alignment="left", title=name)


def value_ticks(axes: Axes, numbers: NDArray[np.float64], *, log: bool) -> None:
    """Put the ticks of the x axis at the numbers themselves if their labels fit; else at whole numbers, if all are."""
    numbers = np.unique(numbers)
    places = np.log(numbers) if log else numbers
    labels = [f"{number:.4g}" for number in numbers]
    axis, inches = axes.xaxis, LEFT * axes.bbox.width / axes.figure.dpi
    widths = np.array([DIGIT * len(label) for label in labels])
    apart = np.diff(places) / (np.ptp(places) or 1.0)
    fit = (inches * apart >= (widths[1:] + widths[:-1]) / 2).all() and apart.min(initial=1.0) >= 0.08
    if 1 < len(numbers) <= 10 and fit:
        axis.set_major_locator(FixedLocator(numbers.tolist()))
        axis.set_major_formatter(FixedFormatter(labels))
        axis.set_minor_locator(NullLocator())
        axis.set_minor_formatter(NullFormatter())
    elif not log and (numbers == np.round(numbers)).all():
        whole_ticks(axis)


def log_ticks(axis: Any) -> None:
    """Label a logarithmic axis of few decades with plain numbers: 1, 2 and 5 of each decade."""
    low, high = axis.get_view_interval()
    if high <= 300 * low:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(FuncFormatter(lambda number, _: f"{number:g}"))
        axis.set_minor_formatter(NullFormatter())


def whole_ticks(axis: Any) -> None:
    """Put ticks at whole numbers only."""
    axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))

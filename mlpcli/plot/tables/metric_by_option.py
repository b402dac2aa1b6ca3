"""Choice of the picture that shows a metric against the varied options."""

from collections.abc import Sequence

from mlpcli.plot.factors import Factor, find_factors, fullness
from mlpcli.plot.points import find_points
from mlpcli.plot.selection import Selection
from mlpcli.plot.style import MOST_SERIES, Drawing
from mlpcli.plot.tables.grid import draw_heat_map, draw_panels
from mlpcli.plot.tables.ranking import MOST_ROWS, draw_ranking, draw_slices
from mlpcli.results.folders.read_folder import ResultsFolder

__all__ = ["draw_options"]

MOST_PANELS = 6
ENOUGH_OF_A_GRID = 0.6


def draw_options(folder: ResultsFolder, metric: str, selection: Selection) -> list[Drawing]:
    """The figure that suits the varied options; nothing if none was varied or the metric has no numbers."""
    points = find_points(folder, metric)
    if len(points) < 2:
        return []
    factors = find_factors(folder.varied, folder.drawn, list(points))
    drawn = [
        factor.indices[0] for factor in factors if factor.options[0] in folder.drawn and factor.numbers is not None
    ]
    if len(drawn) > 1:
        return [draw_slices(folder, metric, points, drawn, selection)]
    # The factor with most levels goes along the axis, the next become lines and panels; the last varied goes first.
    ordered = sorted(reversed(factors), key=lambda factor: -len(factor.levels))
    if by := next((factor for factor in ordered if selection.by in factor.options and len(ordered) > 1), None):
        ordered.remove(by)
        ordered.insert(1, by)
    if fullness(factors, len(points)) < ENOUGH_OF_A_GRID:
        return [draw_ranking(folder, metric, points, factors, selection)]
    if _have_room(ordered, MOST_SERIES, MOST_PANELS):
        return [draw_panels(folder, metric, points, ordered, selection)]
    if _have_room(ordered, MOST_ROWS):
        return [draw_heat_map(folder, metric, points, ordered, selection)]
    return [draw_ranking(folder, metric, points, factors, selection)]


def _have_room(ordered: Sequence[Factor], *most: int) -> bool:
    """Whether the first factor has room along an axis, and each other one at most its number of levels in `most`."""
    first, *others = ordered
    fits = first.numbers is not None or len(first.levels) <= MOST_ROWS
    return fits and len(others) <= len(most) and all(len(f.levels) <= n for f, n in zip(others, most, strict=False))

"""The function that a network of one input has learned, against its target."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from mlpcli.atomic import shown
from mlpcli.data import Prepared, prepare
from mlpcli.data.prepared.preprocessing import Column
from mlpcli.errors import DataError
from mlpcli.plot.factors import Values, find_factors
from mlpcli.plot.selection import Selection
from mlpcli.plot.style import Drawing, legend, new_figure, titled, wrap
from mlpcli.results.folders.read_folder import ResultsFolder
from mlpcli.results.trial import Trial
from mlpcli.training.model import Model

__all__ = ["draw_fit"]

MOST_PANELS = 6
MOST_COLUMNS = 3
FEW = 60
"""Training rows at most that are drawn one by one."""


def draw_fit(folder: ResultsFolder, data_home: Path | None, selection: Selection) -> list[Drawing]:
    """Target and network over the one input, the difference below; nothing for other data or without a model.

    Drawn on the validation rows, for generated functions a dense even grid, or else on the training rows.

    Raises:
        DataError: a model file is damaged, or its data have changed since.
    """
    kept = {values: (trial, path) for values, trial in _first_seeds(folder) if (path := folder.model(trial))}
    chosen = set(selection.first(kept, MOST_PANELS)) if folder.is_sweep else set(kept)
    models = [
        (values, trial, path, model)
        for values, (trial, path) in kept.items()
        if values in chosen and _is_a_function(model := Model.load(path))
    ]
    if not models:
        return []
    factors = find_factors(folder.varied, list(folder.configurations))
    columns = min(len(models), MOST_COLUMNS)
    rows = -(-len(models) // columns)
    figure, axes = new_figure(
        2.2 + 3.9 * columns, 5.0 * rows, 2 * rows, columns, gridspec_kw={"height_ratios": [3, 1] * rows}
    )
    tops = [2 * columns * row + column for row in range(rows) for column in range(columns)]
    for top in tops[len(models) :]:
        axes[top].set_visible(False)
        axes[top + columns].set_visible(False)
    for top, (values, _, path, model) in zip(tops, models, strict=False):
        above, below = axes[top], axes[top + columns]
        data = prepare(model.options.data, data_home)
        if data.digest != model.digest:
            raise DataError(f"cannot plot {shown(path)}: {model.options.dataset} has changed since. Train again on it")
        worst = _draw_one(above, below, model, data)
        names = [factor.describe(factor.of(values)) for factor in factors]
        above.set_title(wrap(", ".join([*names, f"largest error {worst:.3g}"]), 44))
    legend(figure, axes)
    seeds = ", ".join(map(str, sorted({trial.seed for _, trial, _, _ in models})))
    part = "validation" if data.val else "training"
    total = len(folder.configurations)
    some = f"; {len(models)} of {total} configurations" if len(models) < total else ""
    lost = f", {len(kept)} models kept (--keep-models all keeps all)" if some and len(kept) < total else ""
    titled(
        figure, f"{folder.name}: the fitted function and its target", f"on the {part} rows, seed {seeds}{some}{lost}"
    )
    return [Drawing("fit", figure)]


def _draw_one(above: Axes, below: Axes, model: Model, data: Prepared) -> float:
    """Target and network above, their difference below, all in the data's own units; returns the largest difference."""
    fitted, part = model.preprocessing, data.val or data.train
    column = fitted.columns[0]
    circles: dict[str, Any] = {"color": "#000000", "linestyle": "none", "marker": "o", "fillstyle": "none"}
    order = np.argsort(part.x[:, 0], kind="stable")
    x = _own_units(part.x[order], column)
    target = fitted.inverse_target(part.y[order])[:, 0]
    found = fitted.inverse_target(model.scores(part.x[order]))[:, 0]
    above.plot(x, target, color="#b0b0b0", linewidth=4, label="target")
    above.plot(x, found, color="#000000", linewidth=1.2, linestyle="--", label="network")
    if len(data.train) <= FEW:
        rows = _own_units(data.train.x, column), fitted.inverse_target(data.train.y)[:, 0]
        above.plot(*rows, label="training row", **circles)
    below.sharex(above)
    above.tick_params(labelbottom=False)
    below.plot(x, found - target, color="#000000", linewidth=1.0)
    above.set_ylabel(wrap(fitted.targets[0]))
    below.set_ylabel("difference")
    below.set_xlabel(wrap(fitted.features[0]))
    return float(np.abs(found - target).max())


def _own_units(x: NDArray[Any], column: Column) -> NDArray[np.float64]:
    """Scaled inputs `(rows, 1)` as they were before scaling, `(rows,)`."""
    own: NDArray[np.float64] = x[:, 0].astype(np.float64) * column.scale + column.center
    return own


def _first_seeds(folder: ResultsFolder) -> Iterator[tuple[Values, Trial]]:
    """Each configuration with its first trial whose model was kept."""
    for values, trials in folder.configurations.items():
        if kept := [trial for trial in trials if folder.model(trial)]:
            yield values, kept[0]


def _is_a_function(model: Model) -> bool:
    """Whether it takes one number to one number."""
    fitted = model.preprocessing
    return fitted.task == "regression" and len(fitted.features) == len(fitted.targets) == 1

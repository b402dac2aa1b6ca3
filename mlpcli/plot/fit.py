"""The function that a network of one input has learned, against the one it was to learn."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from mlpcli.atomic import shown
from mlpcli.data import Prepared, prepare
from mlpcli.data.prepared.preprocessing import Column
from mlpcli.errors import DataError
from mlpcli.plot.factors import find_factors
from mlpcli.plot.style import Drawing, legend, new_figure, titled, wrap
from mlpcli.results.read_folder import ResultsFolder
from mlpcli.results.trial import Trial
from mlpcli.training.model import Model

__all__ = ["draw_fit"]

MOST_PANELS = 4
FEW = 60
"""Training rows that are drawn one by one."""


def draw_fit(folder: ResultsFolder, data_home: Path | None) -> list[Drawing]:
    """Target and network over the one input, with the difference below; none for other data or without a model.

    Drawn on the validation rows, for generated functions a dense even grid, or else on the training rows.

    Raises:
        DataError: a model file is damaged, or its data have changed since.
    """
    kept = [(trial, path) for trial in _first_seeds(folder) if (path := folder.model(trial))]
    models = [(trial, path, model) for trial, path in kept[:MOST_PANELS] if _is_a_function(model := Model.load(path))]
    if not models:
        return []
    factors = find_factors(folder.varied, list(folder.configurations))
    count = len(models)
    figure, axes = new_figure(2.2 + 3.9 * count, 5.0, 2, count, sharex="col", gridspec_kw={"height_ratios": [3, 1]})
    for index, (trial, path, model) in enumerate(models):
        data = prepare(model.options.data, data_home)
        if data.digest != model.digest:
            raise DataError(f"cannot plot {shown(path)}: {model.options.dataset} has changed since. Train again on it")
        worst = _draw_one(axes[index], axes[count + index], model, data)
        names = [factor.describe(factor.of(tuple(map(str, trial.values)))) for factor in factors]
        axes[index].set_title(wrap(", ".join([*names, f"largest error {worst:.3g}"]), 44))
    legend(figure, axes)
    seeds = ", ".join(map(str, sorted({trial.seed for trial, _, _ in models})))
    rows = "validation" if data.val else "training"
    titled(figure, f"{folder.name}: the fitted function and its target", f"on the {rows} rows, seed {seeds}")
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
    below.plot(x, found - target, color="#000000", linewidth=1.0)
    above.set_ylabel(wrap(fitted.targets[0]))
    below.set_ylabel("difference")
    below.set_xlabel(wrap(fitted.features[0]))
    return float(np.abs(found - target).max())


def _own_units(x: NDArray[Any], column: Column) -> NDArray[np.float64]:
    """Scaled inputs `(rows, 1)` as they were before scaling, `(rows,)`."""
    own: NDArray[np.float64] = x[:, 0].astype(np.float64) * column.scale + column.center
    return own


def _first_seeds(folder: ResultsFolder) -> list[Trial]:
    """Of every configuration the first trial whose model was kept."""
    firsts = (next((t for t in trials if folder.model(t)), None) for trials in folder.configurations.values())
    return [trial for trial in firsts if trial]


def _is_a_function(model: Model) -> bool:
    """Whether it takes one number to one number."""
    fitted = model.preprocessing
    return fitted.task == "regression" and len(fitted.features) == len(fitted.targets) == 1

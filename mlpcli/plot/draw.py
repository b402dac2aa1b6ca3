"""All pictures for which a results folder has the numbers."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mlpcli.atomic import shown
from mlpcli.errors import UsageError
from mlpcli.plot.columns import epochs_of
from mlpcli.plot.curves import draw_curves
from mlpcli.plot.diagnostics import draw_drift, draw_gradient, draw_noise
from mlpcli.plot.fit import draw_fit
from mlpcli.plot.metric_by_option import draw_options
from mlpcli.plot.selection import Asked, select
from mlpcli.plot.style import render, styled
from mlpcli.results.folders.read_folder import ResultsFolder, read_folder
from mlpcli.wording import nearest, sentence

__all__ = ["pictures"]

ALL = Asked()


def pictures(
    path: Path, metric: str | None, kind: str, data_home: Path | None, asked: Asked = ALL
) -> Iterator[tuple[str, bytes]]:
    """File name and content of each picture; `kind` is png or svg, `metric` by default the one that ranks.

    Raises:
        UsageError: the folder has no such metric, nothing that is `asked` for, or nothing to draw.
        DataError, FileError: a file in it is not one that mlpcli writes, or cannot be read.
    """
    folder = read_folder(path)
    metric, selection = _checked(folder, metric), select(folder, asked)
    with styled():
        drawings = [
            *draw_curves(folder, metric, selection),
            *draw_options(folder, metric, selection),
            *draw_noise(folder),
            *draw_gradient(folder),
            *draw_drift(folder),
            *draw_fit(folder, data_home, selection),
        ]
        if not drawings:
            raise UsageError(
                f"there is nothing to draw in {shown(path)}: no epoch was trained there. Nothing was written"
            )
        for name, figure in drawings:
            yield f"plot-{name}.{kind}", render(figure, kind)


def _checked(folder: ResultsFolder, metric: str | None) -> str:
    """A metric that has numbers in this folder."""
    if metric is None:
        return folder.metric
    known = dict.fromkeys(
        name
        for trial in folder.trials
        for source in (epochs_of(folder, trial), trial.numbers)
        for name, numbers in source.items()
        if name not in ("epoch", "step") and np.isfinite(np.asarray(numbers, float)).any()
    )
    if metric not in known:
        raise UsageError(
            sentence(f"--metric {metric}: {shown(folder.path)} has no such numbers{nearest(metric, known)}")
            + f" It has {', '.join(known)}"
        )
    return metric

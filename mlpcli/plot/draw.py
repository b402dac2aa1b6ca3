"""All pictures for which a results folder has what they need."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from mlpcli.errors import MlpcliError, UsageError
from mlpcli.plot.columns import epochs_of
from mlpcli.plot.kinds import KINDS, NEEDS
from mlpcli.plot.networks.animation import draw_animations
from mlpcli.plot.networks.calibration import draw_calibration
from mlpcli.plot.networks.confusion import draw_confusion
from mlpcli.plot.networks.diagram import draw_network
from mlpcli.plot.networks.fit import draw_fit
from mlpcli.plot.networks.hidden import draw_hidden
from mlpcli.plot.networks.kept import Networks
from mlpcli.plot.networks.regions import draw_regions
from mlpcli.plot.networks.weight_images import draw_weights
from mlpcli.plot.selection import Asked, Selection, select
from mlpcli.plot.style import Drawing, render, styled
from mlpcli.plot.tables.curves import draw_curves
from mlpcli.plot.tables.diagnostics import draw_drift, draw_gradient, draw_noise
from mlpcli.plot.tables.metric_by_option import draw_options
from mlpcli.plot.tables.parallel import draw_parallel
from mlpcli.plot.tables.schedule import draw_schedule
from mlpcli.plot.tables.search import draw_course, draw_importance
from mlpcli.results.folders.read_folder import ResultsFolder, read_folder
from mlpcli.results.trial import Trial
from mlpcli.wording import nearest, sentence

__all__ = ["OF_NETWORKS", "OF_TABLES", "animations", "pictures"]

ALL = Asked()

OF_TABLES: dict[str, Callable[[ResultsFolder, str, Selection], list[Drawing]]] = {
    "curves": draw_curves,
    "schedule": lambda folder, metric, selection: draw_schedule(folder, selection),
    "options": draw_options,
    "parallel": draw_parallel,
    "course": lambda folder, metric, selection: draw_course(folder, metric),
    "importance": lambda folder, metric, selection: draw_importance(folder, metric),
    "noise": lambda folder, metric, selection: draw_noise(folder),
    "gradient": lambda folder, metric, selection: draw_gradient(folder),
    "drift": lambda folder, metric, selection: draw_drift(folder, selection),
}
"""The kinds that need tables only: each function returns nothing where it has nothing to draw."""

OF_NETWORKS: dict[str, Callable[[Networks], list[Drawing]]] = {
    "network": draw_network,
    "fit": draw_fit,
    "regions": draw_regions,
    "hidden": draw_hidden,
    "weights": draw_weights,
    "confusion": draw_confusion,
    "calibration": draw_calibration,
}
"""The kinds that need a model file, and most of them the data too."""


def pictures(
    path: Path,
    metric: str | None,
    form: str,
    data_home: Path | None,
    asked: Asked = ALL,
    *,
    trial: Trial | None = None,
    only: Sequence[str] = (),
    leave_out: Callable[[str], None] = lambda text: None,
) -> Iterator[tuple[str, bytes]]:
    """File name and content of each picture; `form` is png or svg, `metric` by default the one that ranks.

    With `trial` the pictures show one trial of the sweep, and its number is in their names. With `only` they are those
    of these kinds. A picture that cannot be drawn, because its network or its data are missing, is left out:
    `leave_out` is told which and why.

    Raises:
        UsageError: the folder has no such metric, nothing that is `asked` for, or nothing to draw.
        DataError, FileError: a file in it is not one that mlpcli writes, or cannot be read.
    """
    folder = read_folder(path) if trial is None else read_folder(path).only(trial)
    number = "" if trial is None else f"trial-{trial.number}-"
    metric, selection = _checked(folder, metric), select(folder, asked)
    networks, reasons = Networks(folder, selection, data_home), dict[str, list[str]]()
    error: MlpcliError = UsageError(_nothing(folder.place, only))
    count = 0
    with styled():
        for name in only or KINDS:
            try:
                drawings = (
                    OF_TABLES[name](folder, metric, selection) if name in OF_TABLES else OF_NETWORKS[name](networks)
                )
            except MlpcliError as failure:
                reasons.setdefault(str(failure), []).append(name)
                error = failure
                continue
            if only and not drawings:
                reasons.setdefault(f"it takes {NEEDS[name]}", []).append(name)
            for drawn, figure in drawings:
                count += 1
                yield f"plot-{number}{drawn}.{form}", render(figure, form)
    if not count:
        raise error
    for reason, names in reasons.items():
        leave_out(f"left out {', '.join(names)}: {reason}")


def animations(
    path: Path, data_home: Path | None, asked: Asked = ALL, *, trial: Trial | None = None, only: Sequence[str] = ()
) -> Iterator[tuple[str, bytes]]:
    """File name and content of each GIF of a run whose weights were kept after every epoch.

    Raises:
        UsageError: they were not, or the network has nothing to show.
        DataError, FileError: a file is not one that mlpcli writes, or its data have changed or cannot be read.
    """
    folder = read_folder(path) if trial is None else read_folder(path).only(trial)
    networks = Networks(folder, select(folder, asked), data_home)
    with styled():
        for name, content in draw_animations(networks, only):
            yield f"plot-{name}.gif", content


def _nothing(place: str, only: Sequence[str]) -> str:
    if only:
        needs = "; ".join(f"{name} takes {NEEDS[name]}" for name in only)
        return f"--only {','.join(only)}: {place} has nothing for that. Nothing was written. {needs}"
    return f"there is nothing to draw in {place}: no epoch was trained there. Nothing was written"


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
            sentence(f"--metric {metric}: {folder.place} has no such numbers{nearest(metric, known)}")
            + f" It has {', '.join(known)}"
        )
    return metric

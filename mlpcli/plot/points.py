"""Means of configurations: the numbers behind every picture of options, and how their spread is drawn."""

import math
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlpcli.config.metrics import Measure
from mlpcli.plot.factors import Values
from mlpcli.results.folders.read_folder import ResultsFolder
from mlpcli.results.statistics import estimate, overlap_of
from mlpcli.results.trial import Trial

__all__ = [
    "Point",
    "Points",
    "error_bars",
    "explain",
    "find_points",
    "is_error",
    "left_out",
    "repeats",
    "spread_of",
    "suits_log",
]


class Point(NamedTuple):
    """A configuration's mean over its seeds or folds, with half of its 95% interval, nan where there is none."""

    mean: float
    half: float
    seeds: int


Points = dict[Values, Point]


def find_points(folder: ResultsFolder, metric: str) -> Points:
    """The point of every configuration of which a trial ran to its end, as summary.csv has it."""
    found: Points = {}
    overlap = overlap_of(trial.fold for trial in folder.trials)
    for values, trials in folder.judged.items():
        numbers = [score for trial in trials if math.isfinite(score := _number(trial, metric))]
        if numbers:
            known = estimate(numbers, overlap)
            half = math.nan if known.ci_high is None else known.ci_high - known.mean
            found[values] = Point(known.mean, half, len(numbers))
    return found


def _number(trial: Trial, metric: str) -> float:
    value = trial.numbers.get(metric)
    return math.nan if value is None else value


def repeats(folder: ResultsFolder) -> str:
    """What the trials of a configuration differ in: seeds, folds, or both."""
    if all(trial.fold is None for trial in folder.trials):
        return "seeds"
    return "trials" if len({trial.seed for trial in folder.trials}) > 1 else "folds"


def origin(trials: Iterable[Trial]) -> str:
    """The seeds of trials, and their folds if they have any: `seed 0, fold 3`."""
    trials = [*trials]
    folds = sorted({trial.fold for trial in trials if trial.fold is not None})
    seeds = f"seed {', '.join(map(str, sorted({trial.seed for trial in trials})))}"
    return seeds + (f", fold {', '.join(map(str, folds))}" if folds else "")


def explain(folder: ResultsFolder, points: Points) -> str:
    """Caption: the meaning of the marks, and what is left out."""
    seeds = [point.seeds for point in points.values()]
    meaning = "one seed" if {*seeds} == {1} else f"mean and 95% interval over {spread_of(seeds)} {repeats(folder)}"
    return meaning + left_out(folder)


def left_out(folder: ResultsFolder) -> str:
    """Part of a caption: the trials that the means of configurations are without; empty if there is none."""
    text = "; confirmed configurations by their fresh seeds alone" if folder.has_fresh_seeds else ""
    missing = sum(trial.state != "complete" for trial in folder.trials) if folder.is_sweep else 0
    return f"{text}; {missing} failed, diverged or pruned trials left out" if missing else text


def spread_of(counts: Collection[int]) -> str:
    """`3` where all are equal, else `2 to 6`."""
    low, high = min(counts), max(counts)
    return f"{low}" if low == high else f"{low} to {high}"


def error_bars(metric: str, points: Sequence[Point]) -> NDArray[np.float64] | None:
    """Both halves of the intervals as matplotlib takes them, `(2, points)`; None where no point has one.

    They end where the metric does: no accuracy is above 1, no error below 0, which a logarithmic axis draws as a line
    that leaves the picture.
    """
    means, below = np.array([[point.mean, point.half] for point in points]).T
    if np.isnan(below).all():
        return None
    measure, above = Measure.find(metric), below
    low, high = (-math.inf, math.inf) if measure is None else measure.metric.bounds
    above = np.minimum(above, high - means)
    if low == 0:
        below = np.minimum(below, means)
    halves: NDArray[np.float64] = np.nan_to_num(np.stack([below, above]))
    return halves


def is_error(metric: str) -> bool:
    """Whether the metric is better the nearer it comes to 0."""
    measure = Measure.find(metric)
    return measure is not None and not measure.metric.larger_is_better


def suits_log(metric: str, means: Collection[float]) -> bool:
    """Whether only a logarithmic axis shows all these means: those of an error that spans a decade."""
    return is_error(metric) and min(means) > 0 and max(means) >= 10 * min(means)

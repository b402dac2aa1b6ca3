"""The course of a search: its configurations in the order in which they were asked for, as search.jsonl has them.

The seconds are those of training, from trials.csv, so they count the work of all workers one after the other.
"""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from mlpcli.config.metrics import Measure
from mlpcli.results.files.csv_text import cell
from mlpcli.results.files.read_file import damaged, read_json_lines
from mlpcli.results.folders.read_folder import ResultsFolder
from mlpcli.results.folders.read_trials import RERUN
from mlpcli.results.folders.sweep_ownership import SEARCH
from mlpcli.results.schema.json_schema import SearchLine

__all__ = ["Tried", "best_so_far", "read_course"]


@dataclass(frozen=True)
class Tried:
    """A configuration that a search asked for.

    Attributes:
        options: its values of the varied options by name, as JSON has them.
        cells: the same values as trials.csv has them.
        score: mean of the metric over the seeds that the search was told; None if one of them failed or diverged.
        ended: whether it trained to its end; otherwise it was pruned, and the score is the best so far.
        seconds: seconds of training of these seeds.
        confirmed: mean over the fresh seeds of [confirm]; None if it was not confirmed.
    """

    options: Mapping[str, Any]
    cells: tuple[str, ...]
    score: float | None
    ended: bool
    seconds: float
    confirmed: float | None = None


def read_course(folder: ResultsFolder) -> list[Tried]:
    """The configurations that a search has asked for so far; none for a sweep without [search].

    Raises:
        DataError: search.jsonl is not one that mlpcli writes.
        FileError: it cannot be read.
    """
    path = folder.path / SEARCH
    if not folder.is_sweep or folder.number is not None or not os.path.isfile(path):
        return []
    times = {
        (tuple(map(cell, trial.options.values())), _repeat(trial.seed, trial.fold)): trial.time_s or 0.0
        for trial in folder.trials
    }
    lines: dict[int, list[Mapping[str, Any]]] = {}
    for number, line in enumerate(read_json_lines(path, SearchLine, RERUN), start=1):
        if folder.metric not in line:
            raise damaged(path, f"line {number}: key {folder.metric}: Field required", RERUN)
        lines.setdefault(line["configuration"], []).append(line)
    return [_tried(mine, folder, times) for mine in lines.values()]


def best_so_far(course: Sequence[Tried], metric: str) -> list[float | None]:
    """The best score of those that trained to their end, after each configuration; None before the first of them."""
    key = Measure.parse(metric).metric.key
    scores = [one.score if one.ended else None for one in course]

    def better(best: float | None, score: float | None) -> float | None:
        return score if best is None else best if score is None else min(best, score, key=key)

    return [*accumulate(scores, better)]


def _tried(
    lines: Sequence[Mapping[str, Any]], folder: ResultsFolder, times: Mapping[tuple[tuple[str, ...], str], float]
) -> Tried:
    """The configuration of these lines: each round told more of it, and seeds that none of them had confirm it."""
    metric = folder.metric
    fresh = [line for line in lines[1:] if line[metric].keys().isdisjoint(lines[0][metric])]
    last = [line for line in lines if line not in fresh][-1]
    cells = tuple(cell(last["options"].get(name)) for name in folder.varied)
    return Tried(
        options=last["options"],
        cells=cells,
        score=_mean(last[metric]),
        ended=last["ended"],
        seconds=math.fsum(times.get((cells, repeat), 0.0) for repeat in last[metric]),
        confirmed=_mean(fresh[-1][metric]) if fresh else None,
    )


def _mean(scores: Mapping[str, float | None]) -> float | None:
    known = [score for score in scores.values() if score is not None]
    return math.fsum(known) / len(known) if known and len(known) == len(scores) else None


def _repeat(seed: int, fold: int | None) -> str:
    """The seed of a trial as search.jsonl names it, with its fold in cross-validation."""
    return f"{seed}" if fold is None else f"{seed}/{fold}"

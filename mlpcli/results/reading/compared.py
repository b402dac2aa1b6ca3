"""Runs and trials side by side: the options in which they differ, their scores, and differences paired by seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mlpcli.config import OPTIONS
from mlpcli.errors import UsageError
from mlpcli.results.folders.find import find_named
from mlpcli.results.folders.read_trials import judged, read_trials, usual_metric
from mlpcli.results.reading.folder_rows import Row
from mlpcli.results.reading.recorded import Recorded, read_recorded
from mlpcli.results.statistics import estimate, holm, overlap_of
from mlpcli.results.summary import Comparable, Paired, paired_difference
from mlpcli.results.trial import Trial

__all__ = ["Side", "compared_options", "configuration_rows", "endings", "find_sides", "other_data", "side_rows"]

Repeat = tuple[int, int | None]
"""A seed and a fold; None without cross-validation."""


@dataclass(frozen=True)
class Side:
    """One of the things compared: a run, or a trial with those that differ from it by their seed alone.

    `seeds` are these trials of its configuration by seed and fold, of a confirmed one the fresh seeds alone, as in
    summary.csv, and `earlier` are its others; a run has none. `metric` ranks its sweep or the epochs of the run, and
    `overlap` is that of `results.statistics`: by the folds of the sweep, whether or not all of them have a score.
    `folder` is the sweep's.
    """

    recorded: Recorded
    seeds: Mapping[Repeat, Trial]
    metric: str
    overlap: float = 0.0
    earlier: Mapping[Repeat, Trial] = field(default_factory=dict)
    folder: Path | None = None

    @property
    def name(self) -> str:
        """The name by which commands take it."""
        return self.recorded.name

    @property
    def comparable(self) -> Comparable:
        """Its trials as `paired_difference` takes them."""
        return Comparable(self.seeds.values(), self.earlier.values())

    @property
    def is_pruned(self) -> bool:
        """Whether a trial of it was stopped at a rung, so that its scores are not those of a whole training."""
        return any(trial.state == "pruned" for trial in self.seeds.values())

    def scores(self, metric: str) -> dict[Repeat, float]:
        """The values of a metric by seed and fold, of the trials that have one."""
        values = {seed: trial.score(metric) for seed, trial in self.seeds.items()}
        return {seed: value for seed, value in values.items() if value is not None}


def find_sides(names: Sequence[str], root: Path) -> list[Side]:
    """What the names mean, a whole sweep by its best trial, and `SWEEP/best:5` five of them.

    Raises:
        UsageError: there is nothing of a name, or fewer than two things to compare.
        DataError, FileError: a file is damaged or cannot be read.
    """
    sides = [side for name in names for side in _sides(name, root)]
    if len(sides) < 2:
        raise UsageError("compare needs two or more runs or trials. Name another one, such as SWEEP/0 or SWEEP/best:2")
    return sides


def compared_options(sides: Sequence[Side], *, every: bool = False) -> list[str]:
    """The options whose values differ; with `every` those that are not at their default on all sides.

    Sides of one run_id are one training, though a run records what `auto` stood for, and a trial may not.
    """
    if not every and len({side.recorded.trial.run_id or side.name for side in sides}) == 1:
        return []
    return [
        name
        for name in OPTIONS
        if len(values := {str(_option(side, name)) for side in sides}) > 1
        or (every and values != {str(OPTIONS[name].default)})
    ]


def side_rows(sides: Sequence[Side], options: Sequence[str]) -> list[Row]:
    """One row per side: its options and the numbers of its trial."""
    return [
        {
            "name": side.name,
            "state": side.recorded.trial.state or "unfinished",
            **{name: _option(side, name) for name in options},
            **side.recorded.trial.numbers,
        }
        for side in sides
    ]


def other_data(sides: Sequence[Side]) -> list[str]:
    """What sides of equal options may differ in, in words, where their run_ids differ; nothing where these agree."""
    run_ids = {side.recorded.trial.run_id for side in sides}
    return ["run_id does: other data, or another plugin"] if len(run_ids - {""}) > 1 else []


def endings(sides: Sequence[Side]) -> list[str]:
    """How each side ended that is not complete, in words; none where all ended alike."""
    trials = {side.name: side.recorded.trial for side in sides}
    if len({(trial.state, trial.epochs_run) for trial in trials.values()}) == 1:
        return []
    words = {"pruned": "was pruned at epoch {}", "complete": "", None: "is unfinished"}
    said = {name: words.get(trial.state, str(trial.state)).format(trial.epochs_run) for name, trial in trials.items()}
    return [f"{name} {ending}" for name, ending in said.items() if ending]


def configuration_rows(sides: Sequence[Side]) -> tuple[list[Row], str | None]:
    """One row per configuration of trials, each against the first, and the metric of the first; empty for one seed.

    Differences are paired by the seeds that both have; p-values are corrected by Holm's method over all rows that have
    one. Seeds are paired as for summary.csv.
    """
    distinct: dict[tuple[object, ...], Side] = {}
    for side in sides:  # equal ones of two folders stand for two versions, or machines
        if side.seeds:  # a configuration has the name by which it was named first
            alike = tuple((trial.run_id, trial.state) for trial in side.seeds.values())
            distinct.setdefault((side.folder, alike), side)
    metric = next((side.metric for side in distinct.values()), None)
    scored = [(side, scores) for side in distinct.values() if metric and (scores := side.scores(metric))]
    if metric is None or len(scored) < 2 or max(len(scores) for _, scores in scored) < 2:
        return [], None
    (reference, _), *others = scored
    paired = [None, *(_paired(side, reference, metric) for side, _ in others)]
    p_values = holm([pair and pair.difference.p_value for pair in paired])
    rows = []
    for (side, scores), pair, p_value in zip(scored, paired, p_values, strict=True):
        found = pair and pair.difference
        mean = estimate(list(scores.values()), side.overlap)
        rows.append(
            {
                "name": side.name,
                "n_seeds": len(scores),
                f"{metric}_mean": mean.mean,
                f"{metric}_ci_low": None if side.is_pruned else mean.ci_low,
                f"{metric}_ci_high": None if side.is_pruned else mean.ci_high,
                "shared_seeds": pair and pair.seeds,
                "diff_mean": found and found.mean,
                "diff_ci_low": found and found.ci_low,
                "diff_ci_high": found and found.ci_high,
                "p_value": p_value,
            }
        )
    return rows, metric


def _paired(side: Side, reference: Side, metric: str) -> Paired | None:
    return paired_difference(side.comparable, reference.comparable, metric, max(side.overlap, reference.overlap))


def _sides(name: str, root: Path) -> list[Side]:
    named = find_named(name, root)
    if not named.is_sweep:
        recorded = read_recorded(named)
        return [Side(recorded, {}, recorded.given.get("monitor") or usual_metric(recorded.columns))]
    sweep = named.sweep or read_trials(named.path)
    trials = named.trials or sweep.ranked[:1]
    if not trials:
        raise UsageError(f"no trial of {name[:200]} is complete, so none is the best. Run the sweep again")
    whole = replace(named, sweep=sweep)
    overlap = overlap_of(trial.fold for trial in sweep.trials)
    sides = []
    for trial in trials:
        alike = [other for other in sweep.trials if other.configuration == trial.configuration]
        seeds = {(other.seed, other.fold): other for other in judged(alike, sweep.last_seed)}
        earlier = {repeat: other for other in alike if (repeat := (other.seed, other.fold)) not in seeds}
        recorded = read_recorded(replace(whole, trials=(trial,)))
        sides.append(Side(recorded, seeds, sweep.metric, overlap, earlier, named.path))
    return sides


def _option(side: Side, name: str) -> Any:
    return side.recorded.given.get(name, OPTIONS[name].default)

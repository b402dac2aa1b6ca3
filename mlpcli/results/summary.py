"""summary.csv: the scores of each configuration over its seeds, and whether its difference to another is real."""

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from mlpcli.config.metrics import Measure
from mlpcli.results.statistics import Difference, Estimate, difference, estimate, holm
from mlpcli.results.trial import Trial

__all__ = [
    "Comparable",
    "Configuration",
    "Paired",
    "Rival",
    "paired_difference",
    "rivals_of_best",
    "summarize",
    "summary_columns",
]

Row = dict[str, Any]


class Comparable(NamedTuple):
    """The trials of a configuration with the seeds that judge it and, if it was confirmed, with those that chose it."""

    trials: Collection[Trial]
    earlier: Collection[Trial] = ()


class Paired(NamedTuple):
    """The difference of two configurations, and the number of seeds that both have."""

    seeds: int
    difference: Difference


@dataclass(frozen=True)
class Configuration:
    """A configuration's values of the varied options, its trials, and the index of its baseline.

    `is_confirmed` is None in a sweep without [confirm]; where it is True, `trials` are those with fresh seeds, and
    `earlier` those with the seeds of the file, which configurations that were not confirmed are compared with.
    """

    values: Sequence[object]
    trials: Sequence[Trial]
    baseline: int | None
    is_confirmed: bool | None = None
    earlier: Sequence[Trial] = ()

    @property
    def comparable(self) -> Comparable:
        """Its trials as `paired_difference` takes them."""
        return Comparable(self.trials, self.earlier)


@dataclass(frozen=True)
class Rival:
    """A configuration that the best is compared with: what it is, its rank, and the best's difference to it."""

    name: str
    rank: int
    difference: Difference


def summary_columns(varied: Sequence[str], metric: str, *, confirmed: bool = False) -> list[str]:
    """The columns of summary.csv; `confirmed` if the sweep confirms its best."""
    test = Measure.parse(metric).on("test")
    return [
        "rank",
        *varied,
        *(["confirmed"] if confirmed else []),
        "n_seeds",
        *(f"{metric}_{part}" for part in ("mean", "std", "ci_low", "ci_high")),
        *("diff_mean", "diff_ci_low", "diff_ci_high", "p_value"),
        *("parameters", "time_s"),
        *(f"{test}_{part}" for part in ("mean", "std")),
    ]


def summarize(
    configurations: Sequence[Configuration], varied: Sequence[str], metric: str, overlap: float = 0.0
) -> list[Row]:
    """One row per configuration, best first.

    `overlap` is that of the trials' training rows, as in `statistics`. They are ranked by the mean of `metric` over the
    seeds that have one; confirmed ones come before all others. Pruned configurations come after the others, those that
    trained longer first; configurations with a failed or diverged seed come last. p-values are corrected by Holm's
    method over the rows that have one, those of confirmed ones apart: what chose them takes nothing from that test.
    """
    order = sorted(range(len(configurations)), key=lambda i: _rank(configurations[i], i, metric))
    differences = [_difference(configurations, index, metric, overlap) for index in order]
    p_values: list[float | None] = [None] * len(order)
    for kind in {configuration.is_confirmed for configuration in configurations}:
        places = [place for place, index in enumerate(order) if configurations[index].is_confirmed == kind]
        own = holm([found.p_value if (found := differences[place]) else None for place in places])
        for place, p_value in zip(places, own, strict=True):
            p_values[place] = p_value
    return [
        _row(rank, configurations[index], varied, metric, found, p, overlap)
        for rank, (index, found, p) in enumerate(zip(order, differences, p_values, strict=True), start=1)
    ]


def paired_difference(ours: Comparable, theirs: Comparable, metric: str, overlap: float = 0.0) -> Paired | None:
    """The difference of two configurations over the seeds that have a value in both; None where they share none.

    Those that judge are paired; only where they share none, and one of the two was not confirmed, those that chose. For
    a pruned configuration there is the mean alone, since its training was cut short.
    """
    pairs = [(ours.trials, theirs.trials)]
    if not (ours.earlier and theirs.earlier):
        pairs.append((ours.earlier or ours.trials, theirs.earlier or theirs.trials))
    for one, other in pairs:
        values, references = _values(one, metric), _values(other, metric)
        if shared := [seed for seed in values if seed in references]:
            found = difference([values[seed] for seed in shared], [references[seed] for seed in shared], overlap)
            is_whole = not (_pruned(one) or _pruned(other))
            return Paired(len(shared), found if is_whole else Difference(found.mean, None, None, None))
    return None


def rivals_of_best(configurations: Sequence[Configuration], metric: str, overlap: float = 0.0) -> list[Rival]:
    """The best configuration's paired differences to the runner-up and to the median, for want of a baseline.

    Only configurations count whose trials are all complete, after [confirm] those that it confirmed; the median is the
    lower one of an even number. The best was chosen by the same scores, which favours it: the p-values are no proof,
    except after [confirm].
    """
    ranks = [_rank(configuration, index, metric) for index, configuration in enumerate(configurations)]
    order = sorted(range(len(configurations)), key=ranks.__getitem__)
    complete = [index for index in order if ranks[index][:2] == (ranks[order[0]][0], 0)]
    places = {"runner-up": 1, "median": len(complete) // 2}
    best, found = complete[0] if complete else 0, []
    for name, place in places.items() if len(complete) > 1 else ():
        compared = [*configurations, replace(configurations[best], baseline=complete[place])]
        difference = _difference(compared, len(configurations), metric, overlap)
        if difference is not None and (place > 1 or name == "runner-up"):
            found.append(Rival(name, order.index(complete[place]) + 1, difference))
    return found


def _row(
    rank: int,
    configuration: Configuration,
    varied: Sequence[str],
    metric: str,
    found: Difference | None,
    p_value: float | None,
    overlap: float,
) -> Row:
    values = _values(configuration.trials, metric)
    score = _estimate(list(values.values()), configuration, overlap)
    test = Measure.parse(metric).on("test")
    tested = _estimate(list(_values(configuration.trials, str(test)).values()), configuration, overlap)
    parameters = [trial.parameters for trial in configuration.trials if trial.parameters is not None]
    return {
        "rank": rank,
        **dict(zip(varied, configuration.values, strict=True)),
        **({} if configuration.is_confirmed is None else {"confirmed": configuration.is_confirmed}),
        "n_seeds": len(values),
        f"{metric}_mean": score and score.mean,
        f"{metric}_std": score and score.std,
        f"{metric}_ci_low": score and score.ci_low,
        f"{metric}_ci_high": score and score.ci_high,
        "diff_mean": found and found.mean,
        "diff_ci_low": found and found.ci_low,
        "diff_ci_high": found and found.ci_high,
        "p_value": p_value,
        "parameters": parameters[0] if parameters else None,
        "time_s": math.fsum(trial.time_s or 0.0 for trial in configuration.trials),
        f"{test}_mean": tested and tested.mean,
        f"{test}_std": tested and tested.std,
    }


def _estimate(values: Sequence[float], configuration: Configuration, overlap: float) -> Estimate | None:
    """Mean and spread; only the mean for a pruned configuration, since its training was cut short."""
    if not values:
        return None
    found = estimate(values, overlap)
    return Estimate(found.mean, None, None, None) if _pruned(configuration.trials) else found


def _difference(
    configurations: Sequence[Configuration], index: int, metric: str, overlap: float = 0.0
) -> Difference | None:
    """The difference of a configuration to its baseline."""
    configuration = configurations[index]
    if configuration.baseline is None:
        return None
    baseline = configurations[configuration.baseline]
    paired = paired_difference(configuration.comparable, baseline.comparable, metric, overlap)
    return paired and paired.difference


def _values(trials: Iterable[Trial], metric: str) -> dict[tuple[int, int | None], float]:
    """The metric by seed and fold, without those that have none."""
    scores = (((trial.seed, trial.fold), trial.score(metric)) for trial in trials)
    return {seed: float(score) for seed, score in scores if score is not None}


def _rank(configuration: Configuration, index: int, metric: str) -> tuple[bool, int, int, float, int]:
    values = list(_values(configuration.trials, metric).values())
    key = Measure.parse(metric).metric.key(estimate(values).mean) if values else math.inf
    epochs = max((trial.epochs_run or 0 for trial in configuration.trials), default=0)
    group = 2 if len(values) < len(configuration.trials) or not values else 1 if _pruned(configuration.trials) else 0
    return not configuration.is_confirmed, group, -epochs if group == 1 else 0, key, index


def _pruned(trials: Iterable[Trial]) -> bool:
    return any(trial.state == "pruned" for trial in trials)

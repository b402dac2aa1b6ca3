"""summary.csv: what the seeds of each configuration say together, and whether its difference to another is real."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlpcli.config.metrics import Measure
from mlpcli.results.statistics import Difference, Estimate, difference, estimate, holm

__all__ = ["Configuration", "summarize", "summary_columns"]

Row = dict[str, Any]


@dataclass(frozen=True)
class Configuration:
    """A configuration's values of the varied options, its records of trials.csv by seed, and its baseline's index."""

    values: Sequence[object]
    records: Mapping[int, Mapping[str, Any]]
    baseline: int | None


def summary_columns(varied: Sequence[str], metric: str) -> list[str]:
    """The columns of summary.csv."""
    test = Measure.parse(metric).on("test")
    return [
        "rank",
        *varied,
        "n_seeds",
        *(f"{metric}_{part}" for part in ("mean", "std", "ci_low", "ci_high")),
        *("diff_mean", "diff_ci_low", "diff_ci_high", "p_value"),
        *("parameters", "time_s"),
        *(f"{test}_{part}" for part in ("mean", "std")),
    ]


def summarize(configurations: Sequence[Configuration], varied: Sequence[str], metric: str) -> list[Row]:
    """A row a configuration, best first.

    Ranked by the mean of `metric` over the seeds that completed; pruned configurations come after those that were
    not, the longer trained before the shorter; last those with a failed or diverged seed. p-values are corrected by
    Holm over all rows that have one.
    """
    order = sorted(range(len(configurations)), key=lambda i: _rank(configurations[i], i, metric))
    differences = [_difference(configurations, index, metric) for index in order]
    p_values = holm([found.p_value if found else None for found in differences])
    return [
        _row(rank, configurations[index], varied, metric, found, p)
        for rank, (index, found, p) in enumerate(zip(order, differences, p_values, strict=True), start=1)
    ]


def _row(
    rank: int,
    configuration: Configuration,
    varied: Sequence[str],
    metric: str,
    found: Difference | None,
    p_value: float | None,
) -> Row:
    values = _values(configuration, metric)
    score = _estimate(list(values.values()), configuration)
    test = Measure.parse(metric).on("test")
    tested = _estimate(list(_values(configuration, str(test)).values()), configuration)
    records = list(configuration.records.values())
    parameters = [record["parameters"] for record in records if record["parameters"] is not None]
    return {
        "rank": rank,
        **dict(zip(varied, configuration.values, strict=True)),
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
        "time_s": math.fsum(record["time_s"] or 0.0 for record in records),
        f"{test}_mean": tested and tested.mean,
        f"{test}_std": tested and tested.std,
    }


def _estimate(values: Sequence[float], configuration: Configuration) -> Estimate | None:
    """Mean and spread; of a pruned configuration the mean alone, for its training was cut short."""
    if not values:
        return None
    found = estimate(values)
    return Estimate(found.mean, None, None, None) if _pruned(configuration) else found


def _difference(configurations: Sequence[Configuration], index: int, metric: str) -> Difference | None:
    """Against the baseline, over the seeds that both completed."""
    configuration = configurations[index]
    if configuration.baseline is None:
        return None
    ours = _values(configuration, metric)
    theirs = _values(configurations[configuration.baseline], metric)
    seeds = [seed for seed in ours if seed in theirs]
    if not seeds:
        return None
    found = difference([ours[seed] for seed in seeds], [theirs[seed] for seed in seeds])
    if _pruned(configuration) or _pruned(configurations[configuration.baseline]):
        return Difference(found.mean, None, None, None)
    return found


def _values(configuration: Configuration, metric: str) -> dict[int, float]:
    """The metric of each seed that has one: a failed or diverged trial has none."""
    found = {}
    for seed, record in configuration.records.items():
        value = record.get(metric)
        if record["state"] in ("complete", "pruned") and value is not None and math.isfinite(value):
            found[seed] = float(value)
    return found


def _rank(configuration: Configuration, index: int, metric: str) -> tuple[int, int, float, int]:
    values = list(_values(configuration, metric).values())
    key = Measure.parse(metric).metric.key(estimate(values).mean) if values else math.inf
    epochs = max((record["epochs_run"] or 0 for record in configuration.records.values()), default=0)
    group = 2 if len(values) < len(configuration.records) or not values else 1 if _pruned(configuration) else 0
    return group, -epochs if group == 1 else 0, key, index


def _pruned(configuration: Configuration) -> bool:
    return any(record["state"] == "pruned" for record in configuration.records.values())

"""The cost of choosing by luck, on simulated scores: the winner's curse, races, shared training rows.

    python -m tests.benchmarks.luck --write     # results/reference/luck.md

Nothing is trained: the strategies of mlpcli are asked and told, and its statistics judge.
"""

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mlpcli.results.statistics import difference, estimate
from mlpcli.sweeps.search.registry import make_strategy
from mlpcli.sweeps.spec.sweep_file import read_sweep
from tests.sweeps.search.conformance import Pretended
from tests.sweeps.sweeps import write_sweep

__all__ = ["ErrorRates", "page", "races", "shared_rows", "winners"]

PAGE = Path(__file__).parents[2] / "results" / "reference" / "luck.md"


def winners(sweeps: int, configurations: int = 200, seeds: int = 3, top: int = 5, fresh: int = 20) -> dict[str, float]:
    """Equal configurations of pure noise, mean 0 and deviation 1: what the best seem to be before and after [confirm].

    Coverage is the share of 95% intervals that contain the truth, of the best by the seeds that chose it and of all
    configurations that were confirmed.
    """
    chosen, chosen_covers, second, confirmed, covers = [], [], [], [], []
    keys = {"grid": _grid(configurations), "confirm": {"top": top, "seeds": fresh}}
    for run in range(sweeps):
        sweep = _swept(keys, seeds, lambda number, seed, run=run: float(_noise(run, number, seed)))
        first, last = sweep.told[0], sweep.told[-1]
        best = max(first, key=lambda one: sum(one.scores.values()))
        found = [estimate(list(one.scores.values())) for one in last]
        before = estimate(list(best.scores.values()))
        chosen.append(before.mean)
        chosen_covers.append(_covers(before))
        second.append(next(one.mean for one, told in zip(found, last, strict=True) if told == last[0]))
        confirmed.append(max(one.mean for one in found))
        covers += [_covers(one) for one in found]
    return {
        "chosen": float(np.mean(chosen)),
        "chosen_coverage": float(np.mean(chosen_covers)),
        "same_confirmed": float(np.mean(second)),
        "first_confirmed": float(np.mean(confirmed)),
        "coverage": float(np.mean(covers)),
    }


def races(count: int, ahead: float, configurations: int = 10, seeds: int = 20) -> tuple[float, float]:
    """How often a race stops the truly best, `ahead` deviations before nine equals, and the share of trials it runs."""
    lost, trials = 0, 0
    keys = {"grid": _grid(configurations), "race": {"min_seeds": 3}}
    for run in range(count):
        sweep = _swept(keys, seeds, lambda number, seed, run=run: _noise(run, number, seed) + ahead * (number == 0))
        lost += not any(given["split_seed"] == 0 for given in _proposed(sweep, -1))
        trials += len(sweep.trials)
    return lost / count, trials / (count * configurations * seeds)


@dataclass(frozen=True)
class ErrorRates:
    """How often equal learners differ, and how often the interval of a learner's accuracy contains the truth."""

    false_positives: float
    coverage: float


def shared_rows(count: int, folds: int = 5, repeats: int = 3, rows: int = 100) -> dict[str, ErrorRates]:
    """Two learners that are equally good, compared at 5% in repeated cross-validation: uncorrected, corrected.

    Each puts a row to the nearer class mean, by five columns of its own; all ten columns are alike. The true accuracy
    is the mean over all data sets.
    """
    found = []
    for run in range(count):
        rng = np.random.default_rng(run)
        y = np.arange(rows) % 2
        x = rng.normal(size=(rows, 10)) + 0.4 * y[:, None]
        gaps = []
        for _ in range(repeats):
            for part in np.array_split(rng.permutation(rows), folds):
                train = np.setdiff1d(np.arange(rows), part)
                gaps.append([_accuracy(x[:, columns], y, train, part) for columns in (slice(5), slice(5, 10))])
        found.append(list(zip(*gaps, strict=True)))
    truth = float(np.mean(found))
    tests = {}
    for name, overlap in (("uncorrected", 0.0), ("variance of Nadeau and Bengio (2003)", 1 / (folds - 1))):
        p_values = [difference(ours, theirs, overlap).p_value for ours, theirs in found]
        false = [p is not None and p < 0.05 for p in p_values]
        covers = [_covers(estimate(learner, overlap), truth) for both in found for learner in both]
        tests[name] = ErrorRates(float(np.mean(false)), float(np.mean(covers)))
    return tests


def page(sweeps: int = 100, count: int = 500) -> str:
    """The measurements as a page in Markdown."""
    return "\n".join(_lines(sweeps, count)) + "\n"


def _lines(sweeps: int, count: int) -> Iterator[str]:
    found = winners(sweeps)
    yield "# Choosing and luck\n\nSimulated scores whose truth is known; `python -m tests.benchmarks.luck --write`.\n"
    yield f"## The winner's curse\n\n{sweeps} sweeps of 200 equal configurations of pure noise (mean 0, deviation 1), 3"
    yield "seeds, `[confirm]` with the 5 best and 20 fresh seeds.\n"
    yield "| | mean score | 95 % intervals that contain the truth |\n|---|---|---|"
    yield f"| the best, by the seeds that chose it | {found['chosen']:+.3f} | {found['chosen_coverage']:.0%} |"
    yield f"| the same configuration, by fresh seeds | {found['same_confirmed']:+.3f} | {found['coverage']:.0%} |"
    yield f"| the first of the 5 confirmed | {found['first_confirmed']:+.3f} | |\n"
    yield "The first of the confirmed ones is again the best of five, which leaves a small excess. Coverage is that of"
    yield "all confirmed rows.\n"
    yield f"## Races\n\n{count} races of 10 configurations over 20 seeds, `min_seeds = 3`; the best is ahead"
    yield "of nine equals.\n"
    yield "| ahead by | the best is stopped | trials that run |\n|---|---|---|"
    for ahead in (0.5, 1.0, 2.0):
        lost, share = races(count, ahead)
        yield f"| {ahead} deviations | {lost:.1%} | {share:.0%} |"
    yield f"\n## Shared training rows\n\n{count} data sets of 100 rows, two equally good learners, 3 x 5-fold"
    yield "cross-validation, paired t-test at 5 %.\n"
    yield "| test | false positives | 95 % intervals of a learner's accuracy that contain the truth |\n|---|---|---|"
    for name, test in shared_rows(count).items():
        yield f"| {name} | {test.false_positives:.1%} | {test.coverage:.1%} |"


def _grid(configurations: int) -> dict[str, Any]:
    return {"split_seed": list(range(configurations))}


def _swept(keys: dict[str, Any], seeds: int, score: Any) -> Pretended:
    with tempfile.TemporaryDirectory() as folder:
        file, problems = read_sweep(write_sweep(Path(folder) / "s.toml", seeds=seeds, **keys))
    problems.stop()

    def scored(given: dict[str, Any], seed: int, epochs: int) -> float:
        return float(score(given["split_seed"], seed))

    sweep = Pretended(make_strategy(file), scored, range(seeds))
    while sweep.step():
        pass
    return sweep


def _proposed(sweep: Pretended, place: int) -> list[dict[str, Any]]:
    return sweep.asked[place][0]


def _noise(run: int, number: int, seed: int) -> float:
    return float(np.random.default_rng((run, number, seed)).normal())


def _covers(one: Any, truth: float = 0.0) -> bool:
    return bool(one.ci_low <= truth <= one.ci_high)


def _accuracy(x: Any, y: Any, train: Any, part: Any) -> float:
    means = [x[train][y[train] == label].mean(axis=0) for label in (0, 1)]
    nearer = [((x[part] - mean) ** 2).sum(axis=1) for mean in means]
    return float(((nearer[1] < nearer[0]) == y[part]).mean())


if __name__ == "__main__":
    text = page()
    if "--write" in sys.argv:
        PAGE.write_text(text)
    sys.stdout.write(text)

"""The output of `mlpcli train --seeds 5`: the scores of each seed, their means and 95% intervals."""

from typing import TYPE_CHECKING

from mlpcli.cli.text_table import prose, table
from mlpcli.cli.views.cells import short
from mlpcli.cli.views.sweep_report import print_swept, show_counts, show_place

if TYPE_CHECKING:
    from mlpcli.api.run_plan import Swept

__all__ = ["show_seeds"]

MOST = 20
"""Most seeds with a row of their own."""


def show_seeds(swept: "Swept", as_json: bool) -> None:
    """Print one row per seed and the means below, or the summary of the sweep as JSON."""
    from mlpcli.results.statistics import estimate

    if as_json:
        print_swept(swept)
        return
    trials = [swept.trials[number] for number in sorted(swept.trials)]
    scores = {
        name: [trial.score(name) for trial in trials]
        for name in swept.prepared.scores
        if any(trial.score(name) is not None for trial in trials)
    }
    rows = [[f"seed {trial.seed}", *(short(scores[name][at]) for name in scores)] for at, trial in enumerate(trials)]
    found = [estimate([value for value in values if value is not None]) for values in scores.values()]
    means = ["mean", *(short(one.mean) for one in found)]
    halves = ["±", *("" if one.ci_high is None else short(one.ci_high - one.mean) for one in found)]
    spare = [name for part in ("train", "val", "test") for name in scores if name.startswith(part)]
    if scores:
        table(["", *scores], [*rows[:MOST], means, halves], expendable=spare[:-1], elsewhere="trials.csv")
    if scores and len(rows) > MOST:
        prose(f"The first {MOST} of {len(rows)} seeds; trials.csv has the others, the means are those of all")
    show_counts(swept)
    if scores and len(trials) > 1:
        prose("± is half of a 95% interval of the mean over seeds, on one split of the data")
    show_place(swept)

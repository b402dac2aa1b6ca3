"""The summary of a sweep at its end: every configuration over its trials, and the best beside others."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from mlpcli.background import Background
from mlpcli.results import statistics
from mlpcli.results.files.csv_text import table
from mlpcli.results.summary import Configuration, Rival, rivals_of_best, summarize, summary_columns
from mlpcli.results.trial import Trial
from mlpcli.sweeps.plan.prepared_sweep import PreparedSweep
from mlpcli.sweeps.plan.sweep_plan import Plan
from mlpcli.threads import is_memory_bounded

__all__ = ["Summary", "statistics_loaded_meanwhile", "summarized"]


class Summary(NamedTuple):
    """The rows of summary.csv and its text; `rivals` are those of the best where none has a baseline."""

    rows: list[dict[str, Any]]
    rivals: list[Rival]
    text: str


@contextmanager
def statistics_loaded_meanwhile() -> Iterator[None]:
    """Import what the summary needs while workers train; where memory is short the summary imports it."""
    loading = None
    if not is_memory_bounded():
        with suppress(MemoryError, RuntimeError):
            loading = Background(statistics.load)
    try:
        yield
    finally:
        if loading is not None:
            loading.join()


def summarized(sweep: PreparedSweep, known: Mapping[int, Trial]) -> Summary:
    """The summary of a sweep, all of whose trials have ended, by number."""
    plan, metric = sweep.plan, sweep.metric
    baselines = plan.baselines
    configurations = [_configuration(plan, known, index, baseline) for index, baseline in enumerate(baselines)]
    rows = summarize(configurations, plan.varied, metric, plan.file.overlap)
    alone = set(baselines) == {None}
    rivals = rivals_of_best(configurations, metric, plan.file.overlap) if alone else []
    columns = summary_columns(plan.varied, metric, confirmed=plan.file.confirm is not None)
    return Summary(rows, rivals, table(columns, rows))


def _configuration(plan: Plan, known: Mapping[int, Trial], index: int, baseline: int | None) -> Configuration:
    """A configuration with its trials; if it was confirmed, those with fresh seeds apart from the earlier ones."""
    trials = [known[number] for number in plan.numbers(index)]
    fresh = [trial for trial in trials if trial.seed in plan.file.fresh_seeds]
    earlier = [trial for trial in trials if trial.seed not in plan.file.fresh_seeds]
    is_confirmed = bool(fresh) if plan.file.confirm else None
    values = tuple(trials[0].options.values())
    return Configuration(values, fresh or earlier, baseline, is_confirmed, earlier if fresh else ())

"""The workers of a sweep, opened before the modules that prepare it are imported, so that both sides import at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlpcli.plugins.files import check_sendable
from mlpcli.results.folders.sweep_ownership import SUMMARY
from mlpcli.sweeps.plan.sweep_plan import Plan
from mlpcli.workers.executor import Executor
from mlpcli.workers.registry import open_executor

__all__ = ["opened_workers"]

PRELOAD = ("mlpcli.sweeps.run.train_stack",)
"""Modules that workers import first."""


@contextmanager
def opened_workers(
    plan: Plan, results: Path, *, jobs: int, executor: str, allow_insecure_dask: bool = False
) -> Iterator[Executor]:
    """The workers that a plan needs, started unless `results` has its summary; killed if the block raises.

    They have nothing to save.

    Raises:
        UsageError: there is no such executor, or a part of the plan is known in this process alone.
        Unavailable: the cluster cannot be reached.
    """
    with open_executor(executor, jobs, PRELOAD, allow_insecure=allow_insecure_dask) as workers:
        try:
            if not workers.is_here:
                check_sendable(plan.options(configuration) for configuration in range(plan.configurations))
            if not (results / plan.file.name / SUMMARY).exists():  # otherwise there may be nothing to train
                workers.warm(min(jobs, len(plan)))
            yield workers
        except BaseException:
            workers.shutdown(wait=False, cancel_futures=True)
            raise

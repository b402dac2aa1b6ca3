"""How much faster do two worker processes train than one? Wall time from the first job to the last, start-up excluded.

    python -m tests.benchmarks.processes [--write]

Rounds are interleaved and the shortest of each counts, since whatever else the machine does only ever adds time.
"""

import argparse
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from mlpcli.sweeps.plan.plan_file import plan_sweep
from mlpcli.sweeps.plan.prepared_sweep import PreparedSweep
from mlpcli.sweeps.run.job_dispatch import dispatch
from mlpcli.sweeps.run.stack_jobs import JobMaker
from mlpcli.sweeps.run.train_stack import Job, JobResult
from mlpcli.workers.local import LocalExecutor
from tests.benchmarks.measured_on import measured_on, page, title

REFERENCE = page("processes.md")
SWEEP = """
seeds = 64
[base]
dataset = "digits"
width = 64
depth = 3
epochs = {epochs}
[grid]
dropout = [0.0, 0.1, 0.2, 0.5]
"""


class Nobody:
    """Receives results and drops them."""

    def running(self, jobs: Iterable[Job]) -> None:
        """Not needed."""

    def done(self, job: Job, result: JobResult) -> None:
        """Not needed."""

    def failed(self, job: Job, reason: str) -> None:
        """A benchmark that fails measures nothing."""
        raise SystemExit(reason)

    def lost(self, trials: int, reason: str) -> None:
        """Nor does one that starts again."""
        raise SystemExit(reason)


def seconds(sweep: PreparedSweep, jobs: int) -> float:
    """Training time of this number of worker processes, once they are ready."""
    with LocalExecutor(jobs, ["mlpcli.sweeps.run.train_stack"]) as executor:
        executor.warm(jobs)
        for future in [executor.submit(time.sleep, 1.0) for _ in range(jobs)]:
            future.result()
        made = list(JobMaker(sweep, executor).make(range(len(sweep.plan)), sweep.epochs, "none"))
        started = time.perf_counter()
        dispatch(executor, made, Nobody())
        return time.perf_counter() - started


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--write", action="store_true", help=f"into {REFERENCE.parent.name}/{REFERENCE.name}")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "processes.toml"
        file.write_text(SWEEP.format(epochs=options.epochs))
        sweep = PreparedSweep(plan_sweep(file), None)
    times: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(options.rounds):
        for jobs, found in times.items():
            found.append(seconds(sweep, jobs))
            print(jobs, *(f"{value:.1f}" for value in found), flush=True)
    one, two = (min(found) for found in times.values())
    text = (
        f"{title('Two worker processes against one')}\n\n"
        f"256 trials (4 dropout rates, 64 seeds) of 64 x 3 on digits, {options.epochs} epochs; seconds of training, "
        f"start-up excluded, the shortest of {options.rounds} interleaved rounds. "
        "Made by `python -m tests.benchmarks.processes --write`.\n\n"
        "| processes | seconds | times as fast |\n|---|---|---|\n"
        f"| 1 | {one:.1f} | 1.00 |\n| 2 | {two:.1f} | {one / two:.2f} |\n\n"
        f"{measured_on()}\n"
    )
    print(text)
    if options.write:
        REFERENCE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

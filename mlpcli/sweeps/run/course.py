"""How far the training of a sweep has come: epochs done, stacks in training, and the time that is left.

The engine writes it and a view reads it, each in its own thread, whenever it draws. Nothing of it reaches the results.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from mlpcli.sweeps.run.train_stack import Job

__all__ = ["Course", "RunningStack"]

TRUST = 3.0
"""Seconds of training after which its pace counts as much as the estimate made before."""


@dataclass
class RunningStack:
    """A stack in training: the trials that still train in it, from epoch `start` on, and the last `epoch` reported.

    A full run has `epochs` epochs, and the stack should take `seconds` for them.
    """

    trials: Sequence[int]
    start: int
    epochs: int
    seconds: float
    epoch: int

    @property
    def new_epochs(self) -> int:
        """Epochs of all its trials since it began to train."""
        return len(self.trials) * max(0, self.epoch - self.start)


class Course:
    """The course of one run of a sweep. `stacks` are those in training now, `total` the epochs of all trials at most.

    The time that is left follows from work, in seconds of one worker: the share of it that is done, weighed against the
    time that all of it should take.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.stacks: tuple[RunningStack, ...] = ()
        self.total = 0
        self._clock, self._began = clock, 0.0
        self._by_first: dict[int, RunningStack] = {}
        self._work = self._seconds = self._done = 0.0
        self._epochs = 0

    def expect(self, work: float, seconds: float, total: int) -> None:
        """Set the work of what is missing, the seconds that all workers should take for it, and the epochs of all."""
        self._work, self._seconds, self.total = work, seconds, total
        self._began = self._began or self._clock()

    def count(self, epochs: int) -> None:
        """Count epochs that an earlier run of the sweep has trained."""
        self._epochs += epochs

    def train(self, jobs: Iterable[Job], epochs_of: Callable[[int], int]) -> None:
        """These jobs are in training now, and no others; `epochs_of` says how many epochs a trial has behind it."""
        before, stacks = self._by_first, {}
        for job in jobs:
            alive = [number for at, number in enumerate(job.trials) if at not in job.pruned]
            start = 0 if job.progress is None else epochs_of(alive[0])
            fresh = RunningStack(alive, start, job.runs[0].epochs, _seconds(job) * len(alive), start)
            known = before.get(job.trials[0])
            same = known is not None and (known.start, len(known.trials)) == (start, len(alive))
            stacks[job.trials[0]] = known if known is not None and same else fresh
        self._by_first, self.stacks = stacks, tuple(stacks.values())

    def hear(self, numbers: tuple[int, ...]) -> None:
        """Take a report: the first trial of a stack, and the epoch that it has come to."""
        first, epoch = numbers
        stack = self._by_first.get(first)
        if stack is not None:
            stack.epoch = max(stack.epoch, epoch)

    def finish(self, job: Job, epochs: int, share: float) -> None:
        """A job is done: the new epochs of all its trials, and the share of a full run's work that they were."""
        self._by_first = {first: stack for first, stack in self._by_first.items() if first != job.trials[0]}
        self.stacks = tuple(self._by_first.values())
        self._epochs += epochs
        self._done += _seconds(job) * share

    @property
    def epochs(self) -> int:
        """Epochs of all trials that are trained."""
        return self._epochs + sum(stack.new_epochs for stack in self.stacks)

    @property
    def left(self) -> float | None:
        """Seconds until the end, about; None where nothing is known."""
        if not self._work:
            return None
        gone = self._clock() - self._began
        running = sum(stack.seconds * max(0, stack.epoch - stack.start) / max(1, stack.epochs) for stack in self.stacks)
        share = min(1.0, (self._done + running) / self._work)
        if not share:
            return self._seconds - gone if self._seconds > gone else None
        trust = gone / (gone + TRUST)
        return (1 - share) * ((1 - trust) * self._seconds + trust * gone / share)


def _seconds(job: Job) -> float:
    """The seconds of a full run of one of a job's trials."""
    return job.seconds / len(job.trials)

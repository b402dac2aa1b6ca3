"""Distributes trials over stacks, each trained as replicas of one network, so that no core is left without work.

No result depends on how trials are stacked (the law of results); this is about speed alone.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import heapreplace
from itertools import pairwise

from mlpcli.sweeps.plan.training_cost import Cost

__all__ = ["Group", "Stack", "make_stacks", "makespan"]

SLACK = 1.1
"""Stacks are split while the last job would end later than an even distribution by more than this factor."""

MOST = 8
"""Stacks per job beyond which nothing more is split for balance."""


@dataclass(frozen=True)
class Group:
    """Trials of one stack_key, by their numbers, and what one of them costs."""

    trials: Sequence[int]
    cost: Cost

    def seconds(self, replicas: int) -> float:
        """The time that a stack of this many of them takes."""
        return self.cost.stack + replicas * self.cost.trial

    def split(self, pieces: int) -> list["Stack"]:
        """The trials, in order, in this many stacks whose sizes differ by one at most."""
        size, larger = divmod(len(self.trials), pieces)
        starts = [index * size + min(index, larger) for index in range(pieces + 1)]
        parts = [tuple(self.trials[start:stop]) for start, stop in pairwise(starts)]
        return [Stack(part, self.seconds(len(part))) for part in parts]


@dataclass(frozen=True, slots=True)
class Stack:
    """Trials to train as one network, and the seconds that this should take."""

    trials: tuple[int, ...]
    seconds: float


def make_stacks(groups: Sequence[Group], jobs: int) -> list[Stack]:
    """Every trial in one stack, the costliest stack first.

    Each group starts with as few stacks as its cost allows. Then, while the jobs would end unevenly, the group with the
    costliest stacks is split into one more; of these ways to stack, the one that ends first is taken.
    """
    split = [group.split(-(-len(group.trials) // group.cost.replicas)) for group in groups]
    best, first_end = split, math.inf
    while True:
        stacks = [stack for part in split for stack in part]
        if (end := makespan(stacks, jobs)) < first_end:
            best, first_end = list(split), end
        alone = max((stack.seconds for stack in stacks if len(stack.trials) == 1), default=0.0)
        even = max(alone, sum(stack.seconds for stack in stacks) / jobs)
        divisible = [index for index, part in enumerate(split) if len(part[0].trials) > 1]
        if end <= SLACK * even or not divisible or len(stacks) >= MOST * jobs:
            break
        index = max(divisible, key=lambda index: split[index][0].seconds)
        split[index] = groups[index].split(len(split[index]) + 1)
    return sorted((stack for part in best for stack in part), key=lambda stack: (-stack.seconds, stack.trials))


def makespan(stacks: Iterable[Stack], jobs: int) -> float:
    """Seconds until the last job ends, if each job takes the costliest stack that is left (Graham 1969)."""
    loads = [0.0] * jobs
    for seconds in sorted((stack.seconds for stack in stacks), reverse=True):
        heapreplace(loads, loads[0] + seconds)
    return max(loads)

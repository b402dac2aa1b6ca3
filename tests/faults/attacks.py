"""The kinds of attack, and the tasks into which a whole attack is cut.

A task is a number of attempts of one kind on one subject. Tasks are small and run in random order, so what an attack
that is stopped early has tried is a fair sample of everything.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from random import Random
from typing import Any, NamedTuple

from tests.faults import fuzz
from tests.faults.commands import SUBJECTS, Ended, place_of
from tests.faults.moments import LIMITS, exempt, try_kill, try_limit, try_signals
from tests.faults.readers import READERS
from tests.faults.system_calls import Point, one_of_each_kind, points, reason_to_skip, try_point
from tests.faults.watching import WATCHERS, try_watching, writers

__all__ = ["ATTACKS", "Tally", "Task", "plan", "run"]

WATCHINGS = 50
"""Times that each command reads while others write."""


class Task(NamedTuple):
    """Attempts of the kind `attack` on a subject, one for each case."""

    attack: str
    subject: str
    cases: Sequence[Any]


class Tally:
    """Attempts by attack, subject and how they ended, and the faults."""

    def __init__(self) -> None:
        self.ends = Counter[tuple[str, str, str]]()
        self.faults: list[str] = []

    def add(self, task: Task, case: object, ended: Ended) -> None:
        """Count an attempt; a fault is said at once."""
        self.ends[task.attack, task.subject, ended.how] += 1
        if ended.fault:
            self.faults.append(f"{task.attack}, {task.subject}, {case}: {' '.join(ended.fault.split())}")
            print(self.faults[-1], file=sys.stderr, flush=True)

    def __iadd__(self, other: "Tally") -> "Tally":
        self.ends += other.ends
        self.faults += other.faults
        return self


def _calls(name: str, found: Iterable[Point]) -> Iterator[tuple[object, Ended]]:
    return ((point, try_point(place_of(name), point)) for point in found)


def _limits(name: str, limits: Iterable[tuple[str, int]]) -> Iterator[tuple[object, Ended]]:
    return ((limit, try_limit(place_of(name), *limit)) for limit in limits)


def _kills(name: str, seeds: Iterable[int]) -> Iterator[tuple[object, Ended]]:
    return ((seed, try_kill(place_of(name), Random(f"kill {seed}"), copied=seed % 2 == 0)) for seed in seeds)


def _signals(name: str, seeds: Iterable[int]) -> Iterator[tuple[object, Ended]]:
    return ((seed, try_signals(place_of(name), Random(f"signal {seed}"), copied=seed % 2 == 0)) for seed in seeds)


def _inputs(name: str, numbers: Iterable[int]) -> Iterator[tuple[object, Ended]]:
    with fuzz.scratch() as folder:
        yield from fuzz.attack(name, numbers, folder)


def _watchings(name: str, commands: Iterable[list[str]]) -> Iterator[tuple[object, Ended]]:
    with fuzz.scratch() as folder, fuzz.within(folder, home=folder / "home"), writers(folder) as begun:
        for words in commands:
            yield " ".join(words), try_watching(words)
        dead = [process.returncode for process in begun if process.poll() is not None]
        if dead:
            yield "writers", Ended("a writer stopped", f"ended with {dead}")


ATTACKS: dict[str, Callable[[str, Iterable[Any]], Iterator[tuple[object, Ended]]]] = {
    "failed system call": _calls,
    "limit": _limits,
    "SIGKILL": _kills,
    "SIGTERM or Ctrl-C": _signals,
    "damaged input": _inputs,
    "reading while others write": _watchings,
}
"""By kind: yields each case of a subject with how it ended."""


def plan(asked: argparse.Namespace) -> list[Task]:
    """Everything to be tried, in random order."""
    rng, tasks = Random(asked.seed), list[Task]()

    def add(attack: str, subject: str, cases: Sequence[Any], at_once: int) -> None:
        tasks.extend(Task(attack, subject, cases[start : start + at_once]) for start in range(0, len(cases), at_once))

    limits = [(limit, value) for limit, values in LIMITS.items() if not exempt(limit) for value in values]
    for name in SUBJECTS:
        for attack in ("SIGKILL", "SIGTERM or Ctrl-C"):
            add(attack, name, range(-(-asked.kills // len(SUBJECTS))), 5)
        add("limit", name, limits, 5)
    for name in READERS:
        add("damaged input", name, range(asked.inputs), 500)
    add("reading while others write", "a run and a sweep", WATCHERS * WATCHINGS, len(WATCHERS) * WATCHINGS // 5)
    if not asked.only or "failed system call" in asked.only:
        for name, found in _one_of_each_kind(rng).items():
            add("failed system call", name, found, 10)
    rng.shuffle(tasks)
    return [task for task in tasks if not asked.only or task.attack in asked.only]


def _one_of_each_kind(rng: Random) -> dict[str, list[Point]]:
    """The calls of each command to fail; what train and both sweeps do alike is tried once."""
    known: set[tuple[str, str, str]] = set()
    chosen: dict[str, list[Point]] = {}
    for name in SUBJECTS if not reason_to_skip() else ():
        found = one_of_each_kind(points(place_of(name)), rng)
        chosen[name] = [point for point in found if point.kind not in known]
        known |= {point.kind for point in found}
    return chosen


def run(task: Task, end: float) -> Tally:
    """Make the attempts of a task, of which none begins after `end` by the monotonic clock."""
    tally = Tally()
    if time.monotonic() < end:
        for case, ended in ATTACKS[task.attack](task.subject, task.cases):
            tally.add(task, case, ended)
            if time.monotonic() > end:
                break
    return tally

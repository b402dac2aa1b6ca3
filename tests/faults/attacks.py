"""The kinds of attack, and the tasks into which a whole attack is cut.

A task is a number of attempts of one kind on one subject. Tasks are small and their order is mixed, so what an attack
that is stopped early has tried is a fair sample of everything.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from random import Random
from typing import Any, NamedTuple

from tests.faults import fuzz
from tests.faults.commands import SUBJECTS, Ended, place_of
from tests.faults.moments import LIMITS, exempt, try_kill, try_limit, try_signals
from tests.faults.readers import READERS
from tests.faults.system_calls import Point, one_of_each_kind, points, reason_to_skip, try_point
from tests.faults.watching import WATCHERS, try_watching, writers

__all__ = ["ATTACKS", "Task", "plan", "run"]

WHOLE = 4
"""One kill or signal of so many meets a whole process, which mostly imports; the others a copy in its own work."""
WATCHINGS = 50
"""Times that each command reads while others write."""


class Task(NamedTuple):
    """Attempts of the kind `attack` on a subject, one for each case: the part `number` of the `planned` attempts."""

    attack: str
    subject: str
    number: int
    planned: int
    cases: Sequence[Any]


def _calls(name: str, found: Iterable[Point]) -> Iterator[tuple[object, Ended]]:
    return ((point, try_point(place_of(name), point)) for point in found)


def _limits(name: str, limits: Iterable[tuple[str, int]]) -> Iterator[tuple[object, Ended]]:
    return ((limit, try_limit(place_of(name), *limit)) for limit in limits)


def _kills(name: str, seeds: Iterable[int]) -> Iterator[tuple[object, Ended]]:
    return ((seed, try_kill(place_of(name), Random(f"kill {seed}"), copied=seed % WHOLE != 0)) for seed in seeds)


def _signals(name: str, seeds: Iterable[int]) -> Iterator[tuple[object, Ended]]:
    return ((seed, try_signals(place_of(name), Random(f"signal {seed}"), copied=seed % WHOLE != 0)) for seed in seeds)


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
    """Everything to be tried, in an order of which every part is spread evenly over the kinds and their subjects."""
    ordered: list[tuple[float, Task]] = []

    def add(attack: str, subject: str, cases: Sequence[Any], first: int, most: int) -> None:
        if attack not in (asked.only or ATTACKS) or subject not in (asked.on or [subject]):
            return
        rng = _rng(asked, attack, subject)
        for number, piece in enumerate(_pieces(len(cases), first, most)):
            task = Task(attack, subject, number, len(cases), cases[piece.start : piece.stop])
            ordered.append((rng.uniform(piece.start, piece.stop) / len(cases), task))

    limits = [(limit, value) for limit, values in LIMITS.items() if not exempt(limit) for value in values]
    for name in SUBJECTS:
        for attack in ("SIGKILL", "SIGTERM or Ctrl-C"):
            add(attack, name, range(-(-asked.kills // len(SUBJECTS))), 5, 5)
        add("limit", name, _rng(asked, "limit", name).sample(limits, len(limits)), 5, 5)
    for name in READERS:
        add("damaged input", name, range(asked.inputs), 50, 1000)
    watchings = WATCHERS * WATCHINGS
    add("reading while others write", "a run and a sweep", watchings, len(WATCHERS), len(watchings) // 5)
    if "failed system call" in (asked.only or ATTACKS):
        for name, found in _one_of_each_kind(str(asked.seed)).items():
            add("failed system call", name, found, 10, 10)
    return [task for _, task in sorted(ordered, key=lambda placed: placed[0])]


def _pieces(count: int, first: int, most: int) -> Iterator[range]:
    """The numbers below `count`, in pieces: each as large as all before it, so that a stop finds no subject behind."""
    start = 0
    while start < count:
        size = min(max(start, first), most)
        yield range(start, min(start + size, count))
        start += size


def _rng(asked: argparse.Namespace, *purpose: str) -> Random:
    return Random(f"{asked.seed} {purpose}")


def _one_of_each_kind(seed: str) -> dict[str, list[Point]]:
    """The calls of each command to fail; what train and both sweeps do alike is tried once."""
    known: set[tuple[str, str, str]] = set()
    chosen: dict[str, list[Point]] = {}
    for name in SUBJECTS if not reason_to_skip() else ():
        found = one_of_each_kind(points(place_of(name)), seed)
        chosen[name] = [point for point in found if point.kind not in known]
        known |= {point.kind for point in found}
    return chosen


def run(task: Task, end: float) -> list[tuple[object, Ended]]:
    """Make the attempts of a task, of which none begins after `end` by the monotonic clock: each case and its end."""
    ends: list[tuple[object, Ended]] = []
    if time.monotonic() < end:
        for case, ended in ATTACKS[task.attack](task.subject, task.cases):
            ends.append((case, ended))
            if ended.fault:
                print(task.attack, task.subject, case, ended.fault, sep=", ", file=sys.stderr, flush=True)
            if time.monotonic() > end:
                break
    return ends

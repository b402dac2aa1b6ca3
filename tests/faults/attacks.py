"""The whole attack in parts, and what came of it."""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable
from random import Random

from tests.faults import fuzz
from tests.faults.commands import SUBJECTS, places
from tests.faults.moments import LIMITS, exempt, try_kill, try_limit, try_signals
from tests.faults.system_calls import ordered, points, reason_to_skip, try_point
from tests.faults.watching import WATCHERS, try_watching, writers

__all__ = ["PARTS", "Tally", "attack_command", "attack_reader", "attack_watchers", "part_of"]

PARTS = 10
"""Parts of each attack; all attacks do their first part first."""


class Tally:
    """Attempts by attack, subject and kind, and the faults."""

    def __init__(self) -> None:
        self.counts = Counter[tuple[str, str, str]]()
        self.faults: list[str] = []

    def add(self, attack: str, subject: str, kind: str, fault: str = "", case: object = "", attempts: int = 1) -> None:
        """Count attempts; a fault is said at once."""
        self.counts[attack, subject, kind] += attempts
        if fault:
            self.faults.append(f"{subject}, {attack}, {kind} {case}: {' '.join(fault.split())}")
            print(self.faults[-1], file=sys.stderr, flush=True)

    def __iadd__(self, other: "Tally") -> "Tally":
        self.counts += other.counts
        self.faults += other.faults
        return self


WATCHINGS = 50
"""Times that each command reads while others write."""

Attack = Callable[[str, int, argparse.Namespace, float, Tally], None]


def part_of(attack: Attack, name: str, part: int, asked: argparse.Namespace, end: float) -> Tally:
    """One part of an attack; nothing begins after the `end`, by the monotonic clock."""
    tally = Tally()
    if time.monotonic() < end:
        attack(name, part, asked, end, tally)
    return tally


def attack_command(name: str, part: int, asked: argparse.Namespace, end: float, tally: Tally) -> None:
    """Failed system calls, limits, kills and other signals."""
    rng = Random(f"{name} {asked.seed} {part}")
    with places(name) as (place,):
        found = [] if reason_to_skip() else points(place)
        kinds = len({point.kind for point in found})
        for point in ordered(found, Random(asked.seed))[:kinds][part::PARTS]:
            if time.monotonic() > end:
                return
            fault = try_point(place, point)
            if fault is not None:
                tally.add("failed system call", name, point.call, fault, point)
        limits = [(limit, value) for limit, values in LIMITS.items() if not exempt(limit) for value in values]
        for limit, value in limits[part::PARTS]:
            if time.monotonic() > end:
                return
            tally.add("limit", name, limit, try_limit(place, limit, value), value)
        for _ in range(-(-asked.kills // (len(SUBJECTS) * PARTS))):
            if time.monotonic() > end:
                return
            tally.add("signal", name, "SIGKILL", try_kill(place, rng))
            tally.add("signal", name, *try_signals(place, rng))


def attack_reader(name: str, part: int, asked: argparse.Namespace, end: float, tally: Tally) -> None:
    """Damaged inputs."""
    fuzz.bound_memory()
    count = asked.inputs // PARTS
    with fuzz.scratch() as folder:
        outcomes, faults = fuzz.attack(name, part * count, count, folder)
    for outcome, times in outcomes.items():
        tally.add("damaged input", name, outcome, attempts=times)
    for fault in faults:
        tally.add("damaged input", name, "fault", fault.what, fault.number, attempts=0)


def attack_watchers(name: str, part: int, asked: argparse.Namespace, end: float, tally: Tally) -> None:
    """Commands that read, while others write."""
    with fuzz.scratch() as folder, fuzz.within(folder, home=folder / "home"), writers(folder) as begun:
        for _ in range(WATCHINGS // PARTS):
            for words in WATCHERS:
                if time.monotonic() > end:
                    return
                tally.add("reading while others write", name, words[0], try_watching(words), " ".join(words))
        dead = [process.returncode for process in begun if process.poll() is not None]
        if dead:
            tally.add("reading while others write", name, "writers", f"ended with {dead}", attempts=0)

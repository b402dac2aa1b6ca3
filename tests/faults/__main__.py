"""The whole attack, with its counts: failed system calls, limits, kills and signals, damaged files.

python -m tests.faults [--minutes 0] [--kills 200] [--inputs 20000] [--seed 0] [--write]

Every place of our code from which a system call comes meets every error once; `--minutes` goes on with further calls
until so many minutes are over. `--write` puts the counts into results/reference/faults.md. Exit code 1 if there is a
fault.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

from tests.faults.commands import SUBJECTS, Place, places
from tests.faults.fuzz import attack
from tests.faults.moments import LIMITS, exempt, try_kill, try_limit, try_signals
from tests.faults.readers import READERS
from tests.faults.system_calls import ordered, points, reason_to_skip, try_point

PAGE = Path(__file__).parents[2] / "results" / "reference" / "faults.md"


class Tally:
    """Attempts by attack, kind and subject, and the faults."""

    def __init__(self) -> None:
        self.counts = Counter[tuple[str, str, str]]()
        self.faults: list[str] = []

    def add(self, attack: str, kind: str, subject: str, fault: str, case: object = "", attempts: int = 1) -> None:
        """Count attempts; a fault is said at once."""
        self.counts[attack, kind, subject] += attempts
        if fault:
            self.faults.append(f"{subject}, {attack}, {kind} {case}: {' '.join(fault.split())}")
            print(self.faults[-1], file=sys.stderr, flush=True)


def main() -> int:
    """Attack, and print the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=0, help="time for more calls than one of each kind")
    parser.add_argument("--kills", type=int, default=200, help="kills, and as many other signals")
    parser.add_argument("--inputs", type=int, default=20_000, help="damaged inputs for each reader")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    asked = parser.parse_args()
    tally, rng, begin = Tally(), Random(asked.seed), time.monotonic()
    with places() as every:
        for place in every:
            _fail_calls(place, rng, asked.minutes * 60 / len(SUBJECTS), tally)
            _limit(place, tally)
            _signal(place, rng, -(-asked.kills // len(SUBJECTS)), tally)
    for name in READERS:
        with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as folder:
            outcomes, faults = attack(name, 0, asked.inputs, Path(folder).resolve())
        tally.add("damaged inputs", name, "reader", "", attempts=outcomes.total())
        for fault in faults:
            tally.add("damaged inputs", name, "reader", fault.what, fault.number, attempts=0)
        print(name, dict(outcomes), file=sys.stderr, flush=True)
    page = _page(asked, tally, (time.monotonic() - begin) / 60)
    print(page)
    if asked.write:
        PAGE.write_text(page)
    return 1 if tally.faults else 0


def _fail_calls(place: Place, rng: Random, seconds: float, tally: Tally) -> None:
    """One call of each kind, then others until the time is over."""
    if reason_to_skip():
        return
    found = points(place)
    kinds = len({point.kind for point in found})
    begin = time.monotonic()
    for number, point in enumerate(ordered(found, rng)):
        if number >= kinds and time.monotonic() - begin > seconds:
            break
        fault = try_point(place, point)
        if fault is not None:
            tally.add("failed system call", point.call, place.subject.name, fault, point)


def _limit(place: Place, tally: Tally) -> None:
    for limit, values in LIMITS.items():
        for value in () if exempt(limit) else values:
            tally.add("limit", limit, place.subject.name, try_limit(place, limit, value), value)


def _signal(place: Place, rng: Random, times: int, tally: Tally) -> None:
    for _ in range(times):
        tally.add("kill", "SIGKILL", place.subject.name, try_kill(place, rng))
        kind, fault = try_signals(place, rng)
        tally.add("signal", kind, place.subject.name, fault)


def _page(asked: argparse.Namespace, tally: Tally, minutes: float) -> str:
    total, faults = tally.counts.total(), len(tally.faults)
    lines = [
        "# Faults on purpose",
        "",
        f"`python -m tests.faults --minutes {asked.minutes:g} --kills {asked.kills} --inputs {asked.inputs} "
        f"--seed {asked.seed}` on {sys.platform}, Python {sys.version.split()[0]}: {total} attacks in {minutes:.0f} "
        f"minutes, {faults} faults.",
        "",
        "An attack on a command is a fault if it ends with a traceback, exit code 70, more than one line, or never,"
        " or if the same command, run again, does not make what an undisturbed one makes. A damaged input is a fault"
        " unless its reader accepts it or refuses it in one line.",
        "System calls are those after the first line of the program; calls of one kind come from one place of our code"
        " (one chain of callers and lines, imports of libraries from there together) and end with one error.",
        "",
        *([f"System calls were not failed: {reason_to_skip()}.", ""] if reason_to_skip() else []),
        "| attack | kind | on | attempts |",
        "|---|---|---|---|",
        *(f"| {' | '.join(key)} | {count} |" for key, count in sorted(tally.counts.items())),
        "",
        *(f"- {fault}" for fault in tally.faults),
    ]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    sys.exit(main())

"""The whole attack, an hour by default, with its counts: failed system calls, limits, signals and kills, damaged files.

python -m tests.faults [--minutes 60] [--seed 0] [--inputs 20000] [--write]

`--write` puts the counts into results/reference/faults.md. Exit code 1 if there is a fault.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

from tests.faults.commands import SUBJECTS, Place, places
from tests.faults.fuzz import attack
from tests.faults.moments import LIMITS, exempt, try_limit, try_signals
from tests.faults.readers import READERS
from tests.faults.system_calls import reason_to_skip, shuffled, try_point

PAGE = Path(__file__).parents[2] / "results" / "reference" / "faults.md"

Counts = Counter[tuple[str, str, str]]
"""Number of attempts by attack, kind and subject."""


def main() -> int:
    """Attack until the time is over."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--inputs", type=int, default=20_000, help="damaged inputs for each reader")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    asked = parser.parse_args()
    counts, faults, rng = Counts(), [], Random(asked.seed)
    share = asked.minutes * 60 / len(SUBJECTS)
    with places() as every:
        for place in every:
            _attack(place, rng, share, counts, faults)
    for name in READERS:
        with tempfile.TemporaryDirectory() as folder:
            outcomes, found = attack(name, 0, asked.inputs, Path(folder))
        counts["damaged inputs", "all kinds", name] += outcomes.total()
        faults += [f"{fault.reader}, input {fault.number}: {fault.what}" for fault in found]
    page = _page(asked, counts, faults)
    print(page)
    if asked.write:
        PAGE.write_text(page)
    return 1 if faults else 0


def _attack(place: Place, rng: Random, seconds: float, counts: Counts, faults: list[str]) -> None:
    """Half of the time for system calls, a quarter each for limits and for signals."""
    name, begin = place.subject.name, time.monotonic()

    def tried(attack: str, kind: str, case: object, fault: str) -> None:
        counts[attack, kind, name] += 1
        if fault:
            faults.append(f"{name}, {attack}, {case}: {fault}")
            print(faults[-1], file=sys.stderr, flush=True)

    for point in [] if reason_to_skip() else shuffled(place, rng):
        if time.monotonic() - begin > seconds / 2:
            break
        tried("failed system calls", point[0], point, try_point(place, *point))
    values = [(limit, value) for limit in LIMITS if not exempt(limit) for value in LIMITS[limit]]
    for limit, value in rng.sample(values, len(values)):
        if time.monotonic() - begin > seconds * 3 / 4:
            break
        tried("limits", limit, (limit, value), try_limit(place, limit, value))
    while time.monotonic() - begin < seconds:
        kind, fault = try_signals(place, rng, 3.0)
        tried("signals", kind, kind, fault)


def _page(asked: argparse.Namespace, counts: Counts, faults: list[str]) -> str:
    lines = [
        "# Faults on purpose",
        "",
        f"`python -m tests.faults --minutes {asked.minutes:g} --seed {asked.seed} --inputs {asked.inputs}`"
        f" on {sys.platform}, Python {sys.version.split()[0]}: {counts.total()} attacks, {len(faults)} faults."
        " After each attack on a command the same command ran again, and made what an undisturbed one makes.",
        "",
        *([f"System calls were not failed: {reason_to_skip()}.", ""] if reason_to_skip() else []),
        "| attack | kind | on | attempts |",
        "|---|---|---|---|",
        *(f"| {' | '.join(key)} | {count} |" for key, count in sorted(counts.items())),
        "",
        *(f"- {' '.join(fault.split())}" for fault in faults),
    ]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    sys.exit(main())

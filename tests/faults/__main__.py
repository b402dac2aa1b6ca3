"""The whole attack, with its counts: failed system calls, limits, kills and signals, damaged files.

python -m tests.faults [--minutes 60] [--kills 200] [--inputs 20000] [--seed 0] [--write]

Every place of our code from which a system call comes meets every error once; `--seed` chooses among its calls. All of
it takes hours of a processor. `--write` puts the counts into results/reference/faults.md. Exit code 1 if there
is a fault.
"""

import argparse
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from mlpcli.threads import cores
from tests.faults.attacks import PARTS, Tally, attack_command, attack_reader, attack_watchers, part_of
from tests.faults.commands import SUBJECTS
from tests.faults.readers import READERS
from tests.faults.system_calls import reason_to_skip

PAGE = Path(__file__).parents[2] / "results" / "reference" / "faults.md"


def main() -> int:
    """Attack, and print the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no attack after this many minutes")
    parser.add_argument("--kills", type=int, default=200, help="kills, and as many other signals")
    parser.add_argument("--inputs", type=int, default=20_000, help="damaged inputs for each reader")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    asked = parser.parse_args()
    tally, begin = Tally(), time.monotonic()
    end = begin + asked.minutes * 60
    attacks = [(attack_command, name) for name in SUBJECTS] + [(attack_reader, name) for name in READERS]
    attacks.append((attack_watchers, "a run and a sweep"))
    with ProcessPoolExecutor(cores(), multiprocessing.get_context("spawn")) as pool:
        work = [pool.submit(part_of, *attack, part, asked, end) for part in range(PARTS) for attack in attacks]
        for done in as_completed(work):
            tally += done.result()
    page = _page(asked, tally, (time.monotonic() - begin) / 60)
    print(page)
    if asked.write:
        PAGE.write_text(page)
    return 1 if tally.faults else 0


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
        "| attack | on | kind | attempts |",
        "|---|---|---|---|",
        *(f"| {' | '.join(key)} | {count} |" for key, count in sorted(tally.counts.items())),
        "",
        *(f"- {fault}" for fault in tally.faults),
    ]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    sys.exit(main())

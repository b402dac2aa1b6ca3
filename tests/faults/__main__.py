"""The whole attack, with its counts: failed system calls, limits, kills and signals, damaged files.

python -m tests.faults [--minutes 60] [--kills 200] [--inputs 20000] [--seed 0] [--jobs 1] [--only ATTACK] [--write]

Every place of our code from which a system call comes meets every error once; `--seed` chooses among its calls.
`--write` puts the counts into results/reference/faults.md. Ctrl-C ends the attack early, with the counts so far. Exit
code 1 if there is a fault.
"""

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path

from mlpcli.threads import cores
from tests.faults.attacks import ATTACKS, Tally, Task, plan, run
from tests.faults.system_calls import ERRORS, reason_to_skip

PAGE = Path(__file__).parents[2] / "results" / "reference" / "faults.md"


def main() -> int:
    """Attack, and print the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no attempt after this many minutes")
    parser.add_argument("--kills", type=int, default=200, help="kills, and as many other signals")
    parser.add_argument("--inputs", type=int, default=20_000, help="damaged inputs for each reader")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=cores(), help="processes")
    parser.add_argument("--only", action="append", choices=list(ATTACKS), help="this kind of attack")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    asked = parser.parse_args()
    begin, tally = time.monotonic(), Tally()
    tasks = plan(asked)
    with ProcessPoolExecutor(asked.jobs, multiprocessing.get_context("spawn")) as pool:
        work = [pool.submit(run, task, begin + asked.minutes * 60) for task in tasks]
        with suppress(KeyboardInterrupt):
            for done in as_completed(work):
                tally += done.result()
        pool.shutdown(cancel_futures=True)
    page = _page(asked, tasks, tally, (time.monotonic() - begin) / 60)
    print(page)
    if asked.write:
        PAGE.write_text(page)
    return 1 if tally.faults else 0


def _page(asked: argparse.Namespace, tasks: Sequence[Task], tally: Tally, minutes: float) -> str:
    planned = Counter[tuple[str, str]]()
    for task in tasks:
        planned[task.attack, task.subject] += len(task.cases)
    total, faults = tally.ends.total(), len(tally.faults)
    errors = "; ".join(f"{call} {', '.join(names)}" for call, names in ERRORS.items())
    lines = [
        "# Faults on purpose",
        "",
        f"`python -m tests.faults --kills {asked.kills} --inputs {asked.inputs} --seed {asked.seed}` on {sys.platform},"
        f" Python {sys.version.split()[0]}: {total:,} attempts in {minutes:.0f} minutes, {faults} faults.",
        "",
        "An attempt on a command is a fault if it ends with a traceback, exit code 70, more than one line, or never,"
        " or if the same command, run again, does not make what an undisturbed one makes. A damaged input is a fault"
        " unless its reader accepts it or refuses it in one line.",
        "",
        "System calls are those after the first line of the program. Calls that come from one place of our code (one"
        " chain of callers and lines; what a library does from there counts as that place) are of one kind for each"
        " error, and one call of each kind fails. What a sweep has in common with a training, or a sweep with workers"
        f" with a serial one, is tried once. Errors: {errors}.",
        "",
        *([f"System calls were not failed: {reason_to_skip()}.", ""] if reason_to_skip() else []),
        "| attack | on | attempts | of | ended |",
        "|---|---|---|---|---|",
        *(_row(*key, count, tally.ends) for key, count in sorted(planned.items())),
        "",
        *(f"- {fault}" for fault in tally.faults),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _row(attack: str, subject: str, planned: int, ends: Counter[tuple[str, str, str]]) -> str:
    here = {how: count for (*key, how), count in sorted(ends.items()) if key == [attack, subject]}
    said = ", ".join(f"{how}: {count:,}" for how, count in here.items())
    return f"| {attack} | {subject} | {sum(here.values()):,} | {planned:,} | {said} |"


if __name__ == "__main__":
    sys.exit(main())

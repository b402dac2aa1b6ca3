"""The whole attack, with its counts: failed system calls, limits, kills and signals, damaged files.

python -m tests.faults [--minutes 60] [--kills 200] [--inputs 20000] [--seed 0] [--jobs 1] [--only ATTACK]
                       [--on SUBJECT] [--write]

Every place of our code from which a system call comes meets every error once; `--seed` chooses among its calls. The
attempts are spread evenly over attacks and subjects, so that Ctrl-C and `--minutes` stop an attack that has tried some
of everything. With `--write`, results/reference/faults.csv records each task when it is done, the cases that it has are
not tried again, and faults.md is written from it: a whole attack may be made in pieces. Exit code 1 if this run met a
fault; faults that the record had before do not count.
"""

import argparse
import multiprocessing
import shlex
import sys
import time
from collections import Counter
from collections.abc import Iterator
from compileall import compile_dir
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path

import mlpcli
from mlpcli.results.provenance import provenance
from mlpcli.threads import cores
from tests.faults import record
from tests.faults.attacks import ATTACKS, Task, plan, run
from tests.faults.commands import SUBJECTS, Ended
from tests.faults.readers import READERS


def main() -> int:
    """Attack, and print the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no attempt after this many minutes")
    parser.add_argument("--kills", type=int, default=200, help="kills, and as many other signals")
    parser.add_argument("--inputs", type=int, default=20_000, help="damaged inputs for each reader")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=cores(), help="processes")
    parser.add_argument("--only", action="append", choices=list(ATTACKS), help="this kind of attack")
    parser.add_argument("--on", action="append", choices=[*SUBJECTS, *READERS], help="this command or reader")
    parser.add_argument(
        "--write", action="store_true", help=f"go on with {record.RECORD.name}, write {record.PAGE.name}"
    )
    asked = parser.parse_args()
    compile_dir(Path(mlpcli.__file__).parent, quiet=1)  # else each command does, where the environment says so
    begin, machine = time.monotonic(), provenance("")
    tasks, rows = plan(asked), record.read(record.RECORD) if asked.write else []
    recorded = len(rows)

    def add(more: list[record.Row]) -> None:
        rows.extend(more)
        if asked.write:
            record.write(record.RECORD, more)

    known = {(row.attack, row.subject, row.planned) for row in rows}
    groups = dict.fromkeys((task.attack, task.subject, task.planned) for task in tasks)
    add(
        [
            record.Row("", attack, subject, 0, "", planned, "", 0)
            for attack, subject, planned in sorted(groups.keys() - known)
        ]
    )
    with ProcessPoolExecutor(asked.jobs, multiprocessing.get_context("spawn")) as pool:
        end = begin + asked.minutes * 60
        work = {
            pool.submit(run, task._replace(cases=task.cases[made:]), end): (task, made)
            for task, made in _missing(tasks, rows)
        }
        with suppress(KeyboardInterrupt):
            for done in as_completed(work):
                add(list(_rows(*work[done], done.result(), machine["git_commit"])))
        pool.shutdown(cancel_futures=True)
    text = record.page(rows, f"{machine['cpu']}, {machine['python']}", shlex.join(sys.argv[1:]))
    print(text)
    if asked.write:
        record.PAGE.write_text(text, encoding="utf-8")
    return 1 if any(row.fault for row in rows[recorded:]) else 0


def _missing(tasks: list[Task], rows: list[record.Row]) -> Iterator[tuple[Task, int]]:
    """Tasks that are not done, each with the number of its first cases that the record has."""
    tried: dict[tuple[str, str, int], set[str]] = {}
    for row in rows:
        tried.setdefault((row.attack, row.subject, row.task), set()).add(row.tried)
    for task in tasks:
        made = record.made(task.cases, tried.get((task.attack, task.subject, task.number), ()))
        if made < len(task.cases):
            yield task, made


def _rows(task: Task, made: int, ends: list[tuple[object, Ended]], commit: str | None) -> Iterator[record.Row]:
    """How the attempts after the `made` first ones of a task ended; each fault has a row of its own."""
    said = Counter(
        (ended.how, f"{case}: {ended.fault.splitlines()[-1]}" if ended.fault else "") for case, ended in ends
    )
    tried = record.digest(task.cases[: made + len(ends)])
    for (how, fault), count in said.items():
        yield record.Row(
            (commit or "")[:12], task.attack, task.subject, task.number, tried, task.planned, how, count, fault
        )


if __name__ == "__main__":
    sys.exit(main())

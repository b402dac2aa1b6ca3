"""The record of the whole attack: how the attempts of each task ended, appended task by task, and the page made of it.

An attack may be stopped at any moment and begun again: cases that the record has are not tried twice. A task whose
cases are not those recorded, since the code or `--seed` has changed, is tried from its first case on; so are rows that
are deleted. What became of a fault is written behind its text by hand.
"""

import csv
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from hashlib import sha256
from pathlib import Path
from textwrap import wrap

from tests.faults.system_calls import ERRORS, reason_to_skip

__all__ = ["PAGE", "RECORD", "Row", "digest", "made", "page", "read", "write"]

REFERENCE = Path(__file__).parents[2] / "results" / "reference"
PAGE, RECORD = REFERENCE / "faults.md", REFERENCE / "faults.csv"


@dataclass(frozen=True)
class Row:
    """Attempts of one task that ended alike; a fault has a row of its own.

    `tried` is the digest of the cases of the task, from its first to the last one attempted; rows from before it was
    recorded have none. `planned` is the number of attempts on the subject; a row without attempts says only that they
    are planned.
    """

    commit: str
    attack: str
    subject: str
    task: int
    tried: str
    planned: int
    ended: str
    attempts: int
    fault: str = ""


def read(path: Path) -> list[Row]:
    """The rows that are there."""
    if not path.exists():
        return []
    with open(path, encoding="utf-8", newline="") as file:
        return [Row(**{name: _typed(name, text) for name, text in row.items()}) for row in csv.DictReader(file)]


def _typed(name: str, text: str) -> "int | str":
    return int(text) if name in ("task", "planned", "attempts") else text


def write(path: Path, rows: Iterable[Row]) -> None:
    """Append rows."""
    new = not path.exists()
    with open(path, "a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([[field.name for field in fields(Row)]] if new else [])
        writer.writerows(map(astuple, rows))


def digest(cases: Iterable[object]) -> str:
    """A digest of cases in their order.

    >>> digest([1, 2]) == digest(range(1, 3)) != digest([2, 1])
    True
    """
    return [*_digests(cases)][-1]


def made(cases: Iterable[object], tried: Collection[str]) -> int:
    """How many cases, from the first one on, have their digest among those `tried`.

    >>> made([1, 2, 3], [digest([1, 2])]), made([1, 2, 3], [digest([2])])
    (2, 0)
    """
    return max((count for count, text in enumerate(_digests(cases)) if text in tried), default=0)


def _digests(cases: Iterable[object]) -> Iterator[str]:
    """The digest of no case, then of the first, then of the first two, and so on."""
    hashed = sha256()
    yield ""
    for case in cases:
        hashed.update(f"{case!r}\n".encode())
        yield hashed.hexdigest()[:12]


def page(rows: Sequence[Row], machine: str, asked: str) -> str:
    """The page: attempts by attack and subject, then the faults."""
    total, faults = sum(row.attempts for row in rows), [row for row in rows if row.fault]
    commits = Counter[str]()
    for row in rows:
        commits[row.commit] += row.attempts
    by_commit = ", ".join(f"{count:,} on {commit or 'no commit'}" for commit, count in commits.items() if count)
    planned = sum({(row.attack, row.subject): row.planned for row in rows}.values())
    errors = "; ".join(f"{call} {', '.join(names)}" for call, names in ERRORS.items())
    paragraphs = [
        f"Made by `python -m tests.faults`, which may be stopped and begun again, the last time with `{asked}`, from "
        f"`{RECORD.name}`: {total:,} of {planned:,} attempts, {len(faults)} faults. {machine}. By commit: {by_commit}.",
        "An attempt on a command is a fault if it ends with a traceback, exit code 70, more than one line, or never, "
        "or if the same command, run again, does not make what an undisturbed one makes. A damaged input is a fault "
        "unless its reader accepts it or refuses it in one line.",
        "System calls are those after the first line of the program. Calls that come from one place of our code (one "
        "chain of callers and lines; what a library does from there counts as that place) are of one kind for each "
        "error, and one call of each kind fails. What a sweep has in common with a training, or a sweep with workers "
        f"with a serial one, is tried once. Errors: {errors}.",
        "Links in place of the names that are written below results/ are tried by `tests/faults/test_links.py`, "
        "threads without memory by `tests/test_background.py`.",
        f"System calls were not failed: {reason_to_skip()}." if reason_to_skip() else "",
        "The cases that are planned change with the code and with `--seed`. Attempts of every plan are added up, and "
        "`of` is the number of the last plan. Where there are fewer attempts than `of`, the attack was stopped: the "
        "rest has not been tried. A command that a signal met too late, or did not stop, ended with 0.",
    ]
    head = [line for text in filter(None, paragraphs) for line in (*wrap(text, 118), "")]
    lines = [
        "# Faults on purpose",
        "",
        *head,
        "| attack | on | attempts | of | ended |",
        "|---|---|---:|---:|---|",
        *_table(rows),
        "",
        *(f"- {row.attack}, {row.subject} ({row.commit}): {row.fault}" for row in faults),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _table(rows: Iterable[Row]) -> Iterator[str]:
    planned: dict[tuple[str, str], int] = {}
    ends: dict[tuple[str, str], Counter[str]] = {}
    for row in rows:
        planned[row.attack, row.subject] = row.planned
        ends.setdefault((row.attack, row.subject), Counter())[row.ended] += row.attempts
    for (attack, subject), ended in sorted(ends.items()):
        said = ", ".join(f"{how}: {count:,}" for how, count in sorted(ended.items()) if count)
        yield f"| {attack} | {subject} | {ended.total():,} | {planned[attack, subject]:,} | {said} |"

"""System calls of a tiny command, each failed once: strace injects the error, in the main thread and in workers.

A command makes some 20,000 calls, nearly all of them while it imports libraries: with every error that would be days.
Calls that come from the same place of our code, the same chain of callers and lines, are of one kind, and one call of
each kind fails, so that every place meets every error.

Calls are numbered per thread, from the first line of the command's own code; what Python does before is not ours. A
call that fails in the main thread fails in other threads and in workers too, if they make as many. Of the calls that
workers make, the last ones, which are not imports, fail one by one, and a sample of the others.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.faults.commands import Ended, Place
from tests.faults.zygote import Copy

__all__ = ["ERRORS", "NOT_MADE", "Point", "one_of_each_kind", "points", "reason_to_skip", "try_point"]

ERRORS = {
    "openat": ("EMFILE", "ENOMEM", "EINTR", "EIO", "EACCES"),
    "read": ("EIO", "EINTR"),
    "write": ("ENOSPC", "EIO", "EINTR"),
    "close": ("EIO", "EINTR"),
    "fsync": ("EIO", "ENOSPC"),
    "rename": ("EIO", "ENOSPC", "EACCES"),
    "unlink": ("EIO", "EACCES"),
    "mkdir": ("EIO", "ENOSPC", "EACCES"),
    "rmdir": ("EIO",),
    "ftruncate": ("EIO", "EINTR"),
    "fcntl": ("ENOLCK", "EINTR"),
    "lseek": ("EIO",),
    "getdents64": ("EIO", "ENOMEM"),
    "newfstatat": ("EIO", "ENOMEM"),
    "mmap": ("ENOMEM",),
    "mprotect": ("ENOMEM",),
    "clone3": ("EAGAIN", "ENOMEM"),
    "vfork": ("EAGAIN", "ENOMEM"),
    "pipe2": ("EMFILE",),
    "dup": ("EMFILE",),
    "socket": ("EMFILE",),
}
"""Errors by the system call that may end with them."""

NOT_MADE = "call not made"
"""How an attempt ends in which the call to fail did not come: the number of calls varies a little."""

WORKER_CALLS, OTHER_WORKER_CALLS = 60, 100
"""Last calls of a worker to fail, each with each error, and the size of the sample of its other calls."""

STRACE = ("strace", "-f", "--seccomp-bpf")

TELL_PLACES = """
import sys, zlib

places = ["start"]

def follow(frame, event, argument):
    code, caller = frame.f_code, frame.f_back
    ours = "/mlpcli/" in code.co_filename
    imports = code.co_filename == "<frozen importlib._bootstrap>" and code.co_name == "_find_and_load"
    if not ours and not imports or caller is None:
        return
    if event == "call":
        place = places[-1]
        if not place.endswith(" imports"):
            line = caller.f_lineno if "/mlpcli/" in caller.f_code.co_filename else 0
            function = place.split()[0] + " imports" if imports else code.co_name
            place = f"{function.split()[0]} {zlib.crc32(f'{place}:{line}'.encode()):08x}" + " imports" * imports
            os.access("/place/" + place, os.F_OK)
        places.append(place)
    elif event == "return" and len(places) > 1 and places.pop() != places[-1]:
        os.access("/place/" + places[-1], os.F_OK)

sys.setprofile(follow)
"""
"""Calls access("/place/...") whenever the main thread enters or leaves one of our functions, or an import."""


def reason_to_skip() -> str:
    """Why nothing can be injected here, "" if it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    probe = subprocess.run([*STRACE, "-o", os.devnull, "true"], capture_output=True, text=True, check=False)
    return "" if probe.returncode == 0 else f"strace cannot trace here: {probe.stderr.strip()[:100]}"


class Point(NamedTuple):
    """A system call, by its number in its thread, the error that it is to end with, and the place it comes from.

    `copied`: in a copy of a process that has imported everything.
    """

    place: str
    call: str
    error: str
    number: int
    copied: bool

    @property
    def kind(self) -> tuple[str, str, str]:
        """What it shares with other points of its kind."""
        return self.place, self.call, self.error


def one_of_each_kind(found: Iterable[Point], seed: str) -> list[Point]:
    """A point of each kind, in an order in which a kind more or less moves no other."""
    kinds: dict[tuple[str, str, str], list[Point]] = {}
    for point in found:
        kinds.setdefault(point.kind, []).append(point)
    draws = [Random(f"{seed} {kind}") for kind in kinds]
    chosen = [(rng.random(), rng.choice(alike)) for rng, alike in zip(draws, kinds.values(), strict=True)]
    return [point for _, point in sorted(chosen)]


def points(place: Place) -> list[Point]:
    """A point for every call that the main thread makes from its first line on, and each error that it may end with.

    The calls of workers have points too; `WORKER_CALLS` and `OTHER_WORKER_CALLS` bound their number.
    """
    imports = [point for point in _points(place, copied=False) if point.place.endswith(" imports")]
    return imports + _points(place, copied=True)


def _points(place: Place, copied: bool) -> list[Point]:
    with tempfile.NamedTemporaryFile("r") as log:
        place.fresh()
        process = _traced(place, log.name, ",?".join((*ERRORS, "access", "prctl")), copied, before=TELL_PLACES)
        process.communicate()
        lines = log.read().splitlines()
    main = next(line.split()[0] for line in lines if '"/main-begins"' in line)
    workers = dict.fromkeys(line.split()[0] for line in lines if "prctl(PR_SET_PDEATHSIG" in line)
    found = _calls(lines, main, copied, begin='"/main-begins"')
    for worker in workers:
        calls = _calls(lines, worker, copied, begin="prctl(PR_SET_PDEATHSIG")
        late = calls[-WORKER_CALLS:]
        early = Random(0).sample(calls[:-WORKER_CALLS], min(OTHER_WORKER_CALLS, len(calls[:-WORKER_CALLS])))
        found += [point._replace(place=f"worker {point.number}") for point in late + early]
    return found


def _calls(lines: Iterable[str], process: str, copied: bool, begin: str) -> list[Point]:
    """The calls of a thread from the line of the log that has `begin` on, and their places."""
    found, counts, at = [], dict.fromkeys(ERRORS, 0), ""
    for line in lines:
        called = re.match(rf"{process}\s+(\w+)\(", line)
        if called is None:
            continue
        if begin in line:
            at = "start"
        elif entered := re.search(r'"/place/([^"]*)"', line):
            at = entered[1] if at else ""
        elif (call := called[1]) in ERRORS:
            counts[call] += 1
            found += [Point(at, call, error, counts[call], copied) for error in ERRORS[call] if at]
    return found


def try_point(place: Place, point: Point) -> Ended:
    """Run the command with this one call failing."""
    place.fresh()
    inject = f"inject=?{point.call}:error={point.error}:when={point.number}"
    with tempfile.NamedTemporaryFile("r") as log:
        ended = place.ended(_traced(place, log.name, point.call, point.copied, "-e", inject))
        return ended if "(INJECTED)" in Path(log.name).read_text(errors="replace") else Ended(NOT_MADE)


def _traced(
    place: Place, log: str, calls: str, copied: bool, *flags: str, before: str = ""
) -> subprocess.Popen[str] | Copy:
    """The command under strace, which sees only some calls where it begins before the command does."""
    tracer = [*STRACE[: 2 if copied else None], "-o", log, "-e", f"trace=?{calls}", *flags]
    return place.copy(tracer=tracer, before=before) if copied else place.start(prefix=tracer, before=before)

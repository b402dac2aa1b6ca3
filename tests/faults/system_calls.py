"""Every system call of a tiny command, failed once: strace injects the error, in the main thread and in workers.

Calls are numbered per thread, from the first line of the command's own code; what Python does before is not ours.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import zip_longest
from random import Random

from tests.faults.commands import Place

__all__ = ["ERRORS", "Point", "points", "reason_to_skip", "shuffled", "try_point"]

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


STRACE = ("strace", "-f", "--seccomp-bpf")


def reason_to_skip() -> str:
    """Why nothing can be injected here, "" if it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    probe = subprocess.run([*STRACE, "-o", os.devnull, "true"], capture_output=True, text=True, check=False)
    return "" if probe.returncode == 0 else f"strace cannot trace here: {probe.stderr.strip()[:100]}"


Point = tuple[str, int, str]
"""System call, its number in its thread, error."""


def shuffled(place: Place, rng: Random) -> list[Point]:
    """All points in random order, the kinds of call and error in turn: most calls are those of imports."""
    kinds: dict[tuple[str, str], list[Point]] = {}
    for point in points(place):
        kinds.setdefault((point[0], point[2]), []).append(point)
    for kind in kinds.values():
        rng.shuffle(kind)
    turns = zip_longest(*sorted(kinds.values(), key=lambda kind: rng.random()))
    return [point for turn in turns for point in turn if point is not None]


def points(place: Place) -> Iterator[Point]:
    """A point for every call that the main thread makes from its first line on, and each error that it may end with."""
    calls = ",".join((*ERRORS, "access"))
    with tempfile.NamedTemporaryFile("r") as log:
        place.fresh()
        process = place.start(prefix=[*STRACE, "-o", log.name, "-e", f"trace=?{calls.replace(',', ',?')}"])
        process.communicate()
        lines = log.read().splitlines()
    main = next(line.split()[0] for line in lines if '"/main-begins"' in line)
    counts: dict[str, int] = {}
    begun = False
    for line in lines:
        found = re.match(rf"{main}\s+(\w+)\(", line)
        if found is None:
            continue
        begun = begun or '"/main-begins"' in line
        name = found[1]
        counts[name] = counts.get(name, 0) + 1
        if begun and name in ERRORS:
            for error in ERRORS[name]:
                yield name, counts[name], error


def try_point(place: Place, call: str, number: int, error: str) -> str:
    """Run the command with this one call failing: what is wrong, "" if nothing is."""
    place.fresh()
    inject = f"inject=?{call}:error={error}:when={number}"
    return place.fault(place.start(prefix=[*STRACE, "-o", os.devnull, "-e", f"trace=?{call}", "-e", inject]))

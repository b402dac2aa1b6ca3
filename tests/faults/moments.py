"""Limits on memory, files, file size and processes, and signals at random moments."""

import os
import resource
import shutil
import signal
import time
from random import Random

from tests.faults.commands import CODES, Ended, Place

__all__ = ["LIMITS", "exempt", "try_kill", "try_limit", "try_signals"]

LIMITS = {
    "RLIMIT_AS": [megabytes << 20 for megabytes in range(60, 400, 10)],
    "RLIMIT_DATA": [megabytes << 20 for megabytes in range(20, 300, 10)],
    "RLIMIT_NOFILE": list(range(4, 40)),
    "RLIMIT_FSIZE": [0, 10, 100, 500, 1000, 2000, 4000, 8000, 16_000, 64_000],
    "RLIMIT_NPROC": list(range(1, 8)),
}
"""Values by limit. The limit on processes does not bind root: there it is tried as a user without other processes."""

ANOTHER_USER = (
    *("setpriv", "--reuid", "{user}", "--clear-groups"),
    *("--inh-caps", "-all,+dac_override", "--ambient-caps", "-all,+dac_override"),
)
"""Ends root's exemption and keeps its access to files."""

SIGNALLING = """
import threading, time
def shoot():
    for wait in {waits}:
        time.sleep(wait)
        os.kill(os.getpid(), {number})
threading.Thread(target=shoot, daemon=True).start()
"""


def try_limit(place: Place, limit: str, value: int) -> Ended:
    """Run the command under a limit."""
    place.fresh()
    number, prefix = getattr(resource, limit), []
    if limit == "RLIMIT_NPROC" and os.geteuid() == 0:
        prefix = [word.format(user=100_000 + os.getpid()) for word in ANOTHER_USER]
    return place.ended(place.start(prefix=prefix, preexec=lambda: resource.setrlimit(number, (value, value))))


def try_kill(place: Place, rng: Random, copied: bool) -> Ended:
    """Kill the command at a random moment, of a copy in its own work, else mostly in its imports."""
    seconds = place.seconds_of_a_copy if copied else place.seconds
    place.fresh()
    process = place.copy() if copied else place.start()
    time.sleep(rng.uniform(0, seconds))
    process.kill()
    return place.ended(process, CODES | {-signal.SIGKILL})


def try_signals(place: Place, rng: Random, copied: bool) -> Ended:
    """Send SIGTERM or Ctrl-C at a random moment, perhaps several times, in the command's own work or mostly imports."""
    seconds = place.seconds_of_a_copy if copied else place.seconds
    place.fresh()
    number = rng.choice([signal.SIGTERM, signal.SIGTERM, signal.SIGINT])
    wait = rng.uniform(0, seconds)
    waits = [wait, *(rng.choice([0, 0.001, 0.01, 0.05]) for _ in range(rng.choice([0, 1, 3])))]
    begin = "watch_only = interruption.watch\n"
    shooting = SIGNALLING.format(waits=waits, number=int(number)).replace("\n", "\n    ")
    before = f"{begin}def watch_and_shoot():\n    watch_only(){shooting}\ninterruption.watch = watch_and_shoot\n"
    codes = {0, 143 if number == signal.SIGTERM else 130}
    return place.ended(place.copy(before=before) if copied else place.start(before=before), codes)


def exempt(limit: str) -> bool:
    """Whether a limit cannot be tried here."""
    return limit == "RLIMIT_NPROC" and os.geteuid() == 0 and shutil.which("setpriv") is None

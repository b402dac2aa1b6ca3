"""Processes as tests see them that kill them, and how long such tests wait."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE = 600
"""Seconds after which a test takes something to hang, however busy the machine is."""

ENDLESS = 3600
"""Seconds of a job that ends within PATIENCE only if it is stopped."""


def alive(group: int) -> list[str]:
    """The processes of a process group that run, zombies aside."""
    table = subprocess.run(["ps", "-eo", "pgid=,stat=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(maxsplit=2) for line in table.splitlines()]
    return [row[2] for row in rows if int(row[0]) == group and not row[1].startswith("Z")]


def eventually(condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Whether the condition comes true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def fastest(action: Callable[[], object], times: int = 100) -> float:
    """The least seconds that an action took: a yardstick that other programs disturb least."""
    seconds = []
    for _ in range(times):
        begin = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - begin)
    return min(seconds)


def start_script(folder: Path, text: str) -> subprocess.Popen[str]:
    """A Python script in a process group of its own, with pipes for its stdout and stderr."""
    script = folder / "script.py"
    script.write_text(text)
    return subprocess.Popen(
        [sys.executable, str(script)],
        cwd=folder,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

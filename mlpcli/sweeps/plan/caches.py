"""The cache that a core has to itself, as the system tells: what the size of stacks goes by."""

import subprocess
from contextlib import suppress
from functools import cache
from pathlib import Path

__all__ = ["MEASURED", "core_cache"]

MEASURED = 2 * 2**20
"""Bytes, of the largest L2 cache that stacks were measured on. More counts as this, and so does a size unknown."""

LINUX = Path("/sys/devices/system/cpu/cpu0/cache")


@cache
def core_cache(folder: Path = LINUX) -> int:
    """Bytes of L2 cache per processor, at most `MEASURED`; where several share one, each has its part."""
    return min(MEASURED, _linux(folder) or _macos() or MEASURED)


def _linux(folder: Path) -> int | None:
    for index in sorted(folder.glob("index*")):
        with suppress(OSError, ValueError):
            level, size, shared = ((index / name).read_text().strip() for name in ("level", "size", "shared_cpu_list"))
            if level == "2" and size.endswith("K"):
                return int(size[:-1]) * 1024 // _count(shared)
    return None


def _count(processors: str) -> int:
    """Processors in a list such as "0-1,8"."""
    spans = [[int(end) for end in span.split("-")] for span in processors.split(",")]
    return sum(span[-1] - span[0] + 1 for span in spans)


def _macos() -> int | None:
    with suppress(OSError, ValueError, subprocess.SubprocessError):
        names = ["hw.perflevel0.l2cachesize", "hw.perflevel0.cpusperl2"]
        words = subprocess.run(["sysctl", "-n", *names], capture_output=True, text=True, check=True, timeout=5).stdout
        size, shared = map(int, words.split())
        return size // shared
    return None

"""`--memory`: a bound on what a command holds of its own, kept by the kernel, so that a run cannot grow beyond it.

Files that are mapped, as prepared data are, do not count: their pages are the system's, which takes them back when it
needs them.
"""

import re
import sys

from mlpcli.errors import UsageError

__all__ = ["limit_memory"]

UNITS = {"MB": 10**6, "GB": 10**9, "MIB": 2**20, "GIB": 2**30}
LEAST = 200 * 10**6
"""Bytes below which not even the interpreter with NumPy and pandas would start."""


def limit_memory(size: str) -> None:
    """Let this process allocate no more than `size`, such as 800MB or 1.5GB; beyond it Python raises MemoryError.

    To be called before threads start. Raises UsageError for what is no size, or too small, or not possible here.
    """
    found = re.fullmatch(r"(\d{1,9}(?:\.\d+)?)\s*([MG]i?B)", size.strip(), re.IGNORECASE)
    bytes_ = float(found[1]) * UNITS[found[2].upper()] if found else 0
    if not bytes_:
        raise UsageError(f"--memory {size!r}: a size is needed, in MB or GB, such as 800MB or 1.5GB")
    if bytes_ < LEAST:
        raise UsageError(f"--memory {size!r}: at least {LEAST // 10**6}MB is needed")
    if sys.platform != "linux":
        raise UsageError("--memory: only Linux bounds the memory of a process. Leave the option out")
    import resource

    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    wanted = int(bytes_) if hard == resource.RLIM_INFINITY else min(int(bytes_), hard)
    resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))

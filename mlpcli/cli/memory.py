"""`--memory`: a limit on the memory that a process allocates, enforced by the kernel.

Mapped files such as prepared data do not count, since the system can take their pages back at any time.
"""

import re
import sys

from mlpcli.errors import UsageError

__all__ = ["limit_memory"]

UNITS = {"MB": 10**6, "GB": 10**9, "MIB": 2**20, "GIB": 2**30}
LEAST = 200 * 10**6
"""Bytes below which not even the interpreter with NumPy and pandas starts."""


def limit_memory(size: str) -> None:
    """Limit the memory of this process to `size`, such as 800MB or 1.5GB; beyond it Python raises MemoryError.

    Call this before threads start.

    Raises:
        UsageError: the size is malformed or too small, or the system has no such limit.
    """
    found = re.fullmatch(r"(\d{1,9}(?:\.\d+)?)\s*([MG]i?B)", size.strip(), re.IGNORECASE)
    bytes_ = float(found[1]) * UNITS[found[2].upper()] if found else 0
    if not bytes_:
        raise UsageError(f"--memory {size!r}: expected a size in MB or GB, such as 800MB or 1.5GB")
    if bytes_ < LEAST:
        raise UsageError(f"--memory {size!r}: at least {LEAST // 10**6}MB are needed")
    if sys.platform != "linux":
        raise UsageError("--memory: only Linux can limit the memory of a process. Leave the option out")
    import resource

    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    wanted = int(bytes_) if hard == resource.RLIM_INFINITY else min(int(bytes_), hard)
    resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))

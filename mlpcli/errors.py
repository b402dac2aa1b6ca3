"""The exit codes, and one exception for each way a command can fail.

Every room raises these, or a plain ValueError where it knows nothing of users; only `cli` turns them into a line on
stderr and an exit code.
"""

import errno
import os
from enum import IntEnum

__all__ = [
    "LACK",
    "BadResult",
    "Busy",
    "DataError",
    "Diverged",
    "ExitCode",
    "FileError",
    "Interrupted",
    "MlpcliError",
    "PluginError",
    "Unavailable",
    "UsageError",
    "lack",
    "why",
]


class ExitCode(IntEnum):
    """The meaning of a command's exit code; numbers above 64 follow sysexits.h."""

    OK = 0
    BAD_RESULT = 1
    USAGE = 2
    DATA = 65
    UNAVAILABLE = 69
    BUG = 70
    IO = 74
    BUSY = 75
    INTERRUPTED = 130
    TERMINATED = 143


class MlpcliError(Exception):
    """A failure with a message for the user: `<what> <where>: <why>. <what was kept>. <what to type next>`."""

    code = ExitCode.BUG


class BadResult(MlpcliError):
    """The work ran and the answer is no: training diverged, a trial failed, a gradient is wrong."""

    code = ExitCode.BAD_RESULT


class Diverged(BadResult):
    """Training diverged; `outcome` has what was learned before."""

    def __init__(self, message: str, outcome: object = None) -> None:
        super().__init__(message)
        self.outcome = outcome


class UsageError(MlpcliError):
    """Options or a sweep file are wrong; nothing was started or written."""

    code = ExitCode.USAGE


class PluginError(UsageError):
    """A user-defined part is wrong or missing: its file, its registration, or what it did when it was called."""


class DataError(MlpcliError):
    """Data or a model file is unusable."""

    code = ExitCode.DATA


class Unavailable(MlpcliError):
    """The network or a cluster cannot be reached."""

    code = ExitCode.UNAVAILABLE


class FileError(MlpcliError):
    """A file cannot be read or written."""

    code = ExitCode.IO


class Busy(MlpcliError):
    """Another process is using this results folder."""

    code = ExitCode.BUSY


class Interrupted(MlpcliError):
    """Ctrl-C or SIGTERM; `code` tells which."""

    def __init__(self, message: str, code: ExitCode = ExitCode.INTERRUPTED) -> None:
        super().__init__(message)
        self.code = code


LACK = "lack of "
"""How the error of a trial begins that failed only because the system had nothing to give; it is trained again."""

_SCARCE = {
    errno.ENOMEM: "memory",
    errno.EMFILE: "file descriptors",
    errno.ENFILE: "file descriptors",
}


_REMEDIES = {
    errno.EACCES: "Change its permissions, or name another place",
    errno.EPERM: "Change its permissions, or name another place",
    errno.EROFS: "Name a place that can be written",
    errno.ENOSPC: "Free some space there, or name another place",
    errno.EDQUOT: "Free some space there, or name another place",
    errno.ENAMETOOLONG: "Give a shorter name",
    errno.EIO: "Check the disk and the connection to it",
}


def why(error: OSError) -> str:
    """The reason that the system gives, and what to do about it where that is known.

    >>> why(OSError(errno.ENOSPC, "No space left on device"))
    'No space left on device. Free some space there, or name another place'
    """
    reason, remedy = error.strerror or str(error), _REMEDIES.get(error.errno or 0)
    if error.errno == errno.ENOENT and not _has_working_folder():
        remedy = "The working folder is gone; change to another one"
    return f"{reason}. {remedy}" if remedy else reason


def _has_working_folder() -> bool:
    try:
        os.getcwd()
    except FileNotFoundError:
        return False
    return True


def lack(error: BaseException | None) -> str | None:
    """Resource that the system lacked, if an exception, or its cause, says so.

    >>> lack(MemoryError()), lack(OSError(errno.EMFILE, "")), lack(ValueError())
    ('memory', 'file descriptors', None)
    >>> lack(SystemError("error return without exception set"))
    'memory'
    """
    while error is not None:
        text = str(error)
        if isinstance(error, MemoryError) or "failed to map segment" in text:  # a library that was being loaded
            return "memory"
        if isinstance(error, SystemError) and "without" in text and "exception" in text:  # C code that found none
            return "memory"
        if isinstance(error, RuntimeError) and "can't start new thread" in text:
            return "processes or threads"
        if isinstance(error, OSError | ImportError):
            for code, what in _SCARCE.items():
                if getattr(error, "errno", None) == code or os.strerror(code) in text:
                    return what
        error = error.__cause__ or error.__context__
    return None

"""Reads TOML files from any author: bounded in size, time and nesting, with one line for every fault.

`tomllib` takes seconds for a dotted key of 20,000 parts and raises four kinds of exception; opening a pipe blocks.
"""

import errno
import os
import re
import stat
import tomllib
from pathlib import Path

from mlpcli.config.sources.merge import Source
from mlpcli.errors import FileError, UsageError, why

__all__ = ["read_options", "read_toml"]

MAX_BYTES = 2**20
MAX_KEY_PARTS = 32

_OTHER_FORMATS = (".cfg", ".ini", ".json", ".py", ".yaml", ".yml")

_LONG_KEY = re.compile(rf"""(?<![\w-])(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){{{MAX_KEY_PARTS}}}""")
_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def read_options(path: Path) -> Source:
    """Read the options of a run from a TOML file."""
    return Source(read_toml(path), f"{path}: ")


def read_toml(path: Path) -> dict[str, object]:
    """The content of a TOML file.

    Raises:
        UsageError: for another format of configuration files, and, with file, line and column, for a file that is not
            TOML in UTF-8 (a byte order mark is allowed), not there, not a regular file, larger than 1 MiB, or nested
            too deeply.
        FileError: the file is there, and reading it fails.
    """
    if path.suffix.lower() in _OTHER_FORMATS:
        raise UsageError(f"{path}: mlpcli reads TOML and no {path.suffix.lower()} file. Write it as a .toml file")
    text = _decode(_read_bytes(path), path)
    if long_key := _LONG_KEY.search(text):
        raise UsageError(f"{_at(path, text, long_key.start())}: a key of more than {MAX_KEY_PARTS} parts")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise UsageError(f"{path}: nested too deeply") from None
    except tomllib.TOMLDecodeError as error:
        position = _POSITION.search(str(error))
        place = f"{path}:{position[1]}:{position[2]}" if position and position[1] else f"{path}"
        reason = _POSITION.sub("", str(error))
        hint = ". A path with backslashes stands in single quotes" if "\\" in reason else ""
        raise UsageError(f"{place}: {reason}{hint}") from None
    except ValueError:  # int() over thousands of digits
        raise UsageError(f"{path}: an integer has too many digits") from None


_WRONG_PATHS = {
    *(errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG),
    *(errno.EINVAL, errno.ENXIO, errno.ENODEV),
}
"""Errors that say that there is no such file; others come from the disk and the machine."""


def _read_bytes(path: Path) -> bytes:
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise UsageError(f"{path}: not a regular file")
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        if error.errno in _WRONG_PATHS:
            raise UsageError(f"{path}: {error.strerror}") from None
        raise FileError(f"cannot read {path}: {why(error)}") from error
    except ValueError as error:  # a NUL character in the name
        raise UsageError(f"{path}: {error}") from None
    if len(content) > MAX_BYTES:
        raise UsageError(f"{path}: larger than {MAX_BYTES} bytes")
    return content


def _without_waiting(path: str, flags: int) -> int:
    """Open without waiting for the other end of a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _decode(content: bytes, path: Path) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", "replace")
        raise UsageError(f"{_at(path, before, len(before))}: byte 0x{content[error.start]:02x} is not UTF-8") from None


def _at(path: Path, text: str, position: int) -> str:
    """`file:line:column` of a position in a text."""
    line = text.count("\n", 0, position) + 1
    return f"{path}:{line}:{position - text.rfind(chr(10), 0, position)}"

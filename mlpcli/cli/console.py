"""Printing for all commands: results to stdout, messages to stderr, colour and moving lines only on a terminal.

Text from files and arguments goes through `plain`, so it can neither move the cursor nor act as markup. What must fit
is measured by `taken`.
"""

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from typing import TextIO
from unicodedata import combining, east_asian_width

__all__ = ["error", "is_terminal", "message", "plain", "print_json", "taken", "warning", "wrapped"]

LONGEST = 1_500  # characters of a line of an error


def is_terminal(stream: TextIO | None = None) -> bool:
    """Whether a stream, stdout by default, can show colour and moving lines."""
    return (stream or sys.stdout).isatty() and os.environ.get("TERM") != "dumb"


def message(text: str, *, quiet: bool = False) -> None:
    """Print a line on stderr unless `quiet`; on a terminal it breaks between words, indented where it goes on."""
    if not quiet:
        lines = plain(text).split("\n")
        if is_terminal(sys.stderr):
            lines = [part for line in lines for part in _wrapped(line)]
        _print("\n".join(lines))


def warning(text: str) -> None:
    """Print a line on stderr that begins with `mlpcli: warning:`, unbroken, since it may end in a command to copy."""
    _print(plain(f"mlpcli: warning: {_shortened(text)}"))


def error(text: str) -> None:
    """Print a line on stderr that begins with `mlpcli: error:`, unbroken like a warning."""
    _print(plain(f"mlpcli: error: {_shortened(text)}"))


def _print(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def taken(text: str) -> int:
    """The columns of the terminal that a text takes: two for a wide letter of East Asia, none for an accent alone.

    >>> taken("ab"), taken("\u65e5\u672c"), taken("e\u0301")
    (2, 4, 1)
    """
    if text.isascii():
        return len(text)
    return sum(0 if combining(letter) else 2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def wrapped(text: str, room: int, *, indent: int = 0) -> Iterator[str]:
    """A text broken between words into lines of at most `room` columns, the second and the following ones indented.

    A word that is longer has a line of its own.

    >>> list(wrapped("seven words that have room in lines", 12, indent=2))
    ['seven words', '  that have', '  room in', '  lines']
    """
    line = ""
    for gap, word in re.findall("( *)([^ ]+)", text):
        if line and taken(line) + len(gap) + taken(word) > room:
            yield line
            line = " " * indent + word
        else:
            line += gap + word
    yield line


def _wrapped(line: str) -> list[str]:
    margin = len(line) - len(line.lstrip())
    return list(wrapped(line, _width(), indent=margin + 2))


def _width() -> int:
    """The columns of the terminal that stderr goes to, whatever stdout is."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns
    except (OSError, ValueError):
        return shutil.get_terminal_size().columns


def _shortened(text: str) -> str:
    """The text with the middle of every line beyond 1,500 characters left out: a name may have a million."""
    lines = text.split("\n")
    return "\n".join(
        line if len(line) <= LONGEST else f"{line[: LONGEST // 2]} … {line[-LONGEST // 2 :]}" for line in lines
    )


def plain(text: str) -> str:
    """Text with control and other invisible characters escaped; a line break stays only before an indented line."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or text.startswith("\n  ", at) else repr(character)[1:-1]
        for at, character in enumerate(text)
    )


def print_json(content: object) -> None:
    """Print one JSON object on stdout; ValueError for nan and infinities, which JSON does not have."""
    print(json.dumps(content, indent=2, allow_nan=False))

"""The page of `mlpcli --help`, in the look that rich gives the other pages; loading rich would double its time.

>>> boxes = {"Options": [("--help", "show this message")]}
>>> print(first_page("Train networks.", boxes, width=32, colour=False))
<BLANKLINE>
 Usage: mlpcli [OPTIONS] COMMAND
        [ARGS]...
<BLANKLINE>
 Train networks.
<BLANKLINE>
╭─ Options ────────────────────╮
│ --help  show this message    │
╰──────────────────────────────╯
<BLANKLINE>
"""

from collections.abc import Mapping, Sequence
from textwrap import wrap

__all__ = ["first_page"]

LEAST = 32
"""Columns below which a box is not squeezed any more."""

USAGE = "Usage: mlpcli [OPTIONS] COMMAND [ARGS]..."

YELLOW, CYAN, DIM, PLAIN = "\x1b[33m", "\x1b[1;36m", "\x1b[2m", "\x1b[0m"


def first_page(purpose: str, boxes: Mapping[str, Sequence[tuple[str, str]]], width: int, *, colour: bool) -> str:
    """The page as text.

    Args:
        purpose: what the program does, in a line.
        boxes: by title, the rows of a box: a name and what it does.
        width: columns of the terminal.
        colour: whether names and borders are coloured.
    """
    paint, width = _painted if colour else _unpainted, max(width, LEAST)
    first, *others = wrap(USAGE, width, initial_indent=" ", subsequent_indent=" " * 8)
    usage = first.replace("Usage:", paint(YELLOW, "Usage:"))
    lines = ["", usage, *others, "", *wrap(purpose, width, initial_indent=" ", subsequent_indent=" "), ""]
    for title, rows in boxes.items():
        lines += _box(title, rows, width, colour=colour)
    return "\n".join([*lines, ""])


def _box(title: str, rows: Sequence[tuple[str, str]], width: int, *, colour: bool) -> list[str]:
    paint, names = _painted if colour else _unpainted, max(len(name) for name, _ in rows)
    room, side = width - names - 6, paint(DIM, "│")
    lines = [paint(DIM, f"╭─ {title} {'─' * (width - len(title) - 5)}╮")]
    for name, meaning in rows:
        for place, part in enumerate(wrap(meaning, max(room, 1))):
            shown = paint(CYAN, name.ljust(names)) if place == 0 else " " * names
            lines.append(f"{side} {shown}  {part.ljust(room)} {side}")
    return [*lines, paint(DIM, f"╰{'─' * (width - 2)}╯")]


def _painted(style: str, text: str) -> str:
    return f"{style}{text}{PLAIN}"


def _unpainted(style: str, text: str) -> str:
    return text

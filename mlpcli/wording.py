"""How messages quote what users and files say: in one line, never too long, with the nearest of the known names."""

import difflib
from collections.abc import Iterable, Sequence

__all__ = ["listed", "nearest", "quote"]

LONGEST = 60  # characters of one text
MOST = 12  # names of a list


def quote(text: str) -> str:
    """A text in quotes, what is not printable escaped, the middle left out where it is long.

    >>> quote("a" * 50 + "b" * 50)
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'"
    """
    half = LONGEST // 2
    return repr(text if len(text) <= LONGEST else f"{text[:half]}…{text[-half:]}")


def listed(names: Sequence[str]) -> str:
    """The first of some names."""
    return ", ".join(map(quote, names[:MOST])) + (", …" if len(names) > MOST else "")


def nearest(name: str, names: Iterable[str]) -> str:
    """What to add to a message about an unknown name: the closest of `names`, or nothing.

    >>> nearest("irsi", ["iris", "wine"])
    " (did you mean 'iris'?)"
    """
    found = difflib.get_close_matches(name[:LONGEST], list(names), n=1)
    return f" (did you mean {quote(found[0])}?)" if found else ""

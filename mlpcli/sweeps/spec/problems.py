"""The problems of a sweep file, collected so that all of them reach the user in one message."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from mlpcli.config import usage_error
from mlpcli.wording import nearest, quote

__all__ = ["Problems"]

MAX_GUESSES = 100  # wrong names that the nearest known name is searched for; a message shows no more


@dataclass
class Problems:
    """One line per problem, and the options that had a value refused."""

    lines: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)

    def add(self, place: str, reason: str) -> None:
        """Note what is wrong at this place."""
        self.lines.append(f"{place}: {reason}")

    def unknown(self, place: str, name: str, what: str, known: Iterable[str]) -> None:
        """Note a name that is not one of those known."""
        hint = nearest(name, known) if len(self.lines) < MAX_GUESSES else ""
        if what == "key" and not hint:
            hint = f"; there are {', '.join(known)}"
        self.add(f"{place}{quote(name)[1:-1]}", f"no such {what}{hint}")

    def integer(self, place: str, value: object, low: int, high: int = 2**63 - 1) -> int | None:
        """The value if it is an integer in this range; otherwise the problem is noted and None returned."""
        if type(value) is int and low <= value <= high:
            return value
        self.add(place, f"got {quote(value)}, expected an integer of at least {low}")
        return None

    def stop(self) -> None:
        """Raise one `UsageError` for all of them, if there are any."""
        if self.lines:
            raise usage_error(self.lines)

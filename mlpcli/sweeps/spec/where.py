"""The conditions of a sweep file's `where`: which combinations of options to keep."""

from collections.abc import Callable

from mlpcli.condition import Condition, Vocabulary, parse_condition
from mlpcli.config import OPTIONS, RunOptions
from mlpcli.wording import nearest, quote

__all__ = ["Where", "parse_where"]

Where = Condition[RunOptions]
"""A condition on the options of a run.

`hidden` means the sizes of all hidden layers however they were given, `depth` their number, `width` the size that they
share; `lr` means the optimizer's own where none was given.
"""


def parse_where(text: str) -> Where:
    """Read a condition. Raises `ValueError` that names the column, counted from 1, and the reason.

    >>> parse_where("width * depth <= 512").holds(RunOptions(width=128, depth=4))
    True
    """
    return parse_condition(text, Vocabulary("option", _value, _impossible))


def _value(name: str) -> Callable[[RunOptions], object]:
    if name not in OPTIONS:
        raise ValueError(f"no such option: {name[:40]}{nearest(name, OPTIONS)}")
    if name in ("fold", "folds"):
        raise ValueError(f"{name} tells no configurations apart, since each trains on every fold. Leave it out")
    if name == "hidden":
        return lambda options: options.sizes
    if name == "depth":
        return lambda options: len(options.sizes)
    if name == "width":
        return _width
    return lambda options: options.used(name)


def _width(options: RunOptions) -> int:
    if options.hidden is None:
        return options.width
    if len(set(options.hidden)) == 1:
        return options.hidden[0]
    raise ValueError(f"layers of sizes {quote(options.hidden)} share no width; use hidden")


def _impossible(name: str, value: object) -> str | None:
    """Why an option never has this value, or None."""
    option = OPTIONS[name]
    if isinstance(value, str):
        possible = str in option.types and (value in option.choices or not option.choices)
    else:
        possible = not option.types.isdisjoint((int, float))
    if possible:
        return None
    hint = nearest(value, option.choices) if isinstance(value, str) else ""
    return f"{name} is never {quote(value)}: it is {option.allowed}{hint}"

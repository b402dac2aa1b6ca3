"""Arguments of the Python functions that are no options of a run: each of the type that its function needs.

>>> @checked(results=PATH, force=FLAG)
... def train(results=None, force=False):
...     return results, force
>>> train("results"), train(force=True)
(('results', False), (None, True))
>>> train(results=3)
Traceback (most recent call last):
mlpcli.errors.UsageError: results: got 3, expected a path
"""

import functools
import inspect
import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, ParamSpec, TypeVar

from mlpcli.api.keyword_options import plain
from mlpcli.config import RunOptions
from mlpcli.errors import UsageError
from mlpcli.wording import quote

__all__ = ["COUNT", "FLAG", "FUNCTION", "PATH", "PATHS", "SOURCE", "TEXT", "TEXTS", "Kind", "checked"]

P = ParamSpec("P")
R = TypeVar("R")


class Kind(NamedTuple):
    """What an argument may be: a test, and words for a message."""

    holds: Callable[[Any], bool]
    words: str


def _is_text(value: object, encode: Callable[[str], bytes] = str.encode) -> bool:
    """Whether it is a text that a file can hold: no half characters."""
    try:
        return isinstance(value, str) and bool(encode(value) or True)
    except UnicodeEncodeError:
        return False


def _is_path(value: object) -> bool:
    path = os.fspath(value) if isinstance(value, os.PathLike) else value
    return _is_text(path, os.fsencode) and "\0" not in str(path)


def _are(holds: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list | tuple) and all(map(holds, value))


TEXT = Kind(_is_text, "a text")
TEXTS = Kind(_are(_is_text), "a list of texts")
PATH = Kind(_is_path, "a path")
PATHS = Kind(lambda value: _is_path(value) or _are(_is_path)(value), "a path or a list of paths")
SOURCE = Kind(
    lambda value: isinstance(value, Mapping | RunOptions) or _is_path(value),
    "a TOML file, a dict, or the options of another run",
)
FLAG = Kind(lambda value: isinstance(plain(value), bool | int), "true or false")
COUNT = Kind(lambda value: type(plain(value)) is int, "a whole number")
FUNCTION = Kind(callable, "a function")


def checked(**kinds: Kind) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A decorator of a function whose arguments are to be of these kinds; None passes where a default says nothing.

    The function raises UsageError for an argument of another kind.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            for name, value in signature.bind(*args, **kwargs).arguments.items():
                kind, default = kinds.get(name), signature.parameters[name].default
                if kind is None or (value is None and not default):
                    continue
                if not kind.holds(value):
                    raise UsageError(f"{name}: got {quote(value)}, expected {kind.words}")
            return function(*args, **kwargs)

        return call

    return decorate

"""JSON as every file here uses it: one spelling for one value, and nothing accepted that is not JSON.

Python's own reader takes NaN and the last of two equal keys; a description that was tampered with would pass.
"""

import json
import math
from collections.abc import Mapping
from typing import Any, NoReturn

__all__ = ["canonical", "parse", "pretty"]


def canonical(value: object) -> str:
    """The one spelling of `value`: sorted keys, no spaces, ASCII; floats as the shortest text of the same float64.

    Raises:
        ValueError: for NaN and infinities, which JSON cannot say, and for what is nested too deeply.

    >>> canonical({"b": (1, 2.0), "a": None})
    '{"a":null,"b":[1,2.0]}'
    """
    try:
        return _ENCODER.encode(value)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def pretty(value: object) -> str:
    """`value` for people, keys in their own order; NumPy numbers are numbers, and what is not finite is null."""
    return json.dumps(_plain(value), indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def parse(text: str | bytes) -> Any:
    """The value of strict JSON.

    Raises:
        ValueError: for anything else: NaN, a key twice, too deep, not UTF-8.
    """
    try:
        return _DECODER.decode(text if isinstance(text, str) else text.decode(json.detect_encoding(text)))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _plain(value: object) -> object:
    if hasattr(value, "item"):  # a NumPy scalar
        value = value.item()
    if isinstance(value, Mapping):
        return {str(key): _plain(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(member) for member in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("it has a key twice")
    return made


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)
_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse)

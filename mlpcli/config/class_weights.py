"""Weights of classes by name, as one canonical text: the same in TOML, on the command line and in trials.csv.

>>> canonical({"yes": 5.0, "no": 1}), canonical("yes=5, no = 1.0"), canonical({"a, b": 2.5})
('no=1,yes=5', 'no=1,yes=5', '"a, b"=2.5')
>>> canonical({True: 5, False: 1}), canonical({0.0: 1, 1.5: 2})
('false=1,true=5', '0=1,1.5=2')
>>> weights_by_class('no=1,"a, b"=2.5')
{'no': 1.0, 'a, b': 2.5}
"""

import re
import sys
from collections.abc import Mapping

from mlpcli.wording import class_name, quote

__all__ = ["EXAMPLE", "WORDS", "canonical", "weights_by_class"]

EXAMPLE = "no=1,yes=5"

WORDS = ("none", "balanced")
"""Values of the option that name no class."""

_ENTRY = re.compile(
    r'\s*(?:"((?:[^"]|"")+)"|([^",=\s](?:[^",=]*[^",=\s])?))\s*=\s*([^",=\s]+)\s*(?:,(?=.)|$)', re.DOTALL
)
_PLAIN = re.compile(r'[^",=\s](?:[^",=]*[^",=\s])?')


def canonical(value: object) -> object:
    """The text of weights given as a mapping or a text, by name; values of another kind are left as they are.

    Raises:
        ValueError: a text that is not of this form, a class twice, or a weight below 0 or not finite.
    """
    if isinstance(value, Mapping):
        weights: dict[str, float] = {}
        for name, weight in value.items():
            _add(weights, class_name(name), weight)
    elif isinstance(value, str) and value not in WORDS:
        if "=" not in value:
            raise ValueError  # a word misspelt; the message names the nearest
        weights = weights_by_class(value)
    else:
        return value
    if not any(weights.values()):
        raise ValueError("no class has a weight")
    return ",".join(f"{_quoted(name)}={_shortest(weights[name])}" for name in sorted(weights))


def weights_by_class(text: str) -> dict[str, float]:
    """The weights that a text gives, by the name of the class; a name with `,`, `=` or `"` stands in quotes.

    Raises:
        ValueError: as `canonical`.
    """
    weights: dict[str, float] = {}
    place = 0
    while place < len(text):
        entry = _ENTRY.match(text, place)
        if entry is None:
            raise ValueError(f"{quote(text[place:])} is no class with its weight")
        name = entry[2] if entry[1] is None else entry[1].replace('""', '"')
        _add(weights, name, _number(entry[3]))
        place = entry.end()
    return weights


def _add(weights: dict[str, float], name: str, weight: object) -> None:
    """Put in the weight of one more class."""
    if name in weights:
        raise ValueError(f"class {quote(name)} is there twice")
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= sys.float_info.max:
        raise ValueError(f"class {quote(name)} has the weight {quote(weight)}, which is no finite number of 0 or more")
    weights[name] = float(weight)


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _quoted(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else '"' + name.replace('"', '""') + '"'


def _shortest(weight: float) -> str:
    return str(int(weight)) if weight.is_integer() and weight < 1e15 else repr(weight)

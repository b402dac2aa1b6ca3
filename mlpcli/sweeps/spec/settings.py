"""The settings of --set KEY=VALUE that reach beyond the options of [base]: any key of any table of a sweep file.

They change the document before it is read, so a value is checked as if it stood in the file.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence

from mlpcli.sweeps.spec.keys import KEYS
from mlpcli.sweeps.spec.option_tables import Table
from mlpcli.sweeps.spec.problems import Problems
from mlpcli.wording import quote

__all__ = ["with_settings"]

MAX_LENGTH = 10_000
MAX_PARTS = 4


def with_settings(document: Mapping[str, object], words: Iterable[str], problems: Problems) -> tuple[Table, list[str]]:
    """The document with the settings that name a key of the file, and the other settings, which are options.

    >>> with_settings({"grid": {"width": [4]}}, ["grid.width=[8, 16]", "compare.norm=none", "lr=0.1"], Problems())
    ({'grid': {'width': [8, 16]}, 'compare': {'norm': 'none'}}, ['lr=0.1'])
    """
    changed, options = dict(document), []
    for word in words:
        key, equals, text = word.partition("=")
        path = [part.strip().replace("-", "_") for part in key.split(".")]
        if not equals or (len(path) == 1 and path[0] not in KEYS):
            options.append(word)
        elif path[0] not in KEYS or not all(path) or len(path) > MAX_PARTS:
            problems.unknown("--set ", key.strip(), "key", KEYS)
        else:
            try:
                changed = _with(changed, path, _value(text.strip()))
            except ValueError as error:
                problems.add(f"--set {key.strip()}", str(error))
    return changed, options


def _with(table: Table, path: Sequence[str], value: object) -> Table:
    """The table with the value at this path, and the tables on the way."""
    key, *rest = path
    if rest:
        below = table.get(key, {})
        if not isinstance(below, dict):
            raise ValueError(f"{key} is not a table")
        value = _with(below, rest, value)
    return {**table, key: value}


def _value(text: str) -> object:
    """A value of TOML; text that is none, such as a word without quotes, is a string."""
    if len(text) > MAX_LENGTH:
        raise ValueError(f"got more than {MAX_LENGTH:,} characters")
    try:
        found = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        if text[:1] in ("[", "{", "'", '"'):
            raise ValueError(f"got {quote(text)}, which is not a value of TOML") from None
        return text
    if len(found) > 1:
        raise ValueError(f"got {quote(text)}, expected one value")
    return found["value"]

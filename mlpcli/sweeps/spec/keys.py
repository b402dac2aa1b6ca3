"""The keys that a sweep file may have beside options: one row per table and key, read by checks and pages alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["DRAW", "KEYS", "NUMBERS", "TABLES", "Key"]


@dataclass(frozen=True)
class Key:
    """A key: what it says, the type of its value in words, and its default in words.

    `low` is the least integer of a key that takes one.
    """

    meaning: str
    type: str = "integer"
    default: int | str | None = None
    low: int = 0


KEYS: Mapping[str, Key] = {
    "name": Key("name of the sweep and of its results folder", "string", "the file's name"),
    "metric": Key("metric that ranks, of training or validation rows", "string", "val_accuracy or val_rmse"),
    "seeds": Key("number of seeds, or a list of them", "integer or list", "the option seed", low=1),
    "where": Key("conditions on the options; combinations that break one are left out", "list of strings", "none"),
    "base": Key("options of every run", "table", "none"),
    "grid": Key("options with lists of values: every combination; several [[grid]] follow one another", "table"),
    "zip": Key("options with lists of one length, taken together", "table"),
    "random": Key("options with ranges or choices that are drawn from", "table"),
    "points": Key("explicit further configurations, each below [[points]]", "tables"),
    "halving": Key("successive halving over epochs", "table"),
    "compare": Key("configuration that differences are given against", "table", "the first configuration"),
}
"""The keys at the top of a sweep file."""

NUMBERS: Mapping[str, Mapping[str, Key]] = {
    "random": {
        "trials": Key("number of draws", low=1),
        "seed": Key("seed of the draws", default=0),
    },
    "halving": {
        "min_epochs": Key("epochs after which configurations are compared first", default=1, low=1),
        "factor": Key("one in this many goes on, for this many times the epochs", default=3, low=2),
    },
}
"""The whole numbers that stand in a table, beside options where it has options."""

DRAW: Mapping[str, Key] = MappingProxyType(
    {
        "low": Key("least value", "number"),
        "high": Key("largest value", "number"),
        "log": Key("uniform in the logarithm", "boolean", "false"),
        "step": Key("only low, low + step, low + 2 step and so on", "number", "any value; 1 for integers"),
        "choices": Key("values that are equally likely, in place of a range", "list"),
    }
)
"""The keys of what an option is drawn from."""

TABLES = tuple(name for name, key in KEYS.items() if key.type == "table")
"""The keys that are tables."""

"""The keys that a sweep file may have beside options: one row per table and key, read by checks and pages alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["DRAW", "KEYS", "SAMPLERS", "TABLES", "TABLE_KEYS", "Key"]


@dataclass(frozen=True)
class Key:
    """A key: what it says, the type of its value in words, and its default in words; None where it must be given.

    `low` is the least integer of a key that takes one, `choices` are the words of a key that takes one of them, and
    `example` is a table as it stands in a file.
    """

    meaning: str
    type: str = "integer"
    default: int | str | None = None
    low: int = 0
    example: str = ""
    choices: tuple[str, ...] = ()


SAMPLERS = ("tpe", "gp", "cmaes", "qmc")
"""Samplers of Optuna that choose the configurations of [search]."""


KEYS: Mapping[str, Key] = {
    "name": Key("name of the sweep and of its results folder", "string", "the file's name"),
    "metric": Key(
        "metric that ranks, of training or validation rows",
        "string",
        "val_accuracy, val_rmse, or val_r2 for several targets; train_* without validation rows",
    ),
    "seeds": Key("number of seeds, counted from 0, or a list of them", "integer or list", "the option seed", low=1),
    "folds": Key("folds of cross-validation: every configuration on each fold, times seeds", default=0, low=2),
    "where": Key(
        'conditions on the options, such as ["width * depth <= 512"]; combinations that break one are left out',
        "list of strings",
        "none",
    ),
    "base": Key(
        "options of every run, each with one value",
        "table",
        "the defaults of all options",
        example='[base]\ndataset = "digits"\nepochs = 20\nschedule = "cosine"',
    ),
    "grid": Key(
        "options with lists of values: every combination; several [[grid]] follow one another",
        "table",
        example='[grid]\ndropout = [0.0, 0.1, 0.2, 0.5]\nnorm = ["none", "batch", "layer"]',
    ),
    "zip": Key(
        "options with lists of one length, taken together: the first values, the second ones and so on",
        "table",
        example="[zip]\nwidth = [64, 128]\ndepth = [4, 2]",
    ),
    "random": Key(
        "options with ranges or choices that are drawn from",
        "table",
        example="[random]\ntrials = 50\nlr = { low = 1e-4, high = 1e-1, log = true }\n"
        "width = { low = 16, high = 128, step = 16 }\n"
        'activation = { choices = ["relu", "gelu", "tanh"] }',
    ),
    "search": Key(
        "as [random], in its place: each batch is chosen by a sampler after the results of those before",
        "table",
        example='[search]\nsampler = "tpe"\ntrials = 60\nlr = { low = 1e-4, high = 1e-1, log = true }',
    ),
    "points": Key(
        "explicit further configurations, each below a [[points]] of its own",
        "tables",
        example='[[points]]\ndropout = 0.5\nnorm = "none"\n\n[[points]]\nhidden = [256, 128, 64]',
    ),
    "halving": Key(
        "successive halving over epochs: after a few epochs the best configurations go on, the others are pruned",
        "table",
        example="[halving]\nmin_epochs = 3\nfactor = 3",
    ),
    "race": Key(
        "seeds one at a time: a configuration whose interval lies wholly below that of the best gets no more",
        "table",
        example="[race]\nmin_seeds = 3",
    ),
    "confirm": Key(
        "fresh seeds for the best configurations at the end and for those that [compare] makes of them; these seeds "
        "alone rank them",
        "table",
        example="[confirm]\ntop = 5\nseeds = 20",
    ),
    "compare": Key(
        "configuration that differences are given against, paired by seed; options not named keep the row's values",
        "table",
        "the first configuration of a grid; none if configurations are drawn or pruned",
        example='[compare]\ndropout = 0.0\nnorm = "none"',
    ),
}
"""The keys at the top of a sweep file."""

TABLE_KEYS: Mapping[str, Mapping[str, Key]] = {
    "random": {
        "trials": Key("number of draws", low=1),
        "seed": Key("seed of the draws", default=0),
    },
    "search": {
        "sampler": Key("sampler of Optuna", "string", "tpe", choices=SAMPLERS),
        "trials": Key("number of configurations", low=1),
        "batch": Key("configurations asked for together", default="a fifth of those so far, at least 5", low=1),
        "seed": Key("seed of the sampler", default=0),
    },
    "halving": {
        "min_epochs": Key("epochs after which configurations are compared first", default=1, low=1),
        "factor": Key("one in this many goes on, for this many times the epochs", default=3, low=2),
        "brackets": Key("parts that start with factor times the epochs of the part before", default=1, low=1),
    },
    "race": {
        "min_seeds": Key("seeds that every configuration has", default=3, low=2),
    },
    "confirm": {
        "top": Key("configurations that go on", default=5, low=1),
        "seeds": Key("fresh seeds of each", default=20, low=2),
    },
}
"""The keys of a table beside options."""

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

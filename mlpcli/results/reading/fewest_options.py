"""The fewest options that make a run: those that follow from others, or are at their defaults, are left out.

>>> run = resolve(RunOptions(width=8), task="classification", scale="standard", has_validation=True, threads=1)
>>> fewest_options(run, validated=True)
{'task': 'classification', 'scale': 'standard', 'width': 8, 'threads': 1}
"""

from collections.abc import Mapping
from itertools import chain
from typing import Any

from mlpcli.config import OPTIONS, RunOptions, Source, as_dict, build, resolve
from mlpcli.config.choices import FOLLOWING
from mlpcli.config.origins import unknown_parts
from mlpcli.errors import UsageError

__all__ = ["by_width", "fewest_options"]

_STAND_INS = {"activation": "relu", "norm": "layer", "init": "he", "loss": "squared", "optimizer": "adam"}
"""Parts of mlpcli in place of those that are not registered, to ask what follows from the other options."""

_TOGETHER = ("init", "init_scale")
"""Options of which each follows from the other's default."""


def by_width(options: RunOptions) -> dict[str, Any]:
    """The options as a dict, with width and depth for layers of one size, so that a flag may replace one of them."""
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in as_dict(options).items()}
    sizes = options.sizes
    if len(set(sizes)) <= 1:
        values.pop("hidden", None)
        values |= {"depth": len(sizes)} | ({"width": sizes[0]} if sizes else {})
    return {name: values[name] for name in OPTIONS if name in values}


def fewest_options(resolved: RunOptions, validated: bool) -> dict[str, Any]:
    """The fewest options that resolve to these: those at their defaults go, and those that follow from others.

    Task and scale stay: whether the data alone would lead to them is not known here. What follows from a user-defined
    part that is not registered here stays too.
    """
    default = RunOptions()
    given = {name: value for name, value in by_width(resolved).items() if value != getattr(default, name)}
    facts: dict[str, Any] = {"task": resolved.task, "scale": resolved.scale, "threads": resolved.threads}
    if resolved.task == "auto" or not isinstance(resolved.threads, int):  # written by hand
        return given
    targets = len(resolved.target or ("",))
    absent = unknown_parts(given)
    known = {name: _STAND_INS[name] for name in absent}
    wanted = resolved.model_copy(update=known)

    def same(options: Mapping[str, Any]) -> bool:
        try:
            built = build(Source({**options, **known}, ""))
            return resolve(built, has_validation=validated, targets=targets, **facts) == wanted
        except UsageError:
            return False

    following = chain(*(FOLLOWING.get(name, ()) for name in absent))
    fixed = {"dataset", "task", "scale", "seed", "threads", *absent, *following}
    for names in (_TOGETHER, *((name,) for name in given)):
        fewer = {name: value for name, value in given.items() if name in fixed or name not in names}
        if len(fewer) < len(given) and same(fewer):
            given = fewer
    return given

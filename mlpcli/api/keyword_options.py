"""From keywords of a Python program to the options of a run, with the checks and messages of the command line.

>>> options = options_from({"width": 32}, {"depth": 1, "hidden": None, "lr": 0.01})
>>> options.sizes, options.lr
((32,), 0.01)
"""

import os
from collections.abc import KeysView, Mapping, Sequence, ValuesView
from pathlib import Path

from mlpcli.config import RunOptions, Source, as_dict, build, read_options
from mlpcli.config.origins import unknown_parts
from mlpcli.wording import class_name

__all__ = ["Config", "options_from", "plain"]

Config = RunOptions | Mapping[str, object] | Path | str | None
"""Options beneath the keywords: those of another run, a dict, or the path of a TOML file."""


def options_from(config: Config, keywords: Mapping[str, object]) -> RunOptions:
    """The options of `config` with those of `keywords` over them; None stands for an option that is not given.

    Raises:
        UsageError: wrong names or values, all of them in one message.
    """
    over = Source({name: plain(value) for name, value in keywords.items() if value is not None}, "")
    if config is None:
        return build(over)
    if isinstance(config, str | Path):
        return build(read_options(Path(config)), over)
    if isinstance(config, RunOptions):
        taken_as_it_is = not over.values and not unknown_parts(dict(config))
        return config if taken_as_it_is else build(Source(as_dict(config), "config: "), over)
    given = {class_name(name): plain(value) for name, value in config.items() if value is not None}
    return build(Source(given, "config: "), over)


def plain(value: object) -> object:
    """The value as TOML has it: paths are strings, whatever has an order is a list, NumPy's numbers are Python's.

    >>> plain({True: 2.0, "width": (8, 16), "depth": {1: "one", 2: "two"}.keys()})
    {'true': 2.0, 'width': [8, 16], 'depth': [1, 2]}
    """
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Mapping):
        return {class_name(plain(key)): plain(member) for key, member in value.items()}
    if isinstance(value, Sequence | KeysView | ValuesView) and not isinstance(value, str | bytes):
        return [plain(member) for member in value]
    for name in ("tolist", "to_list"):  # of NumPy, pandas and PyTorch; of polars
        if hasattr(value, name):
            listed = getattr(value, name)()
            return value if type(listed) is type(value) else plain(listed)  # a long double is its own list
    return value

"""The identity of a run: two keys made of its resolved options, `run_id` and `stack_key`.

Runs with equal numbers, and no others, have one `run_id` (the law of results). Runs that one network with replicas can
train together share a `stack_key`.
"""

import hashlib
from collections.abc import Callable
from functools import cache

from mlpcli import json_text
from mlpcli.config.options import RunOptions
from mlpcli.config.origins import origins

__all__ = ["FORMAT", "HEX", "RUN_ID_DIGITS", "is_run_id", "run_id", "run_ids", "stack_key"]

FORMAT = 2
"""Raised when equal options begin to give other numbers. Since 2 an option at its default is left out of run_id, so
that options added later leave the ids of old runs alone."""

HEX, RUN_ID_DIGITS = "0123456789abcdef", 12
"""The digits of a run_id, and how many it has."""


def is_run_id(text: str, least: int = RUN_ID_DIGITS) -> bool:
    """Whether a text may be a run_id, or its first digits, `least` of them or more.

    >>> is_run_id("0123456789ab"), is_run_id("0123"), is_run_id("0123", least=4), is_run_id("01_3", least=4)
    (True, False, True, False)
    """
    return least <= len(text) <= RUN_ID_DIGITS and not text.strip(HEX)


def run_id(resolved: RunOptions, data_digest: str) -> str:
    """The first hex digits of the SHA-256 of canonical JSON: `{"data": digest, "format": 2, "options": {...}}`.

    Keys are sorted, without spaces, tuples are arrays, floats in their shortest form. The options are those that belong
    to the identity and whose resolved value is not the declared default. User-defined parts add `parts`, the SHA-256 of
    the source of each.
    """
    return run_ids(resolved, data_digest)(resolved.seed)


def run_ids(resolved: RunOptions, data_digest: str) -> Callable[[int], str]:
    """The `run_id` by seed of runs that differ by nothing else: what they share is found once.

    >>> ids = run_ids(run := RunOptions(seed=3), "0a")
    >>> ids(3) == run_id(run, "0a"), ids(0) == run_id(run.model_copy(update={"seed": 0}), "0a")
    (True, True)
    """
    values, defaults = vars(resolved), _defaults(type(resolved))
    shared = {name: values[name] for name, default in defaults.items() if name != "seed" and values[name] != default}
    content: dict[str, object] = {"data": data_digest, "format": FORMAT}
    if parts := {option: origin.sha256 for option, origin in origins(resolved).items()}:
        content["parts"] = parts

    def of(seed: int) -> str:
        options = shared if seed == defaults["seed"] else {**shared, "seed": seed}
        return _digest({**content, "options": options})[:RUN_ID_DIGITS]

    return of


def stack_key(resolved: RunOptions, data_digest: str) -> str:
    """The SHA-256 of what replicas of one stack must share: shapes, code paths, batches and data."""
    options: dict[str, object] = {}
    for name, about in resolved.about().items():
        value = getattr(resolved, name)
        if about.replicas == "switched":
            options[name] = any(value) if isinstance(value, tuple) else bool(value)
        elif about.replicas == "equal":
            options[name] = value
    return _digest({"data": data_digest, "options": options})


@cache
def _defaults(kind: type[RunOptions]) -> dict[str, object]:
    """The defaults of the options that belong to the identity."""
    return {name: kind.model_fields[name].default for name, about in kind.about().items() if about.identity}


def _digest(content: dict[str, object]) -> str:
    return hashlib.sha256(json_text.canonical(content).encode()).hexdigest()

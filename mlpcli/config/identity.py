"""The identity of a run: two keys made of its resolved options, `run_id` and `stack_key`.

Runs with equal numbers, and no others, have one `run_id` (the law of results). Runs that one network with replicas can
train together share a `stack_key`.
"""

import hashlib

from mlpcli import json_text
from mlpcli.config.options import RunOptions
from mlpcli.config.origins import origins

__all__ = ["FORMAT", "run_id", "stack_key"]

FORMAT = 2
"""Raised when equal options begin to give other numbers. Since 2 an option at its default is left out of run_id, so
that options added later leave the ids of old runs alone."""


def run_id(resolved: RunOptions, data_digest: str) -> str:
    """12 hex digits of the SHA-256 of canonical JSON: `{"data": digest, "format": 2, "options": {...}}`.

    Keys are sorted, without spaces, tuples are arrays, floats in their shortest form. The options are those that belong
    to the identity and whose resolved value is not the declared default. User-defined parts add `parts`, the SHA-256 of
    the source of each.
    """
    about, fields = resolved.about(), type(resolved).model_fields
    options = {
        name: value for name, value in vars(resolved).items() if about[name].identity and value != fields[name].default
    }
    content = {"data": data_digest, "format": FORMAT, "options": options}
    if parts := {option: origin.sha256 for option, origin in origins(resolved).items()}:
        content["parts"] = parts
    return _digest(content)[:12]


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


def _digest(content: dict[str, object]) -> str:
    return hashlib.sha256(json_text.canonical(content).encode()).hexdigest()

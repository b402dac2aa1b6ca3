"""Kinds of parts that a user may write: the tables that each joins, and the facts that are known of it.

>>> FACTS["lr"].holds(0.1), FACTS["lr"].holds(-1)
(True, False)
"""

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from mlpcli.config import choices
from mlpcli.config.choices import Component
from mlpcli.gradcheck import oracle
from mlpcli.nn import ACTIVATIONS, INITIALIZERS, LOSSES, NORMALIZATIONS, Activation, Normalization, ResidualLoss
from mlpcli.optim import OPTIMIZERS

__all__ = ["FACTS", "KINDS", "Fact", "Kind"]


@dataclass(frozen=True)
class Kind:
    """The tables of one kind of part.

    Attributes:
        rows: the table of facts in `config.choices`.
        row: makes a row of facts.
        facts: those that a user may state.
        parts: the registry in `nn` or `optim`.
        base: the class that a part extends; None for a function.
        tape: the formulas of the gradient check; None where there is no gradient to check.
        variable: the variable of a formula that is a text; None where it must be a function.
        exported: whether its row keeps a formula that is a text, which exports need.
    """

    rows: MutableMapping[str, Any]
    row: type[Component]
    facts: tuple[str, ...]
    parts: MutableMapping[str, Any]
    base: type | None = None
    tape: MutableMapping[str, Any] | None = None
    variable: str | None = None
    exported: bool = False


KINDS = {
    "activation": Kind(
        choices.ACTIVATIONS, choices.Activation, ("init",), ACTIVATIONS, Activation, oracle.ACTIVATIONS, "t", True
    ),
    "norm": Kind(choices.NORMS, choices.Norm, ("over_rows",), NORMALIZATIONS, Normalization, oracle.NORMALIZATIONS),
    "init": Kind(choices.INITIALIZERS, choices.Initializer, (), INITIALIZERS),
    "loss": Kind(choices.LOSSES, choices.Loss, ("tasks",), LOSSES, ResidualLoss, oracle.LOSSES, variable="r"),
    "optimizer": Kind(
        choices.OPTIMIZERS, choices.Optimizer, ("lr", "memory", "reads", "decoupled", "beta2"), OPTIMIZERS
    ),
}
"""Each kind by the option that chooses among its parts."""


@dataclass(frozen=True)
class Fact:
    """What a fact may be, as a test and in words."""

    holds: Callable[[Any], bool]
    words: str


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _are_texts(value: object) -> bool:
    return isinstance(value, tuple) and all(isinstance(word, str) for word in value)


_TASKS = ("classification", "regression")
_READ = ("momentum", "beta1", "beta2", "eps")

FACTS = {
    "beta2": Fact(lambda value: _is_number(value) and 0 <= value < 1, "a number from 0 to below 1"),
    "decoupled": Fact(lambda value: isinstance(value, bool), "true or false"),
    "init": Fact(lambda value: isinstance(value, str) and value in INITIALIZERS, "the name of an initializer"),
    "lr": Fact(lambda value: _is_number(value) and 0 < value < float("inf"), "a number above 0"),
    "memory": Fact(lambda value: _are_texts(value) and len({*value}) == len(value), "a list of different names"),
    "over_rows": Fact(lambda value: isinstance(value, bool), "true or false"),
    "reads": Fact(lambda value: _are_texts(value) and set(value) <= set(_READ), f"a list of {', '.join(_READ)}"),
    "tasks": Fact(
        lambda value: _are_texts(value) and set() < set(value) <= set(_TASKS), f"a list of {' or '.join(_TASKS)}"
    ),
}
"""Facts by name, of all kinds."""

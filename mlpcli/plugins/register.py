"""Joining the tables of components: a user-defined part stands where those of mlpcli stand, and is used as they are.

>>> import numpy as np
>>> from mlpcli.nn import ACTIVATIONS, Activation
>>> with coming_from(Origin("squared.py", "0" * 64)):
...     @register("activation", "squared-relu", init="he", formula="max(t, 0) ** 2")
...     class SquaredReLU(Activation):
...         def value(self, z, out):
...             out[...] = np.maximum(z, 0) ** 2
...         def gradient(self, z, h, g, out):
...             out[...] = 2 * g * np.maximum(z, 0)
>>> ACTIVATIONS["squared-relu"]().forward(np.array([[-1.0, 3.0]]), training=True)
array([[0., 9.]])
>>> forget(Origin("squared.py", "0" * 64))
"""

import hashlib
import inspect
import linecache
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from mlpcli.autodiff import ops
from mlpcli.autodiff.parser import parse
from mlpcli.config.choices import Component, Origin
from mlpcli.errors import PluginError
from mlpcli.optim import add_weight_decay, own, shrink_weights
from mlpcli.plugins.kinds import FACTS, KINDS, Kind
from mlpcli.plugins.trials import check_trial
from mlpcli.wording import listed, quote

__all__ = ["Formula", "coming_from", "forget", "register"]

Part = TypeVar("Part", bound=Callable[..., Any])

Formula = str | Callable[[Any], Any] | None

_source: ContextVar[tuple[Origin, object] | None] = ContextVar("source", default=None)
"""The origin and the carrier of the parts that are registered now; None where the program registers its own."""


def register(kind: str, name: str, *, formula: Formula = None, **facts: Any) -> Callable[[Part], Part]:
    """Decorate a part of your own, so that the option `kind` can choose it by `name`.

    - activation: a class that extends `mlpcli.nn.Activation`, with `value` and `gradient`. Fact: `init`, the
      initializer that `auto` stands for (default glorot).
    - norm: a class that extends `mlpcli.nn.Normalization`, with `forward` and `backward`. Fact: `over_rows`, whether
      its statistics are taken over the batch.
    - loss: a class that extends `mlpcli.nn.ResidualLoss`, with `rho` and `slope`. Fact: `tasks` that it suits.
    - init: a function of `(rng, fan_in, fan_out)` that returns the weight.
    - optimizer: a function of `(gradient, memory, count, ...)` that returns the update; the step is
      parameters -= lr * update, entry by entry. Facts: `lr`, its default; `memory`, names of the arrays in the dict
      `memory`; `reads`, options that it takes as keywords, of momentum, beta1, beta2 and eps; `beta2`, its default;
      `decoupled`, whether weight decay is kept out of the gradient.

    Arrays are `(..., batch, features)`: networks train in stacks, whose number may stand before these axes.
    The part is tried on small arrays, of 2 rows and 64 features or parameters, alone and in a stack. It is refused if
    it raises an exception, returns or writes something else than its kind does, or mixes the networks of a stack.

    Every command loads a file of parts with `--plugin FILE.py`, Python with `plugin="FILE.py"`. A part that a program
    registers by itself is known to that program alone. The SHA-256 of the source is part of run_id.

    Args:
        kind: activation, norm, loss, init or optimizer.
        name: at most 40 lower-case letters, digits and dashes, the first a letter. Names that exist are refused, but a
            program may define its own part again.
        formula: an independent formula, against which `mlpcli gradcheck` compares: a text in the variable t of an
            activation or r of a loss, which exports need too, or a function in the operations of `mlpcli.autodiff.ops`.
        **facts: those of the kind.

    Raises:
        PluginError: something of this is wrong; nothing was registered.
    """
    if kind not in KINDS:
        raise PluginError(f"register: got the kind {quote(kind)}, expected one of {', '.join(KINDS)}")
    if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9-]{0,39}", name) or name in ("auto", "none"):
        raise PluginError(
            f"register {kind}: got the name {quote(name)}, expected at most 40 letters a-z, digits and dashes, the "
            "first a letter, and neither auto nor none"
        )
    place, tables = f"register {kind} {name}", KINDS[kind]

    def join(part: Part) -> Part:
        _check_part(place, part, tables.base)
        if (source := _source.get()) is None:
            origin = _origin_in_program(place, part)
            source = origin, _PartCarrier(kind, name, origin, part, formula, facts)
        row = _row(place, tables, facts, formula, *source)
        on_tape = _on_tape(place, tables, formula)
        _check_free(place, name, row, tables.rows.get(name))
        check_trial(place, kind, part, row)
        _remove(tables, name)  # an earlier definition by the program, whose formula need not be this one's
        tables.rows[name] = row
        tables.parts[name] = part if tables.base or kind == "init" else _chain(part, row)
        if tables.tape is not None and on_tape is not None:
            tables.tape[name] = on_tape
        return part

    return join


def forget(origin: Origin) -> None:
    """Remove all parts that come from this source."""
    for tables in KINDS.values():
        for name in [name for name, row in tables.rows.items() if row.origin == origin]:
            _remove(tables, name)


def _remove(tables: Kind, name: str) -> None:
    for table in (tables.rows, tables.parts, tables.tape):
        if table is not None:
            table.pop(name, None)


@contextmanager
def coming_from(origin: Origin, carrier: object = None) -> Iterator[None]:
    """Within the block parts are registered as coming from this source; pickles hold its carrier."""
    token = _source.set((origin, carrier))
    try:
        yield
    finally:
        _source.reset(token)


class _PartCarrier:
    """A part that the program registered, in a pickle: by reference, or with its code where the pickler can do that."""

    def __init__(
        self, kind: str, name: str, origin: Origin, part: Any, formula: Formula, facts: dict[str, Any]
    ) -> None:
        self._registered = kind, name, origin, part, formula, facts

    def __reduce__(self) -> tuple[Any, ...]:
        kind, name, origin, part, formula, facts = self._registered
        if not _can_be_named(part):
            return _brought_part, ()
        return _brought_part, (kind, name, origin, part, formula if _can_be_named(formula) else None, facts)


def _can_be_named(value: Any) -> bool:
    """Whether a pickle can refer to a class or a function; those that are defined within functions have no name."""
    module = sys.modules.get(getattr(value, "__module__", ""))
    return not callable(value) or getattr(module, getattr(value, "__qualname__", ""), None) is value


def _brought_part(*registered: Any) -> object:
    """Register a part that comes with a pickle, unless there is one of this name: models check which it is."""
    if not registered:
        return None
    kind, name, origin, part, formula, facts = registered
    carrier = _PartCarrier(*registered)
    if name not in KINDS[kind].rows:
        with coming_from(origin, carrier):
            register(kind, name, formula=formula, **facts)(part)
    return carrier


def _check_part(place: str, part: Any, base: type | None) -> None:
    if base is None:
        if inspect.isclass(part) or not callable(part):
            raise PluginError(f"{place}: got {quote(part)}, expected a function")
    elif not (inspect.isclass(part) and issubclass(part, base)):
        raise PluginError(f"{place}: got {quote(part)}, expected a class that extends mlpcli.nn.{base.__name__}")
    elif missing := sorted(getattr(part, "__abstractmethods__", ())):
        raise PluginError(f"{place}: {part.__name__} lacks {listed(missing)}")


def _row(
    place: str, tables: Kind, facts: dict[str, Any], formula: Formula, origin: Origin, carrier: object
) -> Component:
    """The row of facts, in the form that the rows of mlpcli have."""
    if unknown := [fact for fact in facts if fact not in tables.facts]:
        possible = f"the possible ones are {', '.join(tables.facts)}" if tables.facts else "it has none"
        raise PluginError(f"{place}: no such fact as {unknown[0]}; {possible}")
    given = {fact: tuple(value) if isinstance(value, list) else value for fact, value in facts.items()}
    for fact, value in given.items():
        if not FACTS[fact].holds(value):
            raise PluginError(f"{place}: {fact}: got {quote(value)}, expected {FACTS[fact].words}")
    if "lr" in tables.facts and "lr" not in given:
        raise PluginError(f"{place}: lr is missing, its default learning rate")
    if tables.exported and isinstance(formula, str):
        given["formula"] = formula
    return tables.row(**given, origin=origin, carrier=carrier)


def _origin_in_program(place: str, part: Any) -> Origin:
    """The source of a part without a file of its own: its text, or that of the cell of a notebook that defines it."""
    try:
        text = inspect.getsource(part)
    except (OSError, TypeError):
        functions = [part, *getattr(part, "__dict__", {}).values()]
        file = next((found.__code__.co_filename for found in functions if inspect.isfunction(found)), "")
        text = "".join(linecache.getlines(file))
    if not text:
        raise PluginError(f"{place}: its source cannot be read here, and run_id depends on it. Define it in a file")
    return Origin(None, hashlib.sha256(text.encode()).hexdigest())


def _on_tape(place: str, tables: Kind, formula: Formula) -> Callable[..., Any] | None:
    """The formula as the gradient check takes it."""
    if formula is None:
        return None
    if tables.tape is None:
        raise PluginError(f"{place}: formula: it has no gradient to check. Leave the formula out")
    function = _parsed(place, tables.variable, formula) if isinstance(formula, str) else formula
    if not callable(function):
        raise PluginError(f"{place}: formula: got {quote(formula)}, expected a text or a function")
    if tables.variable == "r":
        return lambda scores, targets: ops.sum(function(scores - targets), axis=-1)
    return function


def _parsed(place: str, variable: str | None, text: str) -> Callable[[Any], Any]:
    if variable is None:
        raise PluginError(f"{place}: formula: got a text, expected a function in the operations of mlpcli.autodiff.ops")
    try:
        expression = parse(text)
    except ValueError as error:
        raise PluginError(f"{place}: formula {quote(text)}: {error}") from None
    if expression.variables != (variable,):
        raise PluginError(f"{place}: formula {quote(text)}: expected a formula of {variable} alone")
    return expression.apply


def _check_free(place: str, name: str, row: Component, taken: Component | None) -> None:
    """Names are taken for good, but a cell of a notebook that runs again defines the same part again."""
    if taken is None or (
        taken.origin is not None and taken.origin.file is None and row.origin is not None and row.origin.file is None
    ):
        return
    owner = "of mlpcli" if taken.origin is None else f"of {taken.origin.file or 'the program'}"
    raise PluginError(f"{place}: {name} is the name of one {owner}. Choose another name")


def _chain(update: Callable[..., Any], row: Any) -> tuple[Any, ...]:
    """The optimizer as a chain of transforms."""
    return shrink_weights if row.decoupled else add_weight_decay, own(update, row.memory, row.reads)

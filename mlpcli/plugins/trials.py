"""A trial of each part when it is registered: what it gets wrong might otherwise train without a word.

A function that returns nothing, or one number where an array belongs, broadcasts or fails far from its source; an
array that is not written holds what the memory held before.

>>> check_trial("ones", "init", lambda rng, fan_in, fan_out: np.ones((fan_out, fan_in)), None)
Traceback (most recent call last):
mlpcli.errors.PluginError: ones: it returned the shape (30, 40) for fan_in 40, fan_out 30, expected (40, 30)
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from mlpcli.errors import PluginError, lack
from mlpcli.nn import Array, Network
from mlpcli.wording import listed, raised

__all__ = ["check_trial"]

SHAPE = (2, 64)
"""The default width, and few rows: some norms take groups of 4, 8 or 16 features."""


def check_trial(place: str, kind: str, part: Any, row: Any) -> None:
    """Call the part on small arrays.

    Args:
        place: beginning of a message.
        kind: kind of the part.
        part: the function or class.
        row: its row of facts.

    Raises:
        PluginError: it raised an exception, or returned or wrote something else than its kind does.
    """
    try:
        with np.errstate(all="ignore"):
            problem = next(_TRIALS[kind](part, row), None)
    except Exception as error:
        if lack(error) is not None:
            raise
        hint = ". Arguments are not to be changed: write to out, or to an array of your own" if _writes(error) else ""
        raise PluginError(f"{place}: it raised {raised(error)}{hint}") from error
    if problem is not None:
        raise PluginError(f"{place}: {problem}")


def _writes(error: Exception) -> bool:
    """Whether an exception is NumPy's about an array that may only be read."""
    return isinstance(error, ValueError) and "read-only" in str(error)


def _activation(part: Any, row: Any) -> Iterator[str]:
    layer, z = part(), _inputs()

    def value(before: float) -> Array:
        work = layer.workspace(z)
        for array in (work.h, work.dz, *work.scratch.values()):
            array.fill(before)
        h: Array = layer.forward(z, training=True)
        return h

    def gradient(before: float) -> Array:
        value(before)
        dz: Array = layer.backward(_inputs())
        return dz

    def numbers(z: Array) -> dict[str, Array]:
        layer = part()
        return {"value": layer.forward(z, True), "gradient": layer.backward(z, True)}

    yield from _other_than(z.shape, value(0), "value:")
    yield from _unwritten(value, "value")
    yield from _unwritten(gradient, "gradient")
    yield from _mixed(numbers)
    for method, array in numbers(z).items():
        if not np.allclose(numbers(z[:1])[method], array[:1], rtol=1e-4, equal_nan=True):
            yield f"{method}: a row changes with the rows beside it, or by chance. Take each entry by itself"


def _norm(part: Any, row: Any) -> Iterator[str]:
    def numbers(x: Array, gradients: float = 0, moved: str = "") -> dict[str, Array]:
        layer = part(SHAPE[-1])
        network = Network([("norm", layer)], x.shape[:-2])  # binds the gain and the bias
        network.grads.fill(gradients)
        if moved:
            network.parameters[moved] += 1
        y = layer.forward(x, True)  # with the arguments that a network gives
        return {"forward": y, "backward": layer.backward(x, True), **network.gradients}

    x = _inputs()
    found = numbers(x)
    methods, parameters = [*found][:2], [*found][2:]
    for method in methods:
        yield from _other_than(x.shape, found[method], f"{method}:")
        if found[method].dtype != x.dtype:
            yield f"{method}: returned {found[method].dtype} for {x.dtype}, as arithmetic with np.float64 numbers does"
    yield from _mixed(numbers)
    alone = numbers(x[:1])
    for method in () if row.over_rows else methods:
        if not np.allclose(alone[method], found[method][:1], rtol=1e-4, equal_nan=True):
            remedy = "Say over_rows=True if it is meant to"
            yield f"{method}: a row changes with the rows beside it, or by chance. {remedy}"
    unwritten = numbers(x, np.nan)
    for name in parameters:
        is_left = (np.isnan(unwritten[name]) & ~np.isnan(found[name])).any()
        if is_left and not np.array_equal(numbers(x, moved=name)["forward"], found["forward"], equal_nan=True):
            own = name.removeprefix("norm.")
            yield f"backward: it left the gradient of {own} as it was. Write into the array, with [...] or out="


def _loss(part: Any, row: Any) -> Iterator[str]:
    loss, r = part(), _inputs()

    def slope(before: float) -> Array:
        out = np.full_like(r, before)
        loss.slope(r, out)
        return out

    def numbers(r: Array) -> dict[str, Array]:
        loss, out = part(), np.empty_like(r)
        rho = loss.rho(r)
        loss.slope(r, out)
        return {"rho": rho, "slope": out}

    yield from _other_than(r.shape, loss.rho(r), "rho:")
    yield from _unwritten(slope, "slope")
    yield from _mixed(numbers)


def _init(part: Any, row: Any) -> Iterator[str]:
    fan_in, fan_out = 40, 30
    weight = part(np.random.default_rng(0), fan_in, fan_out)
    yield from _other_than((fan_in, fan_out), weight, "it", f" for fan_in {fan_in}, fan_out {fan_out}")


def _optimizer(part: Any, row: Any) -> Iterator[str]:
    def update(gradient: Array) -> tuple[Any, dict[str, Array]]:
        numbers = {name: np.full((len(gradient), 1), 0.5, np.float32) for name in row.reads}  # one per replica
        memory = {name: np.zeros(gradient.shape, np.float32) for name in row.memory}
        return part(gradient, memory, 1, **numbers), memory

    gradient = _inputs()
    found, memory = update(gradient)
    yield from _other_than(SHAPE, found, "it")
    if memory.keys() != set(row.memory):
        yield f"memory has {listed([*memory]) or 'no array'} after a step, expected {listed(row.memory) or 'none'}"
    for name, array in memory.items():
        yield from _other_than(SHAPE, array, f"memory[{name!r}]:")
    half = SHAPE[1] // 2
    for part_of in (np.s_[:1, :half], np.s_[1:, half:]):  # without the last entries, and without the first
        alone, _ = update(gradient[part_of])
        if not np.allclose(alone, np.asarray(found)[part_of], rtol=1e-4, equal_nan=True):
            yield (
                "the update of an entry changes with the entries beside it, or by chance. Update entry by entry: "
                "a call gets any part of the parameters"
            )


def _inputs() -> Array:
    """Numbers of both signs, whose mean is not 0, which a part may read but not write."""
    numbers = np.linspace(-0.9, 1.5, SHAPE[0] * SHAPE[1], dtype=np.float32).reshape(SHAPE)
    numbers.setflags(write=False)
    return numbers


def _other_than(shape: tuple[int, ...], found: Any, what: str, arguments: str = "") -> Iterator[str]:
    array = np.asarray(found)
    if isinstance(found, list | tuple) or array.dtype.kind not in "biuf":
        yield f"{what} returned {type(found).__name__}{arguments}, expected an array of numbers"
    elif array.shape != shape:
        yield f"{what} returned the shape {array.shape}{arguments}, expected {shape}"


def _mixed(numbers: Callable[[Array], dict[str, Array]]) -> Iterator[str]:
    """A problem if a network gets other numbers beside another in a stack than alone."""
    shapes = "Arrays are (..., batch, features): count axes from the end, batch is -2"
    stack = np.stack([_inputs(), 2 * _inputs()[:, ::-1]])
    stack.setflags(write=False)
    alone = [numbers(one) for one in stack]
    try:
        beside = numbers(stack)
    except Exception as error:
        if lack(error) is not None:
            raise
        yield f"in a stack of 2 networks, whose arrays are {stack.shape}, it raised {raised(error)}. {shapes}"
        return
    for what, array in beside.items():
        expected = np.stack([one[what] for one in alone])
        if np.shape(array) != expected.shape or not np.allclose(array, expected, rtol=1e-4, atol=1e-6, equal_nan=True):
            yield f"{what}: the numbers of a network change with those of another in its stack, or by chance. {shapes}"


def _unwritten(written: Callable[[float], Array], method: str) -> Iterator[str]:
    """A problem if what `out` held before is left in it; nan of the part's own making is none."""
    if (np.isnan(written(np.nan)) & ~np.isnan(written(0))).any():
        yield f"{method}: it left entries of out as they were. Write every entry, with out[...] = or out=out"


_TRIALS: dict[str, Callable[[Any, Any], Iterator[str]]] = {
    "activation": _activation,
    "init": _init,
    "loss": _loss,
    "norm": _norm,
    "optimizer": _optimizer,
}

"""Reverse-mode differentiation: the forward pass records the graph, the backward pass walks it once.

This is the lecture's computational graph and the second opinion on every layer's hand-written gradient, short enough
to be checked by reading. A variable remembers the operation and the arguments that made it. `backward` starts at the
output with dJ/dJ = 1 and visits each variable after all variables that use it, so the contributions to its gradient
are complete before it passes their sum on.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlpcli.autodiff import ops
from mlpcli.autodiff.ops import Operation

__all__ = ["Variable", "backward", "unbroadcast"]

Array = NDArray[np.float64]


class Variable:
    """A float64 array that remembers how it was made; without an operation it is an input of the graph.

    Args:
        value: the array.
        operation: the operation that made it.
        arguments: what the operation was given: variables, arrays and numbers.
        options: the operation's keyword arguments, such as axis.

    >>> x, y, z = Variable(-2), Variable(5), Variable(-4)
    >>> gradients = backward((x + y) * z)
    >>> [float(gradients[v]) for v in (x, y, z)]
    [-4.0, -4.0, 3.0]
    """

    __slots__ = ("arguments", "operation", "options", "value")
    # NumPy then leaves `array + variable` to the variable and refuses `np.exp(variable)`, which would lose the graph.
    __array_ufunc__ = None

    def __init__(
        self,
        value: ArrayLike,
        operation: Operation | None = None,
        arguments: tuple[Any, ...] = (),
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self.value: Array = np.asarray(value, dtype=np.float64)
        self.operation = operation
        self.arguments = arguments
        self.options: Mapping[str, Any] = options or {}

    @staticmethod
    def record(operation: Operation, arguments: tuple[Any, ...], options: Mapping[str, Any]) -> "Variable":
        """Apply an operation to variables, arrays and numbers, and remember how.

        Raises:
            TypeError: a variable stands where the operation has no derivative, such as the condition of `where`.
        """
        for product, argument in zip(operation.products, arguments, strict=False):
            if product is None and isinstance(argument, Variable):
                raise TypeError(f"{operation.name} has no derivative by {argument}: give it a plain array here")
        values = [_value(argument) for argument in arguments]
        return Variable(operation.forward(*values, **options), operation, arguments, options)

    @property
    def parents(self) -> tuple["Variable", ...]:
        """The variables among the arguments, once for each use."""
        return tuple(argument for argument in self.arguments if isinstance(argument, Variable))

    def products(self, g: Array) -> Iterator[tuple["Variable", Array]]:
        """Pairs (parent, contribution to its gradient) for each use of a parent, from g = dJ/dself."""
        if self.operation is None:
            return
        values = [_value(argument) for argument in self.arguments]
        for product, argument in zip(self.operation.products, self.arguments, strict=False):
            if product is not None and isinstance(argument, Variable):
                contribution = product(g, self.value, *values, **self.options)
                yield argument, unbroadcast(contribution, argument.value.shape)

    def __repr__(self) -> str:
        return f"Variable({self.value!r})"

    def __add__(self, other: Any) -> Any:
        return ops.add(self, other)

    def __radd__(self, other: Any) -> Any:
        return ops.add(other, self)

    def __sub__(self, other: Any) -> Any:
        return ops.subtract(self, other)

    def __rsub__(self, other: Any) -> Any:
        return ops.subtract(other, self)

    def __mul__(self, other: Any) -> Any:
        return ops.multiply(self, other)

    def __rmul__(self, other: Any) -> Any:
        return ops.multiply(other, self)

    def __truediv__(self, other: Any) -> Any:
        return ops.divide(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return ops.divide(other, self)

    def __pow__(self, other: Any) -> Any:
        return ops.power(self, other)

    def __rpow__(self, other: Any) -> Any:
        return ops.power(other, self)

    def __matmul__(self, other: Any) -> Any:
        return ops.matmul(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return ops.matmul(other, self)

    def __neg__(self) -> Any:
        return ops.negative(self)

    def __getitem__(self, key: Any) -> Any:
        return ops.index(self, key=key)


def _value(argument: Any) -> Any:
    return argument.value if isinstance(argument, Variable) else argument


def unbroadcast(g: Array, shape: tuple[int, ...]) -> Array:
    """Sum a gradient over the axes along which broadcasting repeated an array of this shape.

    >>> unbroadcast(np.ones((4, 3)), shape=(1, 3))
    array([[4., 4., 4.]])
    """
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return np.asarray(g.sum(axis=tuple(axis for axis, size in enumerate(shape) if size == 1), keepdims=True))


def _users_first(output: Variable) -> Iterator[Variable]:
    """Each variable of the graph once, after all that use it; a loop, as graphs may be deeper than Python's stack."""
    uses: dict[Variable, int] = {}
    pending = [output]
    while pending:
        variable = pending.pop()
        if variable not in uses:
            pending.extend(variable.parents)
        uses[variable] = uses.get(variable, 0) + 1
    ready = [output]
    while ready:
        variable = ready.pop()
        yield variable
        for parent in variable.parents:
            uses[parent] -= 1
            if uses[parent] == 0:
                ready.append(parent)


def backward(output: Variable) -> dict[Variable, Array]:
    """dJ/dv for every variable v that J depends on, where J is the sum of the output's entries.

    The losses of a stack may be given as they are, one per replica: replicas share no variable, so each gets the
    gradient of its own loss.
    """
    gradients = {output: np.ones_like(output.value)}
    for variable in _users_first(output):
        for parent, contribution in variable.products(gradients[variable]):
            # Not +=: a product may return g itself, which is another variable's gradient too.
            gradients[parent] = gradients[parent] + contribution if parent in gradients else contribution
    return gradients

"""A computational graph of named steps, so that a reader can watch values and gradients flow through it."""

import ast
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlpcli.autodiff import ops
from mlpcli.autodiff.ops import Operation
from mlpcli.autodiff.tape import Variable, backward

__all__ = ["FUNCTIONS", "INFIX", "Expression", "Node", "Operand", "Step"]

INFIX: dict[type[ast.operator], Operation] = {
    ast.Add: ops.add,
    ast.Sub: ops.subtract,
    ast.Mult: ops.multiply,
    ast.Div: ops.divide,
    ast.Pow: ops.power,
}
FUNCTIONS: dict[str, Operation] = {
    operation.name: operation
    for operation in (
        ops.absolute,
        ops.cos,
        ops.exp,
        ops.log,
        ops.maximum,
        ops.minimum,
        ops.relu,
        ops.sigmoid,
        ops.sin,
        ops.sqrt,
        ops.tanh,
    )
}

Operand = str | float
"""The name of a variable or of an earlier step, or a number."""


@dataclass(frozen=True)
class Step:
    """One operation of the forward pass; as text it is the formula of its node, such as `x + y`."""

    name: str
    operation: Operation
    operands: tuple[Operand, ...]

    def __str__(self) -> str:
        operands = [operand if isinstance(operand, str) else f"{operand:.12g}" for operand in self.operands]
        if self.operation is ops.negative:
            return f"-{operands[0]}"
        if self.operation in INFIX.values():
            return f" {self.operation.name} ".join(operands)
        return f"{self.operation.name}({', '.join(operands)})"


@dataclass(frozen=True)
class Node:
    """A variable (without a step) or a step, with its value and the derivative of the result by it.

    `gradient` is None for a step of numbers alone. `local` holds the derivative of the step by each of its operands,
    None for a number.
    """

    name: str
    step: Step | None
    value: float
    gradient: float | None
    local: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class Expression:
    """A parsed text: its variables in order of appearance, and its steps in the order of the forward pass.

    >>> from mlpcli.autodiff.parser import parse
    >>> for node in parse("(x + y) * z").evaluate({"x": -2, "y": 5, "z": -4}):
    ...     print(node.name, node.step or "input", node.value, node.gradient)
    x input -2.0 -4.0
    y input 5.0 -4.0
    z input -4.0 3.0
    q x + y 3.0 -4.0
    f q * z -12.0 1.0
    """

    variables: tuple[str, ...]
    steps: tuple[Step, ...]

    @property
    def result(self) -> str:
        """The name of the node that holds the final value."""
        return self.steps[-1].name if self.steps else self.variables[0]

    def apply(self, *values: Any) -> Any:
        """The result for values of the variables in their order: numbers, arrays, or variables of the tape.

        >>> square = Expression(("t",), (Step("f", ops.multiply, ("t", "t")),))
        >>> float(square.apply(3.0))
        9.0
        """
        return self._run(dict(zip(self.variables, values, strict=True)))[self.result]

    def evaluate(self, values: Mapping[str, float]) -> tuple[Node, ...]:
        """Run the graph forward and backward; return the nodes of the variables, then those of the steps.

        Raises:
            KeyError: a variable has no value.
            ValueError: a value or gradient is not finite; the message names its node.
        """
        with np.errstate(all="ignore"):
            made = self._run({name: Variable(values[name]) for name in self.variables})
            # A step of numbers alone, such as the exponent in x ** (1 + 1), is a number and has no gradient.
            gradients = backward(made[self.result]) if isinstance(made[self.result], Variable) else {}
        steps = {step.name: step for step in self.steps}
        nodes = {}
        for name, item in made.items():
            value, gradient = (item.value, float(gradients[item])) if isinstance(item, Variable) else (item, None)
            made_by = steps.get(name)
            nodes[name] = Node(name, made_by, float(value), gradient, _local(item, made_by) if made_by else ())
        self._check_finite(nodes)
        return tuple(nodes.values())

    def _run(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The value of every node."""
        made = dict(values)
        for step in self.steps:
            made[step.name] = step.operation(*(made[o] if isinstance(o, str) else o for o in step.operands))
        return made

    def _check_finite(self, nodes: Mapping[str, Node]) -> None:
        for node in nodes.values():
            if not math.isfinite(node.value):
                operands = node.step.operands if node.step else ()
                at = ", ".join(f"{o} = {nodes[o].value:.6g}" for o in dict.fromkeys(operands) if isinstance(o, str))
                raise ValueError(f"node {node.name} = {node.step or 'input'} is {node.value}{at and ' at ' + at}")
        for node in nodes.values():
            if node.gradient is not None and not math.isfinite(node.gradient):
                raise ValueError(f"the gradient d{self.result}/d{node.name} is {node.gradient}")


def _local(item: Any, step: Step) -> tuple[float | None, ...]:
    """The derivative of a step by each operand: the product of the tape with a gradient of 1."""
    if not isinstance(item, Variable):
        return (None,) * len(step.operands)
    with np.errstate(all="ignore"):
        products = [float(product) for _, product in item.products(np.array(1.0))]
    of_variables = iter(products)
    return tuple(next(of_variables) if isinstance(argument, Variable) else None for argument in item.arguments)

"""A computational graph from a line of text, so that a reader can watch values and gradients flow through it.

The text is parsed by Python's own grammar and admitted by a whitelist: names, numbers, + - * / **, a minus sign,
parentheses and a table of functions. Nothing is evaluated as Python. Every operation becomes a named node in the order
of the forward pass: q, p, r, ... for intermediate results and f for the final one, as the lecture names them.
"""

import ast
import itertools
import math
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlpcli.autodiff import ops
from mlpcli.autodiff.ops import Operation
from mlpcli.autodiff.tape import Variable, backward

__all__ = ["FUNCTIONS", "Expression", "Node", "Step", "parse"]

MAX_LENGTH = 1000
MAX_DEPTH = 100
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

        >>> float(parse("t * t").apply(3.0))
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


def parse(text: str) -> Expression:
    """Read an expression.

    Raises:
        ValueError: the text is not an expression; the message says why and at which column, counted from 1.
    """
    if len(text) > MAX_LENGTH:
        raise ValueError(f"column {MAX_LENGTH + 1}: longer than {MAX_LENGTH} characters")
    if stranger := re.search(r"[^A-Za-z0-9_.+\-*/(), ]", text):
        hint = " (write a power as x ** 2)" if stranger.group() == "^" else ""
        raise _error(stranger.start(), f"{stranger.group()!r} is not allowed in an expression{hint}")
    body = text.lstrip(" ")
    start = len(text) - len(body)
    if not body:
        raise _error(0, "the expression is empty")
    try:
        # Python only warns of texts such as 1if, which the whitelist refuses.
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(body, mode="eval").body
    except SyntaxError as error:
        at = (error.offset or len(body) + 1) - 1
        hint = " (write a product as 2 * x)" if _lacks_times(error, body, at) else ""
        raise _error(start + at, error.msg + hint) from None
    except (MemoryError, RecursionError):
        raise _error(start, "nested too deeply") from None
    reader = _Reader(body, start, {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)})
    reader.read(tree)
    if not reader.variables and not reader.steps:
        raise _error(start, "a number alone has no graph; name a variable, such as x")
    return Expression(tuple(reader.variables), tuple(reader.steps))


def _local(item: Any, step: Step) -> tuple[float | None, ...]:
    """The derivative of a step by each operand: the product of the tape with a gradient of 1."""
    if not isinstance(item, Variable):
        return (None,) * len(step.operands)
    with np.errstate(all="ignore"):
        products = [float(product) for _, product in item.products(np.array(1.0))]
    of_variables = iter(products)
    return tuple(next(of_variables) if isinstance(argument, Variable) else None for argument in item.arguments)


def _lacks_times(error: SyntaxError, body: str, at: int) -> bool:
    """Whether a factor ends and another begins, as in 2x, 2 x or (x + 1) y, where Python found the error."""
    if error.msg.endswith("forgot a comma?"):  # inside of parentheses, where the error spans both
        return re.search(r"[0-9.)] *[A-Za-z(]", body[at : (error.end_offset or 0) - 1]) is not None
    if error.msg == "invalid decimal literal":
        at += 1  # from the last digit
    return re.search(r"[0-9.)] *$", body[:at]) is not None and re.match(r"[A-Za-z(]", body[at:]) is not None


def _error(offset: int, why: str) -> ValueError:
    return ValueError(f"column {offset + 1}: {why}")


class _Reader:
    """Turns a syntax tree into steps, inner operations first, each under a name that no variable has."""

    def __init__(self, body: str, start: int, taken: set[str]) -> None:
        self.body, self.start = body, start
        self.variables: dict[str, None] = {}
        self.steps: list[Step] = []
        self.inner = (n for n in itertools.chain("qprstuvw", map("q{}".format, itertools.count(1))) if n not in taken)
        self.outer = next(n for n in itertools.chain("fgh", map("f{}".format, itertools.count(1))) if n not in taken)

    def read(self, node: ast.expr, depth: int = 0) -> Operand:
        """The operand for a syntax node; the steps that make it are appended first."""
        if depth > MAX_DEPTH:
            raise self.error(node, f"nested deeper than {MAX_DEPTH} operations")
        match node:
            case ast.Constant():
                return self.number(node)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant() as number):
                return -self.number(number)
            case ast.Name(id=name) if name not in FUNCTIONS:
                self.variables.setdefault(name)
                return name
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return self.step(ops.negative, [inner], depth)
            case ast.BinOp(left=left, op=infix, right=right) if type(infix) in INFIX:
                return self.step(INFIX[type(infix)], [left, right], depth)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                if name not in FUNCTIONS:
                    raise self.error(node, f"{name[:40]} is not a function; use one of {', '.join(FUNCTIONS)}")
                if len(arguments) != (arity := len(FUNCTIONS[name].products)):
                    raise self.error(node, f"{name} takes {arity} argument{'s' * (arity > 1)}, got {len(arguments)}")
                return self.step(FUNCTIONS[name], arguments, depth)
            case ast.Name(id=name):
                raise self.error(node, f"{name} is a function: give its argument in parentheses")
            case ast.Call(func=ast.Constant() | ast.UnaryOp() | ast.BinOp() | ast.Call(), args=[_], keywords=[]):
                raise self.error(node, "a product is written with *, as in 2 * (x + 1)")
        raise self.not_arithmetic(node)

    def step(self, operation: Operation, operands: list[ast.expr], depth: int) -> str:
        read = tuple(self.read(operand, depth + 1) for operand in operands)
        name = next(self.inner) if depth else self.outer
        self.steps.append(Step(name, operation, read))
        return name

    def number(self, node: ast.Constant) -> float:
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            raise self.not_arithmetic(node)
        try:
            value = float(node.value)
        except OverflowError:
            value = math.inf
        if math.isinf(value):
            raise self.error(node, "the number is too large for float64")
        return value

    def not_arithmetic(self, node: ast.expr) -> ValueError:
        text = self.body[node.col_offset : node.end_col_offset]
        return self.error(node, f"{text[:40]!r} is not arithmetic of names, numbers, + - * / ** and functions")

    def error(self, node: ast.expr, why: str) -> ValueError:
        return _error(self.start + node.col_offset, why)

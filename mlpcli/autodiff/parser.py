"""From a line of text to a computational graph, by Python's own grammar and a whitelist.

Admitted are names, numbers, + - * / **, a minus sign, parentheses and a table of functions; nothing is evaluated as
Python. Every operation becomes a named step in the order of the forward pass: q, p, r, ... for intermediate results and
f for the final one, as the lecture names them.

>>> [f"{step.name} = {step}" for step in parse("(x + y) * z").steps]
['q = x + y', 'f = q * z']
"""

import ast
import itertools
import math
import re
import warnings

from mlpcli.autodiff import ops
from mlpcli.autodiff.expression import FUNCTIONS, INFIX, Expression, Operand, Step
from mlpcli.autodiff.ops import Operation

__all__ = ["parse"]

MAX_LENGTH = 1000
MAX_DEPTH = 100


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

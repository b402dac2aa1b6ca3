"""The conditions of a sweep file's `where`: which combinations of options to keep.

Python's own parser reads a condition and a whitelist admits its parts; nothing is evaluated as Python. Conditions
(comparisons, and, or, not) and values (options, numbers, texts, lists, arithmetic) are distinguished while reading, so
a slip such as `norm == "batch" or "layer"` is an error and not a condition that always holds.
"""

import ast
import operator
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from mlpcli.config import OPTIONS, RunOptions
from mlpcli.wording import nearest, quote

__all__ = ["Where", "parse_where"]

MAX_LENGTH = 1000
MAX_DEPTH = 100

Condition = Callable[[RunOptions], bool]
Value = Callable[[RunOptions], object]

_ARITHMETIC: dict[type[ast.operator], tuple[str, Callable[[float, float], float]]] = {
    ast.Add: ("+", operator.add),
    ast.Sub: ("-", operator.sub),
    ast.Mult: ("*", operator.mul),
    ast.Div: ("/", operator.truediv),
    ast.Mod: ("%", operator.mod),
}
_ORDER: dict[type[ast.cmpop], tuple[str, Callable[[float, float], bool]]] = {
    ast.Lt: ("<", operator.lt),
    ast.LtE: ("<=", operator.le),
    ast.Gt: (">", operator.gt),
    ast.GtE: (">=", operator.ge),
}


@dataclass(frozen=True)
class Where:
    """One condition: its text, the options it names, and whether it holds for a run.

    >>> parse_where("width * depth <= 512").holds(RunOptions(width=128, depth=4))
    True
    """

    text: str
    names: frozenset[str]
    condition: Condition = field(repr=False, compare=False)

    def holds(self, options: RunOptions) -> bool:
        """Whether a run with these options is kept.

        `hidden` means the sizes of all hidden layers however they were given, `depth` their number, `width` the size
        that they share; `lr` means the optimizer's own where none was given. Raises `ValueError` that names the column
        and the reason.
        """
        return self.condition(options)


def parse_where(text: str) -> Where:
    """Read a condition. Raises `ValueError` that names the column, counted from 1, and the reason."""
    if len(text) > MAX_LENGTH:
        raise _error(MAX_LENGTH, f"longer than {MAX_LENGTH} characters")
    if (end := text.find("\n")) >= 0:
        raise _error(end, "a condition stands on one line")
    body = text.lstrip()
    if not body:
        raise _error(0, "the condition is empty")
    reader = _Reader(body, len(text) - len(body))
    try:
        # Python only warns of text that a later version will refuse, such as 1if; the whitelist refuses it today.
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(body, mode="eval").body
    except SyntaxError as error:
        raise _error(reader.start + (error.offset or len(body) + 1) - 1, error.msg) from None
    except ValueError as error:  # a NUL character, a number of thousands of digits
        raise ValueError(str(error)) from None
    except (MemoryError, RecursionError):
        raise _error(reader.start, "nested too deeply") from None
    condition = reader.condition(tree, 0)
    return Where(text, frozenset(reader.names), condition)


def _error(offset: int, why: str) -> ValueError:
    return ValueError(f"column {offset + 1}: {why}")


class _Reader:
    """Turns a syntax tree into functions of a run's options, and collects the options it names."""

    def __init__(self, body: str, start: int) -> None:
        self.body, self.start = body, start
        self.names: set[str] = set()

    def condition(self, node: ast.expr, depth: int) -> Condition:
        self.check_depth(node, depth)
        match node:
            case ast.BoolOp(op=ast.And(), values=values):
                parts = [self.condition(value, depth + 1) for value in values]
                return lambda options: all(part(options) for part in parts)
            case ast.BoolOp(op=ast.Or(), values=values):
                parts = [self.condition(value, depth + 1) for value in values]
                return lambda options: any(part(options) for part in parts)
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                part = self.condition(inner, depth + 1)
                return lambda options: not part(options)
            case ast.Compare(left=first, ops=ops, comparators=rest):
                return self.comparison([first, *rest], ops, depth)
        raise self.error(node, f"{self.source(node)} is no condition; one compares, as in width * depth <= 512")

    def comparison(self, nodes: Sequence[ast.expr], ops: Sequence[ast.cmpop], depth: int) -> Condition:
        """A chain `a < b <= c`: every link must hold; they are evaluated from the left as far as needed."""
        if all(isinstance(op, ast.Eq | ast.NotEq) for op in ops) and _is_condition(nodes[0]):
            values: list[Value] = [self.condition(node, depth + 1) for node in nodes]
        else:
            values = [self.value(node, depth + 1) for node in nodes]
        links = [
            self.link(op, left, right, a, b)
            for op, (left, right), (a, b) in zip(ops, pairwise(nodes), pairwise(values), strict=True)
        ]
        return lambda options: all(link(options) for link in links)

    def link(self, op: ast.cmpop, left: ast.expr, right: ast.expr, a: Value, b: Value) -> Condition:
        match op:
            case ast.Eq() | ast.NotEq():
                self.check_possible(left, right)
                self.check_possible(right, left)
                equal = isinstance(op, ast.Eq)
                return lambda options: (a(options) == b(options)) is equal
            case ast.In() | ast.NotIn():
                for member in right.elts if isinstance(right, ast.List | ast.Tuple) else ():
                    self.check_possible(left, member)
                wanted = isinstance(op, ast.In)
                return lambda options: (a(options) in self.members(right, b(options))) is wanted
        if type(op) not in _ORDER:
            raise self.error(left, "values are compared with == and !=, not with is")
        sign, compare = _ORDER[type(op)]
        return lambda options: compare(*self.numbers(left, sign, a(options), b(options)))

    def value(self, node: ast.expr, depth: int) -> Value:
        self.check_depth(node, depth)
        match node:
            case ast.Constant(value=constant) if type(constant) in (int, float, str):
                return lambda options: constant
            case ast.Name(id=name):
                return self.option(node, name)
            case ast.List(elts=members) | ast.Tuple(elts=members):
                parts = [self.value(member, depth + 1) for member in members]
                return lambda options: tuple(part(options) for part in parts)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=inner):
                infix = ast.Sub() if isinstance(sign, ast.USub) else ast.Add()
                return self.arithmetic(inner, infix, lambda options: 0, self.value(inner, depth + 1))
            case ast.BinOp(left=left, op=infix, right=right) if type(infix) in _ARITHMETIC:
                a, b = self.value(left, depth + 1), self.value(right, depth + 1)
                return self.arithmetic(left, infix, a, b)
        hint = "; join conditions with and, or, not" if isinstance(node, ast.BinOp) else ""
        raise self.error(node, f"{self.source(node)} is no option, number, text, list or + - * / % of these{hint}")

    def option(self, node: ast.expr, name: str) -> Value:
        if name not in OPTIONS:
            raise self.error(node, f"no such option: {name[:40]}{nearest(name, OPTIONS)}")
        self.names.add(name)
        if name == "hidden":
            return lambda options: options.sizes
        if name == "depth":
            return lambda options: len(options.sizes)
        if name == "width":
            return lambda options: self.width(node, options)
        return lambda options: options.used(name)

    def arithmetic(self, node: ast.expr, infix: ast.operator, a: Value, b: Value) -> Value:
        sign, compute = _ARITHMETIC[type(infix)]

        def result(options: RunOptions) -> float:
            left, right = self.numbers(node, sign, a(options), b(options))
            try:
                return compute(left, right)
            except ZeroDivisionError:
                raise self.error(node, f"{quote(left)} {sign} {quote(right)} divides by zero") from None
            except OverflowError:
                raise self.error(node, f"{quote(left)} {sign} {quote(right)} is too large") from None

        return result

    def numbers(self, node: ast.expr, sign: str, left: object, right: object) -> tuple[float, float]:
        if isinstance(left, int | float) and isinstance(right, int | float):
            return left, right
        raise self.error(node, f"{quote(left)} {sign} {quote(right)}: both must be numbers")

    def members(self, node: ast.expr, found: object) -> tuple[object, ...]:
        if isinstance(found, tuple):
            return found
        raise self.error(node, f"in needs a list, got {quote(found)}")

    def width(self, node: ast.expr, options: RunOptions) -> int:
        if options.hidden is None:
            return options.width
        if len(set(options.hidden)) == 1:
            return options.hidden[0]
        raise self.error(node, f"layers of sizes {quote(options.hidden)} share no width; use hidden")

    def check_possible(self, name: ast.expr, literal: ast.expr) -> None:
        """Refuse `norm == "bacth"`, which no run could ever meet."""
        if not (isinstance(name, ast.Name) and isinstance(literal, ast.Constant)):
            return
        option, value = OPTIONS[name.id], literal.value
        if isinstance(value, str):
            possible = str in option.types and (value in option.choices or not option.choices)
        else:
            possible = not option.types.isdisjoint((int, float))
        if not possible:
            hint = nearest(value, option.choices) if isinstance(value, str) else ""
            raise self.error(literal, f"{name.id} is never {quote(value)}: it is {option.allowed}{hint}")

    def check_depth(self, node: ast.expr, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise self.error(node, f"nested deeper than {MAX_DEPTH} operations")

    def source(self, node: ast.expr) -> str:
        return quote((ast.get_source_segment(self.body, node) or "")[:40])

    def error(self, node: ast.expr, why: str) -> ValueError:
        before = self.body.encode()[: node.col_offset].decode()  # the parser counts bytes
        return _error(self.start + len(before), why)


def _is_condition(node: ast.expr) -> bool:
    return isinstance(node, ast.BoolOp | ast.Compare) or (
        isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
    )

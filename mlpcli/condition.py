"""Conditions over named values, as in `width * depth <= 512`: the language of a sweep file's `where` and of `--where`.

Python's own parser reads a condition and a whitelist admits its parts; nothing is evaluated as Python. Conditions
(comparisons, and, or, not) and values (names, numbers, texts, lists, arithmetic) are distinguished while reading, so a
slip such as `norm == "batch" or "layer"` is an error and not a condition that always holds.
"""

import ast
import operator
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Generic, TypeVar

from mlpcli.wording import quote

__all__ = ["Condition", "Vocabulary", "parse_condition"]

MAX_LENGTH = 1000
MAX_DEPTH = 100

Scope = TypeVar("Scope")
Test = Callable[[Scope], bool]
Value = Callable[[Scope], object]

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
class Vocabulary(Generic[Scope]):
    """The names that a condition may use, and what they mean in a scope: a run, or a row of a table.

    Attributes:
        noun: what a name is called in messages, such as option.
        value: gives the function that looks a name up; ValueError says why there is no such name, and the function
            may raise one too.
        impossible: why a name never has a value that a condition compares it with, or None.
        has_gaps: whether a value may be None, which no comparison but `!=` and `not in` holds for.
    """

    noun: str
    value: Callable[[str], Value[Scope]]
    impossible: Callable[[str, object], str | None] = lambda name, value: None
    has_gaps: bool = False


@dataclass(frozen=True)
class Condition(Generic[Scope]):
    """One condition: its text, the names it uses, and whether it holds in a scope.

    `holds` raises ValueError with the column of the text and the reason, where values do not suit an operation.

    >>> row = Vocabulary("column", lambda name: lambda row: row[name], has_gaps=True)
    >>> condition = parse_condition("loss < 0.5 and norm == 'batch'", row)
    >>> condition.holds({"loss": 0.4, "norm": "batch"}), condition.holds({"loss": None, "norm": "batch"})
    (True, False)
    """

    text: str
    names: frozenset[str]
    holds: Test[Scope] = field(repr=False, compare=False)


def parse_condition(text: str, vocabulary: Vocabulary[Scope]) -> Condition[Scope]:
    """Read a condition. Raises `ValueError` that names the column, counted from 1, and the reason."""
    if len(text) > MAX_LENGTH:
        raise _error(MAX_LENGTH, f"longer than {MAX_LENGTH} characters")
    if (end := text.find("\n")) >= 0:
        raise _error(end, "a condition stands on one line")
    body = text.lstrip()
    if not body:
        raise _error(0, "the condition is empty")
    reader = _Reader(body, len(text) - len(body), vocabulary)
    try:
        # Python only warns of text that a later version will refuse, such as 1if; the whitelist refuses it today.
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(body, mode="eval").body
    except SyntaxError as error:
        at = (error.offset or len(body) + 1) - 1
        is_equal = body[at : at + 1] == "=" or "'=='" in error.msg
        raise _error(reader.start + at, "equal is written ==" if is_equal else error.msg) from None
    except ValueError as error:  # a NUL character, a number of thousands of digits
        raise ValueError(str(error)) from None
    except (MemoryError, RecursionError):
        raise _error(reader.start, "nested too deeply") from None
    holds = reader.condition(tree, 0)
    return Condition(text, frozenset(reader.names), holds)


def _error(offset: int, why: str) -> ValueError:
    return ValueError(f"column {offset + 1}: {why}")


class _Reader(Generic[Scope]):
    """Turns a syntax tree into functions of a scope, and collects the names it uses."""

    def __init__(self, body: str, start: int, vocabulary: Vocabulary[Scope]) -> None:
        self.body, self.start, self.vocabulary = body, start, vocabulary
        self.names: set[str] = set()

    def condition(self, node: ast.expr, depth: int) -> Test[Scope]:
        self.check_depth(node, depth)
        match node:
            case ast.BoolOp(op=ast.And(), values=values):
                parts = [self.condition(value, depth + 1) for value in values]
                return lambda scope: all(part(scope) for part in parts)
            case ast.BoolOp(op=ast.Or(), values=values):
                parts = [self.condition(value, depth + 1) for value in values]
                return lambda scope: any(part(scope) for part in parts)
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                part = self.condition(inner, depth + 1)
                return lambda scope: not part(scope)
            case ast.Compare(left=first, ops=ops, comparators=rest):
                return self.comparison([first, *rest], ops, depth)
        raise self.error(node, f"{self.source(node)} is no condition; one compares, as in width * depth <= 512")

    def comparison(self, nodes: Sequence[ast.expr], ops: Sequence[ast.cmpop], depth: int) -> Test[Scope]:
        """A chain `a < b <= c`: every link must hold; they are evaluated from the left as far as needed."""
        if all(isinstance(op, ast.Eq | ast.NotEq) for op in ops) and _is_condition(nodes[0]):
            values: list[Value[Scope]] = [self.condition(node, depth + 1) for node in nodes]
        else:
            values = [self.value(node, depth + 1) for node in nodes]
        links = [
            self.link(op, left, right, a, b)
            for op, (left, right), (a, b) in zip(ops, pairwise(nodes), pairwise(values), strict=True)
        ]
        return lambda scope: all(link(scope) for link in links)

    def is_there(self, value: object) -> bool:
        """Whether a value is there: a gap equals nothing."""
        return not (value is None and self.vocabulary.has_gaps)

    def link(self, op: ast.cmpop, left: ast.expr, right: ast.expr, a: Value[Scope], b: Value[Scope]) -> Test[Scope]:
        match op:
            case ast.Eq() | ast.NotEq():
                self.check_possible(left, right)
                self.check_possible(right, left)
                equal = isinstance(op, ast.Eq)
                return lambda scope: (self.is_there(one := a(scope)) and one == b(scope)) is equal
            case ast.In() | ast.NotIn():
                for member in right.elts if isinstance(right, ast.List | ast.Tuple) else ():
                    self.check_possible(left, member)
                wanted = isinstance(op, ast.In)
                return lambda scope: (self.is_there(one := a(scope)) and one in self.members(right, b(scope))) is wanted
        if type(op) not in _ORDER:
            raise self.error(left, "values are compared with == and !=, not with is")
        sign, compare = _ORDER[type(op)]

        def ordered(scope: Scope) -> bool:
            one, other = a(scope), b(scope)
            if self.vocabulary.has_gaps and None in (one, other):
                return False
            return compare(*self.numbers(left, sign, one, other))

        return ordered

    def value(self, node: ast.expr, depth: int) -> Value[Scope]:
        self.check_depth(node, depth)
        match node:
            case ast.Constant(value=constant) if type(constant) in (int, float, str):
                return lambda scope: constant
            case ast.Name(id=name):
                return self.name(node, name)
            case ast.List(elts=members) | ast.Tuple(elts=members):
                parts = [self.value(member, depth + 1) for member in members]
                return lambda scope: tuple(part(scope) for part in parts)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=inner):
                infix = ast.Sub() if isinstance(sign, ast.USub) else ast.Add()
                return self.arithmetic(inner, infix, lambda scope: 0, self.value(inner, depth + 1))
            case ast.BinOp(left=left, op=infix, right=right) if type(infix) in _ARITHMETIC:
                a, b = self.value(left, depth + 1), self.value(right, depth + 1)
                return self.arithmetic(left, infix, a, b)
        hint = "; join conditions with and, or, not" if isinstance(node, ast.BinOp) else ""
        raise self.error(
            node, f"{self.source(node)} is no {self.vocabulary.noun}, number, text, list or + - * / % of these{hint}"
        )

    def name(self, node: ast.expr, name: str) -> Value[Scope]:
        try:
            value = self.vocabulary.value(name)
        except ValueError as error:
            raise self.error(node, str(error)) from None
        self.names.add(name)

        def looked_up(scope: Scope) -> object:
            try:
                return value(scope)
            except ValueError as error:
                raise self.error(node, str(error)) from None

        return looked_up

    def arithmetic(self, node: ast.expr, infix: ast.operator, a: Value[Scope], b: Value[Scope]) -> Value[Scope]:
        sign, compute = _ARITHMETIC[type(infix)]

        def result(scope: Scope) -> float | None:
            one, other = a(scope), b(scope)
            if self.vocabulary.has_gaps and None in (one, other):
                return None
            left, right = self.numbers(node, sign, one, other)
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

    def check_possible(self, name: ast.expr, literal: ast.expr) -> None:
        """Refuse `norm == "bacth"`, which nothing could ever meet."""
        if not (isinstance(name, ast.Name) and isinstance(literal, ast.Constant)):
            return
        if reason := self.vocabulary.impossible(name.id, literal.value):
            raise self.error(literal, reason)

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

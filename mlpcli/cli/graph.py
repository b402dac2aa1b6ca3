"""`mlpcli graph`: what a computational graph computes, node by node, and how the gradient comes back through it."""

import json
import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlpcli.errors import UsageError
from mlpcli.wording import nearest

if TYPE_CHECKING:
    from mlpcli.autodiff.expression import Expression, Node

__all__ = ["graph"]


def graph(
    expression: Annotated[str, typer.Argument(metavar="EXPR", help='What to compute, quoted: "(x + y) * z".')],
    values: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME=VALUE", help="A number for each variable.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
    dot: Annotated[bool, typer.Option("--dot", help="Print the graph in Graphviz's language.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but the result.")] = False,
) -> None:
    """Forward values and gradients of a computational graph, node by node.

    Example: mlpcli graph "(x + y) * z" x=-2 y=5 z=-4

    An expression holds names, numbers, + - * / **, parentheses and functions:
    abs, cos, exp, log, max, min, relu, sigmoid, sin, sqrt, tanh.
    One that begins with a minus goes in parentheses: "(-x)".
    """
    from mlpcli.autodiff.expression import parse

    if as_json and dot:
        raise UsageError("--json, --dot: only one form can be printed. Nothing was computed. Leave one out")
    what = f"expression {_short(expression)}"
    try:
        parsed = parse(expression)
    except ValueError as error:
        raise UsageError(
            f"{what}, {error}. Nothing was computed. Type mlpcli graph --help for what it may hold"
        ) from None
    numbers = _numbers(parsed, what, values or [])
    try:
        nodes = parsed.evaluate(numbers)
    except ValueError as error:
        raise UsageError(
            f"{what}: {error}. Nothing was printed. Choose values where it is defined and smooth"
        ) from None
    if as_json:
        typer.echo(json.dumps(_record(expression, nodes), allow_nan=False))
    elif dot:
        typer.echo(_dot(parsed, nodes))
    else:
        _print_table(parsed, nodes)


def _numbers(parsed: "Expression", what: str, values: Sequence[str]) -> dict[str, float]:
    """The variables' values from NAME=VALUE arguments; UsageError lists every argument that is wrong or missing."""
    numbers: dict[str, float] = {}
    problems = []
    for argument in values:
        name, equals, text = argument.partition("=")
        if not equals:
            problems.append(f"{_short(argument)} is not NAME=VALUE")
            continue
        if name not in parsed.variables:
            problems.append(f"{_short(name)} is not in the expression{nearest(name, parsed.variables)}")
        elif name in numbers:
            problems.append(f"{name} is given twice")
        try:
            numbers[name] = float(text)
        except ValueError:
            numbers[name] = math.nan
        if not math.isfinite(numbers[name]):
            problems.append(f"{_short(argument)} is not a finite number")
    problems += [f"{name} has no value" for name in parsed.variables if name not in numbers]
    if problems:
        wanted = " ".join(f"{name}=1" for name in parsed.variables)
        remedy = f"Give each variable one number, such as {wanted}" if wanted else "Leave the values out"
        raise UsageError(f"{what}: {'; '.join(problems)}. Nothing was computed. {remedy}")
    return numbers


def _record(expression: str, nodes: "Sequence[Node]") -> dict[str, Any]:
    return {
        "expression": expression,
        "value": nodes[-1].value,
        "nodes": [
            {
                "name": node.name,
                "op": node.step.operation.name if node.step else "input",
                "inputs": list(node.step.operands) if node.step else [],
                "value": node.value,
                "gradient": node.gradient,
            }
            for node in nodes
        ],
    }


def _dot(parsed: "Expression", nodes: "Sequence[Node]") -> str:
    # Every name is quoted: a variable may be called `node` or `edge`, words of the language itself.
    lines = ["digraph {", "  rankdir=LR;", "  node [shape=box];"]
    for node in nodes:
        title = f"{node.name} = {node.step}" if node.step else node.name
        gradient = f"\\nd{parsed.result}/d{node.name} = {_number(node.gradient)}" if node.gradient is not None else ""
        lines.append(f'  "{node.name}" [label="{title}\\nvalue = {_number(node.value)}{gradient}"];')
    for step in parsed.steps:
        lines += [f'  "{operand}" -> "{step.name}";' for operand in step.operands if isinstance(operand, str)]
    return "\n".join([*lines, "}"])


def _print_table(parsed: "Expression", nodes: "Sequence[Node]") -> None:
    """A table with rules on a terminal, aligned columns elsewhere."""
    header = ("node", "operation", "value", f"gradient d{parsed.result}/dnode")
    rows = [(node.name, str(node.step or "input"), _number(node.value), _number(node.gradient)) for node in nodes]
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table()
        for position, title in enumerate(header):
            table.add_column(title, justify="right" if position >= 2 else "left")
        for row in rows:
            table.add_row(*map(Text, row))
        Console().print(table)
        return
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    for name, operation, value, gradient in (header, *rows):
        typer.echo(f"{name:<{widths[0]}}  {operation:<{widths[1]}}  {value:>{widths[2]}}  {gradient:>{widths[3]}}")


def _number(value: float | None) -> str:
    """Six digits; 0 is added so that -0 reads 0."""
    return "-" if value is None else f"{value + 0.0:.6g}"


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}...")

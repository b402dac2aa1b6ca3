"""`mlpcli graph`: the values of a computational graph, node by node, and the gradients that flow back through it."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlpcli.cli.console import message, print_json
from mlpcli.cli.flags import Json, Quiet, check_suffix, switch
from mlpcli.cli.text_table import table
from mlpcli.errors import UsageError
from mlpcli.wording import nearest

if TYPE_CHECKING:
    from mlpcli.autodiff.expression import Expression, Node

__all__ = ["graph"]


def graph(
    expression: Annotated[str, typer.Argument(metavar="EXPR", help='expression in quotes: "(x + y) * z"')],
    values: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME=VALUE", help="number for each variable", show_default=False),
    ] = None,
    as_json: Json = False,
    dot: Annotated[bool, switch("--dot", help="print the graph in Graphviz's language")] = False,
    svg: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="draw the graph with local derivatives on its edges", show_default=False),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Show forward values and gradients of a computational graph, node by node.

    Example: mlpcli graph "(x + y) * z" x=-2 y=5 z=-4

    An expression consists of names, numbers, + - * / **, parentheses and functions:
    abs, cos, exp, log, max, min, relu, sigmoid, sin, sqrt, tanh.
    Put an expression that begins with a minus in parentheses: "(-x)".
    """
    from mlpcli.autodiff.parser import parse

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
    if svg is not None:
        check_suffix("--svg", svg, ".svg")
        _write_svg(svg, parsed, nodes, quiet)
    if as_json:
        print_json(_record(expression, nodes))
    elif dot:
        print(_dot(parsed, nodes))
    else:
        _print_table(parsed, nodes)


def _write_svg(file: Path, parsed: "Expression", nodes: "Sequence[Node]", quiet: bool) -> None:
    from mlpcli.atomic import shown, write_atomic
    from mlpcli.plot.graph_svg import graph_svg

    file = file.absolute()
    write_atomic(file, graph_svg(parsed, nodes, _number).encode())
    message(f"{shown(file)}: drawn", quiet=quiet)


def _numbers(parsed: "Expression", what: str, values: Sequence[str]) -> dict[str, float]:
    """The values of the variables from NAME=VALUE arguments; one UsageError lists all wrong and missing ones."""
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
                "local": list(node.local),
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
    for node in nodes:
        for operand, derivative in zip(node.step.operands if node.step else (), node.local, strict=True):
            if isinstance(operand, str):
                label = "" if derivative is None else f"d{node.name}/d{operand} = {_number(derivative)}"
                lines.append(f'  "{operand}" -> "{node.name}" [label="{label}"];')
    return "\n".join([*lines, "}"])


def _print_table(parsed: "Expression", nodes: "Sequence[Node]") -> None:
    headers = ("node", "operation", "value", f"gradient d{parsed.result}/dnode")
    rows = [(node.name, str(node.step or "input"), _number(node.value), _number(node.gradient)) for node in nodes]
    table(headers, rows)


def _number(value: float | None) -> str:
    """Six significant digits; adding 0 turns -0 into 0."""
    return "-" if value is None else f"{value + 0.0:.6g}"


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}...")

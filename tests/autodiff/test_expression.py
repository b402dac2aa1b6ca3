"""The expression reader: the lecture's graph, what is admitted, what is refused and where, and text at random."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlpcli.autodiff import central_differences, parse
from mlpcli.autodiff.expression import FUNCTIONS
from tests.examples import examples


def table(text: str, **values: float) -> dict[str, tuple[str, float, float | None]]:
    return {n.name: (str(n.step or "input"), n.value, n.gradient) for n in parse(text).evaluate(values)}


def test_lecture_graph() -> None:
    nodes = table("(x + y) * z", x=-2, y=5, z=-4)
    assert list(nodes) == ["x", "y", "z", "q", "f"]
    assert nodes == {
        "x": ("input", -2, -4),
        "y": ("input", 5, -4),
        "z": ("input", -4, 3),
        "q": ("x + y", 3, -4),
        "f": ("q * z", -12, 1),
    }


def test_the_logistic_neuron_of_the_stanford_course() -> None:
    # CS231n's second example; rounded there to two digits: f = 0.73, gradients -0.20 -0.39 0.20.
    nodes = table("1 / (1 + exp(-(w0 * x0 + w1 * x1 + w2)))", w0=2, x0=-1, w1=-3, x1=-2, w2=-3)
    slope = math.exp(-1) / (1 + math.exp(-1)) ** 2
    assert nodes["f"][1] == pytest.approx(1 / (1 + math.exp(-1)), rel=1e-15)
    for name, expected in {"w0": -1, "x0": 2, "w1": -2, "x1": -3, "w2": 1}.items():
        assert nodes[name][2] == pytest.approx(expected * slope, rel=1e-14)


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("x * x", {"x": 3}, {"x": 6, "f": 1}),  # shared node
        ("-x ** 2", {"x": 3}, {"x": -6, "q": -1}),  # Python's precedence
        ("x ** -1", {"x": -2}, {"x": -0.25}),
        ("x ** (1 + 1)", {"x": -2}, {"x": -4, "q": None}),
        ("x ** y", {"x": 2, "y": 3}, {"x": 12, "y": 8 * math.log(2)}),
        ("x - y / x", {"x": 2, "y": 8}, {"x": 3, "y": -0.5}),
        ("max(x, y) + min(x, y)", {"x": 2, "y": 3}, {"x": 1, "y": 1}),
        ("max(x, 3) * abs(y)", {"x": 5, "y": -2}, {"x": 2, "y": -5}),
        ("relu(x)", {"x": 0}, {"x": 0}),
        ("sigmoid(x)", {"x": 0}, {"x": 0.25}),
        ("sqrt(log(exp(x)))", {"x": 4}, {"x": 0.25}),
        ("sin(x) + cos(x) + tanh(x)", {"x": 0}, {"x": 2}),
        ("x", {"x": 7}, {"x": 1}),
        ("2 * 3", {}, {"f": None}),
        ("  x ", {"x": 7}, {"x": 1}),
    ],
)
def test_gradients(text: str, values: dict[str, float], expected: dict[str, float | None]) -> None:
    nodes = table(text, **values)
    for name, gradient in expected.items():
        assert nodes[name][2] == (None if gradient is None else pytest.approx(gradient, rel=1e-14, abs=0))


def test_names_step_aside_for_variables() -> None:
    assert list(table("(f + q) * (p + g)", f=1, q=2, p=3, g=4)) == ["f", "q", "p", "g", "r", "s", "h"]
    many = table(" + ".join(["x"] * 30), x=1)
    assert list(many)[:11] == ["x", "q", "p", "r", "s", "t", "u", "v", "w", "q1", "q2"]
    assert many["f"][1:] == (30, 1) and many["x"][2] == 30


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "column 1: the expression is empty"),
        ("   ", "column 1: the expression is empty"),
        ("x +", r"column \d+: "),
        ("  x y", r"column \d+: "),
        ("(x + y", "column 1: .*never closed"),
        ("x ^ 2", "column 3: .*write a power as"),
        ("x = 1", "column 3: '=' is not allowed in an expression$"),
        ("2x + 1", r"column 1: invalid decimal literal \(write a product as 2 \* x\)"),
        ("(x + 1) y", r"column \d+: invalid syntax.* \(write a product as 2 \* x\)"),
        ("2.x", r"column 2: invalid decimal literal \(write a product as 2 \* x\)"),
        ("3 * (2 x)", r"column 6: .*comma\? \(write a product as 2 \* x\)"),
        ("max(exp x, y1)", r"column 5: .*comma\?$"),
        ("log2(x) + * y", "column 11: invalid syntax$"),
        ("2e5 * * * x", "column 7: invalid syntax$"),
        ("x1y +", "column 6: invalid syntax$"),
        ("exp(x) if", "column 10: invalid syntax$"),
        ("1__0", "column 2: invalid decimal literal$"),
        ("y + 2(x + 1)", "column 5: a product is written with \\*, as in 2 \\* \\(x"),
        ("(x+1)(y)", "column 1: a product is written with"),
        ("(-x)(y)", "column 1: a product is written with"),
        ("exp(x)(y)", "column 1: a product is written with"),
        ("2 * sin(x", "column 8: .*never closed$"),
        ("x \N{MULTIPLICATION SIGN} 2", "column 3: "),
        ("x\0", "column 2: "),
        ("3", "column 1: a number alone has no graph"),
        ("x + 1j", "column 5: '1j' is not arithmetic"),
        ("x + True", "column 5: 'True' is not arithmetic"),
        ("x * -True", "column 6: 'True' is not arithmetic"),
        ("  max(x, y, **z)", "column 3: .* is not arithmetic"),
        ("x // y", "column 1: .* is not arithmetic"),
        ("+x", "column 1: .* is not arithmetic"),
        ("x and y", "column 1: .* is not arithmetic"),
        ("1if x else y", "column 1: "),
        ("x.real", "column 1: .* is not arithmetic"),
        ("x * (y, z)", "column 5: .* is not arithmetic"),
        ("lambda", r"column \d+: "),
        ("x + exp", "column 5: exp is a function"),
        ("x + exec(y)", "column 5: exec is not a function; use one of"),
        ("exp(x).real(y)", "column 1: .* is not arithmetic"),
        ("exp(x, y)", "column 1: exp takes 1 argument, got 2"),
        ("max(x)", "column 1: max takes 2 arguments, got 1"),
        ("x + 1e999", "column 5: .*too large"),
        ("x + " + "9" * 400, "column 5: .*too large"),
        ("x" * 1001, "column 1001: longer than 1000"),
        ("-" * 200 + "x", "column 102: nested deeper than 100"),
        ("(" * 400 + "x" + ")" * 400, "column "),
        ("exp(" * 150 + "x" + ")" * 150, "column 405: nested deeper than 100"),
    ],
)
def test_refused_with_its_column(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "values", "message"),
    [
        ("1 / 0", {}, "node f = 1 / 0 is inf"),
        ("1 + log(x) * 2", {"x": -1}, "node q = log(x) is nan at x = -1"),
        ("y / (x - x)", {"x": 3, "y": 1}, "node f = y / q is inf at y = 1, q = 0"),
        ("exp(x)", {"x": 1000}, "node f = exp(x) is inf at x = 1000"),
        ("9 ** 9 ** 9 ** 9", {}, "node p = 9 ** q is inf at q = "),
        ("x + 1", {"x": math.inf}, "node x = input is inf"),
        ("sqrt(x)", {"x": 0}, "the gradient df/dx is inf"),
        ("x ** y", {"x": -2, "y": 2}, "the gradient df/dy is nan"),
    ],
)
def test_values_that_are_not_finite_name_their_node(text: str, values: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse(text).evaluate(values)
    assert str(caught.value).startswith(message)


def test_functions_are_those_of_the_table() -> None:
    assert sorted(FUNCTIONS) == list(FUNCTIONS)
    for name, operation in FUNCTIONS.items():
        arguments = ["x", "y"][: len(operation.products)]
        assert table(f"{name}({', '.join(arguments)})", x=0.5, y=0.25)["f"][0] == f"{name}({', '.join(arguments)})"


# Text that looks like an expression, so that the parser is entered, and text that does not.
WORDS = [
    *"xy2+-*/(),._ ",
    "1.5",
    "1e400",
    "1_0",
    "0x",
    "j",
    "**",
    "exp",
    "max",
    "log",
    "if",
    "in",
    "not",
    "lambda",
    "True",
]
PIECES = st.lists(st.sampled_from(WORDS), max_size=40).map("".join)


@settings(max_examples=examples(150))
@given(st.one_of(PIECES, st.text(max_size=50), st.binary(max_size=50).map(lambda b: b.decode("latin-1"))))
def test_any_text_is_an_expression_or_a_value_error(text: str) -> None:
    try:
        expression = parse(text)
        nodes = expression.evaluate(dict.fromkeys(expression.variables, 0.5))
    except ValueError as error:
        assert str(error)
    else:
        assert all(math.isfinite(node.value) for node in nodes)


def expressions() -> st.SearchStrategy[str]:
    leaves = st.sampled_from(["x", "y", "0.5", "3"])
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
            st.tuples(inner, inner).map(lambda t: f"({t[0]} / (1.5 + {t[1]} ** 2))"),
            st.tuples(st.sampled_from(["-", "sin", "cos", "tanh", "sigmoid"]), inner).map(lambda t: f"{t[0]}({t[1]})"),
        ),
        max_leaves=8,
    )


@settings(max_examples=examples(50))
@given(expressions(), st.floats(-2, 2), st.floats(-2, 2))
def test_expressions_mean_what_python_means(text: str, x: float, y: float) -> None:
    text += " + x * y"
    functions = {"sin": math.sin, "cos": math.cos, "tanh": math.tanh, "sigmoid": lambda t: 1 / (1 + math.exp(-t))}

    def python(point: list[float]) -> float:
        return float(eval(text, {"__builtins__": {}}, functions | {"x": point[0], "y": point[1]}))

    nodes = table(text, x=x, y=y)
    value = nodes["f"][1]
    assert value == pytest.approx(python([x, y]), rel=1e-12, abs=1e-12)
    slopes = central_differences(python, [x, y]).slopes
    scale = 1 + abs(value) + max(abs(slopes))
    assert [nodes["x"][2], nodes["y"][2]] == pytest.approx(list(slopes), rel=1e-5, abs=1e-6 * scale)

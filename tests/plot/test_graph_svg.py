"""The drawing of a computational graph: every node, value and derivative is there, and nothing lies on anything."""

import itertools
import xml.etree.ElementTree as ElementTree

import pytest

from mlpcli.autodiff.parser import parse
from mlpcli.plot.graph_svg import graph_svg
from mlpcli.plot.layered_layout import find_heights, find_layers

SVG = "{http://www.w3.org/2000/svg}"
EXPRESSIONS = {
    "(x + y) * z": {"x": -2.0, "y": 5.0, "z": -4.0},
    "(u * relu(w * x + b) + c - y) ** 2 / 2": {"u": 2.0, "w": 1.0, "x": 3.0, "b": -1.0, "c": -1.0, "y": 1.0},
    "x * x + sin(x * y) * exp(y / (x + 2)) - x": {"x": 1.0, "y": 2.0},
    "a * b + b * c + c * d + d * a + (1 + 2) * a": dict.fromkeys("abcd", 2.0),
    "x": {"x": 1.0},
}


def drawn(text: str) -> ElementTree.Element:
    expression = parse(text)
    nodes = expression.evaluate(EXPRESSIONS[text])
    return ElementTree.fromstring(graph_svg(expression, nodes, lambda value: f"{value:.4g}"))


def words(root: ElementTree.Element) -> list[str]:
    return [node.text or "" for node in root.iter(f"{SVG}text")]


def test_the_lectures_graph() -> None:
    assert words(drawn("(x + y) * z")) == [
        "dq/dx = 1", "dq/dy = 1", "df/dq = -4", "df/dz = 3",
        "x", "value -2", "df/dx = -4",
        "y", "value 5", "df/dy = -4",
        "z", "value -4", "df/dz = 3",
        "q = x + y", "value 3", "df/dq = -4",
        "f = q * z", "value -12", "df/df = 1",
    ]  # fmt: skip


def test_an_operand_that_is_used_twice_has_both_derivatives_on_its_edge() -> None:
    assert "dq/dx = 1 + 1" in words(drawn("x * x + sin(x * y) * exp(y / (x + 2)) - x"))


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_gradients_are_sums_over_edges_of_gradient_times_local_derivative(text: str) -> None:
    expression = parse(text)
    nodes = {node.name: node for node in expression.evaluate(EXPRESSIONS[text])}
    for name, node in nodes.items():
        flows = [
            other.gradient * derivative
            for other in nodes.values()
            for operand, derivative in zip(other.step.operands if other.step else (), other.local, strict=True)
            if operand == name and other.gradient is not None and derivative is not None
        ]
        if name != expression.result and node.gradient is not None:
            assert node.gradient == pytest.approx(sum(flows))


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_boxes_lie_apart_and_inside(text: str) -> None:
    root = drawn(text)
    width, height = float(root.get("width", 0)), float(root.get("height", 0))
    boxes = []
    for box in list(root.iter(f"{SVG}rect"))[1:]:
        left, top, wide, high = (float(box.get(name, 0)) for name in ("x", "y", "width", "height"))
        assert left >= 0 and left + wide <= width and top >= 0 and top + high <= height
        boxes.append((left, top, left + wide, top + high))
    for one, two in itertools.combinations(boxes, 2):
        assert one[2] <= two[0] or two[2] <= one[0] or one[3] <= two[1] or two[3] <= one[1]


def test_an_edge_that_skips_layers_passes_between_the_nodes() -> None:
    edges = [("a", "b"), ("b", "c"), ("c", "d"), ("a", "d")]
    found = find_layers(["a", "b", "c", "d"], edges)
    assert found.ways["a", "d"] == ["a", ("a", "d", 1), ("a", "d", 2), "d"]
    sizes = {key: 40.0 for layer in found.layers for key in layer}
    middles = find_heights(found, sizes, 10.0)
    assert abs(middles["b"] - middles["a", "d", 1]) >= 50 and abs(middles["c"] - middles["a", "d", 2]) >= 50


def test_layers_are_ordered_so_that_edges_do_not_cross() -> None:
    found = find_layers(["a", "b", "p", "q"], [("a", "q"), ("b", "p")])
    assert [found.layers[0].index(name) for name in "ab"] == [found.layers[1].index(name) for name in "qp"]

"""A computational graph as an SVG file, as on the lecture's slides; needs neither Graphviz nor matplotlib.

A box holds a node's formula, its value and the gradient of the result by it. An edge has the local derivative, by which
the gradient behind it is multiplied on its way back; where edges leave one node, their products are summed.
"""

from collections.abc import Callable, Sequence
from xml.sax.saxutils import escape

from mlpcli.autodiff.expression import Expression, Node
from mlpcli.plot.layered_layout import Key, find_heights, find_layers

__all__ = ["graph_svg"]

LETTER, LINE, PAD = 7.4, 17.0, 8.0
"""Width of a letter, height of a line, and space around the text of a box, in pixels at 12 pixels of type."""

GAP = 24.0
"""Distance between neighbours, in pixels."""


def graph_svg(expression: Expression, nodes: Sequence[Node], number: Callable[[float | None], str]) -> str:
    """The text of the file; `number` writes values, gradients and derivatives."""
    texts = {node.name: _lines(node, expression.result, number) for node in nodes}
    labels = _labels(nodes, number)
    found = find_layers(list(texts), list(labels))
    size = {key: _size(texts.get(key, []) if isinstance(key, str) else []) for layer in found.layers for key in layer}
    y = find_heights(found, {key: height for key, (_, height) in size.items()}, GAP)
    top = min(y[key] - height / 2 for key, (_, height) in size.items()) - GAP
    bottom = max(y[key] + height / 2 for key, (_, height) in size.items()) + GAP
    x: dict[Key, float] = {}
    right = GAP
    for layer in found.layers:
        half = max(size[key][0] for key in layer) / 2
        x.update(dict.fromkeys(layer, right + half))
        behind = [labels[edge] for edge, way in found.ways.items() if way[-2] in layer]
        right += 2 * half + max((len(label) * LETTER for label in behind), default=0.0) + 2 * GAP
    right -= GAP
    parts = []
    for edge, way in found.ways.items():
        corners = [(x[key] - size[key][0] / 2, y[key] - top) for key in way]
        corners[0] = x[way[0]] + size[way[0]][0] / 2, y[way[0]] - top
        parts += _edge(corners, labels[edge])
    for name, lines in texts.items():
        parts += _box(x[name], y[name] - top, size[name], lines)
    shape = f'width="{right:.0f}" height="{bottom - top:.0f}" viewBox="0 0 {right:.0f} {bottom - top:.0f}"'
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {shape} font-family="DejaVu Sans, Arial, sans-serif" font-size="12">'
    )
    return "\n".join([head, '<rect width="100%" height="100%" fill="white"/>', *parts, "</svg>", ""])


def _lines(node: Node, result: str, number: Callable[[float | None], str]) -> list[str]:
    """Formula, value and gradient of a node."""
    formula = f"{node.name} = {node.step}" if node.step else node.name
    gradient = [] if node.gradient is None else [f"d{result}/d{node.name} = {number(node.gradient)}"]
    return [formula, f"value {number(node.value)}", *gradient]


def _labels(nodes: Sequence[Node], number: Callable[[float | None], str]) -> dict[tuple[str, str], str]:
    """The local derivatives of every edge (operand, step); an operand that is used twice has two in one label.

    An edge from a step of numbers alone, through which no gradient flows, has none.
    """
    derivatives: dict[tuple[str, str], list[str]] = {}
    for node in nodes:
        for operand, derivative in zip(node.step.operands if node.step else (), node.local, strict=True):
            if isinstance(operand, str):
                parts = derivatives.setdefault((operand, node.name), [])
                parts += [] if derivative is None else [number(derivative)]
    return {
        (start, stop): f"d{stop}/d{start} = {' + '.join(parts)}" if parts else ""
        for (start, stop), parts in derivatives.items()
    }


def _size(lines: Sequence[str]) -> tuple[float, float]:
    """Width and height of a box around lines; an edge on its way needs a line's height."""
    if not lines:
        return 0.0, LINE
    return max(map(len, lines)) * LETTER + 2 * PAD, len(lines) * LINE + PAD


def _edge(corners: Sequence[tuple[float, float]], label: str) -> list[str]:
    """A curve through the corners, which ends in an arrow, and its label at the middle of the last piece."""
    (x, y), *others = corners
    path = f"M{x:.1f},{y:.1f}"
    for across, down in others:
        middle = (x + across) / 2
        path += f" C{middle:.1f},{y:.1f} {middle:.1f},{down:.1f} {across:.1f},{down:.1f}"
        x, y = across, down
    (left, high), (x, y) = corners[-2], corners[-1]
    arrow = f"{x:.1f},{y:.1f} {x - 8:.1f},{y - 4:.1f} {x - 8:.1f},{y + 4:.1f}"
    halo = 'text-anchor="middle" font-style="italic" stroke="white" stroke-width="5" paint-order="stroke"'
    return [
        f'<path d="{path}" fill="none" stroke="black"/>',
        f'<polygon points="{arrow}"/>',
        f'<text x="{(left + x) / 2:.1f}" y="{(high + y) / 2 + 4:.1f}" {halo}>{escape(label)}</text>',
    ]


def _box(x: float, y: float, size: tuple[float, float], lines: Sequence[str]) -> list[str]:
    """A rounded box around `(x, y)` with its lines, the first one bold."""
    width, height = size
    left, top = x - width / 2, y - height / 2
    place = f'x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}"'
    box = f'<rect {place} rx="6" fill="#eeeeee" stroke="black"/>'
    texts = []
    for index, line in enumerate(lines):
        down = top + PAD / 2 + LINE * (index + 0.72)
        weight = ' font-weight="bold"' if index == 0 else ""
        texts.append(f'<text x="{x:.1f}" y="{down:.1f}" text-anchor="middle"{weight}>{escape(line)}</text>')
    return [box, *texts]

"""Tables and learning curves as HTML and inline SVG, for notebooks; nothing of them needs a script or the network.

>>> table_html(["", "loss"], [["val", 0.25]])
'<table><tr><th></th><th>loss</th></tr><tr><td>val</td><td>0.25</td></tr></table>'
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape

__all__ = ["curves_svg", "table_html"]

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 420, 180, 52, 24, 16
COLORS = ("#4c78a8", "#e45756", "#54a24b", "#b279a2", "#f58518", "#72b7b2")


def table_html(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; numbers to four digits, None as an empty cell."""
    head = "".join(f"<th>{escape(name)}</th>" for name in headers)
    body = "".join(f"<tr>{''.join(f'<td>{_cell(value)}</td>' for value in row)}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def curves_svg(curves: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Curves by name over epochs, each a list of points; points that are not finite are left out.

    Empty where no curve has a point.
    """
    lines = {name: [point for point in points if all(map(math.isfinite, point))] for name, points in curves.items()}
    lines = {name: points for name, points in lines.items() if points}
    if not lines:
        return ""
    xs, ys = zip(*(point for points in lines.values() for point in points), strict=True)
    x_low, x_high, y_low, y_high = min(xs), max(xs), min(ys), max(ys)

    def place(x: float, y: float) -> str:
        across = (x - x_low) / (x_high - x_low or 1)
        up = (y - y_low) / (y_high - y_low or 1)
        return f"{LEFT + across * (WIDTH - LEFT - 8):.1f},{HEIGHT - BOTTOM - up * (HEIGHT - BOTTOM - TOP):.1f}"

    parts = [
        f'<path d="M{LEFT},{TOP}V{HEIGHT - BOTTOM}H{WIDTH - 8}" fill="none" stroke="currentColor" opacity="0.5"/>',
        _text(LEFT - 6, TOP + 8, f"{y_high:.3g}", "end"),
        _text(LEFT - 6, HEIGHT - BOTTOM, f"{y_low:.3g}", "end"),
        _text(LEFT, HEIGHT - 8, f"{x_low:g}", "start"),
        _text(WIDTH - 8, HEIGHT - 8, f"epoch {x_high:g}", "end"),
    ]
    for index, (name, points) in enumerate(lines.items()):
        color = COLORS[index % len(COLORS)]
        drawn = " ".join(place(x, y) for x, y in points)
        parts.append(f'<polyline points="{drawn}" fill="none" stroke="{color}" stroke-width="1.5"/>')
        parts.append(_text(LEFT + 8 + 130 * (index % 3), TOP - 4 + 12 * (index // 3), name, "start", color))
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11">'
    return f"{head}{''.join(parts)}</svg>"


def _text(x: float, y: float, words: str, anchor: str, color: str = "currentColor") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{color}">{escape(words)}</text>'


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.4g}"
    return "" if value is None else escape(str(value))

"""What an SVG picture shows: its texts, and its lines as fractions of their panel, free of layout and of last bits.

Pixel positions depend on the fonts' metrics, on the version of matplotlib and on the CPU; where a line runs within its
panel, its colour and the words of the picture depend on the data alone.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import numpy as np
from numpy.testing import assert_allclose
from numpy.typing import NDArray

__all__ = ["Picture", "assert_same", "picture", "words"]

SVG = "{http://www.w3.org/2000/svg}"
XLINK = "{http://www.w3.org/1999/xlink}"
TOLERANCE = 2e-3
"""Fraction of a panel's width or height, about half a pixel."""


class Picture(NamedTuple):
    """Texts in their order, and per panel its curves: stroke or fill colour, and points `(points, 2)`."""

    texts: list[str]
    panels: list[list[tuple[str, NDArray[np.float64]]]]


def picture(svg: bytes) -> Picture:
    """Read a picture that `mlpcli plot --format svg` drew."""
    root = _root(svg)
    panels = [group for group in root.iter(f"{SVG}g") if re.fullmatch(r"axes_\d+", group.get("id", ""))]
    return Picture(_words(root), [list(_curves(panel)) for panel in panels])


def words(svg: bytes) -> list[str]:
    """The texts of a picture in their order."""
    return _words(_root(svg))


def _root(svg: bytes) -> Element:
    parser = ElementTree.XMLParser(target=ElementTree.TreeBuilder(insert_comments=True))
    return ElementTree.fromstring(svg, parser)


def _words(root: Element) -> list[str]:
    return [(node.text or "").strip() for node in root.iter(ElementTree.Comment)]


def _curves(panel: Element) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Everything but axes and legends, as fractions of the panel's background."""
    groups = [group for group in panel if not re.match(r"matplotlib\.axis|legend", group.get("id", ""))]
    box = next(path for group in groups for path in group.iter(f"{SVG}path"))
    corners = _points(box)
    low, size = corners.min(axis=0), np.ptp(corners, axis=0)
    for group in groups:
        shapes = {f"#{path.get('id')}": path for path in group.iterfind(f"{SVG}defs/{SVG}path")}
        for node in group.iter():
            if node.tag == f"{SVG}use":
                place = np.array([[float(node.get("x", 0)), float(node.get("y", 0))]])
                if "PolyCollection" in group.get("id", ""):  # a band: its outline; else a marker: its place
                    place = place + _points(shapes[node.get(f"{XLINK}href", "")])
                yield _color(node), (place - low) / size
            elif node.tag == f"{SVG}path" and node.get("clip-path"):
                yield _color(node), (_points(node) - low) / size


def _points(path: Element) -> NDArray[np.float64]:
    numbers = re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", path.get("d", ""))
    return np.array(numbers, np.float64).reshape(-1, 2)


def _color(node: Element) -> str:
    style = dict(part.split(": ") for part in node.get("style", "").split("; ") if part)
    color = style.get("stroke", "none")
    return color if color != "none" else style.get("fill", "none")


def assert_same(drawn: bytes, kept: bytes, what: str) -> None:
    """Two pictures say the same words and draw the same data."""
    ours, theirs = picture(drawn), picture(kept)
    assert ours.texts == theirs.texts, what
    assert len(ours.panels) == len(theirs.panels) > 0, what
    for mine, other in zip(ours.panels, theirs.panels, strict=True):
        assert [color for color, _ in mine] == [color for color, _ in other], what
        for (_, one), (_, two) in zip(mine, other, strict=True):
            assert one.shape == two.shape, what
            assert_allclose(one, two, rtol=0, atol=TOLERANCE, err_msg=what)

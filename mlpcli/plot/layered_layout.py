"""Places for the nodes of a graph without cycles: layers from left to right, few crossings (Sugiyama et al. 1981).

An edge that skips a layer runs through a place of its own in it, so that it passes between the nodes. Each layer is
ordered by the mean place of its neighbours, from either side in turn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["Key", "Layers", "find_heights", "find_layers"]

Key = str | tuple[str, str, int]
"""A node, or the place of an edge (start, stop) in a layer that it skips."""

Edge = tuple[str, str]

ROUNDS = 8
"""Passes over the layers."""


@dataclass(frozen=True)
class Layers:
    """Keys of every layer, each in order from the top, and every edge's way: the keys from its start to its stop."""

    layers: list[list[Key]]
    ways: dict[Edge, list[Key]]

    @property
    def neighbours(self) -> dict[Key, tuple[list[Key], list[Key]]]:
        """Keys in the layer before and in the layer after that each key is connected to."""
        joined: dict[Key, tuple[list[Key], list[Key]]] = {key: ([], []) for layer in self.layers for key in layer}
        for way in self.ways.values():
            for before, behind in pairwise(way):
                joined[before][1].append(behind)
                joined[behind][0].append(before)
        return joined


def find_layers(nodes: Sequence[str], edges: Sequence[Edge]) -> Layers:
    """Layers of `nodes`, given in an order in which no edge runs backwards.

    A node stands behind all that lead to it; one to which nothing leads stands just before the first that it leads to.

    >>> find_layers(["x", "y", "z", "q", "f"], [("x", "q"), ("y", "q"), ("q", "f"), ("z", "f")]).layers
    [['x', 'y'], ['z', 'q'], ['f']]
    """
    level: dict[str, int] = {}
    for node in nodes:
        level[node] = max((level[start] + 1 for start, stop in edges if stop == node), default=0)
    for node in nodes:
        if all(stop != node for _, stop in edges):
            level[node] = min((level[stop] for start, stop in edges if start == node), default=1) - 1
    layers: list[list[Key]] = [[] for _ in range(max(level.values()) + 1)]
    for node in nodes:
        layers[level[node]].append(node)
    ways: dict[Edge, list[Key]] = {}
    for start, stop in edges:
        skipped: list[Key] = [(start, stop, at) for at in range(level[start] + 1, level[stop])]
        ways[start, stop] = [start, *skipped, stop]
        for at, key in enumerate(skipped, level[start] + 1):
            layers[at].append(key)
    found = Layers(layers, ways)
    neighbours = found.neighbours
    for turn in range(ROUNDS):
        side = turn % 2
        for at in range(len(layers)) if side == 0 else reversed(range(len(layers))):
            place = {key: index for layer in layers for index, key in enumerate(layer)}
            means = {key: _mean([place[other] for other in neighbours[key][side]], place[key]) for key in layers[at]}
            layers[at].sort(key=means.__getitem__)
    return found


def find_heights(found: Layers, sizes: Mapping[Key, float], gap: float) -> dict[Key, float]:
    """The vertical middle of every key: near the mean of its neighbours, at least `gap` apart in its layer."""
    middles: dict[Key, float] = {}
    for layer in found.layers:
        total = 0.0
        for key in layer:
            middles[key] = total + sizes[key] / 2
            total += sizes[key] + gap
        for key in layer:
            middles[key] -= (total - gap) / 2
    neighbours = found.neighbours
    for turn in range(ROUNDS):
        side = turn % 2
        for layer in found.layers if side == 0 else reversed(found.layers):
            wanted = [_mean([middles[other] for other in neighbours[key][side]], middles[key]) for key in layer]
            for key, middle in zip(layer, _apart(wanted, [sizes[key] for key in layer], gap), strict=True):
                middles[key] = middle
    return middles


def _apart(wanted: Sequence[float], sizes: Sequence[float], gap: float) -> list[float]:
    """Middles in the order of `wanted`, moved down where they would lie too close, then back up by the mean move."""
    middles: list[float] = []
    for middle, size in zip(wanted, sizes, strict=True):
        least = middles[-1] + (sizes[len(middles) - 1] + size) / 2 + gap if middles else middle
        middles.append(max(middle, least))
    moved = _mean([middle - want for middle, want in zip(middles, wanted, strict=True)], 0.0)
    return [middle - moved for middle in middles]


def _mean(numbers: Sequence[float], otherwise: float) -> float:
    return sum(numbers) / len(numbers) if numbers else otherwise

r"""A small chart of characters, for learning curves on a terminal.

>>> print(*chart({"up": [0.0, 1.0, 2.0]}, width=9, height=3), sep="\n")
2.0000 |        *
       |    *
0.0000 |*
       epoch 1  3
       * up
"""

import math
from collections.abc import Iterator, Mapping, Sequence

from mlpcli.cli.views.cells import short

__all__ = ["chart"]

MARKS = "*o+x"


def chart(curves: Mapping[str, Sequence[float | None]], width: int = 60, height: int = 8) -> Iterator[str]:
    """Lines of text: the curves over epochs from 1 on, the first one in front where two meet.

    Values that are None or not finite are left out; without any value there is no line.

    Args:
        curves: values by name.
        width: characters across, without the labels.
        height: lines, without the labels.
    """
    epochs = max(map(len, curves.values()), default=0)
    finite = [value for values in curves.values() for value in values if value is not None and math.isfinite(value)]
    if not finite:
        return
    low, high = min(finite), max(finite)
    rows = [[" "] * width for _ in range(height)]
    for mark, values in reversed(list(zip(MARKS, curves.values(), strict=False))):
        for epoch, value in enumerate(values):
            if value is not None and math.isfinite(value):
                across = round(epoch / max(1, epochs - 1) * (width - 1))
                up = round((value / 2 - low / 2) / ((high / 2 - low / 2) or 1.0) * (height - 1))
                rows[height - 1 - up][across] = mark
    labels = [short(float(high)), *[""] * (height - 2), short(float(low))]
    margin = max(map(len, labels))
    for label, row in zip(labels, rows, strict=True):
        yield f"{label:>{margin}} |{''.join(row)}".rstrip()
    first, last = "epoch 1", str(epochs)
    yield " " * (margin + 1) + first + last.rjust(max(width + 1 - len(first), len(last) + 2))
    yield " " * (margin + 1) + "  ".join(f"{mark} {name}" for mark, name in zip(MARKS, curves, strict=False))

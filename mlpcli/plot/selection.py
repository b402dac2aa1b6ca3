"""Which configurations of a sweep stand out in its pictures: the best, those asked for, or the best of each value."""

import math
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from mlpcli.config.metrics import Measure
from mlpcli.errors import UsageError
from mlpcli.plot.factors import Values
from mlpcli.plot.points import find_points
from mlpcli.results.files.read_file import read_rows
from mlpcli.results.folders.read_folder import ResultsFolder
from mlpcli.results.folders.read_trials import RERUN
from mlpcli.results.folders.sweep_ownership import SUMMARY
from mlpcli.wording import nearest, sentence

__all__ = ["Asked", "Selection", "select"]


@dataclass(frozen=True)
class Asked:
    """What the user asks for: configurations for which `highlight` holds, the best one per value of the option `by`.

    `highlight` takes the values of the varied options as text, by name.
    """

    highlight: Callable[[Mapping[str, str]], bool] | None = None
    by: str | None = None


@dataclass(frozen=True)
class Selection:
    """The ranks of a sweep's configurations by its ranking metric, the best first, and those that are highlighted; by
    default all.
    """

    metric: str
    ranks: Mapping[Values, int]
    highlighted: frozenset[Values]
    by: str | None = None
    _at: int = 0

    @property
    def is_all(self) -> bool:
        """Whether no configuration is highlighted more than others."""
        return len(self.highlighted) == len(self.ranks)

    def first(self, configurations: Iterable[Values], most: int) -> list[Values]:
        """At most `most` of these configurations: the best highlighted ones, with `by` one per value; best first."""
        drawable = set(configurations)
        chosen = [values for values in self.ranks if values in drawable and values in self.highlighted]
        if self.by:
            best: dict[str, Values] = {}
            for values in chosen:
                best.setdefault(values[self._at], values)
            chosen = [*best.values()]
        return chosen[:most]

    def described(self, chosen: Collection[Values], drawable: Collection[Values], metric: str) -> str:
        """Part of a caption: which of the configurations have a line of their own; empty if all have."""
        return f"; {self.which(chosen, drawable, metric)}, the others in grey" if len(chosen) < len(drawable) else ""

    def which(self, chosen: Collection[Values], drawable: Collection[Values], metric: str) -> str:
        """Which of the configurations are drawn in a picture of a metric: `the best 8 of 20 configurations`.

        The metric that ranks them is named where the picture shows another.
        """
        ranked = "" if metric == self.metric else f" by {self.metric}"
        asked = [values for values in drawable if values in self.highlighted]
        if self.by:
            levels = len({values[self._at] for values in asked})
            some = f" ({len(chosen)} of {levels})" if len(chosen) < levels else ""
            return f"{'' if self.is_all else 'of the highlighted, '}the best of each {self.by}{some}{ranked}"
        if self.is_all:
            return f"the best {len(chosen)} of {len(drawable)} configurations{ranked}"
        cut = f", the best {len(chosen)}{ranked} of them" if len(chosen) < len(asked) else ""
        return f"highlighted: {len(asked)} of {len(drawable)} configurations{cut}"


def select(folder: ResultsFolder, asked: Asked) -> Selection:
    """The selection in a folder.

    Raises:
        UsageError: the folder has no such option, or no configuration that is asked for.
    """
    if (asked.by or asked.highlight) and not folder.is_sweep:
        raise UsageError(f"--highlight and --by choose among configurations: {folder.place} is a single run")
    if asked.by and asked.by not in folder.varied:
        raise UsageError(
            sentence(f"--by {asked.by}: {folder.place} does not vary it{nearest(asked.by, folder.varied)}")
            + f" It varies {', '.join(folder.varied) or 'nothing'}"
        )
    ranks = _ranks(folder)
    holds = asked.highlight or (lambda options: True)
    highlighted = frozenset(values for values in ranks if holds(dict(zip(folder.varied, values, strict=True))))
    if ranks and not highlighted:
        raise UsageError(f"--highlight: it holds for none of the {len(ranks)} configurations of {folder.place}")
    return Selection(folder.metric, ranks, highlighted, asked.by, folder.varied.index(asked.by) if asked.by else 0)


def _ranks(folder: ResultsFolder) -> dict[Values, int]:
    """The ranks of the configurations in summary.csv, the best first; those that it lacks, as in a running sweep, are
    numbered by their mean.
    """
    ranks: dict[Values, int] = {}
    if folder.is_sweep and os.path.isfile(folder.path / SUMMARY):
        rows = read_rows(folder.path / SUMMARY, RERUN)
        for index in range(len(rows.cells)):
            row = rows.read(index)
            ranks[tuple(str(row.get(name) or "") for name in folder.varied)] = row["rank"]
    key = Measure.parse(folder.metric).metric.key
    means = {values: key(point.mean) for values, point in find_points(folder, folder.metric).items()}
    order = sorted(folder.configurations, key=lambda v: (ranks.get(v, math.inf), means.get(v, math.inf)))
    return {values: ranks.get(values, place) for place, values in enumerate(order, start=1)}

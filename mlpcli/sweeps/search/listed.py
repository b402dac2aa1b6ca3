"""The configurations that a file lists: [grid] x [zip] x [random], then [[points]], all in one batch.

Several [[grid]] follow one another, each crossed with [zip] and [random]. Configurations are counted without being
built, and built one at a time.
"""

from collections.abc import Collection, Generator, Iterator, Sequence
from itertools import chain, product
from math import prod

from mlpcli.sweeps.search.strategy import Batch, Proposal, Scored, Steps
from mlpcli.sweeps.spec.sweep_file import SweepFile

__all__ = ["Listed"]


class Listed(Steps):
    """Asks once, for everything."""

    def __init__(self, file: SweepFile) -> None:
        super().__init__()
        self._file, self._asked = file, False
        self._drawn: Collection[str] = file.random.options if file.random else ()
        crosses = file.grids or file.zip or file.random or not file.points
        self._grids = (file.grids or ({},)) if crosses else ()

    @property
    def names(self) -> Sequence[str]:
        """The options of the crossed tables in the order of the file, then those that only points give."""
        grids = list(chain(*self._grids))
        crossed: dict[str, Collection[str]] = {"grid": grids, "zip": self._file.zip, "random": self._drawn}
        names = [name for key in self._file.document for name in crossed.get(key, ())]
        return list(dict.fromkeys(chain(names, *self._file.points)))

    def remaining(self, seeds: int) -> int:
        """Every combination once per seed, equal ones included; 0 once they were asked for."""
        return 0 if self._asked else (self._crossed + len(self._file.points)) * seeds

    def steps(self) -> Generator[Batch, Sequence[Scored], None]:
        """The one batch."""
        self._asked = True
        yield Batch(self._proposals())

    @property
    def _crossed(self) -> int:
        file = self._file
        zipped = len(next(iter(file.zip.values()))) if file.zip else 1
        drawn = file.random.count if file.random else 1
        return sum(prod(map(len, grid.values())) for grid in self._grids) * zipped * drawn

    def _proposals(self) -> Iterator[Proposal]:
        """The last list varies fastest: grid in the order of the file, then zip, then random."""
        file = self._file
        beside: list[list[tuple[object, ...]]] = [list(zip(*file.zip.values(), strict=True))] if file.zip else []
        beside += [file.random.rows()] if file.random else []
        for grid in self._grids:
            axes: list[list[tuple[object, ...]]] = [[(value,) for value in values] for values in grid.values()]
            axes += beside
            names = [*grid, *file.zip, *self._drawn]
            for parts in product(*axes):
                yield Proposal(dict(zip(names, chain.from_iterable(parts), strict=True)))
        for number, point in enumerate(file.points, start=1):
            yield Proposal(point, f"[[points]] {number}")

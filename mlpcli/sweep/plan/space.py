"""Every combination of options that a sweep file plans, one at a time: grid x zip x random, then the points.

Counted without being built. Values were checked and made canonical when the file was read, so a combination costs a
copy of the base options and no validation.
"""

from collections.abc import Collection, Hashable, Iterator
from itertools import chain, product
from math import prod

from mlpcli.config import DEFAULT_LR, RunOptions, waits_for_data
from mlpcli.sweep.spec.file import SweepFile
from mlpcli.sweep.spec.option_tables import Table
from mlpcli.wording import quote

__all__ = ["Space"]

SIZES = ("width", "depth", "hidden")


class Space:
    """The combinations of a sweep file.

    `varied` are the options that [grid], [zip] and [random] give, in the order of the file, then those that only points
    give. The option `seed` is none of them: a configuration has seeds, it does not differ by them. `names` are all
    whose values tell combinations apart.
    """

    def __init__(self, file: SweepFile) -> None:
        self.file = file
        base = file.used_base
        self._plain = RunOptions.model_validate({name: base[name] for name in base if name != "hidden"})
        self._base = RunOptions.model_validate(base)
        self._drawn = file.random.options if file.random else {}
        self._product: dict[str, Collection[str]] = {"grid": file.grid, "zip": file.zip, "random": self._drawn}
        names = [name for key in file.document for name in self._product.get(key, ())]
        names += chain.from_iterable(file.points)
        self.varied = tuple(dict.fromkeys(name for name in names if name != "seed"))
        names = list(dict.fromkeys((*self.varied, *(name for name in file.compare if name != "seed"))))
        self._sized = any(name in SIZES for name in names)
        self._others = [name for name in names if name not in SIZES]
        self.names = (*self._others, *SIZES) if self._sized else tuple(self._others)

    @property
    def count(self) -> int:
        """How many combinations there are, equal ones included."""
        return self._crossed + len(self.file.points)

    @property
    def trials(self) -> int:
        """How many trials that makes with the seeds."""
        return self.count * (1 if self.file.seeds is None else len(self.file.seeds))

    @property
    def _crossed(self) -> int:
        file = self.file
        lists = [len(values) for values in file.grid.values()]
        lists += [len(values) for values in list(file.zip.values())[:1]]
        lists += [file.random.trials] if file.random else []
        return prod(lists) if lists or not file.points else 0

    def combinations(self) -> Iterator[tuple[Table, int | None]]:
        """What each combination gives over the base, and the number of its point, from 1, if it is one.

        The last list varies fastest: grid in the order of the file, then zip, then random.
        """
        file = self.file
        axes: list[list[tuple[object, ...]]] = [[(value,) for value in values] for values in file.grid.values()]
        axes += [list(zip(*file.zip.values(), strict=True))] if file.zip else []
        axes += [file.random.rows()] if file.random else []
        names = [*file.grid, *file.zip, *self._drawn]
        if self._crossed:
            for parts in product(*axes):
                yield dict(zip(names, chain.from_iterable(parts), strict=True)), None
        for number, point in enumerate(file.points, start=1):
            yield point, number

    def options(self, given: Table) -> RunOptions:
        """The options of a combination: `hidden` replaces width and depth, and one of these a `hidden` of the base."""
        sized = "width" in given or "depth" in given
        if "preset" in given:  # which stands beneath the base
            base = {name: value for name, value in self.file.used_base.items() if name != "hidden" or not sized}
            return RunOptions.model_validate({**base, **given})
        return (self._plain if sized else self._base).model_copy(update=given)

    def values(self, options: RunOptions) -> tuple[object, ...]:
        """The values of `names`; None stands for what was not given."""
        return tuple([getattr(options, name) if name in options.model_fields_set else None for name in self.names])

    def rebuilt(self, values: tuple[object, ...]) -> RunOptions:
        """The options that have these values of `names`."""
        named = zip(self.names, values, strict=True)
        return self.options({name: value for name, value in named if value is not None})

    def key(self, options: RunOptions) -> Hashable:
        """Equal for combinations that are the same run, however its sizes or its learning rate were given."""
        values = [_used(options, name) for name in self._others]
        return (*values, options.sizes) if self._sized else tuple(values)

    def baseline_key(self, options: RunOptions) -> Hashable | None:
        """The key of the combination that differences of this one are given against; None where there can be none."""
        compare = self.file.compare
        sizes = _sizes_for(options, compare)
        if sizes is None:
            return None
        changes = {name: value for name, value in compare.items() if name not in SIZES}
        return self.key(options.model_copy(update={**changes, "hidden": sizes}))

    def shown(self, options: RunOptions) -> tuple[object, ...]:
        """The values of `varied`; None stands for what does not apply, width and depth beside `hidden`."""
        replaced = SIZES[:2] if options.hidden is not None else ()
        return tuple([None if name in replaced else _used(options, name) for name in self.varied])

    def described(self, options: RunOptions) -> str:
        """`dropout = 0.5, norm = 'batch'`: the combination in words."""
        values = zip(self.varied, self.shown(options), strict=True)
        return ", ".join(f"{name} = {quote(value)}" for name, value in values if value is not None)

    def origin(self, name: str, point: int | None) -> str | None:
        """Where the value of an option stands in the file, None for a default."""
        file = self.file
        if point is not None:
            if name in file.points[point - 1]:
                return f"[[points]] {point} {name}"
        else:
            for table, names in self._product.items():
                if name in names:
                    return f"[{table}] {name}"
        if name in file.changes:
            return f"--set {name}"
        return f"[base] {name}" if name in file.base else None


def _used(options: RunOptions, name: str) -> object:
    """The value of an option; the optimizer's own `lr` where none was given, None where a preset will say it."""
    if waits_for_data(options, name):
        return None
    return DEFAULT_LR[options.optimizer] if name == "lr" and options.lr is None else getattr(options, name)


def _sizes_for(options: RunOptions, compare: Table) -> tuple[int, ...] | None:
    """The hidden sizes under [compare]; None where it names one of width and depth and the layers' sizes differ."""
    sizes: tuple[int, ...] = compare.get("hidden", options.sizes)
    if "hidden" in compare or not compare.keys() & {"width", "depth"}:
        return sizes
    width = options.width if options.hidden is None else sizes[0] if len(set(sizes)) == 1 else None
    width = compare.get("width", width)
    return None if width is None else (width,) * compare.get("depth", len(sizes))

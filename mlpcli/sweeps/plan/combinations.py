"""The options of a combination: what a strategy gives, over the base of the sweep file.

Values were checked and made canonical when the file was read, so a combination costs a copy of the base options and
no validation.
"""

from collections.abc import Hashable, Iterable, Sequence
from itertools import chain

from mlpcli.config import RunOptions, unread, waits_for_data
from mlpcli.sweeps.search.strategy import Proposal
from mlpcli.sweeps.spec.option_tables import Table
from mlpcli.sweeps.spec.sweep_file import SweepFile
from mlpcli.wording import quote

__all__ = ["Space"]

SIZES = ("width", "depth", "hidden")


class Space:
    """Turns what a strategy gives over the base into options and back, and tells equal combinations apart.

    `varied` are the options that the strategy gives and, with [confirm], those of [compare], whose configurations may
    join; the option `seed` is none of them: a configuration has seeds, it does not differ by them. `names` are all
    options whose values tell combinations apart.
    """

    def __init__(self, file: SweepFile, varied: Iterable[str]) -> None:
        self.file = file
        joining = file.compare if file.confirm else ()
        self.varied = tuple(dict.fromkeys(name for name in (*varied, *joining) if name != "seed"))
        names = list(dict.fromkeys((*self.varied, *(name for name in file.compare if name != "seed"))))
        self._sized = any(name in SIZES for name in names)
        self._others = [name for name in names if name not in SIZES]
        self.names = (*self._others, *SIZES) if self._sized else tuple(self._others)

    def values(self, options: RunOptions) -> tuple[object, ...]:
        """The values of `names`; None stands for what was not given."""
        return tuple([getattr(options, name) if name in options.model_fields_set else None for name in self.names])

    def rebuilt(self, values: tuple[object, ...]) -> RunOptions:
        """The options that have these values of `names`."""
        named = zip(self.names, values, strict=True)
        return self.file.options({name: value for name, value in named if value is not None})

    def key(self, options: RunOptions) -> Hashable:
        """Equal for combinations that are the same run, however its sizes or its learning rate were given.

        Options that the run does not read tell nothing apart.
        """
        values = _used(options, self._others)
        return (*values, options.sizes) if self._sized else tuple(values)

    def baseline(self, options: RunOptions) -> RunOptions | None:
        """The combination that differences of this one are given against; None where there can be none."""
        sizes = _sizes_for(options, self.file.compare)
        if sizes is None:
            return None
        values = zip(self.names, self.values(options), strict=True)
        given = {name: value for name, value in values if value is not None} | self.file.compare
        if "hidden" in given:
            given = {name: value for name, value in given.items() if name not in SIZES} | {"hidden": sizes}
        return self.file.options(given)

    def shown(self, options: RunOptions) -> tuple[object, ...]:
        """The values of `varied`; None for those that the run does not read, such as width beside `hidden`."""
        replaced = SIZES[:2] if options.hidden is not None else ()
        values = zip(self.varied, _used(options, self.varied), strict=True)
        return tuple([None if name in replaced else value for name, value in values])

    def described(self, options: RunOptions) -> str:
        """`dropout = 0.5, norm = 'batch'`: the combination in words."""
        values = zip(self.varied, self.shown(options), strict=True)
        return ", ".join(f"{name} = {quote(value)}" for name, value in values if value is not None)

    def origin(self, name: str, proposal: Proposal) -> str | None:
        """Where the value of an option stands in the file, None for a default."""
        file = self.file
        if name in proposal.given:
            drawn = file.random.options if file.random else ()
            grids = "[[grid]]" if isinstance(file.document.get("grid"), list) else "[grid]"
            tables = {grids: list(chain(*file.grids)), "[zip]": file.zip, "[random]": drawn}
            generating = next((table for table, names in tables.items() if name in names), "[search]")
            return f"{proposal.place or generating} {name}"
        if name in file.changes:
            return f"--set {name}"
        return f"[base] {name}" if name in file.base else None


def _used(options: RunOptions, names: Sequence[str]) -> list[object]:
    """The values of these options; the optimizer's own where none was given, None for what has no effect yet.

    That is an option that the run does not read, or whose value a preset will say.
    """
    ignored = unread(options)
    silent = [name in ignored or waits_for_data(options, name) for name in names]
    return [None if no else options.used(name) for name, no in zip(names, silent, strict=True)]


def _sizes_for(options: RunOptions, compare: Table) -> tuple[int, ...] | None:
    """The hidden sizes under [compare]; None where it names one of width and depth and the layers' sizes differ."""
    sizes: tuple[int, ...] = compare.get("hidden", options.sizes)
    if "hidden" in compare or not compare.keys() & {"width", "depth"}:
        return sizes
    width = options.width if options.hidden is None else sizes[0] if len(set(sizes)) == 1 else None
    width = compare.get("width", width)
    return None if width is None else (width,) * compare.get("depth", len(sizes))

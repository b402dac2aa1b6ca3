"""A sweep file, read and checked key by key: every problem is noted, and every valid value is kept.

Only single keys and values are checked here. The plan checks what they make together (combinations, rules, `where`,
`compare`), so the problems are passed on to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mlpcli.assets import asset_folder
from mlpcli.config import RunOptions, read_toml, unfolded
from mlpcli.errors import UsageError
from mlpcli.results.statistics import overlap_of
from mlpcli.sweeps.spec.draw_tables import read_random, read_search
from mlpcli.sweeps.spec.option_tables import Table, Tables
from mlpcli.sweeps.spec.problems import Problems
from mlpcli.sweeps.spec.random_draws import Draws
from mlpcli.sweeps.spec.settings import with_settings
from mlpcli.sweeps.spec.strategy_tables import Confirm, Halving, Race, Search
from mlpcli.sweeps.spec.top_keys import Keys
from mlpcli.sweeps.spec.where import Where
from mlpcli.wording import nearest

__all__ = ["SweepFile", "find_sweep", "read_sweep"]


@dataclass(frozen=True)
class SweepFile:
    """Content of a sweep file; values are canonical, as `RunOptions` holds them.

    `changes` are the options of --set, which override `base`; the flags --name and --seeds override `name` and `seeds`.
    `seeds` is None where the option `seed` decides, `folds` 0 without cross-validation. The lists of `zip` have one
    length. `grids` has one table for [grid], or one for each [[grid]].
    """

    path: Path
    name: str
    metric: str | None
    seeds: Sequence[int] | None
    folds: int
    where: tuple[Where, ...]
    base: Table
    changes: Table
    grids: tuple[dict[str, list[object]], ...]
    zip: dict[str, list[object]]
    random: Draws | None
    search: Search | None
    points: tuple[Table, ...]
    halving: Halving | None
    race: Race | None
    confirm: Confirm | None
    compare: Table
    document: Mapping[str, object]

    @property
    def used_base(self) -> Table:
        """The options of [base] under those of --set."""
        return (unfolded(self.base) if _sizes(self.changes) else dict(self.base)) | self.changes

    def options(self, given: Table) -> RunOptions:
        """The base with these options, merged as `build` merges two sources."""
        if "preset" in given:  # which stands beneath the base
            base = unfolded(self.used_base) if _sizes(given) else self.used_base
            return RunOptions.model_validate({**base, **given})
        return (self._unfolded if _sizes(given) else self._whole).model_copy(update=given)

    @cached_property
    def _whole(self) -> RunOptions:
        return RunOptions.model_validate(self.used_base)

    @cached_property
    def _unfolded(self) -> RunOptions:
        return RunOptions.model_validate(unfolded(self.used_base))

    @property
    def overlap(self) -> float:
        """The overlap of the trials' training rows, as `results.statistics` takes it."""
        return overlap_of(range(self.folds))

    @property
    def fresh_seeds(self) -> range:
        """The seeds of [confirm], none of which is used to choose; empty without that table."""
        if self.confirm is None:
            return range(0)
        used = self._whole.seed if self.seeds is None else max(self.seeds)
        return range(used + 1, used + 1 + self.confirm.seeds)

    def text(self) -> str:
        """The text of a sweep file that means the same without flags."""
        import tomli_w

        flags: Table = {"name": self.name}
        if self.seeds is not None:
            flags["seeds"] = len(self.seeds) if isinstance(self.seeds, range) else self.seeds
        if self.changes:
            flags["base"] = self.used_base
        return tomli_w.dumps({**self.document, **flags})


def find_sweep(path: Path) -> Path:
    """The file itself, or the experiment that the package ships under this name: experiments/dropout.toml."""
    if path.exists() or path.parts[:1] != ("experiments",):
        return path
    shipped = asset_folder("experiments")
    found = shipped.joinpath(*path.parts[1:])
    if not found.is_file():
        names = [f"experiments/{file.name}" for file in sorted(shipped.glob("*.toml"))]
        raise UsageError(f"{path}: no such file{nearest(str(path), names)} (there are {', '.join(names)})")
    return found


def read_sweep(
    path: Path,
    document: dict[str, Any] | None = None,
    *,
    settings: Sequence[str] = (),
    seeds: str | None = None,
    name: str | None = None,
) -> tuple[SweepFile, Problems]:
    """The valid part of a sweep file, and the problems with the rest.

    Args:
        path: the file.
        document: what the file would hold; `path` is then only its name in messages.
        settings: the KEY=VALUE of --set.
        seeds: the text of the flag --seeds.
        name: the text of the flag --name.

    Raises:
        UsageError: the file cannot be read or is not TOML.
    """
    problems = Problems()
    written = read_toml(find_sweep(path)) if document is None else document
    document, settings = with_settings(written, settings, problems)
    keys, tables = Keys(path, document, problems), Tables(path, document, problems)
    keys.check_names()
    halving, race, confirm = map(tables.settings_of, ("halving", "race", "confirm"))
    file = SweepFile(
        path=path,
        name=keys.name(name),
        metric=keys.metric(every_epoch="halving" in document),
        seeds=keys.seeds() if seeds is None else keys.seeds_flag(seeds),
        folds=keys.folds(tables, settings),
        where=keys.where(),
        base=tables.single("base"),
        changes=tables.changes(settings),
        grids=tables.grids(),
        zip=tables.zip(),
        random=read_random(tables),
        search=read_search(tables),
        points=tables.points(),
        halving=Halving(**halving) if halving else None,
        race=Race(**race) if race else None,
        confirm=Confirm(**confirm) if confirm else None,
        compare=tables.single("compare"),
        document=document,
    )
    keys.check_places(file.points, tables, file.changes, seeds)
    keys.check_rounds(file.seeds, file.fresh_seeds, tables)
    return file, problems


def _sizes(table: Table) -> bool:
    """Whether the table gives width or depth, which replace an earlier `hidden`."""
    return "width" in table or "depth" in table

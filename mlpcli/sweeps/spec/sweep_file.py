"""A sweep file, read and checked key by key: every problem is noted, and every valid value is kept.

Only single keys and values are checked here. The plan checks what they make together (combinations, rules, `where`,
`compare`), so the problems are passed on to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from mlpcli.assets import asset_folder
from mlpcli.config import OPTIONS, canonical_value, check_value, read_toml
from mlpcli.config.option_types import MAX_SEED
from mlpcli.errors import UsageError
from mlpcli.results.folders.naming import check_name
from mlpcli.sweeps.spec.draw_tables import read_random
from mlpcli.sweeps.spec.halving import Halving
from mlpcli.sweeps.spec.keys import KEYS, NUMBERS
from mlpcli.sweeps.spec.option_tables import Table, Tables
from mlpcli.sweeps.spec.problems import Problems
from mlpcli.sweeps.spec.random_draws import Draws
from mlpcli.sweeps.spec.ranking_metric import metric_problem
from mlpcli.sweeps.spec.settings import with_settings
from mlpcli.sweeps.spec.where import Where, parse_where
from mlpcli.wording import nearest, quote

__all__ = ["SweepFile", "find_sweep", "read_sweep"]

MAX_CONDITIONS = 100
MAX_WRONG_SEEDS = 101  # more than a message shows


@dataclass(frozen=True)
class SweepFile:
    """Content of a sweep file; values are canonical, as `RunOptions` holds them.

    `changes` are the options of --set, which override `base`; the flags --name and --seeds override `name` and `seeds`.
    `seeds` is None where the option `seed` decides. The lists of `zip` have one length. `grids` has one
    table for [grid], or one for each [[grid]].
    """

    path: Path
    name: str
    metric: str | None
    seeds: Sequence[int] | None
    where: tuple[Where, ...]
    base: Table
    changes: Table
    grids: tuple[dict[str, list[object]], ...]
    zip: dict[str, list[object]]
    random: Draws | None
    points: tuple[Table, ...]
    halving: Halving | None
    compare: Table
    document: Mapping[str, object]

    @property
    def used_base(self) -> Table:
        """The options of [base] under those of --set."""
        return _over(self.base, self.changes)

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
    keys, tables = _Keys(path, document, problems), Tables(path, document, problems)
    keys.check_names()
    halving = keys.halving(tables)
    file = SweepFile(
        path=path,
        name=keys.name(name),
        metric=keys.metric(every_epoch=halving is not None),
        seeds=keys.seeds() if seeds is None else keys.seeds_flag(seeds),
        where=keys.where(),
        base=tables.single("base"),
        changes=tables.settings(settings),
        grids=tables.grids(),
        zip=tables.zip(),
        random=read_random(tables),
        points=tables.points(),
        halving=halving,
        compare=tables.single("compare"),
        document=document,
    )
    keys.check_places(file, tables, seeds)
    return file, problems


def _over(base: Table, changes: Table) -> Table:
    """The later of two tables wins; width or depth replaces an earlier `hidden`."""
    replaced = {"hidden"} if changes.keys() & {"width", "depth"} else set()
    return {name: value for name, value in base.items() if name not in replaced} | changes


@dataclass(frozen=True)
class _Keys:
    """Reads the keys at the top of a document; every method returns the valid values and notes the problems."""

    path: Path
    document: Mapping[str, object]
    problems: Problems

    def check_names(self) -> None:
        for key in self.document:
            if key in OPTIONS:
                self.problems.add(f"{self.path}: {key}", "options stand in a table: [base], or [grid] to vary them")
            elif key not in KEYS:
                self.problems.unknown(f"{self.path}: ", key, "key", KEYS)

    def name(self, flag: str | None) -> str:
        place = "--name" if flag is not None else f"{self.path}: name"
        name = flag if flag is not None else self.document.get("name", self.path.stem)
        if not isinstance(name, str):
            self.problems.add(place, f"got {quote(name)}, expected a string")
            return ""
        try:
            return check_name(name)
        except UsageError as error:
            self.problems.add(place, str(error))
            return ""

    def metric(self, *, every_epoch: bool) -> str | None:
        metric = self.document.get("metric")
        if metric is not None and (problem := metric_problem(metric, every_epoch=every_epoch)):
            self.problems.add(f"{self.path}: metric", problem)
            return None
        return metric if isinstance(metric, str) else None

    def seeds(self) -> Sequence[int] | None:
        seeds, place = self.document.get("seeds"), f"{self.path}: seeds"
        if seeds is None:
            return None
        if isinstance(seeds, list) and seeds:
            return self._list_of_seeds(seeds, place)
        if type(seeds) is int and 1 <= seeds <= MAX_SEED:
            return range(seeds)
        self.problems.add(place, f"got {quote(seeds)}, expected a number of seeds of at least 1, or a list of them")
        return None

    def seeds_flag(self, words: str) -> Sequence[int] | None:
        if words.isdecimal() and len(words) < len(str(MAX_SEED)) and int(words):
            return range(int(words))
        if "," in words:
            return self._list_of_seeds(words.removesuffix(",").split(","), "--seeds", text=True)
        self.problems.add("--seeds", f"got {quote(words)}, expected a number of at least 1, or a list: 0,1,2")
        return None

    def where(self) -> tuple[Where, ...]:
        texts, place = self.document.get("where", []), f"{self.path}: where"
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            self.problems.add(place, f"got {quote(texts)}, expected a list of conditions, each in quotes")
            return ()
        if len(texts) > MAX_CONDITIONS:
            self.problems.add(place, f"{len(texts)} conditions, the most is {MAX_CONDITIONS}")
            return ()
        conditions = []
        for text in texts:
            try:
                conditions.append(parse_where(text))
            except ValueError as error:
                self.problems.add(f"{place} {quote(text)}", str(error))
        return tuple(conditions)

    def halving(self, tables: Tables) -> Halving | None:
        if "halving" not in self.document:
            return None
        table = tables.written["halving"]
        for key in table.keys() - NUMBERS["halving"].keys():
            self.problems.unknown(f"{self.path}: [halving] ", key, "key", NUMBERS["halving"])
        numbers = tables.numbers("halving", table)
        min_epochs, factor = numbers["min_epochs"], numbers["factor"]
        return Halving(min_epochs, factor) if min_epochs and factor else None

    def check_places(self, file: SweepFile, tables: Tables, seeds_flag: str | None) -> None:
        """Note keys that are given in two places that exclude each other, or where they mean nothing."""
        grids, written = tables.grid_tables(), tables.written
        crossed = [
            *((label, "[zip]") for label in grids),
            *((label, "[random]") for label in grids),
            ("[zip]", "[random]"),
        ]
        labelled = {**grids, "[zip]": written["zip"], "[random]": written["random"]}
        for one, other in crossed:
            for name in labelled[one]:
                if name in OPTIONS and name in labelled[other]:
                    self.problems.add(f"{self.path}: {one} {name}, {other} {name}", "given twice; keep one of them")
        if "seed" in written["compare"]:
            self.problems.add(f"{self.path}: [compare] seed", "differences are paired by seed; leave it out")
        if seeds_flag is None and "seeds" not in self.document:
            return
        holders = {"[base]": written["base"], **grids, "[zip]": written["zip"]}
        places = [f"{label} seed" for label, table in holders.items() if "seed" in table]
        places += [f"[[points]] {number} seed" for number, point in enumerate(file.points, 1) if "seed" in point]
        places += ["--set seed"] if "seed" in file.changes else []
        for place in places:
            here = "seeds" if seeds_flag is None else "--seeds"
            self.problems.add(f"{self.path}: {here}, {place}", "given twice; keep one of them")

    def _list_of_seeds(self, seeds: Sequence[object], place: str, *, text: bool = False) -> Sequence[int] | None:
        problems = (problem for seed in seeds if (problem := check_value("seed", seed, place, text=text)))
        wrong = list(islice(problems, MAX_WRONG_SEEDS))
        self.problems.lines += wrong
        found: Any = [] if wrong else dict.fromkeys(canonical_value("seed", seed, text=text) for seed in seeds)
        return list(found) or None

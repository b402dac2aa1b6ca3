"""The keys at the top of a sweep file (name, metric, seeds, where), and keys that exclude each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice, product
from pathlib import Path
from typing import Any

from mlpcli.config import OPTIONS, canonical_value, check_value
from mlpcli.config.option_types import MAX_SEED
from mlpcli.errors import UsageError
from mlpcli.results.folders.naming import check_name
from mlpcli.sweeps.spec.keys import KEYS, TABLE_KEYS
from mlpcli.sweeps.spec.option_tables import Table, Tables
from mlpcli.sweeps.spec.problems import Problems
from mlpcli.sweeps.spec.ranking_metric import metric_problem
from mlpcli.sweeps.spec.where import Where, parse_where
from mlpcli.wording import quote

__all__ = ["Keys"]

MAX_CONDITIONS = 100
MAX_WRONG_SEEDS = 101  # more than a message shows


@dataclass(frozen=True)
class Keys:
    """Reads the keys at the top of a document; every method returns the valid values and notes the problems."""

    path: Path
    document: Mapping[str, object]
    problems: Problems

    def check_names(self) -> None:
        """Note names that are no key of a sweep file."""
        for key in self.document:
            if key in OPTIONS and key not in KEYS:
                self.problems.add(f"{self.path}: {key}", "options stand in a table: [base], or [grid] to vary them")
            elif key not in KEYS:
                self.problems.unknown(f"{self.path}: ", key, "key", KEYS)

    def name(self, flag: str | None) -> str:
        """The name of the sweep."""
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
        """The metric that ranks, None where the file names none."""
        metric = self.document.get("metric")
        if metric is not None and (problem := metric_problem(metric, every_epoch=every_epoch)):
            self.problems.add(f"{self.path}: metric", problem)
            return None
        return metric if isinstance(metric, str) else None

    def seeds(self) -> Sequence[int] | None:
        """The seeds that the file gives."""
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
        """The seeds that the flag --seeds gives."""
        if words.isdecimal() and len(words) < len(str(MAX_SEED)) and int(words):
            return range(int(words))
        if "," in words:
            return self._list_of_seeds(words.removesuffix(",").split(","), "--seeds", text=True)
        self.problems.add("--seeds", f"got {quote(words)}, expected a number of at least 1, or a list: 0,1,2")
        return None

    def folds(self, tables: Tables, settings: Sequence[str]) -> int:
        """The number of folds, 0 without cross-validation; its options stand in no table."""
        labelled = {f"[{key}]": tables.written[key] for key in ("base", "compare")} | tables.varying()
        labelled["--set"] = dict.fromkeys((word.partition("=")[0].strip() for word in settings), "")
        for label, table in labelled.items():
            for name in ("fold", "folds"):
                if name in table:
                    self.problems.add(f"{self.path}: {label} {name}", "a sweep says folds = ... above all tables")
        if "folds" not in self.document:
            return 0
        place = f"{self.path}: folds"
        return self.problems.integer(place, self.document["folds"], low=KEYS["folds"].low, high=1000) or 0

    def where(self) -> tuple[Where, ...]:
        """The conditions."""
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

    def check_places(self, points: Sequence[Table], tables: Tables, changes: Table, seeds_flag: str | None) -> None:
        """Note keys that are given in two places that exclude each other, or where they mean nothing."""
        grids, written = tables.grid_tables(), tables.written
        crossed = [grids, {"[zip]": written["zip"]}, {"[random]": written["random"]}]
        for ones, others in combinations(crossed, 2):
            for (one, table), (other, beside) in product(ones.items(), others.items()):
                for name in OPTIONS.keys() & table.keys() & beside.keys():
                    self.problems.add(f"{self.path}: {one} {name}, {other} {name}", "given twice; keep one of them")
        for key in ("zip", "random", "search", *(("grid",) if len(grids) == 1 else ())):
            for name in (changes.keys() & written[key].keys()) - TABLE_KEYS.get(key, {}).keys():
                remedy = f"use --set '{key}.{name}={'{...}' if key in ('random', 'search') else '[...]'}'"
                self.problems.add(f"--set {name}", f"decides nothing, since [{key}] varies it; {remedy}")
        if "seed" in written["compare"]:
            self.problems.add(f"{self.path}: [compare] seed", "differences are paired by seed; leave it out")
        if seeds_flag is None and "seeds" not in self.document:
            return
        holders = {"[base]": written["base"], **grids, "[zip]": written["zip"]}
        places = [f"{label} seed" for label, table in holders.items() if "seed" in table]
        places += [f"[[points]] {number} seed" for number, point in enumerate(points, 1) if "seed" in point]
        places += ["--set seed"] if "seed" in changes else []
        for place in places:
            here = "seeds" if seeds_flag is None else "--seeds"
            self.problems.add(f"{self.path}: {here}, {place}", "given twice; keep one of them")

    def check_rounds(self, seeds: Sequence[int] | None, fresh: Sequence[int], tables: Tables) -> None:
        """Note where [race] or [confirm] lack the seeds that they need; `fresh` are those of [confirm]."""
        race = tables.written["race"].get("min_seeds", TABLE_KEYS["race"]["min_seeds"].default)
        if "race" in self.document and type(race) is int and race >= (given := 1 if seeds is None else len(seeds)):
            self.problems.add(f"{self.path}: [race] min_seeds", f"{race} is not below the number of seeds, {given}")
        if "race" in self.document and "halving" in self.document:
            self.problems.add(f"{self.path}: [race], [halving]", "exclude each other; keep one of them")
        varied = [label for label, table in tables.varying().items() if "seed" in table]
        if "confirm" in self.document and seeds is None and varied:
            self.problems.add(
                f"{self.path}: [confirm], {varied[0]} seed", "give seeds at the top, so that fresh ones are known"
            )
        if fresh and fresh[-1] > MAX_SEED:
            self.problems.add(
                f"{self.path}: [confirm] seeds",
                f"{len(fresh)} fresh ones above {fresh[0] - 1}, the largest that is given, end beyond {MAX_SEED}",
            )

    def _list_of_seeds(self, seeds: Sequence[object], place: str, *, text: bool = False) -> Sequence[int] | None:
        problems = (problem for seed in seeds if (problem := check_value("seed", seed, place, text=text)))
        wrong = list(islice(problems, MAX_WRONG_SEEDS))
        self.problems.lines += wrong
        found: Any = [] if wrong else dict.fromkeys(canonical_value("seed", seed, text=text) for seed in seeds)
        return list(found) or None

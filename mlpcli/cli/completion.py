"""What the shell offers when Tab is pressed: names of datasets, runs, trials and columns.

They come from folders and headers alone, so nothing heavy is loaded. Whatever cannot be read is not offered: completion
never prints an error.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any

from mlpcli.assets import asset_folder

__all__ = ["columns", "datasets", "results", "runs"]

MOST_TRIALS = 1000
"""Trials offered of one sweep."""

WORDS = ("COMP_WORDS", "_TYPER_COMPLETE_ARGS")
"""Variables in which bash, and other shells, pass on the command line."""

RUN_FILES, SWEEP_FILES = ("result.json", "config.toml"), ("sweep.toml", "trials.csv")


def datasets(incomplete: str) -> list[str]:
    """Names of cards."""
    folders = (Path("datasets"), asset_folder("datasets"))
    return _beginning({path.stem for folder in folders for path in folder.glob("*.toml")}, incomplete)


def results(ctx: Any, incomplete: str) -> list[str]:
    """Names of runs and sweeps below --results."""
    return _beginning(_names(_root(ctx), *RUN_FILES, *SWEEP_FILES), incomplete)


def runs(ctx: Any, incomplete: str) -> list[str]:
    """Names of runs and sweeps; behind `SWEEP/`, those of its trials."""
    above, slash, _ = incomplete.rpartition("/")
    sweep = next((path for path in _places(ctx, above) if (path / "trials.csv").is_file()), None)
    if not slash or sweep is None:
        return results(ctx, incomplete)
    trials = []
    with suppress(OSError, UnicodeDecodeError), open(sweep / "trials.csv", encoding="utf-8") as file:
        next(file, None)
        trials = [line.partition(",")[0] for line, _ in zip(file, range(MOST_TRIALS), strict=False)]
    return _beginning([f"{above}/{trial}" for trial in ("best", *trials)], incomplete)


def columns(*files: str) -> Callable[[Any, str], list[str]]:
    """Names of the columns of these files in the folder that a word before names; of several names, the last.

    The words are the shell's own: the parser drops those before a flag that still lacks its value.
    """

    def complete(ctx: Any, incomplete: str) -> list[str]:
        words = next(filter(None, map(os.environ.get, WORDS)), "")
        before, comma, last = incomplete.rpartition(",")
        found: set[str] = set()
        for word, file in product(words.split(), files):
            for path in _places(ctx, word):
                with suppress(OSError, UnicodeDecodeError), open(path / file, encoding="utf-8") as table:
                    found.update(table.readline().strip().split(","))
                    break
        return [f"{before}{comma}{name}" for name in _beginning(found, last)]

    return complete


def _places(ctx: Any, name: str) -> tuple[Path, Path]:
    """Where a name may lead: from here, or below --results."""
    return Path(name), _root(ctx) / name


def _root(ctx: Any) -> Path:
    """The folder of all results, as far as the command line names it already."""
    return Path(ctx.params.get("results") or "results")


def _names(root: Path, *files: str) -> Iterator[str]:
    with suppress(OSError):
        yield from (folder.name for folder in root.iterdir() if any((folder / file).is_file() for file in files))


def _beginning(names: Any, incomplete: str) -> list[str]:
    return sorted(name for name in names if name.startswith(incomplete))

"""Does successive halving find the best of 81 configurations? Ten draws of the sweep that ships, halved and in full.

    python -m tests.benchmarks.halving > results/reference/halving.md

A draw counts as found if the configuration that the halved sweep ranks first is, trained in full, at most a standard
error of the best below the best of all. The standard error is that over the seeds of the best configuration.
"""

import math
import sys
import tempfile
import tomllib
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import tomli_w

from mlpcli.cli.main import run
from mlpcli.results.files.csv_text import parse

__all__ = ["Draw", "draw"]

FILE = Path(__file__).parents[2] / "experiments" / "halving.toml"


@dataclass(frozen=True)
class Draw:
    """What one draw of the configurations came to: values of the metric by full training, and epochs."""

    best: float
    error: float
    found: float
    rank: int
    epochs: int
    all_epochs: int

    @property
    def hit(self) -> bool:
        return self.found >= self.best - self.error


def draw(seed: int, folder: Path) -> Draw:
    """Run the sweep with another seed of [random], in full and halved."""
    document = tomllib.loads(FILE.read_text())
    document["random"]["seed"] = seed
    halved = _swept(document, folder / f"halved{seed}")
    full = _swept({key: value for key, value in document.items() if key != "halving"}, folder / f"full{seed}")
    varied = [name for name in document["random"] if name not in ("trials", "seed")]
    summary = _rows(full / "summary.csv")
    winner = _rows(halved / "summary.csv")[0]
    (place,) = [row for row in summary if all(row[name] == winner[name] for name in varied)]
    best = summary[0]
    return Draw(
        best=float(best["val_accuracy_mean"]),
        error=float(best["val_accuracy_std"]) / math.sqrt(int(best["n_seeds"])),
        found=float(place["val_accuracy_mean"]),
        rank=int(place["rank"]),
        epochs=sum(int(row["epochs_run"]) for row in _rows(halved / "trials.csv")),
        all_epochs=sum(int(row["epochs_run"]) for row in _rows(full / "trials.csv")),
    )


def _swept(document: dict[str, object], folder: Path) -> Path:
    folder.mkdir(parents=True)
    file = folder / "sweep.toml"
    file.write_text(tomli_w.dumps(document))
    with redirect_stdout(StringIO()):
        if run(["sweep", str(file), "--results", str(folder), "--name", "s", "--quiet"]):
            raise SystemExit("a sweep failed")
    return folder / "s"


def _rows(path: Path) -> list[dict[str, str]]:
    header, *cells = parse(path.read_bytes())
    return [dict(zip(header, row, strict=True)) for row in cells]


def main() -> None:
    """Print the table of ten draws."""
    print("# Successive halving against the full sweep\n")
    print("`experiments/halving.toml`: 81 random configurations of learning rate, width, dropout and weight decay on")
    print("digits, 3 seeds each, halved after 3 and 9 of 27 epochs, for ten values of `[random] seed`. A draw is found")
    print(
        "if the winner of the halved sweep, trained in full, is at most a standard error (over the seeds of the best)"
    )
    print("below the best of all 81. Made by `python -m tests.benchmarks.halving`.\n")
    print(
        "| seed | best of all: val_accuracy | standard error | the halved sweep's | its rank of 81 | found | epochs |"
    )
    print("|---|---|---|---|---|---|---|")
    draws = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(10):
            one = draw(seed, Path(folder))
            draws.append(one)
            verdict = "yes" if one.hit else "no"
            epochs = f"{one.epochs} of {one.all_epochs}, {one.epochs / one.all_epochs:.0%}"
            numbers = f"{one.best:.4f} | {one.error:.4f} | {one.found:.4f} | {one.rank}"
            print(f"| {seed} | {numbers} | {verdict} | {epochs} |", flush=True)
    hits = sum(one.hit for one in draws)
    print(f"\nFound in {hits} of 10 draws.")
    sys.exit(0 if hits >= 8 else 1)


if __name__ == "__main__":
    main()

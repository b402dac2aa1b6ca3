"""What the defaults and `--preset tabular` reach on small tables, beside scikit-learn's networks and boosted trees.

    python -m tests.benchmarks.tables [--write] [--splits 10] --orange orange3-3.40.0-....whl

prints the table, and with --write puts it into results/reference/tables.md. Every contender meets the same splits and
the same arrays, standardized on the training rows, the targets of a regression too; ours sets a tenth of the rows aside
to choose its epoch by, the others train on these as well. It needs one core and some ten minutes.

Housing, titanic and heart_disease are read out of the wheel of Orange, which nothing imports: --orange is its path, as
`pip download --no-deps orange3` leaves it.
"""

import argparse
import csv
import math
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from threadpoolctl import threadpool_limits

from mlpcli.config import Source, build
from mlpcli.data import Prepared, prepare
from mlpcli.results.provenance import provenance
from mlpcli.training.session import plan_run
from mlpcli.training.trainer import Trainer

REFERENCE = Path(__file__).parents[2] / "results" / "reference" / "tables.md"
BUILT_IN = ("iris", "wine", "breast_cancer", "digits", "diabetes", "linnerud")
IN_ORANGE = ("heart_disease", "titanic", "housing")
OURS = {"defaults": "none", "tabular": "tabular"}
NETWORK, TREES = "scikit-learn's MLP", "HistGradientBoosting"
AGAINST = (("defaults", NETWORK), ("tabular", NETWORK), ("tabular", "defaults"))
METRICS = {"classification": "accuracy", "regression": "r2"}

Options = dict[str, object]

Measured = tuple[str, str, "Scores"]
"""A dataset, its metric, and everybody's scores."""

Scores = dict[str, list[float]]
"""The test scores of each contender, split by split."""


def unpack(wheel: Path, name: str, folder: Path) -> Options:
    """The options for a table of Orange, written to `folder` as a CSV file.

    Its .tab files have three lines of header: names, types, and roles, among which the target is called class.
    """
    with zipfile.ZipFile(wheel) as archive:
        lines = archive.read(f"Orange/datasets/{name}.tab").decode().splitlines()
    names, _, roles, *rows = csv.reader(lines, delimiter="\t")
    path = folder / f"{name}.csv"
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([names, *([cell.replace("?", "") for cell in row] for row in rows if row)])
    return {"dataset": str(path), "target": names[roles.index("class")]}


def network(task: str, seed: int) -> Any:
    """scikit-learn's, as it comes."""
    return MLPClassifier(random_state=seed) if task == "classification" else MLPRegressor(random_state=seed)


def trees(task: str, seed: int) -> Any:
    """scikit-learn's, as they come, a model a target."""
    if task == "classification":
        return HistGradientBoostingClassifier(random_state=seed)
    return MultiOutputRegressor(HistGradientBoostingRegressor(random_state=seed))


PEERS: dict[str, Callable[[str, int], Any]] = {NETWORK: network, TREES: trees}


def ours(source: Options, split: int, preset: str, arguments: Sequence[str]) -> tuple[Prepared, float]:
    """The data of a split, and our test score on it; `source` says which table, `arguments` are `option=value`."""
    given: dict[str, object] = {key: word for key, _, word in (text.partition("=") for text in arguments)}
    own: dict[str, object] = {**source, "preset": preset, "split_seed": split, "seed": split}
    options = build(Source(own, ""), Source(given, "", text=True))
    data = prepare(options.data, None)
    trainer = Trainer([plan_run(options, data, threads=1).options], data)
    for _ in trainer.epochs():
        pass
    metrics = trainer.results()[0]["test"]
    assert metrics is not None
    score = metrics[METRICS[data.task]]
    assert score is not None, "training diverged"
    return data, score


def theirs(data: Prepared, split: int, make: Callable[[str, int], Any]) -> float:
    """The test score of a scikit-learn estimator that was fitted on all other rows."""
    fitted = [part for part in (data.train, data.val) if part is not None]
    x, y = (np.concatenate([getattr(part, name) for part in fitted]) for name in ("x", "y"))
    assert data.test is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the network has not converged in its 200 epochs, and says so
        estimator = make(data.task, split).fit(x, y.ravel() if y.shape[1:] == (1,) and make is network else y)
    return float(estimator.score(data.test.x, data.test.y))


def measure(source: Options, splits: int, arguments: Sequence[str]) -> tuple[str, Scores]:
    """The metric of a dataset, and everybody's scores."""
    scores: Scores = {contender: [] for contender in (*OURS, *PEERS)}
    for split in range(splits):
        for contender, preset in reversed(OURS.items()):  # the last one's data are those of the peers
            data, score = ours(source, split, preset, arguments)
            scores[contender].append(score)
        for peer, make in PEERS.items():
            scores[peer].append(theirs(data, split, make))
    return METRICS[data.task], scores


def averages(measured: Sequence[Measured]) -> Iterator[Measured]:
    """For each metric the mean score over the datasets, split by split; linnerud's 4 test rows would drown the rest."""
    for metric in METRICS.values():
        found = [scores for name, its, scores in measured if its == metric and name != "linnerud"]
        if len(found) > 1:
            names = {who: zip(*(scores[who] for scores in found), strict=True) for who in found[0]}
            yield f"mean of {len(found)}", metric, {who: [mean(of) for of in splits] for who, splits in names.items()}


def table(measured: Sequence[Measured]) -> Iterator[str]:
    """The lines of the report in Markdown: means, and paired differences with their standard error."""
    heads = [*OURS, *PEERS, *(f"{one} less {other}" for one, other in AGAINST)]
    yield f"| dataset | metric | {' | '.join(heads)} |"
    yield "|---|---|" + "---:|" * len(heads)
    for name, metric, scores in measured:
        cells = [name, metric, *(f"{mean(values):.4f}" for values in scores.values())]
        for one, other in AGAINST:
            differences = [a - b for a, b in zip(scores[one], scores[other], strict=True)]
            cells.append(f"{mean(differences):+.4f} ± {stdev(differences) / math.sqrt(len(differences)):.4f}")
        yield f"| {' | '.join(cells)} |"


def report(lines: Sequence[str], splits: int) -> str:
    """The page that stands in the reference folder."""
    machine = provenance([], "")
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scikit-learn"))
    return "\n".join(
        [
            "# Defaults on small tables",
            "",
            "Made by `python -m tests.benchmarks.tables --write --orange WHEEL`, with the wheel that",
            "`pip download --no-deps orange3` leaves, for its heart_disease, titanic and housing: the mean test score",
            "of `mlpcli train` with its defaults and with `--preset tabular`, of scikit-learn's MLPClassifier or",
            "MLPRegressor, and of its HistGradientBoosting; paired differences with their standard error.",
            f"{splits} splits into 70 % training, 10 % validation and 20 % test rows. All but the preset, which scales",
            "by itself, have the same arrays, standardized, targets too; scikit-learn's are fitted on the validation",
            "rows as well, by which ours choose their epoch. Linnerud has 20 rows, of which 4 are tested, and is left",
            "out of the means.",
            "",
            *lines,
            "",
            f"{machine['cpu']}, Python {machine['python'].split()[-1]}, {packages}; commit {machine['git_commit']}.",
            "",
        ]
    )


def main() -> None:
    """Measure what was asked for and report it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("options", nargs="*", metavar="OPTION=VALUE", help="options of ours, instead of the defaults")
    parser.add_argument("--write", action="store_true", help=f"into {REFERENCE.parent.name}/{REFERENCE.name}")
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--orange", type=Path, metavar="WHEEL", help="of Orange, for three tables more")
    parser.add_argument("--dataset", nargs="+", help="instead of all")
    given = parser.parse_args()
    measured: list[Measured] = []
    print(*table([]), sep="\n")
    with threadpool_limits(1), tempfile.TemporaryDirectory() as folder:
        sources: dict[str, Options] = {name: {"dataset": name} for name in BUILT_IN}
        if given.orange:
            sources |= {name: unpack(given.orange, name, Path(folder)) for name in IN_ORANGE}
        for name in given.dataset or sources:
            measured.append((name, *measure(sources[name], given.splits, given.options)))
            print(list(table(measured[-1:]))[-1], flush=True)
    measured += averages(measured)
    if given.write:
        REFERENCE.write_text(report(list(table(measured)), given.splits), encoding="utf-8")
        print(f"written to {REFERENCE}", file=sys.stderr)


if __name__ == "__main__":
    main()

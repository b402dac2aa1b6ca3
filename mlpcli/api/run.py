"""A run as Python sees it: options, metrics, history and the trained network, from memory or from its folder.

>>> import mlpcli
>>> run = mlpcli.train("xor", width=8, depth=1, epochs=3)
>>> run.state, len(run.history), run.options.sizes, run.metrics["test"]
('complete', 3, (8,), None)
"""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlpcli.api.views.result_frames import frame_of, read_table
from mlpcli.atomic import shown
from mlpcli.config import RunOptions
from mlpcli.errors import DataError
from mlpcli.results.files.snapshot import current, snapshot
from mlpcli.results.folders.promotion import CONFIG, DIAGNOSTICS, METRICS, MODEL, RESULT
from mlpcli.results.folders.read_folder import RETRAIN
from mlpcli.results.folders.run_folder import RunFolder
from mlpcli.results.folders.run_in_memory import RunInMemory
from mlpcli.training.model import Model
from mlpcli.training.session import Trained

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Run"]


class Run:
    """One training run, which `mlpcli.train` and `mlpcli.open` return.

    Attributes:
        options: its options, resolved: no `auto` is left.
        result: the content of result.json.
        path: its folder, None where nothing was written.
    """

    def __init__(
        self,
        options: RunOptions,
        result: dict[str, Any],
        table: Callable[[str], str | None],
        *,
        path: Path | None = None,
        model: Model | None = None,
    ) -> None:
        self.options, self.result, self.path = options, result, path
        self._table, self._model = table, model

    @classmethod
    def of_training(cls, options: RunOptions, place: RunFolder | RunInMemory, trained: Trained) -> "Run":
        """The run that was trained just now."""
        tables = {name: place.table(name) for name in (METRICS, DIAGNOSTICS)}
        return cls(options, place.result or trained.result, tables.get, path=place.path, model=trained.model)

    @classmethod
    def of_folder(cls, path: Path) -> "Run":
        """The run in a folder; one that is not finished has the state `unfinished` and no metrics yet.

        Raises:
            DataError: a file there is not one that mlpcli writes.
            FileError: a file cannot be read.
        """
        from mlpcli.results.files.read_file import read_json, read_options
        from mlpcli.results.schema.json_schema import RunResult

        def read() -> Run:
            options = read_options(current(path, CONFIG), RETRAIN)
            result = {"run_id": "", "state": "unfinished", "metrics": {"train": None, "val": None, "test": None}}
            if (file := current(path, RESULT)).is_file():
                result = read_json(file, RunResult, RETRAIN)
            tables = {name: read_table(current(path, name), RETRAIN) for name in (METRICS, DIAGNOSTICS)}
            return cls(options, result, tables.get, path=path)

        return snapshot(path, read)

    @property
    def id(self) -> str:
        """The run_id: 12 hex digits, equal for runs with equal numbers."""
        return str(self.result["run_id"])

    @property
    def state(self) -> str:
        """complete, diverged, interrupted or unfinished."""
        return str(self.result["state"])

    @property
    def metrics(self) -> dict[str, dict[str, float | None] | None]:
        """The metrics of the kept weights by part (train, val, test) and name; None for a part without rows."""
        found: dict[str, dict[str, float | None] | None] = self.result["metrics"]
        return found

    @cached_property
    def history(self) -> "pd.DataFrame":
        """metrics.csv as a data frame: one row per epoch."""
        table = self._table(METRICS)
        return frame_of(METRICS, "epoch\n" if table is None else table, self.path, RETRAIN)

    @cached_property
    def diagnostics(self) -> "pd.DataFrame | None":
        """diagnostics.csv as a data frame; None without the option `record`."""
        table = self._table(DIAGNOSTICS)
        return None if table is None else frame_of(DIAGNOSTICS, table, self.path, RETRAIN)

    @cached_property
    def model(self) -> Model:
        """The trained network with the weights that are kept.

        Raises:
            DataError: the folder has no model, or a damaged one.
        """
        if self._model is not None:
            return self._model
        assert self.path is not None
        if not (file := current(self.path, MODEL)).is_file():
            from mlpcli.results.folders.find_models import why_without_model  # finds names too, which no run needs

            raise DataError(f"{self.place} {why_without_model(self.path)}")
        return Model.load(file)

    @property
    def place(self) -> str:
        """The folder as it is typed, or the name of the dataset."""
        return self.options.dataset if self.path is None else shown(self.path)

    def __repr__(self) -> str:
        scores = "".join(
            f", {part}_{name} {value:.4g}"
            for part, values in self.metrics.items()
            for name, value in (values or {}).items()
            if name in ("accuracy", "rmse") and value is not None
        )
        return f"<Run {self.id} of {self.place}: {self.state}{scores}>"

    def _repr_html_(self) -> str:
        """The metrics as a table, and the loss over the epochs."""
        from mlpcli.api.views.html import curves_svg, table_html

        parts = {part: values for part, values in self.metrics.items() if values}
        names = list(next(iter(parts.values()), {}))
        rows = [[part, *(values.get(name) for name in names)] for part, values in parts.items()]
        history = self.history
        curves = {
            name: list(zip(history["epoch"].tolist(), history[name].tolist(), strict=True))
            for name in ("train_loss", "val_loss")
            if name in history
        }
        title = f"<p>{self.options.dataset} <code>{self.id}</code> {self.state}</p>"
        return f"<div>{title}{table_html(['', *names], rows)}{curves_svg(curves)}</div>"

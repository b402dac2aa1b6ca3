"""The networks of a results folder whose model files are there, with the data that they were trained on."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from mlpcli.atomic import shown
from mlpcli.data import Part, Prepared, prepare
from mlpcli.errors import DataError
from mlpcli.plot.factors import Values, describe, find_factors
from mlpcli.plot.labels import wrap
from mlpcli.plot.selection import Selection
from mlpcli.results.folders.read_folder import ResultsFolder
from mlpcli.results.trial import Trial
from mlpcli.training.model import Model

__all__ = ["MOST_PANELS", "Kept", "Networks"]

MOST_PANELS = 6
"""Networks side by side in one picture."""


@dataclass(frozen=True)
class Kept:
    """A network that was kept; `title` names the options of its configuration, and is empty for a run."""

    trial: Trial
    path: Path
    title: str
    data_home: Path | None

    @cached_property
    def model(self) -> Model:
        """The network.

        Raises:
            DataError, FileError: the file is damaged, or cannot be read.
        """
        return Model.load(self.path)

    @cached_property
    def data(self) -> Prepared:
        """The data that it was trained on.

        Raises:
            DataError: they have changed since.
            MlpcliError: they cannot be loaded.
        """
        data = prepare(self.model.options.data, self.data_home)
        if data.digest != self.model.digest:
            raise DataError(
                f"cannot plot {shown(self.path)}: {self.model.options.dataset} has changed since. Train again on it"
            )
        return data

    def with_model(self, model: Model) -> "Kept":
        """The same network with other weights, on the same data."""
        other = replace(self)
        vars(other).update(model=model, data=self.data)  # what the properties would load
        return other

    @property
    def first_network(self) -> tuple["Kept", str]:
        """The network itself, or the first of an ensemble, for pictures of weights; and words for the caption."""
        if (count := self.model.options.ensemble) == 1:
            return self, ""
        other = replace(self)
        vars(other).update(model=self.model.networks[0])
        return other, f"; network 1 of {count}"

    def some_rows(self, most: int) -> tuple[Part, str]:
        """At most `most` training rows, spread evenly over all of them, and a caption that says how many."""
        train = self.data.train
        if len(train) <= most:
            return train, "all training rows"
        at = np.linspace(0, len(train) - 1, most).astype(np.int64)
        return train.take(at), f"{most} of {len(train)} training rows"

    @property
    def held_out(self) -> tuple[str, Part]:
        """The rows to judge it by, with the name of their part: test, else validation, else training."""
        parts = self.data.parts
        name = next(name for name in ("test", "val", "train") if name in parts)
        return name, parts[name]


@dataclass(frozen=True)
class Networks:
    """The kept networks of a folder, one per configuration: its first seed whose model is there.

    `best` is the one to draw where there is room for one; `shown` are those that are drawn side by side.
    """

    folder: ResultsFolder
    selection: Selection
    data_home: Path | None

    @cached_property
    def kept(self) -> dict[Values, Kept]:
        """All of them, by the values of the varied options, in the order of trials.csv."""
        factors = find_factors(self.folder.varied, self.folder.drawn, list(self.folder.configurations))
        return {
            values: Kept(trial, path, describe(factors, values), self.data_home)
            for values, trial, path in self._first_seeds()
        }

    @cached_property
    def shown(self) -> list[Kept]:
        """The best of those that are asked for, at most `MOST_PANELS`, in the order of trials.csv."""
        chosen = self.selection.first(self.kept, MOST_PANELS)
        return [kept for values, kept in self.kept.items() if values in chosen]

    @property
    def best(self) -> Kept | None:
        """The best of those that are asked for; None if there is none."""
        return next((self.kept[values] for values in self.selection.first(self.kept, 1)), None)

    def heading(self, kept: Kept) -> str:
        """The folder's name, and which of its networks is drawn: `dropout, width 8`."""
        return f"{self.folder.name}, {kept.title}" if kept.title else self.folder.name

    def left_out(self, drawn: int) -> str:
        """Part of a caption: which configurations are drawn, and how to have more; empty if all are."""
        total = len(self.folder.configurations)
        if drawn == total:
            return ""
        if len(self.kept) == total and drawn == len(self.shown):
            chosen = self.selection.first(self.kept, drawn)
            return f"; {self.selection.which(chosen, self.kept, self.folder.metric)}"
        models = f"{len(self.kept)} {'model' if len(self.kept) == 1 else 'models'}"
        lost = f", {models} kept (--keep-models all keeps all)" if len(self.kept) < total else ""
        return f"; {drawn} of {total} configurations{lost}"

    def titled_by(self, kept: Kept, more: str, columns: int) -> str:
        """Title of a panel, one of `columns` side by side: the options of the configuration, and something to add."""
        return wrap(", ".join(part for part in (kept.title, more) if part), 44 if columns == 1 else 30)

    def _first_seeds(self) -> Iterator[tuple[Values, Trial, Path]]:
        for values, trials in self.folder.configurations.items():
            for trial in trials:
                if path := self.folder.model(trial):
                    yield values, trial, path
                    break

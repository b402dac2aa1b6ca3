"""Columns of a results folder as arrays, since `results` reads them without NumPy."""

import numpy as np
from numpy.typing import NDArray

from mlpcli.results.folders.read_folder import ResultsFolder
from mlpcli.results.trial import Trial

__all__ = ["Columns", "diagnostics_of", "epochs_of"]

Columns = dict[str, NDArray[np.float64]]
"""Columns of numbers by name, `(rows,)` each; nan where a cell is empty."""


def epochs_of(folder: ResultsFolder, trial: Trial) -> Columns:
    """The rows of metrics.csv that belong to a trial."""
    return {name: np.asarray(numbers) for name, numbers in folder.epochs(trial).items()}


def diagnostics_of(folder: ResultsFolder, trial: Trial) -> Columns:
    """The rows of diagnostics.csv that belong to a trial."""
    return {name: np.asarray(numbers) for name, numbers in folder.diagnostics(trial).items()}

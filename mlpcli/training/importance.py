"""Permutation importance: how much worse a trained network scores once one column no longer tells rows apart.

The importance of a column is the mean over permutations of k(permuted) - k(as they are), where k is the metric turned
so that smaller is better: the accuracy that is lost, or the error that is gained (Breiman 2001, "Random forests";
Fisher, Rudin and Dominici 2019). A column means one of the table: the inputs that it became are permuted together, as
if its cells had been permuted before they were encoded. Columns that tell the same share their importance.

>>> from mlpcli.config import RunOptions
>>> from mlpcli.config.metrics import METRICS
>>> from mlpcli.data import Column, Preprocessing
>>> from mlpcli.nn import Linear, Network
>>> network = Network([("output", Linear(2, 1))])
>>> network.parameters["output.weight"][...] = [[1], [0]]
>>> columns = (Column("matters"), Column("does not"))
>>> preprocessing = Preprocessing(columns, ("y",), ("a", "b"), (), (), "float32")
>>> model = TrainedNetwork(RunOptions(loss="cross-entropy"), preprocessing, "", network)
>>> part = Part(np.array([[-1, 5], [1, 6]], np.float32), np.array([0, 1]), np.arange(2))
>>> costs(model, part, METRICS["accuracy"], permutations=[np.array([1, 0])])
Costs(whole=-1.0, permuted=array([[-0.],
       [-1.]]))
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from mlpcli.config.metrics import METRICS, Metric, every_metric_of, ranking
from mlpcli.data import Column, Part
from mlpcli.errors import DataError, UsageError
from mlpcli.nn import Array, Purpose, stream
from mlpcli.training.metrics.evaluate import evaluate
from mlpcli.training.trained_network import TrainedNetwork
from mlpcli.wording import quote

__all__ = ["COLUMNS", "Costs", "costs", "find_metric", "importance_rows", "permutations"]

COLUMNS = ["column", "inputs", "metric", "importance", "ci_low", "ci_high"]
"""Those of explain-<split>.csv and of the data frame that `Model.explain` returns."""


def find_metric(name: str | None, model: TrainedNetwork, place: str = "metric") -> Metric:
    """The metric of this name, by default the one that ranks networks of the task; `place` begins the message.

    Raises:
        UsageError: the task has no such metric.
    """
    known = model.preprocessing
    if name is None:
        return ranking(known.task, len(known.targets))
    names = [metric.name for metric in every_metric_of(known.task, len(known.classes or ()))]
    if not isinstance(name, str) or name not in names:
        raise UsageError(
            f"{place} {quote(name)}: dataset {model.options.dataset!r} has no such metric. "
            f"Choose one of {', '.join(names)}"
        )
    return METRICS[name]


def permutations(seed: int, rows: int, count: int) -> list[Array]:
    """Orders of the rows, `(rows,)` each, that follow from the seed."""
    generator = stream(seed, Purpose.PERMUTATIONS)
    return [generator.permutation(rows) for _ in range(count)]


class Costs(NamedTuple):
    """The metric turned so that smaller is better: of the rows as they are, and `(columns, permutations)`."""

    whole: float
    permuted: Array


@np.errstate(all="ignore")
def costs(
    model: TrainedNetwork,
    part: Part,
    metric: Metric,
    permutations: Sequence[Array],
    on_column: Callable[[str], None] = lambda name: None,
) -> Costs:
    """What the rows cost as they are, and with each permutation of each column.

    All columns see the same permutations, so that their differences are those of the columns.

    Args:
        model: the network.
        part: the rows, whose inputs are copied.
        metric: what is compared.
        permutations: orders of the rows.
        on_column: called with the name of each column before its turn.

    Raises:
        UsageError: the rows are sparse.
        DataError: the metric is not a finite number on these rows.
    """
    known = model.preprocessing
    if known.sparse:
        raise UsageError(
            f"explain on dataset {model.options.dataset!r}: its rows are sparse, and only columns of dense rows "
            "are permuted"
        )
    x = np.array(part.x)
    permuted = replace(part, x=x)

    def cost() -> float:
        found = evaluate(model.network, model.loss, permuted, known, [metric])
        value = metric.key(float(found[metric.name]))
        if not np.isfinite(value):
            raise DataError(
                f"{metric.name} is not a finite number on these {len(part)} rows, so no column has an importance. "
                "Choose another metric, or more rows"
            )
        return float(value)

    whole = cost()
    permuted_costs = np.full((len(known.columns), len(permutations)), whole)
    for column, inputs in enumerate(_inputs(model)):
        on_column(known.columns[column].name)
        cells = x[:, inputs].copy()
        if (cells == cells[:1]).all():  # a constant, which no permutation changes
            continue
        for turn, order in enumerate(permutations):
            x[:, inputs] = cells[order]
            permuted_costs[column, turn] = cost()
        x[:, inputs] = cells
    return Costs(whole, permuted_costs)


def importance_rows(
    columns: Sequence[Column], metric: Metric, networks: Sequence[Costs], folds: int = 0
) -> list[list[Any]]:
    """Rows of `COLUMNS`, the most important first: means over networks, or over the permutations of the only one.

    Args:
        columns: the columns of the table.
        metric: the metric of the costs.
        networks: the costs of each network.
        folds: number of folds that the networks come from; 0 without cross-validation.
    """
    from mlpcli.results.statistics import difference, overlap_of

    overlap = overlap_of(range(folds))
    rows = []
    for at, column in enumerate(columns):
        permuted = [network.permuted[at].tolist() for network in networks]
        values = permuted[0] if len(networks) == 1 else [math.fsum(row) / len(row) for row in permuted]
        references = [networks[0].whole] * len(values) if len(networks) == 1 else [one.whole for one in networks]
        found = difference(values, references, overlap)
        rows.append([column.name, len(column.features), metric.name, found.mean, found.ci_low, found.ci_high])
    return sorted(rows, key=lambda row: -row[3])


def _inputs(model: TrainedNetwork) -> Iterator[slice]:
    """The places in x of the inputs of each column."""
    start = 0
    for column in model.preprocessing.columns:
        yield slice(start, start := start + len(column.features))

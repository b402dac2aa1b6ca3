"""A trained network as Python programs use it: `predict` and its kind take rows as a program has them.

>>> from mlpcli.data import Column
>>> from mlpcli.nn import Linear, Network
>>> network = Network([("output", Linear(2, 1))])
>>> network.parameters["output.weight"][...] = [[1], [-1]]
>>> preprocessing = Preprocessing((Column("a"), Column("b")), ("y",), ("no", "yes"), (), (), "float32")
>>> model = Model(RunOptions(hidden=(), loss="cross-entropy", threads=1), preprocessing, "", network)
>>> model, model.predict([[2.0, 1.0], [1.0, 2.0]]).tolist()
(<Model of digits: 2 -> 1, relu>, ['yes', 'no'])
"""

from collections.abc import Mapping
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.config import RunOptions
from mlpcli.config.origins import check_origins
from mlpcli.data import Part, Preprocessing
from mlpcli.errors import UsageError
from mlpcli.nn import Array
from mlpcli.training.described_network import build_network
from mlpcli.training.ensembles.network_options import network_options
from mlpcli.training.metrics.evaluate import evaluate
from mlpcli.training.trained_network import TrainedNetwork
from mlpcli.wording import quote

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Model"]


class Model(TrainedNetwork):
    """A trained network that answers for rows of a program.

    Rows are an array or lists with the columns of training in their order, or a data frame, a dict of columns or a list
    of dicts, whose columns are matched by name.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles and copies have a network of their own, and bring the user-defined parts that it is made of."""
        tensors = {name: view.copy() for name, view in self.network.tensors().items()}
        return _rebuilt, ((self._carriers, self._parts), self.options, self.preprocessing, self.digest, tensors)

    def export(self, path: Path | str) -> None:
        """Write the network with its preprocessing for other tools: `.onnx`, `.py` (needs NumPy alone), `.safetensors`.

        Raises:
            UsageError: another suffix, or the extra that writes it is not installed.
            FileError: the file cannot be written.
        """
        from mlpcli.export.model_formats import export_model  # loads the writers, which few programs need

        export_model(self, path)

    def __repr__(self) -> str:
        sizes = (len(self.preprocessing.features), *self.options.sizes, self.network.linears[-1].out_features)
        several = f"{self.options.ensemble} networks, " if self.options.ensemble > 1 else ""
        return f"<Model of {self.options.dataset}: {several}{' -> '.join(map(str, sizes))}, {self.options.activation}>"

    @property
    def networks(self) -> "list[Model]":
        """The networks of an ensemble, each as a model of its own; of a single network, the model itself."""
        if self.options.ensemble == 1:
            return [self]
        parts, tensors = (self._carriers, self._parts), self.network.tensors()
        return [
            _rebuilt(
                parts, options, self.preprocessing, self.digest, {name: tensor[k] for name, tensor in tensors.items()}
            )
            for k, options in enumerate(network_options(self.options))
        ]

    @property
    def classes(self) -> Array | None:
        """The classes in the order of `predict_proba`'s columns: integers, booleans or texts; None for other tasks."""
        from mlpcli.data.new_rows_in_memory import class_labels

        return None if self.preprocessing.classes is None else class_labels(self.preprocessing.classes)

    def predict(self, rows: Any) -> Array:
        """The predicted class of each row, `(rows,)`, or its labels of 0 and 1, `(rows, targets)`.

        For a regression the predicted value, `(rows,)` or `(rows, targets)`.

        Args:
            rows: an array or lists with the columns of training in their order, or a data frame, a dict of columns or a
                list of dicts, matched by name.

        Raises:
            DataError: a column that is missing or holds something else than in training.
        """
        scores = self._scores_of(rows)
        if self.classes is not None:
            return self.classes[self.decide(scores)]
        if self.preprocessing.task == "multilabel":
            return self.decide(scores)
        values: Array = self.preprocessing.inverse_target(scores)
        return values[:, 0] if values.shape[1] == 1 else values

    def predict_proba(self, rows: Any) -> Array:
        """One probability per class or label, float64 `(rows, classes)`, of rows as `predict` takes them.

        Raises:
            UsageError: the network was trained on a regression.
            DataError: as `predict`.
        """
        if self.preprocessing.task == "regression":
            raise UsageError("predict_proba: the network predicts quantities, which have no probabilities. Use predict")
        return self.probabilities(self._scores_of(rows))

    def score(self, rows: Any, y: Any, weights: Any = None) -> float:
        """The accuracy on rows as `predict` takes them, or R2 for a regression.

        Args:
            rows: the inputs.
            y: the true classes `(rows,)`, labels `(rows, targets)`, or values `(rows,)` or `(rows, targets)`.
            weights: the weight of each row, `(rows,)`; by default every row counts once, also where the network was
                trained with weights.

        Raises:
            DataError: as `predict`, or y does not suit the rows: another number of rows or targets, a class that the
                training rows did not have, a label other than 0 and 1, a value that is not finite; or weights that
                are no numbers of at least 0, one for each row.
        """
        name = "r2" if self.preprocessing.task == "regression" else "accuracy"
        part = self._labelled(rows, y, weights)
        with self._arithmetic():
            return float(evaluate(self.network, self.loss, part, self.preprocessing)[name])

    def evaluate(self, rows: Any, y: Any, weights: Any = None) -> dict[str, float | None]:
        """Every metric of the task by name, as `mlpcli eval` gives them; None where the rows do not define one.

        Args:
            rows: the inputs, as `score` takes them.
            y: the targets, as `score` takes them.
            weights: the weights, as `score` takes them.

        Raises:
            DataError: as `score`.
        """
        from mlpcli.training.scores import all_metrics

        part = self._labelled(rows, y, weights)
        with self._arithmetic():
            return all_metrics(self, part)

    def explain(
        self, rows: Any, y: Any, metric: str | None = None, *, repeats: int = 10, weights: Any = None
    ) -> "pd.DataFrame":
        """The columns that the network relies on, the most important first: what permuting each of them costs.

        The numbers are those of `mlpcli explain` on the same rows; the 95% interval is over permutations.

        Args:
            rows: the inputs, as `score` takes them.
            y: the targets, as `score` takes them.
            metric: metric that is compared, by default accuracy, RMSE or, for several targets, R2.
            repeats: permutations of each column, 2 or more.
            weights: the weights, as `score` takes them.

        Raises:
            UsageError: the task has no such metric, the rows are sparse, or fewer than 2 repeats.
            DataError: as `score`, or the metric is not defined on these rows.
        """
        import pandas as pd

        if not isinstance(repeats, Integral) or repeats < 2:
            raise UsageError(f"repeats: got {quote(repeats)}, expected a whole number, 2 or more")
        from mlpcli.training.importance import COLUMNS, costs, find_metric, importance_rows, permutations

        part, chosen = self._labelled(rows, y, weights), find_metric(metric, self)
        with self._arithmetic():
            found = costs(self, part, chosen, permutations(self.options.seed, len(part), repeats))
        return pd.DataFrame(importance_rows(self.preprocessing.columns, chosen, [found]), columns=COLUMNS)

    def hidden(self, rows: Any, layer: int = -1) -> Array:
        """The outputs of a hidden layer, `(rows, units)`, of rows as `predict` takes them.

        Args:
            rows: the inputs.
            layer: number of the hidden layer from 0, or from the last with -1.

        Raises:
            UsageError: the network has no such layer.
            DataError: as `predict`.
        """
        return self.representation(self._inputs(rows), layer)

    def _inputs(self, rows: Any) -> Array:
        """The inputs of the network, `(rows, features)`; nothing else here needs the readers of arrays and frames."""
        from mlpcli.data.new_rows_in_memory import encode_in_memory

        return encode_in_memory(rows, self.preprocessing, self.options.data)

    def _labelled(self, rows: Any, y: Any, weights: Any) -> Part:
        """Rows, targets and weights as `score` takes them, prepared as in training."""
        from mlpcli.data.new_rows_in_memory import checked_weights, encode_targets
        from mlpcli.data.values import warn_of_other_order

        for name, other in (("y", y), ("weights", weights)):
            warn_of_other_order(rows, other, name)
        x = self._inputs(rows)
        counted = None if weights is None else checked_weights(weights, len(x))
        given, known = encode_targets(y, len(x), self.preprocessing), self.preprocessing
        if known.task != "regression":
            return Part(x, given, np.arange(len(x)), counted)
        return Part(x, known.apply_target(given), np.arange(len(x)), counted, given)

    def _scores_of(self, rows: Any) -> Array:
        x = self._inputs(rows)
        with self._arithmetic():
            return self.scores(x)


def _rebuilt(
    parts: tuple[object, Mapping[str, Any]],
    options: RunOptions,
    preprocessing: Preprocessing,
    digest: str,
    tensors: Mapping[str, Array],
) -> Model:
    _, recorded = parts  # unpickled first, which registered those that are not here
    check_origins(recorded)
    return Model(options, preprocessing, digest, build_network(options, preprocessing, tensors))

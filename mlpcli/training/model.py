"""A trained network with its preprocessing: what a model file holds, and all that predictions need.

`predict` and its kind take rows as a program has them: arrays, lists, data frames, dicts. The methods that take
prepared inputs or scores are their parts.

>>> from mlpcli.nn import Linear
>>> network = Network([("output", Linear(1, 3))])
>>> preprocessing = Preprocessing((), ("y",), ("a", "b", "c"), (), (), "float32")
>>> model = Model(RunOptions(loss="cross-entropy"), preprocessing, "", network)
>>> scores = np.log([[1.0, 2.0, 1.0]])
>>> model.probabilities(scores).round(2), model.decide(scores)
(array([[0.25, 0.5 , 0.25]]), array([1]))
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.atomic import shown, write_atomic
from mlpcli.config import RunOptions, as_dict
from mlpcli.config.origins import carriers, check_origins, origins_to_json
from mlpcli.data import Part, Prepared
from mlpcli.data.prepared.preprocessing import Preprocessing
from mlpcli.errors import PluginError, UsageError
from mlpcli.nn import LOSSES, Array, Loss, Network, sigmoid
from mlpcli.results.files.model_file import load_model, model_bytes
from mlpcli.threads import blas_threads
from mlpcli.training.build import build_loss
from mlpcli.training.described_network import build_network, layout, parse
from mlpcli.training.metrics.evaluate import BLOCK, evaluate, score_blocks
from mlpcli.training.metrics.outcome import decided
from mlpcli.training.metrics.probabilities import probabilities

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Model"]

_ALONE = threading.RLock()
"""Held while a network computes: its workspaces serve one call at a time, and the process has one number of BLAS
threads, so that models asked by several threads take turns."""


@dataclass(frozen=True, repr=False)
class Model:
    """A network that is ready to score rows; made by `load`, or by `of` after a training.

    `options` are those of its run, resolved; `digest` is that of the data it was trained on.
    """

    options: RunOptions
    preprocessing: Preprocessing
    digest: str
    network: Network
    _parts: Mapping[str, Any] = field(init=False, compare=False)
    """Origins of the user-defined parts that the network is made of: a program may define others of these names."""
    _carriers: tuple[object, ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_parts", origins_to_json(self.options))
        object.__setattr__(self, "_carriers", carriers(self.options))

    @classmethod
    def load(cls, path: Path) -> "Model":
        """Read a model file.

        Raises:
            FileError: the file cannot be read.
            DataError: it is no model file, is damaged, or its tensors do not fit its architecture.
            PluginError: a user-defined part that it was trained with is missing, or is another version.
        """
        try:
            tensors, description = load_model(path, expected=layout)
        except PluginError as error:
            raise PluginError(f"cannot use {shown(path)}: {error}") from None
        options, preprocessing, digest = parse(description)
        return cls(options, preprocessing, digest, build_network(options, preprocessing, tensors))

    @classmethod
    def of(cls, options: RunOptions, data: Prepared, tensors: Mapping[str, Array]) -> "Model":
        """The model of a run that was trained on the data: a network of its own with a copy of the tensors."""
        return cls(options, data.preprocessing, data.digest, build_network(options, data.preprocessing, tensors))

    def with_tensors(self, tensors: Mapping[str, Array]) -> "Model":
        """The same model with other weights and running statistics, of which it has a copy.

        Raises:
            PluginError: as `check_parts`.
        """
        self.check_parts()
        return Model(
            self.options, self.preprocessing, self.digest, build_network(self.options, self.preprocessing, tensors)
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles and copies have a network of their own, and bring the user-defined parts that it is made of."""
        tensors = {name: view.copy() for name, view in self.network.tensors().items()}
        return _rebuilt, ((self._carriers, self._parts), self.options, self.preprocessing, self.digest, tensors)

    def to_bytes(self) -> bytes:
        """The content of its model file, the same bytes for the same network."""
        return model_bytes(self.network.tensors(), self.description)

    @property
    def description(self) -> dict[str, Any]:
        """Content of the model file beside the weights."""
        preprocessing = self.preprocessing.to_json()
        description = {"options": as_dict(self.options), "preprocessing": preprocessing, "data_digest": self.digest}
        return description | ({"parts": self._parts} if self._parts else {})

    def check_parts(self) -> None:
        """Check that the user-defined parts of its options are still those that the network is made of.

        Raises:
            PluginError: one of them was defined again since, or is gone.
        """
        check_origins(self._parts)

    def save(self, path: Path | str) -> None:
        """Write the model file, safetensors; `load` reads it back.

        Raises:
            FileError: the file cannot be written.
        """
        write_atomic(Path(path).absolute(), self.to_bytes())

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
        return f"<Model of {self.options.dataset}: {' -> '.join(map(str, sizes))}, {self.options.activation}>"

    @property
    def classes(self) -> Array | None:
        """The classes in the order of `predict_proba`'s columns: integers, booleans or texts; None for other tasks."""
        from mlpcli.data.in_memory import class_labels

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

        if repeats < 2:
            raise UsageError(f"repeats: got {repeats}, expected 2 or more")
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
        from mlpcli.data.in_memory import encode_in_memory

        return encode_in_memory(rows, self.preprocessing, self.options.data)

    def _labelled(self, rows: Any, y: Any, weights: Any) -> Part:
        """Rows, targets and weights as `score` takes them, prepared as in training."""
        from mlpcli.data.in_memory import checked_weights, encode_targets
        from mlpcli.data.values import warn_of_other_order

        for name, other in (("y", y), ("weights", weights)):
            warn_of_other_order(rows, other, name, stacklevel=3)
        x = self._inputs(rows)
        counted = None if weights is None else checked_weights(weights, len(x))
        return Part(x, encode_targets(y, len(x), self.preprocessing), np.arange(len(x)), counted)

    def _scores_of(self, rows: Any) -> Array:
        x = self._inputs(rows)
        with self._arithmetic():
            return self.scores(x)

    @contextmanager
    def _arithmetic(self) -> Iterator[None]:
        """As in training: the last bits of a number depend on the threads, and what overflows shows in the result."""
        with _ALONE, blas_threads(int(self.options.threads)), np.errstate(all="ignore"):
            yield

    @property
    def loss(self) -> Loss:
        """The loss that the network was trained with, without smoothing and weights.

        Raises:
            PluginError: it is a part of the user's own, and was defined again since.
        """
        check_origins({option: of for option, of in self._parts.items() if option == "loss"})
        return build_loss([self.options], self.network.linears[-1].out_features, ())

    def representation(self, x: Array, layer: int = -1) -> Array:
        """As `hidden`, of prepared inputs `x: (rows, features)`."""
        depth = len(self.options.sizes)
        if not -depth <= layer < depth:
            raise UsageError(f"layer: got {layer}, and the network has {depth} hidden layers")
        owner = f"hidden.{layer % depth}"
        last = max(at for at, name in enumerate(self.network.names) if f"{name}.".startswith(f"{owner}."))
        blocks = []
        with self._arithmetic():
            for start in range(0, len(x), BLOCK):
                block = x[start : start + BLOCK]
                for part in self.network.layers[: last + 1]:
                    block = part.forward(block, training=False)
                blocks.append(block.copy())
        return np.concatenate(blocks) if blocks else np.empty((0, self.options.sizes[layer]), self.options.dtype)

    def scores(self, x: Array) -> Array:
        """The network's scores `(rows, outputs)` of prepared inputs `x: (rows, features)`."""
        with _ALONE:
            blocks = [scores.copy() for _, scores in score_blocks(self.network, x)]
        return np.concatenate(blocks) if blocks else np.empty((0, self.network.linears[-1].out_features))

    def probabilities(self, scores: Array) -> Array:
        """One probability per class or label, float64 `(rows, classes)`, as `metrics.probabilities` says."""
        if self.preprocessing.task == "multilabel":
            wide = scores.astype(np.float64)
            return sigmoid(wide, np.empty_like(wide))
        return probabilities(scores, log_odds=LOSSES[self.options.loss].log_odds)

    def decide(self, scores: Array) -> Array:
        """The class code of each row, by the sign of one score or the largest of several; or labels, by each sign."""
        if self.preprocessing.task == "multilabel":
            return (scores > 0).astype(np.int64)
        return decided(scores)


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

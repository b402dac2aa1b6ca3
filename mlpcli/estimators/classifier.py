"""`MLPClassifier`, in the place of scikit-learn's.

>>> X, y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], ["no", "yes", "yes", "no"]
>>> network = MLPClassifier(hidden_layer_sizes=(16,), solver="lbfgs", random_state=0).fit(X, y)
>>> network.predict(X).tolist(), network.out_activation_, [weights.shape for weights in network.coefs_]
(['no', 'yes', 'yes', 'no'], 'logistic', [(2, 16), (16, 1)])
"""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import column_or_1d, compute_class_weight, compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, type_of_target, unique_labels
from sklearn.utils.validation import validate_data

from mlpcli.data.prepared.preprocessing import Task
from mlpcli.errors import UsageError
from mlpcli.estimators.base import Perceptron
from mlpcli.estimators.faults import ParameterError
from mlpcli.estimators.parameters import by_batches, with_options
from mlpcli.nn import Array
from mlpcli.training.model import Model
from mlpcli.wording import class_name

__all__ = ["MLPClassifier"]


class MLPClassifier(ClassifierMixin, Perceptron):  # type: ignore[misc]  # scikit-learn has no types
    """A multilayer perceptron for classes, or for several 0/1 labels at once.

    Parameters, attributes and meaning are those of `sklearn.neural_network.MLPClassifier`, and equal values of
    `random_state` give equal networks up to rounding. Beyond it:

    - further options of a run as keywords, with the meaning that `mlpcli train --help` gives them under Network, Loss,
      Regularization and Optimization: dropout, norm, schedule, clip_norm, init, ...; and `threads`. `activation` may be
      any of a run's, `solver` any of its optimizers, `batch_size` "full";
    - `loss` may be squared, absolute or huber;
    - `class_weight`, as scikit-learn's other classifiers have it;
    - `model_`, the network as the rest of mlpcli takes it, and `MLPClassifier.from_run("results/...")`.

    With batch norm directly before the activation, layers have no bias: their `intercepts_` are zeros, and the gain and
    shift of the norm stand in `model_.network.parameters`, its running statistics in `model_.network.statistics`; so
    `coefs_` and `intercepts_` alone do not say what such a network computes.
    """

    @with_options
    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        loss: str = "log_loss",
        class_weight: Any = None,
        **options: Any,
    ) -> None:
        self._keep(locals())

    @available_if(by_batches)  # type: ignore[untyped-decorator]  # scikit-learn has no types
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train for one epoch on the rows and keep the optimizer's state for the next call.

        Parameters that were set since the last call count from here on. `max_iter` is the number of calls that
        `schedule` is for: after them linear, cosine and cycles leave a learning rate of 0, which a warning says.

        Args:
            X: `(rows, features)`, an array, a data frame or a sparse matrix.
            y: classes `(rows,)`, or 0/1 labels `(rows, labels)`.
            sample_weight: the weight of each row, `(rows,)`; None weighs all by 1.
            classes: all classes that will come, needed by the first call.

        Raises:
            ParameterError, NotFinite: as `fit`; parameters that describe a network of other shapes are refused.
        """
        if self.class_weight == "balanced":
            raise ParameterError(
                "partial_fit: class_weight='balanced' needs all rows. Give the weights as a dict, as "
                "sklearn.utils.class_weight.compute_class_weight finds them"
            )
        if _check_partial_fit_first_call(self, classes):
            self._labels = LabelBinarizer().fit(y if type_of_target(y).startswith("multilabel") else classes)
        return self._fit(X, y, sample_weight, incremental=True)

    def predict(self, X: Any) -> Any:
        """The class of each row, `(rows,)`, or its labels, `(rows, labels)`, a sparse matrix after a sparse y."""
        scores = self._scores(X)
        codes = self._model.decide(scores)
        if self._is_multilabel():
            return self._labels.inverse_transform(codes)
        classes: Array = self.classes_
        return classes[np.minimum(codes, len(classes) - 1)]  # a single class has no other

    def predict_proba(self, X: Any) -> Array:
        """One probability per class, or per label, `(rows, classes)`."""
        scores = self._scores(X)
        return self._model.probabilities(scores)

    def predict_log_proba(self, X: Any) -> Array:
        """The logarithms of `predict_proba`."""
        p = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            logarithms: Array = np.log(p, out=p)
        return logarithms

    def _adopt(self, model: Model) -> None:
        if model.preprocessing.task == "regression":
            raise UsageError("the network predicts quantities: MLPRegressor takes it")
        labels = len(model.preprocessing.targets)
        self._labels = LabelBinarizer().fit(np.eye(labels, dtype=int) if model.classes is None else model.classes)
        self.classes_ = self._labels.classes_ if model.classes is None else model.classes
        self.out_activation_ = self._output(len(self.classes_))

    def _validated(self, X: Any, y: Any, *, incremental: bool, reset: bool) -> tuple[Any, Array]:
        X, y = validate_data(
            self, X, y, accept_sparse="csr", multi_output=True, dtype=(np.float64, np.float32), reset=reset
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if not hasattr(self, "classes_") or not (self.warm_start or incremental):
            self._labels = LabelBinarizer().fit(y)
            self.classes_ = self._labels.classes_
            return X, y
        present = unique_labels(y)
        if self.warm_start and set(present) != set(self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                f"Previously got {self.classes_}, `y` has {present}"
            )
        if len(np.setdiff1d(present, self.classes_, assume_unique=True)):
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}. 'y' has {present}."
            )
        return X, y

    def _encoded(self, y: Array) -> Array:
        if self._is_multilabel():
            labels = self._labels.transform(y)
            return np.asarray(labels.toarray() if hasattr(labels, "toarray") else labels, np.int64)
        return np.searchsorted(self.classes_, y)

    def _targets(self, y: Array) -> tuple[tuple[str, ...], tuple[str, ...] | None, Task]:
        self.out_activation_ = self._output(len(self.classes_))
        if self._is_multilabel():
            return tuple(f"y{i + 1}" for i in range(y.shape[1])), None, "multilabel"
        return ("y",), tuple(map(class_name, self.classes_.tolist())), "classification"

    def _row_weights(self, sample_weight: Any, X: Any, y: Array) -> Array | None:
        weights = super()._row_weights(sample_weight, X, y)
        if self.class_weight is None:
            return weights
        by_class: Array
        if isinstance(self.class_weight, Mapping) and not self._is_multilabel():  # a batch may lack some of the classes
            by_class = compute_class_weight(dict(self.class_weight), classes=self.classes_, y=y)[self._encoded(y)]
        else:
            by_class = compute_sample_weight(self.class_weight, y)
        by_class = by_class.astype(X.dtype)
        return by_class if weights is None else weights * by_class

    def _rating(self, X: Any, y: Array, weights: Array | None) -> float:
        scores = self._scorer(self._model.network, X)
        return float(accuracy_score(self._encoded(y), self._model.decide(scores), sample_weight=weights))

    def _is_multilabel(self) -> bool:
        return str(self._labels.y_type_).startswith("multilabel")

    def _unstorable(self) -> str | None:
        return "a single class: fit rows of two or more" if len(self.classes_) == 1 else None

    def _output(self, classes: int) -> str:
        if self.loss not in ("log_loss", "cross-entropy", "auto"):
            return "identity"
        return "softmax" if classes > 2 and not self._is_multilabel() else "logistic"

    def __sklearn_tags__(self) -> Any:
        """Several labels at once are taken."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

"""`MLPRegressor`, in the place of scikit-learn's.

>>> x = np.linspace(-1, 1, 50)
>>> network = MLPRegressor(hidden_layer_sizes=(20,), activation="tanh", solver="lbfgs", random_state=0)
>>> network = network.fit(x[:, None], x**2)
>>> network.predict([[0.5]]).round(2)
array([0.25])
"""

from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import validate_data

from mlpcli.data.prepared.preprocessing import Task
from mlpcli.errors import UsageError
from mlpcli.estimators.base import Perceptron
from mlpcli.estimators.faults import ParameterError
from mlpcli.estimators.parameters import by_batches, with_options
from mlpcli.estimators.poisson import PoissonLoss
from mlpcli.nn import Array, Loss
from mlpcli.training.model import Model

__all__ = ["MLPRegressor"]


class MLPRegressor(RegressorMixin, Perceptron):  # type: ignore[misc]  # scikit-learn has no types
    """A multilayer perceptron for quantities, one or several per row.

    Parameters, attributes and meaning are those of `sklearn.neural_network.MLPRegressor`, and equal values of
    `random_state` give equal networks up to rounding. Beyond it, as for `MLPClassifier`: further options of a run
    as keywords, `loss` absolute or huber, `model_` and `from_run`. Targets are learned as they are, not standardized.

    With several targets `loss_` is scikit-learn's, the mean over the targets of half the squared error, while the
    gradient is that of their sum; L-BFGS minimizes the sum, where scikit-learn mixes the two.
    """

    @with_options
    def __init__(
        self,
        loss: str = "squared_error",
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
        **options: Any,
    ) -> None:
        self._keep(locals())

    @available_if(by_batches)  # type: ignore[untyped-decorator]  # scikit-learn has no types
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch on the rows and keep the optimizer's state for the next call.

        Parameters that were set since the last call count from here on. `max_iter` is the number of calls that
        `schedule` is for: after them linear, cosine and cycles leave a learning rate of 0, which a warning says.

        Args:
            X: `(rows, features)`, an array, a data frame or a sparse matrix.
            y: values `(rows,)` or `(rows, targets)`.
            sample_weight: the weight of each row, `(rows,)`; None weighs all by 1.

        Raises:
            ParameterError, NotFinite: as `fit`; parameters that describe a network of other shapes are refused.
        """
        return self._fit(X, y, sample_weight, incremental=True)

    def predict(self, X: Any) -> Array:
        """The value of each row, `(rows,)` or `(rows, targets)`."""
        values = self._values(self._scores(X))
        if self._encodes:
            values = self._model.preprocessing.inverse_target(values)
        return values[:, 0] if values.shape[1] == 1 else values

    def _values(self, scores: Array) -> Array:
        return np.exp(scores) if self.out_activation_ == "exp" else scores

    def _adopt(self, model: Model) -> None:
        if model.preprocessing.task != "regression":
            raise UsageError("the network predicts classes: MLPClassifier takes it")
        self.out_activation_ = "identity"

    def _validated(self, X: Any, y: Any, *, incremental: bool, reset: bool) -> tuple[Any, Array]:
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse="csr",
            multi_output=True,
            y_numeric=True,
            dtype=(np.float64, np.float32),
            reset=reset,
        )
        return X, column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y

    def _encoded(self, y: Array) -> Array:
        values: Array = y.reshape(len(y), -1).astype(self._model.options.dtype)
        if values.shape[1] != self.n_outputs_:
            raise ParameterError(f"y has {values.shape[1]} targets, and the network {self.n_outputs_}")
        return values

    def _targets(self, y: Array) -> tuple[tuple[str, ...], tuple[str, ...] | None, Task]:
        self.out_activation_ = "exp" if self.loss == "poisson" else "identity"
        return ("y",) if y.ndim == 1 else tuple(f"y{i + 1}" for i in range(y.shape[1])), None, "regression"

    def _loss(self) -> Loss:
        return PoissonLoss(dtype=self._model.options.dtype) if self.loss == "poisson" else super()._loss()

    def _reported_share(self) -> float:
        return 1.0 if self.loss == "poisson" else 1.0 / self.n_outputs_

    def _rating(self, X: Any, y: Array, weights: Array | None) -> float:
        values = self._values(self._scorer(self._model.network, X))
        return float(r2_score(y, values, sample_weight=weights)) if np.isfinite(values).all() else np.nan

    def _unstorable(self) -> str | None:
        return None if self.out_activation_ == "identity" else f"outputs of {self.out_activation_}"

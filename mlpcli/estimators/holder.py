"""An estimator that holds a trained network: its weights as `coefs_`, its scores of rows, its copies."""

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from mlpcli.api.stored import load
from mlpcli.config.origins import carriers
from mlpcli.data.new_rows_in_memory import encode_in_memory
from mlpcli.errors import UsageError
from mlpcli.estimators.parameters import parameters_of
from mlpcli.estimators.scoring import Scorer
from mlpcli.nn import Array
from mlpcli.training.model import Model

__all__ = ["ModelHolder"]


class ModelHolder(BaseEstimator, ABC):  # type: ignore[misc]  # scikit-learn has no types
    """The part of an estimator that has a network and asks it; training is left to `Perceptron`."""

    coefs_: list[Array]
    intercepts_: list[Array]
    out_activation_: str
    _model: Model

    @classmethod
    def from_run(cls, name: Any, *, results: Any = "results") -> Self:
        """The trained network of a run as a fitted estimator, whose X are rows as the run's dataset has them.

        Args:
            name: the run's folder, a model file, or a name below `results`, as the commands take them.
            results: folder of all results.

        Raises:
            UsageError: there is no such run, or it is of the other task.
        """
        return cls.of(load(name, results=results))

    @classmethod
    def of(cls, model: Model) -> Self:
        """A trained model as a fitted estimator; `fit` trains with the same options, on numbers as they are.

        Raises:
            UsageError: the model is of the other task, or an ensemble, for which an estimator has no parameters.
        """
        if (count := model.options.ensemble) > 1:
            raise UsageError(f"the model is an ensemble of {count} networks. Use the model, or one of model.networks")
        classes = model.preprocessing.classes or ()
        estimator = cls(**parameters_of(model.options, cls._get_param_names(), classes))
        estimator._adopt(model)
        estimator._take(model, encodes=True)
        columns = [column.name for column in model.preprocessing.columns]
        estimator.n_features_in_, estimator.feature_names_in_ = len(columns), np.array(columns, object)
        return estimator

    @property
    def model_(self) -> Model:
        """The network as the rest of mlpcli takes it: to save, to export, to look into its layers.

        Raises:
            NotFittedError: `fit` was not called.
            UsageError: a model file has no place for the network's output, or for a single class.
        """
        check_is_fitted(self)
        self._synchronize()
        if what := self._unstorable():
            raise UsageError(f"model_: a model file has no place for {what}")
        return self._model

    @abstractmethod
    def _adopt(self, model: Model) -> None:
        """Take over what a trained model says about its targets."""

    @abstractmethod
    def _unstorable(self) -> str | None:
        """What a model file cannot hold of the network and its targets; None if it holds all of them."""

    def _take(self, model: Model, *, encodes: bool) -> None:
        """Hold this model; `encodes` says that rows come as its run's dataset has them, not as its inputs."""
        self._model, self._encodes, self._scorer = model, encodes, Scorer()
        self.n_layers_, self.n_outputs_ = len(model.options.sizes) + 2, model.network.linears[-1].out_features
        self._expose()

    def _scores(self, X: Any) -> Array:
        """The network's scores of rows as a caller has them."""
        check_is_fitted(self)
        if self._encodes:
            X = encode_in_memory(X, self._model.preprocessing, self._model.options.data)
        else:
            X = validate_data(self, X, accept_sparse="csr", reset=False)
        self._synchronize()
        return self._scorer(self._model.network, X)

    def _expose(self) -> None:
        """Make `coefs_` and `intercepts_` views of the network's weights; a layer without bias has zeros."""
        linears = self._model.network.linears
        self.coefs_ = [linear.weight for linear in linears]
        self.intercepts_ = [linear.bias[0] if linear.has_bias else np.zeros(linear.out_features) for linear in linears]

    def _synchronize(self) -> None:
        """Take over weights that were put into `coefs_` and `intercepts_`, or that a copy has there."""
        linears = self._model.network.linears
        own = [linear.weight for linear in linears] + [linear.bias[0] for linear in linears if linear.has_bias]
        biases = [row for row, linear in zip(self.intercepts_, linears, strict=True) if linear.has_bias]
        pairs = list(zip(own, [*self.coefs_, *biases], strict=True))
        if not all(np.may_share_memory(view, given) for view, given in pairs):
            for view, given in pairs:
                view[...] = given
            self._expose()

    def __getstate__(self) -> dict[str, Any]:
        """What a copy needs: a learner as numbers, and before `fit` all user-defined parts: a search may choose any."""
        state = dict(super().__getstate__())
        if "_model" not in state:  # a fitted network brings its own
            state = {"_parts": carriers(), **state}
        if "_learner" in state:
            state["_paused"] = state.pop("_learner").state
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over the state of another; its parts were registered when they were unpickled."""
        taken = {name: value for name, value in state.items() if name != "_parts"}
        if "_paused" in taken:  # earlier versions left out what it began with, and began the masks again
            lr, epochs = float(taken["_model"].options.used("lr")), max(1, len(taken["loss_curve_"]))
            steps, batch = max(1, taken["_paused"]["count"] // epochs), taken["_model"].options.batch_size
            before = {"lr": lr, "steps_per_epoch": steps, "batch_size": batch, "drawn": 0}
            taken["_paused"] = {**before, **taken["_paused"]}
        super().__setstate__(taken)

    def __sklearn_tags__(self) -> Any:
        """Sparse rows are taken."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

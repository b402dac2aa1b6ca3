"""What both estimators share: fitting, going on, and the attributes that scikit-learn's perceptrons have."""

from abc import abstractmethod
from typing import Any, Self

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight

from mlpcli.config import RunOptions
from mlpcli.data.prepared.preprocessing import Task
from mlpcli.errors import UsageError
from mlpcli.estimators.build import build_model, draw_as_scikit_learn, draw_by_options, draws_as_scikit_learn
from mlpcli.estimators.faults import NotFinite, ParameterError
from mlpcli.estimators.holder import ModelHolder
from mlpcli.estimators.learner import Learner
from mlpcli.estimators.parameters import COUNTERPARTS, FURTHER, options_of
from mlpcli.estimators.quasi_newton import minimize
from mlpcli.estimators.rows import TrainingRows
from mlpcli.estimators.stochastic import Course, Plan, train_epochs
from mlpcli.nn import Array, Loss
from mlpcli.notices import warn_caller
from mlpcli.threads import blas_threads
from mlpcli.training.build import build_loss
from mlpcli.training.model import Model
from mlpcli.wording import nearest

__all__ = ["Perceptron"]

AUTO_BATCH = 200
"""Rows of a batch that `batch_size="auto"` stands for, at most all rows."""


class Perceptron(ModelHolder):
    """An estimator that trains a network; see `MLPClassifier` and `MLPRegressor`."""

    _learner: Learner
    _asked: RunOptions | None = None

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on the rows from new weights, or with `warm_start` from those that are there.

        Args:
            X: `(rows, features)`, an array, a data frame or a sparse matrix.
            y: classes or values `(rows,)`, or 0/1 labels or values `(rows, outputs)`.
            sample_weight: the weight of each row, `(rows,)`; None weighs all by 1.

        Raises:
            ParameterError: a parameter is wrong; it is a ValueError too.
            NotFinite: training diverged; it is a ValueError too.
        """
        return self._fit(X, y, sample_weight, incremental=False)

    def _keep(self, given: dict[str, Any]) -> None:
        """Set what the constructor got; `options` are those that scikit-learn has no parameter for."""
        options, names = given.pop("options"), self._get_param_names()
        if unknown := [name for name in options if name not in FURTHER]:
            hint = f"; use {ours}" if (ours := COUNTERPARTS.get(unknown[0])) else nearest(unknown[0], names)
            raise TypeError(f"{type(self).__name__}: no such parameter: {unknown[0]}{hint}")
        for name in names:
            default = RunOptions.model_fields[name].default if name in FURTHER else None
            setattr(self, name, given.get(name, options.get(name, default)))

    @abstractmethod
    def _validated(self, X: Any, y: Any, *, incremental: bool, reset: bool) -> tuple[Any, Array]:
        """X as numbers, dense or sparse in rows, and y `(rows,)` or `(rows, outputs)`."""

    @abstractmethod
    def _encoded(self, y: Array) -> Array:
        """The targets as the loss takes them."""

    @abstractmethod
    def _targets(self, y: Array) -> tuple[tuple[str, ...], tuple[str, ...] | None, Task]:
        """Names of the targets and of the classes, and the task; sets `out_activation_`."""

    def _loss(self) -> Loss:
        """The loss of the network's scores."""
        return build_loss([self._model.options], self.n_outputs_, ())

    def _reported_share(self) -> float:
        """Factor of the loss of the rows in `loss_` and `loss_curve_`."""
        return 1.0

    @abstractmethod
    def _rating(self, X: Any, y: Array, weights: Array | None) -> float:
        """The validation score."""

    def _fit(self, X: Any, y: Any, sample_weight: Any, *, incremental: bool) -> Self:
        options = options_of(self.get_params(deep=False))
        if incremental and self.early_stopping:
            raise ParameterError("partial_fit does not support early_stopping=True")
        if incremental and getattr(self, "_encodes", False):
            raise UsageError("partial_fit: the network is that of a run, whose preprocessing is fixed. Use fit")
        first = not hasattr(self, "coefs_") or getattr(self, "_encodes", False)
        first = first or not (self.warm_start or incremental)
        X, y = self._validated(X, y, incremental=incremental, reset=first)
        weights = self._row_weights(sample_weight, X, y)
        random = check_random_state(self.random_state)
        if not first and hasattr(self, "_model"):
            self._synchronize()
            if not incremental:
                self._renew(options, X, y, random)
            elif options != self._asked:
                self._renew(options, X.astype(self._model.options.dtype, copy=False), y, random)
        else:
            self._begin(options, X, y, random, keep=not first)
            self._synchronize()
        rows = TrainingRows(X.astype(self._model.options.dtype, copy=False), self._encoded(y), weights)
        with blas_threads(int(self._model.options.threads)), np.errstate(all="ignore"):
            if self.solver == "lbfgs":
                self.n_iter_, self.loss_ = minimize(self._new_learner(), rows, self.max_iter, self.max_fun, self.tol)
            else:
                self._fit_by_batches(rows, y, random, incremental)
        if not np.isfinite(self._model.network.params).all():
            raise NotFinite(
                "Solver produced non-finite parameter weights. The input data may contain large values and need to be "
                "preprocessed."
            )
        return self

    def _begin(self, options: RunOptions, X: Any, y: Array, random: np.random.RandomState, *, keep: bool) -> None:
        """Build the network, with new weights or with those that `coefs_` and `intercepts_` have already."""
        given = (self.coefs_, self.intercepts_) if keep else None
        model = self._new_model(options, X, y, random)
        self._take(model, encodes=False)
        if given is not None:
            self.coefs_, self.intercepts_ = given
        elif draws_as_scikit_learn(options):
            draw_as_scikit_learn(model.network, options.activation, random)
        else:
            draw_by_options(model, X, self._encoded(y))
        self.n_iter_, self.t_, self._course = 0, 0, Course()
        for name in ("_learner", "_paused"):
            self.__dict__.pop(name, None)
        self._asked = options

    def _renew(self, options: RunOptions, X: Any, y: Array, random: np.random.RandomState) -> None:
        """Go on with the weights that are there under the parameters of today."""
        model, before = self._new_model(options, X, y, random), self._model.network.tensors()
        tensors = model.network.tensors()
        shapes = [{name: view.shape for name, view in one.items()} for one in (tensors, before)]
        if shapes[0] != shapes[1]:
            raise ParameterError(
                "the parameters now describe a network of other shapes than the one that was fitted. Set them back, or "
                "use fit with warm_start=False"
            )
        for name, view in tensors.items():
            view[...] = before[name]
        self._take(model, encodes=False)
        self._asked = options

    def _new_model(self, options: RunOptions, X: Any, y: Array, random: np.random.RandomState) -> Model:
        """A network for the rows, without weights yet; its seed is drawn where something will be drawn from it."""
        targets, classes, task = self._targets(y)
        names = getattr(self, "feature_names_in_", [f"x{i + 1}" for i in range(X.shape[1])])
        drawn = not draws_as_scikit_learn(options) or options.dropout > 0 or options.input_dropout > 0
        settled = {
            "dataset": "memory",
            "seed": int(random.randint(np.iinfo(np.int32).max)) if drawn else 0,
            "batch_size": AUTO_BATCH if self.batch_size == "auto" else options.batch_size,
        }
        return build_model(options.model_copy(update=settled), names, targets, classes, task, X)

    def _fit_by_batches(self, rows: TrainingRows, y: Array, random: np.random.RandomState, incremental: bool) -> None:
        score = None
        if self.early_stopping:
            rows, score = self._hold_out(rows, y, random)
        batch = self._batch_rows(len(rows))
        if incremental and hasattr(self, "_learner") and not self._learner.suits(self._model, self.alpha):
            self._paused = self.__dict__.pop("_learner").state  # the parameters count from here on; the moments stay
        if not incremental or not hasattr(self, "_learner"):
            paused = getattr(self, "_paused", None) if incremental else None
            steps = -(-len(rows) // batch)
            if paused and paused["batch_size"] == self._model.options.batch_size:
                steps = paused["steps_per_epoch"]
            self._learner = self._new_learner(steps)
            if paused:
                self._learner.load(paused)
        if incremental and self._learner.has_ended:
            warn_caller(
                f"partial_fit: the schedule {self.schedule} has come to its end after max_iter={self.max_iter} epochs, "
                "and its learning rate is 0, so that nothing is learned. Set max_iter to the number of calls, or use "
                "another schedule"
            )
        plan = Plan(
            batch_size=batch,
            max_iter=self.max_iter,
            tol=self.tol,
            n_iter_no_change=self.n_iter_no_change,
            learning_rate=self.learning_rate if self.solver == "sgd" else "constant",
            power_t=self.power_t,
            random=random if self.shuffle else None,
            score=score,
            verbose=bool(self.verbose),
            once=incremental,
        )
        course = self._course
        self.n_iter_ = train_epochs(self._learner, rows, plan, course)
        self.t_, self.loss_curve_ = course.rows, course.losses
        if course.losses:  # Ctrl-C may come before the first epoch ends
            self.loss_ = course.losses[-1]
        self.best_loss_ = None if self.early_stopping else course.best_loss
        self.validation_scores_ = course.scores if self.early_stopping else None
        self.best_validation_score_ = course.best_score if self.early_stopping else None

    def _batch_rows(self, rows: int) -> int:
        """Rows of a batch, of so many rows."""
        if self.batch_size == "auto":
            return min(AUTO_BATCH, rows)
        if self.batch_size != "full" and self.batch_size > rows:
            warn_caller("Got `batch_size` larger than sample size. It is going to be clipped")
        return rows if self.batch_size == "full" else min(int(self.batch_size), rows)

    def _new_learner(self, steps_per_epoch: int = 1) -> Learner:
        return Learner(self._model, self._loss(), self.alpha, self._reported_share(), steps_per_epoch)

    def _hold_out(self, rows: TrainingRows, y: Array, random: np.random.RandomState) -> tuple[TrainingRows, Any]:
        """The rows to train on, and a function that scores the network on the others."""
        stratify = (rows.y == 1)[:, None] if self.out_activation_ == "logistic" and rows.y.ndim == 1 else None
        kept, held = train_test_split(
            np.arange(len(rows)), random_state=random, test_size=self.validation_fraction, stratify=stratify
        )
        if len(held) < 2:
            raise ParameterError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
            )
        weights = None if rows.weights is None else rows.weights[held]
        part = TrainingRows(rows.x[kept], rows.y[kept], None if rows.weights is None else rows.weights[kept])
        return part, lambda: self._rating(rows.x[held], y[held], weights)

    def _row_weights(self, sample_weight: Any, X: Any, y: Array) -> Array | None:
        return None if sample_weight is None else _check_sample_weight(sample_weight, X, dtype=X.dtype)

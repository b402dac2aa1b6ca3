"""Estimators with the interface of scikit-learn, which train and hold networks of this package.

`MLPClassifier` and `MLPRegressor` take the place of those in `sklearn.neural_network`: parameters, defaults, attributes
and meaning are the same, and equal `random_state`s give equal networks up to rounding.

Of the 59 tests in scikit-learn 1.9's own `test_mlp.py`, run on these classes, five fail, each because it reads a
private attribute that only the other implementation has: `test_gradient` (`_loss_grad_lbfgs`),
`test_learning_rate_warmstart` and `test_adaptive_learning_rate` (`_optimizer`), `test_n_iter_no_change` and
`test_n_iter_no_change_inf` (`_no_improvement_count`).
"""

from mlpcli.estimators.classifier import MLPClassifier
from mlpcli.estimators.regressor import MLPRegressor
from mlpcli.training.model import Model

__all__ = ["MLPClassifier", "MLPRegressor", "to_estimator"]


def to_estimator(model: Model) -> MLPClassifier | MLPRegressor:
    """A trained model as a fitted estimator of its task, whose X are rows as `model.predict` takes them.

    >>> import mlpcli
    >>> run = mlpcli.train("iris", width=8, depth=1, epochs=5)
    >>> to_estimator(run.model).predict([[5.1, 3.5, 1.4, 0.2]]).shape
    (1,)
    """
    return MLPRegressor.of(model) if model.preprocessing.task == "regression" else MLPClassifier.of(model)

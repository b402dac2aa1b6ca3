"""Training by L-BFGS on all rows at once.

The minimizer is SciPy's, as in scikit-learn, whose parameters and tests count its iterations and evaluations. A run has
`mlpcli.optim.LBFGS` in its place, because it must go on from a checkpoint byte for byte.
"""

from typing import Any

import numpy as np
import scipy.optimize
from sklearn.exceptions import ConvergenceWarning

from mlpcli.estimators.learner import Learner
from mlpcli.estimators.rows import TrainingRows, dense
from mlpcli.nn import Array
from mlpcli.notices import warn_caller

__all__ = ["minimize"]


def minimize(learner: Learner, rows: TrainingRows, max_iter: int, max_fun: int, tol: float) -> tuple[int, float]:
    """Minimize the loss over the network's parameters; return the number of iterations and the loss.

    Args:
        learner: what evaluates the loss and its gradient.
        rows: the rows, of which a sparse matrix becomes dense.
        max_iter: the most iterations.
        max_fun: the most evaluations of the loss.
        tol: the largest entry of the gradient at which the minimum counts as reached.
    """
    network, x, decay = learner.model.network, dense(rows.x), learner.model.options.weight_decay

    def objective(params: Array) -> tuple[float, Array]:
        network.params[...] = params
        loss, gradient = sum(learner.backpropagate(x, rows.y, rows.weights)), network.grads.astype(np.float64)
        for span in network.decayed if decay else ():
            loss += 0.5 * decay * float(params[span] @ params[span])
            gradient[span] += decay * params[span]
        return loss, gradient

    found: Any = scipy.optimize.minimize(
        objective,
        network.params.astype(np.float64),
        method="L-BFGS-B",
        jac=True,
        options={"maxfun": max_fun, "maxiter": max_iter, "gtol": tol},
    )
    network.params[...] = found.x
    loss, penalty = learner.backpropagate(x, rows.y, rows.weights)
    if found.status != 0:
        warn_caller(
            f"lbfgs failed to converge after {found.nit} iteration(s) (status={found.status}): {found.message}. "
            "Increase max_iter or max_fun, or scale the data",
            ConvergenceWarning,
        )
    return min(int(found.nit), max_iter), learner.share * loss + penalty

"""Training by batches until it stops improving, as scikit-learn's perceptrons do it."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from mlpcli.config.rules import smallest_batch
from mlpcli.estimators.learner import Learner
from mlpcli.estimators.rows import TrainingRows
from mlpcli.nn import Array
from mlpcli.notices import warn_caller
from mlpcli.training.loop.batches import batch_bounds

__all__ = ["Course", "Plan", "train_epochs"]

SMALLEST_RATE = 1e-6
"""The learning rate at which `adaptive` stops dividing it."""


@dataclass(frozen=True)
class Plan:
    """How to train; each field has the meaning of scikit-learn's parameter of that name.

    `random` shuffles the rows, None leaves them as they stand; `score` rates the network on validation rows, None
    follows the training loss; `once` trains a single epoch and neither stops nor warns.
    """

    batch_size: int
    max_iter: int
    tol: float
    n_iter_no_change: float
    learning_rate: str
    power_t: float
    random: np.random.RandomState | None
    score: Callable[[], float] | None
    verbose: bool
    once: bool


@dataclass
class Course:
    """How training has gone so far, over all its calls.

    `best` are the parameters and statistics of the epoch with the best validation score; `waited` counts the epochs
    without improvement; `rows` are those seen, counted once per epoch.
    """

    losses: list[float] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    best_loss: float = np.inf
    best_score: float = -np.inf
    best: tuple[Array, Array] | None = None
    waited: int = 0
    rows: int = 0


def train_epochs(learner: Learner, rows: TrainingRows, plan: Plan, course: Course) -> int:
    """Train for `max_iter` epochs, or until training stops improving; return the number of epochs.

    The loss of an epoch is the mean over its batches as they were trained on, penalty included. Ctrl-C ends the
    training with a warning.
    """
    bounds = batch_bounds(len(rows), plan.batch_size, smallest_batch(learner.model.options))
    order, epochs = np.arange(len(rows)), 0
    try:
        for epochs in range(1, plan.max_iter + 1):
            if plan.random is not None:
                order = _shuffled(order, plan.random)
            total = 0.0
            for x, y, weights in rows.batches(None if plan.random is None else order, bounds):
                total += learner.step(x, y, weights) * len(x)
            course.losses.append(total / len(rows))
            course.rows += len(rows)
            _say(plan, f"Iteration {epochs}, loss = {course.losses[-1]:.8f}")
            _judge(learner, plan, course)
            if plan.learning_rate == "invscaling":
                learner.change_rate(learner.model.options.used("lr") / (course.rows + 1) ** plan.power_t)
            if course.waited > plan.n_iter_no_change and _stops(learner, plan, course):
                break
            if plan.once:
                break
            if epochs == plan.max_iter:
                warn_caller(
                    f"Stochastic Optimizer: Maximum iterations ({plan.max_iter}) reached and the optimization hasn't "
                    "converged yet.",
                    ConvergenceWarning,
                )
    except KeyboardInterrupt:
        warn_caller("Training interrupted by user.")
    if course.best is not None:
        learner.model.network.params[...], learner.model.network.state[...] = course.best
    return epochs


def _shuffled(order: Array, random: np.random.RandomState) -> Array:
    """The order that `sklearn.utils.shuffle` makes of another, with the same draws."""
    places = np.arange(len(order))
    random.shuffle(places)
    return order[places]


def _judge(learner: Learner, plan: Plan, course: Course) -> None:
    """Compare the epoch with the best one so far, by validation score or by training loss."""
    if plan.score is None:
        loss = course.losses[-1]
        course.waited = course.waited + 1 if loss > course.best_loss - plan.tol else 0
        course.best_loss = min(course.best_loss, loss)
        return
    score = plan.score()
    course.scores.append(score)
    _say(plan, f"Validation score: {score:f}")
    course.waited = course.waited + 1 if score < course.best_score + plan.tol else 0
    network = learner.model.network
    if score > course.best_score or course.best is None:
        course.best_score = max(course.best_score, score)
        course.best = network.params.copy(), network.state.copy()


def _stops(learner: Learner, plan: Plan, course: Course) -> bool:
    """Whether training ends; with an adaptive learning rate it goes on at a fifth of the rate instead."""
    what = "Training loss" if plan.score is None else "Validation score"
    message = f"{what} did not improve more than tol={plan.tol:f} for {plan.n_iter_no_change} consecutive epochs."
    if plan.learning_rate != "adaptive":
        _say(plan, f"{message} Stopping.")
        return True
    if learner.rate <= SMALLEST_RATE:
        _say(plan, f"{message} Learning rate too small. Stopping.")
        return True
    learner.change_rate(learner.rate / 5)
    course.waited = 0
    _say(plan, f"{message} Setting learning rate to {learner.rate:f}")
    return False


def _say(plan: Plan, line: str) -> None:
    """Write a line of `verbose`, which scikit-learn sends to stdout too."""
    if plan.verbose:
        sys.stdout.write(f"{line}\n")

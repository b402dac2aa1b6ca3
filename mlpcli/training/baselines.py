"""Scores of simpler models on the same rows: a constant answer, and a linear model.

The constant answer knows the training targets and no inputs: the shares of the classes, so that it always chooses the
most frequent one, or the mean of each target, as the scores that the run's loss is for. A network that does no better
has learned nothing from its inputs. A network that does no better than the linear model has no use for its hidden
layers.

>>> from mlpcli.config import DataOptions
>>> from mlpcli.data import prepare
>>> data = prepare(DataOptions(dataset="xor"))
>>> options = RunOptions(loss="cross-entropy", threads=1)
>>> scores = baseline_scores(options, data)
>>> scores["baseline"]["train"]["accuracy"], scores["linear"]["train"]["accuracy"]
(0.5, 0.5)
"""

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import TypedDict

import numpy as np

from mlpcli.config import RunOptions, resolve
from mlpcli.config.metrics import PARTS, metrics_of
from mlpcli.data import Prepared
from mlpcli.nn import LOSSES, Array, Linear, Network
from mlpcli.signals import check
from mlpcli.training.build import build_loss
from mlpcli.training.loop.trainer import Metrics, Trainer
from mlpcli.training.metrics.evaluate import evaluate, mean_metrics

__all__ = ["BaselineScores", "baseline_scores"]

BATCH, EPOCHS, STEPS = 256, 300, 600
"""Training of the linear model: rows per batch; most epochs; most steps, though never less than one epoch."""

RATE = 0.1
"""Learning rate of Adam at its start; it falls to 0 along a cosine, so that weights of scaled inputs settle."""


class BaselineScores(TypedDict):
    """The metrics on train, val and test of the constant answer and of the linear model, as result.json has them.

    `baseline_answer` is the constant answer: a class name, labels 0 or 1, or the means of the targets in their own
    units.
    """

    baseline: Metrics
    baseline_answer: str | list[float]
    linear: Metrics


def baseline_scores(options: RunOptions, data: Prepared) -> BaselineScores:
    """Score the simpler models.

    Args:
        options: resolved options of a run, for the loss, the dtype and the number of threads.
        data: the prepared dataset.
    """
    constant = _constant(options, data)
    answer: str | list[float]
    if data.task == "multilabel":
        answer = (constant > 0).astype(float).tolist()
    elif data.classes:
        answer = data.classes[int(np.bincount(data.train.y, data.train.relative_weights).argmax())]
    else:
        (answer,) = data.preprocessing.inverse_target(constant[None]).tolist()
    baseline, linear = (score(options, data, PARTS) for score in (_constant_scores, _linear_scores))
    if data.folds is not None:  # where the networks of an ensemble validate
        baseline["val"], linear["val"] = map(mean_metrics, zip(*_fold_scores(options, data), strict=True))
    return {"baseline": baseline, "baseline_answer": answer, "linear": linear}


def _fold_scores(options: RunOptions, data: Prepared) -> Iterator[tuple[dict[str, float], ...]]:
    """The scores of both models on each fold, fitted on the others; many folds take long enough to be interrupted."""
    for k in range(options.ensemble):
        check()
        scores = (score(options, data.fold(k), ("val",))["val"] for score in (_constant_scores, _linear_scores))
        yield tuple(metrics for metrics in scores if metrics is not None)


def _constant(options: RunOptions, data: Prepared) -> Array:
    """The scores of the constant answer."""
    if data.task == "regression":  # what the targets were standardized by
        return np.zeros(data.preprocessing.outputs)
    log_odds = LOSSES[options.loss].log_odds
    y = np.asarray(data.train.y)
    return _best_constant(y, data.train.relative_weights, len(data.classes or ()), log_odds=log_odds)


@np.errstate(all="ignore")
def _constant_scores(options: RunOptions, data: Prepared, only: Collection[str]) -> Metrics:
    """Score a network whose weights are zeros, so that its biases are its scores for every row."""
    known = data.preprocessing
    network = Network([("output", Linear(data.train.x.shape[-1], known.outputs))], dtype=np.float64)
    network.parameters["output.bias"][...] = _constant(options, data)
    loss = build_loss([options.model_copy(update={"dtype": "float64", "label_smoothing": 0.0})], known.outputs, ())
    parts = {"train": data.train, "val": data.val, "test": data.test}
    metrics = metrics_of(data.task, options.monitor)
    return {
        name: None
        if part is None or name not in only
        else {metric: float(value) for metric, value in evaluate(network, loss, part, known, metrics).items()}
        for name, part in parts.items()
    }


def _linear_scores(options: RunOptions, data: Prepared, only: Collection[str]) -> Metrics:
    """Train a network without hidden layers, with the run's loss; about a second for the rows of MNIST."""
    steps = -(-len(data.train) // BATCH)
    linear = resolve(
        RunOptions(
            dataset=options.dataset,
            depth=0,
            init="zeros",
            loss=options.loss,
            optimizer="adam",
            lr=RATE,
            schedule="cosine",
            batch_size=BATCH,
            epochs=max(1, min(EPOCHS, STEPS // steps)),
            dtype=options.dtype,
        ),
        task=data.task,
        scale=data.scale,
        has_validation=False,
        threads=int(options.threads),
        targets=len(data.targets),
    )
    trainer = Trainer([linear], replace(data, val=None, test=None), options.monitor)
    for _ in trainer.epochs():
        pass
    trainer.data = data  # validation rows are scored once, not after every epoch
    (metrics,) = trainer.results(only)
    return metrics


def _best_constant(y: Array, weights: Array | None, classes: int, *, log_odds: bool) -> Array:
    """The scores that minimize the cross-entropy or the squared loss of classes or labels, `(outputs,)`.

    Classes have their log shares, or without `log_odds` their shares; of two classes, whose one score then stands for
    -1 or 1, twice the second share less 1. Labels that every row has, or none, have bounded log-odds.

    >>> y = np.array([0, 0, 0, 1])
    >>> np.exp(_best_constant(y, weights=None, classes=2, log_odds=True)).round(3)
    array([0.333])
    >>> _best_constant(y, weights=None, classes=2, log_odds=False)
    array([-0.5])
    """
    if not classes:
        share = np.clip(np.average(y, axis=0, weights=weights), 1e-6, 1 - 1e-6)
        odds: Array = np.log(share / (1 - share))
        return odds
    counts = np.bincount(y, weights, minlength=classes)
    shares: Array = counts / counts.sum()
    if log_odds:
        logs: Array = np.log(shares)
        return logs[1:] - logs[0] if classes == 2 else logs
    return 2 * shares[1:] - 1 if classes == 2 else shares

"""scikit-learn as an outside opinion: the same weights give the same predictions, the same steps the same weights."""

import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from mlpcli.data import Prepared
from mlpcli.nn import ACTIVATIONS, Linear, LogisticLoss, Network, sigmoid
from mlpcli.optim import Optimizer
from mlpcli.training.loop.trainer import Trainer
from tests.training.problems import CLASSES, NUMBERS, TWO_CLASSES, dataset, resolved, softmax

SKLEARN_NAMES = {"relu": "relu", "tanh": "tanh", "sigmoid": "logistic", "identity": "identity"}


def estimator(data: Prepared, trainer: Trainer, **options: Any) -> MLPClassifier | MLPRegressor:
    """scikit-learn's network with the weights of ours."""
    run = trainer.options
    kind = MLPRegressor if data.classes is None else MLPClassifier
    found = kind(hidden_layer_sizes=run.sizes, activation=SKLEARN_NAMES[run.activation], max_iter=1, **options)
    fit(found, data)
    tensors = [view[0].copy() for view in trainer.network.tensors().values()]
    found.coefs_, found.intercepts_ = tensors[::2], tensors[1::2]
    return found


def fit(network: MLPClassifier | MLPRegressor, data: Prepared) -> None:
    y = data.train.y
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit(data.train.x, y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y)


@pytest.mark.parametrize("activation", SKLEARN_NAMES)
@pytest.mark.parametrize("source", [CLASSES, TWO_CLASSES])
def test_classifiers_with_the_same_weights_predict_the_same(source: str, activation: str) -> None:
    data = dataset(source, "float64")
    trainer = Trainer([resolved(data, hidden=(9, 5), activation=activation, dtype="float64")], data)
    for _ in trainer.epochs():
        pass
    results = trainer.results()[0]
    theirs = estimator(data, trainer)
    assert data.test is not None
    scores = trainer.network.forward(data.test.x)[0]
    if len(data.classes or ()) == 2:
        positive = sigmoid(scores, np.empty_like(scores))
        probabilities = np.hstack([1 - positive, positive])
    else:
        probabilities = softmax(scores)
    np.testing.assert_allclose(theirs.predict_proba(data.test.x), probabilities, rtol=1e-11)
    assert results["test"]["accuracy"] == theirs.score(data.test.x, data.test.y)


@pytest.mark.parametrize("activation", SKLEARN_NAMES)
@pytest.mark.parametrize("source", [NUMBERS, "linnerud"])
def test_regressors_with_the_same_weights_predict_the_same(source: str, activation: str) -> None:
    data = dataset(source, "float64")
    trainer = Trainer([resolved(data, hidden=(9, 5), activation=activation, dtype="float64")], data)
    for _ in trainer.epochs():
        pass
    results = trainer.results()[0]
    theirs = estimator(data, trainer)
    assert data.test is not None
    predicted = theirs.predict(data.test.x).reshape(len(data.test), -1)
    np.testing.assert_allclose(predicted, trainer.network.forward(data.test.x)[0], rtol=1e-11, atol=1e-13)
    assert results["test"]["r2"] == pytest.approx(theirs.score(data.test.x, data.test.y), rel=1e-10)


@pytest.mark.parametrize("source", [CLASSES, TWO_CLASSES, NUMBERS])
@pytest.mark.parametrize(
    ("optimizer", "theirs"),
    [
        ("sgd", {"solver": "sgd", "momentum": 0.0, "nesterovs_momentum": False}),
        ("momentum", {"solver": "sgd", "momentum": 0.9, "nesterovs_momentum": False}),
        ("nesterov", {"solver": "sgd", "momentum": 0.9, "nesterovs_momentum": True}),
        ("adam", {"solver": "adam", "epsilon": 1e-20}),  # they add it elsewhere, so it is made too small to matter
    ],
)
def test_full_passes_from_the_same_weights_end_in_the_same_weights(
    source: str, optimizer: str, theirs: dict[str, Any]
) -> None:
    """Forward, loss, backward, penalty and optimizer together, for ten steps; alpha / n is their weight decay."""
    data = dataset(source, "float64")
    options: dict[str, Any] = {"hidden": (8, 6), "activation": "tanh", "dtype": "float64", "batch_size": "full"}
    run = resolved(data, **options, optimizer=optimizer, lr=0.02, eps=1e-20, weight_decay=0.01, epochs=10, keep="last")
    trainer = Trainer([run], data)
    other = estimator(data, trainer, learning_rate_init=0.02, shuffle=False, batch_size=len(data.train))
    other.set_params(**theirs, alpha=0.01 * len(data.train), warm_start=True, max_iter=10, n_iter_no_change=99)
    fit(other, data)
    losses = []
    for epoch in trainer.epochs():
        losses.append(epoch[0][1]["train_loss"])
    trainer.results()
    tensors = list(trainer.tensors(0).values())
    for ours, coefficients in zip(tensors[::2], other.coefs_, strict=True):
        np.testing.assert_allclose(ours, coefficients, rtol=1e-8, atol=1e-11)
    for ours, intercepts in zip(tensors[1::2], other.intercepts_, strict=True):
        np.testing.assert_allclose(ours, intercepts, rtol=1e-8, atol=1e-11)
    assert losses[-1] < losses[0]


def test_the_worked_example_of_scikit_learn() -> None:
    """Their test_fit: 3-2-1 sigmoids, one step with lr 0.1 and alpha 0.1, to three decimals."""
    network = Network(
        [("hidden.0", Linear(3, 2)), ("hidden.0.activation", ACTIVATIONS["sigmoid"]()), ("output", Linear(2, 1))],
        dtype=np.float64,
    )
    tensors = network.tensors()
    tensors["hidden.0.weight"][...] = [[0.1, 0.2], [0.3, 0.1], [0.5, 0.0]]
    tensors["hidden.0.bias"][...] = 0.1
    tensors["output.weight"][...] = [[0.1], [0.2]]
    tensors["output.bias"][...] = 1.0
    x, loss = np.array([[0.6, 0.8, 0.7]]), LogisticLoss((), np.float64)
    loss(network.forward(x, training=True), np.array([0]))
    network.backward(loss.gradient())
    optimizer = Optimizer("sgd", network.params.shape, np.float64, weight_decay=0.1, decayed=network.decayed)
    optimizer.step(network.params, network.grads, 0.1)
    expected = {
        "hidden.0.weight": [[0.098, 0.195756], [0.2956664, 0.096008], [0.4939998, -0.002244]],
        "hidden.0.bias": [0.098333, 0.09626],
        "output.weight": [[0.04706], [0.154089]],
        "output.bias": [0.9235],
    }
    for name, values in expected.items():
        np.testing.assert_allclose(tensors[name], values, atol=1e-3)
    score = network.forward(x)
    assert sigmoid(score, np.empty_like(score)).item() == pytest.approx(0.739, abs=1e-3)

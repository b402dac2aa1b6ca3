"""The Poisson loss against finite differences and scikit-learn's deviance."""

import numpy as np
from sklearn.metrics import mean_poisson_deviance

from mlpcli.autodiff.numeric import central_differences
from mlpcli.estimators.poisson import PoissonLoss

RNG = np.random.default_rng(0)
SCORES, COUNTS = RNG.normal(0, 1, (6, 2)), RNG.poisson(2.0, (6, 2)).astype(float)
WEIGHTS = RNG.uniform(0, 2, 6)


def test_half_the_deviance() -> None:
    losses = PoissonLoss(dtype="float64")(SCORES, COUNTS)
    np.testing.assert_allclose(
        losses.mean(), sum(mean_poisson_deviance(COUNTS[:, k], np.exp(SCORES[:, k])) for k in (0, 1)) / 2
    )


def test_the_gradient_is_that_of_the_objective() -> None:
    loss = PoissonLoss(dtype="float64")

    def objective(scores: np.ndarray) -> float:
        loss(scores, COUNTS, WEIGHTS)
        return float(loss.objective())

    expected = central_differences(objective, SCORES).slopes
    loss(SCORES, COUNTS, WEIGHTS)
    np.testing.assert_allclose(loss.gradient(), expected.reshape(SCORES.shape), rtol=1e-7, atol=1e-9)

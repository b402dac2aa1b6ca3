"""The score of a trial that a strategy is told."""

import math

from mlpcli.config.metrics import METRICS
from mlpcli.sweeps.run.trial_score import best_value


def test_best_value() -> None:
    assert best_value([0.3, 0.7, 0.5], METRICS["accuracy"]) == 0.7
    assert best_value([0.3, 0.7, 0.5], METRICS["rmse"]) == 0.3
    assert best_value([math.nan, 0.7, math.inf], METRICS["accuracy"]) == 0.7
    assert math.isnan(best_value([], METRICS["accuracy"]))
    assert math.isnan(best_value([math.nan, math.inf], METRICS["rmse"]))

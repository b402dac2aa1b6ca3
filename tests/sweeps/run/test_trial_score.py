"""The score of a trial that a strategy is told."""

import math

from mlpcli.config.metrics import METRICS
from mlpcli.sweeps.run.trial_score import best_so_far


def test_best_so_far() -> None:
    assert best_so_far([0.3, 0.7, 0.5], METRICS["accuracy"]) == 0.7
    assert best_so_far([0.3, 0.7, 0.5], METRICS["rmse"]) == 0.3
    assert best_so_far([math.nan, 0.7, math.inf], METRICS["accuracy"]) == 0.7
    assert math.isnan(best_so_far([], METRICS["accuracy"]))
    assert math.isnan(best_so_far([math.nan, math.inf], METRICS["rmse"]))

"""The score of a trial that a strategy is told."""

import math

from mlpcli.sweep.run.trial_score import best_so_far


def test_best_so_far() -> None:
    assert best_so_far([0.3, 0.7, 0.5], larger_is_better=True) == 0.7
    assert best_so_far([0.3, 0.7, 0.5], larger_is_better=False) == 0.3
    assert best_so_far([math.nan, 0.7, math.inf], larger_is_better=True) == 0.7
    assert math.isnan(best_so_far([], larger_is_better=True))
    assert math.isnan(best_so_far([math.nan, math.inf], larger_is_better=False))

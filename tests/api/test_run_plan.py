"""What is said at the end of a sweep of which some trials failed or diverged."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mlpcli.api.run_plan import Swept
from mlpcli.results.trial import Trial

REMEDIES = {"failed": "Correct the cause", "diverged": "Try a lower --lr"}


def swept(*states: str) -> Swept:
    trials = {number: Trial(number, 0, f"{number:012x}", number, state=state) for number, state in enumerate(states)}
    prepared: Any = SimpleNamespace(plan=range(len(states)))
    return Swept(prepared, trials, (), (), Path("results/s"), None, "the same command")


@pytest.mark.parametrize(
    ("states", "said"),
    [
        (["diverged", "diverged"], "2 of 2 trials failed or diverged: see the column error of t. Try a lower --lr"),
        (["failed", "diverged"], "2 of 2 trials failed or diverged: see the column error of t. Correct the cause"),
        (["complete", "failed"], "1 of 2 trials failed or diverged: see the column error of t. The others are kept. "),
        (["complete", "pruned"], ""),
    ],
)
def test_a_lower_learning_rate_is_advice_for_trials_that_diverged(states: list[str], said: str) -> None:
    said += REMEDIES["failed"] * said.endswith("kept. ")
    assert str(swept(*states).problem("t", **REMEDIES) or "") == said


def test_failures_and_divergence_have_one_remedy_where_no_other_is_given() -> None:
    assert str(swept("diverged").problem("t", failed="Try again with --retry-failed")).endswith("--retry-failed")

"""The record of a trial: from a plan to its outcome, to a row and back."""

import math
from dataclasses import replace

import pytest

from mlpcli.results.trial import STATES, Trial, trial_columns

PLANNED = Trial(3, 1, "0123456789ab", 7, {"width": 64, "norm": None})
RESULT = {
    "run_id": "0123456789ab",
    "state": "complete",
    "metrics": {"train": {"loss": 0.25, "accuracy": 0.9}, "val": {"loss": math.inf, "accuracy": None}, "test": None},
    "parameters": 12,
    "epochs_run": 5,
    "best_epoch": 2,
    "config": {},
    "time_s": 1.5,
}


def test_a_planned_trial_has_no_outcome() -> None:
    assert PLANNED.state is None and not PLANNED.is_troubled and PLANNED.score("val_loss") is None
    assert set(PLANNED.numbers.values()) == {None}


def test_the_outcome_is_that_of_result_json() -> None:
    trial = PLANNED.ended(RESULT)
    assert (trial.number, trial.configuration, trial.run_id, trial.seed) == (3, 1, "0123456789ab", 7)
    assert trial.numbers == {
        "parameters": 12,
        "epochs_run": 5,
        "best_epoch": 2,
        "train_loss": 0.25,
        "train_accuracy": 0.9,
        "val_loss": None,
        "val_accuracy": None,
        "time_s": 1.5,
    }
    assert (trial.state, trial.error) == ("complete", None)
    assert PLANNED.ended(RESULT, state="pruned").state == "pruned"
    assert PLANNED.state is None


def test_a_row_reads_back_as_the_same_trial() -> None:
    for trial in (PLANNED, PLANNED.ended(RESULT), replace(PLANNED, state="failed", error="it broke")):
        assert sorted(trial.row) == sorted(trial_columns(["width", "norm"], list(trial.metrics), folds=True))
        assert Trial.of_row(trial.row, ["width", "norm"]) == replace(trial, configuration=0)


@pytest.mark.parametrize("state", STATES)
def test_only_complete_and_pruned_trials_have_a_score(state: str) -> None:
    trial = replace(PLANNED, state=state, metrics={"val_loss": 0.5, "val_accuracy": math.nan})
    assert trial.is_troubled == (state in ("failed", "diverged"))
    assert trial.score("val_loss") == (None if trial.is_troubled else 0.5)
    assert trial.score("val_accuracy") is trial.score("val_rmse") is None


def test_planned_trials_share_their_empty_metrics() -> None:
    """A plan may have a hundred thousand trials."""
    assert PLANNED.metrics is Trial(4, 1, "", 8).metrics

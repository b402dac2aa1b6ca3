"""Ctrl-C: at the prompt it returns what was learned, in a program it is a KeyboardInterrupt."""

import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import mlpcli
from mlpcli.api.views import progress
from mlpcli.training import session

SMALL: dict[str, Any] = {"width": 8, "depth": 1, "epochs": 10}


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(session, "CHECKPOINT_EVERY", 0.0)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def no_prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a library that other tests load has made of this process."""
    monkeypatch.delattr(sys, "ps1", raising=False)


def press(row: Mapping[str, Any]) -> None:
    if row["epoch"] == 3:
        signal.raise_signal(signal.SIGINT)


def test_at_the_prompt_what_was_learned_is_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    before = signal.getsignal(signal.SIGINT)
    run = mlpcli.train("moons:n=60", **SMALL, on_epoch=press)
    assert run.state == "interrupted"
    assert len(run.history) == 3
    shorter = mlpcli.train("moons:n=60", **{**SMALL, "schedule": "constant", "epochs": 3})
    assert run.metrics.keys() == shorter.metrics.keys()
    assert run.model.predict([[0.0, 0.0]]).shape == (1,)
    assert signal.getsignal(signal.SIGINT) is before


def test_at_the_prompt_a_run_with_a_folder_goes_on_from_its_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    run = mlpcli.train("moons:n=60", **SMALL, on_epoch=press, results="results", name="one")
    assert (run.state, len(run.history)) == ("interrupted", 3)
    whole = mlpcli.train("moons:n=60", **SMALL, results="results", name="one", resume=True)
    assert whole.state == "complete"
    assert whole.metrics == mlpcli.train("moons:n=60", **SMALL).metrics


def test_at_the_prompt_a_sweep_returns_the_trials_that_ended_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pressed when the first trial is told; the other widths are stacks of their own, which have not begun."""
    spec = {"base": {"dataset": "moons:n=60", "epochs": 2}, "grid": {"width": [2, 4, 8]}}
    settings: dict[str, Any] = {"results": "results", "name": "s", "executor": "serial", "progress": False}
    told = progress._TrialCounter.trial

    def press_once(self: Any, trial: Any, *, known: bool = False) -> None:
        told(self, trial, known=known)
        monkeypatch.setattr(progress._TrialCounter, "trial", told)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(progress._TrialCounter, "trial", press_once)
    with pytest.raises(KeyboardInterrupt, match="1 of 3 trials are kept in results/s"):
        mlpcli.sweep(spec, **{**settings, "name": "s"})
    monkeypatch.setattr(progress._TrialCounter, "trial", press_once)
    with pytest.raises(KeyboardInterrupt, match=r'1 of 3 trials had ended.* With results="results" they are kept'):
        mlpcli.sweep(spec, **{**settings, "results": None})
    monkeypatch.setattr(progress._TrialCounter, "trial", press_once)
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    part = mlpcli.sweep(spec, **{**settings, "name": "t"})
    assert part.trials["state"].tolist() == ["complete"] and part.summary.empty
    assert part.best.predict([[0.0, 0.0]]).shape == (1,)
    whole = mlpcli.sweep(spec, **{**settings, "name": "t"})
    assert whole.trials["state"].tolist() == ["complete"] * 3 and len(whole.summary) == 3


def test_in_a_program_it_is_a_keyboard_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))  # imported, but no kernel runs this
    with pytest.raises(KeyboardInterrupt, match="interrupted in epoch 4"):
        mlpcli.train("moons:n=60", **SMALL, on_epoch=press)


def test_a_thread_may_train() -> None:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(mlpcli.train("moons:n=60", **SMALL)))
    thread.start()
    thread.join()
    assert found[0].metrics == mlpcli.train("moons:n=60", **SMALL).metrics

"""Calls made side by side: all of them, in the caller's context, with as many threads as there are."""

import gc
import threading
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial

import numpy as np
import pytest

from mlpcli.background import Background
from mlpcli.optim import Optimizer, side_by_side
from mlpcli.optim.side_by_side import SideBySide

PATIENCE = 60
SOME = ContextVar[str]("SOME", default="")


def refusing(after: int, error: type[Exception]) -> Callable[..., object]:
    """Begins threads as `Background` does until the system has none left."""
    left = [after]

    def begin(*work: object) -> object:
        if not left[0]:
            raise error("no more threads")
        left[0] -= 1
        return Background(*work)

    return begin


@pytest.mark.parametrize("error", [MemoryError, RuntimeError])
@pytest.mark.parametrize("threads", [0, 1, 3])
def test_all_calls_are_made_whatever_the_number_of_threads(
    threads: int, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlpcli.optim.side_by_side.Background", refusing(threads, error))
    together = SideBySide(3)
    for _ in range(20):
        made: list[int] = []
        together([partial(made.append, number) for number in range(4)])
        assert sorted(made) == [0, 1, 2, 3]


def test_a_thread_helps() -> None:
    meeting = threading.Barrier(2, timeout=PATIENCE)
    SideBySide(1)([meeting.wait, meeting.wait])


def test_calls_see_the_caller_s_context() -> None:
    meeting, seen = threading.Barrier(2, timeout=PATIENCE), []

    def look() -> None:
        meeting.wait()
        seen.append(SOME.get())

    SOME.set("here")
    SideBySide(1)([look, look])
    assert seen == ["here", "here"]


@pytest.mark.parametrize("failing", [0, 1])
def test_an_error_is_raised_when_all_calls_have_returned(failing: int) -> None:
    made = []

    def call(number: int) -> None:
        made.append(number)
        if number == failing:
            raise KeyError(number)

    together = SideBySide(1)
    for _ in range(2):
        made.clear()
        with pytest.raises(KeyError, match=str(failing)):
            together([lambda: call(0), lambda: call(1)])
        assert sorted(made) == [0, 1]


def test_an_interrupt_leaves_no_call_to_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go, made = threading.Event(), threading.Event(), []

    def call(number: int) -> None:
        if number == 1:
            begun.set()
            go.wait(PATIENCE)
        made.append(number)

    def interrupted(function: Callable[[], object]) -> BaseException | None:
        raised = plain(function)
        if threading.current_thread() is threading.main_thread():
            begun.wait(PATIENCE)
            threading.Timer(0.1, go.set).start()
            raise KeyboardInterrupt
        return raised

    plain = side_by_side._raised
    together = SideBySide(1)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(side_by_side, "_raised", interrupted)
        together([partial(call, number) for number in range(4)])
    assert made == [0, 1]
    together([int, int, int])
    assert made == [0, 1]


def test_calls_without_a_thread_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "Background", refusing(0, RuntimeError))
    together = SideBySide(1)
    together([int, int])
    assert together._calls.empty()


def test_the_threads_end_with_the_object(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = []
    monkeypatch.setattr("mlpcli.optim.side_by_side.Background", lambda *work: begun.append(Background(*work)))
    together = SideBySide(2)
    together([int, int, int])
    del together
    gc.collect()
    for thread in begun:
        thread.join()
    assert len(begun) == 2


def test_an_optimizer_without_threads_makes_the_same_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlpcli.optim.optimizers.BYTES_WORTH_A_THREAD", 64)
    gradient, made = np.random.default_rng(0).normal(size=400), []
    for begin in (Background, refusing(0, RuntimeError)):
        monkeypatch.setattr("mlpcli.optim.side_by_side.Background", begin)
        params = np.ones(400)
        optimizer = Optimizer("adam", params.shape, params.dtype, threads=2)
        for _ in range(3):
            optimizer.step(params, gradient, 0.1)
        made.append(params)
    assert (made[0] == made[1]).all() and (made[0] != 1).all()

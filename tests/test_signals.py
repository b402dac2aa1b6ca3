"""One handler and many answers: the innermost is asked, what is held comes at the end, nothing stays behind."""

import os
import signal
import threading
from contextlib import suppress

import pytest

from mlpcli.signals import SIGNALS, Interruption, answered_by, check, held, repeat
from tests.workers.processes import eventually


def send(number: int) -> None:
    os.kill(os.getpid(), number)


def stop(number: int, again: bool) -> None:
    raise Interruption(number)


@pytest.mark.parametrize("number", SIGNALS)
def test_the_innermost_answer_is_asked_and_the_handlers_are_put_back(number: int) -> None:
    before = [signal.getsignal(each) for each in SIGNALS]
    asked: list[tuple[str, int, bool]] = []
    with answered_by(lambda number, again: asked.append(("outer", number, again))):
        with answered_by(lambda number, again: asked.append(("inner", number, again))):
            send(number)
        send(number)
    assert asked == [("inner", number, False), ("outer", number, True)]
    assert [signal.getsignal(each) for each in SIGNALS] == before
    check()


def test_held_signals_come_at_the_end_of_the_block_as_if_they_arrived_there() -> None:
    passed = []
    with pytest.raises(Interruption) as caught, answered_by(stop):
        with held():
            send(signal.SIGTERM)
            passed.append("inside")
        passed.append("outside")
    assert (passed, caught.value.word, caught.value.code) == (["inside"], "terminated", 143)


def test_held_without_another_answer_hands_on_to_the_old_handler() -> None:
    with pytest.raises(KeyboardInterrupt), held():
        send(signal.SIGINT)


def test_held_signals_come_after_an_error_too() -> None:
    with pytest.raises(Interruption), answered_by(stop), held():
        send(signal.SIGINT)
        raise ValueError


def test_a_swallowed_interruption_is_raised_again() -> None:
    with answered_by(stop):
        check()
        with suppress(BaseException):
            send(signal.SIGTERM)
        with pytest.raises(Interruption) as caught:
            check()
    assert caught.value.number == signal.SIGTERM


def test_other_threads_leave_the_handlers_alone() -> None:
    found = []

    def work() -> None:
        with answered_by(stop), held():
            found.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [signal.getsignal(signal.SIGTERM)]


def test_a_signal_that_is_about_to_be_repeated_counts_as_received() -> None:
    """What a library makes of it in between is no fault of the user; when it comes, it is not the first any more."""
    asked: list[tuple[int, bool]] = []
    with answered_by(lambda number, again: asked.append((number, again))):
        repeat(signal.SIGTERM)
        with pytest.raises(Interruption) as caught:
            check()
        assert eventually(lambda: asked)
    assert caught.value.number == signal.SIGTERM
    assert asked == [(signal.SIGTERM, True)]


def test_a_signal_that_was_repeated_is_the_first() -> None:
    asked: list[tuple[int, bool]] = []
    with answered_by(lambda number, again: asked.append((number, again))):
        send(signal.SIGTERM)
        repeat(signal.SIGTERM)
        assert eventually(lambda: len(asked) == 2)
    assert asked == [(signal.SIGTERM, False)] * 2
    check()

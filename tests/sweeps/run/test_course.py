"""The course of a sweep by hand: epochs that count once, and a time left that follows the pace."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from mlpcli.sweeps.run.course import TRUST, Course


@dataclass
class Run:
    epochs: int = 10


@dataclass
class Fake:
    """What a course reads of a job."""

    trials: Sequence[int]
    seconds: float = 8.0
    progress: Any = None
    pruned: Sequence[int] = ()
    runs: Sequence[Run] = field(default_factory=lambda: [Run()])


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def course_of(*jobs: Any, clock: Clock | None = None, behind: int = 0) -> Course:
    course = Course(clock or Clock())
    course.expect(work=16, seconds=8, total=40)
    course.train(jobs, lambda number: behind)
    return course


def test_epochs_of_every_trial_of_a_stack_count() -> None:
    course = course_of(Fake([0, 1]), Fake([2, 3]))
    course.hear((0, 3))
    course.hear((2, 1))
    course.hear((0, 2))  # reports may overtake one another
    course.hear((7, 9))  # of a stack that has just ended
    assert course.epochs == 2 * 3 + 2 * 1
    course.finish(course_job := Fake([0, 1]), epochs=20, share=2.0)  # type: ignore[arg-type]
    assert course_job.trials == [0, 1] and course.epochs == 20 + 2
    assert [stack.trials for stack in course.stacks] == [[2, 3]]


def test_a_stack_that_goes_on_counts_what_is_new() -> None:
    """Trial 1 was pruned after 4 epochs."""
    course = course_of(Fake([0, 1, 2], progress="a checkpoint", pruned=[1]), behind=4)
    assert course.epochs == 0 and course.stacks[0].trials == [0, 2]
    course.hear((0, 6))
    assert course.epochs == 2 * 2


def test_jobs_that_train_on_keep_their_epoch() -> None:
    course = course_of(Fake([0]), Fake([1]))
    course.hear((0, 5))
    course.train([Fake([0]), Fake([2])], lambda number: 0)  # type: ignore[list-item]
    assert [stack.epoch for stack in course.stacks] == [5, 0]


def test_the_time_left_follows_the_pace() -> None:
    """Half of the work done after 12 seconds: the estimate said 8 in all, the pace says 24."""
    clock = Clock()
    course = course_of(Fake([0, 1]), Fake([2, 3]), clock=clock)
    assert course.left == 8
    clock.now += 12
    assert course.left is None  # longer than the estimate, and not a word yet
    for first in (0, 2):
        course.hear((first, 5))
    trust = 12 / (12 + TRUST)
    assert course.left == pytest.approx(0.5 * ((1 - trust) * 8 + trust * 24))
    course.finish(Fake([0, 1]), 20, 2.0)  # type: ignore[arg-type]
    course.finish(Fake([2, 3]), 20, 2.0)  # type: ignore[arg-type]
    assert course.left == 0 and course.epochs == course.total == 40


def test_nothing_is_known_before_there_is_work() -> None:
    assert Course().left is None

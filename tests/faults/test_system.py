"""A bounded part of the attack on the system below: some system calls, limits and moments, other ones every day."""

import time
from datetime import date
from random import Random

import pytest

from tests.faults.commands import SUBJECTS, places
from tests.faults.moments import LIMITS, exempt, try_kill, try_limit, try_signals
from tests.faults.system_calls import NOT_MADE, one_of_each_kind, points, reason_to_skip, try_point

SEED = date.today().isoformat()
SECONDS = 60
"""Seconds that a part may take, besides its last command."""


@pytest.mark.slow
@pytest.mark.skipif(bool(reason_to_skip()), reason=reason_to_skip())
@pytest.mark.parametrize("name", SUBJECTS)
def test_failed_system_calls(name: str) -> None:
    faults, tried, end = {}, 0, time.monotonic() + SECONDS
    with places(name) as (place,):
        for point in one_of_each_kind(points(place), SEED):
            if time.monotonic() > end:
                break
            ended = try_point(place, point)
            tried += ended.how != NOT_MADE
            if ended.fault:
                faults[point] = ended.fault
    assert tried and not faults


@pytest.mark.slow
@pytest.mark.parametrize("limit", [limit for limit in LIMITS if not exempt(limit)])
def test_limits(limit: str) -> None:
    faults, end = {}, time.monotonic() + SECONDS / 2
    with places() as all_places:
        for value in Random(SEED).sample(LIMITS[limit], len(LIMITS[limit])):
            for place in all_places if time.monotonic() < end else ():
                if fault := try_limit(place, limit, value).fault:
                    faults[place.subject.name, value] = fault
    assert not faults


@pytest.mark.slow
@pytest.mark.parametrize("name", SUBJECTS)
def test_signals_at_any_moment(name: str) -> None:
    faults, rng, end = [], Random(SEED), time.monotonic() + SECONDS / 2
    with places(name) as (place,):
        while time.monotonic() < end:
            for attempt in (try_kill, try_signals):
                faults.append(attempt(place, rng, copied=rng.random() < 0.5).fault)
    assert not list(filter(None, faults))

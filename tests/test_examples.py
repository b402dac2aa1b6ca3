"""Thorough runs try more than ordinary ones, in every test that states how much it tries."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.examples import ORDINARY, every, examples


@pytest.fixture(autouse=True)
def profile_restored() -> Iterator[None]:
    before = settings().max_examples
    yield
    settings.load_profile("any machine" if before == ORDINARY else "thorough")


def test_a_thorough_run_tries_more() -> None:
    settings.load_profile("any machine")
    assert (examples(ORDINARY), examples(40), every(11)) == (ORDINARY, 40, 11)
    settings.load_profile("thorough")
    assert (examples(ORDINARY), examples(40), every(11)) == (250, 100, 1)


def test_no_test_states_a_number_that_no_profile_changes() -> None:
    """Those of ten thousand random tables are slow, and enough."""
    for path in Path(__file__).parent.rglob("test_*.py"):
        stated = re.findall(r"max_examples=(\w+)", path.read_text(encoding="utf-8"))
        assert {*stated} <= {"10_000", "examples"}, path

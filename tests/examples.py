"""How much a costly test tries: less in ordinary runs, more under `--hypothesis-profile thorough`."""

from hypothesis import settings

__all__ = ["ORDINARY", "every", "examples"]

ORDINARY = 100
"""Examples of a property in ordinary runs, unless it states a number of its own."""


def examples(number: int) -> int:
    """The number of examples of a property that has this number in ordinary runs."""
    return number * settings().max_examples // ORDINARY


def every(step: int) -> int:
    """The step through a list of cases: ordinary runs try one in so many, thorough runs try all."""
    return step if settings().max_examples <= ORDINARY else 1

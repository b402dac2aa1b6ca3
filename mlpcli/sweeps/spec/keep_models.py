"""Trials whose models a sweep keeps, as the command and Python name them."""

from enum import StrEnum

__all__ = ["KeepModels"]


class KeepModels(StrEnum):
    """Trials whose model files are kept.

    >>> ", ".join(KeepModels)
    'none, best, all'
    """

    NONE = "none"
    BEST = "best"
    ALL = "all"

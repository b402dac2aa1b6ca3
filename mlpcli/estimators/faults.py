"""Errors of the estimators: ours for programs that use mlpcli, and ValueError as scikit-learn's users expect."""

from mlpcli.errors import Diverged, UsageError

__all__ = ["NotFinite", "ParameterError"]


class ParameterError(UsageError, ValueError):
    """Parameters of an estimator that are wrong, or that do not suit the data."""


class NotFinite(Diverged, ValueError):
    """Training ended with weights that are not finite numbers."""

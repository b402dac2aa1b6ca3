"""What [search], [race] and [confirm] say: what is asked for, with which seeds, and which configurations go on."""

from collections.abc import Mapping
from dataclasses import dataclass

from mlpcli.sweeps.spec.random_draws import Choices, Range

__all__ = ["Confirm", "Race", "Search"]

SHARE, LEAST = 5, 5


@dataclass(frozen=True)
class Search:
    """`trials` configurations, chosen from `options` by one of Optuna's samplers in batches."""

    sampler: str
    trials: int
    batch: int | None
    seed: int
    options: Mapping[str, Range | Choices]

    def batch_size(self, asked: int) -> int:
        """The configurations to ask for when so many have been asked for.

        The default grows with them and does not depend on `trials`: a search that is extended has asked for the same
        batches before.

        >>> search = Search("tpe", 60, None, 0, {})
        >>> [search.batch_size(asked) for asked in (0, 5, 25, 30, 58)]
        [5, 5, 5, 6, 2]
        """
        return min(self.batch or max(asked // SHARE, LEAST), self.trials - asked)


@dataclass(frozen=True)
class Race:
    """Every configuration has `min_seeds` seeds; then one seed at a time, those far behind the best drop out."""

    min_seeds: int


@dataclass(frozen=True)
class Confirm:
    """The `top` best configurations get `seeds` fresh seeds, by which alone they are ranked."""

    top: int
    seeds: int

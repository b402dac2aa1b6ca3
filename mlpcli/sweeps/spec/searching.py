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

    def batches(self) -> list[int]:
        """The configurations of each batch.

        By default a batch grows with those asked for before it, and does not depend on `trials`: a search that is
        extended has asked for the same batches before, but for the last.

        >>> Search("tpe", 60, None, 0, {}).batches()
        [5, 5, 5, 5, 5, 5, 6, 7, 8, 9]
        """
        sizes: list[int] = []
        while asked := self.trials - sum(sizes):
            sizes.append(min(self.batch or max(sum(sizes) // SHARE, LEAST), asked))
        return sizes


@dataclass(frozen=True)
class Race:
    """Every configuration has `min_seeds` seeds; then one seed at a time, those far behind the best drop out."""

    min_seeds: int


@dataclass(frozen=True)
class Confirm:
    """The `top` best configurations get `seeds` fresh seeds, by which alone they are ranked."""

    top: int
    seeds: int

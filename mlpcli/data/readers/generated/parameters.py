"""The parameters of generated datasets: meaning and range, declared where a generator takes them.

A generator's signature says `n: Rows`; checks, messages and `mlpcli datasets moons` read it from there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_type_hints

__all__ = ["Deviation", "Parameter", "Rows", "Seed", "check_parameters", "declared_parameters"]

MOST_ROWS = 10_000_000


@dataclass(frozen=True)
class Parameter:
    """Meaning of a parameter, and the range that it lies in, ends included; `high` None is no bound."""

    meaning: str
    low: float
    high: float | None = None

    @property
    def range(self) -> str:
        """The range in words.

        >>> Parameter("rows", 2, 100).range, Parameter("noise", 0).range
        ('from 2 to 100', 'at least 0')
        """
        return f"at least {self.low:g}" if self.high is None else f"from {self.low:g} to {self.high:.12g}"


Rows = Annotated[int, Parameter("rows", 1, MOST_ROWS)]
Deviation = Annotated[float, Parameter("standard deviation of the Gaussian noise", 0)]
Seed = Annotated[int, Parameter("seed of the random numbers", 0)]


def declared_parameters(generator: Callable[..., Any]) -> dict[str, Parameter]:
    """The parameters of a generator by name, in its order."""
    hints = get_type_hints(generator, include_extras=True)
    return {name: hint.__metadata__[0] for name, hint in hints.items() if name != "return"}


def check_parameters(generator: Callable[..., Any], values: Mapping[str, float]) -> None:
    """Raise ValueError that names a parameter that the generator lacks or does not take, or a value that it refuses."""
    declared = declared_parameters(generator)
    if wrong := sorted(declared.keys() ^ values.keys()):
        raise ValueError(f"[parameters] of its card must be {', '.join(declared)}, which {', '.join(wrong)} breaks")
    for name, value in values.items():
        parameter = declared[name]
        if get_type_hints(generator)[name] is int and not isinstance(value, int):
            raise ValueError(f"{name}={value:g} must be a whole number")
        if value < parameter.low or (parameter.high is not None and value > parameter.high):
            raise ValueError(f"{name}={value:g} must be {parameter.range}")

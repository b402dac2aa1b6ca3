"""search.jsonl: what a search asked for and was told, one line per configuration and round, in the order of asking.

A round is a batch or, with [halving], a rung of one; the last may be that of [confirm]. The file is for people and
pictures: a search that goes on asks and is told again from its first batch on, by the recorded trials, and writes the
same lines.
"""

import math
from collections.abc import Mapping
from itertools import chain

from mlpcli import json_text
from mlpcli.config.metrics import Measure
from mlpcli.results.statistics import estimate
from mlpcli.sweeps.plan.sweep_plan import Plan, Round
from mlpcli.sweeps.search.strategy import Scored
from mlpcli.wording import counted

__all__ = ["SearchRecord"]


class SearchRecord:
    """The lines so far, and the latest outcome of each configuration."""

    def __init__(self, plan: Plan, metric: str) -> None:
        self._plan, self._metric = plan, metric
        self._key = Measure.parse(metric).metric.key
        self._lines: list[str] = []
        self._rounds = 0
        self._latest: dict[int, Scored] = {}
        self._proposed: set[int | None] = set()

    def add(self, asked: Round, outcomes: Mapping[int, Scored]) -> str:
        """Take a round and its outcomes by configuration; returns a sentence on where the search stands."""
        self._rounds += 1
        if self._confirms(asked):
            self._latest = {}  # the seeds that chose are done; only fresh seeds rank
        self._latest |= outcomes
        self._proposed.update(asked.placed)
        for configuration, outcome in outcomes.items():
            if configuration in self._proposed:  # none that [compare] alone has added
                self._lines.append(json_text.canonical(self._line(asked, configuration, outcome)))
        said = f"{asked.name}: {counted(len(outcomes), 'configuration')}"
        ended = [number for number, outcome in self._latest.items() if outcome.ended and math.isfinite(outcome.mean)]
        if not ended:
            return said
        configuration = max(ended, key=lambda number: self._latest[number].mean)
        scores = self._latest[configuration].scores.values()
        found = estimate([self._key(-score) for score in scores], self._plan.file.overlap)
        value = f"{self._metric} {found.mean:.4g}"
        if found.ci_high is not None:
            value += f" ± {found.ci_high - found.mean:.2g}"
        return f"{said}; best so far {value}, {self._plan.described(configuration) or 'the base'}"

    @property
    def text(self) -> str:
        """The content of search.jsonl."""
        return "".join(f"{line}\n" for line in self._lines)

    def _confirms(self, asked: Round) -> bool:
        """Whether all trials of a round have seeds that [confirm] keeps for the end."""
        fresh = self._plan.file.fresh_seeds
        numbers = chain.from_iterable(asked.trials.values())
        return bool(fresh and asked.trials) and all(self._plan.seed(number) in fresh for number in numbers)

    def _line(self, asked: Round, configuration: int, outcome: Scored) -> dict[str, object]:
        values = {_name(repeat): self._value(score) for repeat, score in outcome.scores.items()}
        return {
            "round": self._rounds,
            "configuration": configuration,
            "options": dict(zip(self._plan.varied, self._plan.shown(configuration), strict=True)),
            "epochs": asked.epochs,
            self._metric: values,
            "ended": outcome.ended,
        }

    def _value(self, score: float) -> float | None:
        """The metric of a score, which is larger for a better value; None for a trial that failed or diverged."""
        return self._key(-score) if math.isfinite(score) else None


def _name(repeat: object) -> str:
    """`3`, a seed, or `3/0`, a seed and a fold."""
    parts = repeat if isinstance(repeat, tuple) else (repeat,)
    return "/".join(str(part) for part in parts if part is not None)

"""Optuna's samplers behind two verbs: ask for the values of all options, and tell what came of them.

Optuna is imported when a sampler is made. Its trials live in memory: a resumed search asks and tells from the first
batch on. The same version of Optuna asks the same after the same outcomes.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from mlpcli.errors import UsageError
from mlpcli.installation import install_command
from mlpcli.sweeps.spec.option_tables import Table
from mlpcli.sweeps.spec.random_draws import Choices, Range
from mlpcli.sweeps.spec.strategy_tables import Search

__all__ = ["OptunaSampler"]


class OptunaSampler:
    """One of Optuna's samplers over the options of [search], maximizing; `ask` numbers its answers from 0.

    Raises:
        UsageError: Optuna, or what its sampler needs, is not installed.
    """

    def __init__(self, search: Search) -> None:
        self._options = search.options
        try:
            import optuna

            self._optuna = optuna
            with self._silent():
                self._study = optuna.create_study(direction="maximize", sampler=_SAMPLERS[search.sampler](search.seed))
            self._kinds = {name: _distribution(optuna, kind) for name, kind in search.options.items()}
            for needed in _NEEDS.get(search.sampler, ()):
                import_module(needed)  # Optuna imports it later, in the middle of the search
        except ImportError as error:
            large = ("torch",) if error.name == "torch" else ()
            raise UsageError(
                f"[search] sampler {search.sampler}: {error.name} is not installed. Nothing was written. "
                f"Type: {install_command('search', *large)}"
            ) from error
        self._asked: list[Any] = []

    def ask(self, wanted: Mapping[str, float] | None = None) -> tuple[int, Table]:
        """The values of all options, and the number to tell their outcome under.

        With `wanted`, a number in [0, 1) for each option, the values are those at these places of their ranges.
        """
        with self._silent():
            if wanted is not None:
                self._study.enqueue_trial({name: _at(kind, wanted[name]) for name, kind in self._options.items()})
            trial = self._study.ask(self._kinds)
        self._asked.append(trial)
        values = {name: _value(kind, trial.params[name]) for name, kind in self._options.items()}
        return len(self._asked) - 1, values

    def tell(self, number: int, score: float) -> None:
        """The score of a configuration that trained to its end, larger is better."""
        with self._silent():
            self._study.tell(self._asked[number], score)

    def tell_stopped(self, number: int, score: float | None) -> None:
        """The score so far of a configuration that was pruned; None for one that failed or diverged.

        Both rank below what trained to its end, and failures last, so that the sampler leaves their region.
        """
        with self._silent():
            if score is not None:
                self._asked[number].report(score, step=1)
            self._study.tell(self._asked[number], state=self._optuna.trial.TrialState.PRUNED)

    def reject(self, number: int) -> None:
        """Nothing is known of these values: they are not trained, or were asked for before."""
        with self._silent():
            self._study.tell(self._asked[number], state=self._optuna.trial.TrialState.FAIL)

    @contextmanager
    def _silent(self) -> Iterator[None]:
        """Without Optuna's log on stderr and its warnings of methods that may change; both are put back."""
        logging = self._optuna.logging
        verbosity = logging.get_verbosity()
        logging.set_verbosity(logging.CRITICAL)
        try:
            with warnings.catch_warnings(action="ignore"):
                yield
        finally:
            logging.set_verbosity(verbosity)


def _tpe(seed: int) -> Any:
    from optuna.samplers import TPESampler

    return TPESampler(seed=seed, multivariate=True, constant_liar=True, warn_independent_sampling=False)


def _gp(seed: int) -> Any:
    from optuna.samplers import GPSampler

    return GPSampler(seed=seed, warn_independent_sampling=False)


def _cmaes(seed: int) -> Any:
    from optuna.samplers import CmaEsSampler

    return CmaEsSampler(seed=seed, warn_independent_sampling=False)


def _qmc(seed: int) -> Any:
    from optuna.samplers import QMCSampler

    return QMCSampler(seed=seed, scramble=True, warn_asynchronous_seeding=False, warn_independent_sampling=False)


_NEEDS = {"gp": ("torch",), "cmaes": ("cmaes",)}

_SAMPLERS: dict[str, Callable[[int], Any]] = {"tpe": _tpe, "gp": _gp, "cmaes": _cmaes, "qmc": _qmc}


def _distribution(optuna: Any, kind: Range | Choices) -> Any:
    """Choices are searched by their places: Optuna's are numbers and texts, ours lists too."""
    kinds = optuna.distributions
    if isinstance(kind, Choices):
        return kinds.CategoricalDistribution(range(len(kind.values)))
    values = kind.values
    if values is None:
        return kinds.FloatDistribution(kind.low, kind.high, log=kind.log)
    whole = isinstance(kind.low, int)
    last = kind.high if whole and values.step == 1 else values.at(values.count - 1)
    made = kinds.IntDistribution if whole else kinds.FloatDistribution
    return made(kind.low, last, log=kind.log, step=None if not whole and kind.log else values.step)


def _value(kind: Range | Choices, found: Any) -> object:
    """What a run is given for a value of Optuna's."""
    if isinstance(kind, Choices):
        return kind.values[found]
    if kind.step is not None and (values := kind.values):
        return values.at(round((found - kind.low) / kind.step))
    return kind.rounded(found)


def _at(kind: Range | Choices, u: float) -> Any:
    return int(u * len(kind.values)) if isinstance(kind, Choices) else kind.at(u)

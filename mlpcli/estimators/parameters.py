"""Parameters of the estimators: their names and defaults, and the options of a run that they stand for.

An estimator has scikit-learn's parameters, and each option of a run that these do not cover under the option's own
name. Both are checked by the option's declaration; what has no option is checked here.

>>> options_of({"hidden_layer_sizes": (8,), "solver": "sgd", "momentum": 0.0, "dropout": 0.1}).dropout
0.1
"""

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np

from mlpcli.api.keyword_options import plain
from mlpcli.config import OPTIONS, RunOptions, Source, build
from mlpcli.config.choices import OPTIMIZERS
from mlpcli.config.class_weights import WORDS as CLASS_WEIGHT_WORDS
from mlpcli.config.class_weights import weights_by_class
from mlpcli.data.new_rows_in_memory import class_labels
from mlpcli.errors import UsageError
from mlpcli.estimators.faults import ParameterError
from mlpcli.wording import quote

__all__ = ["COUNTERPARTS", "FURTHER", "by_batches", "options_of", "parameters_of", "with_options"]

SHARED = {
    "hidden_layer_sizes": "hidden",
    "activation": "activation",
    "batch_size": "batch_size",
    "learning_rate_init": "lr",
    "max_iter": "epochs",
    "momentum": "momentum",
    "beta_1": "beta1",
    "beta_2": "beta2",
    "epsilon": "eps",
    "loss": "loss",
}
"""scikit-learn's parameters that are options of a run, by the name of the option."""

COUNTERPARTS = {option: parameter for parameter, option in SHARED.items() if option != parameter} | {
    "depth": "hidden_layer_sizes",
    "optimizer": "solver",
    "seed": "random_state",
    "width": "hidden_layer_sizes",
}
"""Options of a run that have other names here."""

FURTHER = (
    *(
        name
        for name, option in OPTIONS.items()
        if option.group in ("Network", "Loss", "Regularization", "Optimization")
        and name not in {*SHARED.values(), *COUNTERPARTS, "class_weight"}
    ),
    "threads",
)
"""Options of a run that are parameters under their own names."""

WORDS = {"logistic": "sigmoid", "log_loss": "cross-entropy", "squared_error": "squared", "poisson": "squared"}
"""scikit-learn's words for values of options; a Poisson loss takes the network of a squared one."""


@dataclass(frozen=True)
class Rule:
    """What a parameter without an option may be: a test of its value, and the same in words, which may change."""

    allows: Callable[[Any], bool]
    words: str | Callable[[], str]


def _number(low: float, kind: type = Real, below: float = np.inf) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kind) and not isinstance(value, bool) and low <= float(value) < below  # type: ignore[arg-type]  # a number


def _flag(value: Any) -> bool:
    return isinstance(value, bool | np.bool_)


RULES = {
    "alpha": Rule(_number(0), "a number of at least 0"),
    "class_weight": Rule(
        lambda value: value is None or isinstance(value, Mapping) or _is(value, "balanced"),
        "balanced, a dict of weights by class, or None",
    ),
    "early_stopping": Rule(_flag, "true or false"),
    "learning_rate": Rule(
        lambda value: any(_is(value, word) for word in ("constant", "invscaling", "adaptive")),
        "one of constant, invscaling, adaptive",
    ),
    "max_fun": Rule(_number(1, Integral), "an integer of at least 1"),
    "max_iter": Rule(_number(1, Integral), "an integer of at least 1"),
    "n_iter_no_change": Rule(
        lambda value: _number(1, Integral)(value) or _is(value, np.inf), "an integer of at least 1, or inf"
    ),
    "nesterovs_momentum": Rule(_flag, "true or false"),
    "power_t": Rule(_number(0), "a number of at least 0"),
    "shuffle": Rule(_flag, "true or false"),
    "solver": Rule(
        lambda value: isinstance(value, str) and value in OPTIMIZERS,
        lambda: f"one of {', '.join(OPTIMIZERS)}",
    ),
    "tol": Rule(_number(0), "a number of at least 0"),
    "validation_fraction": Rule(_number(0, below=1), "a number of at least 0 and below 1"),
    "verbose": Rule(lambda value: _flag(value) or _number(0, Integral)(value), "true, false, or an integer"),
    "warm_start": Rule(_flag, "true or false"),
}
"""scikit-learn's parameters that are no options of a run, or may be less than the option."""


def _is(value: Any, other: object) -> bool:
    """Equality that arrays and frames survive."""
    return isinstance(value, type(other)) and bool(value == other)


class _Keywords(Source):
    """Options that were given as parameters of an estimator, under whose names problems are reported."""

    def place(self, name: str) -> str:
        """The name of the parameter that an option was given as."""
        named = {option: parameter for parameter, option in SHARED.items()} | {"optimizer": "solver"}
        return named.get(name, name)


def _check(parameters: Mapping[str, Any]) -> None:
    """Check the parameters that are no options.

    Raises:
        ParameterError: the first of them that is wrong.
    """
    for name, rule in RULES.items():
        if name in parameters and not rule.allows(parameters[name]):
            words = rule.words if isinstance(rule.words, str) else rule.words()
            raise ParameterError(f"{name}: got {quote(parameters[name])}, expected {words}")


def options_of(parameters: Mapping[str, Any]) -> RunOptions:
    """The options of a run that the parameters stand for; `solver="sgd"` is the optimizer of its two momenta.

    Raises:
        ParameterError: values that are wrong or contradict each other, all of them in one message.
    """
    _check(parameters)
    values = {option: parameters[name] for name, option in SHARED.items() if name in parameters}
    values |= {name: parameters[name] for name in FURTHER if name in parameters}
    values = {name: plain(value) for name, value in values.items()}
    values = {name: WORDS.get(value, value) if isinstance(value, str) else value for name, value in values.items()}
    if values.get("batch_size") == "auto":
        del values["batch_size"]
    values["optimizer"] = _optimizer(parameters)
    try:
        options = build(_Keywords(values, ""))
    except UsageError as error:
        raise ParameterError(str(error)) from None
    if options.schedule == "plateau":
        raise ParameterError(
            "schedule: plateau follows validation rows, which estimators use for early_stopping alone. Use another "
            "schedule, or solver='sgd' with learning_rate='adaptive'"
        )
    return options


def by_batches(estimator: Any) -> bool:
    """Whether an estimator trains by batches, as `partial_fit` needs it.

    Raises:
        AttributeError: it trains by L-BFGS.
    """
    if estimator.solver == "lbfgs":
        raise AttributeError("partial_fit is only available for stochastic optimizers. lbfgs is not stochastic.")
    return True


def _optimizer(parameters: Mapping[str, Any]) -> str:
    solver = str(parameters.get("solver", "adam"))
    if solver != "sgd" or parameters.get("momentum", 0.9) == 0:
        return solver
    return "nesterov" if parameters.get("nesterovs_momentum", True) else "momentum"


def parameters_of(options: RunOptions, names: Collection[str], classes: Sequence[str] = ()) -> dict[str, Any]:
    """The parameters, of those with these `names`, that stand for the resolved options of a run on these classes."""
    words = {ours: theirs for theirs, ours in WORDS.items() if theirs != "poisson"}
    optimizer = options.optimizer
    found = {name: getattr(options, option) for name, option in SHARED.items()} | {
        "hidden_layer_sizes": options.sizes,
        "max_iter": max(1, options.epochs),
        "solver": "sgd" if optimizer in ("sgd", "momentum", "nesterov") else optimizer,
        "momentum": 0.0 if optimizer == "sgd" else options.momentum,
        "nesterovs_momentum": optimizer == "nesterov",
        "alpha": 0.0,
        "class_weight": _class_weight(options.class_weight, classes),
        "random_state": options.seed,
        **{name: getattr(options, name) for name in FURTHER},
    }
    return {
        name: words.get(value, value) if isinstance(value, str) else value
        for name, value in found.items()
        if name in names
    }


def _class_weight(given: str, classes: Sequence[str]) -> Any:
    """The weights of the classes as scikit-learn has them: by label, where the option has them by name."""
    if given in CLASS_WEIGHT_WORDS:
        return None if given == "none" else given
    labels = dict(zip(classes, class_labels(classes).tolist(), strict=True))
    return {labels[name]: weight for name, weight in weights_by_class(given).items()}


def with_options(init: Callable[..., None]) -> Callable[..., None]:
    """A constructor whose signature, which scikit-learn reads, has the further options after its own parameters."""
    signature = inspect.signature(init)
    own = [one for one in signature.parameters.values() if one.kind != inspect.Parameter.VAR_KEYWORD]
    further = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=OPTIONS[name].default) for name in FURTHER
    ]
    init.__signature__ = signature.replace(parameters=own + further)  # type: ignore[attr-defined]  # of functions
    return init

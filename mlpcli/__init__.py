"""mlpcli: an experiment runner for multilayer perceptrons, on NumPy, for the command line and for Python.

- `train` trains one network and returns a `Run`; `sweep` trains many and returns a `Sweep`.
- `open` reads the `Run` or `Sweep` in a folder of results, `load` a trained network, which is a `Model`.
- `MLPClassifier` and `MLPRegressor` are estimators of scikit-learn's kind; `to_estimator` makes one of a `Model`.
- `register` adds a part of your own. Every failure is an `Error`.

These names load when they are used, so that `import mlpcli` and `mlpcli --help` load no NumPy. `help(mlpcli.train)`
explains one; `__init__.pyi` has their types.
"""

__version__ = "0.2.0"

_HOMES = {
    "Error": "mlpcli.errors:MlpcliError",
    "MLPClassifier": "mlpcli.estimators.classifier:MLPClassifier",
    "MLPRegressor": "mlpcli.estimators.regressor:MLPRegressor",
    "Model": "mlpcli.training.model:Model",
    "Run": "mlpcli.api.run:Run",
    "Sweep": "mlpcli.api.sweep_results:Sweep",
    "load": "mlpcli.api.stored:load",
    "open": "mlpcli.api.stored:open_results",
    "register": "mlpcli.plugins.register:register",
    "sweep": "mlpcli.api.sweep:sweep",
    "to_estimator": "mlpcli.estimators:to_estimator",
    "train": "mlpcli.api.train:train",
}
"""Where each public name lives: module and name there."""


def __getattr__(name: str) -> object:
    """Load a public name at its first use."""
    if name not in _HOMES:
        raise AttributeError(f"module 'mlpcli' has no attribute {name!r}")
    import importlib  # not at the top, where it would double the time of `import mlpcli`

    module, _, inner = _HOMES[name].partition(":")
    found = globals()[name] = getattr(importlib.import_module(module), inner)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})

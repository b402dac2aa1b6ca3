"""Words of a picture: what axes, series and titles are called, in lines that fit.

>>> metric_name("val_accuracy"), bare(metric_name("val_accuracy")), axis_name(("width",))
('validation accuracy (share of rows)', 'validation accuracy', 'width (units per layer)')
"""

import textwrap

from mlpcli.config.metrics import METRICS, PARTS, Measure

__all__ = ["axis_name", "bare", "entry", "measure_name", "metric_name", "part_name", "upright", "wrap"]

_OTHERS = {
    "best_epoch": "best epoch",
    "epochs_run": "epochs run",
    "grad_norm": "gradient norm, mean of the epoch",
    "lr": "learning rate",
    "time_s": "training time (s)",
}
_UNITS = {
    "batch_size": "rows",
    "depth": "hidden layers",
    "dropout": "probability of dropping a unit",
    "hidden": "units per layer",
    "input_dropout": "probability of dropping an input",
    "lr": "learning rate",
    "lr_every": "epochs",
    "momentum_epochs": "epochs",
    "patience": "epochs",
    "warmup": "epochs",
    "width": "units per layer",
}


def metric_name(metric: str) -> str:
    """Axis label of a column of metrics.csv or trials.csv: `validation accuracy (share of rows)`."""
    measure = Measure.find(metric)
    return f"{PARTS[measure.part]} {measure_name(measure.metric.name)}" if measure else measure_name(metric)


def part_name(metric: str) -> str:
    """Name of the rows that a column is measured on: `validation`."""
    measure = Measure.find(metric)
    return metric if measure is None else PARTS[measure.part]


def measure_name(measure: str) -> str:
    """Name of a measure without its rows: `accuracy (share of rows)`."""
    if measure not in METRICS:
        return _OTHERS.get(measure, measure)
    metric = METRICS[measure]
    return f"{metric.label} ({metric.unit})" if metric.unit else metric.label


def axis_name(options: tuple[str, ...]) -> str:
    """Axis label of varied options: `width (units per layer)`."""
    unit = _UNITS.get(options[0]) if len(options) == 1 else None
    return f"{options[0]} ({unit})" if unit else ", ".join(options)


def bare(name: str) -> str:
    """An axis label without its unit, for a title: `validation accuracy`."""
    return name.partition(" (")[0]


def upright(name: str, inches: float) -> str:
    """Label of an axis `inches` long; one that is too long has its unit on a second line."""
    room = int(inches * 11)
    return "\n".join(wrap(part, room) for part in (name.replace(" (", "\n(") if len(name) > room else name).split("\n"))


def entry(name: str) -> str:
    """Label of a series for the legend, out of which matplotlib leaves those that begin with an underscore."""
    return f" {name}" if name.startswith("_") else name


def wrap(text: str, width: int = 32) -> str:
    """Text in lines of at most `width` characters; longer words are cut, and dollar signs are escaped."""
    return "\n".join(textwrap.wrap(text, width, break_on_hyphens=False)).replace("$", r"\$")

"""Report on a finished training: its scores beside those of simpler models, and what looks wrong.

Everything comes from result.json, so a run that finished long ago is reported as one that has just been trained.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from mlpcli.cli.views.cells import short
from mlpcli.config.choices import OPTIMIZERS
from mlpcli.config.metrics import METRICS, PARTS, Measure, Metric, monitored
from mlpcli.results.reading.simpler_models import constant_answer, simpler_models

__all__ = ["keeps_weights", "kept_weights", "remarks", "score_table"]

Result = Mapping[str, Any]

STUCK = 0.99
"""A training loss above this share of the constant answer's counts as nothing learned."""

VANISHED = 1e-6
"""A gradient in the first layer below this share of the output layer's counts as vanished."""

RESTRAINTS = {"dropout": 0.2, "weight_decay": 0.01}
"""What to try against overfitting."""

FEW_EPOCHS = 3
"""Below this number of epochs it says little that the first or the last one was the best."""


def keeps_weights(result: Result) -> bool:
    """Whether the run keeps weights; one that diverged before its first epoch has none that are finite."""
    return (result.get("diverged") or {}).get("epoch") != 0


def kept_weights(best_epoch: int, epochs_run: int, networks: int) -> str:
    """Which weights a run keeps.

    >>> kept_weights(7, 30, networks=1), kept_weights(7, 30, networks=8)
    ('weights of epoch 7 of 30', '8 networks with weights of epoch 7 of 30 (median)')
    """
    words = f"weights of epoch {best_epoch} of {epochs_run}"
    return words if networks == 1 else f"{networks} networks with {words} (median)"


def score_table(result: Result) -> tuple[list[str], list[list[str]]]:
    """Headers and rows: the scores on each part of the data, and those of simpler models on the last part.

    A row without a finite score is left out.
    """
    parts = {name: values for name, values in result["metrics"].items() if values}
    names = list(next(iter(parts.values())))
    last = list(parts)[-1]
    rows = dict(parts)
    rows |= {f"{last}, {name}": result[key][last] for key, name in simpler_models(result).items()}
    cells = {label: [short(values[name]) for name in names] for label, values in rows.items()}
    return ["", *names], [[label, *texts] for label, texts in cells.items() if any(texts)]


def remarks(result: Result) -> Iterator[str]:
    """Remarks on this training, each with a remedy to try, the gravest first."""
    if "baseline" not in result or result["state"] != "complete" or not result["epochs_run"]:
        return
    if "stopped" in result:
        epochs = f"epoch {result['epochs_run']} of {result['config']['epochs']}"
        yield f"{result['config']['optimizer']} ended at {epochs}: {result['stopped']}"
    if _is_stuck(result):
        yield _why_stuck(result)
        return
    yield from _against_simpler_models(result)
    yield from _best_epoch(result)


def _is_stuck(result: Result) -> bool:
    reached, constant = (result[key]["train"]["loss"] for key in ("metrics", "baseline"))
    return reached is not None and constant is not None and constant > 0 and reached > STUCK * constant


def _why_stuck(result: Result) -> str:
    flow = result["signal_flow"]
    first, output = flow["first_gradient_norm"], flow["output_gradient_norm"]
    norm = [] if result["config"].get("norm", "none") != "none" else ["--norm batch"]
    if norm and _is_full_batch(result):
        norm = ["--norm layer"]
    dead = [layer for layer, share in enumerate(flow["constant_units"], start=1) if share == 1]
    if dead:
        return (
            f"the network is dead: every unit of hidden layer {dead[0]} gives one output for all rows, so the inputs "
            f"do not reach the scores. Try {_either('a lower --lr', *norm, 'another --init')}"
        )
    if first is not None and output is not None and first < VANISHED * output:
        relu = [] if result["config"]["activation"] == "relu" else ["--activation relu"]
        advice = _either(*norm, "a smaller --depth", *relu)
        return (
            f"the gradient vanishes: its norm is {first:.1e} in the first layer and {output:.1e} in the output layer, "
            f"so the {len(flow['constant_units'])} hidden layers do not learn. Try {advice}"
        )
    return (
        f"training loss {short(result['metrics']['train']['loss'])} is no lower than that of a constant answer, "
        f"{short(result['baseline']['train']['loss'])}: nothing was learned. Try another --lr, or more --epochs"
    )


def _against_simpler_models(result: Result) -> Iterator[str]:
    """Whether the network does worse than a constant answer or a linear model on the rows it has not seen."""
    part = [name for name, values in result["metrics"].items() if values][-1]
    metric = _leading(result)
    reached, constant, linear = (result[key][part][metric.name] for key in ("metrics", "baseline", "linear"))
    if None in (reached, constant, linear):
        return
    said = f"{metric.label} {short(reached)} on the {PARTS[part]} rows"
    if metric.key(reached) >= metric.key(constant):
        trained, before = (result[key]["train"][metric.name] for key in ("metrics", "baseline"))
        fits = part != "train" and metric.key(trained) < metric.key(before)
        advice = (
            f"It fits the training rows alone: try {_restraint(result)}, a smaller --width or more rows"
            if fits
            else "Try another --lr, or more --epochs"
        )
        always = f"always answering {constant_answer(result)}, which gets {short(constant)}"
        yield f"{said} is no better than {always}. {advice}"
    elif metric.key(reached) > metric.key(linear) and result["config"]["hidden"]:
        other = f"--depth 0, {_restraint(result)} or another --lr"
        yield f"{said} is worse than {short(linear)} of a linear model. Try {other}"


def _best_epoch(result: Result) -> Iterator[str]:
    """Whether the best epoch stands at an end of the training, which says that it went on too long, or not enough."""
    config, best, last = result["config"], result["best_epoch"], result["epochs_run"]
    measure = Measure.find(config["monitor"])
    if measure is None or config["keep"] != "best" or last < FEW_EPOCHS or config.get("ensemble", 1) > 1:
        return  # of an ensemble it is a median
    if result["metrics"][measure.part][measure.metric.name] == measure.metric.bounds[measure.metric.larger_is_better]:
        return  # nothing is better than perfect
    if best == 1:
        yield (
            f"epoch 1 of {last} was the best by {measure}: what came after it did not help. Try a lower --lr, or "
            f"{_restraint(result)}"
        )
    elif best == last and "stopped" not in result:
        yield f"the last epoch was the best by {measure}: more may do better. Try --epochs {2 * config['epochs']}"


def _restraint(result: Result) -> str:
    """What keeps the network from learning the training rows by heart, beyond what does already."""
    config = result["config"]
    for name in ("weight_decay",) if _is_full_batch(result) else RESTRAINTS:
        if config.get(name, 0.0) < RESTRAINTS[name]:
            return f"--{name.replace('_', '-')} {RESTRAINTS[name]}"
    return "a larger --weight-decay"


def _either(*remedies: str) -> str:
    """`a, b or c`."""
    return " or ".join(filter(None, (", ".join(remedies[:-1]), remedies[-1])))


def _is_full_batch(result: Result) -> bool:
    """Whether the optimizer takes all rows at once, and so neither dropout nor batch norm."""
    optimizer = OPTIMIZERS.get(result["config"].get("optimizer"))
    return optimizer is not None and optimizer.full_batch


def _leading(result: Result) -> Metric:
    """The metric that is compared: the one that ranks runs of this task."""
    answer = result["baseline_answer"]
    targets = 1 if isinstance(answer, str) else len(answer)
    metric = monitored(result["config"]["task"], targets)
    return metric if metric.name in result["metrics"]["train"] else METRICS["loss"]

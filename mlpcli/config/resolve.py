"""From the options as given to those in effect: presets spelled out, `auto` replaced, and what nothing reads reset.

Equal resolved options are equal runs, so a sweep trains them once.
"""

from itertools import chain
from math import sqrt

from mlpcli.config.choices import ACTIVATIONS, OPTIMIZERS, SCHEDULES, default_loss
from mlpcli.config.metrics import Measure, monitored
from mlpcli.config.options import RunOptions
from mlpcli.config.presets import WITH_DATA
from mlpcli.config.rules import PER_LAYER, task_conflicts, validation_conflicts
from mlpcli.config.sources.merge import usage_error

__all__ = ["resolve", "unread", "waits_for_data", "with_preset"]

_WEIGHTS_TO_BIASES = 10.0  # learning rate of W over that of the biases
_REGRESSION_OUTPUT = 0.1

_READ_BY_SOME = frozenset(
    chain(*(row.reads for row in OPTIMIZERS.values()), *(row.reads for row in SCHEDULES.values()))
)


def resolve(
    options: RunOptions, *, task: str, scale: str, has_validation: bool, threads: int, targets: int = 1
) -> RunOptions:
    """The options with the values that are used in place of every `auto`, default and reference.

    Options that nothing reads are at their defaults.

    `task`, `scale`, `threads` and `targets`, their number, are what the data and the machine decide. Without validation
    rows nothing is monitored, so `monitor` stays auto. Resolving twice changes nothing.

    Raises:
        UsageError: options do not suit the task, or ask for validation rows where there are none.
    """
    broken = chain(task_conflicts(options, task), () if has_validation else validation_conflicts(options))
    if problems := [f"{conflict.options[0]}: {conflict.reason}" for conflict in broken]:
        raise usage_error(problems)
    used = {
        "task": task,
        "scale": scale,
        "split_seed": options.seed if options.split_seed == "seed" else options.split_seed,
        "init_scale": _default_init_scale(options, task),
        "init": ACTIVATIONS[options.activation].init if options.init == "auto" else options.init,
        "loss": default_loss(task) if options.loss == "auto" else options.loss,
        "keep": options.keep if has_validation else "last",
        "threads": threads,
    }
    if options.monitor == "auto" and has_validation:
        used["monitor"] = str(Measure("val", monitored(task, targets)))
    resolved = _once_for_all_layers(options.with_hidden().model_copy(update=used))
    defaults = {name: RunOptions.model_fields[name].default for name in unread(resolved)}
    resolved = resolved.model_copy(update=defaults)
    return resolved.model_copy(update={name: resolved.used(name) for name in ("lr", "beta2", "batch_size")})


def unread(options: RunOptions) -> set[str]:
    """The options that change no number of this run, because nothing in it reads them.

    >>> sorted(unread(RunOptions(optimizer="momentum", schedule="step")))
    ['beta1', 'beta2', 'eps', 'min_delta', 'momentum_final', 'norm_position']
    """
    read = {*OPTIMIZERS[options.optimizer].reads, *SCHEDULES[options.schedule].reads}
    ignored = set(_READ_BY_SOME - read)
    if options.momentum_epochs == 0:
        ignored.add("momentum_final")
    elif options.momentum_final == options.momentum:  # a change over some epochs, but to the same value
        ignored |= {"momentum_epochs", "momentum_final"}
    if OPTIMIZERS[options.optimizer].full_batch:
        ignored.add("batch_size")
    if options.folds or options.val_dataset or options.ensemble > 1:
        ignored.add("val_size")
    if not options.sizes:
        ignored |= {"dropout", "norm"}
        if options.init != "auto":
            ignored.add("activation")
    if options.norm == "none" or not options.sizes:
        ignored.add("norm_position")
    if options.patience:
        ignored.discard("min_delta")
    return ignored


def _default_init_scale(options: RunOptions, task: str) -> float | tuple[float, ...]:
    """With `init = "auto"` the output layer of a regression has a tenth of its scale.

    The network then begins near the mean of its targets, not with a random function of their size, which small data
    cannot unlearn (validation R2 on diabetes 0.52 instead of 0.44).
    """
    given = options.init_scale
    if options.init != "auto" or task != "regression":
        return given
    *hidden, output = given if isinstance(given, tuple) else (given,) * (len(options.sizes) + 1)
    return (*hidden, _REGRESSION_OUTPUT * output)


def _once_for_all_layers(options: RunOptions) -> RunOptions:
    """Equal values of all layers as the one value that means the same.

    Those that `init = "auto"` has set for a regression stay as they are, since run_ids of results are made of them: the
    scale of a single layer, and the zeros of a scale of 0.
    """
    values = {name: value for name in PER_LAYER if isinstance(value := getattr(options, name), tuple)}
    scales = values.get("init_scale", ())
    if options.task == "regression" and (len(scales) == 1 or not any(scales)):
        values.pop("init_scale", None)
    return options.model_copy(update={name: value[0] for name, value in values.items() if len(set(value)) == 1})


def waits_for_data(options: RunOptions, name: str) -> bool:
    """Whether the preset will set an option once the data are known."""
    return options.preset != "none" and name in WITH_DATA - options.model_fields_set


def with_preset(options: RunOptions, *, task: str, features: int) -> RunOptions:
    """Replace the name of a preset by its options; options without a preset are unchanged.

    The data decide learning rates and initial scales, which follow the sizes of the layers, and options that suit one
    task only. Options that were given are kept.
    """
    if options.preset == "none":
        return options
    values: dict[str, object] = {
        "lr_multiplier": tuple(_WEIGHTS_TO_BIASES / sqrt(count) for count in (features, *options.sizes)),
        "init_scale": (*(1.0 for _ in options.sizes), 0.0),
        "label_smoothing": 0.1 if task == "classification" else 0.0,
    }
    left = {name: value for name, value in values.items() if waits_for_data(options, name)}
    return options.model_copy(update={**left, "preset": "none"})

"""Every option of a run, declared once: its name, type, range, default, group and help.

The command line, the TOML reader, `--help`, error messages, the README's table, run_id and stacking all follow from
this page and that of the data: to add an option, add a field.
"""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal, Self

from pydantic import model_validator

from mlpcli.config.choices import (
    ACTIVATIONS,
    FOLLOWING,
    INITIALIZERS,
    LOSSES,
    NORMS,
    OPTIMIZERS,
    SCHEDULES,
    Optimizer,
    optimizers,
)
from mlpcli.config.data_options import DataOptions
from mlpcli.config.metrics import METRICS, Measure
from mlpcli.config.option_types import (
    About,
    Amount,
    Amounts,
    ClassWeights,
    Count,
    Decay,
    Depth,
    Epochs,
    Period,
    Positive,
    Seed,
    Share,
    Sizes,
    Threads,
    Width,
    one_of,
    option,
)
from mlpcli.config.presets import PRESETS

__all__ = ["RunOptions", "as_dict"]

_OWN_BETA2 = [f"{row.beta2} for {name}" for name, row in OPTIMIZERS.items() if row.beta2 != Optimizer.beta2]


def _readers(option: str) -> str:
    return optimizers(lambda row: option in row.reads)


class RunOptions(DataOptions):
    """The options of one run, each validated and in canonical form (`rules` says what they must not combine).

    Types are strict, as in `DataOptions`; `build` reads the words of a command line.
    """

    lift: Literal["none", "quadratic"] = option(
        "none", "Network", "append all squares and products of the scaled inputs"
    )

    width: Width = option(64, "Network", "units per hidden layer", identity=False, replicas="free")
    depth: Depth = option(2, "Network", "number of hidden layers; 0 is a linear model", identity=False, replicas="free")
    hidden: Sizes | None = option(
        None,
        "Network",
        "units of each hidden layer, such as 256,128,64; replaces width and depth",
        shown="width and depth",
    )
    activation: Annotated[str, one_of(ACTIVATIONS)] = option("relu", "Network", "nonlinearity of the hidden units")
    norm: Annotated[str, one_of(NORMS, "none")] = option("none", "Network", "normalization of each hidden layer")
    norm_position: Literal["before", "after"] = option(
        "before", "Network", "place of the normalization, before or after the activation"
    )
    init: Annotated[str, one_of(INITIALIZERS, "auto")] = option(
        "auto",
        "Network",
        "initial weights; auto gives a regression's output layer a tenth of its scale; the last three are set by hand",
    )
    init_scale: Amount | Amounts = option(
        1.0, "Network", "factor of the initial weights; one value, or one per layer", replicas="free"
    )
    init_bias: Amount | Amounts = option(
        0.0, "Network", "standard deviation of the initial biases; one value, or one per layer", replicas="free"
    )
    input_gain: Amount = option(
        0.0,
        "Network",
        "learn a factor for each input, at this multiple of the learning rate; 0 is off",
        replicas="switched",
    )

    loss: Annotated[str, one_of(LOSSES, "auto")] = option(
        "auto", "Loss", "function that training minimizes; auto is cross-entropy for classes, squared for regression"
    )
    label_smoothing: Share = option(
        0.0, "Loss", "weight of the uniform distribution mixed into the class targets", replicas="switched"
    )
    class_weight: ClassWeights = option(
        "none",
        "Loss",
        "weights of the classes, as in no=1,yes=5, scaled to a mean of 1 per row; balanced gives each class the same "
        "total; classes not named weigh 1",
    )

    dropout: Share = option(0.0, "Regularization", "probability of dropping a hidden unit", replicas="switched")
    input_dropout: Share = option(0.0, "Regularization", "probability of dropping an input", replicas="switched")
    weight_decay: Amount = option(
        0.0,
        "Regularization",
        f"L2 penalty on the weights; decoupled in {optimizers(lambda row: row.decoupled)}",
        replicas="switched",
    )
    max_norm: Amount | Amounts = option(
        0.0,
        "Regularization",
        "bound on the norm of the incoming weights of a unit; one value, or one per layer; 0 is off",
        replicas="switched",
    )
    clip_norm: Amount = option(
        0.0, "Regularization", "bound on the global norm of the gradient; 0 is off", replicas="switched"
    )

    optimizer: Annotated[str, one_of(OPTIMIZERS)] = option(
        "adam",
        "Optimization",
        "algorithm that turns gradients into steps; lbfgs takes one per epoch, on all rows; lr is the length that it "
        "tries first",
    )
    lr: Positive | None = option(None, "Optimization", "learning rate", shown="the optimizer's own", replicas="free")
    lr_multiplier: Amount | Amounts = option(
        1.0,
        "Optimization",
        "factor of the learning rate of the weights, not of biases and norms; one value, or one per layer",
        replicas="free",
    )
    momentum: Share = option(0.9, "Optimization", f"decay of the velocity, for {_readers('momentum')}", replicas="free")
    momentum_final: Share = option(
        0.9, "Optimization", "momentum after momentum_epochs, reached linearly", replicas="free"
    )
    momentum_epochs: Amount = option(
        0.0, "Optimization", "epochs over which momentum moves to momentum_final; 0 is off", replicas="free"
    )
    beta1: Share = option(0.9, "Optimization", f"decay of the mean gradient, for {_readers('beta1')}", replicas="free")
    beta2: Share | None = option(
        None,
        "Optimization",
        f"decay of the mean squared gradient, for {_readers('beta2')}",
        shown=f"{', '.join(_OWN_BETA2)}, else {Optimizer.beta2}",
        replicas="free",
    )
    eps: Positive = option(1e-8, "Optimization", f"added to the denominator, for {_readers('eps')}", replicas="free")
    schedule: Annotated[str, one_of(SCHEDULES)] = option(
        "constant",
        "Optimization",
        "course of the learning rate; linear and cosine fall to 0; cycles are four waves from 0 to lr and back; "
        "plateau follows the monitor",
    )
    lr_decay: Decay = option(
        0.5,
        "Optimization",
        "factor of the step, exponential and plateau schedules, see lr_every; rate of the inverse",
        replicas="free",
    )
    lr_every: Period = option(
        10.0,
        "Optimization",
        "epochs between two applications of lr_decay; for plateau, epochs without improvement that it tolerates",
        replicas="free",
    )
    warmup: Amount = option(
        0.0, "Optimization", "epochs over which the learning rate rises linearly from 0", replicas="switched"
    )

    preset: Annotated[str, one_of(PRESETS)] = option(
        "none",
        "Training",
        "procedure that fills in options not given; tabular is for tables: an ensemble of 8, mostly as RealMLP trains",
        identity=False,
        replicas="free",
    )
    batch_size: Count | Literal["full"] = option(32, "Training", "rows per step; full takes all training rows at once")
    epochs: Epochs = option(30, "Training", "passes over the training rows; 0 writes the initial network")
    monitor: Annotated[str, one_of([str(Measure("val", metric)) for metric in METRICS.values()], "auto")] = option(
        "auto",
        "Training",
        "metric that chooses the best epoch; auto is val_accuracy, val_rmse, or val_loss for several targets",
    )
    patience: Epochs = option(
        0, "Training", "epochs without a better monitor before stopping; 0 is off", replicas="switched"
    )
    min_delta: Amount = option(
        0.0,
        "Training",
        "smallest improvement of the monitor that patience and plateau accept as better, scikit-learn's tol",
        replicas="free",
    )
    keep: Literal["best", "last"] = option("best", "Training", "epoch whose weights are kept")
    seed: Seed = option(
        0, "Training", "seed of the initial weights, the order of rows and the dropout masks", replicas="free"
    )
    threads: Threads | Literal["auto"] = option("auto", "Training", "threads of the matrix products")
    record: bool = option(
        False,
        "Training",
        "write diagnostics.csv: gradient variance and the input of one unit, per epoch",
        shown="false",
        identity=False,
    )
    record_weights: bool = option(
        False,
        "Training",
        "keep the weights of every epoch in weights.safetensors; small networks only",
        shown="false",
        identity=False,
    )

    @model_validator(mode="before")
    @classmethod
    def _over_the_preset(cls, given: Any) -> Any:
        """The given values over those that the preset fixes without the data; `with_preset` adds the rest."""
        name = given.get("preset") if isinstance(given, dict) else None
        return {**PRESETS[name], **given} if isinstance(name, str) and name in PRESETS else given

    @property
    def data(self) -> DataOptions:
        """The options that decide the prepared arrays, `split_seed` as the number that it stands for."""
        asked = {name: getattr(self, name) for name in DataOptions.model_fields}
        if self.split_seed == "seed":
            asked["split_seed"] = self.seed
        return DataOptions.model_construct(**asked)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Units of each hidden layer."""
        return (self.width,) * self.depth if self.hidden is None else self.hidden

    def used(self, name: str) -> Any:
        """The value of an option; where none is given, the optimizer's own, of those that it has.

        A batch of an optimizer that takes all rows is full, whatever is given.
        """
        value, optimizer = getattr(self, name), OPTIMIZERS[self.optimizer]
        if name == "batch_size" and optimizer.full_batch:
            return "full"
        return getattr(optimizer, name) if value is None and name in FOLLOWING["optimizer"] else value

    def with_hidden(self) -> Self:
        """The same network with its sizes in `hidden`; width and depth, which that replaces, at their defaults."""
        fields = type(self).model_fields
        return self.model_copy(
            update={"hidden": self.sizes, "width": fields["width"].default, "depth": fields["depth"].default}
        )

    @classmethod
    @cache
    def about(cls) -> Mapping[str, About]:
        """Facts about each option, by name."""
        extras: dict[str, Any] = {name: field.json_schema_extra for name, field in cls.model_fields.items()}
        return {name: extra["about"] for name, extra in extras.items()}


def as_dict(options: RunOptions) -> dict[str, object]:
    """The options as numbers, strings and lists, for config.toml, result.json and models; `build` reads them back.

    Left out are those that are None, and width and depth where hidden replaces them.
    """
    replaced = ("width", "depth") if options.hidden is not None else ()
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in options
        if value is not None and name not in replaced
    }

"""Every option of a run, declared once: its name, type, range, default, group and help.

The command line, the TOML reader, `--help`, error messages and the README's table are all made from this page: to
add an option, add a field.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from mlpcli.config.presets import PRESETS

__all__ = ["DEFAULT_LR", "MAX_DEPTH", "MAX_ROWS", "MAX_SEED", "MAX_WIDTH", "DataOptions", "RunOptions"]

MAX_DEPTH = 1_000
MAX_WIDTH = 1_000_000
MAX_ROWS = 10**9
MAX_SEED = 2**63 - 1

DEFAULT_LR = {"sgd": 0.1, "momentum": 0.01, "nesterov": 0.01, "rmsprop": 1e-3, "adam": 5e-3, "adamw": 5e-3}


def _split_sizes(value: object) -> object:
    """`"256,128,64"`, `[256, 128, 64]` and the single size `256` are one tuple of integers."""
    if isinstance(value, str):
        try:
            return tuple(int(part) for part in value.split(","))
        except ValueError:
            return value
    if type(value) is int:
        return (value,)
    return _freeze(value)


def _split_names(value: object) -> object:
    """`"age,height"` and `["age", "height"]` are one tuple of names."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(","))
    return _freeze(value)


def _freeze(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _without_sign_of_zero(value: float) -> float:
    """-0.0 and 0.0 are one value, so they must be one text and one identity."""
    return value + 0.0


def _without_fraction_of_none(value: int | float) -> int | float:
    """No rows at all: the fraction 0.0 and the count 0 are one value."""
    return value or 0


def _in_any_order(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names that are a set, so one order of them is the canonical one."""
    return tuple(sorted(set(names)))


_Name = Annotated[str, Field(pattern=r"^[^\x00]{1,4096}$")]
_Character = Annotated[str, Field(pattern=r"^[\x01-\x09\x0b\x0c\x0e-!#-\x7f]$", description="one ASCII character")]
_Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
_Width = Annotated[int, Field(ge=1, le=MAX_WIDTH)]
_Depth = Annotated[int, Field(ge=0, le=MAX_DEPTH)]
_Epochs = Annotated[int, Field(ge=0, le=1_000_000)]
_Sizes = Annotated[tuple[_Width, ...], Field(max_length=MAX_DEPTH), BeforeValidator(_split_sizes)]
_Names = Annotated[tuple[_Name, ...], Field(min_length=1), BeforeValidator(_split_names)]
_Share = Annotated[float, Field(ge=0, lt=1), AfterValidator(_without_sign_of_zero)]
_Amount = Annotated[float, Field(ge=0), AfterValidator(_without_sign_of_zero)]
_Amounts = Annotated[tuple[_Amount, ...], Field(min_length=1), BeforeValidator(_freeze)]
_Positive = Annotated[float, Field(gt=0)]
_Decay = Annotated[float, Field(gt=0, le=1)]
_Period = Annotated[float, Field(ge=1e-3)]
_Rows = Annotated[
    Annotated[int, Field(ge=0, le=MAX_ROWS)] | Annotated[float, Field(ge=0, lt=1)],
    AfterValidator(_without_fraction_of_none),
]
_BatchSize = Annotated[int, Field(ge=1, le=MAX_ROWS)]
_Threads = Annotated[int, Field(ge=1, le=1024)]


def _option(default: object, group: str, help: str, *, shown: str | None = None) -> Any:
    """A field of `RunOptions`; `shown` says what a default of None means."""
    return Field(default, description=help, json_schema_extra={"group": group, "shown": shown})


class DataOptions(BaseModel):
    """What decides the arrays that a run trains on: equal values are one prepared dataset in the cache.

    Types are strict: True is no integer, "64" no number, and nan and the infinities are refused. `RunOptions.data` is
    the value of a run, in which `split_seed` is a number.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    dataset: _Name = _option("digits", "Data", "a card's name, a table's path, openml:NAME or idx:FOLDER")
    target: _Names | None = _option(
        None, "Data", "column to predict, for tables; several, comma separated, for regression", shown="the card's"
    )
    drop: Annotated[_Names, AfterValidator(_in_any_order)] | None = _option(
        None, "Data", "columns to leave out, comma separated", shown="none"
    )
    delimiter: _Character | None = _option(
        None, "Data", "what parts the cells of a .csv or .tsv file", shown="by its suffix"
    )
    encoding: _Name | None = _option(None, "Data", "characters of a .csv or .tsv file", shown="utf-8")
    task: Literal["auto", "classification", "regression"] = _option("auto", "Data", "what to learn")
    scale: Literal["auto", "standard", "robust", "robust-clip", "minmax", "unit", "none"] = _option(
        "auto", "Data", "how inputs are scaled, fitted on the training rows"
    )
    test_size: _Rows = _option(0.2, "Data", "test rows: a fraction of all rows, or a number of rows")
    val_size: _Rows = _option(0.1, "Data", "validation rows: a fraction of all rows, or a number of rows")
    split_seed: _Seed | Literal["seed"] = _option(0, "Data", "seed of the split; the word seed makes it follow seed")
    dtype: Literal["float32", "float64"] = _option("float32", "Data", "precision of the data and of all arithmetic")


class RunOptions(DataOptions):
    """The options of one run, validated one by one and in canonical form (`rules` holds what they must not combine).

    Types are strict, as those of `DataOptions`; `build` reads the words of a command line.
    """

    lift: Literal["none", "quadratic"] = _option("none", "Data", "append all squares and products of the scaled inputs")

    width: _Width = _option(64, "Network", "units per hidden layer")
    depth: _Depth = _option(2, "Network", "number of hidden layers; 0 is a linear model")
    hidden: _Sizes | None = _option(
        None, "Network", "explicit sizes, such as 256,128,64; replaces width and depth", shown="width and depth"
    )
    activation: Literal[
        "relu", "leaky-relu", "elu", "selu", "gelu", "silu", "mish", "softplus", "sigmoid", "tanh", "identity"
    ] = _option("relu", "Network", "nonlinearity of the hidden units")
    norm: Literal["none", "batch", "layer"] = _option("none", "Network", "normalization of each hidden layer")
    norm_position: Literal["before", "after"] = _option("before", "Network", "normalize before or after the activation")
    init: Literal["auto", "he", "glorot", "lecun", "normal", "zeros", "xor", "interpolate", "sawtooth"] = _option(
        "auto",
        "Network",
        "initial weights; auto gives a regression's output layer a tenth of its scale; the last three are set by hand",
    )
    init_scale: _Amount | _Amounts = _option(1.0, "Network", "factor of the initial weights, one or one a layer")
    init_bias: _Amount | _Amounts = _option(
        0.0, "Network", "standard deviation of the initial biases, one or one a layer"
    )
    input_gain: _Amount = _option(
        0.0, "Network", "learn a factor for each input, at so many times the learning rate; 0 is off"
    )

    loss: Literal["auto", "cross-entropy", "squared", "absolute", "huber"] = _option(
        "auto", "Loss", "what is minimized; auto is cross-entropy for classes, squared for regression"
    )
    label_smoothing: _Share = _option(0.0, "Loss", "weight of the uniform distribution mixed into the class targets")
    class_weight: Literal["none", "balanced"] = _option("none", "Loss", "balanced gives every class the same weight")

    dropout: _Share = _option(0.0, "Regularization", "probability of dropping a hidden unit")
    input_dropout: _Share = _option(0.0, "Regularization", "probability of dropping an input")
    weight_decay: _Amount = _option(0.0, "Regularization", "L2 penalty on the weights; decoupled in adamw")
    max_norm: _Amount | _Amounts = _option(
        0.0, "Regularization", "bound on the norm of each unit's incoming weights, one or one a layer; 0 is off"
    )
    clip_norm: _Amount = _option(0.0, "Regularization", "bound on the global norm of the gradient; 0 is off")

    optimizer: Literal["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"] = _option(
        "adam", "Optimization", "how gradients become steps"
    )
    lr: _Positive | None = _option(None, "Optimization", "learning rate", shown="the optimizer's own")
    lr_multiplier: _Amount | _Amounts = _option(
        1.0, "Optimization", "factor of the learning rate of the weights, not of biases and norms, one or one a layer"
    )
    momentum: _Share = _option(0.9, "Optimization", "decay of the velocity, for momentum and nesterov")
    momentum_final: _Share = _option(0.9, "Optimization", "what momentum comes to, linearly, in momentum_epochs")
    momentum_epochs: _Amount = _option(0.0, "Optimization", "epochs in which momentum becomes momentum_final; 0 is off")
    beta1: _Share = _option(0.9, "Optimization", "decay of the gradient's mean, for adam and adamw")
    beta2: _Share = _option(0.999, "Optimization", "decay of the squared gradient's mean, for adam and adamw")
    eps: _Positive = _option(1e-8, "Optimization", "added to the denominator, for rmsprop, adam and adamw")
    schedule: Literal["constant", "step", "exponential", "inverse", "linear", "cosine", "cycles"] = _option(
        "constant", "Optimization", "how the learning rate falls; linear, cosine and the four waves of cycles end at 0"
    )
    lr_decay: _Decay = _option(
        0.5, "Optimization", "factor of the step and exponential schedules every lr_every epochs; rate of the inverse"
    )
    lr_every: _Period = _option(10.0, "Optimization", "epochs that lr_decay is for")
    warmup: _Amount = _option(0.0, "Optimization", "epochs in which the learning rate rises linearly from 0")

    preset: Literal["none", "tabular"] = _option(
        "none", "Training", "a published procedure, beneath all that is given; tabular is RealMLP's for tables"
    )
    batch_size: _BatchSize | Literal["full"] = _option(32, "Training", "rows a step; full is the full pass")
    epochs: _Epochs = _option(30, "Training", "passes over the training rows; 0 writes the initial network")
    monitor: Literal["auto", "val_loss", "val_accuracy", "val_rmse", "val_r2", "val_max_error"] = _option(
        "auto", "Training", "what the best epoch is best by; auto is val_accuracy or val_rmse"
    )
    patience: _Epochs = _option(0, "Training", "epochs without a better monitor before stopping; 0 is off")
    keep: Literal["best", "last"] = _option("best", "Training", "which epoch's weights are kept")
    seed: _Seed = _option(0, "Training", "seed of initial weights, order of rows and dropout masks")
    threads: _Threads | Literal["auto"] = _option("auto", "Training", "threads of the matrix products")
    record: bool = _option(
        False, "Training", "write diagnostics.csv: gradient variance and a unit's input, each epoch", shown="false"
    )

    @model_validator(mode="before")
    @classmethod
    def _over_the_preset(cls, given: Any) -> Any:
        """What is given, over what its preset says without the data; `with_preset` adds the rest."""
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

    def with_hidden(self) -> Self:
        """The same network with `hidden` saying its sizes; width and depth, which it replaces, at their defaults."""
        fields = type(self).model_fields
        return self.model_copy(
            update={"hidden": self.sizes, "width": fields["width"].default, "depth": fields["depth"].default}
        )

"""Every option of a run, declared once: its name, type, range, default, group and help.

The command line, the TOML reader, `--help`, error messages, the README's table, run_id and stacking all follow from
this page: to add an option, add a field.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import CoreSchema, core_schema

from mlpcli.config.choices import ACTIVATIONS, INITIALIZERS, LOSSES, NORMS, OPTIMIZERS, SCHEDULES
from mlpcli.config.metrics import METRICS, Measure
from mlpcli.config.presets import PRESETS

__all__ = [
    "MAX_DEPTH",
    "MAX_ROWS",
    "MAX_SEED",
    "MAX_WIDTH",
    "About",
    "Choice",
    "DataOptions",
    "Replicas",
    "RunOptions",
    "as_dict",
]

MAX_DEPTH = 1_000
MAX_WIDTH = 1_000_000
MAX_ROWS = 10**9
MAX_SEED = 2**63 - 1


@dataclass(frozen=True)
class Choice:
    """The type of an option that takes one of some words, which a table of `choices` may give."""

    words: tuple[str, ...]

    @property
    def description(self) -> str:
        """The words as messages and tables list them."""
        return f"one of {', '.join(self.words)}"

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.literal_schema(list(self.words))


Replicas = Literal["equal", "free", "switched"]
"""Condition that an option sets for runs that one network trains together: an equal value; nothing; or that all have it
at 0 or none has, because 0 switches its code off."""


@dataclass(frozen=True)
class About:
    """Facts about an option beside its type, default and help.

    `shown` says what a default of None means. `identity` is False for options that change no number of a run, or for
    which others stand in run_id: the digest of the data for its name, hidden for width and depth.
    """

    group: str
    shown: str | None = None
    identity: bool = True
    replicas: Replicas = "equal"


def _one_of(words: Iterable[str]) -> Choice:
    return Choice(tuple(words))


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


def _named_character(value: object) -> object:
    r"""A tab that is written as a command line can write it: `\t` or `tab`."""
    return "\t" if value in ("\\t", "tab") else value


def _in_any_order(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names that are a set, so one order of them is the canonical one."""
    return tuple(sorted(set(names)))


_Name = Annotated[str, Field(pattern=r"^[^\x00]{1,4096}$")]
_Character = Annotated[
    str,
    Field(pattern=r"^[\x01-\x09\x0b\x0c\x0e-!#-\x7f]$", description="one ASCII character"),
    BeforeValidator(_named_character),
]
_Grouping = Annotated[
    str, Field(pattern=r"^[,.'_ \u00a0\u202f]$", description="a comma, a point, an apostrophe, a space or _")
]
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
_Count = Annotated[int, Field(ge=1, le=MAX_ROWS)]
_Threads = Annotated[int, Field(ge=1, le=1024)]


def _option(
    default: object,
    group: str,
    help: str,
    *,
    shown: str | None = None,
    identity: bool = True,
    replicas: Replicas = "equal",
) -> Any:
    """A field of `RunOptions`; see `About`."""
    about = About(group, shown, identity, replicas)
    return Field(default, description=help, json_schema_extra={"about": about})  # type: ignore[dict-item]  # not JSON


def _reading(default: object, help: str, *, shown: str | None = None) -> Any:
    """An option that says how a table file is read; the digest of the data holds what it makes of the file."""
    return _option(default, "Reading", help, shown=shown, identity=False, replicas="free")


class DataOptions(BaseModel):
    """The options that decide the arrays of a run: equal values are one prepared dataset in the cache.

    Types are strict: True is not an integer, "64" not a number, and nan and the infinities are refused.
    `RunOptions.data` is the value of a run, in which `split_seed` is a number.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    dataset: _Name = _option(
        "digits",
        "Data",
        "name of a card, path of a table, openml:NAME or idx:FOLDER",
        identity=False,
        replicas="free",
    )
    target: _Names | None = _option(
        None, "Data", "column of a table to predict; several, comma-separated, for regression", shown="the card's"
    )
    drop: Annotated[_Names, AfterValidator(_in_any_order)] | None = _option(
        None, "Data", "columns to leave out, comma-separated", shown="none"
    )
    task: Literal["auto", "classification", "regression"] = _option(
        "auto", "Data", "kind of prediction; auto follows the target"
    )
    scale: Literal["auto", "standard", "robust", "robust-clip", "minmax", "unit", "none"] = _option(
        "auto", "Data", "scaling of the inputs, fitted on the training rows"
    )
    test_size: _Rows = _option(0.2, "Data", "test rows: a fraction of all rows, or a number of rows")
    val_size: _Rows = _option(0.1, "Data", "validation rows: a fraction of all rows, or a number of rows")
    split: Literal["auto", "random", "stratified", "group", "ordered"] = _option(
        "auto", "Data", "way of splitting the rows; ordered tests on the last ones; auto is group, stratified or random"
    )
    groups: _Name | None = _option(
        None, "Data", "column whose equal values stay on one side of the split", shown="none"
    )
    split_seed: _Seed | Literal["seed"] = _option(0, "Data", "seed of the split; the word seed makes it follow seed")
    min_frequency: _Count = _option(1, "Data", "training rows that a category needs; rarer ones are joined")
    drop_unlabelled: bool = _option(False, "Data", "leave out rows whose target is missing", shown="false")
    dtype: Literal["float32", "float64"] = _option("float32", "Data", "precision of the data and of all arithmetic")

    delimiter: _Character | Literal["whitespace"] | None = _reading(
        None, "column separator of a text file", shown="by its suffix"
    )
    encoding: _Name | None = _reading(None, "character encoding of a text file", shown="utf-8")
    header: bool | None = _reading(None, "first line as the names of the columns", shown="true")
    column_names: _Names | None = _reading(
        None, "names of the columns of a file without a line of names", shown="its first line"
    )
    decimal: Literal[".", ","] = _reading(".", "decimal mark")
    thousands: _Grouping | None = _reading(None, "mark between groups of three digits", shown="none")
    units: _Names | None = _reading(None, "texts beside numbers that are ignored, such as $ or kg", shown="none")
    missing: _Names | None = _reading(None, "marks of missing values beside the usual ones", shown="the usual ones")
    categories: _Names | None = _reading(None, "columns of numbers that are codes of categories", shown="none")


class RunOptions(DataOptions):
    """The options of one run, each validated and in canonical form (`rules` says what they must not combine).

    Types are strict, as in `DataOptions`; `build` reads the words of a command line.
    """

    lift: Literal["none", "quadratic"] = _option(
        "none", "Network", "append all squares and products of the scaled inputs"
    )

    width: _Width = _option(64, "Network", "units per hidden layer", identity=False, replicas="free")
    depth: _Depth = _option(
        2, "Network", "number of hidden layers; 0 is a linear model", identity=False, replicas="free"
    )
    hidden: _Sizes | None = _option(
        None,
        "Network",
        "units of each hidden layer, such as 256,128,64; replaces width and depth",
        shown="width and depth",
    )
    activation: Annotated[str, _one_of(ACTIVATIONS)] = _option("relu", "Network", "nonlinearity of the hidden units")
    norm: Annotated[str, _one_of(["none", *NORMS])] = _option("none", "Network", "normalization of each hidden layer")
    norm_position: Literal["before", "after"] = _option(
        "before", "Network", "place of the normalization, before or after the activation"
    )
    init: Annotated[str, _one_of(["auto", *INITIALIZERS])] = _option(
        "auto",
        "Network",
        "initial weights; auto gives a regression's output layer a tenth of its scale; the last three are set by hand",
    )
    init_scale: _Amount | _Amounts = _option(
        1.0, "Network", "factor of the initial weights; one value, or one per layer", replicas="free"
    )
    init_bias: _Amount | _Amounts = _option(
        0.0, "Network", "standard deviation of the initial biases; one value, or one per layer", replicas="free"
    )
    input_gain: _Amount = _option(
        0.0,
        "Network",
        "learn a factor for each input, at this multiple of the learning rate; 0 is off",
        replicas="switched",
    )

    loss: Annotated[str, _one_of(["auto", *LOSSES])] = _option(
        "auto", "Loss", "function that training minimizes; auto is cross-entropy for classes, squared for regression"
    )
    label_smoothing: _Share = _option(
        0.0, "Loss", "weight of the uniform distribution mixed into the class targets", replicas="switched"
    )
    class_weight: Literal["none", "balanced"] = _option(
        "none", "Loss", "weight of the classes; balanced gives each the same total"
    )

    dropout: _Share = _option(0.0, "Regularization", "probability of dropping a hidden unit", replicas="switched")
    input_dropout: _Share = _option(0.0, "Regularization", "probability of dropping an input", replicas="switched")
    weight_decay: _Amount = _option(
        0.0, "Regularization", "L2 penalty on the weights; decoupled in adamw", replicas="switched"
    )
    max_norm: _Amount | _Amounts = _option(
        0.0,
        "Regularization",
        "bound on the norm of the incoming weights of a unit; one value, or one per layer; 0 is off",
        replicas="switched",
    )
    clip_norm: _Amount = _option(
        0.0, "Regularization", "bound on the global norm of the gradient; 0 is off", replicas="switched"
    )

    optimizer: Annotated[str, _one_of(OPTIMIZERS)] = _option(
        "adam", "Optimization", "algorithm that turns gradients into steps"
    )
    lr: _Positive | None = _option(None, "Optimization", "learning rate", shown="the optimizer's own", replicas="free")
    lr_multiplier: _Amount | _Amounts = _option(
        1.0,
        "Optimization",
        "factor of the learning rate of the weights, not of biases and norms; one value, or one per layer",
        replicas="free",
    )
    momentum: _Share = _option(0.9, "Optimization", "decay of the velocity, for momentum and nesterov", replicas="free")
    momentum_final: _Share = _option(
        0.9, "Optimization", "momentum after momentum_epochs, reached linearly", replicas="free"
    )
    momentum_epochs: _Amount = _option(
        0.0, "Optimization", "epochs over which momentum moves to momentum_final; 0 is off", replicas="free"
    )
    beta1: _Share = _option(0.9, "Optimization", "decay of the mean gradient, for adam and adamw", replicas="free")
    beta2: _Share | None = _option(
        None,
        "Optimization",
        "decay of the mean squared gradient, for rmsprop, adam and adamw",
        shown="0.99 for rmsprop, else 0.999",
        replicas="free",
    )
    eps: _Positive = _option(
        1e-8, "Optimization", "added to the denominator, for rmsprop, adam and adamw", replicas="free"
    )
    schedule: Annotated[str, _one_of(SCHEDULES)] = _option(
        "constant", "Optimization", "course of the learning rate; linear, cosine and the four waves of cycles end at 0"
    )
    lr_decay: _Decay = _option(
        0.5,
        "Optimization",
        "factor of the step and exponential schedules every lr_every epochs; rate of the inverse",
        replicas="free",
    )
    lr_every: _Period = _option(10.0, "Optimization", "epochs between two applications of lr_decay", replicas="free")
    warmup: _Amount = _option(
        0.0, "Optimization", "epochs over which the learning rate rises linearly from 0", replicas="switched"
    )

    preset: Annotated[str, _one_of(PRESETS)] = _option(
        "none",
        "Training",
        "published procedure that fills in options not given; tabular is RealMLP's for tables",
        identity=False,
        replicas="free",
    )
    batch_size: _Count | Literal["full"] = _option(
        32, "Training", "rows per step; full takes all training rows at once"
    )
    epochs: _Epochs = _option(30, "Training", "passes over the training rows; 0 writes the initial network")
    monitor: Annotated[str, _one_of(["auto", *(str(Measure("val", metric)) for metric in METRICS.values())])] = _option(
        "auto",
        "Training",
        "metric that chooses the best epoch; auto is val_accuracy, val_rmse, or val_loss for several targets",
    )
    patience: _Epochs = _option(
        0, "Training", "epochs without a better monitor before stopping; 0 is off", replicas="switched"
    )
    keep: Literal["best", "last"] = _option("best", "Training", "epoch whose weights are kept")
    seed: _Seed = _option(
        0, "Training", "seed of the initial weights, the order of rows and the dropout masks", replicas="free"
    )
    threads: _Threads | Literal["auto"] = _option("auto", "Training", "threads of the matrix products")
    record: bool = _option(
        False,
        "Training",
        "write diagnostics.csv: gradient variance and the input of one unit, per epoch",
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
        """The value of an option; where none is given, the optimizer's own, of those that it has."""
        value = getattr(self, name)
        return getattr(OPTIMIZERS[self.optimizer], name) if value is None and name in ("lr", "beta2") else value

    def with_hidden(self) -> Self:
        """The same network with its sizes in `hidden`; width and depth, which that replaces, at their defaults."""
        fields = type(self).model_fields
        return self.model_copy(
            update={"hidden": self.sizes, "width": fields["width"].default, "depth": fields["depth"].default}
        )

    @classmethod
    def about(cls) -> dict[str, About]:
        """What is known of each option, by name."""
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

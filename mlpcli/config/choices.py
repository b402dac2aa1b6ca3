"""Facts about each activation, norm, initializer, loss, optimizer and schedule, known before NumPy is loaded.

The options take their choices from these tables, and rules, defaults, costs and the builder read their facts here. The
functions themselves stand in the registries of `nn` and `optim`, under the same names. User-defined parts join both by
`mlpcli.register`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

__all__ = [
    "ACTIVATIONS",
    "COMPONENTS",
    "FOLLOWING",
    "INITIALIZERS",
    "LOSSES",
    "NORMS",
    "OPTIMIZERS",
    "SCHEDULES",
    "Activation",
    "Component",
    "Construction",
    "Initializer",
    "Loss",
    "Norm",
    "Optimizer",
    "Origin",
    "Schedule",
    "default_loss",
    "optimizers",
]


@dataclass(frozen=True)
class Origin:
    """The source of a user-defined part: the name of its file, None for the running program, and its SHA-256."""

    file: str | None
    sha256: str


@dataclass(frozen=True)
class Component:
    """A part of a network or of its training; `origin` is None for ours.

    `carrier` is what a pickle holds of a part that is not ours: unpickling it registers the part.
    """

    origin: Origin | None = field(default=None, kw_only=True)
    carrier: object = field(default=None, kw_only=True, compare=False, repr=False)


@dataclass(frozen=True)
class Activation(Component):
    """`init`: the initializer that keeps the variance of the signal through layers of it.

    `formula`: the function of t in the language of `mlpcli graph`, which the gradient check differentiates and exports
    translate; an empty one has no such form. It is stable for large |t|: exponentials are taken of non-positive
    arguments only.
    """

    init: str = "glorot"
    formula: str = ""


ACTIVATIONS = {
    "relu": Activation("he", "relu(t)"),
    "leaky-relu": Activation("he", "max(t, 0.01 * t)"),
    "elu": Activation("he", "max(t, 0) + exp(min(t, 0)) - 1"),
    "selu": Activation("lecun", "1.0507009873554805 * (max(t, 0) + 1.6732632423543772 * (exp(min(t, 0)) - 1))"),
    "gelu": Activation("he", "t / 2 * (1 + tanh(0.7978845608028654 * (t + 0.044715 * t * t * t)))"),
    "silu": Activation("he", "t * sigmoid(t)"),
    "mish": Activation("he", "t * tanh(max(t, 0) + log(1 + exp(-abs(t))))"),
    "softplus": Activation("he", "max(t, 0) + log(1 + exp(-abs(t)))"),
    "sigmoid": Activation("glorot", "sigmoid(t)"),
    "tanh": Activation("glorot", "tanh(t)"),
    "identity": Activation("glorot", "t"),
}
"""The initializers are those of He et al. 2015, Klambauer et al. 2017 (selu) and Glorot and Bengio 2010."""


@dataclass(frozen=True)
class Norm(Component):
    """`over_rows`: its statistics are taken over the rows of a batch, so that it needs two rows and cancels a bias."""

    over_rows: bool = False


NORMS = {"batch": Norm(over_rows=True), "layer": Norm(over_rows=False)}


@dataclass(frozen=True)
class Construction:
    """The architecture and the data that weights set by hand fit (LECTURE: XOR, interpolation, Telgarsky's sawtooth).

    `layers` and `width` None fit any; `inputs` is the number of features, `classes` 0 a numeric target.
    """

    layers: int | None
    width: int | None
    remedy: str
    inputs: int
    classes: int
    needs: str

    def fits(self, sizes: tuple[int, ...]) -> bool:
        """Whether hidden layers of these sizes can hold the construction."""
        layers = len(sizes) if self.layers is None else self.layers
        return sizes != () and len(sizes) == layers and (self.width is None or set(sizes) == {self.width})


@dataclass(frozen=True)
class Initializer(Component):
    """Weights drawn at random or, with a `construction`, set by hand."""

    construction: Construction | None = None


INITIALIZERS = {
    "he": Initializer(),
    "glorot": Initializer(),
    "lecun": Initializer(),
    "normal": Initializer(),
    "zeros": Initializer(),
    "xor": Initializer(
        Construction(1, 2, "needs one hidden layer of 2 units (hidden 2)", 2, 2, "two inputs and two classes")
    ),
    "interpolate": Initializer(
        Construction(1, None, "needs one hidden layer (depth 1)", 1, 0, "one input and a numeric target")
    ),
    "sawtooth": Initializer(
        Construction(None, 2, "needs hidden layers of 2 units (width 2)", 1, 2, "one input and two classes")
    ),
}


@dataclass(frozen=True)
class Loss(Component):
    """`tasks` it can be minimized for, `default_of` those whose `auto` it is."""

    tasks: tuple[str, ...] = ("classification", "regression")
    default_of: tuple[str, ...] = ()


_CATEGORIES = ("classification", "multilabel")

LOSSES = {
    "cross-entropy": Loss(tasks=_CATEGORIES, default_of=_CATEGORIES),
    "squared": Loss(default_of=("regression",)),
    "absolute": Loss(),
    "huber": Loss(),
}


def default_loss(task: str) -> str:
    """The loss that `auto` stands for."""
    return next(name for name, loss in LOSSES.items() if task in loss.default_of)


@dataclass(frozen=True)
class Optimizer(Component):
    """`lr`, `beta2`: its defaults of these options; `memory`: names of the arrays that it keeps between steps.

    `reads`: its hyperparameters besides lr, weight_decay and clip_norm; the others have no effect on it. `decoupled`:
    weight decay shrinks the weights and is not part of the gradient. `full_batch`: an epoch is one step on all rows,
    whose length a line search chooses; such runs train one by one.
    """

    lr: float
    memory: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    decoupled: bool = False
    beta2: float = 0.999
    full_batch: bool = False


_MOMENTUM = ("momentum", "momentum_final", "momentum_epochs")
_MOMENTS = ("beta1", "beta2", "eps")
_SUMS = ("gradient_sum", "square_sum")

OPTIMIZERS = {
    "sgd": Optimizer(lr=0.1),
    "momentum": Optimizer(lr=0.01, memory=("velocity",), reads=_MOMENTUM),
    "nesterov": Optimizer(lr=0.01, memory=("velocity",), reads=_MOMENTUM),
    "rmsprop": Optimizer(lr=1e-3, memory=("square_sum",), reads=("beta2", "eps"), beta2=0.99),
    "adam": Optimizer(lr=5e-3, memory=_SUMS, reads=_MOMENTS),
    "adamw": Optimizer(lr=5e-3, memory=_SUMS, reads=_MOMENTS, decoupled=True),
    "lbfgs": Optimizer(lr=1.0, memory=("steps", "changes"), full_batch=True),
}
"""The decay of rmsprop is PyTorch's; that of adam and adamw is of Kingma and Ba 2015."""


def optimizers(holds: Callable[[Optimizer], bool]) -> str:
    """The optimizers for which something holds, in words.

    >>> optimizers(lambda row: "beta2" in row.reads)
    'rmsprop, adam and adamw'
    """
    *others, last = (name for name, row in OPTIMIZERS.items() if holds(row))
    return f"{', '.join(others)} and {last}" if others else last


@dataclass(frozen=True)
class Schedule:
    """`reads`: its parameters besides lr and warmup; the others have no effect on it."""

    reads: tuple[str, ...] = ()


SCHEDULES = {
    "constant": Schedule(),
    "step": Schedule(reads=("lr_decay", "lr_every")),
    "exponential": Schedule(reads=("lr_decay", "lr_every")),
    "inverse": Schedule(reads=("lr_decay", "lr_every")),
    "linear": Schedule(),
    "cosine": Schedule(),
    "cycles": Schedule(),
    "plateau": Schedule(reads=("lr_decay", "lr_every", "min_delta")),
}


COMPONENTS: Mapping[str, Mapping[str, Component]] = {
    "activation": ACTIVATIONS,
    "norm": NORMS,
    "init": INITIALIZERS,
    "loss": LOSSES,
    "optimizer": OPTIMIZERS,
}
"""The tables that user-defined parts may join, by the option that chooses from them."""

FOLLOWING = {"activation": ("init",), "optimizer": ("lr", "beta2")}
"""Options whose default is that of the part, by the option that chooses the part."""

"""Names that other tools and files give to commands, options of a run and their values, so that messages name ours.

The names are those of scikit-learn, Keras, PyTorch, Lightning, pytabkit and Ludwig.
"""

from collections.abc import Mapping

__all__ = ["our_command", "our_option", "our_value"]

_COMMANDS: Mapping[str, str] = {
    "evaluate": "eval",
    "fit": "train",
    "gridsearch": "sweep",
    "inspect": "show",
    "ls": "list",
    "optimize": "sweep",
    "run": "train",
    "runs": "list",
    "score": "eval",
    "search": "sweep",
    "test": "eval",
    "tune": "sweep",
    "validate": "eval",
}

_CPU = "threads, since mlpcli trains on the CPU"
_SWEEP = "it belongs in a sweep file, for mlpcli sweep"
_HIDDEN = "hidden, sizes separated by commas, as in 64,64"
_THREADS = "threads, for the matrix products"
_PATIENCE = "patience, epochs without improvement before stopping, as in 10"

_OPTIONS: Mapping[str, str] = {
    "accelerator": _CPU,
    "act": "activation",
    "alpha": "weight_decay",
    "base": _SWEEP,
    "batch": "batch_size",
    "batch_norm": "norm batch",
    "batchnorm": "norm batch",
    "beta_1": "beta1",
    "beta_2": "beta2",
    "bs": "batch_size",
    "compare": _SWEEP,
    "confirm": _SWEEP,
    "criterion": "loss",
    "cuda": _CPU,
    "data": "dataset",
    "device": _CPU,
    "dropout_rate": "dropout",
    "early_stopping": _PATIENCE,
    "epsilon": "eps",
    "factor": "lr_decay",
    "gamma": "lr_decay",
    "gpu": _CPU,
    "gpus": _CPU,
    "grad_clip": "clip_norm",
    "gradient_clip_val": "clip_norm",
    "grid": _SWEEP,
    "halving": _SWEEP,
    "hidden_dim": "width",
    "hidden_dims": _HIDDEN,
    "hidden_layer_sizes": _HIDDEN,
    "hidden_layers": "depth",
    "hidden_size": "width",
    "hidden_sizes": _HIDDEN,
    "hidden_width": "width",
    "initializer": "init",
    "l2": "weight_decay",
    "label": "target",
    "layer_norm": "norm layer",
    "layers": _HIDDEN,
    "learning_rate": "lr",
    "learning_rate_init": "lr",
    "loss_function": "loss",
    "lr_scheduler": "schedule",
    "max_epochs": "epochs",
    "max_grad_norm": "clip_norm",
    "max_iter": "epochs",
    "n_epochs": "epochs",
    "n_hidden_layers": "depth",
    "n_iter_no_change": _PATIENCE,
    "n_jobs": _THREADS,
    "n_layers": "depth",
    "num_epochs": "epochs",
    "num_layers": "depth",
    "num_workers": _THREADS,
    "optim": "optimizer",
    "p_drop": "dropout",
    "points": _SWEEP,
    "precision": "dtype",
    "race": _SWEEP,
    "random": _SWEEP,
    "random_seed": "seed",
    "random_state": "seed",
    "reduce_lr_on_plateau": "schedule plateau",
    "scheduler": "schedule",
    "search": _SWEEP,
    "solver": "optimizer",
    "step_size": "lr_every",
    "test_split": "test_size",
    "threshold": "min_delta",
    "tol": "min_delta, with patience, as in 0.0001",
    "tolerance": "min_delta, with patience, as in 0.0001",
    "val_fraction": "val_size",
    "val_split": "val_size",
    "validation_fraction": "val_size",
    "validation_split": "val_size",
    "wd": "weight_decay",
    "where": _SWEEP,
    "workers": _THREADS,
    "zip": _SWEEP,
}

_VALUES: Mapping[str, Mapping[str, str]] = {
    "activation": {"leaky_relu": "leaky-relu", "linear": "identity", "logistic": "sigmoid", "swish": "silu"},
    "dtype": {"double": "float64", "float": "float32"},
    "init": {"kaiming": "he", "xavier": "glorot"},
    "loss": {
        "bce": "cross-entropy",
        "ce": "cross-entropy",
        "l1": "absolute",
        "l2": "squared",
        "log_loss": "cross-entropy",
        "mae": "absolute",
        "mse": "squared",
        "nll": "cross-entropy",
        "smooth_l1": "huber",
    },
    "norm": {"batch_norm": "batch", "batchnorm": "batch", "layer_norm": "layer", "layernorm": "layer"},
    "schedule": {
        "adaptive": "plateau",
        "cosine_annealing": "cosine",
        "invscaling": "inverse",
        "reduce_lr_on_plateau": "plateau",
    },
    "task": {"classify": "classification", "regress": "regression"},
}


def our_command(name: str) -> str:
    """The end of a message about an unknown command that another tool has: what to type here; nothing for other names.

    >>> our_command("fit"), our_command("trian")
    ('; use train', '')
    """
    return f"; use {ours}" if (ours := _COMMANDS.get(name)) else ""


def our_option(name: str, *, flag: bool = False) -> str:
    """The end of a message about an unknown option that another tool has: what to use here; nothing for other names.

    >>> our_option("learning_rate"), our_option("--batch-norm", flag=True), our_option("wdth")
    ('; use lr', '; use --norm batch', '')
    """
    ours = _OPTIONS.get(name.lstrip("-").replace("-", "_").lower())
    if ours in (None, _SWEEP):
        return f"; {ours}" if ours else ""
    option, comma, rest = ours.partition(",")
    return f"; use {'--' + option.replace('_', '-') if flag else option}{comma}{rest}"


def our_value(option: str, value: object) -> str:
    """The end of a message about a value that another tool takes: what to write here; nothing for other values.

    >>> our_value("loss", "mse"), our_value("width", [64, 32]), our_value("lr", "fast")
    ('; use squared', '; use hidden 64,32 for one size per layer', '')
    """
    if option == "width" and isinstance(value, list | tuple):
        return f"; use hidden {','.join(map(str, value))} for one size per layer"
    ours = _VALUES.get(option, {}).get(value.lower()) if isinstance(value, str) else None
    return f"; use {ours}" if ours else ""

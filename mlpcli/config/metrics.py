"""The names of what is measured, for those who need no more than names: a sweep is planned before NumPy is loaded."""

__all__ = ["EPOCH_COLUMNS", "LARGER_IS_BETTER", "METRICS"]

METRICS = {
    "classification": ("loss", "accuracy"),
    "regression": ("loss", "rmse", "mae", "r2", "max_error"),
}
"""What is measured of a whole part of the data, by task."""

_OF_AN_EPOCH = {
    "classification": ("train_loss", "train_accuracy", "val_loss", "val_accuracy"),
    "regression": ("train_loss", "train_rmse", "val_loss", "val_rmse", "val_r2", "val_max_error"),
}
EPOCH_COLUMNS = {
    task: ("epoch", "step", "lr", *names, "grad_norm", "epoch_time_s", "total_time_s")
    for task, names in _OF_AN_EPOCH.items()
}
"""The columns of metrics.csv, by task."""

LARGER_IS_BETTER = {"val_accuracy", "val_r2"}
"""Of validation columns; of all others smaller is better."""

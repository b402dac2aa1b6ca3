"""The kinds of pictures of a results folder, each with what it shows; loads neither NumPy nor matplotlib."""

__all__ = ["ANIMATED", "KINDS", "NEEDS"]

KINDS = {
    "curves": "learning curves, by epoch",
    "schedule": "learning rate by epoch, where it changes",
    "options": "the metric against the varied options",
    "parallel": "one line per configuration across the axes of three or more varied options",
    "course": "best so far of a search, by configurations and by seconds",
    "importance": "how much each option of a search matters",
    "noise": "variance of the gradient against the batch size, with --record",
    "gradient": "signal and noise of the gradient by step, with --record",
    "drift": "input of a hidden unit by step, with --record",
    "network": "layers of the network; units and weights where it is small",
    "fit": "fitted function of one input and its target",
    "regions": "decision regions and rows of one or two inputs",
    "hidden": "rows as each hidden layer represents them",
    "weights": "weights of the first layer as images, where the inputs are pixels",
    "confusion": "classes that are taken for each other",
    "calibration": "share of right decisions against the probability that the network gives them",
}
"""The name is that of the file, `plot-NAME` or `plot-NAME-METRIC`, and what `--only` takes."""

_RECORDED = "the diagnostics of --record"
_MODEL = "a model that was kept"
_SEARCH = "a whole sweep with [search], and no other metric than the one that ranks it"

NEEDS = {
    "curves": "an epoch with a number of the metric",
    "schedule": "a learning rate that changes from epoch to epoch",
    "options": "two or more configurations with a number of the metric",
    "parallel": "three or more varied options",
    "course": _SEARCH,
    "importance": f"{_SEARCH}, with ten or more configurations that were trained to their end, unlike in two or more "
    "options and not all of one score",
    "noise": f"{_RECORDED} of three or more batch sizes",
    "gradient": f"{_RECORDED} of a single run",
    "drift": _RECORDED,
    "network": _MODEL,
    "fit": f"{_MODEL}, of one number as input and one as target",
    "regions": f"{_MODEL}, of classes and one or two numbers as inputs",
    "hidden": f"{_MODEL}, with hidden layers, of a regression or not too many classes",
    "weights": f"{_MODEL}, of pixels as inputs",
    "confusion": f"{_MODEL}, of at most 60 classes",
    "calibration": f"{_MODEL}, of classes, and at least 20 rows to judge it by",
}
"""What each kind is drawn from; where a folder lacks it there is no such picture."""

ANIMATED = ("regions", "fit", "hidden")
"""The kinds that `--animate` draws over the epochs."""

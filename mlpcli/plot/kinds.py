"""The kinds of pictures of a results folder, each with what it shows; loads neither NumPy nor matplotlib."""

__all__ = ["ANIMATED", "KINDS"]

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

ANIMATED = ("regions", "fit", "hidden")
"""The kinds that `--animate` draws over the epochs."""

"""Whether a network is right as often as it says: its probabilities against the share of right decisions.

The reliability diagram of DeGroot and Fienberg (1983) with the expected calibration error of Guo et al. (2017).
"""

import numpy as np

from mlpcli.config.metrics import PARTS
from mlpcli.plot.networks.kept import Networks
from mlpcli.plot.points import origin
from mlpcli.plot.style import Drawing, new_figure, series, titled
from mlpcli.training.metrics.probability_tables import BINS, bin_rows

__all__ = ["draw_calibration"]

FEWEST = 20
"""Rows below which there is no picture."""


def draw_calibration(networks: Networks) -> list[Drawing]:
    """Share against probability, with the number of rows below, of the best network; nothing for a regression.

    For two classes the probability of the second one, for more that of the class that is decided for.

    Raises:
        MlpcliError: the model file is damaged, or its data have changed or cannot be loaded.
    """
    kept = networks.best
    if kept is None or not (names := kept.model.preprocessing.classes):
        return []
    name, part = kept.held_out
    y = np.asarray(part.y)
    if len(part) < FEWEST or y.ndim != 1:
        return []
    scores = kept.model.scores(part.x)
    probabilities, codes = kept.model.probabilities(scores), kept.model.decide(scores)
    if len(names) == 2:
        bins, says, truth = (
            bin_rows(probabilities[:, 1], y == 1, part.weights),
            f"probability of {names[1]}",
            f"share that is {names[1]}",
        )
    else:
        bins = bin_rows(probabilities[np.arange(len(y)), codes], y == codes, part.weights)
        says, truth = "probability of the decided class", "share that is right"
    figure, (above, below) = new_figure(4.4, 4.6, 2, 1, sharex=True, gridspec_kw={"height_ratios": [3, 1]})
    above.plot([0, 1], [0, 1], color="#999999", linestyle="--")
    above.errorbar(bins.mean, bins.share, yerr=bins.halves, capsize=3, **series(0, lines=False))
    edges = np.linspace(0, 1, BINS + 1).tolist()
    below.hist(bins.mean, bins=edges, weights=bins.rows, color="#bbbbbb", edgecolor="black")
    above.set_xlim(0, 1)
    above.set_ylim(0, 1.02)
    above.set_ylabel(truth)
    below.set_ylabel("rows" if part.weights is None else "weight")
    below.set_xlabel(says)
    by_weight = "" if part.weights is None else ", counted by weight"
    caption = (
        f"{len(y)} {PARTS[name]} rows{by_weight}, 95% intervals; dashed: right as often as it says; "
        f"calibration error {bins.error:.3f}; {origin([kept.trial])}"
    )
    titled(figure, f"{networks.heading(kept)}: calibration", caption)
    return [Drawing("calibration", figure)]

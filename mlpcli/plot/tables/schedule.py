"""The learning rate by epoch, of a run or of the configurations of a sweep."""

import numpy as np
from numpy.typing import NDArray

from mlpcli.plot.columns import epochs_of
from mlpcli.plot.factors import describe, find_factors
from mlpcli.plot.labels import measure_name
from mlpcli.plot.selection import Selection
from mlpcli.plot.style import MOST_SERIES, WIDEST, Drawing, legend, log_ticks, new_figure, series, titled, whole_ticks
from mlpcli.results.folders.read_folder import ResultsFolder

__all__ = ["draw_schedule"]

SHAPING = {"batch_size", "epochs", "lr", "lr_decay", "lr_every", "optimizer", "schedule", "warmup"}
"""The options on which the rate of an epoch depends; configurations that differ in others have one line."""

Numbers = NDArray[np.float64]


def draw_schedule(folder: ResultsFolder, selection: Selection) -> list[Drawing]:
    """The rate of each epoch's last step, one line per schedule, those of the best configurations first.

    Nothing where no rate changes.
    """
    varied = find_factors(folder.varied, folder.drawn, list(folder.configurations))
    factors = [factor for factor in varied if SHAPING & {*factor.options}]
    rates: dict[str, tuple[Numbers, Numbers]] = {}
    for values in selection.first(folder.configurations, len(folder.configurations)):
        columns = epochs_of(folder, folder.configurations[values][0])
        if len(columns.get("lr", ())) > 1:
            rates.setdefault(describe(factors, values), (columns["epoch"], columns["lr"]))
    if not any(np.ptp(lr) > 0 for _, lr in rates.values()):
        return []
    chosen = list(rates.items())[:MOST_SERIES]
    figure, (axes,) = new_figure(WIDEST if len(chosen) > 1 else 4.6, 3.4)
    for index, (label, (epoch, lr)) in enumerate(chosen):
        axes.plot(epoch, lr, label=label, markevery=max(1, len(lr) // 8), **series(index))
    highest = np.array([lr.max() for _, (_, lr) in chosen])
    if highest.max() >= 10 * highest.min() > 0:
        axes.set_yscale("log")
        axes.set_ylim(bottom=highest.min() / 100)
        log_ticks(axes.yaxis)
    else:
        axes.set_ylim(bottom=0)
    whole_ticks(axes.xaxis)
    axes.set_xlabel("epoch")
    axes.set_ylabel(measure_name("lr"))
    legend(figure, [axes])
    some = f"; {len(chosen)} of {len(rates)} schedules" if len(chosen) < len(rates) else ""
    titled(figure, f"{folder.name}: learning rate", f"of the last step of each epoch{some}")
    return [Drawing("schedule", figure)]

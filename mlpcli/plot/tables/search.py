"""A search: how its best came about, by configurations and by seconds, and which of its options matter."""

import numpy as np

from mlpcli.plot.labels import bare, metric_name, upright
from mlpcli.plot.points import repeats, suits_log
from mlpcli.plot.style import GREY, WIDEST, Drawing, legend, new_figure, series, titled, whole_ticks
from mlpcli.results.folders.read_folder import ResultsFolder
from mlpcli.results.reading.option_importance import option_importance
from mlpcli.results.reading.search_course import best_so_far, read_course

__all__ = ["draw_course", "draw_importance"]


def draw_course(folder: ResultsFolder, metric: str) -> list[Drawing]:
    """Each configuration in the order of asking, and the best so far; nothing for a metric that did not rank."""
    course = read_course(folder) if metric == folder.metric else []
    scores = np.array([np.nan if one.score is None else one.score for one in course])
    if np.isnan(scores).all():
        return []
    ended = np.array([one.ended for one in course])
    best = np.array(best_so_far(course, metric), np.float64)
    fresh = np.array([one.confirmed for one in course], np.float64)
    figure, panels = new_figure(WIDEST, 5.6, 2, 1, sharey=True)
    axes_of = (
        ("configurations asked for", np.arange(1.0, 1 + len(course))),
        ("seconds of training, summed over workers", np.cumsum([one.seconds for one in course])),
    )
    for panel, (name, places) in zip(panels, axes_of, strict=True):
        for marks, label, fill in ((ended, "configuration", GREY), (~ended, "pruned", "none")):
            if np.isfinite(scores[marks]).any():
                panel.plot(places[marks], scores[marks], "o", color="#999999", mfc=fill, markersize=4, label=label)
        panel.step(places, best, where="post", label="best so far", color=series(0)["color"])
        if np.isfinite(fresh).any():
            panel.plot(places, fresh, label="by fresh seeds", **series(2, lines=False))
        panel.set_xlabel(name)
        if suits_log(metric, scores[np.isfinite(scores)]):
            panel.set_yscale("log")
        panel.set_ylabel(upright(metric_name(metric), 2.0))
    whole_ticks(panels[0].xaxis)
    legend(figure, panels)
    titled(figure, f"{folder.name}: course of the search", f"each configuration: the mean over its {repeats(folder)}")
    return [Drawing(f"course-{metric}", figure)]


def draw_importance(folder: ResultsFolder, metric: str) -> list[Drawing]:
    """One bar per option, the most important on top; nothing where there are too few configurations to tell."""
    course = read_course(folder) if metric == folder.metric else []
    shares = option_importance(folder, course)
    if not shares:
        return []
    figure, (axes,) = new_figure(6.4, 1.4 + 0.32 * len(shares))
    axes.barh(range(len(shares)), list(shares.values()), height=0.6, color=series(1)["color"])
    for row, share in enumerate(shares.values()):
        axes.text(share, row, f" {share:.0%}", va="center", fontsize=8)
    axes.set_yticks(range(len(shares)), list(shares), fontsize=8)
    axes.set_ylim(len(shares) - 0.5, -0.5)
    axes.set_xlim(0, 1.12 * max(shares.values()))
    axes.set_xlabel("share of the variance that the options explain")
    axes.set_ylabel("option")
    axes.grid(visible=False, axis="y")
    known = sum(one.ended and one.score is not None for one in course)
    below = f"functional ANOVA of the ranks of {known} configurations by {bare(metric_name(metric))}"
    titled(figure, f"{folder.name}: importance of the options", below)
    return [Drawing(f"importance-{metric}", figure)]

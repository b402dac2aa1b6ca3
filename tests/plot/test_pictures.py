"""Every kind of picture on folders made by hand: what it shows, named axes, texts that lie clear of each other."""

import math
import random
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.testing import assert_allclose

from mlpcli.errors import UsageError
from mlpcli.plot.draw import OF_TABLES
from mlpcli.plot.selection import Asked, select
from mlpcli.plot.style import GREY, Drawing, new_figure, render, styled, titled
from mlpcli.plot.tables.parallel import axis_places
from mlpcli.plot.tables.search import draw_course
from mlpcli.results.folders.read_folder import read_folder
from tests.plot.folders import check, finite, run_folder, search_folder, sweep_folder
from tests.plot.svg import assert_same

ACTIVATIONS = ["relu", "leaky-relu", "elu", "selu", "gelu", "silu", "softplus", "sigmoid", "tanh", "identity"]
ALL = Asked()
WIDTHS = [4, 8, 16, 32, 64, 128]


def geometric(values: Any, seed: int) -> float:
    return 50.0 / values["width"] ** 2 * (1 + 0.1 * seed)


def points(*pairs: tuple[int, str]) -> list[dict[str, Any]]:
    return [{"depth": depth, "lift": lift} for depth, lift in pairs]


def drawn_at_random(count: int) -> list[dict[str, Any]]:
    rng = random.Random(0)
    return [{"lr": 10 ** rng.uniform(-4, -1), "dropout": rng.uniform(0, 0.8)} for _ in range(count)]


FOLDERS: dict[str, Callable[[Path], Path]] = {
    "a run": lambda path: run_folder(path),
    "a run of one epoch": lambda path: run_folder(path, 1),
    "a run without validation": lambda path: run_folder(path, validated=False),
    "a long recorded run": lambda path: run_folder(path, 200, recorded=True),
    "one number": lambda path: sweep_folder(path, {"width": WIDTHS}),
    "one number, one seed": lambda path: sweep_folder(path, {"width": WIDTHS}, seeds=1),
    "one number with zero": lambda path: sweep_folder(path, {"dropout": [0.0, 0.1, 0.2, 0.5, 0.8]}),
    "one name": lambda path: sweep_folder(path, {"activation": ACTIVATIONS}),
    "errors over decades": lambda path: sweep_folder(path, {"width": WIDTHS}, metric="val_max_error", score=geometric),
    "number and name": lambda path: sweep_folder(path, {"norm": ["none", "batch", "layer"], "width": WIDTHS}),
    "name and number": lambda path: sweep_folder(path, {"depth": [2, 8], "activation": ACTIVATIONS}),
    "a wide grid": lambda path: sweep_folder(
        path, {"lr": [10.0**-n for n in range(9)], "batch_size": [2**n for n in range(10)]}, epochs=2
    ),
    "a grid of long names": lambda path: sweep_folder(
        path, {"hidden": [f"{n * 100},{n * 50},{n * 20},10" for n in range(1, 10)], "activation": ACTIVATIONS}, seeds=1
    ),
    "three options": lambda path: sweep_folder(
        path,
        {"dataset": ["sine", "steps"], "width": WIDTHS, "init": ["interpolate", "he"]},
        metric="val_max_error",
        score=geometric,
    ),
    "five panels": lambda path: sweep_folder(
        path, {"norm": ["none", "batch", "layer"], "depth": [1, 2, 3, 4, 5], "width": WIDTHS}, seeds=2, epochs=1
    ),
    "panels of names": lambda path: sweep_folder(
        path, {"norm": ["none", "batch", "layer"], "norm_position": ["before", "after"], "activation": ACTIVATIONS}
    ),
    "four options": lambda path: sweep_folder(
        path, {"norm": ["none", "batch"], "depth": [1, 2], "width": [4, 8], "optimizer": ["adam", "momentum"]}
    ),
    "points": lambda path: sweep_folder(
        path, configurations=points((0, "none"), (0, "quadratic"), (1, "none"), (2, "none"), (3, "none"), (4, "none"))
    ),
    "two panels of rates far apart": lambda path: sweep_folder(
        path, {"dropout": [0.0, 0.2], "activation": ["relu", "tanh"], "lr": [0.001, 0.01, 1000.0]}
    ),
    "many points": lambda path: sweep_folder(
        path, configurations=[{"hidden": f"{n},{n}", "lr": 0.1 / n, "seed": n} for n in range(1, 61)], epochs=1
    ),
    "drawn at random": lambda path: sweep_folder(
        path, configurations=drawn_at_random(40), seeds=2, drawn=("lr", "dropout")
    ),
    "strange names": lambda path: sweep_folder(
        path,
        {
            "dataset": ["/long/path/" + "of-many-parts" * 9 + ".csv", "a$b^{$c", "größer", "%s {0} \\n"],
            "width": WIDTHS[:3],
        },
    ),
    "long legends": lambda path: sweep_folder(
        path,
        configurations=[
            {"optimizer": "momentum", "activation": name, "norm_position": "before", "hidden": f"{64 + n},32,16,8"}
            | {"label_smoothing": n / 100, "weight_decay": n / 1000, "input_dropout": n / 50}
            for n, name in enumerate(ACTIVATIONS)
        ],
    ),
    "one failed": lambda path: sweep_folder(path, {"lr": [0.1, 1.0, 10.0]}, states={7: "diverged", 8: "pruned"}),
    "a search": lambda path: search_folder(path, [0.3, 0.9, None, *(0.5 + 0.03 * n for n in range(17))], {1: 0.85}),
    "recorded": lambda path: sweep_folder(path, {"norm": ["none", "batch"]}, recorded=True),
    "recorded batches": lambda path: sweep_folder(path, {"batch_size": [8, 16, 32, 64, "full"]}, recorded=True),
    "recorded grid": lambda path: sweep_folder(
        path, {"dropout": [0.0, 0.5], "batch_size": [8, 16, 32, 64, 128, 256]}, recorded=True
    ),
    "recorded for long": lambda path: sweep_folder(
        path, {"norm": ["none", "batch"]}, seeds=2, epochs=700, recorded=True
    ),
}


PICTURES = {
    "a run": ["curves-val_accuracy"],
    "a long recorded run": ["curves-val_accuracy", "gradient", "drift"],
    "a search": ["curves-val_accuracy", "options-val_accuracy", "course-val_accuracy", "importance-val_accuracy"],
    "one number": ["curves-val_accuracy", "options-val_accuracy"],
    "recorded": ["curves-val_accuracy", "options-val_accuracy", "drift"],
    "recorded batches": ["curves-val_accuracy", "options-val_accuracy", "noise", "drift"],
    "recorded grid": ["curves-val_accuracy", "options-val_accuracy", "noise", "drift"],
}
"""All that is drawn of some of the folders."""


def drawings(
    path: Path, metric: str | None = None, asked: Asked = ALL, kinds: Iterable[str] = OF_TABLES
) -> list[Drawing]:
    folder = read_folder(path)
    selection = select(folder, asked)
    chosen = metric or folder.metric
    return [drawing for kind in kinds for drawing in OF_TABLES[kind](folder, chosen, selection)]


def figure_of(path: Path, name: str, metric: str | None = None) -> Figure:
    with styled():
        ((drawn, found),) = drawings(path, metric, kinds=[name.partition("-")[0]])
        found.draw_without_rendering()
    assert drawn == name
    return found


@pytest.mark.parametrize("name", FOLDERS)
def test_axes_are_named_and_texts_lie_clear(name: str, tmp_path: Path) -> None:
    path = FOLDERS[name](tmp_path / name.replace(" ", "_").replace(",", ""))
    with styled():
        found = drawings(path)
        names = [drawn for drawn, _ in found]
        assert found
        assert len(set(names)) == len(names)
        assert names == PICTURES.get(name, names)
        for _, figure in found:
            check(figure)
            assert finite(figure)


def test_a_curve_is_the_mean_over_seeds_and_its_band_a_standard_deviation(tmp_path: Path) -> None:
    path = sweep_folder(tmp_path / "s", {"width": [4, 8]}, seeds=4)
    folder = read_folder(path)
    table = np.array([folder.epochs(trial)["val_accuracy"] for trial in folder.trials[:4]])
    (axes,) = figure_of(path, "curves-val_accuracy").axes
    assert_allclose(axes.lines[0].get_ydata(), table.mean(axis=0))
    band = axes.collections[0].get_paths()[0].vertices
    for epoch, (mean, deviation) in enumerate(zip(table.mean(axis=0), table.std(axis=0, ddof=1), strict=True), start=1):
        at = band[band[:, 0] == epoch, 1]
        assert_allclose([at.min(), at.max()], [mean - deviation, mean + deviation])


def curve_labels(figure: Figure) -> list[str]:
    return [text.get_text().replace("\n", " ") for text in figure.legends[0].get_texts()]


def asked_for(path: Path, asked: Asked, name: str) -> Figure:
    with styled():
        ((_, found),) = drawings(path, asked=asked, kinds=[name])
        check(found)
    return found


def test_the_best_lines_follow_the_rank_in_summary(tmp_path: Path) -> None:
    """The best last epoch of a curve need not be the best kept weights, which rank."""
    path = sweep_folder(tmp_path / "s", {"activation": ACTIVATIONS}, score=lambda v, _: len(v["activation"]) / 20)
    best = [*sorted(ACTIVATIONS, key=len, reverse=True)]
    assert set(curve_labels(figure_of(path, "curves-val_accuracy"))) == {f"activation {name}" for name in best[:8]}
    ranks = "".join(f"{rank},{name},3,0.5\n" for rank, name in enumerate(reversed(best), start=1))
    (path / "summary.csv").write_text(f"rank,activation,n_seeds,val_accuracy_mean\n{ranks}")
    figure = figure_of(path, "curves-val_accuracy")
    assert set(curve_labels(figure)) == {f"activation {name}" for name in best[2:]}
    assert figure._supxlabel.get_text().endswith("the best 8 of 10 configurations, the\nothers in grey")


def test_the_rows_of_a_curve_have_one_look_in_both_panels(tmp_path: Path) -> None:
    """A metric on request is measured on the validation rows alone, and its line is theirs in the legend."""
    path = run_folder(tmp_path / "r")
    (path / "config.toml").write_text('dataset = "digits"\nmonitor = "val_brier"\n')
    header, *rows = (path / "metrics.csv").read_text().splitlines()
    (path / "metrics.csv").write_text(
        f"{header},val_brier\n" + "".join(f"{row},0.{at}\n" for at, row in enumerate(rows))
    )
    figure = figure_of(path, "curves-val_brier")
    of_loss, of_brier = (
        {line.get_label(): (line.get_color(), line.get_linestyle(), line.get_marker()) for line in axes.lines}
        for axes in figure.axes
    )
    assert set(of_brier) == {"validation", "kept: epoch 3"}
    assert of_brier["validation"] == of_loss["validation"] != of_loss["training"]


def test_pruned_configurations_stand_behind_up_to_their_rung(tmp_path: Path) -> None:
    states = dict.fromkeys(range(2, 8), "pruned")
    path = sweep_folder(tmp_path / "s", {"width": WIDTHS}, seeds=2, states=states)
    lines = (path / "metrics.csv").read_text().splitlines(keepends=True)
    cut = [line for line in lines if not (line[:1] in "234567" and line.split(",")[2] in "34")]
    (path / "metrics.csv").write_text("".join(cut))
    folder, figure = read_folder(path), figure_of(path, "curves-val_accuracy")
    grey = [line for line in figure.axes[0].lines if line.get_color() == GREY]
    table = np.array([folder.epochs(trial)["val_accuracy"] for trial in folder.trials[2:8]])
    assert_allclose([line.get_ydata() for line in grey], table.reshape(3, 2, 2).mean(axis=1))
    assert len(curve_labels(figure)) == 3
    assert figure._supxlabel.get_text().replace("\n", " ").endswith("; 3 pruned ones in grey, up to their rung")


def test_the_only_configuration_that_was_not_pruned_is_named(tmp_path: Path) -> None:
    path = sweep_folder(tmp_path / "s", {"width": [4, 8, 16]}, seeds=1, states={0: "pruned", 1: "pruned"})
    assert curve_labels(figure_of(path, "curves-val_accuracy")) == ["width 16"]


def test_a_configuration_without_a_curve_is_asked_for(tmp_path: Path) -> None:
    path = sweep_folder(tmp_path / "s", {"width": [4, 8]}, seeds=1)
    lines = (path / "metrics.csv").read_text().splitlines(keepends=True)
    (path / "metrics.csv").write_text("".join(line for line in lines if not line.startswith("0,")))
    assert drawings(path, asked=Asked(highlight=lambda options: options["width"] == "4"), kinds=["curves"]) == []


def test_seeds_of_the_lines_are_counted(tmp_path: Path) -> None:
    path = sweep_folder(tmp_path / "s", {"width": [4, 8]}, states={5: "diverged"})
    assert "standard deviation over 2 to 3 seeds" in figure_of(path, "curves-val_accuracy")._supxlabel.get_text()


def test_the_legend_of_parallel_lines_has_the_ranks_of_summary(tmp_path: Path) -> None:
    path = FOLDERS["four options"](tmp_path / "s")
    folder = read_folder(path)
    means = {v: np.mean([t.metrics["val_accuracy"] for t in trials]) for v, trials in folder.configurations.items()}
    order = sorted(means, key=lambda values: -means[values])
    expected = [next(rank for rank, v in enumerate(order, start=1) if v[0] == norm) for norm in ("none", "batch")]
    assert curve_labels(asked_for(path, Asked(by="norm"), "parallel")) == [str(rank) for rank in sorted(expected)]
    asked = Asked(highlight=lambda options: options == dict(zip(folder.varied, order[6], strict=True)))
    assert curve_labels(asked_for(path, asked, "parallel")) == ["7"]


def test_what_is_asked_for_has_a_line_of_its_own(tmp_path: Path) -> None:
    path = FOLDERS["name and number"](tmp_path / "s")

    def stalls(options: Mapping[str, str]) -> bool:
        return options == {"depth": "8", "activation": "sigmoid"}

    curves = asked_for(path, Asked(highlight=stalls), "curves")
    grey = [line for line in curves.axes[0].lines if line.get_color() == GREY]
    (own,) = (line for line in curves.axes[0].lines if line.get_color() != GREY)
    assert (own.get_label(), len(grey)) == ("depth 8, activation sigmoid", 19)
    assert curve_labels(curves) == ["depth 8, activation sigmoid"]
    trials = [trial for trial in read_folder(path).trials if tuple(trial.options.values()) == ("8", "sigmoid")]
    options = asked_for(path, Asked(highlight=stalls), "options")
    means = [x for line in options.axes[0].lines if line.get_color() != GREY for x in line.get_xdata()]
    assert_allclose(means[0], np.mean([trial.metrics["val_accuracy"] for trial in trials]))
    assert len(set(means)) == 3  # the mean and both ends of its interval
    assert "all but the highlighted" in options._supxlabel.get_text()


def test_the_best_of_each_value_of_an_option(tmp_path: Path) -> None:
    path = FOLDERS["name and number"](tmp_path / "s")
    folder = read_folder(path)
    means = {v: np.mean([t.metrics["val_accuracy"] for t in trials]) for v, trials in folder.configurations.items()}
    expected = [max((v for v in means if v[0] == depth), key=lambda v: means[v]) for depth in ("2", "8")]
    labels = curve_labels(asked_for(path, Asked(by="depth"), "curves"))
    assert labels == [f"depth {depth}, activation {name}" for depth, name in expected]
    flipped = asked_for(FOLDERS["number and name"](tmp_path / "t"), Asked(by="width"), "options")
    assert curve_labels(flipped) == [str(width) for width in WIDTHS]


@pytest.mark.parametrize(
    ("asked", "metric", "expected"),
    [
        (Asked(), "val_accuracy", "; the best 8 of 20 configurations, the others in grey"),
        (Asked(), "train_loss", "; the best 8 of 20 configurations by val_accuracy, the others in grey"),
        (Asked(by="depth"), "val_accuracy", "; the best of each depth, the others in grey"),
        (Asked(by="depth"), "train_loss", "; the best of each depth by val_accuracy, the others in grey"),
        (Asked(by="activation"), "val_accuracy", "; the best of each activation (8 of 10), the others in grey"),
        (
            Asked(by="depth", highlight=lambda options: options["activation"] == "tanh"),
            "val_accuracy",
            "; of the highlighted, the best of each depth, the others in grey",
        ),
        (
            Asked(highlight=lambda options: options["depth"] == "2"),
            "val_accuracy",
            "; highlighted: 10 of 20 configurations, the best 8 of them, the others in grey",
        ),
    ],
)
def test_the_caption_says_which_lines_stand_out_and_by_what(
    asked: Asked, metric: str, expected: str, tmp_path: Path
) -> None:
    path = FOLDERS["name and number"](tmp_path / "s")
    folder = read_folder(path)
    ((_, figure),) = OF_TABLES["curves"](folder, metric, select(folder, asked))
    assert figure._supxlabel.get_text().replace("\n", " ").endswith(expected)


EVERY_LOOK = ("a run", "one number", "points", "drawn at random", "a grid of long names", "four options", "recorded")
"""Folders with every look of a picture with highlights among them: lines, ranks, slices, cells, parallels, panels."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in EVERY_LOOK else pytest.mark.slow) for name in FOLDERS]
)
def test_highlighting_works_in_every_picture(name: str, tmp_path: Path) -> None:
    path = FOLDERS[name](tmp_path / "s")
    configurations = list(read_folder(path).configurations)
    asked = Asked(highlight=lambda options: tuple(options.values()) == configurations[-1])
    if not read_folder(path).is_sweep:
        with pytest.raises(UsageError, match="is a single run"):
            drawings(path, asked=asked)
        return
    with styled():
        for _, figure in drawings(path, asked=asked):
            check(figure)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (Asked(by="depht"), r"--by depht: .* does not vary it; did you mean depth\? It varies depth, activation"),
        (Asked(highlight=lambda options: False), "--highlight: it holds for none of the 20 configurations of"),
    ],
)
def test_what_nobody_can_highlight_is_refused(asked: Asked, message: str, tmp_path: Path) -> None:
    path = FOLDERS["name and number"](tmp_path / "s")
    with pytest.raises(UsageError, match=message):
        drawings(path, asked=asked)


def test_seeds_that_stopped_early_leave_the_mean_to_the_others(tmp_path: Path) -> None:
    path = sweep_folder(tmp_path / "s", {"width": [4, 8]}, seeds=2)
    lines = (path / "metrics.csv").read_text().splitlines(keepends=True)
    (path / "metrics.csv").write_text(
        "".join(line for line in lines if not line.startswith(("1,000000000001,3", "1,000000000001,4")))
    )
    folder = read_folder(path)
    first, second = (np.array(folder.epochs(trial)["val_accuracy"]) for trial in folder.trials[:2])
    assert (len(first), len(second)) == (4, 2)
    (axes,) = figure_of(path, "curves-val_accuracy").axes
    expected = [*((first[:2] + second) / 2), *first[2:]]
    assert_allclose(axes.lines[0].get_ydata(), expected)


def test_points_are_means_with_student_intervals_on_a_logarithmic_axis(tmp_path: Path) -> None:
    path = sweep_folder(tmp_path / "s", {"width": WIDTHS}, seeds=5)
    (axes,) = figure_of(path, "options-val_accuracy").axes
    assert axes.get_xscale() == "log"
    assert [label.get_text() for label in axes.get_xticklabels()] == [str(width) for width in WIDTHS]
    scores = np.array([trial.metrics["val_accuracy"] for trial in read_folder(path).trials]).reshape(6, 5)
    assert_allclose(axes.lines[0].get_ydata(), scores.mean(axis=1))
    (bars,) = axes.collections
    half = 2.7764451051977987 * scores.std(axis=1, ddof=1) / math.sqrt(5)  # t(0.975; 4)
    for segment, mean, width in zip(bars.get_segments(), scores.mean(axis=1), half, strict=True):
        assert_allclose(segment[:, 1], [mean - width, mean + width])


def test_two_options_are_lines_or_a_heat_map(tmp_path: Path) -> None:
    lines = figure_of(FOLDERS["number and name"](tmp_path / "a"), "options-val_accuracy")
    assert [text.get_text() for text in lines.legends[0].get_texts()] == ["none", "batch", "layer"]
    assert lines.axes[0].get_xlabel() == "width (units per layer)"
    map_ = figure_of(FOLDERS["a wide grid"](tmp_path / "b"), "options-val_accuracy")
    (image,) = map_.axes[0].images
    assert image.get_array().shape == (10, 9)
    folder = read_folder(tmp_path / "b")
    of_one = [
        trial.metrics["val_accuracy"] for trial in folder.trials if tuple(trial.options.values()) == ("0.001", "16")
    ]
    assert_allclose(image.get_array()[4, 5], np.mean(of_one))  # rates ascend from 1e-8, sizes from 1
    assert len(map_.axes[0].texts) == 90


def test_the_slope_is_said_where_both_axes_are_logarithmic(tmp_path: Path) -> None:
    figure = figure_of(FOLDERS["errors over decades"](tmp_path / "s"), "options-val_max_error")
    (axes,) = figure.axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert axes.get_title() == "slope -2.00"


def test_a_level_that_begins_with_an_underscore_is_in_the_legend(tmp_path: Path) -> None:
    path = sweep_folder(tmp_path / "s", {"dataset": ["_new.csv", "old.csv"], "width": WIDTHS})
    (legend,) = figure_of(path, "options-val_accuracy").legends
    assert [text.get_text().strip() for text in legend.get_texts()] == ["_new.csv", "old.csv"]


def test_slopes_of_several_lines_say_which_is_whose(tmp_path: Path) -> None:
    figure = figure_of(FOLDERS["three options"](tmp_path / "s"), "options-val_max_error")
    for axes in figure.axes:
        assert axes.get_title().endswith("\nslopes, in the legend's\norder: -2.00, -2.00")


def test_an_interval_down_to_0_has_no_end_on_a_logarithmic_axis(tmp_path: Path) -> None:
    """A cap within the picture would be read as a bound that the seeds do not give."""
    path = sweep_folder(
        tmp_path / "s",
        {"width": WIDTHS},
        metric="val_max_error",
        score=lambda values, seed: 100.0 ** (seed - 1) / values["width"] ** 2,
    )
    (axes,) = figure_of(path, "options-val_max_error").axes
    (bars,) = axes.collections
    lower, upper = np.array(bars.get_segments())[:, :, 1].T
    assert axes.get_yscale() == "log" and (lower <= 0).all() and (upper > 0).all()
    assert axes.get_ylim()[0] > 0


def test_intervals_end_where_the_metric_does(tmp_path: Path) -> None:
    def ends(name: str, metric: str) -> np.ndarray[Any, Any]:
        path = sweep_folder(
            tmp_path / name, {"width": WIDTHS}, metric=metric, score=lambda _, seed: (0.02, 0.5, 0.98)[seed]
        )
        (bars,) = figure_of(path, f"options-{metric}").axes[0].collections
        return np.array(bars.get_segments())[:, :, 1]

    assert_allclose(ends("accuracy", "val_accuracy"), np.tile([0.0, 1.0], (6, 1)))
    half = 4.302652729911275 * 0.48 / math.sqrt(3)  # t(0.975; 2)
    assert_allclose(ends("error", "val_max_error"), np.tile([0.0, 0.5 + half], (6, 1)))


def test_lines_stand_beside_each_other_and_around_the_numbers(tmp_path: Path) -> None:
    (axes,) = figure_of(FOLDERS["number and name"](tmp_path / "s"), "options-val_accuracy").axes
    first, middle, last = (np.log(container[0].get_xdata()) for container in axes.containers)
    assert_allclose(middle, np.log(WIDTHS))
    assert_allclose((first + last) / 2, np.log(WIDTHS))
    assert ((last - first) < 0.05 * np.log(WIDTHS[-1] / WIDTHS[0])).all()
    assert (last > first).all()


def test_a_logarithmic_axis_of_few_decades_says_plain_numbers(tmp_path: Path) -> None:
    losses = {0.0: 0.15, 0.1: 0.09, 0.5: 0.2, 0.8: 1.5}
    path = sweep_folder(
        tmp_path / "s", {"dropout": list(losses)}, metric="val_loss", score=lambda v, _: losses[v["dropout"]]
    )
    (axes,) = figure_of(path, "options-val_loss").axes
    assert axes.get_yscale() == "log"
    low, high = axes.get_ylim()
    labels = [tick.label1.get_text() for tick in axes.yaxis.get_major_ticks() if low <= tick.get_loc() <= high]
    assert labels == ["0.05", "0.1", "0.2", "0.5", "1"]


@pytest.mark.parametrize(("metric", "best"), [("val_accuracy", 0.9), ("val_loss", 0.1), ("time_s", 0.5)])
def test_a_ranking_has_the_best_on_top(metric: str, best: float, tmp_path: Path) -> None:
    depths = {0: 0.9, 1: 0.5, 2: 0.1, 3: 0.7, 4: 0.3}
    path = sweep_folder(
        tmp_path / "s",
        configurations=points((0, "none"), (1, "quadratic"), (2, "none"), (3, "none"), (4, "none")),
        metric=metric if metric != "time_s" else "val_loss",
        score=lambda values, _: depths[values["depth"]],
    )
    (axes,) = figure_of(path, f"options-{metric}", metric).axes
    means = axes.lines[0].get_xdata()
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the first row is the top one
    assert means[0] == pytest.approx(best)
    assert list(means) in (sorted(means), sorted(means, reverse=True))


def test_options_that_go_together_are_one_factor(tmp_path: Path) -> None:
    tied = [
        {"width": width, "init": init, "epochs": epochs}
        for width in WIDTHS
        for init, epochs in (("interpolate", 0), ("he", 300))
    ]
    figure = figure_of(sweep_folder(tmp_path / "s", configurations=tied), "options-val_accuracy")
    assert figure.legends[0].get_title().get_text() == "init, epochs"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["interpolate, 0", "he, 300"]


def test_the_course_of_a_search_is_its_best_so_far(tmp_path: Path) -> None:
    """The third configuration failed, the fifth was pruned; each has three trials of half a second."""
    scores = [0.5, 0.7, None, 0.6, 0.9, 0.8]
    figure = figure_of(search_folder(tmp_path / "s", scores, {5: 0.75}), "course-val_accuracy")
    for panel, places in zip(figure.axes, (range(1, 7), [1.5 * n for n in range(1, 7)]), strict=True):
        lines = {str(line.get_label()): line for line in panel.lines}
        assert_allclose(lines["best so far"].get_xdata(), places)
        assert_allclose(lines["best so far"].get_ydata(), [0.5, 0.7, 0.7, 0.7, 0.7, 0.8])
        assert_allclose(lines["pruned"].get_ydata(), [0.9])
        assert_allclose(np.asarray(lines["by fresh seeds"].get_ydata())[-1], 0.75)
    assert drawings(tmp_path / "s", "val_loss") and not draw_course(read_folder(tmp_path / "s"), "val_loss")


def test_what_failed_is_left_out_and_said(tmp_path: Path) -> None:
    figure = figure_of(FOLDERS["one failed"](tmp_path / "s"), "options-val_accuracy")
    assert figure._supxlabel.get_text().replace("\n", " ") == (
        "mean and 95% interval over 1 to 3 seeds; 2 failed, diverged or pruned trials left out"
    )


def test_the_noise_falls_with_its_slope_at_the_initial_weights(tmp_path: Path) -> None:
    (axes,) = figure_of(FOLDERS["recorded batches"](tmp_path / "s"), "noise").axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    (label,) = (text.get_text() for text in axes.get_legend().get_texts())
    assert float(label.removeprefix("slope ")) == pytest.approx(-1, abs=0.03)
    folder = read_folder(tmp_path / "s")
    expected = [
        np.mean([folder.diagnostics(trial)["gradient_variance"][0] for trial in trials])
        for values, trials in folder.configurations.items()
        if values != ("full",)
    ]
    assert_allclose(axes.lines[0].get_ydata(), expected)


def test_the_drift_of_each_configuration_stands_on_one_scale(tmp_path: Path) -> None:
    figure = figure_of(FOLDERS["recorded"](tmp_path / "s"), "drift")
    plain, batch = figure.axes
    assert (plain.get_title(), batch.get_title()) == ("norm none", "norm batch")
    assert plain.get_ylim() == batch.get_ylim()
    folder = read_folder(tmp_path / "s")
    trial = folder.trials[0]
    for line, name in zip(plain.lines, ("input_p85", "input_p50", "input_p15"), strict=True):
        assert_allclose(line.get_ydata(), folder.diagnostics(trial)[name])
        assert_allclose(line.get_xdata(), folder.diagnostics(trial)["step"])


def test_series_differ_in_more_than_colour(tmp_path: Path) -> None:
    path = sweep_folder(tmp_path / "s", {"activation": ACTIVATIONS[:8]})
    (axes,) = figure_of(path, "curves-val_accuracy").axes
    looks = {(line.get_marker(), str(line._dash_pattern)) for line in axes.lines}
    assert len(looks) == len({marker for marker, _ in looks}) == len({dashes for _, dashes in looks}) == 8


def test_a_drawing_is_the_same_again_and_another_one_with_other_numbers(tmp_path: Path) -> None:
    """The comparison that the reference figures are held by, shown a difference of each kind."""
    path = FOLDERS["one number with zero"](tmp_path / "s")
    with styled():
        once, again = ([render(figure, "svg") for _, figure in drawings(path)] for _ in range(2))
        for one, two in zip(once, again, strict=True):
            assert_same(one, two, "the same numbers")
        for old, new in (("0.8", "0.9"), ("dropout", "droppout")):
            table = (path / "trials.csv").read_text()
            (path / "trials.csv").write_text(table.replace(old, new))
            (changed,) = (render(figure, "svg") for _, figure in drawings(path, kinds=["options"]))
            (path / "trials.csv").write_text(table)
            with pytest.raises(AssertionError):
                assert_same(changed, once[1], "other numbers")


def test_characters_that_the_font_lacks_are_boxes_without_a_warning(tmp_path: Path) -> None:
    with styled():
        found = drawings(sweep_folder(tmp_path / "表", {"dataset": ["表", "b"]}))
        assert all(render(figure, "png") for _, figure in found)


def test_another_metric(tmp_path: Path) -> None:
    path = FOLDERS["one number"](tmp_path / "s")
    assert [name for name, _ in drawings(path, "train_loss")] == ["curves-train_loss", "options-train_loss"]
    assert [name for name, _ in drawings(path, "test_accuracy")] == ["options-test_accuracy"]
    assert [name for name, _ in drawings(path, "grad_norm")] == ["curves-grad_norm"]
    assert [name for name, _ in drawings(path, "time_s")] == ["options-time_s"]


def test_the_check_itself_finds_texts_that_overlap_or_leave_the_figure_and_axes_without_name() -> None:
    for spoil in (
        lambda axes: axes.text(0.5, 0.5, "one") and axes.text(0.5, 0.5, "two"),
        lambda axes: axes.text(2.0, 0.5, "outside", transform=axes.transAxes, in_layout=False),
        lambda axes: axes.set_ylabel(""),
    ):
        with styled():
            figure, (axes,) = new_figure(4, 3)
            axes.set_xlabel("x")
            axes.set_ylabel("y")
            titled(figure, "title", "below")
            check(figure)
            spoil(axes)
            with pytest.raises(AssertionError):
                check(figure)


def test_ticks_of_whole_numbers_are_whole_and_name_their_place() -> None:
    heights, ticks = axis_places([16, 1024, 4096], log=False)
    assert_allclose(heights, [0.0, (1024 - 16) / 4080, 1.0])
    assert [text for _, text in ticks] == ["16", "1036", "2056", "3076", "4096"]

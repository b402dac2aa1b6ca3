"""Results folders made by hand, in the form of CONTRACT section 5, and what is asked of every picture of them."""

import itertools
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from mlpcli.results.files.csv_text import table

EPOCH_COLUMNS = [
    "epoch",
    "step",
    "lr",
    "train_loss",
    "train_accuracy",
    "val_loss",
    "val_accuracy",
    "grad_norm",
    "epoch_time_s",
    "total_time_s",
]
REGRESSION_COLUMNS = [
    "epoch",
    "step",
    "lr",
    "train_loss",
    "train_rmse",
    "val_loss",
    "val_rmse",
    "val_r2",
    "val_max_error",
    "grad_norm",
    "epoch_time_s",
    "total_time_s",
]
DIAGNOSTIC_COLUMNS = ["epoch", "step", "gradient_variance", "gradient_norm_full", "input_p15", "input_p50", "input_p85"]

Score = Callable[[Mapping[str, Any], int], float]


def noise(seed: int, *more: object) -> float:
    """A number in [-1, 1], the same for the same arguments."""
    return math.sin(1000 * seed + sum(map(ord, "".join(map(str, more)))))


def run_folder(path: Path, epochs: int = 5, *, validated: bool = True, recorded: bool = False, **result: Any) -> Path:
    """A run of classification."""
    path.mkdir(parents=True)
    monitor = "val_accuracy" if validated else "auto"
    (path / "config.toml").write_text(f'dataset = "digits"\nmonitor = "{monitor}"\nseed = 3\n')
    rows = [epoch_row(EPOCH_COLUMNS, epoch, 3, 0.9, validated) for epoch in range(1, epochs + 1)]
    (path / "metrics.csv").write_text(table(EPOCH_COLUMNS, rows))
    if recorded:
        recorded_rows = [diagnostics_row(epoch, 3, 32, 0.5) for epoch in range(epochs + 1)]
        (path / "diagnostics.csv").write_text(table(DIAGNOSTIC_COLUMNS, recorded_rows))
    val = {"loss": 0.2, "accuracy": 0.9} if validated else None
    metrics = {"train": {"loss": 0.1, "accuracy": 0.95}, "val": val, "test": None}
    known = {
        "run_id": "0123456789ab",
        "config": {"dataset": "digits"},
        "state": "complete",
        "metrics": metrics,
        "best_epoch": min(3, epochs),
        "epochs_run": epochs,
    }
    (path / "result.json").write_text(json.dumps({**known, "parameters": 10, "time_s": 1.5, **result}))
    return path


def sweep_folder(
    path: Path,
    options: Mapping[str, Sequence[Any]] | None = None,
    *,
    configurations: Sequence[Mapping[str, Any]] | None = None,
    seeds: int = 3,
    epochs: int = 4,
    metric: str = "val_accuracy",
    score: Score | None = None,
    states: Mapping[int, str] | None = None,
    recorded: bool = False,
    drawn: Sequence[str] = (),
) -> Path:
    """A sweep over the grid of `options`, or over `configurations`; `score` gives the metric of a configuration.

    The options that are `drawn` stand in the sweep's [random].
    """
    path.mkdir(parents=True)
    if configurations is None:
        assert options is not None
        configurations = [dict(zip(options, values, strict=True)) for values in itertools.product(*options.values())]
    regression = metric.partition("_")[2] in ("rmse", "max_error")
    columns = REGRESSION_COLUMNS if regression else EPOCH_COLUMNS
    names = ("loss", "rmse", "mae", "r2", "max_error") if regression else ("loss", "accuracy")
    trials, rows, recorded_rows = [], [], []
    for number, (values, seed) in enumerate(itertools.product(configurations, range(seeds))):
        value = score(values, seed) if score else 0.8 + 0.1 * noise(seed, values)
        state = (states or {}).get(number, "complete")
        scores = {f"{part}_{name}": value for part in ("train", "val", "test") for name in names}
        if state != "complete":
            scores = dict.fromkeys(scores)
        first = {"trial": number, "run_id": f"{number:012x}"}
        trials.append(
            {**first, "state": state, "seed": seed, **values, "parameters": 10, "epochs_run": epochs, "best_epoch": 1}
            | {**scores, "error": None if state == "complete" else "loss became nan", "time_s": 0.5}
        )
        rows += [{**first, **epoch_row(columns, epoch, seed, value)} for epoch in range(1, epochs + 1)]
        size = values.get("batch_size", 32)
        if recorded and size != "full":
            recorded_rows += [
                {**first, **diagnostics_row(epoch, seed, size, len(str(values)) / 10)} for epoch in range(epochs + 1)
            ]
    random = "".join(f"{name} = {{ low = 1e-9, high = 1e9 }}\n" for name in drawn)
    header = f'name = "{path.name}"\nmetric = "{metric}"\n'
    (path / "sweep.toml").write_text(f"{header}[random]\n{random}" if drawn else header)
    (path / "trials.csv").write_text(table(list(trials[0]), trials))
    (path / "metrics.csv").write_text(table(["trial", "run_id", *columns], rows))
    if recorded:
        (path / "diagnostics.csv").write_text(table(["trial", "run_id", *DIAGNOSTIC_COLUMNS], recorded_rows))
    return path


def search_folder(path: Path, scores: Sequence[float | None], fresh: Mapping[int, float] | None = None) -> Path:
    """A search by batches of four over lr and norm; `scores` are those of its configurations, `fresh` the confirmed.

    The even ones are pruned from the fifth on, and each score is the mean of three seeds.
    """
    rng = np.random.default_rng(0)
    rates = (10.0 ** rng.uniform(-4, -1, len(scores))).tolist()
    configurations = [{"lr": rate, "norm": ("none", "batch")[place % 2]} for place, rate in enumerate(rates)]
    sweep_folder(path, configurations=configurations)
    with (path / "sweep.toml").open("a") as file:
        file.write("[search]\ntrials = 12\nlr = { low = 1e-4, high = 0.1, log = true }\n")
        file.write('norm = { choices = ["none", "batch"] }\n')
    lines = []
    for place, score in enumerate(scores):
        is_pruned = place >= 4 and place % 2 == 0
        spread = (0.5, None, 0.6) if score is None else (score - 0.01, score, score + 0.01)
        lines.append(search_line(1 + place // 4, place, configurations[place], spread, 0, not is_pruned))
    for place, score in (fresh or {}).items():
        lines.append(search_line(99, place, configurations[place], (score, score), 3, True))
    (path / "search.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


def search_line(
    number: int, place: int, options: Mapping[str, Any], scores: Sequence[float | None], first_seed: int, ended: bool
) -> dict[str, Any]:
    values = {str(first_seed + at): score for at, score in enumerate(scores)}
    line = {"round": number, "configuration": place, "options": options, "epochs": None if ended else 2, "ended": ended}
    return {**line, "val_accuracy": values}


def epoch_row(columns: Iterable[str], epoch: int, seed: int, value: float, validated: bool = True) -> dict[str, Any]:
    row = {name: value * (1 - 0.5**epoch) + 0.01 * noise(seed, name, epoch) for name in columns}
    row |= {"epoch": epoch, "step": 40 * epoch, "lr": 0.01}
    row |= {name: 2.0 * 0.6**epoch + 0.01 * noise(seed, name) for name in row if name.endswith("loss")}
    return row if validated else row | {name: None for name in row if name.startswith("val_")}


def diagnostics_row(epoch: int, seed: int, size: int, level: float) -> dict[str, Any]:
    drift = level * (1 + 0.1 * epoch) + 0.05 * noise(seed, epoch)
    return {
        "epoch": epoch,
        "step": 40 * epoch,
        "gradient_variance": 100 * (1 + 0.1 * noise(seed, size)) / size / (1 + epoch),
        "gradient_norm_full": 2.0 / (1 + epoch),
        "input_p15": drift - 1,
        "input_p50": drift,
        "input_p85": drift + 1,
    }


def texts(figure: Figure) -> list[tuple[str, Bbox]]:
    """Every text that is seen, with its box in pixels; of an axis the labels of the ticks that are drawn."""
    figure.draw_without_rendering()
    found: list[Text] = []
    for axes in figure.axes:
        if not axes.get_visible():
            continue
        found += [axes.title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            slack = 1e-9 * max(abs(low), abs(high))
            for which in (axis.get_major_ticks(), axis.get_minor_ticks()):
                found += [
                    label
                    for tick in which
                    if low - slack <= tick.get_loc() <= high + slack
                    for label in (tick.label1, tick.label2)
                    if label.get_visible() and tick.get_visible()
                ]
            found.append(axis.get_offset_text())
        if axes.get_legend():
            found += axes.get_legend().get_texts()
    for legend in figure.legends:
        found += [*legend.get_texts(), legend.get_title()]
    found += [text for text in (figure._suptitle, figure._supxlabel) if text]
    seen = [text for text in found if text.get_visible() and text.get_text().strip()]
    return [(text.get_text(), text.get_window_extent()) for text in seen]


def check(figure: Figure) -> None:
    """Every axis that is seen is named, no text lies on another, and none leaves the figure."""
    boxes = texts(figure)
    edge = figure.bbox
    for text, box in boxes:
        inside = edge.x0 - 1 <= box.x0 and box.x1 <= edge.x1 + 1 and edge.y0 - 1 <= box.y0 and box.y1 <= edge.y1 + 1
        assert inside, f"{text!r} leaves the figure"
    low, high = np.array([box.min for _, box in boxes]), np.array([box.max for _, box in boxes])
    shared = np.minimum(high[:, None], high) - np.maximum(low[:, None], low)  # width and height of what two boxes share
    for one, two in np.argwhere(np.triu((shared > 1).all(axis=-1), k=1)):
        raise AssertionError(f"{boxes[one][0]!r} lies on {boxes[two][0]!r}")
    assert figure._suptitle and figure._suptitle.get_text()
    panels = [axes for axes in figure.axes if axes.get_visible() and axes.get_label() != "<colorbar>"]
    for axes in panels:
        x, y = axes.get_shared_x_axes(), axes.get_shared_y_axes()
        assert axes.get_xlabel() or any(x.joined(axes, other) and other.get_xlabel() for other in panels)
        assert axes.get_ylabel() or any(y.joined(axes, other) and other.get_ylabel() for other in panels)


def finite(figure: Figure) -> bool:
    """Whether something is drawn in every panel that is seen."""
    return all(
        any(np.isfinite(line.get_ydata(orig=False)).any() for line in axes.lines) or axes.images or axes.patches
        for axes in figure.axes
        if axes.get_visible() and axes.get_label() != "<colorbar>"
    )

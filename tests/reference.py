"""Makes experiments/README.md and its figures from results/reference: what the lecture claims, what came out here.

python -m tests.reference
"""

import csv
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "results" / "reference"
PAGE = ROOT / "experiments" / "README.md"

Row = dict[str, str]


def table(name: str, file: str = "summary.csv") -> list[Row]:
    """The rows of a reference result."""
    return list(csv.DictReader((REFERENCE / name / file).read_text().splitlines()))


def only(rows: list[Row], **wanted: object) -> list[Row]:
    """Those rows that have these values."""
    return [row for row in rows if all(row[key] == str(value) for key, value in wanted.items())]


def number(rows: list[Row], column: str) -> float:
    """The value of a column in the single row there must be."""
    (row,) = rows
    return float(row[column])


def slope(x: list[float], y: list[float]) -> float:
    """The slope of log y over log x."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def xor() -> tuple[str, bool]:
    rows = table("xor")
    best_linear = max(float(row["train_accuracy"]) for row in only(table("xor", "trials.csv"), depth=0, lift="none"))
    lifted = number(only(rows, depth=0, lift="quadratic"), "train_accuracy_mean")
    solved = {
        width: np.mean(
            [row["train_accuracy"] == "1.0" for row in only(table("xor", "trials.csv"), depth=1, width=width)]
        )
        for width in (2, 4, 8, 16)
    }
    shares = ", ".join(f"{share:.0%} at width {width}" for width, share in solved.items())
    ordered = list(solved.values()) == sorted(solved.values())
    return (
        f"linear: at most {best_linear * 4:.0f} of 4 over 50 seeds; with products {lifted * 4:.0f} of 4; one hidden layer "
        f"gets all four right for these shares of the seeds: {shares}",
        best_linear <= 0.75 and lifted == 1 and ordered,
    )


def activations() -> tuple[str, bool]:
    rows = table("activations")
    deep = {name: number(only(rows, depth=8, activation=name), "val_accuracy_mean") for name in ("relu", "sigmoid")}
    return f"8 layers: ReLU {deep['relu']:.3f}, sigmoid {deep['sigmoid']:.3f}", deep["relu"] > deep["sigmoid"] + 0.1


def batch_size() -> tuple[str, bool]:
    trials = {row["run_id"]: row["batch_size"] for row in table("batch_size", "trials.csv")}
    found: dict[float, list[float]] = {}
    for row in table("batch_size", "diagnostics.csv"):
        if row["epoch"] == "0" and trials[row["run_id"]] != "full":
            found.setdefault(float(trials[row["run_id"]]), []).append(float(row["gradient_variance"]))
    sizes, rows = sorted(found), 1257
    # Batches are drawn without replacement, which lowers the variance by (n - B) / (n - 1).
    variances = [float(np.mean(found[size])) * (rows - 1) / (rows - size) for size in sizes]
    fitted = slope(sizes, variances)
    return (
        f"slope of log variance against log B from {sizes[0]:.0f} to {sizes[-1]:.0f}: {fitted:.2f}",
        abs(fitted + 1) <= 0.1,
    )


def learning_rate() -> tuple[str, bool]:
    rows = table("learning_rate")
    found = {name: only(rows, lr="0.01", schedule=name, warmup="0.0") for name in ("constant", "cosine")}
    loss = {name: number(row, "val_loss_mean") for name, row in found.items()}
    apart = number(found["cosine"], "val_loss_ci_high") < number(found["constant"], "val_loss_ci_low")
    return (
        f"val_loss at lr 0.01: constant {loss['constant']:.4f}, cosine {loss['cosine']:.4f}"
        + ("" if apart else "; the means alone: their intervals overlap"),
        loss["cosine"] < loss["constant"],
    )


def universal_approximation() -> tuple[str, bool]:
    rows = table("universal_approximation")
    widths = [8, 16, 32, 64, 128]
    error = [number(only(rows, dataset="sine", width=w, init="interpolate"), "val_max_error_mean") for w in widths]
    learned = number(only(rows, dataset="sine", width=128, init="auto"), "val_max_error_mean")
    fitted = slope(widths, error)
    return (
        f"sine, constructed: {error[0]:.3f} at width 8 to {error[-1]:.5f} at 128, slope {fitted:.2f}; learned at 128: "
        f"{learned:.4f}",
        abs(fitted + 2) <= 0.1,
    )


def depth() -> tuple[str, bool]:
    rows = table("depth")
    built = number(only(rows, init="sawtooth"), "train_accuracy_mean")
    trained = max(float(row["train_accuracy_mean"]) for row in rows if row["init"] != "sawtooth")
    return (
        f"5 layers of 2 units, built: {built:.3f}; best of the trained with 200 parameters: {trained:.3f}",
        built == 1,
    )


def depth_radial() -> tuple[str, bool]:
    rows = table("depth_radial")
    rmse = {row["hidden"]: float(row["val_rmse_mean"]) for row in rows}
    shown = ", ".join(f"[{hidden}] {value:.3f}" for hidden, value in rmse.items())
    return f"val_rmse: {shown}", max(rmse, key=lambda hidden: rmse[hidden]) == "375"


def dropout() -> tuple[str, bool]:
    rows = table("dropout")
    best = min(only(rows, width=128), key=lambda row: float(row["val_loss_mean"]))
    plain = number(only(rows, width=128, dropout="0.0"), "val_loss_mean")
    return (
        f"val_loss at width 128: {plain:.4f} without, {float(best['val_loss_mean']):.4f} at rate {best['dropout']}",
        float(best["dropout"]) > 0,
    )


def drift() -> tuple[str, bool]:
    trials = {row["run_id"]: row["norm"] for row in table("drift", "trials.csv")}
    runs: dict[str, list[tuple[float, float]]] = {}
    for row in table("drift", "diagnostics.csv"):
        spread = float(row["input_p85"]) - float(row["input_p15"])
        runs.setdefault(row["run_id"], []).append((spread, float(row["input_p50"])))
    grown: dict[str, list[float]] = {"none": [], "batch": []}
    moved: dict[str, list[float]] = {"none": [], "batch": []}
    for run_id, steps in runs.items():
        spreads, medians = np.array(steps).T
        grown[trials[run_id]].append(spreads[-1] / spreads[0])
        moved[trials[run_id]].append(np.ptp(medians))
    spreads, ways = ({name: float(np.mean(found[name])) for name in found} for found in (grown, moved))
    return (
        f"from the first to the last of 100 epochs the input of a unit comes to spread {spreads['none']:.0f} times as wide "
        f"in the plain network, {spreads['batch']:.1f} times with batch norm; its median moves by {ways['none']:.2f} and "
        f"{ways['batch']:.2f}",
        max(grown["batch"]) < min(grown["none"]) and max(moved["batch"]) < min(moved["none"]),
    )


def normalization(norm: str) -> tuple[str, bool]:
    rows = only(table("normalization"), batch_size=32)
    places = {"none": "", norm: "before"}
    accuracy = {
        name: number(only(rows, norm=name, norm_position=place), "val_accuracy_mean") for name, place in places.items()
    }
    return (
        f"sigmoid units, 10 epochs, val_accuracy: plain {accuracy['none']:.3f}, {norm} norm {accuracy[norm]:.3f}",
        accuracy[norm] > accuracy["none"],
    )


SLIDES = {
    1: "XOR Recalled",
    2: "Does It Work on XOR Dataset?",
    3: "Multi-Class Classification",
    4: "Activation Function",
    5: "MLP Training — Even Deeper",
    6: "Stochastic Gradient Descent (SGD)",
    7: "Learning Rate Decay",
    8: "How to Compute the Gradient? Chain Rule!",
    9: "A Simple Example",
    10: "Universal Approximation Theorem",
    11: "Then Why Deep Learning?",
    12: "Dropout",
    13: "Batch Normalization",
    14: "Batch Normalization vs. Layer Normalization",
    15: "A Complete MLP Architecture",
}
"""Titles of the slides, in the order of the lecture."""

EXPERIMENTS: list[tuple[int, str, str, Callable[[], tuple[str, bool]]]] = [
    (1, "XOR has no linear classifier", "xor", xor),
    (4, "Saturating activations stall deep networks", "activations", activations),
    (6, "The variance of a minibatch gradient falls as 1/B", "batch_size", batch_size),
    (7, "A rate that decays beats a constant one", "learning_rate", learning_rate),
    (10, "A wide 2-layer network comes arbitrarily close, with error 1/k^2", "universal_approximation", universal_approximation),
    (11, "Depth separates what width cannot", "depth", depth),
    (11, "A radial target in 10 dimensions (an illustration)", "depth_radial", depth_radial),
    (12, "Dropout lowers the validation loss", "dropout", dropout),
    (13, "Batch normalization speeds up training", "normalization", lambda: normalization("batch")),
    (13, "It keeps the distribution of a unit's input in place", "drift", drift),
    (14, "Layer normalization does so too", "normalization", lambda: normalization("layer")),
]  # fmt: skip

PROOFS = [
    (2, "The lecture's own XOR network", "mlpcli train --dataset xor --hidden 2 --init xor --epochs 0", "accuracy 1.0; every z, h and y-hat asserted in tests/nn/test_lecture.py"),
    (3, "One output with sign and sigmoid, c outputs with softmax", "mlpcli train --dataset breast_cancer", "tests/nn/test_pitfalls.py: one score equals the softmax of (0, z)"),
    (5, "Squared error and log-loss", "mlpcli train --dataset diabetes", "hand-worked numbers in tests/nn/test_pitfalls.py"),
    (8, "The eight equations of backpropagation", "mlpcli gradcheck", "entry by entry in tests/nn/test_lecture.py and tests/autodiff/test_tape.py"),
    (9, "A computational graph", 'mlpcli graph "(x + y) * z" x=-2 y=5 z=-4', "q = 3, f = -12, df/dq = -4, df/dx = -4, df/dy = -4, df/dz = 3"),
    (15, "The complete architecture", "mlpcli gradcheck --width 64 --depth 3 --norm batch --dropout 0.2", "every row below 1e-7"),
]  # fmt: skip

PICTURES = {
    1: "xor_regions", 2: "xor_lecture", 3: "blobs", 4: "functions", 5: "functions", 6: "batch_size", 7: "schedules",
    8: "graphs", 9: "graphs", 10: "fits", 11: "sawtooth", 12: "dropout", 13: "drift", 14: "normalization", 15: "architecture",
}  # fmt: skip
"""The picture that a teacher would draw, by the row of the lecture: its section."""

RUNS = {
    "xor_lecture": "--dataset xor --hidden 2 --init xor --epochs 0",
    "blobs": "--dataset blobs --width 16 --epochs 10",
    "sawtooth": "--dataset sawtooth:k=4 --init sawtooth --width 2 --depth 4 --epochs 0 --dtype float64",
    "architecture": "--width 64 --depth 3 --norm batch --dropout 0.2 --epochs 0",
}
"""Options of the single runs in results/reference, which have no sweep file."""

GRAPHS = {
    "lecture": ("(x + y) * z", {"x": -2, "y": 5, "z": -4}),
    "backpropagation": ("(u * relu(w * x + b) + c - y) ** 2 / 2", {"u": 2, "w": 1, "x": 3, "b": -1, "c": -1, "y": 1}),
}
"""Expressions that are drawn, with the values of their variables."""

FIGURES = [
    ("xor", "options-train_accuracy", "Rows of XOR that are right, over 50 seeds: no linear classifier has all four right; products of the inputs, or enough hidden units, do it."),
    ("activations", "options-val_accuracy", "Networks of eight sigmoid layers stall; two sigmoid layers do not, and the other activations stall at neither depth."),
    ("batch_size", "noise", "The noise of a minibatch gradient against the size of the batch. The line is steeper than -1 because batches are drawn without replacement; the table above has the slope with that taken out."),
    ("learning_rate", "options-val_loss", "Schedules and warm-up. The intervals overlap: five seeds on digits do not tell the schedules apart, and at rate 0.01 every decaying schedule but the exponential is a little below the constant one."),
    ("universal_approximation", "options-val_max_error", "The error of one hidden layer against its width, constructed by interpolation and learned, for a smooth target and for a staircase."),
    ("depth", "options-train_accuracy", "Five layers of two units built by hand against networks of about 200 parameters trained on the same 32 points."),
    ("depth_radial", "options-val_rmse", "About 4,600 parameters in one, two and three layers."),
    ("width", "options-val_accuracy", "Wider is better until about 32 units, and no worse afterwards."),
    ("dropout", "options-val_loss", "Some dropout lowers the mean validation loss over five seeds; too much raises it, most of all for the narrow network."),
    ("normalization", "options-val_accuracy", "Sigmoid units after 10 epochs: batch and layer normalization, before and after the activation, at batches of 4 and 32 rows."),
    ("drift", "drift", "The input of one unit of the last of three layers of sigmoid units: it drifts in the plain network, hardly with batch normalization."),
    ("drift", "curves-val_accuracy", "Validation accuracy of the same networks: the plain one lags behind."),
    ("mnist_batchnorm", "curves-val_accuracy", "The same comparison on MNIST, as in the paper's figure 1(a)."),
    ("xor_regions", "regions", "The classes that a linear network, one on products of the inputs too, and one with a hidden layer give to each point of XOR's plane."),
    ("xor_lecture", "network", "The lecture's network: U, c, w and b of \"XOR Recalled\" on their edges and in their units."),
    ("xor_lecture", "hidden", "What it does: x on the left, h on the right, where a line separates the classes."),
    ("blobs", "regions", "Five outputs and softmax: each class has its region, in which its score is the largest."),
    ("functions", "activations", "Activations and their slopes, as the layers compute them. The sigmoid's slope is 1/4 at most: it vanishes over many layers."),
    ("functions", "losses", "Squared error and log-loss with their slopes, at which backpropagation begins."),
    ("schedules", "schedule", "The learning-rate schedules, as a training used them."),
    ("graphs", "lecture", "The lecture's graph: the gradient at an edge's head times the derivative written on the edge is its share of the gradient at the tail."),
    ("graphs", "backpropagation", "The same for a network of one hidden unit and its squared error: backpropagation of the 2-layer network."),
    ("fits", "fit", "A sine by 4, 8 and 16 hidden units, one per knot."),
    ("sawtooth", "regions", "Four layers of two units make 8 teeth; each further layer doubles them."),
    ("architecture", "network", "[linear, norm, activation, dropout] x depth, linear: the complete architecture."),
]  # fmt: skip

SECTIONS = list(dict.fromkeys(name for name, _, _ in FIGURES))


def draw(names: Sequence[str] = SECTIONS) -> Iterator[tuple[Path, bytes]]:
    """The files and contents of the figures of these sections, as the commands of `commands` draw them."""
    from mlpcli.plot.draw import pictures

    for name in names:
        wanted = [figure for drawn, figure, _ in FIGURES if drawn == name]
        if name in ("graphs", "functions"):
            yield from ((REFERENCE / name / f"plot-{figure}.svg", _draw_alone(figure)) for figure in wanted)
            continue
        for file, content in pictures(REFERENCE / name, None, "svg", None, only=_kinds(wanted)):
            if file.removeprefix("plot-").removesuffix(".svg") in wanted:
                yield REFERENCE / name / file, content


def _draw_alone(figure: str) -> bytes:
    """A picture that needs no results."""
    from mlpcli.autodiff.parser import parse
    from mlpcli.plot.functions import draw_activations, draw_losses
    from mlpcli.plot.graph_svg import graph_svg
    from mlpcli.plot.style import render, styled

    if figure in GRAPHS:
        text, values = GRAPHS[figure]
        expression = parse(text)
        return graph_svg(expression, expression.evaluate(values), lambda value: f"{value or 0:.6g}").encode()
    with styled():
        return render({"activations": draw_activations, "losses": draw_losses}[figure]().figure, "svg")


def _kinds(figures: Sequence[str]) -> list[str]:
    """The kinds of pictures that `--only` takes, of files that are named after kind and metric."""
    return list(dict.fromkeys(figure.partition("-")[0] for figure in figures))


def commands(name: str) -> list[str]:
    """What draws the figures of a section from the files in results/reference, or from nothing."""
    figures = [figure for drawn, figure, _ in FIGURES if drawn == name]
    if name == "functions":
        return [f"mlpcli plot {' '.join(f'--{figure}' for figure in figures)} --format svg"]
    if name == "graphs":
        return [
            f'mlpcli graph "{text}" {" ".join(f"{key}={value}" for key, value in values.items())} --svg {figure}.svg'
            for figure, (text, values) in GRAPHS.items()
        ]
    made = [f"mlpcli train {RUNS[name]} --results results/reference --name {name}"] if name in RUNS else []
    return [*made, f"mlpcli plot results/reference/{name} --only {','.join(_kinds(figures))} --format svg"]


def page() -> str:
    """The page as it should be."""
    lines = [
        "# The lecture, system by system",
        "",
        "Each file here asks one question and says what to expect; [sweep_file.md](sweep_file.md) explains what such a file",
        "may hold. All of them but MNIST's, in a few minutes on two cores:",
        "",
        "```sh",
        'for file in experiments/[!m]*.toml; do mlpcli sweep "$file"; done',
        "```",
        "",
        "What came out here is in `results/reference/`; with `--results results/reference --restart` the loop replaces it,",
        "and `python -m tests.reference` makes this page of it. It was computed on a processor without AVX-512. Others",
        "round sums differently: with AVX-512 a few scores move (0.0949 of dropout is 0.0884), and every claim holds.",
        "Slides are those of Lecture 9, Multilayer Perceptron, of CS480/680 (Hongyang Zhang, February 2024).",
        "",
        "| slide | the lecture's claim | command | measured | holds | picture |",
        "|---|---|---|---|---|---|",
    ]
    rows = [
        (at, claim, f"mlpcli sweep experiments/{name}.toml", *measure()) for at, claim, name, measure in EXPERIMENTS
    ]
    rows += [(*proof, True) for proof in PROOFS]
    lines += [
        f"| {SLIDES[at]} | {claim} | `{command}` | {measured} | {'yes' if holds else 'NO'} "
        f"| [{PICTURES[at]}](#{PICTURES[at]}) |"
        for at, claim, command, measured, holds in sorted(rows, key=lambda row: row[0])
    ]
    lines += [
        "",
        "The paper tables on MNIST are `mnist_*.toml`. Without an internet connection, add",
        "`--set dataset=idx:FOLDER`. Results of those that were run are in `results/reference/mnist.md`.",
        "",
        "## Figures",
        "",
        "`mlpcli plot` draws them from the tables and models in `results/reference/`, the command stands above each;",
        "`python -m tests.reference` draws all of them. Lines differ in marker and dashes too, for print without colour.",
        "`xor_regions` and `fits` are run with `--keep-models all`: their pictures show every network.",
    ]
    for name in SECTIONS:
        lines += ["", f"### {name}", "", "```sh", *commands(name), "```"]
        for _, figure, caption in (found for found in FIGURES if found[0] == name):
            lines += ["", caption, "", f"![{name}, {figure}](../results/reference/{name}/plot-{figure}.svg)"]
    lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Write the page, and draw the figures where matplotlib is installed."""
    PAGE.write_text(page())
    if find_spec("matplotlib") is None:
        print("matplotlib is not installed: the figures are left as they are", file=sys.stderr)
        return
    for path, content in draw():
        path.write_bytes(content)


if __name__ == "__main__":
    main()

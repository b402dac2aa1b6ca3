"""Pictures of trained networks: what is drawn equals what the model says, worked by hand where it can be."""

import functools
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.testing import assert_allclose

from mlpcli.cli.main import run
from mlpcli.plot.draw import OF_NETWORKS, OF_TABLES, pictures
from mlpcli.plot.kinds import KINDS
from mlpcli.plot.networks.hidden import find_view
from mlpcli.plot.networks.kept import Networks
from mlpcli.plot.selection import Asked, select
from mlpcli.plot.style import styled
from mlpcli.results.folders.read_folder import read_folder
from mlpcli.training.metrics.probability_tables import bin_rows
from tests.plot.folders import check

RUNS = {
    "xor": ("--dataset", "xor", "--hidden", "2", "--init", "xor", "--epochs", "0"),
    "moons": ("--dataset", "moons", "--width", "8", "--depth", "2", "--epochs", "3", "--norm", "batch"),
    "blobs": ("--dataset", "blobs", "--width", "16", "--epochs", "3", "--dropout", "0.1", "--schedule", "cosine"),
    "digits": ("--dataset", "digits", "--width", "40", "--depth", "1", "--epochs", "1"),
    "diabetes": ("--dataset", "diabetes", "--width", "8", "--epochs", "1"),
    "sawtooth": ("--dataset", "sawtooth:k=3", "--width", "2", "--depth", "3", "--init", "sawtooth", "--epochs", "0"),
    "linear": ("--dataset", "moons", "--depth", "0", "--lift", "quadratic", "--epochs", "2"),
}

DRAWN = {
    "xor": {"network", "regions", "hidden", "confusion"},
    "moons": {"network", "regions", "hidden", "confusion", "calibration"},
    "blobs": {"network", "regions", "hidden", "confusion", "calibration"},
    "digits": {"network", "hidden", "weights", "confusion", "calibration"},
    "diabetes": {"network", "hidden"},
    "sawtooth": {"network", "regions", "hidden", "confusion"},
    "linear": {"network", "regions", "confusion", "calibration"},
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("networks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLPCLI_DATA_HOME", str(path / "home"))
        for name, options in RUNS.items():
            assert run(["train", "--results", str(path), "--name", name, "--quiet", *options]) == 0
        yield path


@functools.cache
def networks(root: Path, name: str) -> Networks:
    """Of a run that stands: it is read once."""
    folder = read_folder(root / name)
    return Networks(folder, select(folder, Asked()), None)


def figure_of(root: Path, name: str, kind: str) -> Figure:
    with styled():
        ((_, figure),) = OF_NETWORKS[kind](networks(root, name))
        figure.draw_without_rendering()
    return figure


def test_every_kind_has_a_function_and_a_description() -> None:
    assert OF_TABLES.keys().isdisjoint(OF_NETWORKS)
    assert set(KINDS) == {*OF_TABLES, *OF_NETWORKS}


@pytest.mark.parametrize("name", RUNS)
def test_the_pictures_of_each_network_are_legible(name: str, root: Path) -> None:
    kinds = set()
    with styled():
        for kind, draw in OF_NETWORKS.items():
            for drawing in draw(networks(root, name)):
                kinds.add(kind)
                assert drawing.name == kind
                figure = drawing.figure
                assert figure.get_figwidth() <= 6.5  # legible when it is printed 80 mm wide
                if kind in ("network", "weights"):  # without axes
                    figure.draw_without_rendering()
                else:
                    check(figure)
    assert kinds == DRAWN[name]


def test_xors_hidden_layer_is_the_lectures(root: Path) -> None:
    """Inputs (0,0), (1,0), (0,1), (1,1) become h = (0,0), (1,0), (1,0), (2,1); the output is 2 h1 - 4 h2 - 1."""
    figure = figure_of(root, "xor", "hidden")
    inputs, hidden = figure.axes
    negative, positive = hidden.lines
    assert_allclose(negative.get_xydata(), [[0, 0], [2, 1]])
    assert_allclose(positive.get_xydata(), [[1, 0], [1, 0]])
    assert [line.get_xydata().tolist() for line in inputs.lines] == [[[0, 0], [1, 1]], [[1, 0], [0, 1]]]
    assert sorted(text.get_text() for text in hidden.texts) == ["(0, 0)", "(1, 0)\n(0, 1)", "(1, 1)"]
    _, boundary, *_ = hidden.collections
    for h1, h2 in boundary.get_paths()[0].vertices:
        assert abs(2 * h1 - 4 * h2 - 1) < 1e-3


def test_xors_regions_are_where_its_two_lines_are(root: Path) -> None:
    """y = 2 relu(x1 + x2) - 4 relu(x1 + x2 - 1) - 1 changes its sign at x1 + x2 = 0.5 and at 1.5."""
    (axes,) = figure_of(root, "xor", "regions").axes
    _, boundary, *_ = axes.collections
    sums = boundary.get_paths()[0].vertices.sum(axis=1)
    assert_allclose(np.abs(sums - 1), 0.5, atol=5e-3)


def test_a_boundary_lies_where_the_model_is_undecided_in_the_datas_own_units(root: Path) -> None:
    (kept,) = networks(root, "moons").shown
    (axes,) = figure_of(root, "moons", "regions").axes
    boundary = axes.collections[1].get_paths()[0].vertices
    at_boundary = kept.model.predict_proba(boundary)[:, 1]
    assert len(boundary) > 20
    assert_allclose(at_boundary, 0.5, atol=0.02)
    rows = sorted(len(line.get_xdata()) for line in axes.lines)
    assert sum(rows) == 300 and min(rows) > 120  # spread over all rows: the source may be in order of classes


def test_each_of_ten_digits_has_a_colour_and_a_marker_of_its_own(root: Path) -> None:
    panels = [axes for axes in figure_of(root, "digits", "hidden").axes if axes.get_visible()]
    assert len(panels) == 2
    for axes in panels:
        lines = {line.get_label(): line for line in axes.lines}
        assert set(lines) == {str(digit) for digit in range(10)}
        for look in ("color", "marker"):
            assert len({getattr(line, f"get_{look}")() for line in lines.values()}) == 10


def test_tints_differ_in_lightness(root: Path) -> None:
    """In a copy without colour the regions of five classes are five greys."""
    (axes,) = figure_of(root, "blobs", "regions").axes
    tints = [to_rgb(color) for color in axes.collections[0].get_facecolor()]
    greys = [np.dot(tint, (0.2126, 0.7152, 0.0722)) for tint in tints]
    assert len(greys) == 5 and (np.diff(greys) < -0.04).all()


def test_one_input_is_drawn_with_its_probability(root: Path) -> None:
    (axes,) = figure_of(root, "sawtooth", "regions").axes
    network, rows = axes.lines
    at = np.searchsorted(network.get_xdata(), rows.get_xdata())
    assert_allclose(network.get_xdata()[at], rows.get_xdata())
    assert ((network.get_ydata()[at] > 0.5) == (rows.get_ydata() == 1)).all()


def test_the_network_of_the_lecture_has_its_numbers_on_its_edges(root: Path) -> None:
    (axes,) = figure_of(root, "xor", "network").axes
    texts = [text.get_text() for text in axes.texts]
    assert texts[:6] == ["1", "1", "1", "1", "2", "-4"]
    assert texts[6:] == ["x1", "x2", "0", "-1", "-1", "inputs", "relu", "output"]
    dashed = [line for line in axes.lines if line.get_linestyle() == "--"]
    assert len(dashed) == 1 and dashed[0].get_linewidth() == max(line.get_linewidth() for line in axes.lines[:6])


def test_products_of_the_inputs_have_their_own_names(root: Path) -> None:
    """The weights of the quadratic lift multiply x1^2, x1 x2 and x2^2, no third input of the table."""
    (axes,) = figure_of(root, "linear", "network").axes
    assert [text.get_text() for text in axes.texts][5:10] == ["x1", "x2", "x1²", "x1 x2", "x2²"]


def test_every_class_is_in_the_legend_and_long_names_leave_the_panel_its_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Matplotlib leaves names that begin with an underscore out of its legends."""
    monkeypatch.setenv("MLPCLI_DATA_HOME", str(tmp_path / "home"))
    names = ("_salt", "sweet", "a name of many words for one class of all")
    rows = "".join(f"{x},{(x * 7) % 5},{names[x % 3]}\n" for x in range(30))
    (tmp_path / "taste.csv").write_text(f"x,y,taste\n{rows}")
    words = ["--dataset", str(tmp_path / "taste.csv"), "--target", "taste", "--epochs", "1", "--width", "4"]
    assert run(["train", *words, "--results", str(tmp_path), "--name", "r", "--quiet"]) == 0
    figure = figure_of(tmp_path, "r", "regions")
    (legend,) = figure.legends
    shown = {text.get_text().strip().replace("\n", " ") for text in legend.get_texts()}
    assert shown == {*names}
    figure.draw_without_rendering()
    (panel,) = figure.axes
    assert panel.get_position().width * figure.get_figwidth() > 1.5  # inches


def test_a_larger_network_has_a_box_per_layer_and_its_parameters(root: Path) -> None:
    figure = figure_of(root, "blobs", "network")
    texts = [text.get_text() for text in figure.axes[0].texts if text.get_text()]
    assert texts == [
        "2 inputs", "linear, 2 to 16", "48", "relu", "dropout 0.1",
        "linear, 16 to 16", "272", "relu", "dropout 0.1", "linear, 16 to 5 (output)", "85",
    ]  # fmt: skip
    assert "405 in all" in figure._supxlabel.get_text()


def test_weights_are_images_of_the_units_with_the_largest(root: Path) -> None:
    (kept,) = networks(root, "digits").shown
    weight = kept.model.network.linears[0].weight
    figure = figure_of(root, "digits", "weights")
    canvas = figure.axes[0].images[0].get_array()
    largest = np.argsort(-np.linalg.norm(weight, axis=0))[:36]
    assert canvas.shape == (6 * 9 - 1, 6 * 9 - 1)
    for place, unit in enumerate(largest):
        top, left = 9 * (place // 6), 9 * (place % 6)
        assert_allclose(canvas[top : top + 8, left : left + 8], weight[:, unit].reshape(8, 8))


def test_the_confusion_counts_are_those_of_eval(root: Path) -> None:
    assert run(["eval", str(root / "blobs"), "--split", "test", "--quiet"]) == 0
    written = [line.split(",")[1:] for line in (root / "blobs" / "confusion-test.csv").read_text().splitlines()[1:]]
    figure = figure_of(root, "blobs", "confusion")
    drawn = [text.get_text().replace("·", "0") for text in figure.axes[0].texts]
    assert drawn == [count for row in written for count in row]


def test_weighted_rows_count_by_their_weights_as_in_eval(tmp_path: Path, root: Path) -> None:
    """`root` for the cache alone."""
    rows = [f"{at},{at * at % 17},{at % 3 > at % 5},{1 + 9 * (at % 2)}" for at in range(200)]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,y,w", *rows, ""]))
    options = ["--dataset", str(tmp_path / "t.csv"), "--target", "y", "--weights", "w", "--epochs", "3", "--quiet"]
    assert run(["train", "--results", str(tmp_path), "--name", "r", *options]) == 0
    assert run(["eval", str(tmp_path / "r"), "--split", "test", "--quiet"]) == 0
    counts, bins = (
        np.genfromtxt(tmp_path / "r" / f"{name}-test.csv", delimiter=",", skip_header=1)
        for name in ("confusion", "calibration")
    )
    figure = figure_of(tmp_path, "r", "confusion")
    drawn = [float(text.get_text().replace("·", "0")) for text in figure.axes[0].texts]
    assert_allclose(drawn, counts[:, 1:].ravel(), rtol=1e-3)
    accuracy = json.loads((tmp_path / "r" / "result.json").read_text())["metrics"]["test"]["accuracy"]
    caption = figure._supxlabel.get_text().replace("\n", " ")
    assert caption == f"40 test rows, counted by weight, accuracy {accuracy:.3f}; seed 0"
    above, below = figure_of(tmp_path, "r", "calibration").axes
    assert_allclose(above.lines[1].get_xydata(), bins[:, :2])
    assert_allclose([bar.get_height() for bar in below.patches if bar.get_height()], bins[:, 2])
    assert below.get_ylabel() == "weight"


def test_weights_widen_the_interval_of_a_share() -> None:
    """Weights 3 and 1 are worth 16 / 10 rows of equal weight; equal weights of any size as many rows as there are."""
    said, true = np.array([0.7, 0.7]), np.array([True, False])
    assert_allclose(bin_rows(said, true, np.array([3.0, 1.0])).effective, [1.6])
    equal = bin_rows(said, true, np.array([5.0, 5.0]))
    assert_allclose(equal.halves, bin_rows(said, true).halves)


def test_calibration_of_probabilities_worked_by_hand() -> None:
    """Of 4 rows at 0.75 three are true, of 2 rows at 0.25 none: off by 0 and 0.25, weighted 4 to 2."""
    bins = bin_rows(np.array([0.75] * 4 + [0.25] * 2), np.array([True, True, True, False, False, False]))
    assert_allclose(bins.share, [0, 0.75])
    assert bins.error == pytest.approx(0.25 * 2 / 6)
    low, high = bins.halves
    # Wilson's interval for 3 of 4: (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n) = 0.3006, 0.9544
    assert_allclose([0.75 - low[1], 0.75 + high[1]], [0.3006, 0.9544], atol=1e-4)
    assert low[0] == pytest.approx(0, abs=1e-12)


def test_principal_components_are_those_of_the_covariance() -> None:
    rng = np.random.default_rng(0)
    h = rng.normal(size=(200, 5)) @ np.diag([5.0, 3, 1, 0.5, 0.1]) + 7
    points, names = find_view(h, ("a", "b", "c", "d", "e"))
    variances = np.sort(np.linalg.eigvalsh(np.cov(h.T)))[::-1]
    assert_allclose(points.var(axis=0, ddof=1), variances[:2])
    assert names[0] == f"component 1 ({variances[0] / variances.sum():.0%})"
    assert find_view(h[:, :1], ("a",)).points[:, 1].tolist() == [0.0] * 200


def test_rows_with_several_labels_have_no_colour(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("a,b,l,m\n" + "".join(f"{n % 7},{n % 5},{n % 2},{n // 2 % 2}\n" for n in range(60)))
    options = ["--dataset", str(table), "--target", "l,m", "--task", "multilabel", "--epochs", "1", "--quiet"]
    assert run(["train", "--results", str(tmp_path), "--name", "r", *options]) == 0
    drawn = [name for name, _ in pictures(tmp_path / "r", None, "svg", None)]
    assert "plot-network.svg" in drawn and "plot-hidden.svg" not in drawn


def test_pictures_that_need_lost_data_are_left_out_with_the_reason(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("a,b,c\n" + "".join(f"{n},{n % 7},{'yes' if n % 3 else 'no'}\n" for n in range(60)))
    options = ["--dataset", str(table), "--target", "c", "--epochs", "1", "--quiet"]
    assert run(["train", "--results", str(tmp_path), "--name", "r", *options]) == 0
    table.unlink()
    reasons: list[str] = []
    drawn = [name for name, _ in pictures(tmp_path / "r", None, "svg", None, leave_out=reasons.append)]
    assert drawn == ["plot-curves-val_accuracy.svg", "plot-network.svg"]
    assert len(reasons) == 1
    assert reasons[0].startswith("left out regions, hidden, confusion, calibration: ") and "t.csv" in reasons[0]

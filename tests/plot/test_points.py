"""The points of pictures are the rows of summary.csv, whatever the trials of a configuration differ in."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mlpcli.cli.main import run
from mlpcli.plot.draw import OF_TABLES
from mlpcli.plot.points import explain, find_points
from mlpcli.plot.selection import Asked, select
from mlpcli.results.files.read_file import read_rows
from mlpcli.results.folders.read_folder import ResultsFolder, read_folder

SWEEPS = {
    "seeds": "seeds = 3",
    "folds": "folds = 5",
    "folds-and-seeds": "folds = 3\nseeds = 2",
    "confirmed": "seeds = [4, 7]\n[confirm]\ntop = 2\nseeds = 3",
    "confirmed-beside-one-seed": "[confirm]\ntop = 1\nseeds = 3",
    "confirmed-by-folds": "folds = 3\nseeds = 2\n[confirm]\ntop = 1\nseeds = 2",
}
BASE = '[base]\ndataset = "moons:n=200"\nepochs = 1\ndepth = 1\n[grid]\nwidth = [2, 4, 8]\n'


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("points")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        patch.setenv("MLPCLI_DATA_HOME", str(path / "home"))
        for name, keys in SWEEPS.items():
            (path / "s.toml").write_text(f'name = "{name}"\nmetric = "val_loss"\n{keys}\n{BASE}')
            assert run(["sweep", "s.toml", "--quiet", "--executor", "serial"]) == 0
        yield path / "results"


def summary_of(folder: ResultsFolder) -> dict[tuple[str, ...], tuple[float, float, float]]:
    """Mean, half of the interval, and number of seeds of each configuration, as summary.csv says."""
    rows = read_rows(folder.path / "summary.csv", "")
    found = {}
    for index in range(len(rows.cells)):
        row = rows.read(index)
        mean, high = row["val_loss_mean"], row["val_loss_ci_high"]
        found[row["width"],] = mean, np.nan if high is None else high - mean, row["n_seeds"]
    return found


@pytest.mark.parametrize("name", SWEEPS)
def test_points_are_the_rows_of_the_summary(name: str, root: Path) -> None:
    folder = read_folder(root / name)
    points, summary = find_points(folder, "val_loss"), summary_of(folder)
    assert points.keys() == summary.keys()
    for values, point in points.items():
        assert_allclose(tuple(point), summary[values], rtol=1e-12)


@pytest.mark.parametrize("name", ["folds", "confirmed"])
def test_what_is_drawn_are_the_rows_of_the_summary(name: str, root: Path) -> None:
    folder = read_folder(root / name)
    ((_, figure),) = OF_TABLES["options"](folder, "val_loss", select(folder, Asked()))
    summary = summary_of(folder)
    means, halves, _ = np.array([summary[width,] for width in ("2", "4", "8")]).T
    (axes,) = figure.axes
    assert_allclose(axes.lines[0].get_ydata(), means)
    (bars,) = axes.collections
    lower, upper = np.array(bars.get_segments())[:, :, 1].T
    assert_allclose(upper, means + halves)
    assert_allclose(lower, np.maximum(means - halves, 0))


def test_the_caption_says_what_the_trials_differ_in(root: Path) -> None:
    captions = {}
    for name in ("seeds", "folds", "confirmed", "folds-and-seeds"):
        folder = read_folder(root / name)
        captions[name] = explain(folder, find_points(folder, "val_loss"))
    assert captions == {
        "seeds": "mean and 95% interval over 3 seeds",
        "folds": "mean and 95% interval over 5 folds",
        "confirmed": "mean and 95% interval over 2 to 3 seeds; confirmed configurations by their fresh seeds alone",
        "folds-and-seeds": "mean and 95% interval over 6 trials",
    }
    planned = read_folder(root / "confirmed")
    chosen = [trial for trial in planned.trials if trial.seed <= 7]
    begun = replace(planned, trials=tuple(chosen))
    assert explain(begun, find_points(begun, "val_loss")) == "mean and 95% interval over 2 seeds"

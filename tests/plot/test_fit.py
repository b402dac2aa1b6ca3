"""The fitted function, of networks that were really trained or constructed."""

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mlpcli.cli.main import run
from mlpcli.errors import DataError
from mlpcli.plot.networks.fit import draw_fit
from mlpcli.plot.networks.kept import Networks
from mlpcli.plot.selection import Asked, select
from mlpcli.plot.style import Drawing, styled
from mlpcli.results.folders.read_folder import read_folder
from tests.plot.folders import check


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


ALL = Asked()


def fits(path: Path, asked: Asked = ALL) -> list[Drawing]:
    folder = read_folder(path)
    return draw_fit(Networks(folder, select(folder, asked), None))


def trained(*options: str) -> Path:
    assert run(["train", "--name", "r", "--quiet", *options]) == 0
    return Path("results/r").absolute()


@pytest.mark.parametrize("scale", ["none", "standard"])
def test_a_constructed_network_lies_on_its_target(scale: str) -> None:
    """The interpolant of sin(2 pi x) at k knots is off by at most (2 pi)^2 / (8 k^2) (de Boor)."""
    path = trained("--dataset", "sine", "--init", "interpolate", "--width", "32", "--depth", "1", "--epochs", "0",
                   "--dtype", "float64", "--scale", scale)  # fmt: skip
    with styled():
        ((name, figure),) = fits(path)
        check(figure)
    assert name == "fit"
    above, below = figure.axes
    target, network = above.lines
    x = target.get_xdata()
    assert_allclose([x[0], x[-1]], [0, 1], atol=1e-12)
    assert_allclose(target.get_ydata(), np.sin(2 * np.pi * x), atol=1e-9)
    assert_allclose(below.lines[0].get_ydata(), network.get_ydata() - target.get_ydata())
    worst = np.abs(below.lines[0].get_ydata()).max()
    assert 0 < worst <= (2 * np.pi) ** 2 / (8 * 32**2) + 1e-9
    assert f"largest error {worst:.3g}" in above.get_title()
    assert (below.get_xlabel(), above.get_ylabel()) == ("x1", "y")


def test_few_training_rows_are_drawn_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("age,price $^$\n" + "".join(f"{n},{n * n}\n" for n in range(40)))
    path = trained("--dataset", "t.csv", "--target", "price $^$", "--task", "regression", "--epochs", "2")
    with styled():
        ((_, figure),) = fits(path)
        check(figure)
    target, network, rows = figure.axes[0].lines
    assert (target.get_linestyle(), len(target.get_xdata())) == ("None", 4)  # the validation rows, which are no line
    assert_allclose(target.get_ydata(), target.get_xdata() ** 2, atol=1e-3)
    (difference,) = figure.axes[1].lines
    at = np.interp(target.get_xdata(), network.get_xdata(), network.get_ydata())
    assert_allclose(difference.get_ydata(), at - target.get_ydata(), atol=0.5)
    assert len(network.get_xdata()) == 500 and len(rows.get_xdata()) == 28
    assert_allclose(np.sort(rows.get_xdata()) ** 2, np.sort(rows.get_ydata()), rtol=1e-4, atol=1e-3)
    assert (figure.axes[1].get_xlabel(), figure.axes[0].get_ylabel()) == ("age", r"price \$^\$")  # no formula


@pytest.mark.parametrize(
    "options",
    [
        ("--dataset", "friedman1"),
        ("--dataset", "linnerud"),
        ("--dataset", "iris"),
        ("--dataset", "sine", "--scale", "robust-clip"),  # x is bent, so its own units are lost
    ],
)
def test_other_data_have_no_such_picture(options: tuple[str, ...]) -> None:
    assert fits(trained(*options, "--epochs", "1")) == []


def test_the_model_that_a_sweep_kept(tmp_path: Path) -> None:
    Path("s.toml").write_text(
        'name = "s"\nseeds = 2\n[base]\ndataset = "steps"\nepochs = 2\ndepth = 1\n[grid]\nwidth = [4, 8, 16]\n'
    )
    assert run(["sweep", "s.toml", "--quiet", "--executor", "serial", "--keep-models", "all"]) == 0
    with styled():
        ((_, figure),) = fits(tmp_path / "results/s")
        check(figure)
        ((_, one),) = fits(tmp_path / "results/s", Asked(highlight=lambda options: options["width"] == "8"))
        check(one)
    titles = [axes.get_title().splitlines()[0] for axes in figure.axes if axes.get_title()]
    assert [title.split(",")[0] for title in titles] == ["width 4", "width 8", "width 16"]
    assert [axes.get_title().split(",")[0] for axes in one.axes] == ["width 8", ""]
    assert one._supxlabel.get_text().replace("\n", " ").endswith("seed 0; highlighted: 1 of 3 configurations")


def test_more_than_a_row_of_fits_and_fewer_models_than_configurations(tmp_path: Path) -> None:
    Path("s.toml").write_text(
        'name = "s"\n[base]\ndataset = "steps"\nepochs = 1\ndepth = 1\n[grid]\nwidth = [2, 4, 8, 16, 32]\n'
    )
    assert run(["sweep", "s.toml", "--quiet", "--executor", "serial", "--keep-models", "all"]) == 0
    path = tmp_path / "results/s"
    with styled():
        ((_, figure),) = fits(path)
        check(figure)
        kept = sorted(path.glob("models/*"))
        for model in kept[1:]:
            model.unlink()
        ((_, one),) = fits(path)
        check(one)
    titles = [axes.get_title().split(",")[0] for axes in figure.axes if axes.get_visible()]
    assert [title for title in titles if title] == [f"width {width}" for width in (2, 4, 8, 16, 32)]
    assert "1 of 5 configurations, 1 model kept (--keep-models all keeps all)" in one._supxlabel.get_text().replace(
        "\n", " "
    )


def test_long_titles_lie_clear_and_a_fold_is_named(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("age,price\n" + "".join(f"{n},{n * n % 17}\n" for n in range(60)))
    Path("s.toml").write_text(
        'name = "s"\nfolds = 2\n[base]\ndataset = "t.csv"\ntarget = "price"\ntask = "regression"\nepochs = 1\n'
        '[grid]\nhidden = [[32, 16, 8], [16, 8]]\noptimizer = ["adam", "nesterov"]\n'
    )
    assert run(["sweep", "s.toml", "--quiet", "--executor", "serial", "--keep-models", "all"]) == 0
    with styled():
        ((_, figure),) = fits(tmp_path / "results/s")
        check(figure)
    assert figure.axes[0].get_title().replace("\n", " ").startswith("hidden 32, 16, 8, optimizer adam, largest error ")
    assert figure._supxlabel.get_text().startswith("on the validation rows, seed 0, fold 0")


def test_changed_data_are_refused(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("x,y\n" + "".join(f"{n},{n * n}\n" for n in range(40)))
    path = trained("--dataset", "t.csv", "--target", "y", "--task", "regression", "--epochs", "1")
    table.write_text("x,y\n" + "".join(f"{n},{n + 0.5}\n" for n in range(40)))
    with pytest.raises(DataError, match=r"cannot plot .*t\.csv has changed since. Train again on it"):
        fits(path)

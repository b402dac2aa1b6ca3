"""`mlpcli plot` from the outside: files, what is printed, and what is refused."""

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from mlpcli.cli.main import run
from mlpcli.installation import install_command
from mlpcli.nn import ACTIVATIONS
from mlpcli.plot import functions
from mlpcli.plot.kinds import KINDS, NEEDS
from tests.plot.folders import run_folder, search_folder, sweep_folder
from tests.plot.svg import assert_same


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def plot(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> tuple[str, str]:
    """What the command prints to stdout and stderr."""
    assert run(["plot", *arguments]) == code
    captured = capsys.readouterr()
    return captured.out, captured.err


def test_a_name_below_results_and_the_paths_of_the_files(capsys: pytest.CaptureFixture[str]) -> None:
    path = sweep_folder(Path("results/s"), {"norm": ["none", "batch"]}, recorded=True)
    out, err = plot(capsys, "s")
    files = [f"results/s/plot-{name}.png" for name in ("curves-val_accuracy", "options-val_accuracy", "drift")]
    assert out.splitlines() == files
    assert err == "results/s: drawing\n"
    assert all(Path(file).read_bytes().startswith(b"\x89PNG\r\n") for file in files)
    assert len(list(path.glob("plot-*"))) == 3


def test_a_trial_of_a_sweep(capsys: pytest.CaptureFixture[str]) -> None:
    """Its own curve, under its own name: the numbers are those of its rows in metrics.csv."""
    sweep_folder(Path("results/s"), {"norm": ["none", "batch"]}, states={3: "diverged"})
    drawn = {}
    for name in ("s/0", "s/1", "s/best"):
        out, err = plot(capsys, name, "--format", "svg")
        (file,) = out.splitlines()
        number = err.removeprefix("results/s/").removesuffix(": drawing\n")
        assert file == f"results/s/plot-trial-{number}-curves-val_accuracy.svg"
        drawn[number] = Path(file).read_text()
        assert f"s/{number}: validation accuracy by epoch" in drawn[number] and "one seed" in drawn[number]
    assert drawn["0"].replace("s/0", "s/1") != drawn["1"]
    assert not list(Path("results/s").glob("plot-curves*"))
    _, err = plot(capsys, "s/3", code=2)
    assert err == "mlpcli: error: results/s/3 is diverged, and only complete trials are drawn. Choose another trial\n"
    for flags in (("--only", "network"), ("--metric", "val_rmse"), ("--by", "norm"), ("--animate",)):
        _, err = plot(capsys, "s/0", *flags, "--quiet", code=2)
        assert ": results/s/0 " in err or "configurations: results/s/0 is a single run" in err


def test_svg_elsewhere_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    run_folder(Path("results/r"))
    before = sorted(Path("results/r").iterdir())
    out, err = plot(capsys, "results/r", "--format", "svg", "--output", "pictures/new", "--json", "--quiet")
    assert json.loads(out) == {"results": "results/r", "files": ["pictures/new/plot-curves-val_accuracy.svg"]}
    assert err == ""
    root = ElementTree.parse("pictures/new/plot-curves-val_accuracy.svg").getroot()
    assert root.tag.endswith("svg")
    assert sorted(Path("results/r").iterdir()) == before


def test_the_same_pictures_whatever_the_process_and_the_users_settings(tmp_path: Path) -> None:
    sweep_folder(Path("results/s"), {"width": [4, 8, 16, 32]}, recorded=True)
    (tmp_path / "matplotlibrc").write_text("font.size: 20\naxes.grid: False\nsavefig.dpi: 20\n")
    command = ["plot", "s", "--format", "svg", "--quiet", "--output"]
    assert run([*command, "here"]) == 0
    settings = {"PYTHONHASHSEED": "2", "TZ": "UTC2", "MATPLOTLIBRC": str(tmp_path / "matplotlibrc")}
    there = [sys.executable, "-m", "mlpcli", *command, "there"]
    subprocess.run(there, check=True, env={**os.environ, **settings}, stdout=subprocess.DEVNULL)
    first, second = (sorted(Path(folder).iterdir()) for folder in ("here", "there"))
    assert [path.name for path in first] == [path.name for path in second] != []
    for one, two in zip(first, second, strict=True):
        assert_same(one.read_bytes(), two.read_bytes(), one.name)
        sizes = [ElementTree.parse(path).getroot().get("viewBox") for path in (one, two)]
        assert sizes[0] == sizes[1]


def test_highlight_is_a_condition_on_options_those_of_base_included(capsys: pytest.CaptureFixture[str]) -> None:
    path = sweep_folder(Path("results/s"), {"depth": [2, 8], "activation": ["relu", "sigmoid"]})
    with (path / "sweep.toml").open("a") as file:
        file.write("[base]\nwidth = 48\n")
    out, _ = plot(capsys, "s", "--highlight", "depth == 8 and width == 48", "--by", "activation", "--format", "svg")
    text = Path(out.splitlines()[0]).read_text()
    assert "<!-- depth 8, activation sigmoid -->" in text and "<!-- depth 2, activation sigmoid -->" not in text
    for condition, reason in (
        ("depth = 8", "--highlight 'depth = 8': column"),
        ("depht == 8", "did you mean depth?"),
        ("width > 48", "it holds for none of the 4 configurations of results/s"),
        ("activation / 2 > 1", "both must be numbers"),
    ):
        _, err = plot(capsys, "s", "--highlight", condition, "--quiet", code=2)
        assert reason in err and err.count("\n") == 1
    assert plot(capsys, "s", "--by", "width", "--quiet", code=2)[1].count("\n") == 1


def test_only_some_kinds(capsys: pytest.CaptureFixture[str]) -> None:
    sweep_folder(Path("results/s"), {"width": [4, 8]}, recorded=True)
    out, _ = plot(capsys, "s", "--only", "drift,curves")
    assert out.splitlines() == ["results/s/plot-drift.png", "results/s/plot-curves-val_accuracy.png"]
    for only, reason in (
        ("curvs", "--only curvs: no such kind of picture; did you mean curves? Give some of curves, "),
        (",", "--only: no kind of picture is named. Give some of curves, "),
        (
            "fit,noise",
            "--only fit,noise: results/s has nothing for that. Nothing was written. fit takes a model that was kept, "
            "of one number as input and one as target; noise takes the diagnostics of --record of three or more ",
        ),
    ):
        _, err = plot(capsys, "s", "--only", only, "--quiet", code=2)
        assert reason in err and err.count("\n") == 1


def test_each_kind_that_is_asked_for_is_drawn_or_says_what_it_lacks(capsys: pytest.CaptureFixture[str]) -> None:
    """A search whose options differ too little, drawn for its course alone."""
    assert KINDS.keys() == NEEDS.keys()
    search_folder(Path("results/few"), [0.1 * place for place in range(8)])  # of which two are pruned
    out, err = plot(capsys, "few", "--only", "importance,course,network,schedule", "--quiet")
    assert out.splitlines() == ["results/few/plot-course-val_accuracy.png"]
    importance, network, schedule = err.splitlines()
    assert importance.endswith(f"left out importance: it takes {NEEDS['importance']}") and "ten or more" in importance
    assert network.endswith("left out network: it takes a model that was kept")
    assert schedule.endswith("left out schedule: it takes a learning rate that changes from epoch to epoch")
    _, err = plot(capsys, "few", "--only", "course", "--metric", "val_loss", "--quiet", code=2)
    assert "course takes a whole sweep with [search], and no other metric than the one that ranks it" in err


def test_functions_need_no_results_and_a_window_needs_a_screen(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(functions, "ACTIVATIONS", {name: ACTIVATIONS[name] for name in ("relu", "tanh")})
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    out, err = plot(capsys, "--activations", "--losses", "--show")
    assert out.splitlines() == ["plot-activations.png", "plot-losses.png"]
    assert err == "mlpcli: warning: --show: there is no screen here. The pictures are written all the same\n"
    opened: list[str] = []
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr("typer.launch", lambda file: opened.append(file))
    plot(capsys, "--losses", "--show", "--output", "pictures", "--json")
    assert opened == [str(Path("pictures/plot-losses.png").absolute())]
    for arguments in ((), ("digits", "--losses")):
        _, err = plot(capsys, *arguments, code=2)
        assert "give either the NAME of a run or a sweep, or --activations or --losses" in err


@pytest.mark.parametrize("flag", ["--metric", "--by", "--highlight", "--only"])
def test_formulas_have_no_results_to_choose_from(capsys: pytest.CaptureFixture[str], flag: str) -> None:
    _, err = plot(capsys, "--activations", flag, "curves", code=2)
    assert err == f"mlpcli: error: {flag}: formulas have no results to choose from. Nothing was written. Leave it out\n"


def test_another_metric(capsys: pytest.CaptureFixture[str]) -> None:
    sweep_folder(Path("results/s"), {"width": [4, 8]})
    out, _ = plot(capsys, "s", "--metric", "test_accuracy")
    assert out.splitlines() == ["results/s/plot-options-test_accuracy.png"]
    _, err = plot(capsys, "s", "--metric", "val_acuracy", code=2)
    assert err.splitlines()[-1].startswith(
        "mlpcli: error: --metric val_acuracy: results/s has no such numbers; did you mean val_accuracy?"
    )


def test_without_matplotlib_the_line_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlpcli.cli.commands.plot.find_spec", lambda name: None)
    out, err = plot(capsys, "anything", code=2)
    assert out == ""
    assert err == (
        "mlpcli: error: mlpcli plot: matplotlib is not installed. Nothing was written. "
        f"Type: {install_command('plot')}\n"
    )


def test_what_is_no_result_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    run_folder(Path("results/digits-1"))
    _, err = plot(capsys, "digits1", code=2)
    assert err == (
        "mlpcli: error: there are no results 'digits1', here or in results; did you mean digits-1? "
        "Give a run, a sweep, a trial such as SWEEP/17 or SWEEP/best, or a run_id\n"
    )
    run_folder(Path("results/empty"), epochs=0)
    _, err = plot(capsys, "empty", "--quiet", code=2)
    assert err == (
        "mlpcli: error: there is nothing to draw in results/empty: no epoch was trained there. Nothing was written\n"
    )
    (Path("results/digits-1") / "metrics.csv").write_text("epoch\nx\n")
    _, err = plot(capsys, "digits-1", "--quiet", code=65)
    assert "cannot use results/digits-1/metrics.csv: line 2, column epoch: 'x'" in err and err.count("\n") == 1


def test_where_nothing_can_be_written(capsys: pytest.CaptureFixture[str]) -> None:
    run_folder(Path("results/r"))
    Path("file").touch()
    _, err = plot(capsys, "r", "--output", "file/below", "--quiet", code=74)
    assert err.count("\n") == 1


def test_help_names_it_and_loads_no_matplotlib() -> None:
    code = "import sys; from mlpcli.cli.main import run; run(['plot', '--help']); sys.exit('matplotlib' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "mlpcli plot results/dropout" in shown and "--metric" in shown

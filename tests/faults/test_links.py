"""A foreign folder of results may hold symbolic links: nothing is created, changed or removed through one."""

import contextlib
import io
import os
import shutil
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from shlex import split

import pytest

from mlpcli.cli.main import run

TRAIN = split("train --dataset moons:n=20 --width 3 --depth 1 --epochs 1 --name r --results results --quiet --record")
SWEEP = split("sweep s.toml --results results --quiet --jobs 1 --executor serial --keep-models all --force")
EVAL = ["eval", "r", "--results", "results", "--quiet"]

EXPLAIN = ["explain", "r", "--results", "results", "--quiet"]
PLOT = ["plot", "r", "--results", "results", "--format", "svg", "--only", "network", "--quiet"]
READERS = [[command[0], name, *command[2:]] for command in (EVAL, EXPLAIN, PLOT) for name in ("r", "s/best")]

OF_A_RUN = "config.toml metrics.csv diagnostics.csv columns.csv model.safetensors provenance.json result.json .next"
OF_A_SWEEP = "sweep.toml trials.csv metrics.csv summary.csv search.jsonl provenance.json models unused"
OF_EVAL = "eval-test.csv eval-test-classes.csv confusion-test.csv calibration-test.csv thresholds-test.csv"

CASES: list[tuple[str, list[str]]] = [
    ("r/.lock", TRAIN),
    ("s/.lock", SWEEP),
    *((f"r/{name}", [*TRAIN, "--force"]) for name in OF_A_RUN.split()),
    *((f"r/{name}", [*TRAIN, "--resume"]) for name in OF_A_RUN.split()),
    *((f"s/{name}", SWEEP) for name in OF_A_SWEEP.split()),
    *((f"s/{name}", [*SWEEP, "--restart"]) for name in OF_A_SWEEP.split()),
    ("s/models/*.safetensors", SWEEP),
    ("s/unused/trials.csv", SWEEP),
    ("s/unused/metrics.csv", SWEEP),
    *((f"r/{name}", EVAL) for name in OF_EVAL.split()),
    *((f"s/models/*-eval/{name}", ["eval", "s/best", *EVAL[2:]]) for name in OF_EVAL.split()),
    *((name, ["eval", "s/best", *EVAL[2:]]) for name in ("s/models", "s/models/*-eval")),
    ("r/explain-test.csv", EXPLAIN),
    ("s/models/*-eval/explain-test.csv", ["explain", "s/best", *EXPLAIN[2:]]),
    ("r/plot-network.svg", PLOT),
    ("s/plot-trial-*-network.svg", ["plot", "s/best", *PLOT[2:]]),
]
"""Every name below results/ that a command writes, and that command; a pattern stands for the first file it matches."""


def quietly(words: list[str]) -> tuple[int, str]:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as errors:
        return run(words), errors.getvalue()


def content(folder: Path) -> dict[str, bytes | None]:
    return {str(path): path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The results of a run and of a sweep whose plan then lost a trial, so that it has models and unused rows."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        text = 'name = "s"\nseeds = 2\n[base]\ndataset = "moons:n=20"\nwidth = 3\ndepth = 1\nepochs = 1\n'
        assert quietly(TRAIN)[0] == 0
        for seeds in (3, 2):
            Path("s.toml").write_text(text.replace("seeds = 2", f"seeds = {seeds}"))
            assert quietly(SWEEP)[0] == 0
        for command in READERS:
            assert quietly(command) == (0, ""), command
        Path("s.toml").write_text(text.replace("seeds = 2", "seeds = [1, 7]"))
        yield folder


@pytest.fixture
def here(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(made, tmp_path / "here", symlinks=True)
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


def linked(name: str, outside: Path) -> dict[str, bytes | None]:
    """Move what stands under this name outside, where there is something, and leave a link to it."""
    path = next(iter(sorted(Path("results").glob(name))), Path("results", name))
    assert "*" not in str(path)
    outside.mkdir()
    if os.path.lexists(path):
        path.rename(outside / "target")
    elif path.suffix:
        (outside / "target").write_text("precious")
    else:
        (outside / "target").mkdir()
        (outside / "target" / "config.toml").write_text("precious")
    path.symlink_to(outside / "target")
    return content(outside)


@pytest.mark.parametrize(("name", "words"), CASES)
def test_nothing_is_written_through_a_link(name: str, words: list[str], here: Path) -> None:
    before = linked(name, here / "outside")
    code, said = quietly(words)
    assert (code, said.count("\n")) == (74, 1), said
    assert "symbolic link" in said and Path(name).name.rpartition("*")[2] in said
    assert content(here / "outside") == before


def test_every_name_is_tried(made: Path) -> None:
    written = {path.relative_to(made / "results").as_posix() for path in (made / "results").rglob("*")}
    assert {name for name in written if not any(fnmatch(name, case) for case, _ in CASES)} == {"r", "s"}


def test_a_link_to_a_file_that_the_user_names_is_followed(here: Path) -> None:
    (here / "disk").mkdir()
    Path("p.csv").symlink_to(here / "disk" / "p.csv")
    assert quietly([*EVAL, "--predictions", "p.csv"])[0] == 0
    assert Path("p.csv").is_symlink() and (here / "disk" / "p.csv").read_text().startswith("row,target,prediction")

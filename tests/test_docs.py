"""The README held to the code: its commands run, its table is the declaration, its files exist."""

import doctest
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mlpcli.cli.main import COMMANDS, run
from mlpcli.errors import ExitCode
from tests.option_table import BEGIN, END, option_table
from tests.reference import FIGURES, REFERENCE, SECTIONS, draw, page

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def block(mark: str) -> str:
    found = re.search(rf"<!-- {mark} -->\n```\w+\n(.*?)```", README, re.DOTALL)
    assert found, mark
    return found.group(1)


def test_the_option_table_is_the_declaration():
    assert README.split(BEGIN)[1].split(END)[0] == option_table(), "run: python -m tests.option_table"


def test_every_command_and_exit_code_is_named():
    for name in COMMANDS:
        assert f"`mlpcli {name}" in README
    for code in ExitCode:
        assert re.search(rf"\b{code.value}\b", README)


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target


def test_the_main_job_prints_what_the_readme_shows(tmp_path):
    """The command behind the installation, in an empty folder; times and the run's name aside."""
    command = block("main command").split(" && ")[-1].removeprefix(".venv/bin/").split()
    program = shutil.which(command[0], path=str(Path(sys.executable).parent))
    assert program, "mlpcli is not installed beside this Python"
    done = subprocess.run([program, *command[1:]], cwd=tmp_path, capture_output=True, text=True, check=True)

    def shape(text: str) -> list[str]:
        lines = [re.sub(r"\d", "0", line) for line in text.strip().splitlines()]
        return [re.sub(r"digits-[0-9a-f]+", "digits-0", line) for line in lines]

    assert shape(done.stdout) == shape(block("main output"))


def test_results_are_read_as_the_readme_shows(tmp_path, monkeypatch):
    """All commands of the block, on a shorter sweep of that name."""
    from sklearn.datasets import load_digits

    monkeypatch.chdir(tmp_path)
    shorter = ["--seeds", "2", "--set", "epochs=2", "--set", "grid.dropout=[0.0,0.5]", "--keep-models", "all"]
    assert run(["sweep", str(ROOT / "experiments/dropout.toml"), *shorter, "--executor", "serial", "--quiet"]) == 0
    X, _ = load_digits(return_X_y=True, as_frame=True)
    X.head(20).to_csv("new.csv", index=False)
    commands = [shlex.split(line, comments=True) for line in block("reading commands").splitlines()]
    assert {words[1] for words in commands} == {"list", "show", "compare", "explain", "export", "predict", "report"}
    for program, *words in commands:
        assert (program, run([*words, *(["--quiet"] if "-o" in words else [])])) == ("mlpcli", 0), words
    assert all(Path(name).is_file() for name in ("model.py", "predicted.csv", "dropout.html"))


def test_the_python_part_does_what_the_readme_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert README.count(">>>") > 10
    parsed = doctest.DocTestParser().get_doctest(README, {}, "README.md", "README.md", 0)
    failures = []
    runner = doctest.DocTestRunner(verbose=False)
    runner.run(parsed, out=failures.append)
    assert not failures, "".join(failures)


def test_the_test_command_is_what_ci_runs():
    assert "pytest" in block("test command")
    assert "<!-- test command -->" in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("path", sorted((ROOT / "experiments").glob("*.toml")), ids=lambda path: path.stem)
def test_experiments_open_with_question_claim_expectation_and_time(path):
    head = path.read_text().split("\nname =")[0]
    assert head.startswith("# ") and "?" in head.splitlines()[0]
    for word in ("# Claim:", "# Expect:", "# Time on two cores:"):
        assert word in head


def test_the_table_of_the_lecture_is_what_the_results_say():
    assert (ROOT / "experiments" / "README.md").read_text() == page()
    assert "| NO |" not in page()


def test_every_figure_is_small_and_names_no_machine_and_no_day():
    for name, figure, _ in FIGURES:
        text = (REFERENCE / name / f"plot-{figure}.svg").read_text()
        assert len(text) < 150_000, name
        assert not re.search(r"<dc:date>|/home/|/tmp/|file:", text), name
    drawn = {path.name for path in REFERENCE.glob("*/plot-*")}
    assert drawn == {f"plot-{figure}.svg" for _, figure, _ in FIGURES}


@pytest.mark.parametrize("section", SECTIONS)
def test_the_figures_are_what_the_results_say(section):
    """The words and the data drawn: letters and last bits of coordinates may stand elsewhere on another machine."""
    from mlpcli.plot.draw import OF_NETWORKS
    from tests.plot.svg import assert_same, words

    found = dict(draw([section]))
    assert len(found) == sum(name == section for name, _, _ in FIGURES)
    for path, content in found.items():
        hint = f"{path}: type python -m tests.reference"
        kind = path.stem.split("-")[1]
        if path.parent.name == "graphs":
            assert content == path.read_bytes(), hint
        elif kind in OF_NETWORKS:  # where a contour bends depends on the last bits of scores
            assert words(content) == words(path.read_bytes()), hint
        else:
            assert_same(content, path.read_bytes(), hint)

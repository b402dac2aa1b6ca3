"""results/reference/json.md against what every command prints: no key that it lacks, none that nothing prints."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlpcli.cli.main import COMMANDS, run

PAGE = (Path(__file__).parents[2] / "results" / "reference" / "json.md").read_text(encoding="utf-8")
SECTIONS = {part.split("\n", 1)[0]: part for part in PAGE.split("\n## ")[1:]}

SWEEP = 'name = "s"\nseeds = 2\n[base]\ndataset = "iris"\nepochs = 1\nwidth = 4\n[grid]\ndropout = [0.0, 0.5]\n'
DRAWN = (
    SWEEP.replace('"s"', '"drawn"')
    .replace("[grid]", "[random]\ntrials = 3\n")
    .replace("[0.0, 0.5]", "{ low = 0.1, high = 0.5 }")
)

SMALL = "--dataset iris --width 4"
LINES = {
    "train": [
        f"train {SMALL} --epochs 1 --name a",
        f"train {SMALL} --optimizer sgd --lr 1e30 --name d",
        "train --dataset iris --depth 0 --optimizer lbfgs --weight-decay 0.1 --epochs 300 --name l",
    ],
    "sweep": [f"train {SMALL} --epochs 1 --seeds 2 --name five", "sweep s.toml", "sweep drawn.toml"],
    "sweep --dry-run": ["sweep s.toml --dry-run", "sweep s.toml --dry-run --set folds=2 --name folded"],
    "list": ["list"],
    "list SWEEP": ["list s"],
    "show": ["show a", "show d", "show s", "show s/best", "show a --command"],
    "compare": ["compare a d", "compare s/0 s/2"],
    "eval": ["eval a", "eval a --dataset new.csv"],
    "predict": ["predict a new.csv -o predicted.csv"],
    "explain": ["explain a --repeats 2"],
    "plot": ["plot a --only curves"],
    "report": ["report a -o page.html"],
    "export": ["export a model.py"],
    "gradcheck": ["gradcheck --hidden 3 --activation tanh"],
    "graph": ["graph x*y x=2 y=3"],
    "datasets": ["datasets"],
    "datasets NAME": ["datasets iris", "datasets moons"],
}


def keys(value: Any, place: str = "") -> Iterator[str]:
    """The paths of all values, as the page writes them."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from keys(inner, f"{place}.{key}" if place else key)
    elif isinstance(value, list) and value:
        for inner in value:
            yield from keys(inner, f"{place}[]")
    else:
        yield place


def pattern(key: str) -> str:
    return re.sub(r"<\w+>", ".+", re.escape(key))


def said(section: str) -> list[str]:
    return [
        key
        for line in SECTIONS[section].splitlines()
        if line.startswith("| `")
        for key in re.findall("`([^`]+)`", line)[:1]
    ]


def strict(text: str) -> Any:
    def refused(word: str) -> None:
        raise ValueError(word)

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    return json.loads(text, parse_constant=refused, object_pairs_hook=once)


@pytest.fixture
def printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> dict[str, list[Any]]:
    """The objects of every section."""
    monkeypatch.chdir(tmp_path)
    Path("s.toml").write_text(SWEEP)
    Path("drawn.toml").write_text(DRAWN)
    Path("new.csv").write_text("sepal length (cm),sepal width (cm),petal length (cm),petal width (cm)\n5,3,1,0.2\n")
    found: dict[str, list[Any]] = {}
    for section, lines in LINES.items():
        for line in lines:
            code = run(
                [*line.split(), "--json", "--quiet", *(["--executor", "serial"] if line.startswith("sweep") else [])]
            )
            assert code == ("1e30" in line), line
            found.setdefault(section, []).append(strict(capsys.readouterr().out))
    return found


def test_every_command_has_a_section() -> None:
    assert {section.split()[0] for section in SECTIONS} == set(COMMANDS)
    assert set(LINES) == set(SECTIONS)


def test_the_page_has_every_key_that_is_printed_and_no_other(printed: dict[str, list[Any]]) -> None:
    for section, objects in printed.items():
        found = {key for one in objects for key in keys(one)}
        own = said(section)
        for key in found:  # a list of lists or texts may stand as a whole, and null in place of an object
            whole = re.sub(r"(\[\])+$", "", key)
            known = any(re.fullmatch(pattern(one.removesuffix("[]")), whole) for one in own)
            assert known or any(one.startswith((f"{key}.", f"{key}[]")) for one in own), f"{section}: {key}"
        for one in own:
            said_of = pattern(one.removesuffix("[]"))
            assert any(re.fullmatch(said_of, re.sub(r"(\[\])+$", "", key)) for key in found), f"{section}: {one}"


@pytest.mark.skipif(shutil.which("jq") is None or shutil.which("sh") is None, reason="no jq here")
def test_the_check_of_the_page_is_a_check() -> None:
    line = SECTIONS["compare"].split("```sh\n")[1].split("```")[0].strip().splitlines()[-1]
    condition = line.split(" | ")[1]
    for difference, passes in ((0.0, True), (-0.005, True), (-0.02, False), (None, False)):
        text = json.dumps({"configurations": [{"diff_mean": None}, {"diff_mean": difference}]})
        done = subprocess.run(["sh", "-c", condition], input=text, text=True, capture_output=True, check=False)
        assert (done.returncode == 0) == passes
    done = subprocess.run(
        ["sh", "-c", condition], input='{"configurations": []}', text=True, capture_output=True, check=False
    )
    assert done.returncode != 0

"""Every experiment that ships runs: one seed, as few epochs as the file allows, MNIST's on digits."""

import csv
import json
import re
import tomllib
from pathlib import Path

import pytest

from mlpcli.cli.main import run

ROOT = Path(__file__).parent.parent
EXPERIMENTS = sorted((ROOT / "experiments").glob("*.toml"))


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda path: path.stem)
def test_experiment_runs(path, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    document = tomllib.loads(path.read_text())
    epochs = document["halving"]["min_epochs"] + 1 if "halving" in document else 1
    if "epochs" in document.get("zip", ()):
        changes = ["--set", f"zip.epochs={[min(each, 1) for each in document['zip']['epochs']]}"]
        changes += ["--set", "compare.epochs=1"]
    else:
        changes = ["--set", f"epochs={epochs}"]
    if document["base"].get("dataset") == "mnist":
        changes += ["--set", "dataset=digits", "--set", "test_size=0.2", "--set", "val_size=0.1"]
        changes += (
            ["--set", f"hidden={','.join(['16'] * len(document['base']['hidden']))}"]
            if "hidden" in document["base"]
            else []
        )
    code = run(["sweep", f"experiments/{path.name}", "--seeds", "1", "--executor", "serial", "--json", "-q", *changes])
    told = json.loads(capsys.readouterr().out)
    assert code == 0
    assert set(told["counts"]) <= {"complete", "pruned"}
    assert (tmp_path / "results" / document["name"] / "summary.csv").is_file()
    assert told["summary"][0][f"{told['metric']}_mean"] is not None


@pytest.mark.parametrize("name", ["depth", "depth_radial"])
def test_the_comments_have_the_parameters_that_were_counted(name):
    """Networks of about the same size are compared: the sizes are the argument."""
    with open(ROOT / "results" / "reference" / name / "trials.csv", newline="") as file:
        counted = {row["hidden"]: f"{int(row['parameters']):,}" for row in csv.DictReader(file)}
    text = (ROOT / "experiments" / f"{name}.toml").read_text()
    stated = re.findall(r"^\[\[points\]\] *#[^\d\n]*([\d,]+).*\nhidden = \[(.*)\]", text, re.MULTILINE)
    assert len(stated) >= 3
    for number, hidden in stated:
        assert counted[hidden.replace(" ", "")] == number
    exact = re.findall(r"(?<!about )(?<![\d,])([\d,]+) parameters", text)
    assert {*exact} <= {*counted.values()}

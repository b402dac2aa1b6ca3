"""`mlpcli.train`: the numbers of the command, from a name, a file or data in memory."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mlpcli
from mlpcli.cli.main import run as command
from mlpcli.errors import DataError, Diverged, UsageError

SMALL: dict[str, Any] = {"width": 8, "depth": 1, "epochs": 3}
FLAGS = ["--width", "8", "--depth", "1", "--epochs", "3"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files(folder: Path) -> dict[str, str | bytes]:
    """The files that must be equal, without seconds."""
    rows = [line.split(",") for line in (folder / "metrics.csv").read_text().splitlines()]
    kept = [at for at, name in enumerate(rows[0]) if not name.endswith("_s")]
    result = json.loads((folder / "result.json").read_text())
    return {
        "metrics.csv": "\n".join(",".join(row[at] for at in kept) for row in rows),
        "result.json": json.dumps({**result, "time_s": 0}),
        "config.toml": (folder / "config.toml").read_bytes(),
        "model.safetensors": (folder / "model.safetensors").read_bytes(),
    }


@pytest.mark.parametrize("dataset", ["moons:n=60", "sine:n=60"])
def test_the_command_and_the_function_write_equal_files(dataset: str, folder: Path) -> None:
    assert command(["train", "--dataset", dataset, *FLAGS, "--name", "typed", "-q"]) == 0
    run = mlpcli.train(dataset, **SMALL, results="results", name="called")
    assert files(folder / "results" / "typed") == files(folder / "results" / "called")
    here = mlpcli.train(dataset, **SMALL)
    assert here.id == run.id
    assert here.metrics == run.metrics
    assert here.history.drop(columns=["epoch_time_s", "total_time_s"]).equals(
        run.history.drop(columns=["epoch_time_s", "total_time_s"])
    )
    here.model.save("saved.safetensors")
    assert Path("saved.safetensors").read_bytes() == (folder / "results" / "called" / "model.safetensors").read_bytes()


def test_arrays_train_as_the_npz_of_the_same_arrays() -> None:
    x = np.random.default_rng(0).normal(size=(90, 3))
    y = np.where(x[:, 0] * x[:, 1] > 0, "yes", "no")
    np.savez("d.npz", X=x, y=y)
    there, here = mlpcli.train("d.npz", **SMALL), mlpcli.train((x, y), **SMALL)
    assert here.id == there.id
    assert here.metrics == there.metrics
    for name, tensor in there.model.network.tensors().items():
        assert np.array_equal(here.model.network.tensors()[name], tensor)
    assert here.model.score(x, y) == there.model.score(x, y) == np.mean(here.model.predict(x) == y)


def test_nothing_is_written_without_results(folder: Path) -> None:
    mlpcli.train("xor", **SMALL)
    mlpcli.train(([[0.0], [1.0]] * 10, [0, 1] * 10), **SMALL)
    assert list(folder.iterdir()) == []


def test_each_epoch_is_told() -> None:
    told: list[Any] = []
    run = mlpcli.train("moons:n=60", **SMALL, on_epoch=told.append)
    assert [row["epoch"] for row in told] == [1, 2, 3]
    assert [row["val_loss"] for row in told] == run.history["val_loss"].tolist()


def test_options_of_another_run_and_of_a_file_lie_beneath_the_keywords() -> None:
    first = mlpcli.train("moons:n=60", **SMALL, dropout=0.25)
    again = mlpcli.train(config=first.options)
    assert again.id == first.id
    other = mlpcli.train(config=first.options, seed=1)
    assert (other.options.dropout, other.options.seed) == (0.25, 1)
    Path("c.toml").write_text('dataset = "moons:n=60"\nwidth = 8\ndepth = 1\nepochs = 3\n')
    assert mlpcli.train(config="c.toml", dropout=0.25).id == first.id
    assert mlpcli.train(config={"dataset": "moons:n=60", **SMALL}, dropout=np.float64(0.25)).id == first.id


def test_a_run_that_diverged_is_an_error_that_has_it() -> None:
    options: dict[str, Any] = {**SMALL, "optimizer": "sgd", "lr": 1e30, "loss": "squared", "activation": "identity"}
    with pytest.raises(mlpcli.Error, match="training of the network diverged") as caught:
        mlpcli.train("moons:n=60", **options)
    assert isinstance(caught.value, Diverged)
    run = caught.value.outcome
    assert isinstance(run, mlpcli.Run)
    assert run.state == "diverged"
    assert "diverged" in repr(run)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: mlpcli.train("moons:n=60", depht=2), r"depht: no such option; did you mean depth\?"),
        (lambda: mlpcli.train("moons:n=60", depth=-1), "depth: got -1, expected an integer from 0"),
        (lambda: mlpcli.train("xor", dataset="moons"), "data, dataset: both name the dataset"),
        (lambda: mlpcli.train("xor", name="a"), "name, resume, force: they belong to a folder of results"),
        (lambda: mlpcli.train(config={"widht": 3}), "config: widht: no such option"),
    ],
)
def test_what_is_wrong_is_said_in_the_words_of_the_command(call: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        call()


def test_a_model_gives_predictions_probabilities_and_hidden_layers() -> None:
    x = np.random.default_rng(0).normal(size=(300, 3))
    y = (x[:, 0] > 0).astype(int) + (x[:, 1] > 0)
    model = mlpcli.train((x, y), width=8, depth=2, epochs=2, dropout=0.5).model
    assert model.classes is not None
    assert model.classes.tolist() == [0, 1, 2]
    proba = model.predict_proba(x)
    assert proba.shape == (300, 3)
    assert np.array_equal(model.classes[proba.argmax(axis=1)], model.predict(x))
    last = model.hidden(x)
    assert last.shape == (300, 8)
    output = model.network.linears[-1]
    scores = last @ output.weight + output.bias
    assert np.array_equal(model.classes[scores.argmax(axis=1)], model.predict(x))
    assert (last >= 0).all()  # after relu
    assert np.array_equal(model.hidden(x, 0), model.hidden(x, -2))
    with pytest.raises(UsageError, match="layer: got 2, and the network has 2 hidden layers"):
        model.hidden(x, 2)
    with pytest.raises(UsageError, match=r"layer: got 1, and the network has 1 hidden layer$"):
        mlpcli.train("xor", width=2, depth=1, epochs=0).model.hidden([[0, 1]], 1)
    with pytest.raises(DataError, match="y: the model does not know the class '3'"):
        model.score(x, y + 1)


def test_a_regression_predicts_in_the_units_of_its_target() -> None:
    x = np.linspace(-1, 1, 200)[:, None]
    model = mlpcli.train((x, 1000 + 100 * x[:, 0]), width=8, depth=1, epochs=60).model
    assert np.abs(model.predict(x) - (1000 + 100 * x[:, 0])).max() < 30
    assert model.score(x, 1000 + 100 * x[:, 0]) > 0.9
    with pytest.raises(UsageError, match="predict_proba"):
        model.predict_proba(x)
    two = mlpcli.train((x, np.column_stack([x, -x])), **SMALL).model
    assert two.predict(x).shape == (200, 2)


def test_a_notebook_sees_a_table_and_a_curve() -> None:
    page = mlpcli.train("moons:n=60", **SMALL)._repr_html_()
    for piece in ("<table>", "<td>test</td>", "<svg", "val_loss", "</svg>"):
        assert piece in page

"""A model read back from its file is the network that was trained; what only looks like one is refused."""

import copy
import json
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, mean_squared_error, r2_score

import mlpcli
from mlpcli.data import Prepared
from mlpcli.errors import DataError, UsageError
from mlpcli.training.loop.trainer import Trainer
from mlpcli.training.model import Model
from tests.measure import assert_memory_below
from tests.model_files import save_model
from tests.training.problems import CLASSES, NUMBERS, TWO_CLASSES, dataset, resolved, softmax


def saved(path: Path, data: Prepared, **options: Any) -> Trainer:
    trainer = Trainer([resolved(data, **options)], data)
    for _ in trainer.epochs():
        pass
    trainer.results()
    Model.of(trainer.options, data, trainer.tensors(0)).save(path)
    return trainer


@pytest.mark.parametrize(
    ("source", "options"),
    [
        (CLASSES, {}),
        (CLASSES, {"norm": "batch", "dropout": 0.3, "input_dropout": 0.1, "max_norm": (1.0, 2.0, 3.0)}),
        (CLASSES, {"norm": "layer", "norm_position": "after", "class_weight": "balanced"}),
        (TWO_CLASSES, {"lift": "quadratic", "depth": 0}),
        (NUMBERS, {"dtype": "float64"}),
        ("linnerud", {"task": "regression"}),
    ],
)
def test_a_model_read_back_scores_the_same_bits(tmp_path: Path, source: str, options: dict[str, Any]) -> None:
    data = dataset(source, options.get("dtype", "float32"))
    trainer = saved(tmp_path / "m", data, **options)
    model = Model.load(tmp_path / "m")
    assert model.options == trainer.options
    assert model.preprocessing == data.preprocessing
    assert model.digest == data.digest
    assert data.test is not None
    expected = trainer.network.forward(np.asarray(data.test.x))[0]
    assert model.scores(data.test.x).tobytes() == expected.tobytes()
    assert model.scores(data.test.x[:0]).shape == (0, expected.shape[-1])
    saved(tmp_path / "again", data, **options)
    assert (tmp_path / "again").read_bytes() == (tmp_path / "m").read_bytes()


@pytest.mark.parametrize("loss", ["cross-entropy", "squared", "absolute", "huber"])
@pytest.mark.parametrize("source", [CLASSES, TWO_CLASSES])
def test_probabilities_sum_to_one_and_agree_with_the_decision(tmp_path: Path, source: str, loss: str) -> None:
    data = dataset(source)
    saved(tmp_path / "m", data, loss=loss)
    model = Model.load(tmp_path / "m")
    scores = model.scores(data.train.x)
    probabilities = model.probabilities(scores)
    assert probabilities.shape == (len(data.train), len(data.classes or ()))
    assert probabilities.dtype == np.float64
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-14)
    assert (probabilities >= 0).all()
    decided = model.decide(scores)
    best = probabilities.max(axis=1)
    assert (probabilities[np.arange(len(decided)), decided] == best).all()


def test_probabilities_by_hand(tmp_path: Path) -> None:
    data = dataset(CLASSES)
    saved(tmp_path / "m", data)
    scores = np.array([[1000.0, 0.0, -1000.0], [1.0, 2.0, 3.0]])
    np.testing.assert_allclose(Model.load(tmp_path / "m").probabilities(scores), softmax(scores), rtol=1e-14)
    saved(tmp_path / "m", data, loss="squared")
    residual = Model.load(tmp_path / "m")
    found = residual.probabilities(np.array([[0.5, 2.0, -1.0], [-1.0, -2.0, -3.0]]))
    np.testing.assert_allclose(found, [[1 / 3, 2 / 3, 0], [1 / 3, 1 / 3, 1 / 3]], rtol=1e-14)
    two = dataset(TWO_CLASSES)
    saved(tmp_path / "m", two)
    found = Model.load(tmp_path / "m").probabilities(np.array([[0.0], [np.log(3)], [-800.0]]))
    np.testing.assert_allclose(found, [[0.5, 0.5], [0.25, 0.75], [1, 0]], rtol=1e-14, atol=1e-300)
    saved(tmp_path / "m", two, loss="huber")
    found = Model.load(tmp_path / "m").probabilities(np.array([[0.0], [0.5], [-3.0]]))
    np.testing.assert_allclose(found, [[0.5, 0.5], [0.25, 0.75], [1, 0]])


def _rename(tensors: dict[str, Any], description: dict[str, Any]) -> None:
    tensors["hidden.9.weight"] = tensors.pop("hidden.0.weight")


def _reshape(tensors: dict[str, Any], description: dict[str, Any]) -> None:
    tensors["output.weight"] = tensors["output.weight"].T.copy()


def _drop(tensors: dict[str, Any], description: dict[str, Any]) -> None:
    del tensors["output.bias"]


def _add(tensors: dict[str, Any], description: dict[str, Any]) -> None:
    tensors["extra"] = np.zeros(3, np.float32)


def _cast(tensors: dict[str, Any], description: dict[str, Any]) -> None:
    tensors["output.bias"] = tensors["output.bias"].astype(np.float64)


def _set(path: str, value: object) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    *folders, last = path.split(".")

    def change(tensors: dict[str, Any], description: dict[str, Any]) -> None:
        for folder in folders:
            description = description[folder]
        description[last] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        _rename,
        _reshape,
        _drop,
        _add,
        _cast,
        _set("options.activation", "os.system"),
        _set("options.hidden", [7, 1_000_000]),
        _set("options.hidden", "many"),
        _set("options.unheard_of", 1),
        _set("options.lift", "quadratic"),
        _set("options", None),
        _set("preprocessing.columns", []),
        _set("preprocessing.columns", [{"name": "x"}] * 1_000),
        _set("preprocessing.classes", ["a"]),
        _set("preprocessing", {}),
        _set("data_digest", None),
        _set("options.loss", "auto"),
        _set("options.threads", "auto"),
        lambda tensors, description: description.pop("data_digest"),
    ],
)
def test_a_file_that_is_not_what_it_describes_is_refused(tmp_path: Path, change: Callable[..., None]) -> None:
    """Though its digest is right; and nothing of the size that it claims is allocated."""
    data = dataset(CLASSES)
    trainer = saved(tmp_path / "m", data)
    tensors = {name: array.copy() for name, array in trainer.tensors(0).items()}
    description = copy.deepcopy(Model.load(tmp_path / "m").description)
    description = json.loads(json.dumps(description))
    change(tensors, description)
    save_model(tmp_path / "m", tensors, description)

    def load() -> None:
        with pytest.raises(DataError, match=r"cannot use .* as a model") as caught:
            Model.load(tmp_path / "m")
        assert "\n" not in str(caught.value)

    assert_memory_below((tmp_path / "m").stat().st_size * 20 + 10_000_000, load)


def test_threads_may_ask_models_at_once() -> None:
    """Equal bits alone and together: workspaces and the number of BLAS threads serve one call at a time."""
    model = mlpcli.train("moons:n=60", width=64, epochs=1, progress=False).model
    rows = [np.random.default_rng(seed).normal(size=(400, 2)) for seed in range(40)]
    alone = [model.predict_proba(some) for some in rows]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(model.predict_proba, rows))
        hidden = list(pool.map(model.hidden, rows))
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_array_equal(hidden, [model.hidden(some) for some in rows])


ROWS = 10


@pytest.fixture(scope="module")
def models() -> dict[str, Model]:
    """An untrained model of each task, of three inputs."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 3))
    targets: dict[str, Any] = {
        "classes": np.where(x[:, 0] > 0, "yes", "no"),
        "labels": (x[:, :2] > 0).astype(int),
        "number": x[:, 0] + 5,
        "numbers": x[:, :2] * 3,
    }
    tasks = {"labels": "multilabel"}
    return {
        name: mlpcli.train((x, y), task=tasks.get(name, "auto"), width=4, epochs=0, progress=False).model
        for name, y in targets.items()
    }


@pytest.mark.parametrize(
    ("task", "y", "words"),
    [
        ("classes", ["no"], r"y: got the shape \(1,\), expected \(10,\), one row for each row of X"),
        ("classes", [["no", "yes"]] * ROWS, r"got the shape \(10, 2\), expected \(10,\)"),
        ("classes", ["no"] * 9 + ["perhaps"], "does not know the class 'perhaps'"),
        ("classes", [0.0] * 9 + [np.nan], "^y: row 9 has nan, expected one of the classes "),
        ("classes", [1] * 3 + [-np.inf] * 7, "^y: row 3 has -inf, expected one of the classes "),
        ("classes", pd.array([True, None] * 5, "boolean"), "^y: row 1 has None, expected one of the classes "),
        ("classes", ["no"] * 9 + [None], "^y: row 9 has None, expected one of the classes "),
        ("labels", np.ones(ROWS), r"got the shape \(10,\), expected \(10, 2\)"),
        ("labels", np.full((ROWS, 2), 0.5), "row 0 has 0.5 for the target 'y1', expected 0 or 1"),
        ("labels", [[1, 0]] * 9 + [[0, 7]], "row 9 has 7 for the target 'y2', expected 0 or 1"),
        ("labels", [["a", "b"]] * ROWS, r"got \['a', 'b', 'a'\] and so on, expected numbers"),
        ("number", np.ones(20), r"got the shape \(20,\), expected \(10,\)"),
        ("number", np.ones((5, 2)), r"got the shape \(5, 2\), expected \(10,\)"),
        ("number", np.ones(7), r"got the shape \(7,\), expected \(10,\)"),
        ("number", [1.0] * 9 + [np.nan], "row 9 has nan for the target 'y', expected a finite number"),
        ("number", ["low"] * ROWS, "expected numbers"),
        ("number", 3.0, "y: got float, expected an array"),
        ("numbers", np.ones(20), r"got the shape \(20,\), expected \(10, 2\)"),
        ("numbers", [[1.0, -np.inf]] * ROWS, "row 0 has -inf for the target 'y2'"),
        ("numbers", [[1.0, 2.0]] * 9 + [[1.0]], "y: its rows have different lengths"),
    ],
)
@pytest.mark.parametrize("method", ["score", "evaluate", "explain"])
def test_targets_that_do_not_suit_the_rows_are_refused(
    models: dict[str, Model], method: str, task: str, y: Any, words: str
) -> None:
    with pytest.raises(DataError, match=words) as caught:
        getattr(models[task], method)(np.ones((ROWS, 3)), y)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("classes", "others"),
    [([0, 1], [False, True]), ([0, 1], ["0", "1.0"]), ([False, True], [0, 1]), ([False, True], ["False", "TRUE"])],
)
def test_classes_may_be_spelled_as_eval_takes_them(classes: list[Any], others: list[Any]) -> None:
    x = np.random.default_rng(2).normal(size=(ROWS, 3))
    model = mlpcli.train((x, classes * 5), width=4, epochs=0, progress=False).model
    assert model.classes is not None and model.classes.tolist() == classes
    assert model.score(x, others * 5) == model.score(x, classes * 5)
    with pytest.raises(DataError, match="does not know the class '2'"):
        model.score(x, [2] * ROWS)


@pytest.mark.parametrize("shape", [(ROWS,), (ROWS, 1)])
def test_one_target_may_be_a_column(models: dict[str, Model], shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(1).normal(size=(ROWS, 3))
    names, values = np.array(["no", "yes"] * 5), np.linspace(4, 6, ROWS)
    assert models["classes"].score(x, names.reshape(shape)) == np.mean(models["classes"].predict(x) == names)
    errors = models["number"].predict(x) - values
    expected = 1 - (errors**2).sum() / ((values - values.mean()) ** 2).sum()
    assert models["number"].score(x, values.reshape(shape).tolist()) == pytest.approx(expected, rel=1e-5)
    labels = (x[:, :2] > 0).tolist()
    assert models["labels"].score(x, labels) == np.mean((models["labels"].predict(x) == labels).all(axis=1))


def test_rows_may_have_weights(models: dict[str, Model]) -> None:
    """The scores are scikit-learn's with `sample_weight`."""
    rng = np.random.default_rng(2)
    x, weights = rng.normal(size=(ROWS, 3)), rng.uniform(0, 3, ROWS)
    names, values = np.array(["no", "yes"] * 5), np.linspace(4, 6, ROWS)
    classes, number = models["classes"], models["number"]
    expected = accuracy_score(names, classes.predict(x), sample_weight=weights)
    assert classes.score(x, names, weights) == pytest.approx(expected)
    assert classes.evaluate(x, names, weights)["accuracy"] == pytest.approx(expected)
    found = number.evaluate(x, values, weights)
    squares = mean_squared_error(values, number.predict(x), sample_weight=weights)
    assert found["rmse"] == pytest.approx(np.sqrt(squares), rel=1e-5)
    assert found["r2"] == pytest.approx(r2_score(values, number.predict(x), sample_weight=weights), rel=1e-5)
    plain, weighed = (classes.explain(x, names, "loss", repeats=2, weights=given) for given in (None, weights))
    assert not plain.equals(weighed)
    for wrong in (weights[:-1], -weights, np.zeros(ROWS), ["a"] * ROWS):
        with pytest.raises(DataError, match="weights: expected 10 numbers of at least 0, one for each row of X"):
            classes.score(x, names, wrong)


@pytest.mark.parametrize("options", [{"norm": "batch"}, {"norm": "layer", "dtype": "float64"}, {"depth": 0}])
def test_an_ensemble_is_the_mean_of_its_networks(tmp_path: Path, options: dict[str, Any]) -> None:
    run = mlpcli.train(NUMBERS, ensemble=3, epochs=4, width=5, **options)
    x = np.random.default_rng(0).uniform(size=(300, 10))
    parts = run.model.networks
    assert len(parts) == 3
    np.testing.assert_allclose(run.model.predict(x), np.mean([one.predict(x) for one in parts], axis=0), rtol=1e-5)
    run.model.save(tmp_path / "m")
    for other in (mlpcli.load(tmp_path / "m"), pickle.loads(pickle.dumps(run.model)), copy.deepcopy(run.model)):
        assert np.array_equal(other.predict(x), run.model.predict(x))
    assert parts[0].networks == [parts[0]]
    assert [(one.options.seed, one.options.ensemble, one.options.val_size) for one in parts] == [
        (0, 1, 0),
        (1, 1, 0),
        (2, 1, 0),
    ]
    with pytest.raises(UsageError, match="an ensemble of 3 networks"):
        mlpcli.to_estimator(run.model)
    if options.get("depth") != 0:
        hidden = [one.hidden(x) for one in parts]
        assert np.array_equal(run.model.hidden(x), np.concatenate(hidden, axis=1))
        assert run.model.representation(np.empty((0, 10))).shape == (0, 15)


def test_a_file_of_another_number_of_networks_is_refused(tmp_path: Path) -> None:
    model = mlpcli.train(NUMBERS, ensemble=3, epochs=1, width=5).model
    for count in (1, 2, 4):
        other = replace(model, options=model.options.model_copy(update={"ensemble": count}))
        other.save(tmp_path / "m")
        with pytest.raises(DataError, match="m"):
            mlpcli.load(tmp_path / "m")

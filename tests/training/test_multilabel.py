"""Several labels of 0 and 1 per row, from the table to the scores: one logistic output each."""

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import metrics as sk

from mlpcli.config import DataOptions
from mlpcli.data import Part, Prepared, Preprocessing
from mlpcli.data.in_memory import prepare_in_memory
from mlpcli.errors import UsageError
from mlpcli.nn import Linear, LogisticLoss, Network
from mlpcli.training.baselines import baseline_scores
from mlpcli.training.loop.trainer import Trainer
from mlpcli.training.metrics.evaluate import evaluate
from mlpcli.training.model import Model
from mlpcli.training.scores import predictions, score
from tests.training.problems import finish, resolved

LABELS = 3
LABELLED = Preprocessing((), ("a", "b", "c"), None, (), (), "float64")
LONG = {"epochs": 20, "width": 20, "keep": "last"}


@pytest.fixture(scope="module")
def data() -> Prepared:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 5))
    y = (x @ rng.normal(size=(5, LABELS)) + rng.normal(size=(300, LABELS)) > 0.3).astype(int)
    return prepare_in_memory((x, y), DataOptions(task="multilabel", dtype="float64"))


@pytest.fixture(scope="module")
def model(data: Prepared) -> Model:
    run = resolved(data, dtype="float64", **LONG)
    trainer = Trainer([run], data)
    for _ in trainer.epochs():
        pass
    trainer.results()
    return Model.of(run, data, trainer.tensors(0))


def part(rows: int, weighted: bool) -> Part:
    rng = np.random.default_rng(rows)
    weights = rng.integers(0, 3, rows).astype(float) if weighted else None
    return Part(rng.normal(size=(rows, 4)), rng.integers(0, 2, (rows, LABELS)), np.arange(rows), weights)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("rows", [5, 600])
def test_metrics_are_those_of_scikit_learn(rows: int, weighted: bool) -> None:
    network = Network([("output", Linear(4, LABELS))], dtype=np.float64)
    network.params[...] = np.random.default_rng(0).normal(size=network.params.shape)
    rowset = part(rows, weighted)
    scores = rowset.x @ network.parameters["output.weight"] + network.parameters["output.bias"]
    found = evaluate(network, LogisticLoss((), np.float64), rowset, LABELLED)
    y, w, decided, p = rowset.y, rowset.weights, scores > 0, 1 / (1 + np.exp(-scores))
    assert {name: float(value) for name, value in found.items()} == pytest.approx(
        {
            "loss": sum(sk.log_loss(y[:, k], p[:, k], sample_weight=w, labels=[0, 1]) for k in range(LABELS)),
            "accuracy": sk.accuracy_score(y, decided, sample_weight=w),
            "micro_f1": sk.f1_score(y, decided, average="micro", sample_weight=w),
            "macro_f1": sk.f1_score(y, decided, average="macro", sample_weight=w),
        }
    )


def test_f1_of_labels_that_no_row_has_and_none_gets_is_0() -> None:
    network = Network([("output", Linear(1, 2))], dtype=np.float64)
    network.parameters["output.bias"][...] = [1.0, -1.0]
    rowset = Part(np.zeros((2, 1)), np.array([[1, 0], [0, 0]]), np.arange(2))
    found = evaluate(network, LogisticLoss((), np.float64), rowset, LABELLED)
    assert found["macro_f1"] == pytest.approx(1 / 3) and found["micro_f1"] == pytest.approx(2 / 3)
    nothing = Part(np.zeros((1, 1)), np.array([[0, 0]]), np.arange(1))
    network.parameters["output.bias"][...] = -1.0
    assert evaluate(network, LogisticLoss((), np.float64), nothing, LABELLED)["micro_f1"] == 0


def test_stacks_equal_their_runs_alone(data: Prepared) -> None:
    runs = [resolved(data, seed=seed, dtype="float64", label_smoothing=0.1) for seed in (0, 1, 5)]
    assert finish(Trainer(runs, data)) == [alone for run in runs for alone in finish(Trainer([run], data))]


def test_one_row_per_epoch_says_how_many_rows_are_right(data: Prepared) -> None:
    run = resolved(data, batch_size="full", lr=1e-9, epochs=1, dtype="float64", activation="tanh")
    trainer = Trainer([run], data)
    assert run.monitor == "val_accuracy" and run.loss == "cross-entropy"
    ((_, row),) = next(trainer.epochs())
    train, val = trainer.results()[0]["train"], trainer.results()[0]["val"]
    assert train and val
    assert row["train_accuracy"] == pytest.approx(train["accuracy"]) and row["val_micro_f1"] == val["micro_f1"]


def test_it_learns_as_well_as_one_network_per_label(data: Prepared, model: Model) -> None:
    single, run = [], resolved(data, dtype="float64", **LONG)
    found = score(model, data.train)
    for k in range(LABELS):
        alone = Part(data.train.x, data.train.y[:, k], data.train.rows)
        task = prepare_in_memory((alone.x, alone.y), DataOptions(dtype="float64", test_size=0, val_size=0))
        trainer = Trainer([resolved(task, dtype="float64", **LONG)], task)
        for _ in trainer.epochs():
            pass
        metrics = trainer.results()[0]["train"]
        assert metrics
        single.append(metrics["loss"])
    assert found.metrics["loss"] == pytest.approx(sum(single), rel=0.3)
    base = baseline_scores(run, data)
    constant = base["baseline"]["train"]
    assert constant and found.metrics["loss"] < 0.7 * constant["loss"]
    shares = data.train.y.mean(axis=0)
    assert constant["loss"] == pytest.approx(-(shares * np.log(shares) + (1 - shares) * np.log(1 - shares)).sum())
    assert base["baseline_answer"] == (shares > 0.5).astype(float).tolist()


def test_a_model_predicts_labels_with_one_probability_each(data: Prepared, model: Model, tmp_path: Path) -> None:
    raw = np.random.default_rng(3).normal(size=(7, 5))
    labels, shares = model.predict(raw), model.predict_proba(raw)
    assert labels.shape == shares.shape == (7, LABELS)
    assert_array_equal(labels, (shares > 0.5).astype(int))
    assert model.score(raw, labels) == 1
    model.save(tmp_path / "m.safetensors")
    assert_array_equal(Model.load(tmp_path / "m.safetensors").predict_proba(raw), shares)
    table = predictions(model, data.train.x[:2], data.train.y[:2], data.train.rows[:2])
    kinds = ("target", "prediction", "probability")
    assert table.columns == ["row", *(f"{kind}_y{k + 1}" for kind in kinds for k in range(LABELS))]
    assert table.rows[1][1:4] == data.train.y[1].tolist()
    classes = score(model, data.train).classes
    assert classes and [row[0] for row in classes.rows] == ["y1", "y2", "y3"]
    assert [row[-1] for row in classes.rows] == data.train.y.sum(axis=0).tolist()


@pytest.mark.parametrize("suffix", [".py", ".onnx"])
def test_exported_networks_give_the_same_labels(model: Model, tmp_path: Path, suffix: str) -> None:
    raw = np.random.default_rng(4).normal(size=(9, 5))
    path = tmp_path / f"net{suffix}"
    if suffix == ".onnx":
        runtime = pytest.importorskip("onnxruntime")
        model.export(path)
        session = runtime.InferenceSession(path)
        wanted = session.get_inputs()[0]
        labels, shares = session.run(["prediction", "probabilities"], {wanted.name: raw.astype(np.float64)})
    else:
        model.export(path)
        module: dict[str, object] = {"__name__": "net", "__file__": str(path)}
        exec(compile(path.read_text(), str(path), "exec"), module)
        labels, shares = module["predict"](raw), module["predict_proba"](raw)  # type: ignore[operator]  # functions of the file
    assert_array_equal(labels, model.predict(raw))
    assert_allclose(shares, model.predict_proba(raw), atol=1e-5)


def test_labels_may_be_written_as_booleans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlpcli.data import prepare

    monkeypatch.chdir(tmp_path)
    rows = [f"{i},{i % 2},{str(i % 3 == 0).lower()}" for i in range(60)]
    Path("t.csv").write_text("\n".join(["x,a,b", *rows]))
    data = prepare(DataOptions(dataset="t.csv", target=("a", "b"), task="multilabel"))
    assert data.task == "multilabel" and data.targets == ("a", "b")
    assert_array_equal(data.train.y, np.stack([data.train.rows % 2, data.train.rows % 3 == 0], axis=1))
    assert [row.values for row in data.summary if row.role == "target"] == ["50.0% are 1", "33.3% are 1"]
    with pytest.raises(UsageError, match="needs several targets"):
        prepare(DataOptions(dataset="t.csv", target=("a",), task="multilabel"))
    with pytest.raises(UsageError, match="target 'x' has the value '2'"):
        prepare(DataOptions(dataset="t.csv", target=("a", "x"), task="multilabel"))


def test_options_of_classes_alone_are_refused(data: Prepared) -> None:
    for given in ({"loss": "squared"}, {"class_weight": "balanced"}, {"init": "xor", "hidden": (2,)}):
        with pytest.raises(UsageError, match="and the task is multilabel"):
            resolved(data, **given)

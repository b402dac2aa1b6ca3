"""Training on sparse rows: numbers of the same rows made dense, the same bits alone and in a stack, every journey."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import dump_svmlight_file

import mlpcli
from mlpcli.config import RunOptions
from mlpcli.data.in_memory import prepare_in_memory
from mlpcli.data.prepared.preprocessing import Preprocessing
from mlpcli.errors import DataError, UsageError
from mlpcli.training.loop.trainer import Trainer
from mlpcli.training.planned_run import plan_run
from tests.training.problems import finish

ROWS, COLUMNS = 120, 40
SMALL: dict[str, Any] = {"width": 6, "depth": 1, "epochs": 3, "lr": 0.02, "batch_size": 16, "threads": 1}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def draw() -> tuple[csr_array, np.ndarray[Any, np.dtype[Any]]]:
    random = np.random.default_rng(0)
    dense = np.where(random.random((ROWS, COLUMNS)) < 0.2, random.normal(size=(ROWS, COLUMNS)), 0.0)
    return csr_array(dense), (dense @ random.normal(size=COLUMNS) > 0).astype(int)


def train(x: Any, y: Any, **options: Any) -> mlpcli.Run:
    return mlpcli.train((x, y), progress=False, **(SMALL | options))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"norm": "batch", "dropout": 0.3, "norm_position": "after"},
        {"depth": 0, "weight_decay": 0.1, "optimizer": "sgd"},
        {"batch_size": "full", "max_norm": 0.5, "clip_norm": 0.1, "optimizer": "nesterov"},
        {"scale": "none", "split_seed": 3, "folds": 3, "fold": 1},
    ],
    ids=str,
)
def test_numbers_are_those_of_the_dense_rows(options: dict[str, Any]) -> None:
    x, y = draw()
    for dtype, tolerance in (("float64", 1e-12), ("float32", 2e-5)):
        sparse, dense = (train(one, y, **({"scale": "maxabs", "dtype": dtype} | options)) for one in (x, x.toarray()))
        params = [run.model.network.params for run in (sparse, dense)]
        np.testing.assert_allclose(*params, rtol=tolerance, atol=tolerance)
        for part, metrics in dense.metrics.items():
            assert sparse.metrics[part] == pytest.approx(metrics, rel=10 * tolerance, nan_ok=True)


def test_a_run_has_the_same_bits_alone_and_in_a_stack() -> None:
    options = RunOptions(**SMALL, dropout=0.2)
    data = prepare_in_memory(draw(), options.data)
    runs = [
        plan_run(options.model_copy(update={"seed": seed, "lr": 0.01 * (seed + 1)}), data).options for seed in range(3)
    ]
    stack = Trainer(runs, data)
    rows = [dict(epoch) for epoch in stack.epochs()]
    for index, run in enumerate(runs):
        alone = Trainer([run], data)
        for together, own in zip(rows, alone.epochs(), strict=True):
            ((_, row),) = own
            assert {key: value for key, value in row.items() if not key.endswith("_s")} == {
                key: value for key, value in together[index].items() if not key.endswith("_s")
            }
        assert (alone.kept_params[0] == stack.kept_params[index]).all()


def test_a_model_predicts_and_is_read_back() -> None:
    x, y = draw()
    run = train(x, y)
    model = run.model
    model.save("m.safetensors")
    again = mlpcli.load("m.safetensors")
    for rows in (x, x.toarray(), x.tocoo()):
        assert (again.predict_proba(rows) == model.predict_proba(x)).all()
    assert again.hidden(x).shape == (ROWS, 6)
    assert model.score(x, y) == np.mean(model.predict(x) == y)
    with pytest.raises(DataError, match="rows of 39 columns, but the model was trained on 40 sparse ones"):
        model.predict(x[:, :39])
    with pytest.raises(DataError, match=r"X\.toarray"):
        train(x.toarray(), y).model.predict(x)
    with pytest.raises(DataError, match="119 rows in X, but 120 in y"):
        train(x[:119], y)
    with pytest.raises(DataError, match="not a matrix of finite numbers"):
        train(x * np.inf, y)


@pytest.mark.parametrize("suffix", [".onnx", ".py"])
def test_formats_that_cannot_take_sparse_rows_are_refused(suffix: str) -> None:
    model = train(*draw(), epochs=1).model
    with pytest.raises(UsageError, match=r"sparse rows.*safetensors"):
        model.export(f"m{suffix}")
    model.export("m.safetensors")


@pytest.mark.parametrize("options", [{"input_dropout": 0.2}, {"input_gain": 1.0}, {"lift": "quadratic"}], ids=str)
def test_layers_before_the_first_linear_one_are_refused(options: dict[str, Any]) -> None:
    (name, _), *_ = options.items()
    with pytest.raises(UsageError, match=f"{name} .*sparse"):
        train(*draw(), **options)


def test_a_preprocessing_of_sparse_rows_goes_through_json() -> None:
    fitted = train(*draw(), epochs=1).model.preprocessing
    assert Preprocessing.from_json(json.loads(json.dumps(fitted.to_json()))) == fitted
    assert len(fitted.features) == COLUMNS


def test_files_and_arrays_of_the_same_rows_have_the_same_numbers() -> None:
    x, y = draw()
    dump_svmlight_file(x, y, "rows.svm", zero_based=False)
    from_file = mlpcli.train("rows.svm", progress=False, **SMALL)
    assert from_file.metrics == train(x, y).metrics
    assert mlpcli.train("rows.svm", progress=False, results="results", **SMALL).metrics == from_file.metrics


@pytest.mark.parametrize("options", [{"dropout": 0.2, "patience": 2}, {"batch_size": "full"}], ids=str)
def test_going_on_from_a_checkpoint_gives_the_same_bits(options: dict[str, Any]) -> None:
    chosen = RunOptions(**SMALL | options)
    data = prepare_in_memory(draw(), chosen.data)
    runs = [plan_run(chosen.model_copy(update={"seed": seed}), data).options for seed in range(2)]
    whole, saved = finish(Trainer(runs, data)), []
    trainer = Trainer(runs, data)
    for _ in trainer.epochs(tick=lambda: saved.append(deepcopy(trainer.checkpoint())), every=0.0):
        pass
    for arrays, counters in saved[::4]:
        again = Trainer(runs, data)
        again.restore(arrays, counters)
        for gone_on, once in zip(finish(again), whole, strict=True):
            assert (gone_on.params, gone_on.results) == (once.params, once.results)
            assert gone_on.rows == once.rows[len(once.rows) - len(gone_on.rows) :]


def test_weights_count_as_they_do_on_dense_rows() -> None:
    x, y = draw()
    both = np.column_stack([y, np.arange(ROWS) % 3])
    weighted: dict[str, Any] = {"target": "y1", "weights": "y2", "scale": "maxabs", "dtype": "float64"}
    sparse, dense = (train(one, both, **weighted) for one in (x, x.toarray()))
    np.testing.assert_allclose(sparse.model.network.params, dense.model.network.params, rtol=1e-12, atol=1e-12)
    assert sparse.metrics["val"] == pytest.approx(dense.metrics["val"], rel=1e-11)
    assert sparse.metrics["val"] != train(x, y, scale="maxabs", dtype="float64").metrics["val"]


def test_validation_rows_of_their_own_are_matched_by_number() -> None:
    """A narrower file: columns that it lacks are 0."""
    x, y = draw()
    dump_svmlight_file(x[:90], y[:90], "ours.svm", zero_based=False)
    dump_svmlight_file(x[90:, :30], y[90:], "theirs.svm", zero_based=False)
    asked: dict[str, Any] = SMALL | {"val_dataset": "theirs.svm", "test_size": 0, "progress": False}
    from_files, from_memory = mlpcli.train("ours.svm", **asked), mlpcli.train((x[:90], y[:90]), **asked)
    assert from_files.metrics == from_memory.metrics
    narrow = x[90:].toarray()
    narrow[:, 30:] = 0
    assert from_files.metrics["val"]["accuracy"] == from_files.model.score(csr_array(narrow), y[90:])

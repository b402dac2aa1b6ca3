"""Ensembles: the networks are those that `Trainer` trains on the folds, and the scores of a run are their mean's."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlpcli.data import Prepared
from mlpcli.errors import DataError, UsageError
from mlpcli.training.ensembles.ensemble_trainer import EnsembleTrainer
from mlpcli.training.ensembles.trainers import trainer_of
from mlpcli.training.loop.trainer import Trainer
from mlpcli.training.model import Model
from tests.training.problems import (
    CLASSES,
    NUMBERS,
    TWO_CLASSES,
    dataset,
    finish,
    resolved,
    softmax,
    train,
    without_seconds,
)

COUNT = 3


def ensemble(source: str = CLASSES, **options: Any) -> tuple[EnsembleTrainer, Prepared]:
    data = dataset(source, ensemble=COUNT)
    trainer = trainer_of([resolved(data, **{"ensemble": COUNT, **options})], data)
    assert isinstance(trainer, EnsembleTrainer)
    return trainer, data


def alone(trainer: EnsembleTrainer, k: int) -> Trainer:
    """Network k, trained without the others."""
    run = trainer.runs[0]
    own = run.model_copy(update={"ensemble": 1, "seed": COUNT * run.seed + k})
    return Trainer([own], trainer.data.fold(k))


@pytest.mark.parametrize("source", [CLASSES, TWO_CLASSES, NUMBERS])
def test_each_network_is_that_of_a_training_of_its_own(source: str) -> None:
    trainer, _ = ensemble(source, seed=5, dropout=0.2, epochs=6, patience=2)
    (found,) = finish(trainer)
    singles = [alone(trainer, k) for k in range(COUNT)]
    own = [finish(one)[0] for one in singles]
    for k, one in enumerate(singles):
        for name, tensor in one.tensors(0).items():
            assert np.array_equal(trainer.tensors(0)[name][k], tensor), (k, name)
    assert found.best_epoch == sorted(one.best_epoch for one in own)[1]
    assert found.epochs_run == max(one.epochs_run for one in own)
    for number, row in enumerate(found.rows):
        rows = [one.rows[number] for one in own if number < len(one.rows)]
        for name, value in row.items():
            expected = max if name == "step" else np.mean
            assert value == pytest.approx(expected([one[name] for one in rows]), rel=1e-12), name


def test_every_row_validates_one_network_and_trains_the_others() -> None:
    data = dataset(CLASSES, ensemble=COUNT)
    assert data.val is None
    folds = [data.fold(k) for k in range(COUNT)]
    validated = [row for fold in folds if fold.val for row in fold.val.rows.tolist()]
    assert sorted(validated) == sorted(data.train.rows.tolist())
    for fold in folds:
        assert fold.val is not None
        assert sorted([*fold.train.rows, *fold.val.rows]) == sorted(data.train.rows.tolist())
        at = data.train.rows.tolist().index(fold.val.rows[-1])
        assert np.array_equal(fold.val.x[-1:], data.train.x[at : at + 1])
    assert np.array_equal(data.test.rows, dataset(CLASSES).test.rows)  # type: ignore[union-attr]  # the same test rows


@pytest.mark.parametrize("source", [CLASSES, TWO_CLASSES, NUMBERS])
def test_the_scores_are_those_of_the_mean_of_the_networks(source: str) -> None:
    trainer, data = ensemble(source, epochs=5)
    (found,) = finish(trainer)
    assert data.test is not None
    parts = []
    for one in (alone(trainer, k) for k in range(COUNT)):
        finish(one)
        parts.append(one.network.forward(data.test.x)[0].astype(np.float64))
    mean = np.mean(parts, axis=0)
    model = Model.of(trainer.runs[0], data, trainer.tensors(0))
    np.testing.assert_allclose(model.scores(data.test.x), mean, rtol=1e-5, atol=1e-6)
    test, y = found.results["test"], data.test.y
    if source == NUMBERS:
        own = mean * data.preprocessing.target_scale + data.preprocessing.target_mean
        residual = own - data.test.own
        assert test["rmse"] == pytest.approx(np.sqrt(np.mean(residual**2)), rel=1e-5)
        return
    shares = softmax(mean if mean.shape[1] > 1 else np.concatenate([np.zeros_like(mean), mean], axis=1))
    assert test["accuracy"] == np.mean(shares.argmax(axis=1) == y)
    assert test["loss"] == pytest.approx(-np.mean(np.log(shares[np.arange(len(y)), y])), rel=1e-5)


def test_validation_scores_are_means_over_the_folds() -> None:
    trainer, _ = ensemble(epochs=4)
    (found,) = finish(trainer)
    own = [finish(alone(trainer, k))[0].results["val"] for k in range(COUNT)]
    for name, value in found.results["val"].items():
        assert value == pytest.approx(np.mean([one[name] for one in own]), rel=1e-12)


def test_validation_rows_of_their_own_are_shared(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(80, 2)).round(3)
    for name, part in (("a.csv", rows[:60]), ("b.csv", rows[60:])):
        lines = [f"{x},{y},{'yes' if x > y else 'no'}" for x, y in part]
        (tmp_path / name).write_text("\n".join(["x,y,z", *lines, ""]))
    data = dataset(str(tmp_path / "a.csv"), target=("z",), val_dataset=str(tmp_path / "b.csv"), ensemble=COUNT)
    assert data.folds is None
    assert data.val is not None
    trainer = trainer_of([resolved(data, ensemble=COUNT, epochs=3)], data)
    (found,) = finish(trainer)
    model = Model.of(trainer.runs[0], data, trainer.tensors(0))
    assert found.results["val"]["accuracy"] == np.mean(model.decide(model.scores(data.val.x)) == data.val.y)
    different = {trainer.tensors(0)["output.weight"][k].tobytes() for k in range(COUNT)}
    assert len(different) == COUNT


def test_groups_stay_together(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    lines = [f"{x:.3f},{g},{x + 0.1 * g:.3f}" for g in range(12) for x in rng.normal(size=6)]
    (tmp_path / "g.csv").write_text("\n".join(["x,g,y", *lines, ""]))
    data = dataset(str(tmp_path / "g.csv"), target=("y",), groups="g", task="regression", ensemble=COUNT)
    assert data.folds is not None
    groups = data.train.rows // 6
    for group in set(groups.tolist()):
        assert len(set(data.folds[groups == group].tolist())) == 1


@pytest.mark.parametrize("broken", range(4))
def test_one_network_that_diverges_ends_the_run(broken: int) -> None:
    """In the second epoch, which the networks before it have trained and those after it have not; it has no row."""
    data = dataset(CLASSES, ensemble=4)
    trainer = EnsembleTrainer([resolved(data, ensemble=4, epochs=9)], data)
    epochs = trainer.epochs()
    rows = [row for _, row in next(epochs)]
    trainer.trainers[broken].network.params[...] = np.nan
    rows += [row for found in epochs for _, row in found]
    assert [row["epoch"] for row in rows] == [1]
    assert (trainer.epochs_run.tolist(), trainer.best_epoch.tolist()) == ([1], [1])
    assert (trainer.diverged[0].epoch, trainer.diverged[0].batch) == (2, 1)
    assert [one.epoch for one in trainer.trainers] == [2] * (broken + 1) + [1] * (3 - broken)
    assert not any(len(one.members) for one in trainer.trainers)
    assert np.isfinite(trainer.tensors(0)["output.weight"]).all() if trainer.results() else False


def test_the_best_epoch_is_the_lower_median() -> None:
    data = dataset(CLASSES, ensemble=4)
    trainer = EnsembleTrainer([resolved(data, ensemble=4, epochs=9)], data)
    finish(trainer)
    for one, epoch in zip(trainer.trainers, (7, 2, 9, 4), strict=True):
        one.monitor.best_epoch[...] = epoch
    assert trainer.best_epoch.tolist() == [4]


def test_a_run_has_stopped_when_all_of_its_networks_have() -> None:
    trainer, _ = ensemble(epochs=2)
    for number, one in enumerate(trainer.trainers):
        assert trainer.stopped == {}
        one.stopped[0] = f"stuck {number}"
    assert trainer.stopped == {0: "stuck 0"}


def test_no_two_runs_share_a_network_seed() -> None:
    data = dataset(CLASSES, ensemble=COUNT)
    runs = [resolved(data, ensemble=COUNT, seed=seed) for seed in range(4)]
    trainer = trainer_of(runs, data)
    assert isinstance(trainer, EnsembleTrainer)
    seeds = [run.seed for one in trainer.trainers for run in one.runs]
    assert sorted(seeds) == list(range(4 * COUNT))


def test_a_checkpoint_of_another_ensemble_is_refused() -> None:
    trainer, data = ensemble(epochs=2)
    arrays, counters = trainer.checkpoint()
    fresh, _ = ensemble(epochs=2)
    with pytest.raises(ValueError, match="it has 2 networks, this training has 3"):
        fresh.restore(arrays, {**counters, "networks": counters["networks"][:2]})
    with pytest.raises(ValueError, match="'rows'"):
        fresh.restore({name: array for name, array in arrays.items() if name != "rows"}, counters)
    with pytest.raises(ValueError, match="differ"):
        fresh.restore({name: array for name, array in arrays.items() if name != "1.params"}, counters)
    with pytest.raises(ValueError, match="stand elsewhere than at epoch 3 of all"):
        fresh.restore(arrays, {**counters, "epoch": 3})
    with pytest.raises(ValueError, match="stand elsewhere"):
        fresh.restore(arrays | {"rows": np.full_like(arrays["rows"], np.inf)}, counters)
    with pytest.raises(ValueError, match="differ"):
        fresh.restore({name.replace("1.params", "01.params"): array for name, array in arrays.items()}, counters)
    fresh.restore(arrays, counters)
    assert finish(fresh) == train([trainer.runs[0]], data)


def test_rows_come_once_however_the_epochs_are_asked_for() -> None:
    trainer, data = ensemble(epochs=5, patience=2)
    (whole,) = train([trainer.runs[0]], data)
    rows = [without_seconds(row) for until in (2, 3, 5) for found in trainer.epochs(until=until) for _, row in found]
    assert rows == whole.rows


def test_rows_with_scores_that_are_not_defined_are_restored(tmp_path: Path) -> None:
    """R2 of a fold of one row; the checkpoint stands between the first network's epoch and the second's."""
    lines = [f"{x},1,{x * 1.5}" for x in range(8)]
    data = dataset(table(tmp_path / "t.csv", lines), target=("y",), task="regression", test_size=0, ensemble=8)
    run = resolved(data, ensemble=8, batch_size=2)
    (whole,) = train([run], data)
    assert all(np.isnan(row["val_r2"]) for row in whole.rows)
    trainer, saved = EnsembleTrainer([run], data), []
    for _ in trainer.epochs(tick=lambda: saved.append(copy.deepcopy(trainer.checkpoint())), every=0.0):
        pass
    middle = [each for each in saved if (each[0]["rows"][..., 0] > 0).any()]
    assert middle
    for arrays, counters in (middle[0], middle[-1]):
        fresh = EnsembleTrainer([run], data)
        fresh.restore(arrays, counters)
        (found,) = finish(fresh)
        assert repr(found.rows) == repr(whole.rows[counters["epoch"] :])


def table(path: Path, lines: list[str]) -> str:
    path.write_text("\n".join(["x,w,y", *lines, ""]))
    return str(path)


def test_every_fold_must_define_the_monitor(tmp_path: Path) -> None:
    """The last third of the rows is of one class, as a split in order leaves it."""
    lines = [f"{x},1,{'a' if x % 2 or x >= 40 else 'b'}" for x in range(60)]
    data = dataset(table(tmp_path / "t.csv", lines), target=("y",), split="ordered", test_size=0, ensemble=3)
    with pytest.raises(UsageError, match="val_roc_auc is not defined on 20 validation rows"):
        resolved(data, ensemble=3, monitor="val_roc_auc")
    resolved(data, ensemble=3)


def test_every_fold_must_count(tmp_path: Path) -> None:
    lines = [f"{x},{int(x < 20)},{x % 7}.5" for x in range(60)]
    options: dict[str, Any] = {"target": ("y",), "weights": "w", "split": "ordered", "test_size": 0}
    with pytest.raises(DataError, match="all 20 rows of fold 1 have the weight 0 in column 'w'"):
        dataset(table(tmp_path / "t.csv", lines), ensemble=3, task="regression", **options)


def test_every_network_meets_every_class_of_two_rows_or_more(tmp_path: Path) -> None:
    lines = [f"{x},1,{'ab'[x >= 30]}" for x in range(60)]
    options: dict[str, Any] = {"target": ("y",), "test_size": 0}
    with pytest.raises(DataError, match="fold 0 of 2 leaves no training row of some class"):
        dataset(table(tmp_path / "t.csv", lines), split="ordered", ensemble=2, **options)
    alone = table(tmp_path / "u.csv", [*lines, "60,1,c"])
    assert dataset(alone, ensemble=2, **options).folds is not None

"""What a worker sends back."""

from dataclasses import replace

import pytest

from mlpcli.config import DataOptions, RunOptions
from mlpcli.data import prepare
from mlpcli.sweeps.run.kept_models import KeepModels
from mlpcli.sweeps.run.train_stack import Job, run_job
from mlpcli.training.planned_run import plan_run
from mlpcli.workers.executor import Folder

LR = (0.001, 0.1, 0.3)


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """Three trials of which the second learns fastest."""
    data = prepare(DataOptions(dataset="iris"), tmp_path_factory.mktemp("home"))
    runs = [plan_run(RunOptions(dataset="iris", width=8, depth=1, epochs=6, lr=lr), data, threads=1) for lr in LR]
    return Job(
        trials=[7, 8, 9],
        runs=[run.options for run in runs],
        run_ids=[run.run_id for run in runs],
        data=Folder(data.folder),
        name=data.name,
        scale=data.scale,
        until=6,
        metric="train_loss",
        keep_models=KeepModels.BEST,
        seconds=1.0,
    )


def losses(job: Job) -> list[float]:
    return [outcome.result["metrics"]["train"]["loss"] for outcome in run_job(job).outcomes]


@pytest.mark.parametrize(("keep", "sent"), [(KeepModels.NONE, []), (KeepModels.BEST, [1]), (KeepModels.ALL, [0, 1, 2])])
def test_models_that_are_sent(job: Job, keep: KeepModels, sent: list[int]) -> None:
    assert min(range(3), key=losses(job).__getitem__) == 1
    outcomes = run_job(replace(job, keep_models=keep)).outcomes
    assert [index for index, outcome in enumerate(outcomes) if outcome.model is not None] == sent


def test_a_metric_of_which_more_is_better(job: Job) -> None:
    outcomes = run_job(replace(job, metric="train_accuracy")).outcomes
    accuracies = [outcome.result["metrics"]["train"]["accuracy"] for outcome in outcomes]
    assert len(set(accuracies)) == len(accuracies)
    assert [outcome.model is not None for outcome in outcomes] == [value == max(accuracies) for value in accuracies]


def test_a_stack_goes_on_without_what_was_pruned(job: Job) -> None:
    """The best of those that go on is sent, though the pruned one may have better weights."""
    whole = run_job(job)
    begun = run_job(replace(job, until=2, again=True))
    assert begun.progress is not None and not any(outcome.ended or outcome.model for outcome in begun.outcomes)
    rest = run_job(replace(job, progress=begun.progress, pruned=[1]))
    assert [outcome.model is not None for outcome in rest.outcomes] == [False, False, True]
    for position in (0, 2):
        assert rest.outcomes[position].result["metrics"] == whole.outcomes[position].result["metrics"]
        found = [*begun.outcomes[position].rows, *rest.outcomes[position].rows]
        for row, expected in zip(found, whole.outcomes[position].rows, strict=True):
            names = [name for name in row if not name.endswith("_s")]
            assert [row[name] for name in names] == [expected[name] for name in names]
    assert not rest.outcomes[1].rows and rest.progress is None

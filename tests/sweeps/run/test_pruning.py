"""Successive halving while it runs: what goes on, what it leaves, and what a changed file makes of it."""

import itertools
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from mlpcli.cli.main import run
from mlpcli.cli.views.sweep_lines import SweepView
from mlpcli.results.trial import Trial
from mlpcli.sweeps.plan.stacks import Group, Stack
from mlpcli.sweeps.run import stack_jobs
from mlpcli.sweeps.run import train_stack as work
from mlpcli.sweeps.run.course import Course
from mlpcli.sweeps.run.engine import Engine
from mlpcli.training.loop.trainer import Trainer
from tests.benchmarks.halving import draw
from tests.sweeps.sweeps import rows, seconds, sweep, timeless, write_sweep

EPOCHS, SEEDS = 12, 2
BASE = {"dataset": "iris", "depth": 1, "epochs": EPOCHS, "optimizer": "sgd", "batch_size": 64, "patience": 4}
BASE |= {"activation": "identity", "loss": "squared"}  # which diverges late, after good beginnings
GRID = {"lr": [3.0, 0.05, 0.1, 0.3, 0.7, 1.0], "width": [2, 6]}
HALVING = {"min_epochs": 2, "factor": 2}
RUNGS = [(2, 6), (4, 3), (8, 1)]


def write(place: Path, halving: dict[str, int] | None, **keys: Any) -> Path:
    tables = {"halving": halving} if halving else {}
    return write_sweep(place / "h.toml", **{"seeds": SEEDS, "base": BASE, "grid": GRID, **keys, **tables})


@pytest.fixture(scope="module")
def full(place: Path) -> Path:
    return sweep(write(place, None), place / "full", code=1)


@pytest.fixture(scope="module")
def halved(place: Path) -> Path:
    return sweep(write(place, HALVING), place / "halved", "--keep-models", "all", code=1)


def epochs_of(folder: Path) -> dict[int, list[dict[str, str]]]:
    found: dict[int, list[dict[str, str]]] = {}
    for row in rows(folder, "metrics.csv"):
        timed = {name: cell for name, cell in row.items() if not name.endswith("_s")}
        found.setdefault(int(row["trial"]), []).append(timed)
    return found


def test_who_lives_follows_from_the_full_sweep(full: Path, halved: Path) -> None:
    """The halving worked again, from the metrics of the sweep that was not halved."""
    epochs, trials = epochs_of(full), rows(full, "trials.csv")
    alive, stopped_at = list(range(12)), {}
    for at, keep in RUNGS:
        scores = {}
        for index in alive:
            seeds = range(SEEDS * index, SEEDS * index + SEEDS)
            reached = [trials[n]["state"] == "complete" or int(trials[n]["epochs_run"]) >= at for n in seeds]
            best = [max(float(row["val_accuracy"]) for row in epochs[n][:at]) for n in seeds if n in epochs]
            scores[index] = sum(best) / SEEDS if all(reached) else -1
        kept = sorted(alive, key=lambda index: (-scores[index], index))[:keep]
        stopped_at |= {index: at for index in alive if index not in kept}
        alive = [index for index in alive if index in kept]
    for number, row in enumerate(rows(halved, "trials.csv")):
        whole, at = trials[number], stopped_at.get(number // SEEDS, EPOCHS)
        if int(whole["epochs_run"]) + (whole["state"] == "diverged") <= at:  # it came to its end before the rung
            assert row == {**whole, "time_s": row["time_s"]}
        else:
            assert (row["state"], row["epochs_run"]) == ("pruned", str(at))
    assert {row["state"] for row in rows(halved, "trials.csv")} == {"complete", "pruned", "diverged"}
    assert len(stopped_at) == 11 and set(stopped_at.values()) == {2, 4, 8}
    diverged = [stopped_at[number // SEEDS] for number, row in enumerate(trials) if row["state"] == "diverged"]
    assert min(diverged) == 2 and max(diverged) > 2  # some were pruned before they would have, others not


def test_the_epochs_that_ran_are_those_of_the_full_sweep(full: Path, halved: Path) -> None:
    whole = epochs_of(full)
    for number, found in epochs_of(halved).items():
        assert found == whole[number][: len(found)]
    for row in rows(halved, "trials.csv"):
        if row["state"] == "pruned":
            found = epochs_of(halved)[int(row["trial"])]
            assert len(found) == int(row["epochs_run"])
            best = max(found, key=lambda epoch: (float(epoch["val_accuracy"]), -float(epoch["val_loss"])))
            assert (row["val_accuracy"], row["best_epoch"]) == (best["val_accuracy"], best["epoch"])


def test_no_epoch_is_trained_twice(place: Path, halved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stacks go on where they stopped, without the trials that were pruned."""
    trained: list[int] = []
    epochs = Trainer.epochs

    def counted(self: Any, *arguments: Any, **options: Any) -> Any:
        for rows_of_epoch in epochs(self, *arguments, **options):
            trained.append(len(rows_of_epoch))
            yield rows_of_epoch

    keep = stack_jobs.JobMaker.keep

    def kept(self: Any, job: work.Job, progress: work.Progress) -> None:
        assert job.until < EPOCHS  # a stack that came to its end sends nothing to go on with
        keep(self, job, progress)

    monkeypatch.setattr(Trainer, "epochs", counted)
    monkeypatch.setattr(stack_jobs.JobMaker, "keep", kept)
    found = sweep(write(place, HALVING), place / "counted", code=1)
    assert timeless(found) == timeless(halved)
    assert sum(trained) == len(rows(halved, "metrics.csv"))


def test_interrupted_after_every_few_jobs(
    place: Path, halved: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a rung has trained so far is kept, so that every run comes further; the files end up the same."""
    monkeypatch.setattr(stack_jobs, "make_stacks", one_by_one)
    done, folder, file = Engine.done, place / "interrupted" / "h", write(place, HALVING)
    known: dict[str, int] = {}
    for _ in range(20):
        jobs = itertools.count(1)

        def stopping(self: Engine, *job: Any, jobs: Iterator[int] = jobs) -> None:
            done(self, *job)
            if next(jobs) == 6:
                raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(Engine, "done", stopping)
            code = run(["sweep", str(file), "--results", str(folder.parent), "--executor", "serial", "--quiet"])
        now = {row["run_id"]: int(row["epochs_run"]) for row in rows(folder, "trials.csv")}
        assert (code == 130) != (folder / "summary.csv").exists()
        if code != 130:
            break
        assert all(now[run_id] >= epochs for run_id, epochs in known.items()) and sum(now.values()) > sum(
            known.values()
        )
        assert known or "as far as a rung) are kept" in capsys.readouterr().err
        known = now
    assert known and timeless(folder) == timeless(halved)


def test_only_what_trains_is_said_to_run(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: set[int] = set()
    known: list[int] = []

    def take(self: SweepView, trial: Trial, *, known: bool = False) -> None:
        assert trial.number not in ended
        ended.add(trial.number)

    def running(self: SweepView, trials: Sequence[int]) -> None:
        assert not ended.intersection(trials)
        known.extend(trials)

    monkeypatch.setattr(SweepView, "trial", take)
    monkeypatch.setattr(SweepView, "running", running)
    sweep(write(place, HALVING), place / "watched", code=1)
    assert ended == set(known) == set(range(24))


def test_every_epoch_is_counted_once(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the sweep itself, and where a second run finds all trials."""
    courses: list[Course] = []
    monkeypatch.setattr(SweepView, "begin", lambda self, course: courses.append(course))
    for _ in range(2):
        found = sweep(write(place, HALVING), place / "counted-epochs", code=1)
        assert courses[-1].epochs == len(rows(found, "metrics.csv")) and courses[-1].stacks == ()


def test_models_are_those_of_complete_trials(halved: Path) -> None:
    complete = {row["run_id"] for row in rows(halved, "trials.csv") if row["state"] == "complete"}
    assert {path.stem for path in (halved / "models").iterdir()} == complete


def test_pruned_rows_of_the_summary(halved: Path) -> None:
    trials = rows(halved, "trials.csv")
    state = {(row["lr"], row["width"]): row["state"] for row in trials}
    summary = rows(halved, "summary.csv")
    order = [state[row["lr"], row["width"]] for row in summary]
    assert order == sorted(order, key=["complete", "pruned", "diverged"].index)
    for row in summary:
        if state[row["lr"], row["width"]] == "pruned":
            assert row["val_accuracy_std"] == row["val_accuracy_ci_low"] == row["p_value"] == row["diff_ci_low"] == ""
            assert row["n_seeds"] == str(SEEDS) and row["val_accuracy_mean"] != ""


@pytest.mark.parametrize(
    "flags", [pytest.param(("--jobs", "1"), marks=pytest.mark.slow), ("--jobs", "2"), ("--executor", "serial")]
)
def test_no_matter_how(place: Path, halved: Path, flags: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    if "serial" in flags:
        monkeypatch.setattr(stack_jobs, "make_stacks", one_by_one)
    found = sweep(write(place, HALVING), place / flags[-1], *flags, code=1)
    assert timeless(found) == timeless(halved)


def one_by_one(groups: Sequence[Group], count: int) -> list[Stack]:
    stacks = [Stack((number,), 0.0) for group in groups for number in group.trials]
    random.Random(0).shuffle(stacks)
    return stacks


def test_what_goes_on_begins_with_what_takes_longest(
    place: Path, halved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the trials that are left in each stack, in whatever order the stacks came to the rung."""
    left: list[list[float]] = []
    make = stack_jobs.JobMaker.make

    def watched(self: Any, *arguments: Any) -> Iterator[work.Job]:
        jobs = list(make(self, *arguments))
        left.append([float(len(job.trials) - len(job.pruned)) for job in jobs if job.progress is not None])
        return iter(jobs)

    monkeypatch.setattr(stack_jobs.JobMaker, "make", watched)
    monkeypatch.setattr(stack_jobs, "make_stacks", smallest_first)
    found = sweep(write(place, HALVING), place / "longest", "--executor", "serial", code=1)
    assert timeless(found) == timeless(halved)
    assert max(map(len, left)) > 2 and len(set(map(tuple, left))) > 2
    assert left == [sorted(counts, reverse=True) for counts in left]


def smallest_first(groups: Sequence[Group], count: int) -> list[Stack]:
    spans = [(group.trials[at : at + size], size) for group in groups for at, size in ((0, 1), (1, 2), (3, 3), (6, 6))]
    return [Stack(tuple(trials), float(size)) for trials, size in sorted(spans, key=lambda span: span[1])]


def test_files_that_change(place: Path, full: Path, halved: Path) -> None:
    """Halving comes, changes and goes: each time the folder is what a fresh one would be."""
    others = [{"min_epochs": 1, "factor": 3}, {"min_epochs": 3, "factor": 2}]
    fresh = [sweep(write(place, other), place / f"fresh{n}", code=1) for n, other in enumerate(others)]
    expected = [full, *fresh, halved]
    for order in ([0, 3, 1, 2, 0], [3, 0, 2, 3]):
        folder = place / f"changing{order[0]}"
        for index in order:
            file = write(place, [None, *others, HALVING][index])
            found = sweep(file, folder, code=1)
            assert timeless(found) == timeless(expected[index])
            before = seconds(found)
            sweep(file, folder, code=1)
            assert seconds(found) == before


def test_without_halving_pruned_trials_are_not_known(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = sweep(write(place, HALVING), place / "known", code=1)
    ended = [row for row in rows(folder, "trials.csv") if row["state"] != "pruned"]
    capsys.readouterr()
    assert run(["sweep", str(write(place, None)), "--results", str(place / "known"), "--executor", "serial"]) == 1
    assert f"24 trials ({len(ended)} known)" in capsys.readouterr().err.splitlines()[0]


def test_more_configurations_let_others_live(place: Path) -> None:
    """What was pruned among few can survive among many, and is then trained to its end; never taken as complete."""
    few = write(place, HALVING, grid={"lr": [0.1, 0.3, 1.0], "width": [6]})
    folder = sweep(few, place / "growing")
    assert [row["state"] for row in rows(folder, "trials.csv")].count("pruned") == 4
    many = write(place, HALVING)
    sweep(many, place / "growing", code=1)
    assert timeless(folder) == timeless(sweep(many, place / "grown", code=1))


@pytest.mark.slow
def test_the_sweep_that_ships_finds_the_best(place: Path, tmp_path: Path) -> None:
    """Of ten draws of 81 configurations; results/reference/halving.md has the table."""
    draws = [draw(seed, tmp_path) for seed in range(10)]
    assert sum(one.hit for one in draws) >= 8
    assert all(3 * one.epochs <= one.all_epochs for one in draws)

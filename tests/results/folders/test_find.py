import unicodedata

import pytest

from mlpcli.errors import DataError, UsageError
from mlpcli.results.folders.find import find_named, find_results
from mlpcli.results.folders.find_models import find_run, find_runs
from tests.plot.folders import run_folder, sweep_folder


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "results"
    for name in ("digits-1", "digits-2", "unfinished", "sweep"):
        (root / name / "models").mkdir(parents=True)
    for name in ("digits-1/model.safetensors", "digits-2/model.safetensors", "sweep/models/0123.safetensors"):
        (root / name).touch()
    (root / "unfinished" / "config.toml").touch()
    (root / "sweep" / "sweep.toml").touch()
    return root


@pytest.mark.parametrize(
    "text",
    ["digits-1", "digits-1/", "results/digits-1", "./results/digits-1", "results/digits-1/model.safetensors"],
)
def test_every_way_to_say_it(root, text):
    assert find_run(text, root) == root / "digits-1" / "model.safetensors"


def test_absolute_paths_and_models_of_sweeps(root):
    assert find_run(str(root / "digits-2"), root) == root / "digits-2" / "model.safetensors"
    model = root / "sweep" / "models" / "0123.safetensors"
    assert find_run("results/sweep/models/0123.safetensors", root) == model
    assert find_run("sweep/models/0123.safetensors", root) == model


def test_a_folder_here_that_is_no_run_does_not_hide_one(root, tmp_path):
    (tmp_path / "digits-1").mkdir()
    assert find_run("digits-1", root) == root / "digits-1" / "model.safetensors"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("digits1", r"there is no run 'digits1'.*; did you mean digits-\d\?"),
        ("zzz", "there is no run 'zzz'"),
        ("", "there is no run ''"),
        ("a\0b", "there is no run"),
        ("x" * 5000, "there is no run"),
        ("unfinished", r"unfinished has no model\.safetensors.*--resume"),
        ("sweep", "the sweep in results/sweep has only begun"),
        ("sweep/best", "the sweep in results/sweep has only begun"),
        ("digits-1/best", "there is no run 'digits-1/best'"),
    ],
)
def test_what_is_not_there_is_explained(root, text, said):
    with pytest.raises(UsageError, match=said) as caught:
        find_run(text, root)
    assert str(caught.value).isprintable() and len(str(caught.value)) < 600


@pytest.mark.parametrize("text", ["digits-1", "results/digits-1/", "sweep"])
def test_folders_of_runs_and_sweeps(root, text):
    (root / "digits-1" / "metrics.csv").touch()
    (root / "sweep" / "trials.csv").touch()
    assert find_results(text, root) == root / text.strip("/").rpartition("/")[2]
    assert find_results(str(root / "sweep"), root) == root / "sweep"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("digits1", r"there are no results 'digits1', here or in results; did you mean digits-1\?"),
        ("digits-2", "the run in results/digits-2 has only begun"),
        ("results/digits-1/model.safetensors", "is a file, and a run or a sweep is needed here"),
        ("", "there are no results ''.* Give a run, a sweep, a trial such as SWEEP/17"),
        ("a\0b", "there are no results"),
    ],
)
def test_folders_without_a_table_are_no_results(root, text, said):
    (root / "digits-1" / "metrics.csv").touch()
    with pytest.raises(UsageError, match=said):
        find_results(text, root)


def test_without_results_there_is_nothing(tmp_path):
    with pytest.raises(UsageError, match="there is no run"):
        find_run("x", tmp_path / "missing")


@pytest.fixture
def sweep(tmp_path, monkeypatch):
    """A sweep of six trials, the better the later, of which trial 4 diverged; the models of 0, 3 and 5 are kept."""
    monkeypatch.chdir(tmp_path)
    path = sweep_folder(
        tmp_path / "results" / "s",
        {"width": [4, 8, 16]},
        seeds=2,
        score=lambda values, seed: values["width"] / 100 + seed / 1000,
        states={4: "diverged"},
    )
    (path / "models").mkdir()
    for number in (0, 3, 5):
        (path / "models" / f"{number:012x}.safetensors").touch()
    return path


def numbers(text, root):
    return [trial.number for trial in find_named(text, root).trials]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s/3", [3]),
        ("s/best", [5]),
        ("s/best:3", [5, 3, 2]),
        ("s/best:99", [5, 3, 2, 1, 0]),  # the diverged one is not among the best
        ("results/s/000000000004", [4]),
        ("000000000002", [2]),
    ],
)
def test_trials_by_number_by_rank_and_by_run_id(sweep, text, expected):
    assert numbers(text, sweep.parent) == expected


def test_a_number_whose_trial_has_not_ended_is_no_other_trial(sweep):
    """Digits alone never begin a run_id: the trial of that number may still be in training."""
    table = (sweep / "trials.csv").read_text().replace("000000000003", "7777a0000003")
    (sweep / "trials.csv").write_text(table.replace("000000000002", "7777a0000002"))
    assert numbers("s/7777a0000003", sweep.parent) == numbers("s/3", sweep.parent) == [3]
    assert numbers("7777a0000003", sweep.parent) == [3]
    for word in ("7", "7777"):
        with pytest.raises(UsageError, match=f"results/s has no trial '{word}' among the 6 that have ended"):
            numbers(f"s/{word}", sweep.parent)
    with pytest.raises(UsageError, match="'s/7777a' begins 2 run_ids: 7777a0000002, 7777a0000003"):
        numbers("s/7777a", sweep.parent)


def test_trials_of_one_run_id_are_one_training(sweep):
    """Configurations that come to the same run for some seed, such as split_seed "seed" and 0 for seed 0."""
    table = (
        (sweep / "trials.csv")
        .read_text()
        .replace("000000000003", "00000000000a")
        .replace("000000000002", "00000000000a")
    )
    (sweep / "trials.csv").write_text(table)
    assert numbers("s/00000000000a", sweep.parent) == [2]


def test_a_run_by_the_beginning_of_its_run_id_among_folders_that_cannot_be_read(sweep):
    run_folder(sweep.parent / "r", run_id="feed00000001")
    (sweep.parent / "r" / "model.safetensors").touch()
    (sweep.parent / "broken").mkdir()
    (sweep.parent / "broken" / "result.json").write_text("{")
    assert find_run("feed", sweep.parent) == sweep.parent / "r" / "model.safetensors"
    run_folder(sweep.parent / "r2", run_id="feed00000002")
    with pytest.raises(UsageError, match="'feed' begins 2 run_ids: feed00000001, feed00000002"):
        find_run("feed", sweep.parent)
    with pytest.raises(UsageError, match="there is no run 'fee'"):  # too short to be told from a slip
        find_run("fee", sweep.parent)


def test_a_name_that_means_nothing_is_repeated_as_it_was_typed(sweep):
    with pytest.raises(UsageError, match="there are no results 'Übung'"):
        find_results("Übung", sweep.parent)
    with pytest.raises(UsageError, match="results/s has no trial 'größte' among"):
        find_results("s/größte", sweep.parent)


@pytest.mark.parametrize("on_disk", ["NFC", "NFD"])
def test_an_accent_may_be_written_either_way(tmp_path, on_disk):
    """Folders are named with composed letters; a Mac may type or unpack them with the accent apart."""
    path = sweep_folder(tmp_path / unicodedata.normalize(on_disk, "Säge"), {"width": [4]}, seeds=1)
    for typed in ("NFC", "NFD"):
        assert find_results(unicodedata.normalize(typed, "Säge"), tmp_path) == path


def test_models_of_trials_are_those_that_were_kept(sweep):
    model = {number: sweep / "models" / f"{number:012x}.safetensors" for number in range(6)}
    assert find_runs("s/best:2", sweep.parent) == [model[5], model[3]]
    assert find_run("s", sweep.parent) == find_run("s/best", sweep.parent) == model[5]
    for text, said in {
        "s/2": "the model of results/s/2 was not kept.*--keep-models all.*mlpcli train --from results/s/2",
        "s/best:3": "the model of results/s/2 was not kept",
        "s/4": "results/s/4 is diverged: it left no model",
        "s/17": "results/s has no trial '17' among the 6 that have ended. Type mlpcli list results/s",
    }.items():
        with pytest.raises(UsageError, match=said):
            find_runs(text, sweep.parent)
    with pytest.raises(UsageError, match="'s/best:2' means 2 networks, and one is needed here"):
        find_run("s/best:2", sweep.parent)
    with pytest.raises(UsageError, match="'s/3' is a trial, and a run or a sweep is needed here"):
        find_results("s/3", sweep.parent)


def test_a_sweep_without_a_complete_trial_has_no_best_and_a_damaged_one_says_so(tmp_path):
    path = sweep_folder(tmp_path / "s", {"width": [4]}, seeds=1, states={0: "failed"})
    with pytest.raises(UsageError, match=r"no trial of .* is complete, so none is the best"):
        find_runs("s", tmp_path)
    (path / "trials.csv").write_text("trial\nx\n")
    with pytest.raises(DataError, match=r"cannot use .*trials\.csv"):
        find_runs("s/best", tmp_path)

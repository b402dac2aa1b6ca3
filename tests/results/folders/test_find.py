import pytest

from mlpcli.errors import UsageError
from mlpcli.results.folders.find import find_results, find_run


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
        ("sweep", r"sweep is a sweep, not a run.*sweep/models"),
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
        ("digits-2", r"there are no results 'digits-2'.*; did you mean digits-1\?"),
        ("", "there are no results ''.* Give the folder or the name of a run or a sweep"),
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

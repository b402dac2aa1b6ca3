import json
import subprocess
from datetime import datetime

import numpy
import pytest

import mlpcli
from mlpcli.kernels.compiled import KERNELS
from mlpcli.results.provenance import git_commit, provenance, provenance_of


def git(folder, *words):
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "init.defaultBranch=main"]
    return subprocess.run(["git", *identity, *words], cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init")
    git(folder, "commit", "--allow-empty", "-m", "first")
    return folder


def test_it_says_what_made_the_numbers(monkeypatch):
    monkeypatch.setattr("sys.argv", ["mlpcli", "train", "--seed", "3"])
    found = provenance("abc")
    assert found["command"] == ["mlpcli", "train", "--seed", "3"]
    assert found["version"] == mlpcli.__version__
    assert found["packages"]["numpy"] == numpy.__version__ and "scipy" in found["packages"]
    assert found["data_digest"] == "abc"
    assert datetime.fromisoformat(found["started"]).utcoffset().total_seconds() == 0
    assert all(pool["num_threads"] >= 1 and pool["internal_api"] for pool in found["blas"])
    assert found["blas"] and found["cpu"] and found["platform"] and found["python"]
    assert found["kernels"] == KERNELS
    assert json.loads(json.dumps(found)) == found


def test_the_commit_is_what_git_says(repository, tmp_path):
    below = repository / "a" / "b"
    below.mkdir(parents=True)
    head = git(repository, "rev-parse", "HEAD").strip()
    assert git_commit(repository) == git_commit(below) == head
    git(repository, "pack-refs", "--all")
    assert git_commit(below) == head
    git(repository, "checkout", "--detach")
    assert git_commit(below) == head
    git(repository, "worktree", "add", "-b", "other", str(tmp_path / "tree"))
    git(tmp_path / "tree", "commit", "--allow-empty", "-m", "second")
    second = git(tmp_path / "tree", "rev-parse", "HEAD").strip()
    assert git_commit(tmp_path / "tree") == second != head


def test_without_a_commit_there_is_none_and_no_error(tmp_path, monkeypatch):
    assert git_commit(tmp_path) is None
    git(tmp_path, "init")
    assert git_commit(tmp_path) is None  # no commit yet
    (tmp_path / ".git" / "HEAD").write_bytes(b"\xff")
    assert git_commit(tmp_path) is None
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert provenance(None)["git_commit"] is None


def test_provenance_that_cannot_be_read_says_nothing(tmp_path):
    for content in ("", "[]", "{"):
        (tmp_path / "provenance.json").write_text(content)
        assert provenance_of(tmp_path) == {}


def test_what_is_of_another_type_than_we_write_is_left_out(tmp_path):
    (tmp_path / "provenance.json").write_text(
        '{"python": ["3.11"], "git_commit": 7, "tags": "a", "cpu": "c", "own": [1]}'
    )
    assert provenance_of(tmp_path) == {"cpu": "c", "own": [1]}

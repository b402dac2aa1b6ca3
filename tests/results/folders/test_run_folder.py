import errno
import json
import os
import shutil
import sys
import tomllib

import numpy as np
import pytest

from mlpcli.errors import Busy, DataError, FileError, MlpcliError, UsageError
from mlpcli.results.files.model_file import load_model, model_bytes
from mlpcli.results.folders.run_folder import RunFolder
from tests.results.faults import EVERY, Disk, PowerCuts, content, failing_at

OPTIONS = {"dataset": "digits", "hidden": (64, 32), "lr": 1e-8, "target": None, "epochs": 5}
OTHER = {**OPTIONS, "lr": 0.5}
RECORDED = {**OPTIONS, "record": True}
COLUMNS = ["epoch", "loss"]
RESULT = {"run_id": "1e-08", "best_epoch": 5, "epochs_run": 5, "parameters": 3, "config": {}, "time_s": 0.5}
RESULT["metrics"] = {"train": {"loss": float("nan")}, "val": None, "test": None}
SUMMARY = b"column,kind\nx1,number\n"
OTHER_CODES = (errno.EIO, errno.EACCES)
FILES = ["columns.csv", "config.toml", "metrics.csv", "model.safetensors", "provenance.json", "result.json"]


def train(root, options=OPTIONS, *, force=False, resume=False, stop=None, diverge=False, name="r"):
    """A training as the real one goes: an epoch adds to the weights, every second one is a checkpoint."""
    config = {"root": root, "name": name, "config": options, "columns": COLUMNS, "run_id": f"{options['lr']}"}
    config["diagnostics"] = ["epoch", "noise"] if options.get("record") else ()
    with RunFolder(**config, force=force, resume=resume) as run:
        if run.state == "finished":
            return run.state
        state, weights, epoch = run.state, np.zeros(3), 0
        if loaded := run.load_checkpoint():
            weights, epoch = loaded[0]["weights"], loaded[1]["epoch"]
            np.testing.assert_array_equal(weights, sum((options["lr"] / e for e in range(1, epoch + 1)), np.zeros(3)))
        while epoch < options["epochs"]:
            epoch += 1
            weights = weights + options["lr"] / epoch
            if config["diagnostics"]:
                run.append_diagnostics([{"epoch": epoch, "noise": 1 / epoch}])
            run.append([{"epoch": epoch, "loss": float(weights[0])}])
            if epoch == stop:
                return state
            if epoch % 2 == 0:
                run.save_checkpoint({"weights": weights}, {"epoch": epoch, "best": None, "random": 2**100})
        model = None if diverge else model_bytes({"weights": weights}, {"lr": options["lr"]})
        result = {**RESULT, "run_id": run.run_id, "state": "diverged" if diverge else "complete"}
        run.finish(model, result, {"command": ["x"]}, SUMMARY)
        return state


@pytest.fixture(scope="module")
def golden(tmp_path_factory):
    """The files of an uninterrupted run, by options."""
    found = {}
    kinds = {"first": {}, "other": {"options": OTHER}, "diverged": {"diverge": True}, "recorded": {"options": RECORDED}}
    for key, how in kinds.items():
        root = tmp_path_factory.mktemp("golden")
        train(root, **how)
        found[key] = content(root / "r")
    return found


def test_a_finished_run_has_its_six_files_and_nothing_else(tmp_path, golden):
    assert train(tmp_path) == "fresh"
    files = content(tmp_path)
    assert sorted(files) == [f"r/{name}" for name in FILES]
    assert tomllib.loads(files["r/config.toml"].decode()) == {
        "dataset": "digits", "hidden": [64, 32], "lr": 1e-8, "epochs": 5,
    }  # fmt: skip
    assert files["r/metrics.csv"].startswith(b"epoch,loss\n1,1e-08\n") and files["r/metrics.csv"].count(b"\n") == 6
    result = json.loads(files["r/result.json"])
    assert (result["state"], result["metrics"]["train"]) == ("complete", {"loss": None})
    assert golden["first"]["metrics.csv"] == files["r/metrics.csv"]


def test_no_epochs_is_a_header_and_a_model(tmp_path):
    train(tmp_path, {**OPTIONS, "epochs": 0})
    assert (tmp_path / "r" / "metrics.csv").read_bytes() == b"epoch,loss\n"
    assert sorted(os.listdir(tmp_path / "r")) == FILES


@pytest.mark.parametrize("stop", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("resume", [False, True])
def test_an_interrupted_run_is_gone_on_with_or_started_again(tmp_path, golden, stop, resume):
    train(tmp_path, stop=stop)
    assert not (tmp_path / "r" / "result.json").exists()
    assert train(tmp_path, resume=resume, force=not resume) == ("resumed" if resume and stop > 2 else "fresh")
    assert content(tmp_path / "r") == golden["first"]


@pytest.mark.parametrize("finished", [False, True])
def test_an_unfinished_run_is_neither_continued_nor_lost_unless_the_user_says_which(tmp_path, finished):
    if finished:
        train(tmp_path)
    train(tmp_path, stop=3, force=finished)
    before = content(tmp_path / "r")
    with pytest.raises(UsageError, match=r"holds an unfinished run\. It is unchanged\. .* --resume, or use --force"):
        train(tmp_path)
    assert content(tmp_path / "r") == before
    assert train(tmp_path, resume=True) == "resumed"


def test_a_run_that_stopped_before_its_first_checkpoint_simply_begins(tmp_path, golden):
    train(tmp_path, stop=1)
    assert train(tmp_path) == "fresh"
    assert content(tmp_path / "r") == golden["first"]


def test_diagnostics_stand_beside_the_epochs_and_go_with_them(tmp_path, golden):
    text = golden["recorded"]["diagnostics.csv"].decode()
    assert text.splitlines() == ["epoch,noise", *(f"{epoch},{1 / epoch!r}" for epoch in range(1, 6))]
    assert {
        name: data for name, data in golden["recorded"].items() if name in ("metrics.csv", "model.safetensors")
    } == {name: golden["first"][name] for name in ("metrics.csv", "model.safetensors")}
    train(tmp_path, RECORDED)
    train(tmp_path, force=True)
    assert content(tmp_path / "r") == golden["first"]


def test_resume_without_anything_starts_at_the_beginning(tmp_path, golden):
    assert train(tmp_path, resume=True) == "fresh"
    assert content(tmp_path / "r") == golden["first"]


def test_resuming_a_finished_run_changes_nothing(tmp_path):
    train(tmp_path)
    before = {name: (tmp_path / "r" / name).stat().st_mtime_ns for name in FILES}
    with RunFolder(tmp_path, "r", OPTIONS, columns=COLUMNS, run_id="1e-08", resume=True) as run:
        assert run.state == "finished"
        assert run.result == {**RESULT, "state": "complete", "metrics": {**RESULT["metrics"], "train": {"loss": None}}}
        assert run.load_checkpoint() is None
        with pytest.raises(ValueError, match="finished"):
            run.append([])
    assert {name: (tmp_path / "r" / name).stat().st_mtime_ns for name in FILES} == before
    assert sorted(os.listdir(tmp_path / "r")) == FILES


def test_a_finished_run_of_other_data_or_another_version_is_not_resumed(tmp_path):
    """Its options are the same, but its identity is another: the digest of its data, or the format of identities."""
    train(tmp_path)
    before = content(tmp_path)
    with pytest.raises(
        UsageError,
        match=r"other data, with another plugin or by another version of mlpcli\. It is unchanged\. Train again",
    ):
        RunFolder(tmp_path, "r", OPTIONS, columns=COLUMNS, run_id="format 1", resume=True)
    assert content(tmp_path) == before


def test_a_finished_run_is_trained_again_and_readers_keep_the_old_until_then(tmp_path, golden):
    train(tmp_path, OTHER)
    names = (
        "eval-test.csv",
        "eval-val-classes.csv",
        "confusion-test.csv",
        "plot-curves-val_loss.svg",
        "plot-drift.png",
    )
    scores = [tmp_path / "r" / name for name in names]
    for path in (*scores, tmp_path / "r" / "notes.csv"):
        path.touch()
    before = {name: (tmp_path / "r" / name).read_bytes() for name in FILES}
    assert train(tmp_path, force=True, stop=5) == "fresh"
    assert {name: (tmp_path / "r" / name).read_bytes() for name in FILES} == before
    assert all(path.exists() for path in scores)
    assert train(tmp_path, force=True, resume=True) == "resumed"
    assert content(tmp_path / "r") == {**golden["first"], "notes.csv": b""}


def test_a_diverged_run_leaves_no_model_not_even_an_older_one(tmp_path):
    train(tmp_path)
    train(tmp_path, diverge=True)
    assert sorted(os.listdir(tmp_path / "r")) == [name for name in FILES if name != "model.safetensors"]
    assert json.loads((tmp_path / "r" / "result.json").read_text())["state"] == "diverged"


@pytest.mark.parametrize("finished", [False, True])
@pytest.mark.parametrize("resume", [False, True])
def test_other_options_are_refused_and_named(tmp_path, golden, finished, resume):
    train(tmp_path, stop=None if finished else 3)
    before = content(tmp_path)
    with pytest.raises(UsageError, match=r"lr: 1e-08 there, 0\.5 now; seed: 0 there, 3 now") as caught:
        train(tmp_path, {**OTHER, "seed": 3}, resume=resume)
    assert ("--force" in str(caught.value)) != resume
    assert content(tmp_path) == before
    train(tmp_path, OTHER, force=True, resume=resume)
    assert content(tmp_path / "r") == golden["other"]


def test_equal_options_in_another_spelling_are_equal(tmp_path):
    train(tmp_path)
    spelled = {**OPTIONS, "hidden": [64, 32], "seed": 0}  # an option at its default is one that is not there
    with RunFolder(tmp_path, "r", spelled, columns=[], run_id="1e-08", resume=True) as run:
        assert run.state == "finished"


def test_what_was_begun_by_force_can_be_gone_on_with_and_the_old_run_too(tmp_path, golden):
    train(tmp_path)
    train(tmp_path, OTHER, force=True, stop=3)
    assert train(tmp_path, resume=True) == "finished"
    assert train(tmp_path, OTHER, resume=True) == "resumed"
    assert content(tmp_path / "r") == golden["other"]
    train(tmp_path, force=True, stop=3)
    with pytest.raises(UsageError, match=r"holds an unfinished run\..* --resume, .* --force"):
        train(tmp_path, OTHER)
    assert train(tmp_path, OTHER, force=True) == "fresh"
    assert content(tmp_path / "r") == golden["other"]


SCENARIOS = {
    "a first run": (lambda root: None, {}),
    "a first run, resumed": (lambda root: train(root, stop=3), {"resume": True}),
    "an unfinished run, replaced": (lambda root: train(root, OTHER, stop=3), {"force": True}),
    "a finished run, again": (lambda root: train(root), {}),
    "a finished run, replaced": (lambda root: train(root, OTHER), {"force": True}),
    "a replacement, resumed": (
        lambda root: (train(root, OTHER), train(root, force=True, stop=5)),
        {"force": True, "resume": True},
    ),
    "a diverged run, replaced": (lambda root: train(root, OTHER, diverge=True), {"force": True}),
    "a finished run, now diverged": (lambda root: train(root, OTHER), {"force": True, "diverge": True}),
    "a recorded run, resumed": (lambda root: train(root, RECORDED, stop=3), {"options": RECORDED, "resume": True}),
    "a recorded run, replaced by one that is not": (lambda root: train(root, RECORDED), {"force": True}),
    "a finished run, now recorded": (lambda root: train(root), {"options": RECORDED, "force": True}),
}


def expected_after(flags, golden):
    """The files that a training with these flags ends with."""
    return golden["diverged" if "diverge" in flags else "recorded" if "options" in flags else "first"]


def whole(folder, golden):
    """Whatever stands under its final name is whole: of the old run or of the new one."""
    for name in (*FILES, "diagnostics.csv"):
        path = folder / name
        if not path.exists() or name == "provenance.json":
            continue
        data = path.read_bytes()
        if name in ("metrics.csv", "diagnostics.csv"):
            assert any(g.get(name, b"").startswith(data) for g in golden.values())
        elif name == "result.json":
            assert json.loads(data)["state"] in ("complete", "diverged")
        else:
            assert data in [g.get(name, b"") for g in golden.values()]
        if name == "model.safetensors" and data:
            load_model(path, lambda _: {"weights": ("f8", (3,))})


@pytest.mark.parametrize("again", [pytest.param("force", marks=pytest.mark.slow), "resume"])
@pytest.mark.parametrize("step", EVERY)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_killed_anywhere_and_run_again_the_files_are_the_same(tmp_path, golden, scenario, step, again):
    before, flags = SCENARIOS[scenario]
    expected, results = expected_after(flags, golden), tmp_path / "disk" / "results"
    disk = Disk(tmp_path / "disk", lambda: before(results))
    states = disk.kill_states(lambda: train(results, **flags))
    assert content(results / "r") == expected
    assert len(states) > 30
    for state in states[::step]:
        disk.rewind(state)
        if disk.is_new():
            if (results / "r").exists():
                whole(results / "r", golden)
            train(results, **{"force": True, **flags, again: True})
            assert content(results / "r") == expected


@pytest.mark.parametrize("code", [errno.ENOSPC, *(pytest.param(code, marks=pytest.mark.slow) for code in OTHER_CODES)])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_call_may_fail_and_then_the_same_command_with_force_succeeds(tmp_path, golden, scenario, code):
    before, flags = SCENARIOS[scenario]
    expected, results = expected_after(flags, golden), tmp_path / "disk" / "results"
    disk = Disk(tmp_path / "disk", lambda: before(results))
    failures = 0
    for point in range(1, 1000):
        disk.rewind()
        with failing_at(point, code) as left:
            try:
                train(results, **flags)
                if left[0] > 0:
                    break  # there is no such point any more
            except FileError as error:
                failures += 1
                assert os.strerror(code) in str(error) and "\n" not in str(error)
        if disk.is_new():
            if (results / "r").exists():
                whole(results / "r", golden)
                assert not list(results.rglob("*.tmp"))
            train(results, **{**flags, "force": True})
            assert content(results / "r") == expected, point
    assert failures > 20


@pytest.mark.skipif(sys.platform != "linux", reason="looks up descriptors in /proc")
@pytest.mark.parametrize("step", EVERY)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_power_cut_anywhere_and_run_again_the_files_are_the_same(tmp_path, golden, scenario, step):
    before, flags = SCENARIOS[scenario]
    expected, results = expected_after(flags, golden), tmp_path / "disk" / "results"
    disk = Disk(tmp_path / "disk", lambda: before(results))
    cuts = PowerCuts(disk.folder)
    with cuts.watch():
        train(results, **flags)
    for state in cuts.states[::step]:
        for tree in state:
            disk.rewind(tree)
            if disk.is_new():
                train(results, **{**flags, "resume": True})
                assert content(results / "r") == expected
    disk.rewind(cuts.states[-1][0])
    assert content(results / "r") == {**expected, ".lock": b""}


@pytest.mark.parametrize("name", ["checkpoint.safetensors", "metrics.csv"])
def test_a_damaged_checkpoint_or_table_is_refused_and_nothing_is_lost(tmp_path, golden, name):
    train(tmp_path, stop=5)
    path = tmp_path / "r" / name
    data = path.read_bytes()
    inside = data if name == "checkpoint.safetensors" else data[: data.index(b"5,")]
    for index in range(0, len(inside), 7):
        path.write_bytes(data[:index] + bytes([data[index] ^ 4]) + data[index + 1 :])
        with pytest.raises(DataError, match="Start again with --force"):
            train(tmp_path, resume=True)
        assert path.read_bytes()[index] == data[index] ^ 4
    for damage in (lambda: path.write_bytes(data[:20]), lambda: path.write_bytes(b""), path.unlink):
        damage()
        if name == "metrics.csv" or path.exists():
            with pytest.raises(DataError, match="Start again with --force"):
                train(tmp_path, resume=True)
    train(tmp_path, force=True)
    assert content(tmp_path / "r") == golden["first"]


def test_a_table_cut_at_any_byte_after_the_checkpoint_is_repaired(tmp_path, golden):
    train(tmp_path, stop=5)
    folder = tmp_path / "r"
    saved = content(folder)
    table = saved["metrics.csv"]
    for cut in range(table.index(b"5,"), len(table)):
        for name, data in saved.items():
            (folder / name).write_bytes(data[:cut] if name == "metrics.csv" else data)
        (folder / "result.json").unlink(missing_ok=True)
        assert train(tmp_path, resume=True) == "resumed"
        assert content(folder) == golden["first"]


def test_changed_data_are_not_gone_on_with(tmp_path):
    train(tmp_path, stop=3)
    with RunFolder(tmp_path, "r", OPTIONS, columns=COLUMNS, run_id="other", resume=True) as run:
        with pytest.raises(DataError, match="the data or a plugin are not those"):
            run.load_checkpoint()
        with pytest.raises(ValueError, match="load its checkpoint first"):
            run.append([])


def test_a_checkpoint_of_another_version_is_not_gone_on_with(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("mlpcli.__version__", "0.0.1")
        train(tmp_path, stop=3)
    with pytest.raises(UsageError, match=r"mlpcli '0\.0\.1' wrote it"):
        train(tmp_path, resume=True)


def test_a_model_is_no_checkpoint(tmp_path):
    train(tmp_path, stop=3)
    (tmp_path / "r" / "checkpoint.safetensors").write_bytes(model_bytes({"weights": np.zeros(3)}, {"lr": 0}))
    with pytest.raises(DataError, match="not written by mlpcli for this purpose"):
        train(tmp_path, resume=True)


def test_a_folder_in_use_is_refused(tmp_path):
    with RunFolder(tmp_path, "r", OPTIONS, columns=COLUMNS, run_id="") as run:
        run.append([{"epoch": 1, "loss": 0.5}])
        with pytest.raises(Busy):
            train(tmp_path, force=True)
        assert (tmp_path / "r" / "metrics.csv").read_bytes() == b"epoch,loss\n1,0.5\n"
    train(tmp_path)


def test_a_folder_of_something_else_is_never_touched(tmp_path):
    (tmp_path / "r").mkdir()
    train(tmp_path)  # an empty one is nobody's
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "sweep.toml").touch()
    for flags in ({}, {"force": True}, {"resume": True}):
        with pytest.raises(UsageError, match=r"is not a run's folder: it holds 'sweep\.toml'"):
            train(tmp_path, name="s", **flags)
    assert os.listdir(tmp_path / "s") == ["sweep.toml"]


def test_a_damaged_config_needs_force(tmp_path, golden):
    train(tmp_path)
    (tmp_path / "r" / "config.toml").write_bytes(b"\xff[[")
    with pytest.raises(UsageError, match=r"its config\.toml is not readable"):
        train(tmp_path)
    train(tmp_path, force=True)
    assert content(tmp_path / "r") == golden["first"]


def test_a_damaged_result_is_no_result(tmp_path):
    train(tmp_path)
    for text in ("", "[1]", '{"a": NaN}', '{"a":', '{"state": "complete"}', "[" * 5000):
        (tmp_path / "r" / "result.json").write_text(text)
        with pytest.raises(DataError, match=r"result\.json"):
            train(tmp_path, resume=True)
    assert train(tmp_path) == "fresh"


def test_links_and_files_in_the_place_of_folders_are_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "r").symlink_to("elsewhere")
    with pytest.raises(FileError, match="symbolic link"):
        train(tmp_path)
    train(tmp_path, name="n")
    (tmp_path / "n" / ".next").symlink_to("../elsewhere")
    with pytest.raises(FileError, match="symbolic link"):
        train(tmp_path, name="n")
    assert os.listdir(tmp_path / "elsewhere") == []
    (tmp_path / "file").touch()
    for root in (tmp_path / "file", tmp_path):
        with pytest.raises(FileError, match="cannot create"):
            train(root, name="file")
    (tmp_path / "linked").symlink_to("elsewhere")  # the root may be a link
    train(tmp_path / "linked")
    assert sorted(os.listdir(tmp_path / "elsewhere" / "r")) == FILES


def test_bad_names_write_nothing(tmp_path):
    with pytest.raises(UsageError):
        train(tmp_path / "results", name="../x")
    assert os.listdir(tmp_path) == []


def test_the_working_folder_may_vanish(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    with RunFolder("../results", "r", OPTIONS, columns=COLUMNS, run_id="") as run:
        (tmp_path / "gone").rmdir()
        run.save_checkpoint({}, {})
        run.finish(None, {}, {}, SUMMARY)
    assert sorted(os.listdir(tmp_path / "results" / "r")) == [name for name in FILES if name != "model.safetensors"]


def test_a_folder_removed_under_way_is_an_error_and_not_made_again(tmp_path):
    with pytest.raises(MlpcliError) as caught, RunFolder(tmp_path, "r", OPTIONS, columns=COLUMNS, run_id="") as run:
        shutil.rmtree(tmp_path / "r")
        run.append([{"epoch": 1, "loss": 0.5}])
        run.save_checkpoint({}, {})
    assert caught.value.code == 74
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(("before", "said"), [(1, "has no checkpoint yet"), (3, "keeps its last checkpoint")])
def test_a_full_disk_under_way_says_what_is_kept_and_how_to_go_on(tmp_path, before, said):
    with pytest.raises(FileError) as caught, RunFolder(tmp_path, "r", OPTIONS, columns=COLUMNS, run_id="") as run:
        for epoch in range(1, before + 1):
            run.append([{"epoch": epoch, "loss": 0.5}])
            if epoch > 1:
                run.save_checkpoint({}, {})
        with failing_at(1, errno.ENOSPC):
            run.append([{"epoch": 9, "loss": 0.5}])
    message = str(caught.value)
    assert message.startswith("cannot write ") and "metrics.csv: No space left on device. " in message
    assert message.endswith(f"r {said}. Go on with the same command and --resume")

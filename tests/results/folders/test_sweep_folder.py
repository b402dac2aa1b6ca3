import errno
import os
import sys
from dataclasses import replace

import pytest

import mlpcli
from mlpcli.errors import Busy, DataError, FileError, UsageError
from mlpcli.results.files import csv_text
from mlpcli.results.folders.sweep_folder import SweepFolder
from mlpcli.results.reading.folder_rows import list_results
from mlpcli.results.trial import Trial
from tests.examples import every
from tests.results.faults import EVERY, Disk, PowerCuts, content, failing_at

COLUMNS = ["epoch", "lr", "loss", "epoch_time_s"]
SCORES = ["train_loss", "val_loss"]


def plan_of(identities):
    """A plan of these trials; one that was planned before has another number now."""
    return [
        Trial(number, number, f"{i:012x}", i % 3, {"drop": i / 10, "word": "a,b" if i % 2 else "=x"})
        for number, i in enumerate(identities)
    ]


FIRST = plan_of(range(6))
CHANGED = plan_of((7, 4, 2, 8, 0))
OTHER_COLUMNS = {"varied": ["drop"], "columns": [*COLUMNS[:-1], "extra", "epoch_time_s"]}


def epochs_of(planned, count, columns):
    row = dict.fromkeys(columns) | {"lr": 0.1, "epoch_time_s": 0.5} | ({"extra": 5} if "extra" in columns else {})
    return [row | {"epoch": e, "loss": (int(planned.run_id, 16) + 1) / e / 3} for e in range(1, count + 1)]


def ended(planned, state="complete", count=None):
    identity = int(planned.run_id, 16)
    state = {4: "diverged", 5: "failed"}.get(identity, state)
    count = {"failed": None, "diverged": 1}.get(state, 3 if count is None else count)
    score = None if state == "failed" else 1 / (identity + 3)
    return replace(
        planned,
        state=state,
        parameters=12,
        epochs_run=count,
        best_epoch=count,
        metrics={"train_loss": score, "val_loss": None},
        error='loss became nan, "lr"=0.1\nat epoch 2' if state in ("diverged", "failed") else None,
        time_s=1.25,
    )


def add(folder, trials, columns=COLUMNS):
    folder.add(trials, {t.number: epochs_of(t, t.epochs_run or 0, columns) for t in trials}, {})


def sweep(root, plan=FIRST, *, trained=None, stop=None, retry=False, restart=False, forget=(), **kinds):
    """A sweep as the real one goes: stacks of two trials, a model each, recorded together."""
    varied, columns = kinds.get("varied", ["drop", "word"]), kinds.get("columns", COLUMNS)
    trials = [replace(t, options={name: t.options[name] for name in varied}) for t in plan]
    with SweepFolder(
        root,
        "s",
        sweep="".join(f"# {p.run_id}\n" for p in plan),
        trials=trials,
        varied=varied,
        scores=SCORES,
        columns=columns,
        reuse=lambda trial: not (retry and trial.state == "failed"),
        provenance={"version": mlpcli.__version__},
        restart=restart,
    ) as folder:
        folder.forget(forget)
        missing = [trial for trial in folder.planned if trial.number not in folder.known]
        for start in range(0, len(missing), 2):
            stack = [ended(trial) for trial in missing[start : start + 2]]
            for trial in stack:
                folder.save_model(trial.run_id, trial.run_id.encode() * 9)
            add(folder, stack, columns)
            if trained:
                with open(trained, "a") as log:
                    log.writelines(f"{trial.run_id}\n" for trial in stack)
            if stop is not None and start >= stop:
                return
        folder.keep_models([plan[0].run_id])
        folder.finish(f"rows\n{len(folder.known)}\n")


def visible(folder):
    return {name: data for name, data in content(folder).items() if name != "provenance.json"}


@pytest.fixture(scope="module")
def golden(tmp_path_factory):
    found = {}
    for name, plan in (("first", FIRST), ("changed", CHANGED)):
        root = tmp_path_factory.mktemp("golden")
        sweep(root, plan)
        found[name] = visible(root / "s")
    return found


def rows(path):
    header, *rest = csv_text.parse(path.read_bytes())
    return [dict(zip(header, map(csv_text.text, row), strict=True)) for row in rest]


def test_the_tables_of_a_finished_sweep(tmp_path):
    sweep(tmp_path)
    assert sorted(content(tmp_path / "s")) == [
        "metrics.csv", f"models/{0:012x}.safetensors", "provenance.json", "summary.csv", "sweep.toml", "trials.csv",
    ]  # fmt: skip
    text = (tmp_path / "s" / "trials.csv").read_text()
    first = "trial,run_id,state,seed,drop,word,parameters,epochs_run,best_epoch,train_loss,val_loss,error,time_s\n"
    assert text.startswith(f"{first}0,000000000000,complete,0,0.0,'=x,12,3,3,0.3333333333333333,,,1.25\n1,0000")
    trials = rows(tmp_path / "s" / "trials.csv")
    assert [row["trial"] for row in trials] == list("012345")
    assert trials[5]["error"] == 'loss became nan, "lr"=0.1\nat epoch 2' and trials[5]["epochs_run"] == ""
    epochs = rows(tmp_path / "s" / "metrics.csv")
    expected = [(n, e) for n in range(5) for e in range(1, 2 if n == 4 else 4)]
    assert [(int(row["trial"]), int(row["epoch"])) for row in epochs] == expected


@pytest.mark.parametrize("stop", [0, 2, 4])
def test_an_interrupted_sweep_does_only_what_is_missing(tmp_path, golden, stop):
    log = tmp_path / "log"
    sweep(tmp_path, trained=log, stop=stop)
    sweep(tmp_path, trained=log)
    assert visible(tmp_path / "s") == golden["first"]
    assert sorted(log.read_text().split()) == [p.run_id for p in FIRST]


def test_a_finished_sweep_is_not_touched(tmp_path):
    sweep(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "s").rglob("*") if path.is_file()}
    log = tmp_path / "log"
    sweep(tmp_path, trained=log)
    assert not log.exists()
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "s").rglob("*") if path.is_file()} == before


def test_a_changed_plan_reuses_and_sets_aside_and_takes_back(tmp_path, golden):
    log = tmp_path / "log"
    sweep(tmp_path, trained=log)
    log.unlink()
    sweep(tmp_path, CHANGED, trained=log)
    assert log.read_text().split() == [f"{n:012x}" for n in (7, 8)]
    here = visible(tmp_path / "s")
    assert {name: data for name, data in here.items() if not name.startswith("unused")} == golden["changed"]
    assert [row["run_id"] for row in rows(tmp_path / "s" / "unused" / "trials.csv")] == [f"{n:012x}" for n in (1, 3, 5)]
    assert len(rows(tmp_path / "s" / "unused" / "metrics.csv")) == 6
    log.unlink()
    sweep(tmp_path, trained=log)
    assert not log.exists()
    back = visible(tmp_path / "s")
    assert {n: d for n, d in back.items() if n.split("/")[0] not in ("unused", "models")} == {
        n: d for n, d in golden["first"].items() if not n.startswith("models")
    }
    assert [row["run_id"] for row in rows(tmp_path / "s" / "unused" / "trials.csv")] == [f"{n:012x}" for n in (7, 8)]


def test_other_options_and_columns_are_read_by_name(tmp_path):
    sweep(tmp_path)
    sweep(tmp_path, CHANGED, **OTHER_COLUMNS)
    epochs = rows(tmp_path / "s" / "metrics.csv")
    assert [(row["trial"], row["loss"] != "", row["extra"]) for row in epochs if row["epoch"] == "1"] == [
        ("0", True, "5"), ("1", True, ""), ("2", True, ""), ("3", True, "5"), ("4", True, ""),
    ]  # fmt: skip
    sweep(tmp_path)
    assert "extra" not in rows(tmp_path / "s" / "metrics.csv")[0]


def test_failed_trials_are_retried_on_request(tmp_path):
    log = tmp_path / "log"
    sweep(tmp_path)
    sweep(tmp_path, trained=log, retry=True)
    assert log.read_text().split() == [f"{5:012x}"]


@pytest.mark.parametrize("again", [True, False])
def test_a_failed_trial_waits_in_unused_until_it_was_run_again(tmp_path, monkeypatch, again):
    sweep(tmp_path)
    before = rows(tmp_path / "s" / "trials.csv")
    with monkeypatch.context() as patch:
        patch.setattr(SweepFolder, "add", lambda self, *_: self.begin())
        patch.setattr(SweepFolder, "finish", lambda *_: None)
        sweep(tmp_path, retry=True)  # killed before the trial has ended
    (failed,) = rows(tmp_path / "s/unused/trials.csv")
    assert failed in before and rows(tmp_path / "s/trials.csv") == [row for row in before if row != failed]
    (listed,) = list_results(tmp_path)
    assert (listed["state"], listed["done"]) == ("interrupted", 5)
    sweep(tmp_path, retry=again)
    assert rows(tmp_path / "s/trials.csv") == before and not (tmp_path / "s/unused").exists()


def test_restart_sets_everything_aside_and_keeps_it(tmp_path, golden):
    sweep(tmp_path)
    sweep(tmp_path, CHANGED)
    before = visible(tmp_path / "s")
    sweep(tmp_path, restart=True)
    after = visible(tmp_path / "s")
    assert {n: d for n, d in after.items() if not n.startswith("unused")} == golden["first"]
    for name in ("trials.csv", "metrics.csv", "summary.csv"):
        assert after[f"unused/replaced-1/{name}"] == before[name]
    assert after["unused/replaced-1/unused/trials.csv"] == before["unused/trials.csv"]
    sweep(tmp_path, restart=True)
    assert visible(tmp_path / "s")["unused/replaced-2/trials.csv"] == golden["first"]["trials.csv"]


def halved(root, trained=None):
    """Half the trials end as pruned after two epochs; a later plan lets two of them live on for three."""
    with folder_of(root) as folder:
        add(folder, [ended(FIRST[n], "pruned", 2) for n in range(4) if n not in folder.known])
        folder.forget([n for n in (1, 2) if folder.known[n].state == "pruned"])
        for n in (1, 2):
            if n not in folder.known:
                add(folder, [ended(FIRST[n])])
        assert [row["epoch"] for row in folder.epochs(1)] == [1, 2, 3]
        assert folder.epochs(2) == epochs_of(FIRST[2], 3, COLUMNS)
        assert folder.epochs(3) == epochs_of(FIRST[3], 2, COLUMNS)
        folder.finish("x\n")


def folder_of(root):
    arguments = {"varied": ["drop", "word"], "scores": SCORES, "columns": COLUMNS, "reuse": lambda trial: True}
    version = {"version": mlpcli.__version__}
    return SweepFolder(root, "s", sweep="x = 1\n", trials=FIRST[:4], provenance=version, **arguments)


SCENARIOS = {
    "a first sweep": (lambda root, log=None: None, sweep, {}),
    "an interrupted one": (lambda root, log=None: sweep(root, trained=log, stop=2), sweep, {}),
    "a changed plan": (lambda root, log=None: sweep(root, trained=log), sweep, {"plan": CHANGED}),
    "a plan that returns": (
        lambda root, log=None: (sweep(root, trained=log), sweep(root, CHANGED, trained=log)),
        sweep,
        {},
    ),
    "other columns": (
        lambda root, log=None: sweep(root, trained=log),
        sweep,
        {"plan": CHANGED, **OTHER_COLUMNS},
    ),
    "failed ones again": (lambda root, log=None: sweep(root), sweep, {"retry": True}),
    "pruned ones live on": (lambda root, log=None: None, halved, {}),
}


@pytest.fixture(params=SCENARIOS)
def scenario(request, tmp_path):
    before, action, arguments = SCENARIOS[request.param]
    before(tmp_path / "expected")
    action(tmp_path / "expected", **arguments)
    return before, action, arguments, visible(tmp_path / "expected" / "s")


@pytest.mark.parametrize("step", EVERY)
def test_killed_anywhere_and_run_again_the_files_are_the_same_and_nothing_is_done_twice(tmp_path, scenario, step):
    before, action, arguments, expected = scenario
    results, log = tmp_path / "disk" / "results", tmp_path / "disk" / "log"
    disk = Disk(tmp_path / "disk", lambda: before(results, log))
    states = disk.kill_states(lambda: action(results, trained=log, **arguments))
    assert len(states) > 20
    for state in states[::step]:
        disk.rewind(state)
        if disk.is_new():
            action(results, trained=log, **arguments)
            assert visible(results / "s") == expected
            trained = log.read_text().split() if log.exists() else []
            assert len(trained) == len(set(trained)) or "retry" in arguments


@pytest.mark.parametrize("code", [errno.ENOSPC, pytest.param(errno.EIO, marks=pytest.mark.slow)])
def test_every_call_may_fail_and_then_the_same_command_succeeds(tmp_path, scenario, code):
    before, action, arguments, expected = scenario
    results = tmp_path / "disk" / "results"
    disk = Disk(tmp_path / "disk", lambda: before(results))
    failures = 0
    for point in range(1, 1000):
        disk.rewind()
        with failing_at(point, code) as left:
            try:
                action(results, **arguments)
                if left[0] > 0:
                    break
            except FileError as error:
                failures += 1
                assert os.strerror(code) in str(error) and "\n" not in str(error)
        if disk.is_new():
            action(results, **arguments)
            assert visible(results / "s") == expected, point
    assert failures > 15


@pytest.mark.skipif(sys.platform != "linux", reason="looks up descriptors in /proc")
@pytest.mark.parametrize("step", EVERY)
def test_a_power_cut_anywhere_and_run_again_the_files_are_the_same(tmp_path, scenario, step):
    before, action, arguments, expected = scenario
    results = tmp_path / "disk" / "results"
    disk = Disk(tmp_path / "disk", lambda: before(results))
    cuts = PowerCuts(disk.folder)
    with cuts.watch():
        action(results, **arguments)
    for state in cuts.states[::step]:
        for tree in state:
            disk.rewind(tree)
            if disk.is_new():
                action(results, **arguments)
                assert visible(results / "s") == expected
    disk.rewind(cuts.states[-1][0])
    names = expected.keys() - {"models"}
    end = visible(results / "s")
    assert {name: end.get(name) for name in names} == expected


@pytest.mark.parametrize("name", ["trials.csv", "metrics.csv"])
def test_a_table_that_was_cut_is_completed(tmp_path, golden, name):
    sweep(tmp_path)
    data = (tmp_path / "s" / name).read_bytes()
    for cut in range(data.index(b"\n") + 1, len(data), every(11)):
        (tmp_path / "s" / name).write_bytes(data[:cut])
        sweep(tmp_path)
        assert visible(tmp_path / "s") == golden["first"]
        for zeros, rest in ((40, b""), (3, data[cut + 3 :])):  # what a power cut can make of bytes that were not synced
            (tmp_path / "s" / name).write_bytes((data[:cut] + bytes(zeros) + rest)[: len(data) + 40])
            sweep(tmp_path)
            assert visible(tmp_path / "s") == golden["first"]


def test_a_table_that_was_removed_is_made_again(tmp_path, golden):
    for name in ("trials.csv", "metrics.csv", "summary.csv", "sweep.toml"):
        sweep(tmp_path)
        (tmp_path / "s" / name).unlink()
        sweep(tmp_path)
        assert visible(tmp_path / "s") == golden["first"]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("trials.csv", b""),
        ("trials.csv", b"hello\n"),
        ("trials.csv", b"trial,run_id,state,seed\n1,2\n"),
        ("trials.csv", b"trial,run_id,state,seed\n\xff,,,\n"),
        ("metrics.csv", b""),
        ("metrics.csv", b"epoch,loss\n1,2\n"),
        ("metrics.csv", b"\xff\xfe\n"),
    ],
)
def test_a_foreign_table_is_refused_and_kept(tmp_path, golden, name, data):
    sweep(tmp_path)
    (tmp_path / "s" / name).write_bytes(data)
    before = content(tmp_path / "s")
    with pytest.raises(
        DataError, match="Start over with mlpcli sweep and --restart, or choose another --name"
    ) as caught:
        sweep(tmp_path)
    assert "\n" not in str(caught.value)
    assert content(tmp_path / "s") == before
    sweep(tmp_path, restart=True)
    here = visible(tmp_path / "s")
    assert {n: d for n, d in here.items() if not n.startswith("unused")} == golden["first"]
    assert here[f"unused/replaced-1/{name}"] == data


def test_another_version_is_refused_unless_restarted(tmp_path, monkeypatch, golden):
    with monkeypatch.context() as patch:
        patch.setattr("mlpcli.__version__", "0.0.1")
        sweep(tmp_path)
    before = content(tmp_path / "s")
    with pytest.raises(UsageError, match=r"made by mlpcli 0\.0\.1.*--restart"):
        sweep(tmp_path)
    assert content(tmp_path / "s") == before
    sweep(tmp_path, restart=True)
    here = visible(tmp_path / "s")
    assert {n: d for n, d in here.items() if not n.startswith("unused")} == golden["first"]


def test_an_edited_sweep_toml_is_not_replaced(tmp_path, golden):
    """Unless it says the same, or has the line ends of another system."""
    sweep(tmp_path)
    path, written = tmp_path / "s" / "sweep.toml", golden["first"]["sweep.toml"]
    for harmless in (written.replace(b"\n", b"\r\n"), b"# a comment\n" + written):
        path.write_bytes(harmless)
        sweep(tmp_path)
        assert path.read_bytes() == written
    path.write_bytes(b"seeds = 9\n")
    before = content(tmp_path / "s")
    for plan in (FIRST, CHANGED):
        with pytest.raises(DataError, match=r"sweep\.toml was edited after .* It is unchanged\. Make the same edits"):
            sweep(tmp_path, plan)
        assert content(tmp_path / "s") == before
    path.unlink()
    sweep(tmp_path)
    assert visible(tmp_path / "s") == golden["first"]


def test_a_folder_of_something_else_is_never_touched(tmp_path):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "config.toml").touch()
    for restart in (False, True):
        with pytest.raises(UsageError, match=r"is not a sweep's folder: it holds 'config\.toml'"):
            sweep(tmp_path, restart=restart)
    assert os.listdir(tmp_path / "s") == ["config.toml"]
    (tmp_path / "t").mkdir()
    (tmp_path / "s" / "config.toml").unlink()
    (tmp_path / "s").rmdir()
    (tmp_path / "s").symlink_to("t")
    with pytest.raises(FileError, match="symbolic link"):
        sweep(tmp_path)
    assert os.listdir(tmp_path / "t") == []


def test_one_writer(tmp_path):
    with folder_of(tmp_path) as folder:
        add(folder, [ended(FIRST[0])])
        with pytest.raises(Busy):
            sweep(tmp_path)
        assert folder.epochs(0) == epochs_of(FIRST[0], 3, COLUMNS)


def test_rows_stand_in_order_of_completion_until_the_end(tmp_path):
    with folder_of(tmp_path) as folder:
        for number in (2, 0):
            add(folder, [ended(FIRST[number])])
        assert [row["trial"] for row in rows(tmp_path / "s" / "trials.csv")] == ["2", "0"]
        folder.finish("x\n")
        assert [row["trial"] for row in rows(tmp_path / "s" / "trials.csv")] == ["0", "2"]
        assert [row["trial"] for row in rows(tmp_path / "s" / "metrics.csv")] == list("000222")
        add(folder, [ended(FIRST[1])])
        assert folder.epochs(1) == epochs_of(FIRST[1], 3, COLUMNS)


def test_tables_without_their_origin_are_refused_with_the_remedy(tmp_path):
    """As in a clone of a repository that keeps tables alone: any version may have made them."""
    sweep(tmp_path)
    (tmp_path / "s" / "provenance.json").unlink()
    before = content(tmp_path / "s")
    with pytest.raises(DataError, match=r"no provenance\.json.*Start over with mlpcli sweep and --restart, or"):
        sweep(tmp_path)
    assert content(tmp_path / "s") == before
    sweep(tmp_path, restart=True)


def test_models_are_kept_by_name(tmp_path):
    with folder_of(tmp_path) as folder:
        folder.keep_models([])
        for run_id in ("a", "b"):
            folder.save_model(run_id, run_id.encode())
        folder.keep_models(["b", "c"])
        assert folder.model("b").read_bytes() == b"b" and not folder.model("a").exists()
        folder.keep_models([])
        assert not (tmp_path / "s" / "models").exists()


@pytest.mark.parametrize(
    ("name", "old", "new", "where"),
    [
        ("trials.csv", "complete,0,", "done,0,", "line 2, column state: 'done': expected one of complete"),
        ("trials.csv", "complete,1,", "complete,one,", "line 3, column seed: 'one': expected a whole number"),
        ("trials.csv", ",12,3,3,", ",12,,3,", "row 2, column epochs_run: it is empty"),
        ("trials.csv", "0.3333333333333333", "much", "line 2, column train_loss: 'much': expected a number"),
        ("trials.csv", "state,seed", "state,state", "column seed is missing"),
        ("metrics.csv", ",0.1,", ",0;1,", "line 2, column lr: '0;1': expected a number"),
        ("metrics.csv", ",0.1,", ",", "line 2 has 5 cells, the header 6"),
        ("provenance.json", "version", "Version", "key version: Field required"),
        ("provenance.json", "{", "[" * 5000 + "{", "cannot use"),
        ("provenance.json", '"version"', '"a": 1, "a": 2, "version"', "it has a key twice"),
        ("sweep.toml", "# ", "[", "cannot use"),
        ("sweep.toml", "# ", "metric = 3\n# ", "key metric: Input should be a valid string"),
    ],
)
def test_a_damaged_file_is_named_by_line_and_column_and_kept(tmp_path, golden, name, old, new, where):
    sweep(tmp_path)
    path = tmp_path / "s" / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    before = content(tmp_path / "s")
    with pytest.raises(DataError, match="and --restart") as caught:
        sweep(tmp_path)
    assert where in str(caught.value) and name in str(caught.value) and "\n" not in str(caught.value)
    assert content(tmp_path / "s") == before
    sweep(tmp_path, restart=True)
    here = visible(tmp_path / "s")
    assert {n: d for n, d in here.items() if not n.startswith("unused")} == golden["first"]

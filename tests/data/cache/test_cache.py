"""The cache: found without scikit-learn, rebuilt when damaged, safe with several processes, never half."""

import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mlpcli
from mlpcli.data.cache.entries import STALE, NewEntry, home_folder, open_entry
from mlpcli.errors import FileError
from tests.data.asked import prepare

SECOND = """
import sys
from mlpcli.config import DataOptions
from mlpcli.data import prepare
prepared = prepare(DataOptions(dataset={name!r}))
assert len(prepared.train.x) == len(prepared.train)
loaded = [name for name in ("sklearn", "pandas", "scipy", "pyarrow") if name in sys.modules]
print(",".join(loaded), prepared.digest)
"""


def second_run(name: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", SECOND.format(name=name)], capture_output=True, text=True, check=True)
    return done.stdout.rstrip("\n").split(" ")


def test_a_second_run_loads_neither_scikit_learn_nor_pandas() -> None:
    first = prepare("wine")
    assert second_run("wine") == ["", first.digest]


def test_generated_data_never_load_scikit_learn() -> None:
    assert second_run("moons")[0] == ""


def test_arrays_are_read_only_maps_of_plain_files(home: Path) -> None:
    train = prepare("iris").train
    assert not train.x.flags.writeable and type(train.x) is np.ndarray
    (file,) = home.glob("prepared/iris-*/train_x.npy")
    assert np.load(file, allow_pickle=False).tobytes() == train.x.tobytes()


def test_a_training_has_equal_numbers_on_data_just_read_and_from_the_cache(home: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [f"{x},{'abc'[i % 3]},{x * (i % 3)}" for i, x in enumerate(rng.normal(size=200))]
    (tmp_path / "t.csv").write_text("\n".join(["u,v,y", *rows, ""]))

    def trained() -> mlpcli.Run:
        options = {"target": "y", "width": 4, "depth": 1, "epochs": 3, "data_home": home, "progress": False}
        return mlpcli.train(tmp_path / "t.csv", **options)

    fresh, cached = trained(), trained()
    assert len(list(home.glob("prepared/*"))) == 1
    assert fresh.metrics == cached.metrics
    assert fresh.model.to_bytes() == cached.model.to_bytes()


def test_every_option_has_an_entry_of_its_own(home: Path) -> None:
    prepare("wine")
    for options in (
        {"split_seed": 1},
        {"scale": "robust"},
        {"dtype": "float64"},
        {"test_size": 0.3},
        {"val_size": 0},
        {"target": "alcohol"},
    ):
        before = len(list(home.glob("prepared/*")))
        prepare("wine", **options)  # type: ignore[arg-type]
        assert len(list(home.glob("prepared/*"))) == before + 1, options
    prepare("wine", scale="standard", task="classification")  # what auto becomes is no new entry
    assert len(list(home.glob("prepared/*"))) == before + 1
    assert len(list(home.glob("tables/*"))) == 1


def test_the_digest_is_the_contents(home: Path) -> None:
    first = prepare("moons:n=50,noise=0.1")
    assert prepare("moons:n=50,noise=0.1", split_seed=3, scale="minmax", dtype="float64").digest == first.digest
    assert prepare("moons:n=50,noise=0.1,seed=1").digest != first.digest
    shutil.rmtree(home)
    assert prepare("moons:noise=0.1,n=50").digest == first.digest


def damage(path: Path, how: str) -> None:
    content = bytearray(path.read_bytes())
    if how == "cut":
        path.write_bytes(content[:-3])
    elif how == "flip":
        content[-20] ^= 4
        path.write_bytes(content)
    elif how == "empty":
        path.write_bytes(b"")
    else:
        path.unlink()


@pytest.mark.parametrize("how", ["cut", "flip", "empty", "gone"])
@pytest.mark.parametrize("file", ["meta.json", "train_x.npy", "test_rows.npy"])
def test_a_damaged_entry_is_rebuilt(home: Path, file: str, how: str) -> None:
    first = prepare("iris")
    expected = first.train.x.copy(), first.preprocessing
    (path,) = home.glob(f"prepared/iris-*/{file}")
    original = path.read_bytes()
    damage(path, how)
    again = prepare("iris")
    assert again.train.x.tobytes() == expected[0].tobytes() and again.preprocessing == expected[1]
    assert path.read_bytes() == original
    assert not list(home.glob("*/.new-*"))


def test_a_damaged_table_is_read_again(home: Path) -> None:
    first = prepare("iris")
    (path,) = home.glob("tables/iris-*/cells.npy")
    damage(path, "flip")
    assert prepare("iris", split_seed=1).digest == first.digest


def test_meta_data_with_an_altered_number_count_as_damaged(home: Path) -> None:
    prepare("iris")
    (path,) = home.glob("prepared/iris-*/meta.json")
    envelope = json.loads(path.read_bytes())
    envelope["body"]["meta"]["preprocessing"]["columns"][0]["center"] += 1e-6
    path.write_text(json.dumps(envelope))
    assert open_entry(path.parent) is None


def test_processes_at_once_all_succeed(home: Path) -> None:
    script = "from tests.data.asked import prepare; print(prepare('blobs:n=50000,d=20').train.x.tobytes().__hash__())"
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    running = [
        subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, env=environment) for _ in range(4)
    ]
    outputs = {process.communicate()[0] for process in running}
    assert [process.returncode for process in running] == [0] * 4 and len(outputs) == 1
    assert len(list(home.glob("prepared/*"))) == 1 and not list(home.glob("*/.new-*"))


def test_what_fails_leaves_nothing(home: Path) -> None:
    with pytest.raises(ZeroDivisionError), NewEntry(home / "prepared" / "x") as new:
        new.array("x", np.float32, (2,)).append(np.ones((3, 2)))
        raise ZeroDivisionError
    assert list((home / "prepared").iterdir()) == []


def test_folders_of_killed_processes_go_after_a_day(home: Path) -> None:
    old, young = home / "prepared" / ".new-old", home / "prepared" / ".new-young"
    old.mkdir(parents=True)
    young.mkdir()
    os.utime(old, (0, os.stat(old).st_mtime - STALE - 60))
    prepare("xor")
    assert not old.exists() and young.exists()


def test_rows_come_in_any_number_of_blocks(home: Path) -> None:
    with NewEntry(home / "e") as new:
        writer = new.array("a", np.float32, (3,))
        for rows in (5, 0, 120_000):
            writer.append(np.full((rows, 3), rows, np.float32))
        new.array("none", np.int64)
        entry = new.commit({"k": [1.5]})
    assert entry.arrays["a"].shape == (120_005, 3) and entry.arrays["a"][4:6].tolist() == [[5] * 3, [120_000] * 3]
    assert entry.arrays["none"].shape == (0,) and entry.meta == {"k": [1.5]}


def test_a_home_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match=r"cannot write .*: Not a directory\. .*--data-home"):
        prepare("iris", data_home=tmp_path / "file" / "home")


def test_the_home_is_the_option_or_the_variable_or_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MLPCLI_DATA_HOME", str(tmp_path / "variable"))
    assert home_folder(tmp_path / "option") == tmp_path / "option"
    assert home_folder("~nobody-has-this-name/data") == Path.cwd() / "~nobody-has-this-name" / "data"  # as shells do
    assert home_folder() == tmp_path / "variable"
    monkeypatch.delenv("MLPCLI_DATA_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert "mlpcli" in home_folder().parts


def test_parts_of_an_earlier_format_are_made_again_from_the_table(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(importlib.import_module("mlpcli.data.source_tables"), "PARTS_FORMAT", 1)
        before = prepare("diabetes")
    (table,) = home.glob("tables/diabetes-*/meta.json")
    made = table.stat().st_mtime_ns
    again = prepare("diabetes")
    assert again.folder != before.folder and again.digest == before.digest
    assert table.stat().st_mtime_ns == made

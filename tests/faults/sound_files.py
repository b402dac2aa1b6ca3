"""Sound files of every kind that mlpcli reads, each made in the working folder, and damage that fits their format."""

import contextlib
import gzip
import io
import shutil
import struct
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random
from shlex import split
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.cli.main import run
from tests.faults import mutations

if TYPE_CHECKING:
    from mlpcli.training.planned_run import PlannedRun

__all__ = [
    "card",
    "checkpoint",
    "csv",
    "damage_idx",
    "damage_npz",
    "damage_spreadsheet",
    "idx",
    "json_lines",
    "model",
    "npz",
    "parquet",
    "planned_checkpoint",
    "run_results",
    "sweep_results",
    "text",
    "whole_table",
]


def csv() -> None:
    Path("t.csv").write_text('a,b,y\n1,x,0.5\n2,"y, z",1.5\n,x,2.5\n4,true,3.5\n' * 1 + "5,é,4.5\n6,NA,5.5\n")


def npz() -> None:
    rng = np.random.default_rng(0)
    np.savez("t.npz", X=rng.normal(size=(6, 3)), y=np.arange(6) % 2)
    content = Path("t.npz").read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as given, zipfile.ZipFile("t.npz", "w") as made:
        for number, name in enumerate(given.namelist()):
            made.writestr(name, given.read(name), [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA][number])


def damage_npz(rng: Random, sound: bytes) -> bytes:
    """The header of an array, damaged within an archive whose checksums are right; now and then wounded bytes."""
    if rng.random() < 0.4:
        return mutations.bytes_of(rng, sound)
    made = io.BytesIO()
    victim = rng.choice(("X.npy", "y.npy"))
    with zipfile.ZipFile(io.BytesIO(sound)) as given, zipfile.ZipFile(made, "w") as archive:
        for name in given.namelist():
            content = given.read(name)
            if name == victim:
                header = content[10 : 10 + int.from_bytes(content[8:10], "little")]
                header = mutations.text_of(rng, header)[:60000]
                content = content[:6] + rng.choice((b"\1\0", b"\1\0", b"\1\0", b"\2\0", b"\7\0"))
                content += struct.pack("<H", len(header)) + header + given.read(name)[-50:]
            archive.writestr(name, content, rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_BZIP2)))
    return made.getvalue()


def idx() -> None:
    Path("idx").mkdir(exist_ok=True)
    for name, rows in (("train", 8), ("t10k", 4)):
        images = struct.pack(">4B3I", 0, 0, 8, 3, rows, 2, 2) + bytes(range(rows * 4))
        labels = struct.pack(">4BI", 0, 0, 8, 1, rows) + bytes(i % 3 for i in range(rows))
        Path(f"idx/{name}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images, mtime=0))
        Path(f"idx/{name}-labels-idx1-ubyte").write_bytes(labels)


def damage_idx(rng: Random, sound: bytes) -> bytes:
    if rng.random() < 0.5:
        return mutations.bytes_of(rng, sound)
    return gzip.compress(mutations.bytes_of(rng, gzip.decompress(sound)), mtime=0)


def parquet() -> None:
    import pyarrow
    from pyarrow import parquet

    table = pyarrow.table({"a": [1.0, 2.0, None, 4.0], "b": ["x", "y", "x", None], "y": [0.5, 1.5, 2.5, 3.5]})
    parquet.write_table(table, "t.parquet")


def json_lines() -> None:
    Path("t.jsonl").write_text(
        '{"a": 1, "b": "x", "y": 0.5}\n{"a": null, "b": "é", "y": 1.5}\n{"y": 2.5, "a": 3.5}\n{"y": 3, "b": "z"}\n'
    )


def whole_table(name: str) -> Callable[[], None]:
    def make() -> None:
        import pandas as pd

        frame = pd.DataFrame({"a": [1.0, 2.0, None, 4.0], "b": ["x", "y", "x", None], "y": [0.5, 1.5, 2.5, 3.5]})
        frame.to_feather(name) if name.endswith(".feather") else frame.to_excel(name, index=False)

    return make


def damage_spreadsheet(rng: Random, sound: bytes) -> bytes:
    """A part of a spreadsheet, damaged within an archive whose checksums are right; now and then wounded bytes."""
    if rng.random() < 0.3:
        return mutations.bytes_of(rng, sound)
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sound)) as given, zipfile.ZipFile(made, "w") as archive:
        victim = rng.choice(given.namelist())
        for name in given.namelist():
            content = given.read(name)
            archive.writestr(name, mutations.text_of(rng, content) if name == victim else content)
    return made.getvalue()


def run_results() -> None:
    command = "train --dataset moons:n=20 --width 3 --depth 1 --epochs 2 --name r --results r --quiet --record"
    _quietly([*command.split(), "--force"])


def sweep_results() -> None:
    Path("s.toml").write_text(
        'name = "s"\nseeds = 2\n[base]\ndataset = "moons:n=20"\nwidth = 3\ndepth = 1\nepochs = 2\n'
        '[grid]\nlr = [0.01, 0.1]\nnorm = ["none", "layer"]\n'
    )
    _quietly(split("sweep s.toml --results s --quiet --jobs 1 --executor serial"))


def _quietly(words: list[str]) -> None:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as errors:
        code = run(words)
    assert code == 0, errors.getvalue()


def model(networks: int = 1) -> None:
    csv()
    _quietly(
        split(
            "train --dataset t.csv --target y --width 3 --depth 1 --norm batch --epochs 1 --val-size 0 --test-size 0 "
            f"--name r --results r --quiet --force --ensemble {networks}"
        )
    )
    shutil.copy("r/r/model.safetensors", "m.safetensors")


@cache
def planned_checkpoint(networks: int = 1) -> "PlannedRun":
    """The run that stopped after its first checkpoint."""
    from mlpcli.config import RunOptions
    from mlpcli.data import prepare
    from mlpcli.training.planned_run import plan_run

    options = RunOptions(dataset="moons:n=20", width=3, depth=1, epochs=3, threads=1, ensemble=networks)
    return plan_run(options, prepare(options.data, None))


def checkpoint(networks: int = 1) -> None:
    """The results of a run that stopped after its first checkpoint."""
    from mlpcli.config import as_dict
    from mlpcli.config.metrics import epoch_columns
    from mlpcli.results.folders.run_folder import RunFolder
    from mlpcli.training.ensembles.trainers import trainer_of

    shutil.rmtree("c", ignore_errors=True)
    run = planned_checkpoint(networks)
    columns = epoch_columns(run.data.task)
    with RunFolder(Path("c"), "c", as_dict(run.options), columns=columns, run_id=run.run_id) as folder:
        trainer = trainer_of([run.options], run.data)
        for rows in trainer.epochs(until=1):
            folder.append([row for _, row in rows])
        arrays, counters = trainer.checkpoint()
        folder.save_checkpoint(arrays, {**counters, "elapsed": 1.0})


def text(name: str, text: str) -> Callable[[], None]:
    return lambda: Path(name).write_text(text) and None


def card() -> None:
    Path("datasets").mkdir(exist_ok=True)
    shipped = (Path(__file__).parents[2] / "datasets" / "moons.toml").read_text()
    Path("datasets/mine.toml").write_text(shipped.replace("1000", "20"))

"""Everything that reads a file or a text which others may have written: a sound example, how to damage it, how to read.

A reader may accept what it is given or refuse it with one of our errors. `fuzz` counts anything else as a fault.
"""

import contextlib
import gzip
import io
import shutil
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from shlex import split
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.cli.main import run
from tests.faults import mutations

if TYPE_CHECKING:
    from mlpcli.sweeps.plan.prepared_sweep import PreparedSweep
    from mlpcli.training.session import PlannedRun

__all__ = ["READERS", "Reader"]


@dataclass(frozen=True)
class Reader:
    """`file` is the file to damage, `make` writes it and all that stands beside it, in the working folder.

    `damage` gives other content. `read` reads it as the `command` does, without its command line, training or drawing;
    an exit code that it returns counts.
    """

    file: str
    make: Callable[[], None]
    damage: Callable[[Random, bytes], bytes]
    read: Callable[[bytes], object]
    command: list[str] | None = None


def _csv() -> None:
    Path("t.csv").write_text('a,b,y\n1,x,0.5\n2,"y, z",1.5\n,x,2.5\n4,true,3.5\n' * 1 + "5,é,4.5\n6,NA,5.5\n")


def _npz() -> None:
    rng = np.random.default_rng(0)
    np.savez("t.npz", X=rng.normal(size=(6, 3)), y=np.arange(6) % 2)
    content = Path("t.npz").read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as given, zipfile.ZipFile("t.npz", "w") as made:
        for number, name in enumerate(given.namelist()):
            made.writestr(name, given.read(name), [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA][number])


def _npz_header(rng: Random, sound: bytes) -> bytes:
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


def _idx() -> None:
    Path("idx").mkdir(exist_ok=True)
    for name, rows in (("train", 8), ("t10k", 4)):
        images = struct.pack(">4B3I", 0, 0, 8, 3, rows, 2, 2) + bytes(range(rows * 4))
        labels = struct.pack(">4BI", 0, 0, 8, 1, rows) + bytes(i % 3 for i in range(rows))
        Path(f"idx/{name}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images, mtime=0))
        Path(f"idx/{name}-labels-idx1-ubyte").write_bytes(labels)


def _idx_images(rng: Random, sound: bytes) -> bytes:
    if rng.random() < 0.5:
        return mutations.bytes_of(rng, sound)
    return gzip.compress(mutations.bytes_of(rng, gzip.decompress(sound)), mtime=0)


def _parquet() -> None:
    import pyarrow
    from pyarrow import parquet

    table = pyarrow.table({"a": [1.0, 2.0, None, 4.0], "b": ["x", "y", "x", None], "y": [0.5, 1.5, 2.5, 3.5]})
    parquet.write_table(table, "t.parquet")


def _run_results() -> None:
    command = "train --dataset moons:n=20 --width 3 --depth 1 --epochs 2 --name r --results r --quiet --record"
    _quietly([*command.split(), "--force"])


def _sweep_results() -> None:
    Path("s.toml").write_text(
        'name = "s"\nseeds = 2\n[base]\ndataset = "moons:n=20"\nwidth = 3\ndepth = 1\nepochs = 2\n'
        '[grid]\nlr = [0.01, 0.1]\nnorm = ["none", "layer"]\n'
    )
    _quietly(split("sweep s.toml --results s --quiet --jobs 1 --executor serial"))


def _quietly(words: list[str]) -> None:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as errors:
        code = run(words)
    assert code == 0, errors.getvalue()


def _model() -> None:
    _csv()
    _quietly(
        split(
            "train --dataset t.csv --target y --width 3 --depth 1 --norm batch --epochs 1 --val-size 0 --test-size 0 "
            "--name r --results r --quiet --force"
        )
    )
    shutil.copy("r/r/model.safetensors", "m.safetensors")


def _checkpoint() -> None:
    """A run that stopped after its first checkpoint."""
    from mlpcli.config import RunOptions, as_dict
    from mlpcli.config.metrics import epoch_columns
    from mlpcli.data import prepare
    from mlpcli.results.folders.run_folder import RunFolder
    from mlpcli.training.loop.trainer import Trainer
    from mlpcli.training.session import plan_run

    shutil.rmtree("c", ignore_errors=True)
    options = RunOptions(dataset="moons:n=20", width=3, depth=1, epochs=3, threads=1)
    data = prepare(options.data, None)
    planned = plan_run(options, data)
    columns = epoch_columns(data.task)
    with RunFolder(Path("c"), "c", as_dict(planned.options), columns=columns, run_id=planned.run_id) as folder:
        trainer = Trainer([planned.options], data)
        for rows in trainer.epochs(until=1):
            folder.append([row for _, row in rows])
        arrays, counters = trainer.checkpoint()
        folder.save_checkpoint(arrays, {**counters, "elapsed": 1.0})


def _text(name: str, text: str) -> Callable[[], None]:
    return lambda: Path(name).write_text(text) and None


def _card() -> None:
    Path("datasets").mkdir(exist_ok=True)
    shipped = (Path(__file__).parents[2] / "datasets" / "moons.toml").read_text()
    Path("datasets/mine.toml").write_text(shipped.replace("1000", "20"))


def _where(content: bytes) -> None:
    from mlpcli.config import RunOptions
    from mlpcli.errors import UsageError
    from mlpcli.sweeps.spec.where import parse_where

    try:
        parse_where(content.decode("utf-8", "surrogateescape")).holds(RunOptions())
    except ValueError as error:
        raise UsageError(str(error)) from error


def _graph(content: bytes) -> int:
    return run(["graph", content.decode("utf-8", "surrogateescape"), "x=0.5", "y=-2", "z=3"])


def _table(dataset: str, **values: str) -> Callable[[bytes], object]:
    def read(content: bytes) -> object:
        from mlpcli.config import Source, build
        from mlpcli.data import prepare

        return prepare(build(Source({"dataset": dataset, **values}, "--")).data)

    return read


def _options(content: bytes) -> None:
    from mlpcli.config import build, read_options

    build(read_options(Path("o.toml")))


def _plan(content: bytes) -> None:
    from mlpcli.sweeps.plan.plan_file import plan_sweep
    from mlpcli.sweeps.plan.prepared_sweep import PreparedSweep

    PreparedSweep(plan_sweep(Path("s.toml"), max_trials=10_000), None)


def _score(content: bytes) -> None:
    from mlpcli.config import Source, build
    from mlpcli.data import Part
    from mlpcli.data.new_rows import read_as_trained, read_rows
    from mlpcli.training.model import Model
    from mlpcli.training.scores import score

    model = Model.load(Path("m.safetensors"))
    options = build(Source({"dataset": "t.csv"}, "--")).data
    rows = read_rows(read_as_trained(options, model.options.data), model.preprocessing)
    if rows.y is not None:
        score(model, Part(rows.x[rows.labelled], rows.y, rows.rows[rows.labelled]))


def _resume(content: bytes) -> None:
    import mlpcli

    options = {"width": 3, "depth": 1, "epochs": 3, "threads": 1}
    mlpcli.train("moons:n=20", **options, name="c", results="c", resume=True, progress=False)


def _show(folder: str) -> Callable[[bytes], object]:
    def read(content: bytes) -> object:
        from mlpcli.results.folders.read_folder import read_folder

        return read_folder(Path(folder))

    return read


def _open_run(content: bytes) -> None:
    from mlpcli.config import as_dict
    from mlpcli.config.metrics import epoch_columns
    from mlpcli.results.folders.run_folder import RunFolder
    from mlpcli.training.loop.diagnostics import DIAGNOSTIC_COLUMNS

    run = _planned_run()
    tables = {"columns": epoch_columns(run.data.task), "diagnostics": DIAGNOSTIC_COLUMNS}
    with RunFolder(Path("r"), "r", as_dict(run.options), **tables, run_id=run.run_id) as folder:
        folder.table("metrics.csv")


@cache
def _planned_run() -> "PlannedRun":
    from mlpcli.config import RunOptions
    from mlpcli.data import prepare
    from mlpcli.training.session import plan_run

    options = RunOptions(dataset="moons:n=20", width=3, depth=1, epochs=2, record=True)
    return plan_run(options, prepare(options.data))


def _open_sweep(content: bytes) -> None:
    import mlpcli
    from mlpcli.results.folders.sweep_folder import SweepFolder

    sweep = _prepared_sweep()
    with SweepFolder(
        Path("s"),
        sweep.plan.file.name,
        sweep=sweep.plan.file.text(),
        trials=sweep.trials,
        varied=sweep.plan.varied,
        scores=sweep.scores,
        columns=sweep.columns,
        reuse=lambda trial: trial.state == "complete",
        provenance={"version": mlpcli.__version__},
    ) as folder:
        folder.begin()


@cache
def _prepared_sweep() -> "PreparedSweep":
    from mlpcli.sweeps.plan.plan_file import plan_sweep
    from mlpcli.sweeps.plan.prepared_sweep import PreparedSweep

    return PreparedSweep(plan_sweep(Path("s.toml"), max_trials=10_000), None)


_TRAIN = split("--width 3 --depth 1 --epochs 0 --name r --results r --force --quiet")
_SHOW_RUN = ["plot", "r/r", "--format", "svg"]
_SWEEP_AGAIN = split("sweep s.toml --results s --quiet --jobs 1 --executor serial")
_SHOW_SWEEP = ["plot", "s/s", "--format", "svg"]
_RESUME = split(
    "train --dataset moons:n=20 --width 3 --depth 1 --epochs 3 --threads 1 --name c --results c --resume --quiet"
)

_TRAIN_AGAIN = split("train --dataset moons:n=20 --width 3 --depth 1 --epochs 2 --name r --results r --quiet --record")
_CONFIG = 'dataset = "moons:n=20"\nhidden = [3, 2]\nlr = 0.1\nnorm = "batch"\nmax_norm = 2.0\n'
_WHERE = "width * depth <= 512 and norm == 'batch' or not lr in [0.1, 1e-3]"
_GRAPH = "(x + y) * max(z, 2.5) - sin(x ** 2) / exp(y)"
_DAMAGE = {".csv": mutations.cells_of, ".json": mutations.json_of, ".toml": mutations.text_of}


def _kept(
    kind: str, make: Callable[[], None], folder: str, names: str, read: Callable[[bytes], object], command: list[str]
) -> dict[str, Reader]:
    """A reader for each of our own files in a folder of results."""
    return {
        f"{name}, {kind}": Reader(f"{folder}/{name}", make, _DAMAGE[Path(name).suffix], read, command)
        for name in names.split()
    }


def _trained(dataset: str, *flags: str) -> list[str]:
    return ["train", "--dataset", dataset, *flags, *_TRAIN]


_OF_RUN, _OF_SWEEP = "config.toml metrics.csv result.json", "trials.csv metrics.csv summary.csv sweep.toml"

READERS: dict[str, Reader] = {
    "csv": Reader("t.csv", _csv, mutations.cells_of, _table("t.csv", target="y"), _trained("t.csv", "--target", "y")),
    "npz": Reader("t.npz", _npz, _npz_header, _table("t.npz"), _trained("t.npz")),
    "idx": Reader("idx/train-images-idx3-ubyte.gz", _idx, _idx_images, _table("idx:idx"), _trained("idx:idx")),
    "parquet": Reader(
        "t.parquet",
        _parquet,
        mutations.bytes_of,
        _table("t.parquet", target="y"),
        _trained("t.parquet", "--target", "y"),
    ),
    "card": Reader("datasets/mine.toml", _card, mutations.text_of, _table("mine"), _trained("mine")),
    "config": Reader(
        "o.toml", _text("o.toml", _CONFIG), mutations.text_of, _options, ["train", "--config", "o.toml", *_TRAIN]
    ),
    "sweep file": Reader(
        "s.toml", _sweep_results, mutations.text_of, _plan, split("sweep s.toml --dry-run --results d")
    ),
    "where": Reader("w.txt", _text("w.txt", _WHERE), mutations.text_of, _where),
    "graph": Reader("g.txt", _text("g.txt", _GRAPH), mutations.text_of, _graph),
    "model": Reader(
        "m.safetensors", _model, mutations.model_of, _score, split("eval m.safetensors --dataset t.csv --quiet")
    ),
    "checkpoint": Reader("c/c/checkpoint.safetensors", _checkpoint, mutations.model_of, _resume, _RESUME),
    **_kept("run shown", _run_results, "r/r", f"{_OF_RUN} diagnostics.csv", _show("r/r"), _SHOW_RUN),
    **_kept("run again", _run_results, "r/r", _OF_RUN, _open_run, _TRAIN_AGAIN),
    **_kept("sweep shown", _sweep_results, "s/s", _OF_SWEEP, _show("s/s"), _SHOW_SWEEP),
    **_kept("sweep again", _sweep_results, "s/s", f"{_OF_SWEEP} provenance.json", _open_sweep, _SWEEP_AGAIN),
}
"""By the name that the command takes. `graph` and `where` are texts."""

"""Everything that reads a file or a text which others may have written: a sound example, how to damage it, how to read.

A reader may accept what it is given or refuse it with one of our errors. `fuzz` counts anything else as a fault.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from random import Random
from shlex import split
from typing import TYPE_CHECKING, Any

from tests.faults import mutations, sound_files

if TYPE_CHECKING:
    from mlpcli.sweeps.plan.prepared_sweep import PreparedSweep
    from mlpcli.training.model import Model
    from mlpcli.training.planned_run import PlannedRun

__all__ = ["READERS", "Reader"]


CONTENT = "CONTENT"


@dataclass(frozen=True)
class Reader:
    """`file` is the file to damage, `make` writes it and all that stands beside it, in the working folder.

    `damage` gives other content. `read` reads it as the `command` does, without its command line, training or drawing;
    an exit code that it returns counts. CONTENT in the `command` stands for the content of the file.
    """

    file: str
    make: Callable[[], None]
    damage: Callable[[Random, bytes], bytes]
    read: Callable[[bytes], object]
    command: list[str] | None = None

    def words(self, content: bytes) -> list[str]:
        """The words of the command."""
        return [_text(content) if word == CONTENT else word for word in self.command or []]


def _text(content: bytes) -> str:
    """The content as the words of a command line come from the system."""
    return content.decode("utf-8", "surrogateescape")


def _where(content: bytes) -> None:
    from mlpcli.config import RunOptions
    from mlpcli.errors import UsageError
    from mlpcli.sweeps.spec.where import parse_where

    try:
        parse_where(_text(content)).holds(RunOptions())
    except ValueError as error:
        raise UsageError(str(error)) from error


def _graph(content: bytes) -> None:
    from mlpcli.cli.commands.graph import graph

    graph(_text(content), _VALUES)


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
    from mlpcli.data.new_rows import read_as_trained, read_rows
    from mlpcli.training.model import Model
    from mlpcli.training.scores import score

    model = Model.load(Path("m.safetensors"))
    options = build(Source({"dataset": "t.csv"}, "--")).data
    rows = read_rows(read_as_trained(options, model.options.data), model.preprocessing)
    if rows.scored is not None:
        score(model, rows.scored)


def _resume(content: bytes, networks: int = 1) -> None:
    from mlpcli.config import as_dict
    from mlpcli.config.metrics import epoch_columns
    from mlpcli.results.folders.run_folder import RunFolder
    from mlpcli.training.session import train_run

    run = sound_files.planned_checkpoint(networks)
    columns = epoch_columns(run.data.task)
    with RunFolder(Path("c"), "c", as_dict(run.options), columns=columns, run_id=run.run_id, resume=True) as folder:
        train_run(run, folder, lambda row, best: None)


def _show(folder: str) -> Callable[[bytes], object]:
    def read(content: bytes) -> object:
        from mlpcli.results.folders.read_folder import read_folder

        return read_folder(Path(folder))

    return read


def _listed(root: str, name: str) -> Callable[[bytes], object]:
    def read(content: bytes) -> object:
        from mlpcli.results.folders.find import find_named
        from mlpcli.results.provenance import provenance_of
        from mlpcli.results.reading.folder_rows import list_results
        from mlpcli.results.reading.recorded import read_recorded, recorded_options

        list_results(Path(root))
        named = find_named(name, Path(root))
        recorded_options(named)
        return read_recorded(named), provenance_of(named.path)

    return read


def _predict(content: bytes) -> None:
    from mlpcli.api.predict import predict_columns
    from mlpcli.config import Source, build

    for _ in predict_columns(_loaded_models(), build(Source({"dataset": "t.csv"}, "--")).data)[1]:
        pass


@cache
def _loaded_models() -> "list[Model]":
    from mlpcli.api.stored import load_all

    return load_all(["m.safetensors"], results=Path("r"))


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
    from mlpcli.training.planned_run import plan_run

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
_LIST_RUN, _LIST_SWEEP = split("show r/r"), split("list s --results s")
_RESUME = split(
    "train --dataset moons:n=20 --width 3 --depth 1 --epochs 3 --threads 1 --name c --results c --resume --quiet"
)

_TRAIN_AGAIN = split("train --dataset moons:n=20 --width 3 --depth 1 --epochs 2 --name r --results r --quiet --record")
_CONFIG = 'dataset = "moons:n=20"\nhidden = [3, 2]\nlr = 0.1\nnorm = "batch"\nmax_norm = 2.0\n'
_WHERE = "width * depth <= 512 and norm == 'batch' or not lr in [0.1, 1e-3]"
_VALUES = ["x=0.5", "y=-2", "z=3"]
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


def _of_file(name: str, *how: Any) -> Reader:
    """The reader of tables of this name, of which `y` is the target; `how` makes and damages one."""
    return Reader(name, *how, _table(name, target="y"), _trained(name, "--target", "y"))


_OF_RUN, _OF_SWEEP = "config.toml metrics.csv result.json", "trials.csv metrics.csv summary.csv sweep.toml"

READERS: dict[str, Reader] = {
    "csv": _of_file("t.csv", sound_files.csv, mutations.cells_of),
    "npz": Reader("t.npz", sound_files.npz, sound_files.damage_npz, _table("t.npz"), _trained("t.npz")),
    "idx": Reader(
        "idx/train-images-idx3-ubyte.gz",
        sound_files.idx,
        sound_files.damage_idx,
        _table("idx:idx"),
        _trained("idx:idx"),
    ),
    "parquet": _of_file("t.parquet", sound_files.parquet, mutations.bytes_of),
    "json lines": _of_file("t.jsonl", sound_files.json_lines, mutations.text_of),
    "feather": _of_file("t.feather", sound_files.whole_table("t.feather"), mutations.bytes_of),
    "spreadsheet": _of_file("t.xlsx", sound_files.whole_table("t.xlsx"), sound_files.damage_spreadsheet),
    "rows to predict": Reader(
        "t.csv", sound_files.model, mutations.cells_of, _predict, split("predict m.safetensors t.csv")
    ),
    "card": Reader("datasets/mine.toml", sound_files.card, mutations.text_of, _table("mine"), _trained("mine")),
    "config": Reader(
        "o.toml",
        sound_files.text("o.toml", _CONFIG),
        mutations.text_of,
        _options,
        ["train", "--config", "o.toml", *_TRAIN],
    ),
    "sweep file": Reader(
        "s.toml", sound_files.sweep_results, mutations.text_of, _plan, split("sweep s.toml --dry-run --results d")
    ),
    "where": Reader("w.txt", sound_files.text("w.txt", _WHERE), mutations.text_of, _where),
    "graph": Reader(
        "g.txt", sound_files.text("g.txt", _GRAPH), mutations.text_of, _graph, ["graph", CONTENT, *_VALUES]
    ),
    "model": Reader(
        "m.safetensors",
        sound_files.model,
        mutations.model_of,
        _score,
        split("eval m.safetensors --dataset t.csv --quiet"),
    ),
    "checkpoint": Reader("c/c/checkpoint.safetensors", sound_files.checkpoint, mutations.model_of, _resume, _RESUME),
    "model of an ensemble": Reader(
        "m.safetensors",
        partial(sound_files.model, networks=2),
        mutations.model_of,
        _score,
        split("eval m.safetensors --dataset t.csv --quiet"),
    ),
    "checkpoint of an ensemble": Reader(
        "c/c/checkpoint.safetensors",
        partial(sound_files.checkpoint, networks=2),
        mutations.model_of,
        partial(_resume, networks=2),
        [*_RESUME, "--ensemble", "2"],
    ),
    **_kept("run shown", sound_files.run_results, "r/r", f"{_OF_RUN} diagnostics.csv", _show("r/r"), _SHOW_RUN),
    **_kept("run listed", sound_files.run_results, "r/r", f"{_OF_RUN} provenance.json", _listed("r", "r"), _LIST_RUN),
    **_kept(
        "sweep listed",
        sound_files.sweep_results,
        "s/s",
        f"{_OF_SWEEP} provenance.json",
        _listed("s", "s/0"),
        _LIST_SWEEP,
    ),
    **_kept("run again", sound_files.run_results, "r/r", _OF_RUN, _open_run, _TRAIN_AGAIN),
    **_kept("sweep shown", sound_files.sweep_results, "s/s", _OF_SWEEP, _show("s/s"), _SHOW_SWEEP),
    **_kept("sweep again", sound_files.sweep_results, "s/s", f"{_OF_SWEEP} provenance.json", _open_sweep, _SWEEP_AGAIN),
}
"""By the name that the command takes. `graph` and `where` are texts."""

"""The folder of one training run: at any moment it is complete under its name, or can be resumed.

A run works in its own folder unless that has a result already; then it works in `.next` inside it, so that readers keep
the old files until the new ones are complete. While a run works it has config.toml, its tables and
checkpoint.safetensors; result.json is written last and makes it finished. A finished run in `.next` is then promoted
(`promotion`).
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import numpy.typing as npt

import mlpcli
from mlpcli import json_text
from mlpcli.atomic import (
    io_errors,
    make_folder,
    refuse_links,
    remove,
    shown,
    sync_folder,
    write_atomic,
)
from mlpcli.config import Source, as_dict, build
from mlpcli.errors import DataError, FileError, UsageError
from mlpcli.results.files import tensor_file
from mlpcli.results.files.append import AppendTable, Mark
from mlpcli.results.files.lock import FolderLock
from mlpcli.results.files.snapshot import NEXT
from mlpcli.results.files.tensor_file import Arrays
from mlpcli.results.folders.naming import check_name
from mlpcli.results.folders.promotion import (
    CHECKPOINT,
    COLUMNS,
    CONFIG,
    DIAGNOSTICS,
    FILES,
    METRICS,
    MODEL,
    PROVENANCE,
    RESULT,
    WEIGHTS,
    is_there,
    take_up,
)
from mlpcli.wording import quote

__all__ = ["RunFolder"]

_KEY = "mlpcli-checkpoint"


class RunFolder:
    """A run's folder, open and locked; `close` it, or use it in a `with` statement.

    `path` is the folder, absolute. `state` is `fresh` (to be trained from epoch 0), `resumed` (from the
    checkpoint) or `finished`, and `result` then what result.json holds. `warning` is a sentence for the user
    where the file system has no locks.
    """

    def __init__(
        self,
        root: Path,
        name: str,
        config: Mapping[str, Any],
        *,
        columns: Sequence[str],
        diagnostics: Sequence[str] = (),
        run_id: str,
        force: bool = False,
        resume: bool = False,
    ) -> None:
        """Open or create `root/name` for a run with the options `config`, whose epochs have `columns`.

        Without columns of `diagnostics` there is no such table.

        Raises:
            UsageError: a bad name, or a folder that holds something else: another kind of results, or a run
                with other options or an unfinished one, and neither `force` nor `resume`; or, with `resume`, a
                finished run of other data or another version. Nothing was changed.
            Busy: another process works in this folder.
            FileError: the folder cannot be created or written.
        """
        import tomli_w

        text = tomli_w.dumps({key: value for key, value in config.items() if value is not None})
        self.path = Path(os.path.abspath(root)) / check_name(name)
        self.run_id = run_id
        self.result: dict[str, Any] | None = None
        self._columns = {METRICS: columns, **({DIAGNOSTICS: diagnostics} if diagnostics else {})}
        self._tables: dict[str, AppendTable] = {}
        refuse_links(self.path)
        make_folder(self.path)
        self._lock = FolderLock(self.path)
        self.warning = self._lock.warning
        try:
            take_up(self.path)
            self.state = self._decide(config, force, resume)
            if self.state == "fresh":
                self._begin(text)
        except BaseException:
            self.close()
            raise

    def append(self, rows: Iterable[Mapping[str, object]]) -> None:
        """Add epochs to metrics.csv; they are safe with the next checkpoint."""
        self._table(METRICS).append(rows)

    def append_diagnostics(self, rows: Iterable[Mapping[str, object]]) -> None:
        """Add rows to diagnostics.csv; they are safe with the next checkpoint."""
        self._table(DIAGNOSTICS).append(rows)

    def save_checkpoint(self, arrays: Mapping[str, npt.NDArray[Any]], progress: Mapping[str, Any]) -> None:
        """Make everything so far survive a crash: the epochs, the arrays, and `progress` (JSON, so without NaN)."""
        marks = {name: asdict(self._table(name).sync()) for name in self._columns}
        described = {"run_id": self.run_id, "progress": progress, "tables": marks}
        write_atomic(self._work / CHECKPOINT, tensor_file.encode(arrays, described, key=_KEY))

    def load_checkpoint(self) -> tuple[Arrays, dict[str, Any]] | None:
        """The last saved arrays and progress, with the tables cut back to that moment; None without a checkpoint.

        Raises:
            DataError: the checkpoint or a table is damaged, or the data have changed.
            UsageError: another version of mlpcli wrote it, whose numbers may differ.
        """
        if self.state != "resumed":
            return None
        path = self._work / CHECKPOINT
        again = f"{shown(self.path)} is unchanged. Start again with --force instead of --resume"
        try:
            arrays, described = tensor_file.read(path, key=_KEY, what="a checkpoint")
            if described["version"] != mlpcli.__version__:
                other = str(described["version"])[:20]
                raise UsageError(
                    f"cannot go on from {shown(path)}: mlpcli {other!a} wrote it, this is {mlpcli.__version__}"
                )
            if described["run_id"] != self.run_id:
                raise DataError(f"cannot go on from {shown(path)}: the data or a plugin are not those of its training")
            self._open_tables({name: Mark(**described["tables"][name]) for name in self._columns})
            return arrays, dict(described["progress"])
        except (DataError, UsageError) as error:
            raise type(error)(f"{error}. {again}") from error
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"cannot use {shown(path)} as a checkpoint: it is damaged. {again}") from error

    def finish(
        self,
        model: bytes | None,
        result: Mapping[str, Any],
        provenance: Mapping[str, Any],
        columns: bytes = b"",
        weights: bytes | None = None,
    ) -> None:
        """Write the remaining files and make the run the finished one under its name.

        `model` is what `model_bytes` gives, None where training diverged and no weights are worth keeping. `columns`
        is the content of columns.csv and `weights` that of weights.safetensors; without it there is no such file.
        """
        for name in self._columns:
            self._table(name).sync()
            self._table(name).close()
        write_atomic(self._work / MODEL, model or b"")  # an empty file tells the promotion to remove the old model
        if DIAGNOSTICS not in self._columns and is_there(self.path / DIAGNOSTICS):
            write_atomic(self._work / DIAGNOSTICS, b"")
        if weights or is_there(self.path / WEIGHTS):
            write_atomic(self._work / WEIGHTS, weights or b"")
        write_atomic(self._work / COLUMNS, columns)
        write_atomic(self._work / PROVENANCE, json_text.pretty(provenance).encode())
        written = json_text.pretty(result).encode()
        write_atomic(self._work / RESULT, written)
        take_up(self.path)
        sync_folder(self.path)
        self.state, self.result = "finished", json_text.parse(written)

    def table(self, name: str) -> str | None:
        """The content of metrics.csv or diagnostics.csv as it is on disk, None where there is no such table."""
        path = (self.path if self.state == "finished" else self._work) / name
        if not is_there(path):
            return None
        with io_errors("read", path):
            return path.read_text(encoding="utf-8")

    def close(self) -> None:
        """Release the folder; a saved checkpoint stays for --resume. Safe to call twice."""
        try:
            for table in self._tables.values():
                table.close()
        finally:
            self._lock.release()

    def _open_tables(self, marks: Mapping[str, Mark]) -> None:
        for name, columns in self._columns.items():
            self._tables[name] = AppendTable(self._work / name, columns, marks.get(name))

    def _table(self, name: str) -> AppendTable:
        if not self._tables:
            raise ValueError("a resumed run must load its checkpoint first, and a finished run takes no more rows")
        return self._tables[name]

    def _decide(self, config: Mapping[str, Any], force: bool, resume: bool) -> Literal["fresh", "resumed", "finished"]:
        """The state of the run, by the files that are here; sets the folder to work in."""
        finished = is_there(self.path / RESULT)
        self._work = self.path / NEXT if finished else self.path
        if not is_there(self.path / CONFIG) and (other := set(os.listdir(self.path)) - {".lock"}):
            found = ", ".join(sorted(other))[:100]
            raise UsageError(
                f"{shown(self.path)} is not a run's folder: it holds {quote(found)}. Choose another --name"
            )
        places = [self._work, self.path] if resume else [self.path]
        differences = {place: _differences(place / CONFIG, config) for place in places if is_there(place / CONFIG)}
        same = [place for place, found in differences.items() if not found]
        if differences and not same and not force:
            found = "; ".join(next(iter(differences.values())))
            advice = "Give its options" if resume else "Use --force to replace it"
            raise UsageError(
                f"{shown(self.path)} has other options ({found}). It is unchanged. {advice}, or another --name"
            )
        if not (resume or force) and is_there(self._work / CHECKPOINT):
            raise UsageError(
                f"{shown(self.path)} holds an unfinished run. It is unchanged. Go on with it with --resume, or use "
                "--force to train from the beginning"
            )
        if not resume or not same:
            return "fresh"
        if finished and same[0] == self.path:
            self.result = self._read_result()
            if self.result["run_id"] != self.run_id:
                raise UsageError(
                    f"{shown(self.path)} was trained on other data, with another plugin or by another version of "
                    "mlpcli. It is unchanged. Train again without --resume, or choose another --name"
                )
            return "finished"
        return "resumed" if is_there(self._work / CHECKPOINT) else "fresh"

    def _begin(self, config: str) -> None:
        make_folder(self._work)
        for name in (CHECKPOINT, *FILES):
            remove(self._work / name)
        sync_folder(self._work)  # a checkpoint must not outlive the options it was trained with
        write_atomic(self._work / CONFIG, config.encode())
        self._open_tables({})

    def _read_result(self) -> dict[str, Any]:
        from mlpcli.results.files.read_file import read_json
        from mlpcli.results.schema.json_schema import RunResult

        return read_json(self.path / RESULT, RunResult, "Train again without --resume")

    def __enter__(self) -> "RunFolder":
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        """Close; a file that could not be written is reported with what is kept and how to go on."""
        self.close()
        if isinstance(error, FileError):
            kept = "keeps its last checkpoint" if is_there(self._work / CHECKPOINT) else "has no checkpoint yet"
            raise FileError(f"{error}. {shown(self.path)} {kept}. Go on with the same command and --resume") from error


def _differences(path: Path, config: Mapping[str, Any]) -> list[str]:
    """The options of a stored config.toml that are not those of `config`, in words."""
    from mlpcli.results.files.read_file import read_options

    try:
        stored = as_dict(read_options(path, ""))
    except DataError:
        return ["its config.toml is not readable"]
    given = as_dict(build(Source(config, "")))
    names = [name for name in {**given, **stored} if stored.get(name) != given.get(name)]
    return [f"{name}: {_in_words(stored, name)} there, {_in_words(given, name)} now" for name in names]


def _in_words(options: Mapping[str, object], name: str) -> str:
    return repr(options[name])[:60] if name in options else "absent"

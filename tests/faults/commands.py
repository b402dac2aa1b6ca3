"""Tiny commands to be disturbed, and what has to be true of them afterwards.

A disturbed command ends with a documented exit code and at most one line of error, in time and without a traceback; the
same command then makes what an undisturbed one made, byte for byte, seconds aside.
"""

import atexit
import csv
import functools
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tests.faults.zygote import Copy, Zygote
from tests.sweeps.sweeps import write_sweep

__all__ = ["CODES", "SUBJECTS", "Ended", "Place", "Subject", "place_of", "places"]

PATIENCE = 600
"""Seconds after which a command hangs; the machine may be busy."""

CODES = {0, 65, 69, 74}
"""Exit codes that a fault of the system may have, and success where it did no harm."""

LAUNCH = """
import os, signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # where the attack runs behind a shell, Ctrl-C is ignored
import mlpcli.cli.interruption as interruption
watch = interruption.watch
def watch_and_tell():
    watch()
    os.access("/main-begins", os.F_OK)
interruption.watch = watch_and_tell
{before}
from mlpcli.__main__ import main
main()
"""
"""The command; it calls access("/main-begins") when its own code begins."""

TELL_MODULES = """
import json, os, pathlib, sys
leave = os._exit
def tell_and_leave(code):
    pathlib.Path("modules.json").write_text(json.dumps(list(sys.modules)))
    leave(code)
os._exit = tell_and_leave
"""
"""Leaves the names of all that the command imported, in order."""


class Ended(NamedTuple):
    """How an attempt ended, in a word or two, and what is wrong with that, "" if nothing is."""

    how: str
    fault: str = ""


@dataclass(frozen=True)
class Subject:
    """A command: its arguments, and those that the second attempt has besides.

    A sweep goes on without workers, which is cheaper: nothing of the results depends on them.
    """

    name: str
    arguments: Sequence[str]
    again: Sequence[str] = ()


TRAIN = (
    *("train", "--dataset", "t.csv", "--target", "y", "--epochs", "2", "--width", "8"),
    *("--name", "r", "--data-home", "home", "--quiet"),
)
SWEEP = ("sweep", "r.toml", "--data-home", "home", "--quiet")
SUBJECTS = {
    subject.name: subject
    for subject in (
        Subject("train", TRAIN, ("--resume",)),
        Subject("serial sweep", (*SWEEP, "--executor", "serial")),
        Subject("local sweep", (*SWEEP, "--jobs", "1"), ("--executor", "serial")),
    )
}


@dataclass
class Place:
    """A working folder for a command; what an undisturbed one makes there, and how long it takes."""

    subject: Subject
    folder: Path
    golden: dict[str, bytes] = field(default_factory=dict)
    seconds: float = 0.0
    """Seconds that an undisturbed command takes."""

    @functools.cached_property
    def zygote(self) -> Zygote:
        """A process that has imported all that the command imports."""
        return Zygote(self.folder, json.loads((self.folder / "modules.json").read_bytes()), self.environment)

    @functools.cached_property
    def seconds_of_a_copy(self) -> float:
        """Seconds that an undisturbed copy takes."""
        self.fresh()
        self.zygote  # noqa: B018 (the imports do not count)
        begin = time.monotonic()
        assert self.ended(self.copy()) == Ended("exit 0")
        return time.monotonic() - begin

    @property
    def environment(self) -> dict[str, str]:
        """The variables that commands see."""
        return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "OPENBLAS_NUM_THREADS": "1"}

    def fresh(self) -> None:
        """Forget all results and prepared data."""
        for name in ("results", "home"):
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def start(
        self,
        *,
        prefix: Sequence[str] = (),
        before: str = "",
        extra: Sequence[str] = (),
        preexec: Callable[[], None] | None = None,
    ) -> subprocess.Popen[str]:
        """Start the command, under another one if there is a `prefix`, with Python to run first in `before`."""
        return subprocess.Popen(
            [*prefix, sys.executable, "-c", LAUNCH.format(before=before), *self.subject.arguments, *extra],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
            preexec_fn=preexec,
        )

    def copy(self, *, tracer: Sequence[str] = (), before: str = "", extra: Sequence[str] = ()) -> Copy:
        """Start the command in a process that has imported everything, under a tracer if there is one."""
        return self.zygote.start(LAUNCH.format(before=before), [*self.subject.arguments, *extra], tracer)

    def ended(self, process: subprocess.Popen[str] | Copy, codes: set[int] = CODES) -> Ended:
        """Wait for a disturbed command and do it again: how it ended, and what is wrong with both.

        Where it left nothing behind, or all that an undisturbed one makes, doing it again would show nothing new.
        """
        try:
            _, err = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return Ended("hang", "it hangs")
        return Ended(f"exit {process.returncode}", self._fault(process, err, codes))

    def _fault(self, process: subprocess.Popen[str] | Copy, err: str, codes: set[int]) -> str:
        lines = [line for line in err.splitlines() if not line.startswith("mlpcli: warning: ")]
        if process.returncode not in codes:
            return f"exit code {process.returncode}: {' '.join(err.split())[-300:]}"
        expected = 0 if process.returncode in (0, -9) else 1
        if len(lines) != expected or not all(line.startswith("mlpcli: error: ") for line in lines):
            return f"exit code {process.returncode}, {len(lines)} lines: {' '.join(err.split())[:300]}"
        if self.content("results", "home") in ({}, self.golden):
            return ""
        repeat = self.copy(extra=self.subject.again)
        _, err = repeat.communicate(timeout=PATIENCE)
        if repeat.returncode:
            return f"the same command fails afterwards ({repeat.returncode}): {err.strip()[-300:]}"
        made = self.content("results")
        expected_files = {name: content for name, content in self.golden.items() if name.startswith("results/")}
        return "" if made == expected_files else "the same command makes something else afterwards"

    def content(self, *tops: str) -> dict[str, bytes]:
        """The files of these folders without seconds, and without provenance."""
        files = [path for top in tops for path in (self.folder / top).rglob("*") if path.is_file()]
        kept = [path for path in files if path.name not in ("provenance.json", ".lock")]
        return {str(path.relative_to(self.folder)): _timeless(path) for path in kept}


_OPEN = ExitStack()
atexit.register(_OPEN.close)


@functools.cache
def place_of(name: str) -> Place:
    """A place for a subject that lasts as long as this process."""
    (place,) = _OPEN.enter_context(places(name))
    return place


@contextmanager
def places(*names: str) -> Iterator[list[Place]]:
    """A place for each subject by name, by default for all, with what an undisturbed command makes."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as top:
        made = []
        for number, name in enumerate(names or SUBJECTS):
            place = Place(SUBJECTS[name], Path(top) / str(number))
            place.folder.mkdir()
            rows = [f"{row},{row % 5},{'ab'[row % 2]},{row % 7}" for row in range(40)]
            (place.folder / "t.csv").write_text("\n".join(["u,v,w,y", *rows, ""]))
            base = {"dataset": "t.csv", "target": "y", "epochs": 2}
            write_sweep(place.folder / "r.toml", seeds=2, base=base, grid={"width": [4, 8]})
            begin = time.monotonic()
            process = place.start(before=TELL_MODULES)
            _, err = process.communicate(timeout=PATIENCE)
            assert process.returncode == 0, err
            place.golden, place.seconds = place.content("results", "home"), time.monotonic() - begin
            made.append(place)
        yield made
        for place in made:
            if "zygote" in vars(place):
                place.zygote.close()


def _timeless(path: Path) -> bytes:
    if path.name == "result.json":
        return json.dumps(
            {key: value for key, value in json.loads(path.read_bytes()).items() if key != "time_s"}
        ).encode()
    if path.suffix == ".csv":
        header, *rows = csv.reader(io.StringIO(path.read_text()))
        kept = [at for at, name in enumerate(header) if not name.endswith("_s")]
        return repr([[row[at] for at in kept] for row in (header, *rows)]).encode()
    return path.read_bytes()

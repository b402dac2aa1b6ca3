"""Damaged input for every reader: accepted, or refused in one line; never a traceback, exit 70, a hang or all memory.

    python -m tests.faults.fuzz [READER...] [--count 20000] [--start 0]

prints how many inputs each reader accepted and refused, and each fault with what makes it again.
"""

import argparse
import contextlib
import functools
import io
import os
import shutil
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from random import Random
from types import FrameType

from mlpcli.cli.main import run
from mlpcli.errors import ExitCode, MlpcliError
from tests.faults.commands import Ended
from tests.faults.readers import READERS, Reader

__all__ = ["attack", "scratch", "within"]

PATIENCE = 30
"""Seconds of the processor after which a reader hangs."""
WHOLE = 100
"""One input of so many goes through the whole command."""
ENTRIES = 500
"""Inputs after which the cache of prepared data is emptied."""
MEMORY = 3 << 30
"""Bytes of address space that a reader may take beyond what it had before."""


class Hang(BaseException):
    """The reader has not come back."""


def attack(name: str, numbers: Iterable[int], folder: Path) -> Iterator[tuple[int, Ended]]:
    """Damage the reader's file in an empty folder once for each number, which says how."""
    reader, sound = READERS[name], _made(READERS[name].make)
    with within(folder / "work", home=folder / "home"), _bounded_memory():
        files = _Files(sound)
        for number in numbers:
            content = reader.damage(Random(f"{name} {number}"), sound[Path(reader.file)])
            what = outcome(reader, content, whole=number % WHOLE == 0)
            yield number, Ended(what) if what in ("accepted", "refused") else Ended("fault", what)
            files.restore()
            if number % ENTRIES == 0:
                for entry in (folder / "home").glob("*/*"):
                    shutil.rmtree(entry, ignore_errors=True)


@functools.cache
def _made(make: Callable[[], None]) -> dict[Path, bytes]:
    """The files that a reader's `make` writes; several readers share one."""
    with scratch() as folder, within(folder / "work", home=folder / "home"):
        make()
        return {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}


def outcome(reader: Reader, content: bytes, whole: bool) -> str:
    """`accepted`, `refused`, or what was wrong with the way in which the input was treated."""
    Path(reader.file).write_bytes(content)
    errors, previous = io.StringIO(), signal.signal(signal.SIGPROF, _hang)
    signal.setitimer(signal.ITIMER_PROF, PATIENCE)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(errors):
            code = run(["--debug", *reader.words(content)]) if whole and reader.command else reader.read(content)
    except MlpcliError as error:
        return "refused" if 0 < len(str(error)) < 20_000 else f"said {str(error)[:200]!a}"
    except (OSError, MemoryError):
        return "refused"
    except Hang as hang:
        return f"hang: {hang}"
    except BaseException as error:
        return "".join(traceback.format_exception(error))[-1500:]
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)
    said = errors.getvalue()
    if code == ExitCode.BUG or "Traceback" in said:
        return said[-1500:]
    if not isinstance(code, int) or code == 0:
        return "accepted"
    return "refused" if 0 < len(said) < 20_000 else f"said {len(said)} characters"


@contextlib.contextmanager
def _bounded_memory() -> Iterator[None]:
    """Refuse this process more than MEMORY beyond what it has, where the system says how much that is."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _hang(number: int, frame: FrameType | None) -> None:
    raise Hang("".join(traceback.format_stack(frame)[-3:]))


class _Files:
    """The sound files in the working folder; looks only at what the status of a file says has changed."""

    def __init__(self, sound: dict[Path, bytes]) -> None:
        self._sound = {str(path): content for path, content in sound.items()}
        self._seen: dict[str, tuple[int, ...]] = {}
        self.restore()

    def restore(self) -> None:
        """Remove what was added, and write what was damaged or removed."""
        there = dict(_statuses("."))
        for name in there.keys() - self._sound.keys():
            os.unlink(name)
        for name, content in self._sound.items():
            if name not in there or there[name] != self._seen.get(name):
                path = Path(name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                self._seen[name] = _status(path.stat())


def _statuses(folder: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.path.removeprefix("./")
            if entry.is_dir(follow_symlinks=False):
                yield from _statuses(name)
            else:
                yield name, _status(entry.stat(follow_symlinks=False))


def _status(found: os.stat_result) -> tuple[int, ...]:
    return found.st_mode, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


@contextlib.contextmanager
def within(folder: Path, home: Path) -> Iterator[None]:
    """Work in `folder`, which is made, with prepared data in `home`."""
    before, home_before = Path.cwd(), os.environ.get("MLPCLI_DATA_HOME")
    folder.mkdir(exist_ok=True)
    os.chdir(folder)
    os.environ["MLPCLI_DATA_HOME"] = str(home)
    try:
        yield
    finally:
        os.chdir(before)
        os.environ.pop("MLPCLI_DATA_HOME") if home_before is None else os.environ.update(MLPCLI_DATA_HOME=home_before)


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """An empty folder, in memory where there is such a file system."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as folder:
        yield Path(folder).resolve()


def main() -> None:
    """Attack the readers named, all by default."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("readers", nargs="*", metavar="READER", help="all by default")
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--start", type=int, default=0)
    given = parser.parse_args()
    bad = False
    for name in given.readers or READERS:
        ends = Counter[str]()
        with scratch() as folder:
            for number, ended in attack(name, range(given.start, given.start + given.count), folder):
                ends[ended.how] += 1
                if ended.fault:
                    print(f"  {number}: {ended.fault}", flush=True)
        print(name, dict(sorted(ends.items())), flush=True)
        bad = bad or bool(ends["fault"])
    sys.exit(bad)


if __name__ == "__main__":
    main()

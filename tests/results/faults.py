"""Faults made on purpose: a process killed, or a call failing, at its N-th change of the disk; a power cut at any.

The product has no hooks for this: the functions of `os` that it calls are replaced.
"""

import os
import signal
import stat
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHANGES = ("open", "write", "fsync", "ftruncate", "replace", "unlink", "mkdir", "rmdir")


@contextmanager
def patched(before: Callable[..., Any]) -> Iterator[None]:
    """Call `before(name, *args)` ahead of every call that can change the disk."""
    originals = {name: getattr(os, name) for name in CHANGES}

    def wrap(name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if name != "open" or args[1] & os.O_CREAT:
                before(name, *args)
            return originals[name](*args, **kwargs)

        return call

    for name in CHANGES:
        setattr(os, name, wrap(name))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(os, name, original)


def killed_at(point: int, action: Callable[[], object]) -> bool:
    """Run `action` in a forked process that dies by SIGKILL at its `point`-th change; a write first gets half-way.

    False if it came to its end before.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the child does nothing that needs other threads
        child = os.fork()
    if child == 0:
        write, left = os.write, [point]

        def before(name: str, *args: Any) -> None:
            for half in (False, True) if name == "write" else (False,):
                left[0] -= 1
                if left[0] == 0:
                    if half:
                        write(args[0], args[1][: len(args[1]) // 2])
                    os.kill(os.getpid(), signal.SIGKILL)

        code = 1
        try:
            with patched(before):
                action()
            code = 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(code)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0, "the child failed by itself"
    return os.WIFSIGNALED(status)


def kill_points(action: Callable[[], object], prepare: Callable[[], object]) -> Iterator[int]:
    """Every point of `action`, each time on what `prepare` made, until it comes to its end unkilled."""
    for point in range(1, 1000):
        prepare()
        if not killed_at(point, action):
            return
        yield point
    pytest.fail("no end in sight")


@contextmanager
def failing_at(point: int, code: int) -> Iterator[list[int]]:
    """Let the `point`-th change fail with an errno, a write after half of it; yields [the points that are left]."""
    write, left = os.write, [point]

    def before(name: str, *args: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            if name == "write":
                write(args[0], args[1][: len(args[1]) // 2])
            raise OSError(code, os.strerror(code))

    with patched(before):
        yield left


_OPEN = os.open
Tree = dict[str, Any]


class PowerCuts:
    """Watches a folder while an action runs, and knows at each change what a power cut there may leave on the disk.

    A file's bytes are safe once it was synced, a folder's names once the folder was. What is not safe may be
    there or not: the two extremes are built, and names that are there with bytes that are not (zeros).
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.held: dict[int, int] = {}  # open, so that no inode number is given out anew
        self.bytes: dict[int, bytes] = {}
        self.names: dict[int, dict[str, tuple[int, bool]]] = {}
        self.states: list[tuple[Tree, Tree]] = []
        for place in (folder, *folder.rglob("*")):
            self._sync(place)

    @contextmanager
    def watch(self) -> Iterator[None]:
        fsync = os.fsync

        def before(name: str, *args: Any) -> None:
            self.states.append((self._safe(self.folder.stat().st_ino), self._present(self.folder)))
            if name == "fsync":
                fsync(args[0])
                self._sync(Path(os.readlink(f"/proc/self/fd/{args[0]}")))

        try:
            with patched(before):
                yield
            self.states.append((self._safe(self.folder.stat().st_ino), self._present(self.folder)))
        finally:
            for descriptor in self.held.values():
                os.close(descriptor)

    def _sync(self, place: Path) -> None:
        inode = place.stat().st_ino
        if inode not in self.held:
            self.held[inode] = _OPEN(place, os.O_RDONLY)
        if place.is_dir():
            members = [(member, member.stat()) for member in place.iterdir()]
            self.names[inode] = {member.name: (s.st_ino, stat.S_ISDIR(s.st_mode)) for member, s in members}
        else:
            self.bytes[inode] = place.read_bytes()

    def _safe(self, inode: int) -> Tree:
        members = self.names.get(inode, {}).items()
        return {
            name: self._safe(ino) if folder else self.bytes.get(ino, b"") for name, (ino, folder) in members
        }

    def _present(self, place: Path) -> Tree:
        tree: Tree = {}
        for member in place.iterdir():
            if member.is_dir():
                tree[member.name] = self._present(member)
            else:
                size, safe = member.stat().st_size, self.bytes.get(member.stat().st_ino, b"")
                tree[member.name] = safe[:size] + bytes(size - len(safe[:size]))
        return tree


def build(tree: Tree, folder: Path) -> None:
    folder.mkdir()
    for name, content in tree.items():
        build(content, folder / name) if isinstance(content, dict) else (folder / name).write_bytes(content)


def content(folder: Path) -> dict[str, bytes]:
    """Every file below `folder`, hidden ones too."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}

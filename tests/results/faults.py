"""Faults made on purpose: a process killed, or a call failing, at its N-th change of the disk; a power cut at any.

The product has no hooks for this: the functions of `os` that it calls are replaced.
"""

import os
import re
import shutil
import signal
import stat
import sys
import warnings
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHANGES = ("open", "write", "fsync", "ftruncate", "replace", "unlink", "mkdir", "rmdir")


@contextmanager
def patched(before: Callable[..., Any]) -> Iterator[None]:
    """Call `before(name, *args)` ahead of every call that can change the disk; of a write it may do a part, and say
    how many bytes that was.
    """
    originals = {name: getattr(os, name) for name in CHANGES}

    def wrap(name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if (name != "open" or args[1] & os.O_CREAT) and (written := before(name, *args)):
                return written + originals[name](args[0], args[1][written:])
            return originals[name](*args, **kwargs)

        return call

    for name in CHANGES:
        setattr(os, name, wrap(name))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(os, name, original)


def killed_at(point: int, action: Callable[[], object], changes: Collection[str] = CHANGES) -> bool:
    """Run `action` in a forked process that dies by SIGKILL at its `point`-th change; a write first gets half-way.

    False if it came to its end before.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the child does nothing that needs other threads
        child = os.fork()
    if child == 0:
        write, left = os.write, [point]

        def before(name: str, *args: Any) -> None:
            for half in ((False, True) if name == "write" else (False,)) if name in changes else ():
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


EVERY = [pytest.param(3, id="every third"), pytest.param(1, id="every", marks=pytest.mark.slow)]
"""Points at which faults strike: one in three, and all of them among the proofs that take long."""


def kill_points(action: Callable[[], object], prepare: Callable[[], object], step: int = 1) -> Iterator[int]:
    """Each `step`-th point of `action`, each time on what `prepare` made, until it comes to its end unkilled."""
    for point in range(1, 1000, step):
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
Tree = dict[str, bytes | None]
"""Path -> bytes, None for a folder."""


class PowerCuts:
    """Watches a folder while an action runs, and knows at each change what a power cut there may leave on the disk.

    A file's bytes are safe once it was synced, a folder's names once the folder was. What is not safe may be
    there or not. `states` are, before every change and at the end: only what is safe; all names there are, with
    zeros for bytes that are not safe; what is safe and one other change, as if the disk had reordered them.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.states: list[list[Tree]] = []
        self._held: dict[int, int] = {}  # open, so that no inode number is given out again
        self._bytes: dict[int, bytes] = {}
        self._names: dict[int, dict[str, tuple[int, bool]]] = {}
        self._moved: dict[str, str] = {}
        for place in (folder, *folder.rglob("*")):
            self._sync(place)

    @contextmanager
    def watch(self) -> Iterator[None]:
        fsync = os.fsync

        def before(name: str, *args: Any) -> None:
            self._take()
            if name == "replace" and Path(args[0]).parent != Path(args[1]).parent:
                source, target = (str(Path(path).relative_to(self.folder)) for path in args)
                self._moved[source] = target
            if name == "fsync":
                fsync(args[0])
                self._sync(Path(os.readlink(f"/proc/self/fd/{args[0]}")))

        try:
            with patched(before):
                yield
            self._take()
        finally:
            for descriptor in self._held.values():
                os.close(descriptor)

    def _sync(self, place: Path) -> None:
        inode = place.stat().st_ino
        if inode not in self._held:
            self._held[inode] = _OPEN(place, os.O_RDONLY)
        if place.is_dir():
            members = [(member, member.stat()) for member in place.iterdir()]
            self._names[inode] = {member.name: (s.st_ino, stat.S_ISDIR(s.st_mode)) for member, s in members}
        else:
            self._bytes[inode] = place.read_bytes()

    def _take(self) -> None:
        safe = self._safe(self.folder.stat().st_ino)
        present: Tree = {}
        for path in self.folder.rglob("*"):
            size, known = path.stat().st_size, self._bytes.get(path.stat().st_ino, b"")
            name = str(path.relative_to(self.folder))
            present[name] = None if path.is_dir() else known[:size] + bytes(size - len(known[:size]))
        moves = {source: target for source, target in self._moved.items() if source in safe and source not in present}
        changes = [{name} for name in safe | present if name not in moves] + [set(pair) for pair in moves.items()]
        mixed = [{n: t[n] for n in safe | present if n in (t := present if n in names else safe)} for names in changes]
        self.states.append([safe, present, *(tree for tree in mixed if tree not in (safe, present))])

    def _safe(self, inode: int, above: str = "") -> Tree:
        tree: Tree = {}
        for name, (member, folder) in self._names.get(inode, {}).items():
            tree[above + name] = None if folder else self._bytes.get(member, b"")
            if folder:
                tree |= self._safe(member, f"{above}{name}/")
        return tree


class Disk:
    """A folder that each fault finds as `prepare` made it, and that knows in which states faults have left it.

    What the next command does depends on the state only, so that each state needs one proof.
    """

    def __init__(self, folder: Path, prepare: Callable[[], object]) -> None:
        folder.mkdir()
        prepare()
        self.folder, self._prepared = folder, tree_of(folder)
        self._seen: set[tuple[tuple[str, bytes | None], ...]] = set()

    def rewind(self, tree: Tree | None = None) -> None:
        """Bring back what was prepared, or make it `tree`."""
        shutil.rmtree(self.folder)
        self.folder.mkdir()
        build(self._prepared if tree is None else tree, self.folder)

    def kill_states(self, action: Callable[[], object]) -> list[Tree]:
        """What `action` leaves if it is killed before any of its changes, or half-way through a write.

        `action` itself comes to its end: killing a process for each state takes longer than what is to be proved.
        """
        write, states = os.write, []

        def before(name: str, *args: Any) -> int:
            states.append(tree_of(self.folder))
            if name != "write":
                return 0
            half = write(args[0], args[1][: len(args[1]) // 2])
            states.append(tree_of(self.folder))
            return half

        with patched(before):
            action()
        return states

    def is_new(self) -> bool:
        """Whether no fault has left this state before, random names of temporary files aside."""
        tree = tree_of(self.folder)
        state = tuple(sorted((re.sub(r"-\w+\.tmp$", ".tmp", name), data or b"") for name, data in tree.items()))
        known = state in self._seen
        self._seen.add(state)
        return not known


def build(tree: Tree, folder: Path) -> None:
    for name, data in tree.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).mkdir(exist_ok=True) if data is None else (folder / name).write_bytes(data)


def tree_of(folder: Path, above: str = "") -> Tree:
    """Everything below `folder`, hidden files too."""
    tree: Tree = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                tree |= {above + entry.name: None, **tree_of(Path(entry), f"{above}{entry.name}/")}
            else:
                tree[above + entry.name] = Path(entry).read_bytes()
    return tree


def content(folder: Path) -> dict[str, bytes]:
    """Every file below `folder`, hidden ones too."""
    return {name: data for name, data in sorted(tree_of(folder).items()) if data is not None}

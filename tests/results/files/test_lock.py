import errno
import fcntl
import os
import signal
import subprocess
import sys

import pytest

from mlpcli.errors import Busy, FileError
from mlpcli.results.files.lock import FolderLock
from tests.workers.processes import PATIENCE

HOLD = """
import os, sys, time
from pathlib import Path
from mlpcli.errors import Busy
from mlpcli.results.files.lock import FolderLock
try:
    lock = FolderLock(Path(sys.argv[1]))
except Busy as error:
    print(error, flush=True)
    sys.exit(error.code)
if "fork" in sys.argv:
    child = os.fork()
    if child == 0:
        time.sleep(3600)
    print(child, flush=True)
print("held", flush=True)
sys.stdin.read()
"""


def start(folder, *words):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", HOLD, folder, *words], **pipes)


def test_the_second_is_told_who_holds_it_and_the_folder_is_free_at_death(tmp_path):
    with start(tmp_path) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Busy, match=f"in use by process {holder.pid} on .* since 2.* UTC") as caught:
            FolderLock(tmp_path)
        assert caught.value.code == 75 and "\n" not in str(caught.value)
        holder.kill()
    with FolderLock(tmp_path) as lock:
        assert lock.warning is None
    assert os.listdir(tmp_path) == []


def test_a_forked_child_of_the_dead_holder_does_not_keep_the_folder(tmp_path):
    with start(tmp_path, "fork") as holder:
        child = int(holder.stdout.readline())
        try:
            holder.kill()
            holder.wait()
            os.kill(child, 0)
            FolderLock(tmp_path).release()
        finally:
            os.kill(child, signal.SIGKILL)


def test_of_ten_processes_one_gets_it(tmp_path):
    processes = [start(tmp_path) for _ in range(10)]
    try:
        answers = [process.stdout.readline() for process in processes]
        assert sum(answer == "held\n" for answer in answers) == 1
        assert sum("in use by" in answer for answer in answers) == 9
    finally:
        codes = [process.communicate() and process.returncode for process in processes]
    assert sorted(codes) == [0] + [75] * 9


def test_while_holders_come_and_go_there_is_never_more_than_one(tmp_path):
    """The name of the lock disappears with each holder; a process with the old file open must not think it holds."""
    script = """
import os, sys
from pathlib import Path
from mlpcli.errors import Busy
from mlpcli.results.files.lock import FolderLock
folder, ready, held = Path(sys.argv[1]), Path(sys.argv[2]), 0
(ready / str(os.getpid())).touch()
while len(os.listdir(ready)) < 4:
    pass
while held < 200:
    try:
        with FolderLock(folder):
            os.mkdir(folder / "inside")  # fails if another one is inside
            os.rmdir(folder / "inside")
            held += 1
    except Busy:
        pass
"""
    for name in ("folder", "ready"):
        (tmp_path / name).mkdir()
    command = [sys.executable, "-c", script, tmp_path / "folder", tmp_path / "ready"]
    processes = [subprocess.Popen(command) for _ in range(4)]
    assert [process.wait(PATIENCE) for process in processes] == [0] * 4


def test_the_same_process_is_refused_too_and_keeps_what_it_holds(tmp_path):
    with FolderLock(tmp_path):
        with pytest.raises(Busy, match="this process"):
            FolderLock(tmp_path)
        with start(tmp_path) as other:
            assert "in use by process" in other.stdout.readline()
    lock = FolderLock(tmp_path)
    lock.release()
    lock.release()


def test_a_file_that_merely_exists_means_nothing(tmp_path):
    (tmp_path / ".lock").write_bytes(b"process 1 on moon\n" * 50)
    with FolderLock(tmp_path):
        assert (tmp_path / ".lock").read_text().startswith(f"process {os.getpid()} on ")


def test_what_the_holder_wrote_is_shown_only_if_it_is_one_line(tmp_path):
    with start(tmp_path) as holder:
        holder.stdout.readline()
        (tmp_path / ".lock").write_bytes(b"\x1b[31m\nx\xff")
        with pytest.raises(Busy, match="in use by another process"):
            FolderLock(tmp_path)
        holder.communicate()


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_without_locks_there_is_a_warning_and_it_goes_on(tmp_path, monkeypatch, code):
    def unsupported(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "lockf", unsupported)
    with FolderLock(tmp_path) as lock:
        assert lock.warning is not None and "no file locks" in lock.warning
    assert os.listdir(tmp_path) == []


def test_without_the_module_there_is_a_warning_too(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with FolderLock(tmp_path) as lock:
        assert lock.warning is not None


def test_a_folder_that_cannot_be_written_is_an_error_of_files(tmp_path):
    with pytest.raises(FileError, match="cannot lock"):
        FolderLock(tmp_path / "missing")
    (tmp_path / ".lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileError, match="cannot lock"):
        FolderLock(tmp_path)
    assert not (tmp_path / "elsewhere").exists()


def test_a_full_disk_does_not_hinder_the_lock(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        lock = FolderLock(tmp_path)
    with start(tmp_path) as other:
        assert "in use by another process" in other.stdout.readline()
    lock.release()


def test_a_folder_in_use_is_refused_while_its_holder_lives(tmp_path):
    with start(tmp_path) as holder:
        holder.stdout.readline()
        with pytest.raises(Busy):
            FolderLock(tmp_path)
        assert holder.poll() is None  # which ends only when its stdin is closed, below
        holder.communicate()


def test_the_descriptor_is_not_inherited_by_programs(tmp_path):
    with FolderLock(tmp_path) as lock:
        assert not os.get_inheritable(lock._descriptor)


def test_a_lock_file_that_could_not_be_removed_is_harmless_and_goes_next_time(tmp_path, monkeypatch):
    def refuse(path):
        raise OSError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", refuse)
        FolderLock(tmp_path).release()
    assert os.listdir(tmp_path) == [".lock"]
    FolderLock(tmp_path).release()
    assert os.listdir(tmp_path) == []

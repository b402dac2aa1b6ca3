import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from mlpcli.atomic import make_folder, open_file, remove_stale, shown, stream_atomic, write_all, write_atomic
from mlpcli.errors import FileError
from tests.results.faults import PowerCuts, build, content, failing_at, kill_points

OLD, NEW = b"old" * 1000, b"new" * 5000


def write_stream(path: Path, data: bytes) -> None:
    with stream_atomic(path) as stream:
        stream.write(data.decode())


@pytest.fixture(params=[write_atomic, write_stream])
def write(request: pytest.FixtureRequest) -> Callable[[Path, bytes], None]:
    """Both ways to write a file, whole and piece by piece."""
    return request.param


def test_a_file_appears_with_its_bytes_and_is_replaced(tmp_path, write):
    write(tmp_path / "a", b"")
    assert content(tmp_path) == {"a": b""}
    write(tmp_path / "a", NEW)
    assert content(tmp_path) == {"a": NEW}


@pytest.mark.parametrize("exists", [False, True])
def test_killed_anywhere_the_file_is_the_old_or_the_new_one(tmp_path, exists):
    path = tmp_path / "a"

    def prepare():
        remove_stale(tmp_path)
        path.unlink(missing_ok=True)
        if exists:
            path.write_bytes(OLD)

    points = 0
    for _ in kill_points(lambda: write_atomic(path, NEW), prepare):
        points += 1
        assert (path.read_bytes() if path.exists() else None) in ((OLD if exists else None), NEW)
        remove_stale(tmp_path)
        assert set(os.listdir(tmp_path)) <= {"a"}
    assert points == 6  # create, write, half a write, sync, rename, sync the folder
    assert path.read_bytes() == NEW


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EMFILE])
def test_every_call_may_fail_and_leaves_old_or_new_and_no_rubbish(tmp_path, code, write):
    path = tmp_path / "a"
    for point in range(1, 100):
        path.write_bytes(OLD)
        with failing_at(point, code) as left:
            try:
                write(path, NEW)
            except FileError as error:
                assert str(path.name) in str(error) and os.strerror(code) in str(error)
                assert error.code == 74
            else:
                assert left[0] > 0
                break
        assert content(tmp_path)["a"] in (OLD, NEW)
        assert os.listdir(tmp_path) == ["a"]
    assert point == (6 if write is write_atomic else 5)  # a stream writes without os.write


def test_a_power_cut_leaves_old_or_new_and_after_return_the_new_one(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    (folder / "a").write_bytes(OLD)
    cuts = PowerCuts(folder)
    with cuts.watch():
        write_atomic(folder / "a", NEW)
    for state in cuts.states:
        assert all(tree["a"] in (OLD, NEW) for tree in state)
    assert [tree["a"] for tree in cuts.states[-1]] == [NEW, NEW]
    build(cuts.states[-1][0], tmp_path / "after")
    assert content(tmp_path / "after") == {"a": NEW}


def test_the_power_cuts_notice_a_missing_sync(tmp_path):
    def careless(path: Path, data: bytes) -> None:
        descriptor = os.open(path.with_name("t"), os.O_CREAT | os.O_WRONLY)
        os.write(descriptor, data)
        os.close(descriptor)
        os.replace(path.with_name("t"), path)

    folder = tmp_path / "disk"
    folder.mkdir()
    (folder / "a").write_bytes(OLD)
    cuts = PowerCuts(folder)
    with cuts.watch():
        careless(folder / "a", NEW)
    assert cuts.states[-1][0]["a"] == OLD
    assert cuts.states[-1][1]["a"] == bytes(len(NEW))


def test_an_interrupt_removes_the_temporary_file(tmp_path, monkeypatch):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "a", NEW)
    assert os.listdir(tmp_path) == []


def test_short_writes_are_continued(tmp_path, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:7]))
    write_atomic(tmp_path / "a", NEW)
    assert (tmp_path / "a").read_bytes() == NEW


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o027])
def test_the_mode_is_what_the_umask_leaves(tmp_path, mask):
    before = os.umask(mask)
    try:
        write_atomic(tmp_path / "a", b"x")
        make_folder(tmp_path / "b" / "c")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o666 & ~mask
    assert stat.S_IMODE((tmp_path / "b" / "c").stat().st_mode) == 0o777 & ~mask


def test_links_and_what_is_no_file_are_refused(tmp_path):
    (tmp_path / "real").write_bytes(OLD)
    for target in ("real", "nowhere", "/dev/null"):
        (tmp_path / "link").symlink_to(target)
        with pytest.raises(FileError, match="link: it is a symbolic link"):
            write_atomic(tmp_path / "link", NEW)
        assert (tmp_path / "link").is_symlink() and not (tmp_path / "nowhere").exists()
        (tmp_path / "link").unlink()
    assert (tmp_path / "real").read_bytes() == OLD

    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    for name in ("fifo", "folder", "real/x", "missing/x"):
        for write in (write_atomic, write_stream):
            with pytest.raises(FileError, match="cannot write"):
                write(tmp_path / name, NEW)
    assert stat.S_ISFIFO((tmp_path / "fifo").stat().st_mode)


def test_the_longest_names_can_be_written(tmp_path):
    write_atomic(tmp_path / ("n" * 255), b"x")
    with pytest.raises(FileError, match="name too long"):
        write_atomic(tmp_path / ("n" * 256), b"x")


def test_only_our_own_leftovers_are_removed(tmp_path):
    names = [".mlpcli-0123abcd.tmp", ".mlpcli-0123abcd.tmp.csv", ".mlpcli-zzzzzzzz.tmp", "x.tmp", ".tmpAbC123"]
    for name in names:
        (tmp_path / name).touch()
    remove_stale(tmp_path)
    assert sorted(os.listdir(tmp_path)) == sorted(names[1:])


def test_folders_are_made_below_folders_only(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to("nowhere")
    for name in ("file", "file/x", "dangling"):
        with pytest.raises(FileError, match="cannot create"):
            make_folder(tmp_path / name)
    make_folder(tmp_path)
    (tmp_path / "linked").symlink_to(tmp_path)
    make_folder(tmp_path / "linked" / "x")
    assert (tmp_path / "x").is_dir()


def test_a_file_never_lands_on_a_standard_stream(tmp_path):
    saved = os.dup(0)
    os.close(0)
    try:
        descriptor = open_file(tmp_path / "a", os.O_WRONLY | os.O_CREAT)
        assert descriptor > 2 and not os.get_inheritable(descriptor)
        write_all(descriptor, b"abc")
        os.close(descriptor)
        with pytest.raises(OSError):
            os.fstat(0)
    finally:
        os.dup2(saved, 0)
        os.close(saved)
    assert (tmp_path / "a").read_bytes() == b"abc"


def test_paths_in_messages_are_short_and_on_one_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert shown(tmp_path / "results" / "r") == str(Path("results/r"))
    assert shown(Path("/elsewhere/r")) == str(Path("/elsewhere/r"))
    assert shown(tmp_path / "a\nb\x1b[31m").isprintable()
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert shown(tmp_path) == str(tmp_path)

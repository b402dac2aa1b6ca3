import pytest

from mlpcli.sweeps.plan import caches
from mlpcli.sweeps.plan.caches import MEASURED, core_cache


@pytest.fixture
def folder(tmp_path):
    """Two caches as Linux describes them, the second unified."""

    def make(size, shared):
        for name, level, bytes_, processors in (("index0", 1, "32K", "0"), ("index2", 2, size, shared)):
            (tmp_path / name).mkdir()
            for file, text in (("level", level), ("size", bytes_), ("shared_cpu_list", processors)):
                (tmp_path / name / file).write_text(f"{text}\n")
        return tmp_path

    return make


@pytest.mark.parametrize(
    ("size", "shared", "expected"),
    [
        ("512K", "0", 512 * 1024),
        ("2048K", "0-1", 2**20),  # two threads of a core
        ("4096K", "0-1,8,10-11", 4096 * 1024 // 5),
        ("16384K", "0", MEASURED),
    ],
)
def test_each_processor_has_its_part(folder, size, shared, expected):
    assert core_cache(folder(size, shared)) == expected


@pytest.mark.parametrize(("size", "shared"), [("", "0"), ("512", "0"), ("512K", ""), ("manyK", "0")])
def test_what_cannot_be_read_counts_as_measured(folder, size, shared, monkeypatch):
    monkeypatch.setattr(caches, "_macos", lambda: None)
    assert core_cache(folder(size, shared)) == MEASURED


def test_a_mac_asks_sysctl(tmp_path, monkeypatch):
    program = tmp_path / "sysctl"
    program.write_text("#!/bin/sh\necho 4194304\necho 4\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert core_cache(tmp_path / "nowhere") == 2**20


def test_here_it_is_a_sensible_size():
    assert 2**16 <= core_cache() <= MEASURED

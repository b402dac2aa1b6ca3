"""What installing makes of the kernels: a library where a compiler is, nothing and no word where none is."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from mlpcli.kernels.sources import checksum

ROOT = Path(__file__).parents[2]
COMPILER = shutil.which("cc") or shutil.which("cl")


def python(code, folder, **environment):
    """Run code in a process of its own; what it prints."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folder, env={**os.environ, **environment}, capture_output=True, check=True)
    return done.stdout.decode(), done.stderr.decode()


def test_without_a_compiler_nothing_is_built_and_nothing_said(tmp_path):
    code = "from pathlib import Path; from mlpcli.kernels.build_hook import build; assert build(Path('x')) is None"
    assert python(code, tmp_path, PATH=str(tmp_path), CC="nowhere", PYTHONPATH=str(ROOT)) == ("", "")


def test_sources_stay_out_of_the_wheel_and_numpy_takes_over(tmp_path):
    code = f"from hatchling.build import build_wheel; build_wheel({str(tmp_path)!r})"
    python(code, ROOT, PATH=str(tmp_path), CC="nowhere")
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name.endswith("-py3-none-any.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    names = {path.name for path in (tmp_path / "site" / "mlpcli" / "kernels").iterdir()}
    assert {"compiled.py", "descent.py"} <= names
    assert not {"module.c", "passes.h", "build_hook.py"} & names
    code = "from mlpcli.kernels import compiled, descent; print(compiled.KERNELS)"
    assert python(code, tmp_path / "site", PYTHONPATH=str(tmp_path / "site")) == ("numpy\n", "")


def test_a_library_of_other_sources_is_not_used(tmp_path):
    """Links are known by their number: an older library would take one for another."""
    folder = shutil.copytree(ROOT / "mlpcli" / "kernels", tmp_path / "mlpcli" / "kernels").parent
    (folder / "__init__.py").write_text("")
    (folder / "kernels" / "_compiled.py").write_text("SOURCES = 0\ndef twin(function): return function\n")
    for library in (folder / "kernels").glob("_compiled.*[do]"):
        library.unlink()
    code = "from mlpcli.kernels.compiled import KERNELS; print(KERNELS)"
    environment = {"PYTHONPATH": str(tmp_path), "MLPCLI_KERNELS": "1"}
    assert python(code, tmp_path, **environment)[0] == "numpy\n"
    (folder / "kernels" / "_compiled.py").write_text("def twin(function): return function\n")  # before the number
    assert python(code, tmp_path, **environment)[0] == "numpy\n"
    (folder / "kernels" / "_compiled.py").write_text(f"SOURCES = {checksum()}\ndef twin(function): return function\n")
    assert python(code, tmp_path, **environment)[0] == "compiled\n"


def test_the_library_of_this_checkout_is_of_its_sources():
    compiled = pytest.importorskip("mlpcli.kernels._compiled")
    assert checksum() in (None, getattr(compiled, "SOURCES", 0)), "python -m mlpcli.kernels.build_hook"


@pytest.mark.slow
@pytest.mark.skipif(COMPILER is None, reason="no C compiler here")
def test_with_a_compiler_the_wheel_has_the_library(tmp_path):
    python(f"from hatchling.build import build_sdist; build_sdist({str(tmp_path)!r})", ROOT)
    (sdist,) = tmp_path.glob("*.tar.gz")
    shutil.unpack_archive(sdist, tmp_path / "source")
    (source,) = (tmp_path / "source").iterdir()
    python(f"from hatchling.build import build_wheel; build_wheel({str(tmp_path)!r})", source)
    (wheel,) = tmp_path.glob("*.whl")
    assert "-cp311-abi3-" in wheel.name
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    code = "from mlpcli.kernels import compiled, descent; print(compiled.KERNELS, descent.descend)"
    found, _ = python(code, tmp_path / "site", PYTHONPATH=str(tmp_path / "site"))
    assert found.startswith("compiled <built-in method descend")
    assert python(code, tmp_path / "site", PYTHONPATH=str(tmp_path / "site"), MLPCLI_KERNELS="0")[0].startswith("numpy")


def test_a_library_in_use_is_replaced_and_not_written_over(tmp_path, monkeypatch):
    """A process that has mapped the old file would be ended by the system where it shrinks."""
    from mlpcli.kernels import build_hook

    monkeypatch.setattr(build_hook, "HERE", tmp_path)
    (tmp_path / "new").mkdir()
    for folder, content in ((tmp_path, b"old"), (tmp_path / "new", b"other")):
        (folder / "_compiled.so").write_bytes(content)
    with open(tmp_path / "_compiled.so", "rb") as used:
        build_hook.put(tmp_path / "new" / "_compiled.so")
        assert used.read() == b"old"
    assert (tmp_path / "_compiled.so").read_bytes() == b"other"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["_compiled.so", "new"]

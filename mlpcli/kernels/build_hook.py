"""The compiled twins, built into a wheel where a C compiler is at hand, and left out without a word where none is.

Hatchling runs this file, which no wheel contains. An editable install puts the library beside its sources; so does
`python -m mlpcli.kernels.build_hook`, which shows what the compiler says.
"""

import os
import runpy
import sysconfig
from contextlib import redirect_stderr, redirect_stdout, suppress
from io import StringIO
from pathlib import Path
from shutil import copy2
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

__all__ = ["KernelsHook", "build"]

HERE = Path(__file__).parent

FLAGS = {"msvc": ["/O2", "/std:c11", "/fp:precise"]}
UNIX_FLAGS = ["-O3", "-g0", "-fno-fast-math", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"]
"""Nothing here may change a bit of a result: no fused multiply-add, no reordering of sums."""


class KernelsHook(BuildHookInterface[Any]):
    """Adds the library to a wheel, which is then one for this platform and for CPython 3.11 and later."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, and tell hatchling what came of it; an sdist has the sources."""
        if self.target_name != "wheel":
            return
        self._folder = TemporaryDirectory()
        library = build(Path(self._folder.name))
        if library is None:
            return
        if version == "editable":
            put(library)
            return
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"cp311-abi3-{platform}"
        build_data["pure_python"] = False
        build_data["force_include"][str(library)] = f"mlpcli/kernels/{library.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what the build left behind."""
        if self.target_name == "wheel":
            self._folder.cleanup()


def put(library: Path) -> None:
    """Put the library beside its sources; processes that use the one there keep it."""
    copy2(library, beside := HERE / f"{library.name}.new")
    os.replace(beside, HERE / library.name)


def build(folder: Path) -> Path | None:
    """Compile the library into a folder; None if that cannot be done here, whatever the reason."""
    with suppress(Exception, SystemExit), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        return _compile(folder)
    return None


def _compile(folder: Path) -> Path:
    import numpy as np
    from setuptools import Distribution, Extension
    from setuptools.command.build_ext import build_ext

    checksum = runpy.run_path(str(HERE / "sources.py"))["checksum"]  # mlpcli cannot be imported where it is built
    extension = Extension(
        "_compiled",
        [str(HERE / "module.c")],
        [np.get_include()],
        define_macros=[("SOURCES", str(checksum()))],
        py_limited_api=True,
    )
    command = build_ext(Distribution({"ext_modules": [extension]}))
    command.build_lib, command.build_temp = str(folder), str(folder / "objects")
    command.ensure_finalized()
    compile_one = command.build_extension

    def with_flags(one: Any) -> None:
        one.extra_compile_args = FLAGS.get(command.compiler.compiler_type, UNIX_FLAGS)
        compile_one(one)

    command.build_extension = with_flags
    command.run()
    return Path(command.get_ext_fullpath("_compiled"))


if __name__ == "__main__":
    with TemporaryDirectory() as place:
        put(_compile(Path(place)))

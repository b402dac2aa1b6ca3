"""What `import mlpcli` offers: lazily, with types, and next to nothing loaded."""

import ast
import subprocess
import sys
from pathlib import Path

import mlpcli

STUB = ast.parse(Path(mlpcli.__file__).with_suffix(".pyi").read_text())


def test_every_name_loads_and_the_types_are_of_the_same_things() -> None:
    homes = {
        alias.asname or alias.name: f"{node.module}:{alias.name}"
        for node in STUB.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert homes == mlpcli._HOMES
    for name in homes:
        assert getattr(mlpcli, name) is not None
        assert name in dir(mlpcli)


def test_an_import_loads_nothing_else() -> None:
    """Neither NumPy nor any other module of ours or of Python's."""
    program = "import sys; before = set(sys.modules); import mlpcli; print(set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "{'mlpcli'}"


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    assert not hasattr(mlpcli, "no_such_name")


def test_the_function_stays_when_the_room_it_calls_is_loaded() -> None:
    """A package cannot have a submodule of the name of a function."""
    for name in mlpcli._HOMES:
        assert not (Path(mlpcli.__file__).parent / name).exists()
        assert not (Path(mlpcli.__file__).parent / f"{name}.py").exists()

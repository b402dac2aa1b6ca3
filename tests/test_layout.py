"""The house: which room may import which, names in order, registries that agree, nobody but `cli` prints."""

import ast
import importlib
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import mlpcli
from mlpcli.config import OPTIONS
from mlpcli.nn import ACTIVATIONS, INITIALIZERS, LIFTS, LOSSES, NORMALIZATIONS
from mlpcli.optim import OPTIMIZERS, SCHEDULES

PACKAGE = Path(mlpcli.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

TOP = {
    "assets",
    "atomic",
    "background",
    "condition",
    "errors",
    "installation",
    "json_text",
    "notices",
    "signals",
    "threads",
    "wording",
}
"""Modules beside the rooms, open to all but those that know arrays only, which name the ones that they need."""

ARRAYS_ONLY = {"kernels", "nn", "optim", "autodiff"}

MAY_IMPORT = {
    "kernels": set(),
    "autodiff": set(),
    "nn": {"kernels"},
    "optim": {"kernels", "background"},
    "config": set(),
    "data": {"config"},
    "export": {"autodiff", "nn", "data", "config", "results"},
    "training": {"kernels", "nn", "optim", "data", "config", "results", "export"},
    "gradcheck": {"autodiff", "nn", "config", "data", "training"},
    "plugins": {"autodiff", "nn", "optim", "config", "gradcheck"},
    "results": {"kernels", "config"},
    "workers": set(),
    "sweeps": {"nn", "data", "config", "training", "results", "plugins", "workers"},
    "api": {"data", "config", "training", "results", "plugins", "workers", "sweeps"},
    "estimators": {"nn", "optim", "data", "config", "training", "api"},
    "plot": {"autodiff", "nn", "data", "config", "training", "results"},
    "report": {"config", "results"},
    "cli": {
        "autodiff",
        "data",
        "config",
        "training",
        "gradcheck",
        "results",
        "plugins",
        "sweeps",
        "api",
        "plot",
        "export",
        "report",
    },
}


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("mlpcli."):
            found.add(node.module.split(".")[1])
        elif isinstance(node, ast.ImportFrom) and node.module == "mlpcli":
            found |= {alias.name for alias in node.names} & (TOP | MAY_IMPORT.keys())
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("mlpcli.")}
    return found


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_run_one_way(room):
    allowed = MAY_IMPORT[room] | {room} | (set() if room in ARRAYS_ONLY else TOP)
    found = {path: imports(path) for path in (PACKAGE / room).rglob("*.py")}
    for path, names in found.items():
        assert names <= allowed, path.name
    assert set().union(*found.values()) >= MAY_IMPORT[room], "the table allows what no module needs"


ROOMS_OF_DATA = ("sparse", "cache", "readers", "names", "prepared")


@pytest.mark.parametrize("room", ROOMS_OF_DATA)
def test_rooms_of_data_import_one_way(room):
    """Inside of functions too; each may import from itself and those before it."""
    allowed = {*ROOMS_OF_DATA[: ROOMS_OF_DATA.index(room) + 1]}
    for path in (PACKAGE / "data" / room).rglob("*.py"):
        names = []
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                names.append(node.module or "")
            elif isinstance(node, ast.Import):
                names += [alias.name for alias in node.names]
        found = {f"{name}.".split(".")[2] for name in names if f"{name}.".startswith("mlpcli.data.")}
        assert found <= allowed, path.name


def imported_modules(path: Path) -> set[str]:
    """The modules that a module names at its top, under TYPE_CHECKING too; one of a package counts as itself."""
    body = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ImportFrom | ast.Import | ast.If)]
    nodes = [inner for node in body for inner in ast.walk(node)]
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            within = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (within & NAMES.keys()) or {node.module}
    return found & NAMES.keys()


NAMES = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path for path in MODULES}
NAMES = {name.removesuffix(".__init__"): path for name, path in NAMES.items()}


def test_no_module_imports_itself_through_others():
    """A circle would hold under TYPE_CHECKING alone too: two modules that cannot be understood one after the other."""
    graph = {name: imported_modules(path) for name, path in NAMES.items()}
    with pytest.raises(CycleError):
        list(TopologicalSorter(graph | {"mlpcli.errors": {"mlpcli.cli.main"}}).static_order())
    list(TopologicalSorter(graph).static_order())


def test_every_room_is_listed():
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert rooms == set(MAY_IMPORT)


def test_modules_open_with_why_they_exist_and_only_cli_prints():
    for path in MODULES:
        tree = ast.parse(path.read_text())
        assert ast.get_docstring(tree), path
        if "cli" not in path.relative_to(PACKAGE).parts:
            calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
            assert not [call.lineno for call in calls if call.func.id == "print"], path


def test_public_names_exist_and_are_sorted():
    for name in NAMES.keys() - {"mlpcli.__main__"}:
        module = importlib.import_module(name)
        public = list(getattr(module, "__all__", []))
        constants = [word for word in public if word.isupper() or (word[0] == "_")]
        classes = [word for word in public if word not in constants and word[0].isupper()]
        rest = [word for word in public if word not in constants and word not in classes]
        assert public == sorted(constants) + sorted(classes) + sorted(rest), name  # ruff's order
        assert all(hasattr(module, word) for word in public), name


@pytest.mark.parametrize(
    ("option", "registry", "others"),
    [
        ("activation", ACTIVATIONS, set()),
        ("norm", NORMALIZATIONS, {"none"}),
        ("lift", LIFTS, {"none"}),
        ("loss", LOSSES, {"auto"}),
        ("init", INITIALIZERS, {"auto", "xor", "interpolate", "sawtooth"}),
        ("optimizer", OPTIMIZERS, {"lbfgs"}),
        ("schedule", SCHEDULES, set()),
    ],
)
def test_choices_are_the_registries(option, registry, others):
    assert set(OPTIONS[option].choices) == set(registry) | others

"""The map (mlpcli/README.md) held to the code: every room and module on it, every file it names there, counts true."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "mlpcli"
MAP = (PACKAGE / "README.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of the table rows in a section, headers and rules left out."""
    section = MAP.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    cells = [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in section.splitlines() if line[:1] == "|"
    ]
    return [row for row in cells if "`" in "".join(row)]


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


ADDING = {row[0]: row for row in rows("Where to add")}


def test_every_room_and_every_module_beside_the_rooms_is_on_the_map_and_nothing_else() -> None:
    rooms = {f"{path.parent.relative_to(PACKAGE).as_posix()}/" for path in PACKAGE.glob("*/**/__init__.py")}
    modules = {path.name for path in PACKAGE.glob("*.py")}
    listed = [name for row in rows("The rooms") for name in names(row[0])]
    assert sorted(listed) == sorted(rooms | modules)
    assert all(row[1] for row in rows("The rooms"))


def test_rooms_stand_in_the_order_of_imports() -> None:
    """A room imports from rooms above it."""
    order = [name.rstrip("/") for row in rows("The rooms") for name in names(row[0]) if name.count("/") == 1]
    for place, room in enumerate(order):
        for path in (PACKAGE / room).rglob("*.py"):
            imported = set(re.findall(r"^\s*(?:from|import) mlpcli\.(\w+)", path.read_text(encoding="utf-8"), re.M))
            assert imported.isdisjoint(order[place + 1 :]), path


def test_every_file_that_the_map_names_exists() -> None:
    for name in re.findall(r"`([\w/]+\.py)`", MAP):
        assert (PACKAGE / name).is_file() or (ROOT / name).is_file(), name
    for name in re.findall(r"`([\w/]+/)`", MAP):
        assert (PACKAGE / name).is_dir(), name
    for target in re.findall(r"\]\(([^)#]+)\)", MAP):
        assert (PACKAGE / target).exists(), target


@pytest.mark.parametrize("what", ADDING)
def test_where_to_add_counts_the_files_and_each_has_the_example(what: str) -> None:
    _, example, count, edit = ADDING[what]
    (literal,) = names(example)
    files = [name for name in names(edit) if "." in name]
    assert int(count) == len(files)
    for name in files:
        path = PACKAGE / name if (PACKAGE / name).exists() else ROOT / name
        assert path.exists(), name
        assert literal in path.read_text(encoding="utf-8"), f"{name} has no {literal}"
    if literal.startswith('"'):  # a registered name: it stands in these files and in no other
        having = [path for path in PACKAGE.rglob("*.py") if literal in path.read_text(encoding="utf-8")]
        assert sorted(path.relative_to(PACKAGE).as_posix() for path in having) == sorted(files)


def test_what_people_add_has_a_row() -> None:
    assert {
        "activation",
        "optimizer",
        "metric",
        "option",
        "file format",
        "search strategy",
        "column of trials.csv",
        "command",
        "plot",
    } <= set(ADDING)


def test_the_tests_mirror_the_rooms() -> None:
    """A room of `tests` is a room of `mlpcli`, or one of helpers."""
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    helpers = {"benchmarks", "faults", "__pycache__"}
    assert {path.name for path in (ROOT / "tests").iterdir() if path.is_dir()} <= rooms | helpers


@pytest.mark.parametrize("page", [".github/CONTRIBUTING.md", "mlpcli/CHANGELOG.md"])
def test_links_and_commands_of_the_other_pages(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT / page).parent.joinpath(target).exists(), target
    for module in re.findall(r"python -m (tests\.[\w.]+)", text):
        assert (ROOT / (module.replace(".", "/") + ".py")).is_file(), module
    assert all((ROOT / folder).is_dir() for folder in re.findall(r"pytest (tests/\w+)", text))

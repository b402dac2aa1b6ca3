"""Each test begins and ends with the parts of mlpcli alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugins.parts import ALL_KINDS, tables_restored


@pytest.fixture(autouse=True)
def parts_of_mlpcli_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """In an empty folder."""
    monkeypatch.chdir(tmp_path)
    with tables_restored():
        yield


@pytest.fixture
def parts_file(tmp_path: Path) -> Path:
    """A file with a part of each kind."""
    path = tmp_path / "parts.py"
    path.write_text(ALL_KINDS)
    return path

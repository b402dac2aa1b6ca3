"""The example notebook runs from its first cell to its last, and shows tables and pictures."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import mlpcli
from tests.workers.processes import PATIENCE

NOTEBOOK = Path(__file__).parents[2] / "experiments" / "python.ipynb"


def outputs(notebook: nbformat.NotebookNode) -> list[list[list[str]]]:
    """For each cell of code the kinds of each output, without the empty ones that progress bars leave."""
    return [
        [sorted(output.get("data", {})) for output in cell.outputs if output.get("data", {}).get("text/html") != ""]
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")  # of the kernel's libraries
def test_the_notebook_runs_and_shows_what_is_saved_in_it(tmp_path: Path) -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    saved = outputs(notebook)
    NotebookClient(notebook, timeout=PATIENCE, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert outputs(notebook) == saved
    kinds = {kind for cell in saved for output in cell for kind in output}
    assert {"text/html", "image/png"} <= kinds
    assert list(tmp_path.iterdir()) == []


def test_the_notebook_shows_a_run_of_this_version() -> None:
    """Its run_id says of which options and data; scores depend on the processor too."""
    assert mlpcli.train("digits", width=64, depth=2, epochs=15).id in NOTEBOOK.read_text()


def test_the_notebook_names_no_machine() -> None:
    text = NOTEBOOK.read_text()
    assert not any(word in text for word in ("/home/", "/root/", "/tmp/", "Warning"))
    assert len(text) < 200_000

"""`mlpcli report` from the outside: the file, what is printed, and what is refused."""

import json
from pathlib import Path

import pytest

from mlpcli.cli.main import run
from tests.plot.folders import run_folder, sweep_folder


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_one_page_of_several_results(capsys: pytest.CaptureFixture[str]) -> None:
    sweep_folder(Path("results/s"), {"norm": ["none", "batch"]})
    run_folder(Path("results/r"))
    assert run(["report", "s", "results/r", "-o", "page.html"]) == 0
    captured = capsys.readouterr()
    assert captured.out == "page.html\n" and captured.err == "reading results/s, results/r\n"
    page = Path("page.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>") and "<title>s, r</title>" in page
    assert page.count("<article") == 2


def test_beside_the_results_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    run_folder(Path("results/r"))
    assert run(["report", "r", "--json", "--quiet"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"results": ["results/r"], "files": ["results/r/report.html"]}
    assert captured.err == "" and Path("results/r/report.html").is_file()


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (["nothing"], 2, "there are no results 'nothing'"),
        (["r", "-o", "table.csv"], 2, "--output 'table.csv': expected a name that ends in .html. Nothing was written"),
        (["r", "-o", "no/page.html"], 74, "cannot write no/page.html: No such file or directory"),
    ],
)
def test_what_is_refused(words: list[str], code: int, reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    run_folder(Path("results/r"))
    assert run(["report", *words, "--quiet"]) == code
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.startswith(f"mlpcli: error: {reason}") and captured.err.count("\n") == 1

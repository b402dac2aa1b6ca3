"""Pages in results/reference that are made of a record beside them: anyone can make them again."""

import re
from importlib.metadata import PackageNotFoundError

import pytest

from tests.benchmarks import step, tables


def test_the_page_of_tables_is_made_of_its_record_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of another machine only the line on the machine differs, whatever is installed there."""

    def nothing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(tables, "version", nothing)
    made, kept = (text.split("\n\n") for text in (tables.page(), tables.PAGE.read_text(encoding="utf-8")))
    assert made[:-1] == kept[:-1]
    assert tables.origins() in " ".join(kept[-1].split())
    assert "pytabkit 1.7.3" in kept[-1] and "RealMLP-TD at commit e3b4a5b90b73" in " ".join(kept[-1].split())


def test_the_readme_says_what_the_page_of_tables_says() -> None:
    readme = " ".join((tables.REFERENCE.parents[1] / "README.md").read_text(encoding="utf-8").split())
    told = re.findall(
        r"^- tabular less (.*), 40 tables: \+(\S+) ± (\S+)", tables.PAGE.read_text(encoding="utf-8"), re.M
    )
    assert [who for who, *_ in told] == [tables.NETWORK, tables.REAL, tables.TREES]
    for who, mean, error in told:
        of = {tables.REAL: "RealMLP's", tables.TREES: "that of boosted trees"}.get(who, f"that of {who}")
        assert f"{float(mean):.3f} ± {float(error):.3f} above {of}" in readme


def test_a_missed_limit_shows_the_digits_by_which_it_is_missed() -> None:
    problem = step.PROBLEMS[2]
    times = dict.fromkeys(("ours", "products", "scikit-learn", "PyTorch", "JAX", "bare PyTorch"), 1.0)
    *_, line = step.table([(problem, times | {"ours": 1.004, "scikit-learn": 2.0})])
    assert "| **1.004 (≤ 1.0)** |" in line and "| 0.50 (≤ 0.65) |" in line

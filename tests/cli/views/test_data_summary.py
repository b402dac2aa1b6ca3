"""The data summary on a terminal: every line fits, and notes break between words."""

import pytest
from rich.cells import cell_len

from mlpcli.cli.views.data_summary import summary_lines
from mlpcli.data import ColumnSummary

SUMMARY = [
    ColumnSummary(
        "seen at", "input", "zoned date", 3, 0, "2021-03-01T00:00:00Z to 2022-03-17T01:00:00Z", "read as year"
    ),
    ColumnSummary("height", "input", "number", 1, 2, "-999 to 3.5", "-999 in 12 rows, far from the rest " * 4),
    ColumnSummary("note", "left out", "", 0, 0, "", "--drop"),
]


@pytest.mark.parametrize("width", [40, 80, 120])
def test_lines_fit_the_terminal_and_lose_no_word(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    lines = list(summary_lines(SUMMARY))
    assert max(map(len, lines)) <= width
    assert "".join(lines).replace(" ", "").count("-999in12rows,farfromtherest") == 4
    assert "  'seen at': read as year" in lines and not any("--drop" in line for line in lines)


@pytest.mark.parametrize("width", [24, 40, 80])
def test_names_of_wide_letters_fit_and_are_aligned(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    wide = [
        ColumnSummary("\u5e74\u9f84" * 12, "input", "number", 1, 2, "1 to 3", ""),
        ColumnSummary("\u57ce\u5e02", "input", "text", 3, 0, "3: '\u5317\u4eac\u5e02'", "\u65e0 is a gap"),
    ]
    lines = list(summary_lines(wide))
    assert max(map(cell_len, lines)) <= width
    if width == 80:
        starts = [cell_len(line[: line.index(word)]) for line, word in zip(lines[1:], ("num", "tex"), strict=False)]
        assert len(starts) == 2 and len(set(starts)) == 1

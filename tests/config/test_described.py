"""The words made of the declaration: a table of all options, ranges that match what is refused."""

import re
from pathlib import Path

from mlpcli.config import OPTIONS, check_value
from tests.option_table import BEGIN, END, option_table, write_table


def test_the_table_has_a_row_an_option() -> None:
    head, rule, *rows = option_table().splitlines()
    assert (head, rule) == ("| option | default | values | meaning |", "|---|---|---|---|")
    assert [row.split("`")[1] for row in rows] == list(OPTIONS)
    assert "| `lr` | the optimizer's own | a number above 0 | learning rate |" in rows
    assert "| `norm` | none | none, batch, layer | normalization of each hidden layer |" in rows
    assert "| `batch_size` | 32 | an integer from 1 to 1000000000, or full |" in option_table()
    assert all(row.count("|") == 5 for row in rows)


def test_bounds_in_words_are_the_bounds() -> None:
    checked = 0
    for option in OPTIONS.values():
        if option.types == {int}:
            low, high = map(int, re.findall(r"from (\d+) to (\d+)", option.allowed)[0])
            for value, good in ((low - 1, False), (low, True), (high, True), (high + 1, False)):
                checked += 1
                assert (check_value(option.name, value, "") is None) == good, option.name
    assert checked >= 24


def test_help_is_one_plain_clause() -> None:
    for option in OPTIONS.values():
        assert option.help, option.name
        assert not re.search(r"[.\[\]|\n]$|[\[\]|\n]", option.help), option.name
        assert option.flag == "--" + option.name.replace("_", "-")


def test_groups_stand_together() -> None:
    groups = [option.group for option in OPTIONS.values()]
    assert groups == sorted(groups, key=list(dict.fromkeys(groups)).index)
    assert list(dict.fromkeys(groups)) == [
        "Data",
        "Reading",
        "Network",
        "Loss",
        "Regularization",
        "Optimization",
        "Training",
    ]


def test_the_table_is_written_between_the_marks(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text(f"# é\n\n{BEGIN}old\n{END}\n\nmore\n", encoding="utf-8")
    write_table(page)
    assert page.read_text(encoding="utf-8") == f"# é\n\n{BEGIN}{option_table()}{END}\n\nmore\n"

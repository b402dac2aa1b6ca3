"""`--set`: any key of any table, checked as if it stood in the file."""

from pathlib import Path

import pytest

from mlpcli.errors import UsageError
from mlpcli.sweeps.plan.plan_file import plan_sweep
from mlpcli.sweeps.plan.sweep_plan import Plan

FILE = """
seeds = 2
[base]
dataset = "iris"
epochs = 8
[grid]
width = [4]
norm = ["none", "layer"]
"""


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def plan(*settings: str, text: str = FILE) -> Plan:
    Path("s.toml").write_text(text)
    return plan_sweep(Path("s.toml"), settings=settings)


def test_lists_of_the_grid() -> None:
    found = plan("grid.width=[8, 16]", "epochs=3")
    assert [found.shown(index) for index in range(4)] == [(8, "none"), (8, "layer"), (16, "none"), (16, "layer")]
    assert found.options(0).epochs == 3


def test_the_folder_keeps_a_file_that_means_the_same() -> None:
    found = plan("grid.width=[8, 16]", "halving.factor=2", "compare.norm=none", "epochs=4")
    again = plan(text=found.file.text())
    assert [again.shown(index) for index in range(4)] == [found.shown(index) for index in range(4)]
    assert again.file.halving == found.file.halving and again.file.compare == {"norm": "none"}
    assert again.options(0) == found.options(0)


def test_hyphens_as_in_flags() -> None:
    found = plan("grid.batch-size=[8, 16]", "compare.batch-size=8", "weight-decay=0.1")
    assert found.file.compare == {"batch_size": 8} and found.options(3).batch_size == 16
    assert found.options(0).weight_decay == 0.1


@pytest.mark.parametrize("value", ["none", '"none"', "'none'", " none "])
def test_words_need_no_quotes(value: str) -> None:
    assert plan(f"compare.norm={value}").baselines == [0, 0]


def test_keys_of_the_file_and_of_tables_within_tables() -> None:
    text = FILE + "[random]\ntrials = 50\nlr = { low = 1e-3, high = 0.1 }\n"
    found = plan("random.trials=3", "random.lr.low=0.05", "seeds=1", "where=[\"norm == 'none'\"]", text=text)
    assert len(found) == 3
    assert all(found.options(index).lr >= 0.05 for index in range(3))


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("gird.width=[8]", "--set gird.width: no such key"),
        ("grid.width=[8", "--set grid.width: got '[8', which is not a value of TOML"),
        ("grid.width=8", "s.toml: [grid] width: got 8, expected a list of values"),
        ("grid.wdth=[8]", "s.toml: [grid] wdth: no such option; did you mean width?"),
        ("grid.width.low=1", "--set grid.width.low: width is not a table"),
        ("seeds=1\nname = 2", "expected one value"),
        ("grid..width=[8]", "no such key"),
        ("halving.factor=1", "s.toml: [halving] factor: got 1, expected an integer of at least 2"),
        ("wdth=8", "--set wdth: no such option"),
        ("epochs", "--set: got 'epochs', expected KEY=VALUE"),
    ],
)
def test_what_is_wrong(setting: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        plan(setting)
    assert said in str(caught.value)

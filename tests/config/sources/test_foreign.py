"""Names that other tools have: every one leads to an option or a value of ours, wherever it is typed."""

from pathlib import Path

import pytest

from mlpcli.cli.main import run
from mlpcli.config import OPTIONS, Source, build, read_toml
from mlpcli.config.sources import foreign
from mlpcli.errors import UsageError
from mlpcli.sweeps.spec.keys import TABLES


def test_the_table_leads_to_options_that_exist() -> None:
    for name, ours in foreign._OPTIONS.items():
        assert name not in OPTIONS
        assert ours == foreign._SWEEP or any(word.strip(",;") in OPTIONS for word in ours.split()), ours
    for option, values in foreign._VALUES.items():
        assert set(values.values()) <= set(OPTIONS[option].choices)
        assert set(values).isdisjoint(OPTIONS[option].choices)


@pytest.mark.parametrize(
    ("key", "value", "hint"),
    [
        ("learning_rate", 0.1, "run.toml: learning_rate: no such option; use lr"),
        ("loss", "mse", "run.toml: loss: got 'mse', expected one of .*; use squared"),
        (
            "width",
            [64, 32],
            r"run.toml: width: got the list \[64, 32\], expected an integer .*; use hidden 64,32 for one size",
        ),
        ("grid", {"lr": [0.1]}, "run.toml: grid: no such option; it belongs in a sweep file, for mlpcli sweep"),
        ("device", "cuda", "run.toml: device: no such option; use threads, since mlpcli trains on the CPU"),
    ],
)
def test_a_file(key: str, value: object, hint: str) -> None:
    with pytest.raises(UsageError, match=hint):
        build(Source({key: value}, "run.toml: "))


def test_a_sweep_file_given_as_options_is_known_by_each_of_its_tables() -> None:
    tables = {name: {} for name in TABLES}
    with pytest.raises(UsageError) as caught:
        build(Source({**tables, "where": ["depth > 1"], "points": []}, "run.toml: "))
    assert str(caught.value).count("it belongs in a sweep file, for mlpcli sweep") == len(tables) + 2


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("--layers 64 64", "no such option --layers; use --hidden, sizes separated by commas, as in 64,64"),
        ("--batch-norm", "no such option --batch-norm; use --norm batch"),
        ("--gpu", "no such option --gpu; use --threads, since mlpcli trains on the CPU"),
        ("--json true", "switches such as --json take no value"),
        ("--width 64,32", "use hidden 64,32 for one size per layer"),
    ],
)
def test_the_command_line(words: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", *words.split()]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and len(shown.err.splitlines()) == 1 and hint in shown.err


def test_other_formats_of_configuration(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"reads TOML and no \.yaml file"):
        read_toml(tmp_path / "run.yaml")

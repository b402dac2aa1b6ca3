"""`mlpcli datasets` from the outside: what it lists, shows, removes and refuses."""

import json
from pathlib import Path
from urllib.error import URLError

import pytest

from mlpcli.assets import asset_folder
from mlpcli.cli.main import run


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("MLPCLI_DATA_HOME", str(folder))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return folder


def test_the_list_names_every_card(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["datasets"]) == 0
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert lines[0].split() == ["name", "task", "rows", "features", "classes", "source", "licence", "here"]
    (iris,) = (line for line in lines if line.startswith("iris "))
    assert iris.split() == ["iris", "classification", "150", "4", "3", "scikit-learn", "CC", "BY", "4.0", "yes"]
    assert captured.err == ""


def test_the_list_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["datasets", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["datasets"]}
    assert rows["linnerud"]["task"] == "regression" and rows["linnerud"]["classes"] is None
    assert rows["xor"]["rows"] == 4 and rows["xor"]["here"] is True and rows["xor"]["bytes"] == 0


def test_one_dataset_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["datasets", "iris", "--json"]) == 0
    iris = json.loads(capsys.readouterr().out)
    assert iris["splits"] == {"train": 105, "val": 15, "test": 30}
    assert iris["classes"][0] == {"name": "setosa", "train": 35, "val": 5, "test": 10}
    assert iris["columns"][2] == {
        "name": "petal length (cm)",
        "role": "input",
        "kind": "number",
        "inputs": 1,
        "gaps": 0,
        "values": "1 to 6.7",
        "note": "",
    }
    assert iris["targets"] == ["species"] and iris["licence"] == "CC BY 4.0" and len(iris["digest"]) == 64


def test_one_dataset_to_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["datasets", "moons:n=50"]) == 0
    out = capsys.readouterr().out
    assert "rows:     35 train, 5 val, 10 test" in out and "Two interleaved half circles" in out
    assert run(["datasets", "digits"]) == 0
    assert "pixel_0_0 … pixel_7_7  number" in capsys.readouterr().out
    assert run(["datasets", "wine", "--target", "alcohol, hue"]) == 0
    assert "target:   alcohol, hue" in capsys.readouterr().out


def test_the_parameters_of_a_generated_dataset(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["datasets", "circles:n=50"]) == 0
    lines = capsys.readouterr().out.splitlines()
    at = lines.index("Parameters, as in circles:n=50,noise=0.1:")
    assert [line.split(maxsplit=2)[:2] for line in lines[at + 2 : at + 6]] == [
        ["n", "50"],
        ["noise", "0.1"],
        ["factor", "0.5"],
        ["seed", "0"],
    ]
    assert "from 0 to 1" in lines[at + 4] and lines[at + 4].endswith("radius of the inner circle")
    assert run(["datasets", "xor"]) == 0
    assert "Parameters" not in capsys.readouterr().out


def test_what_is_not_here_is_not_downloaded_unasked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from sklearn import datasets

    def unreachable(**options: object) -> None:
        raise URLError("no network in a test")

    monkeypatch.setattr(datasets, "fetch_covtype", unreachable)
    assert run(["datasets", "covtype"]) == 0
    captured = capsys.readouterr()
    assert "rows:     581012 with 54 features" in captured.out and "no; download it with --fetch" in captured.out
    assert run(["datasets", "covtype", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["here"] is False
    assert run(["datasets", "openml:61"]) == 2
    assert "Type mlpcli datasets openml:61 --fetch" in capsys.readouterr().err
    assert run(["datasets", "covtype", "--fetch"]) == 69
    assert "cannot download covtype: no network in a test. Nothing was kept." in capsys.readouterr().err


def test_tables_of_the_users_own(capsys: pytest.CaptureFixture[str]) -> None:
    rows = "".join(f"{i};{i % 9 + 1}/01/2020;{'ab'[i % 2]}\n" for i in range(40))
    Path("my.csv").write_text("size;when;kind\n" + rows, encoding="utf-16")
    words = ["datasets", "my.csv", "--delimiter", ";", "--encoding", "utf-16", "--target", "kind"]
    assert run(words) == 65
    assert "my.csv, line 2, column 'when': '1/01/2020' begins with the day" in capsys.readouterr().err
    assert run([*words, "--drop", "when"]) == 0
    out = capsys.readouterr().out
    assert [line.split() for line in out.splitlines() if line.startswith("  size")] == [
        ["size", "number", "1", "0", "to", "39"]
    ]
    assert "when    left out" in out and "28 train, 4 val, 8 test" in out


def test_clear_removes_one_or_all(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("iris", "wine", "moons:n=50"):
        assert run(["datasets", name, "--quiet"]) == 0
    kept = home / "prepared" / "notes"
    kept.mkdir()
    capsys.readouterr()
    assert run(["datasets", "iris", "--clear"]) == 0
    captured = capsys.readouterr()
    assert captured.out == "" and "removed 2 cached entries of iris" in captured.err
    assert not list(home.glob("*/iris-*")) and len(list(home.glob("*/wine-*"))) == 2
    assert run(["datasets", "--clear", "--json", "--quiet"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["removed"] == 4 and captured.err == ""
    assert [path.name for path in home.glob("*/*")] == ["notes"]


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["irsi"], 2, "no such dataset; did you mean iris?"),
        (["wine", "--target", "alcool"], 2, "did you mean alcohol"),
        (["--fetch"], 2, "name the dataset"),
        (["--clear", "--target", "x"], 2, "--target: options of one dataset. Name it"),
        (["iris", "--fetch", "--clear"], 2, "only one of them"),
        (["linnerud", "--data-home", "/dev/null/home"], 74, "cannot write"),
    ],
)
def test_what_is_wrong_is_one_line(
    words: list[str], code: int, text: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["datasets", *words]) == code
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1 and text in captured.err
    assert captured.err.startswith("mlpcli: error: ")
    assert not list(home.glob("prepared/*"))


def test_a_broken_card_is_a_warning_in_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    Path("datasets").mkdir()
    Path("datasets/mine.toml").write_text("title = 3")
    assert run(["datasets"]) == 0
    captured = capsys.readouterr()
    assert "iris" in captured.out and captured.err.startswith("mlpcli: warning: card") and "mine.toml" in captured.err


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [("moons", 'generator = "moons"', 'generator = "moon"'), ("iris", 'loader = "iris"', 'loader = "irises"')],
)
def test_a_card_of_a_source_that_is_not_there_is_a_warning_too(
    capsys: pytest.CaptureFixture[str], name: str, right: str, wrong: str
) -> None:
    card = (asset_folder("datasets") / f"{name}.toml").read_text()
    assert right in card
    Path("datasets").mkdir()
    Path("datasets/mine.toml").write_text(card.replace(right, wrong))
    assert run(["datasets"]) == 0
    captured = capsys.readouterr()
    assert f"mine.toml: [origin] {wrong.replace(chr(34), chr(39))} is unknown; did you mean {name}?" in captured.err
    assert not any(line.startswith("mine ") for line in captured.out.splitlines())

"""Names that no file has: 200,000 characters, NUL, half of a surrogate pair: one line, and a documented code."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mlpcli.cli.main import run

NAMES = {
    "200,000 characters": "n" * 200_000,
    "many folders": "d/" * 10_000,
    "256 characters": "n" * 256,
    "NUL": "a\0b",
    "half of a surrogate pair": "a\ud800b",
    "a very long list of parameters": "moons:" + "n=1," * 50_000,
    "a very long number": "openml:" + "9" * 200_000,
}
SMALL = ["--dataset", "moons:n=20", "--width", "2", "--depth", "1", "--epochs", "1", "--quiet"]
SWEEP = 'name = "s"\n[base]\ndataset = "moons:n=20"\nepochs = 1\nwidth = 2\n[grid]\ndepth = [1]\n'


def commands(name: str) -> Iterator[list[str]]:
    """Every place of a command where a name of the user's may stand."""
    yield ["train", *SMALL, "--dataset", name]
    yield ["train", *SMALL, "--dataset", "t.csv", "--target", name]
    for flag in ("--name", "--results", "--config", "--data-home", "--activation"):
        yield ["train", *SMALL, flag, name]
    yield ["train", "--config", "c.toml"]
    yield ["train", f"--{name}"]
    for command in ("sweep", "eval", "plot", "datasets", "graph", "list", "show"):
        yield [command, name]
    yield ["sweep", "named.toml"]
    for setting in (name, f"dataset={name}", f"{name}=3"):
        yield ["sweep", "s.toml", "--set", setting]
    for flag in ("--name", "--results", "--seeds", "--executor"):
        yield ["sweep", "s.toml", flag, name]
    yield [name]


@pytest.mark.parametrize("kind", NAMES)
def test_impossible_names(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = NAMES[kind]
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    Path("t.csv").write_text("a,y\n" + "".join(f"{row},{row % 3}\n" for row in range(12)))
    Path("s.toml").write_text(SWEEP)
    written = name.replace("\0", "\\u0000").encode("utf-8", "surrogatepass")
    Path("c.toml").write_bytes(b'dataset = "' + written + b'"\n')
    Path("named.toml").write_bytes(b'name = "' + written + b'"\n[base]\ndataset = "xor"\n')
    before = sorted(Path().iterdir())
    for words in commands(name):
        code = run(words)
        said = capsys.readouterr().err
        place = " ".join(words[:-1])
        assert code in (2, 65, 74), place
        assert said.startswith("mlpcli: error: ") and len(said) < 20_000, place
        assert said.removesuffix("\n").replace("\n  ", "").isprintable(), place
        assert sorted(Path().iterdir()) == before, place

"""TOML from anyone: what is wrong is one line with file, line and column, and nothing takes long."""

import errno
import os
import tracemalloc
from pathlib import Path

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from mlpcli.config import as_dict, build, read_options, read_toml
from mlpcli.config.options import RunOptions
from mlpcli.errors import FileError, UsageError
from tests.examples import examples
from tests.measure import cpu_loops


def refusal(path: Path) -> str:
    with pytest.raises(UsageError) as caught:
        read_toml(path)
    text = str(caught.value)
    assert text.startswith(str(path))
    assert "\n" not in text
    return text.removeprefix(str(path))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "run.toml"


def test_options_and_their_places(file: Path) -> None:
    file.write_bytes(b'\xef\xbb\xbfdepth = 3\r\nnorm_position = "after"\n')
    source = read_options(file)
    assert build(source).depth == 3
    assert source.place("depth") == f"{file}: depth"


@pytest.mark.parametrize(
    ("content", "refused"),
    [
        (b"depth = 1\nwidth = = 2\n", ":2:9: Invalid value"),
        (
            b'dataset = "C:\\new\\x.csv"\n',
            ":1:20: Unescaped '\\' in a string. A path with backslashes stands in single quotes",
        ),
        (b"depth = 1\ntarget = '\xe9t\xe9'\n", ":2:11: byte 0xe9 is not UTF-8"),
        ("depth = 1".encode("utf-16"), ":1:1: byte 0xff is not UTF-8"),
        (b"depth = \x001", ":1:9: Invalid value"),
        (b"depth", ": Expected '=' after a key in a key/value pair"),
        (b"depth = 1\ndepth = 2", ": Cannot overwrite a value"),
    ],
)
def test_what_is_not_toml(file: Path, content: bytes, refused: str) -> None:
    file.write_bytes(content)
    assert refusal(file) == refused


@pytest.mark.parametrize(
    ("content", "refused"),
    [
        (b"a = " + b"[" * 100_000, "nested too deeply"),
        (b"a = " + b"{a=" * 100_000, "Invalid|nested too deeply"),
        (b".".join([b"a"] * 20_000) + b" = 1", "a key of more than 32 parts"),
        (b" . ".join([b'"a"'] * 20_000) + b" = 1", "a key of more than 32 parts"),
        (b"[" + b".".join([b"a"] * 20_000) + b"]", "a key of more than 32 parts"),
        (b"seed = " + b"1" * 5_000, "an integer has too many digits"),
        (b"a" * 2**20, "Expected"),
        (b"'" * 2**20, "Expected|Invalid"),
        (b"x = " + b"." * 10**6, "Invalid value"),
        (b"#" * (2**20 + 1), "larger than 1048576 bytes"),
    ],
)
def test_bombs_are_refused_soon(file: Path, content: bytes, refused: str) -> None:
    file.write_bytes(content)
    said = []
    assert cpu_loops(lambda: said.append(refusal(file))) < 20  # measured: 0.01 to 2.1
    assert any(reason in said[0] for reason in refused.split("|"))


def test_a_long_list_of_numbers_is_no_long_key(file: Path) -> None:
    file.write_text(f"max_norm = [{', '.join(['0.25'] * 1000)}]\ndataset = 'a.b.c.d'\n# {'...' * 100}\n")
    assert len(read_toml(file)["max_norm"]) == 1000  # type: ignore[arg-type]


def test_files_that_are_none(tmp_path: Path, file: Path) -> None:
    assert refusal(tmp_path) == ": Is a directory"
    assert refusal(file) == ": No such file or directory"
    os.mkfifo(file)
    assert refusal(file) == ": not a regular file"
    assert refusal(Path("/dev/zero")) == ": not a regular file"
    with pytest.raises(UsageError, match="null byte"):
        read_toml(Path("a\0b"))


@pytest.mark.parametrize("code", [errno.EIO, errno.EACCES, errno.EMFILE])
def test_an_error_of_the_disk_is_no_usage_error(file: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def fail(*_: object) -> int:
        raise OSError(code, os.strerror(code))

    file.write_text("")
    monkeypatch.setattr(os, "open", fail)
    with pytest.raises(FileError, match=rf"^cannot read .*: {os.strerror(code)}(\. [A-Z]|$)"):
        read_toml(file)


def test_a_huge_file_is_not_read(file: Path) -> None:
    with open(file, "wb") as sparse:
        sparse.truncate(2**33)
    tracemalloc.start()
    assert refusal(file) == ": larger than 1048576 bytes"
    assert tracemalloc.get_traced_memory()[1] < 10 * 2**20
    tracemalloc.stop()


@settings(max_examples=examples(80))
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(content)
    try:
        build(read_options(path))
    except UsageError as error:
        assert str(path) in str(error)


def test_config_toml_is_flat_and_read_back(file: Path) -> None:
    options = RunOptions(dataset='odd "name"\né\U0001f600', lr=1e-5, target=("a", "b")).with_hidden()
    file.write_text(tomli_w.dumps(as_dict(options)), encoding="utf-8")
    assert build(read_options(file)) == options
    content = read_toml(file)
    assert not any(isinstance(value, dict) for value in content.values())
    assert content.keys().isdisjoint(("width", "depth"))

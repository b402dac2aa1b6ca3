"""One spelling of JSON in the whole package: digests of options, of data and of models agree on it."""

import re
from pathlib import Path

import pytest

import mlpcli
from mlpcli import json_text


def test_the_canonical_spelling() -> None:
    assert json_text.canonical({"b": (1, 2.0), "a": [None, True, 1e-8, "é"]}) == (
        r'{"a":[null,true,1e-08,"\u00e9"],"b":[1,2.0]}'
    )
    for value in (float("nan"), [float("inf")]):
        with pytest.raises(ValueError, match="not JSON compliant"):
            json_text.canonical(value)


def test_what_is_pretty_is_strict_json() -> None:
    text = json_text.pretty({"b": float("nan"), "a": (1, "é")})
    assert text == '{\n  "b": null,\n  "a": [\n    1,\n    "é"\n  ]\n}\n'
    assert json_text.parse(text) == {"b": None, "a": [1, "é"]}


@pytest.mark.parametrize("text", ["NaN", '{"a":1,"a":2}', "[" * 100_000, b"\xff", "{"])
def test_nothing_else_is_read(text: str) -> None:
    with pytest.raises(ValueError):
        json_text.parse(text)


def test_sorted_keys_are_written_in_one_place() -> None:
    package = Path(mlpcli.__file__).parent
    writers = [path.name for path in package.rglob("*.py") if re.search(r"sort_keys|separators=", path.read_text())]
    assert writers == ["json_text.py"]

"""What messages repeat of what users wrote: short, on one line, and with the nearest known name."""

import pytest

from mlpcli.wording import listed, nearest, quote, sentence


def test_quoted_text_is_short_and_on_one_line() -> None:
    assert quote("a\n\x1b[31m\u202e") == r"'a\n\x1b[31m\u202e'"
    for value in ("x" * 10**6, "\0" * 10**6, [[1] * 1000] * 1000, {"a": "b" * 1000}):
        assert len(quote(value)) <= 203
    assert quote("begin" + "x" * 10**6 + "end").endswith("end'")
    assert quote(2**70) == hex(2**70)
    assert quote(16**10**4 - 1).startswith("0xffff")
    assert quote(True) == "true"


@pytest.mark.parametrize(
    ("word", "words", "hint"),
    [
        ("irsi", ["wine", "iris"], "; did you mean iris?"),
        ("prize", ["Price", "n"], "; did you mean Price?"),
        ("PRICE", ["Price"], "; did you mean Price?"),
        ("pric\n", ["price\n"], r"; did you mean price\n?"),
        ("width", ["seed"], ""),
        ("", ["seed"], ""),
        ("x" * 10**6, ["seed"], ""),
    ],
)
def test_the_nearest_name(word: str, words: list[str], hint: str) -> None:
    assert nearest(word, words) == hint


def test_lists_and_sentences() -> None:
    assert listed([]) == ""
    assert listed(list("abcdefghijklm")).endswith("'l', …")
    assert sentence("no such name") == "no such name."
    assert sentence("is it x?") == "is it x?"

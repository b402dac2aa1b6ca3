"""Words of users and files, as messages repeat them: on one line, never too long, with the name probably meant."""

import difflib
from collections.abc import Iterable, Sequence

__all__ = ["class_name", "closest", "counted", "listed", "nearest", "quote", "raised", "sentence"]

LONGEST = 200  # characters of one value
MOST = 12  # names of a list


def class_name(value: object) -> str:
    """The name of a class as tables have it, where a program gives a boolean or a number.

    >>> class_name(2.0), class_name(0.5), class_name(True), class_name("True")
    ('2', '0.5', 'true', 'True')
    """
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def quote(value: object) -> str:
    """A value much as it was written: texts in quotes with control characters escaped, long ones without their middle.

    >>> quote("a" * 500).count("a"), quote([True, 0.5]), quote({"low": 1})
    (200, '[true, 0.5]', '{...}')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        half = LONGEST // 2
        shown = repr(value if len(value) <= LONGEST else f"{value[:half]}…{value[-half:]}")
    elif isinstance(value, int) and abs(value) >= 2**64:
        shown = hex(value)  # Python refuses to write huge integers in decimal
    elif isinstance(value, list | tuple):
        shown = f"[{', '.join(map(quote, value[:LONGEST]))}]"
    elif isinstance(value, dict):
        shown = "{...}"
    else:
        shown = str(value)
    return shown if len(shown) <= LONGEST + len("'…'") else f"{shown[:LONGEST]}…"


def counted(number: int, noun: str) -> str:
    """A number of things, such as those of a noun with a plural in s.

    >>> counted(1, "trial"), counted(12, "hidden unit")
    ('1 trial', '12 hidden units')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


def listed(names: Sequence[str]) -> str:
    """The first dozen names, each in quotes.

    >>> listed(["age", "height"])
    "'age', 'height'"
    """
    return ", ".join(map(quote, names[:MOST])) + (", …" if len(names) > MOST else "")


def nearest(word: str, words: Iterable[str]) -> str:
    """The end of a message about an unknown word: the closest of the known words as a question, or nothing.

    >>> nearest("Dorpout", ["dropout", "depth"])
    '; did you mean dropout?'
    >>> nearest("seed", ["width"])
    ''
    """
    match = closest(word, words)
    return f"; did you mean {quote(match)[1:-1]}?" if match else ""


def closest(word: str, words: Iterable[str]) -> str:
    """The one of the words that looks most like `word`, whatever the case of its letters, or an empty text.

    >>> closest("RED", ["green", "red"]), closest("violet", ["green", "red"])
    ('red', '')
    """
    known = {name.lower(): name for name in words}
    matches = difflib.get_close_matches(word[:LONGEST].strip().lower(), known, n=1)
    return known[matches[0]] if matches else ""


def raised(error: BaseException) -> str:
    r"""An exception on one line.

    >>> raised(ValueError("got 6 features,\n  expected 8")), raised(AssertionError())
    ('ValueError: got 6 features, expected 8', 'AssertionError')
    """
    text = " ".join(str(error).split())[:LONGEST]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def sentence(text: str) -> str:
    """The text with a full stop, unless it ends as a sentence already.

    >>> sentence("no such dataset"), sentence("no such dataset; did you mean iris?")
    ('no such dataset.', 'no such dataset; did you mean iris?')
    >>> sentence("there are 'a', 'b', …")
    "there are 'a', 'b', …"
    """
    return text if text.endswith((".", "?", "…")) else f"{text}."

"""Seeded damage to files: of their bytes, of the cells of a table, of the values of a JSON document.

Every function takes a `random.Random` and returns something else for each of its states; nothing else decides.
"""

import json
import struct
from collections.abc import Callable
from random import Random
from typing import Any

from safetensors.numpy import load

from mlpcli import json_text
from mlpcli.results.files import tensor_file

__all__ = ["bytes_of", "cells_of", "json_of", "model_of", "text_of"]

NASTY = (
    "", " ", "0", "-1", "1", "1e999", "-1e999", "nan", "inf", "1_0", "0x10", "٣", "9" * 30, "9" * 5000, "0" * 400 + "1",
    "1.5", "true", "null", "None", "=1+1", "'", '"', '""', "\\", "\0", "\x1b[31m", "\ufeff", "\u2028", "é", "𝟘",
    "a" * 5000, "\ud800", "[" * 300, "[" * 3000 + "]" * 3000,
    "../../x", "/dev/null", ",", ";", "\n", "\r", "\r\n", "\t", "[", "]", "{", "}", "=", ".", "#",
)  # fmt: skip
"""Texts that readers trip over."""

VALUES: tuple[Callable[[Random], Any], ...] = (
    lambda rng: None,
    lambda rng: rng.choice([True, False]),
    lambda rng: rng.choice([0, 1, -1, 2**31, 2**63, 2**64, 10**18, -(2**63) - 1, 10**300]),
    lambda rng: rng.choice([0.5, -0.0, 1e308, -1.5, 1e-320]),
    lambda rng: rng.choice(NASTY),
    lambda rng: [],
    lambda rng: {},
    lambda rng: [rng.choice(NASTY), None, 3, {"a": []}],
    lambda rng: nested(rng.choice([50, 400])),
    lambda rng: "auto",
)


def nested(depth: int) -> Any:
    value: Any = 0
    for _ in range(depth):
        value = [value]
    return value


def bytes_of(rng: Random, sound: bytes) -> bytes:
    """One to four wounds: bits, bytes, pieces lost, doubled, moved or overwritten, the end cut off."""
    data = bytearray(sound)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(data) + 1)
        end = min(len(data), at + rng.choice((1, 2, 4, 16, 100)))
        match rng.randrange(9):
            case 0 if at < len(data):
                data[at] ^= 1 << rng.randrange(8)
            case 1:
                data[at:end] = rng.randbytes(end - at)
            case 2:
                del data[at:end]
            case 3:
                data[at:at] = data[at:end]
            case 4:
                data[at:at] = rng.choice(NASTY).encode("utf-8", "surrogatepass")
            case 5:
                data[at:end] = rng.choice((b"\0", b"\xff", b"\x7f")) * (end - at)
            case 6:
                del data[at:]
            case 7:
                other = rng.randrange(len(data) + 1)
                data[at:end] = data[other : other + end - at]
            case _:
                number = rng.choice((0, 1, 2**15, 2**31 - 1, 2**32 - 1, 2**63 - 1))
                data[at : at + 8] = struct.pack("<Q", number)[: max(0, len(data) - at)]
    return bytes(data)


def text_of(rng: Random, sound: bytes) -> bytes:
    """Words of a text lost, doubled, exchanged or replaced by nasty ones; now and then wounded bytes."""
    if rng.random() < 0.3:
        return bytes_of(rng, sound)
    pieces = [piece for piece in _words(sound.decode()) if piece]
    for _ in range(rng.choice((1, 1, 2, 3))):
        at = rng.randrange(len(pieces))
        match rng.randrange(5):
            case 0:
                pieces[at] = rng.choice(NASTY)
            case 1:
                pieces[at] = ""
            case 2:
                pieces[at] *= 2
            case 3:
                other = rng.randrange(len(pieces))
                pieces[at], pieces[other] = pieces[other], pieces[at]
            case _:
                pieces.insert(at, rng.choice(NASTY))
    return "".join(pieces).encode("utf-8", "surrogatepass")


def _words(text: str) -> list[str]:
    words, word = [], ""
    for character in text:
        if character.isalnum() or character == "_":
            word += character
        else:
            words += [word, character]
            word = ""
    return [*words, word]


def cells_of(rng: Random, sound: bytes) -> bytes:
    """Cells and lines of a CSV file lost, doubled, exchanged or replaced; now and then wounded bytes."""
    if rng.random() < 0.3:
        return bytes_of(rng, sound)
    rows = [line.split(",") for line in sound.decode().split("\n")]
    for _ in range(rng.choice((1, 1, 2, 3))):
        row = rng.randrange(len(rows))
        column = rng.randrange(len(rows[row])) if rows[row] else 0
        match rng.randrange(8):
            case 0 | 1 if rows[row]:
                rows[row][column] = rng.choice(NASTY)
            case 2:
                rows[row][column : column + 1] = []
            case 3:
                rows.insert(row, list(rows[rng.randrange(len(rows))]))
            case 4:
                del rows[row : row + rng.choice((1, 2))]
                rows = rows or [[""]]
            case 5:
                other = rng.randrange(len(rows))
                rows[row], rows[other] = rows[other], rows[row]
            case 6:
                for cells in rows:
                    cells[column : column + 1] = []
            case _:
                rows[row] = [cell.strip('"').replace(".", rng.choice((",", ";", "\t"))) for cell in rows[row]]
    return "\n".join(map(",".join, rows)).encode("utf-8", "surrogatepass")


def json_of(rng: Random, sound: bytes) -> bytes:
    """Members of a JSON document lost, renamed, exchanged or of another type; now and then wounded text."""
    if rng.random() < 0.3:
        return text_of(rng, sound)
    return json.dumps(value_of(rng, json.loads(sound)), indent=2).encode()


def value_of(rng: Random, value: Any) -> Any:
    """The value with one to three of its members, at any depth, changed."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        places = list(_places(value))
        if not places:
            return rng.choice(VALUES)(rng)
        holder, key = rng.choice(places)
        match rng.randrange(6):
            case 0 | 1:
                holder[key] = rng.choice(VALUES)(rng)
            case 2:
                del holder[key]
            case 3 if isinstance(holder, dict):
                holder[rng.choice(NASTY)] = holder.pop(key)
            case 4:
                other, second = rng.choice(places)
                if key in _keys(holder) and second in _keys(other):
                    holder[key] = json.loads(json.dumps(other[second]))
            case _ if isinstance(holder, list):
                holder.append(json.loads(json.dumps(holder[key])))
            case _:
                holder[key] = [holder[key]]
    return value


def _places(value: Any) -> Any:
    for key in _keys(value):
        yield value, key
        yield from _places(value[key])


def _keys(value: Any) -> list[Any]:
    return list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []


def model_of(rng: Random, sound: bytes) -> bytes:
    """A model file whose description is changed and signed again, so that only its meaning is wrong."""
    if rng.random() < 0.3:
        return bytes_of(rng, sound)
    length = int.from_bytes(sound[:8], "little")
    header = json.loads(sound[8 : 8 + length])
    (key,) = header["__metadata__"]
    described = json.loads(header["__metadata__"][key])
    described.pop("sha256")
    if rng.random() < 0.2:
        header = value_of(rng, header)
    described = value_of(rng, described)
    try:
        if isinstance(described, dict):
            described["sha256"] = tensor_file._digest(load(sound), described)
        text = json_text.canonical(described)
    except (ValueError, TypeError):
        text = json.dumps(described)
    if isinstance(header, dict):
        header["__metadata__"] = {key: text}
    head = json.dumps(header).encode()
    return struct.pack("<Q", len(head)) + head + sound[8 + length :]

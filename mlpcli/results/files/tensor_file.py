"""Named arrays with one description in a safetensors file; reading it checks every bit.

safetensors alone accepts a flipped bit, a renamed tensor, a shape of 10**15 and NaN. The description, under one
metadata key since several would be written in random order, is therefore canonical JSON with a SHA-256 over itself and
every tensor's name, dtype, shape and bytes. The digest finds accidents; an attacker could compute a new one. Reading
a forged file is safe all the same: its shapes are compared with the description and the size of the file before
anything is allocated, and nothing in it is code.
"""

import hashlib
import math
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import mlpcli
from mlpcli import json_text
from mlpcli.atomic import io_errors, open_file, shown
from mlpcli.errors import DataError, MlpcliError, PluginError

__all__ = ["FORMAT", "HEADER_LIMIT", "Arrays", "Expected", "Layout", "decode", "encode", "read"]

FORMAT = 1
HEADER_LIMIT = 8 << 20
"""Most bytes of the header, which contains the description: enough for 100,000 fitted columns."""

_CODES = {"<f4": "F32", "<f8": "F64", "<i4": "I32", "<i8": "I64", "<u8": "U64", "|u1": "U8", "|b1": "BOOL"}
_DTYPES = {code: np.dtype(dtype) for dtype, code in _CODES.items()}

Arrays = dict[str, npt.NDArray[Any]]
Layout = Mapping[str, tuple[npt.DTypeLike, tuple[int, ...]]]
"""Name -> (dtype, shape)."""
Expected = Callable[[dict[str, Any]], Layout]
"""The layout that a description implies; raises ValueError, TypeError, LookupError or MlpcliError for a bad one."""


def encode(arrays: Mapping[str, npt.NDArray[Any]], description: Mapping[str, Any], *, key: str) -> bytes:
    """The bytes of a file: the same arrays and description give the same bytes.

    `format`, `version` and `sha256` are added to the description; `key` names the kind of file.

    Raises:
        ValueError: a dtype that is not stored, or NaN in the description.
        DataError: the description, which grows with the columns and names of the data, exceeds `HEADER_LIMIT`.
    """
    from safetensors.numpy import save

    plain = {name: _little_endian(array) for name, array in arrays.items()}
    described = {**description, "format": FORMAT, "version": mlpcli.__version__}
    described["sha256"] = _digest(plain, described)
    data = save(plain, {key: json_text.canonical(described)})
    if (size := int.from_bytes(data[:8], "little")) > HEADER_LIMIT:
        raise DataError(
            f"cannot save the network: the description of its data has {size:,} bytes, more than {HEADER_LIMIT:,}"
        )
    return data


def read(path: Path, *, key: str, what: str, expected: Expected | None = None) -> tuple[Arrays, dict[str, Any]]:
    """The arrays and the description of a file, with its `format` and `version`; messages call the file `what`.

    Raises:
        FileError: the file cannot be opened or read.
        DataError: the file is of another kind, is damaged, or does not match its description.
    """
    with io_errors("read", path):
        descriptor = open_file(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))  # a FIFO must not block
        try:
            return decode(descriptor, key, expected)
        except ValueError as error:
            raise DataError(f"cannot use {shown(path)} as {what}: {error}") from error
        finally:
            os.close(descriptor)


def decode(descriptor: int, key: str, expected: Expected | None = None) -> tuple[Arrays, dict[str, Any]]:
    """As `read`, from an open file.

    Raises:
        ValueError: with the reason why the file is unusable.
    """
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("it is not a regular file")
    with open(descriptor, "rb", closefd=False) as file:
        length = int.from_bytes(file.read(8), "little")
        if status.st_size < 8 or length > min(status.st_size - 8, HEADER_LIMIT):
            raise ValueError("it is not a safetensors file, or is cut short")
        header = _header(file.read(length))
        description = _description(header.pop("__metadata__", None), key)
        digest = description.pop("sha256", None)
        size = 8 + length + _check_layout(header, None if expected is None else _implied(expected, description))
        if status.st_size != size:
            raise ValueError(f"it has {status.st_size:,} bytes, its header says {size:,}")
        file.seek(0)
        arrays = _load(file.read(size))
    if _digest(arrays, description) != digest:
        raise ValueError("it is damaged (its SHA-256 differs)")
    return arrays, description


def _header(data: bytes) -> dict[str, Any]:
    try:
        header = json_text.parse(data)
    except ValueError as error:
        raise ValueError("it is not a safetensors file, or is damaged") from error
    if not isinstance(header, dict):
        raise ValueError("it is not a safetensors file")
    return header


def _description(metadata: object, key: str) -> dict[str, Any]:
    """The description, checked to be written by mlpcli, in a format that this version reads, and canonical."""
    if not isinstance(metadata, dict) or list(metadata) != [key] or not isinstance(metadata[key], str):
        raise ValueError("it was not written by mlpcli for this purpose")
    description = json_text.parse(metadata[key])
    if not isinstance(description, dict) or json_text.canonical(description) != metadata[key]:
        raise ValueError("it is damaged (its description is not canonical)")
    made = description.get("format")
    if type(made) is not int or made < 1:
        raise ValueError("it is damaged (no format number)")
    if made > FORMAT:
        other, ours = str(description.get("version"))[:20], mlpcli.__version__
        raise ValueError(f"it has format {made} (mlpcli {other!a}); this is mlpcli {ours}, which reads up to {FORMAT}")
    return description


def _implied(expected: Expected, given: dict[str, Any]) -> Layout:
    try:
        return expected(given)
    except PluginError:
        raise  # the file is sound
    except (ArithmeticError, AttributeError, LookupError, MlpcliError, RecursionError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"its description is unusable ({type(error).__name__}: {reason})") from error


def _check_layout(header: dict[str, Any], layout: Layout | None) -> int:
    """The size of the tensors in bytes; ValueError if they are not those of `layout`, unless that is None."""
    if layout is not None and header.keys() != layout.keys():
        odd = sorted(header.keys() ^ layout.keys())
        raise ValueError(f"its tensors are not those of its network: {', '.join(map(ascii, odd))[:200]}")
    size = 0
    for name, entry in header.items():
        dtype = _DTYPES.get(str(entry.get("dtype"))) if isinstance(entry, dict) else None
        if dtype is None or not _is_shape(entry.get("shape")):
            raise ValueError(f"its tensor {name[:100]!a} has no known dtype or no shape")
        shape = tuple(entry["shape"])
        if layout is not None:
            needed = np.dtype(layout[name][0]), tuple(layout[name][1])
            if (dtype, shape) != needed:
                found = f"{dtype} {shape}"[:100]
                raise ValueError(f"its tensor {name!a} is {found}, its network needs {needed[0]} {needed[1]}")
        size += dtype.itemsize * math.prod(shape)
    return size


def _is_shape(value: object) -> bool:
    return isinstance(value, list) and len(value) < 64 and all(type(n) is int and 0 <= n < 1 << 63 for n in value)


def _load(data: bytes) -> Arrays:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return load(data)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"it is damaged ({' '.join(str(error).split())[:200]})") from error


def _digest(arrays: Mapping[str, npt.NDArray[Any]], description: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(json_text.canonical(description).encode())
    for name in sorted(arrays):
        array = _little_endian(arrays[name])
        digest.update(json_text.canonical([name, _CODES[array.dtype.str], array.shape]).encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _little_endian(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The array as dense little-endian memory, without a copy if it is that already; the shape () is kept."""
    plain = np.asarray(array, dtype=array.dtype.newbyteorder("<"), order="C")
    if plain.dtype.str not in _CODES:
        raise ValueError(f"the dtype {array.dtype} is not stored")
    return plain

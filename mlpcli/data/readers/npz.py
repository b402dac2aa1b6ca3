"""Reader of NumPy archives: X, one row per example (images are flattened), and y, one or more values per row."""

import io
import math
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.config import DataOptions
from mlpcli.data.cache.table import Table, TableColumn, TableWriter, blocks_of
from mlpcli.data.readers.arrays import are_pictures, cell_type, check_block, check_shape, input_columns, read_y
from mlpcli.data.readers.file_format import FileFormat, Wanted, foreign
from mlpcli.errors import DataError, MlpcliError
from mlpcli.wording import listed, quote

__all__ = ["NPZ"]

KIND = "an archive of NumPy arrays"


def read_npz(files: Sequence[Path], writer: TableWriter, wanted: Wanted) -> Table:
    """Read X and y into the cache block by block; nothing in the archive is ever unpickled.

    Texts, booleans and whole numbers in y may be classes. Rows for a trained model may lack y, which is not read where
    it is not asked for. Raises DataError for archives that hold something else.
    """
    (path,) = files
    with foreign(path, KIND):
        archive = zipfile.ZipFile(path)
    with archive:
        labelled = wanted.kinds is None or (bool(wanted.targets) and "y.npy" in archive.namelist())
        y, targets = _targets(path, archive) if labelled else (None, [])
        with _member(path, archive, "X") as (file, shape, dtype):
            width = math.prod(shape[1:])
            if y is None:
                y = np.zeros((shape[0], 0), np.uint8)
            if shape[0] != len(y):
                raise DataError(f"{path}: {shape[0]} rows in X, but {len(y)} in y")
            cells = cell_type(dtype, y)
            for rows in blocks_of(shape[0], width):
                block = _read(path, file, dtype, (rows.stop - rows.start) * width).reshape(-1, width)
                check_block(block, rows.start, str(path))
                writer.append(np.column_stack([block, y[rows]]).astype(cells))
    return writer.finish([*input_columns(width, dtype), *targets], [target.name for target in targets])


def resolve_npz(options: DataOptions) -> DataOptions:
    """With `scale` auto, 8-bit pictures `(rows, height, width, ...)` are scaled as those of IDX files are."""
    if options.scale != "auto" or not _holds_pictures(Path(options.dataset)):
        return options
    return options.model_copy(update={"scale": "unit"})


def _holds_pictures(path: Path) -> bool:
    try:
        with foreign(path, KIND), zipfile.ZipFile(path) as archive, archive.open("X.npy") as file:
            shape, _, dtype = _header(file)
    except MlpcliError:  # `read_npz` says what is wrong with the file
        return False
    return are_pictures(shape, dtype)


def _targets(path: Path, archive: zipfile.ZipFile) -> tuple[NDArray[Any], list[TableColumn]]:
    """y as numbers or codes, (rows, targets), and its columns."""
    with _member(path, archive, "y") as (file, shape, dtype):
        return read_y(_read(path, file, dtype, math.prod(shape)).reshape(shape[0], -1), str(path))


@contextmanager
def _member(path: Path, archive: zipfile.ZipFile, name: str) -> Iterator[tuple[IO[bytes], tuple[int, ...], Any]]:
    """The content of one array after its header, row by row, with its shape and dtype."""
    if f"{name}.npy" not in archive.namelist():
        held = listed([member.removesuffix(".npy") for member in archive.namelist()])
        raise DataError(f"{path}: it has no array {quote(name)}; X and y are expected (arrays: {held})")
    with foreign(path, KIND):
        file = archive.open(f"{name}.npy")
    with file:
        with foreign(path, KIND):
            shape, by_columns, dtype = _header(file)
        check_shape(name, shape, dtype, str(path))
        if math.prod(shape) * dtype.itemsize > archive.getinfo(f"{name}.npy").file_size:
            raise DataError(f"{path}: cut off. Make it again")
        if by_columns and len(shape) > 1:
            content = _read(path, file, dtype, math.prod(shape)).reshape(shape[::-1])
            yield io.BytesIO(np.ascontiguousarray(content.T).data), shape, dtype
        else:
            yield file, shape, dtype


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, Any]:
    """Shape, whether columns come first, and dtype of an array; `file` then stands at its content."""
    version = np.lib.format.read_magic(file)
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    try:
        shape, by_columns, dtype = header(file)
    except MemoryError as error:  # what Python's parser makes of a thousand signs in a row
        raise ValueError("its header is nested too deeply") from error
    return shape, by_columns, dtype


def _read(path: Path, file: IO[bytes], dtype: Any, count: int) -> NDArray[Any]:
    with foreign(path, KIND):
        content = file.read(count * dtype.itemsize)
    if len(content) < count * dtype.itemsize:
        raise DataError(f"{path}: cut off. Make it again")
    return np.frombuffer(content, dtype)


NPZ = FileFormat(read_npz, resolve=resolve_npz)

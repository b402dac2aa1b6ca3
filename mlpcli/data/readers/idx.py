"""Reader of folders of IDX files, the format of MNIST: images and labels of two sets, gzipped or not."""

import gzip
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray

from mlpcli.config import DataOptions
from mlpcli.data.cache.table import Table, TableColumn, TableWriter
from mlpcli.data.readers.file_format import FileFormat, Wanted
from mlpcli.errors import DataError, FileError, why
from mlpcli.wording import counted

__all__ = ["IDX"]

NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
ROWS = 4096  # images read at a time
MOST_PIXELS = 1 << 20


def find_idx(folder: Path) -> list[Path]:
    """The four files of a folder, in the order of `NAMES`.

    Raises:
        FileError: for the first file that is missing.
    """
    return [_find(folder, name) for name in NAMES]


def resolve_idx(options: DataOptions) -> DataOptions:
    """The options with the labels as target and pixels scaled to [0, 1], unless they say otherwise."""
    scale = "unit" if options.scale == "auto" else options.scale
    return options.model_copy(update={"target": options.target or ("label",), "scale": scale})


def read_idx(files: Sequence[Path], writer: TableWriter, wanted: Wanted) -> Table:
    """Read images and labels of both sets as one table of bytes; the second set is the test set.

    Raises DataError for files that are cut off, damaged, or do not belong together.
    """
    highest, counts = 0, []
    shape: tuple[int, ...] = ()
    for images, labels in (files[:2], files[2:]):
        with _open(images, 3) as (image_file, (rows, *size)), _open(labels, 1) as (label_file, (count,)):
            if rows != count:
                raise DataError(f"{labels}: {count} labels, but {rows} images in {images.name}")
            if shape not in ((), tuple(size)):
                raise DataError(f"{images}: images of {size} pixels, but {list(shape)} in {files[0].name}")
            shape = tuple(size)
            counts.append(rows)
            for start in range(0, rows, ROWS):
                some = min(ROWS, rows - start)
                block = np.empty((some, size[0] * size[1] + 1), np.uint8)
                block[:, :-1] = _read(image_file, images, some * size[0] * size[1]).reshape(some, -1)
                block[:, -1] = _read(label_file, labels, some)
                highest = max(highest, int(block[:, -1].max()))
                writer.append(block)
            for path, file in ((images, image_file), (labels, label_file)):
                if file.read(1):
                    raise DataError(f"{path}: more content than its header says")
    pixels = [TableColumn(f"pixel_{row}_{column}") for row in range(shape[0]) for column in range(shape[1])]
    label = TableColumn("label", "text", tuple(str(code) for code in range(highest + 1)))
    return writer.finish([*pixels, label], ["label"], test_rows=counts[1])


def _find(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise FileError(f"cannot read {folder}: it contains neither {name} nor {name}.gz")


@contextmanager
def _open(path: Path, dimensions: int) -> Iterator[tuple[IO[bytes], list[int]]]:
    """The file, positioned after its header, and its shape."""
    try:
        with cast(IO[bytes], gzip.open(path) if path.suffix == ".gz" else path.open("rb")) as file:
            magic, shape = _read(file, path, 4), _read(file, path, 4 * dimensions)
            if magic.tolist() != [0, 0, 8, dimensions]:
                raise DataError(f"{path}: not an IDX file of unsigned bytes with {counted(dimensions, 'dimension')}")
            sizes = [int(size) for size in shape.view(">u4")]
            if min(sizes) == 0 or int(np.prod(sizes[1:], dtype=np.float64)) > MOST_PIXELS:
                raise DataError(f"{path}: its header gives the impossible shape {sizes}")
            yield file, sizes
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path}: damaged: {error}. Download it again") from error
    except OSError as error:
        raise FileError(f"cannot read {path}: {why(error)}") from error


def _read(file: IO[bytes], path: Path, count: int) -> NDArray[np.uint8]:
    content = file.read(count)
    if len(content) < count:
        raise DataError(f"{path}: cut off. Download it again")
    return np.frombuffer(content, np.uint8)


IDX = FileFormat(read_idx, resolve=resolve_idx, find=find_idx)

"""Datasets that scikit-learn downloads, with a time limit, into a folder that is removed after reading.

scikit-learn keeps some downloads as pickles and would load them again; here only the table is kept.
"""

import gzip
import http.client
import json
import re
import socket
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.cache.table import Table, TableColumn, TableWriter, blocks_of
from mlpcli.data.readers.column_reader import ColumnReader
from mlpcli.data.sparse.sparse_rows import SparseRows, is_sparse
from mlpcli.errors import DataError, FileError, Unavailable, UsageError, why
from mlpcli.installation import install_command

__all__ = ["FETCHERS", "fetch", "fetch_openml"]

PATIENCE = 30.0  # seconds without a byte

RowsAndTargets = tuple[NDArray[Any], NDArray[Any]]


def as_they_are(part: Any) -> list[RowsAndTargets]:
    """Rows and targets of what most of scikit-learn's functions return."""
    return [(part.data, np.asarray(part.target))]


def by_names(part: Any) -> list[RowsAndTargets]:
    """The same where `target` holds numbers into `target_names`."""
    return [(part.data, np.asarray(part.target_names)[np.asarray(part.target)])]


def by_places(part: Any) -> list[RowsAndTargets]:
    """Species by the places where they were seen, with test rows set apart."""
    return [(np.column_stack([seen["dd long"], seen["dd lat"]]), seen["species"]) for seen in (part.train, part.test)]


@dataclass(frozen=True)
class Fetcher:
    """What one of scikit-learn's functions is asked for, once per part, and how the answers are read.

    The rows of the parts follow one another. `features` are names where the answer has none; None numbers them.
    """

    asked: tuple[dict[str, Any], ...] = ({},)
    read: Callable[[Any], list[RowsAndTargets]] = as_they_are
    features: tuple[str, ...] | None = None


FETCHERS = {
    "20newsgroups_vectorized": Fetcher(({"subset": "all"},)),
    "california_housing": Fetcher(),
    "covtype": Fetcher(),
    "kddcup99": Fetcher(),
    "lfw_pairs": Fetcher(({"subset": "train"}, {"subset": "test"}), by_names),
    "lfw_people": Fetcher(({"min_faces_per_person": 70, "resize": 0.4},), by_names),
    "olivetti_faces": Fetcher(),
    "rcv1": Fetcher(({"subset": "all"},)),
    "species_distributions": Fetcher(read=by_places, features=("longitude", "latitude")),
}
"""scikit-learn's functions by the end of their names."""


def fetch(name: str, targets: tuple[str, ...], writer: TableWriter) -> Table:
    """One of `FETCHERS`; a target of texts or whole numbers holds classes.

    Raises:
        Unavailable: the download failed.
        UsageError: pictures, without the package that opens them.
    """
    fetcher = FETCHERS[name]
    with writer.scratch() as folder, _network(name):
        from sklearn import datasets

        download = getattr(datasets, f"fetch_{name}")
        try:
            parts = [download(data_home=folder, n_retries=1, **options) for options in fetcher.asked]
        except ImportError as error:
            raise UsageError(f"dataset {name}: its pictures need Pillow. Type: {install_command('plot')}") from error
    if is_sparse(parts[0].get("data")):
        return _sparse_table(parts[0], targets, writer)
    pairs = [pair for part in parts for pair in fetcher.read(part)]
    data = pairs[0][0] if len(pairs) == 1 else np.concatenate([rows for rows, _ in pairs])
    numbers = np.concatenate([target for _, target in pairs])
    names = parts[0].get("feature_names") or fetcher.features or [f"pixel_{i}" for i in range(data.shape[1])]
    columns = [TableColumn(str(feature)) for feature in names]
    for at in range(data.shape[1]) if data.dtype == object else ():
        if isinstance(data[0, at], bytes):
            texts, data[:, at] = _codes(data[:, at])
            columns[at] = TableColumn(columns[at].name, "text", texts)
    column = TableColumn(targets[0])
    if numbers.dtype.kind != "f":
        classes, numbers = _codes(numbers)
        column = TableColumn(targets[0], "text", classes)
    for rows in blocks_of(*data.shape):
        writer.append(np.column_stack([data[rows], numbers[rows]]).astype(np.float64))
    return writer.finish([*columns, column], targets)


def _sparse_table(part: Any, targets: tuple[str, ...], writer: TableWriter) -> Table:
    """The table of sparse rows: their classes are codes, and their labels a sparse matrix of 0 and 1."""
    names = tuple(str(name) for name in part.target_names)
    cells, columns = np.asarray(part.target)[..., None], [TableColumn(targets[0], "text", names)]
    if is_sparse(part.target):
        cells, columns = part.target.toarray().astype(np.uint8), [TableColumn(name) for name in names]
    writer.append_sparse(SparseRows.of(part.data).moved(1, part.data.shape[1] + 1))
    writer.append(cells)
    return writer.finish(columns, [column.name for column in columns])


def _codes(values: NDArray[Any]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """The different values as texts, and the code of each cell, (rows,)."""
    different, codes = np.unique(values, return_inverse=True)
    texts = (value.decode() if isinstance(value, bytes) else str(value) for value in different.tolist())
    return tuple(texts), codes


def fetch_openml(name: str, targets: tuple[str, ...], writer: TableWriter) -> Table:
    """A dataset of OpenML by its number or name; `targets`, if any, replace the target columns that OpenML names.

    Raises:
        Unavailable: the download failed.
        UsageError: OpenML has no such dataset.
        DataError: a dataset that cannot be used.
    """
    which = {"data_id": int(name)} if name.isdigit() else {"name": name}
    with writer.scratch() as folder, _network(f"openml:{name}"):
        try:
            bunch = _ask_openml(folder, which)
        except ValueError as error:
            raise _refusal(name, str(error)) from error
        except (LookupError, TypeError) as error:
            raise _unavailable(f"openml:{name}", ValueError("the answer is not in OpenML's format")) from error
    targets = targets or tuple(bunch.target_names or ())
    # OpenML says what each column holds, so nothing is left to decide
    columns = [ColumnReader(str(name), at, name in targets, fixed=True) for at, name in enumerate(bunch.frame.columns)]
    writer.append(np.column_stack([_smallest(_read(bunch.frame, column, f"openml:{name}")) for column in columns]))
    return writer.finish([column.finish() for column in columns], targets)


def _ask_openml(folder: Path, which: dict[str, Any]) -> Any:
    from sklearn import datasets

    options = which | {"data_home": folder, "n_retries": 1, "as_frame": True, "parser": "pandas"}
    try:
        return datasets.fetch_openml(**options)
    except TypeError:
        # scikit-learn 1.9 looks for quotes around categories, but pandas 3.1 reads 0, 1, 2 as numbers; reading them as
        # texts helps. The download is in the folder already.
        answer = next(folder.glob("**/features/*.gz"))
        features = json.loads(gzip.decompress(answer.read_bytes()))["data_features"]["feature"]
        texts = {at: str for at, feature in enumerate(features) if feature["data_type"] == "nominal"}
        return datasets.fetch_openml(**options, read_csv_kwargs={"dtype": texts})


def _read(frame: Any, column: ColumnReader, dataset: str) -> NDArray[np.float64]:
    """One column of a data frame: numbers, 0 and 1, or codes."""
    import pandas as pd

    def where(row: int) -> str:
        return f"dataset {dataset}, row {row}"

    series = frame[column.name]
    if not pd.api.types.is_numeric_dtype(series.dtype):
        column.kind = "text"
        codes, texts = pd.factorize(series.astype(object).where(series.notna(), ""))
        unquoted = [re.sub(r"^'(.*)'$", r"\1", str(text)) for text in texts]
        return column.encode(codes.astype(np.int64), unquoted, where)
    column.kind = "boolean" if pd.api.types.is_bool_dtype(series.dtype) else "number"
    values: NDArray[np.float64] = series.to_numpy(np.float64, na_value=np.nan)
    column.check(values, lambda: [str(value) for value in series], where)
    return values


def _smallest(values: NDArray[np.float64]) -> NDArray[Any]:
    """The values as bytes if all of them fit, as those of images do; the widest column decides for all."""
    are_bytes = ((values >= 0) & (values <= 255) & (values == np.floor(values))).all()
    return values.astype(np.uint8) if are_bytes else values


@contextmanager
def _network(dataset: str) -> Iterator[None]:
    """Give up after `PATIENCE`, silence scikit-learn's warnings, and turn failures into errors of one line."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (OSError, EOFError, zlib.error, http.client.HTTPException) as error:
        network = isinstance(error, URLError | TimeoutError | ConnectionError | EOFError)
        if isinstance(error, OSError) and error.errno is not None and not network:
            raise FileError(f"cannot keep the download of {dataset}: {why(error)}") from error
        raise _unavailable(dataset, error) from error
    finally:
        socket.setdefaulttimeout(before)


def _unavailable(dataset: str, error: BaseException) -> Unavailable:
    why = f"the server answers {error.code}" if isinstance(error, HTTPError) else str(getattr(error, "reason", error))
    return Unavailable(
        f"cannot download {dataset}: {' '.join(why.split()) or type(error).__name__}. Nothing was kept. Available "
        "offline: iris, digits, wine, breast_cancer, diabetes, linnerud and every generated dataset"
    )


def _refusal(name: str, why: str) -> Exception:
    """The error for the user that a ValueError of scikit-learn stands for."""
    if "checksum" in why:
        return _unavailable(f"openml:{name}", ValueError("the download is damaged, its checksum differs"))
    if re.search(r"not found|No .* found", why):
        return UsageError(f"dataset 'openml:{name}': OpenML has no dataset of that name or number")
    return DataError(f"dataset 'openml:{name}': {' '.join(why.split())}")

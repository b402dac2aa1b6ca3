"""Datasets that scikit-learn downloads, with a time limit, into a folder that does not outlive the reading.

scikit-learn keeps some of its downloads as pickles, and would load them again; here only the table is kept.
"""

import http.client
import re
import socket
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.error import HTTPError, URLError

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.drafts import Draft
from mlpcli.data.table import Table, TableColumn, TableWriter, blocks_of
from mlpcli.errors import DataError, FileError, Unavailable, UsageError

__all__ = ["FETCHERS", "fetch", "fetch_openml"]

FETCHERS = ("california_housing", "covtype", "olivetti_faces")
PATIENCE = 30.0  # seconds without a byte


def fetch(name: str, targets: tuple[str, ...], writer: TableWriter) -> Table:
    """One of `FETCHERS`, its inputs as numbers; a target of whole numbers is one of classes."""
    with writer.scratch() as folder, _network(name):
        from sklearn import datasets

        bunch = getattr(datasets, f"fetch_{name}")(data_home=folder, n_retries=1)
    data, target = bunch.data, np.asarray(bunch.target)
    names = bunch.get("feature_names") or [f"pixel_{i}" for i in range(data.shape[1])]
    column = TableColumn(targets[0])
    if target.dtype.kind in "iu":
        values, target = np.unique(target, return_inverse=True)
        column = TableColumn(targets[0], "text", tuple(str(value) for value in values.tolist()))
    for rows in blocks_of(*data.shape):
        writer.append(np.column_stack([data[rows], target[rows]]).astype(np.float64))
    return writer.finish([*(TableColumn(str(feature)) for feature in names), column], targets)


def fetch_openml(name: str, targets: tuple[str, ...], writer: TableWriter, version: int | None = None) -> Table:
    """A dataset of OpenML by its number or its name; `targets` replace the columns that OpenML calls so."""
    which = {"data_id": int(name)} if name.isdigit() else {"name": name, "version": version or "active"}
    with writer.scratch() as folder, _network(f"openml:{name}"):
        try:
            bunch = _ask_openml(which | {"data_home": folder, "n_retries": 1, "as_frame": True})
        except ValueError as error:
            raise _refusal(name, str(error)) from error
        except (KeyError, TypeError) as error:
            raise _unavailable(f"openml:{name}", ValueError("the answer is none that OpenML gives")) from error
    targets = targets or tuple(bunch.target_names or ())
    drafts = [Draft(str(column), place, column in targets) for place, column in enumerate(bunch.frame.columns)]
    cells = np.column_stack([_read(bunch.frame, draft, f"openml:{name}") for draft in drafts])
    writer.append(cells.astype(np.uint8) if _are_bytes(cells) else cells)
    return writer.finish([draft.finish() for draft in drafts], targets)


def _ask_openml(options: dict[str, Any]) -> Any:
    from sklearn import datasets

    try:
        return datasets.fetch_openml(**options, parser="pandas")
    except (
        TypeError
    ):  # scikit-learn 1.9 expects texts where pandas 3.1 reads classes 0, 1, 2 as numbers; this is slower
        return datasets.fetch_openml(**options, parser="liac-arff")


def _read(frame: Any, draft: Draft, dataset: str) -> NDArray[np.float64]:
    """One column of a data frame: numbers, 0 and 1, or codes."""
    import pandas as pd

    def where(row: int) -> str:
        return f"dataset {dataset}, row {row + 1}"

    series = frame[draft.name]
    if not pd.api.types.is_numeric_dtype(series.dtype):
        draft.kind = "text"
        codes, texts = pd.factorize(series.astype(object).where(series.notna(), ""))
        return draft.encode(codes.astype(np.int64), [str(text) for text in texts], where)
    draft.kind = "boolean" if pd.api.types.is_bool_dtype(series.dtype) else "number"
    values: NDArray[np.float64] = series.to_numpy(np.float64, na_value=np.nan)
    draft.check(values, lambda: [str(value) for value in series], where)
    return values


def _are_bytes(cells: NDArray[np.float64]) -> bool:
    return bool(((cells >= 0) & (cells <= 255) & (cells == np.floor(cells))).all())


@contextmanager
def _network(dataset: str) -> Iterator[None]:
    """Give up after `PATIENCE`, keep scikit-learn's warnings back, and say in one line what did not work."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (OSError, EOFError, zlib.error, http.client.HTTPException) as error:
        network = isinstance(error, URLError | TimeoutError | ConnectionError | EOFError)
        if isinstance(error, OSError) and error.errno is not None and not network:
            raise FileError(f"cannot keep the download of {dataset}: {error.strerror}") from error
        raise _unavailable(dataset, error) from error
    finally:
        socket.setdefaulttimeout(before)


def _unavailable(dataset: str, error: BaseException) -> Unavailable:
    why = f"the server answers {error.code}" if isinstance(error, HTTPError) else str(getattr(error, "reason", error))
    return Unavailable(
        f"cannot download {dataset}: {' '.join(why.split()) or type(error).__name__}. Nothing was kept. Without a "
        "network there are iris, digits, wine, breast_cancer, diabetes, linnerud and all that is generated"
    )


def _refusal(name: str, why: str) -> Exception:
    """What scikit-learn's ValueError means for the user."""
    if "checksum" in why:
        return _unavailable(f"openml:{name}", ValueError("it came damaged, its checksum differs"))
    if re.search(r"not found|No .* found", why):
        return UsageError(f"dataset 'openml:{name}': OpenML has none of that name or number")
    return DataError(f"dataset 'openml:{name}': {' '.join(why.split())}")

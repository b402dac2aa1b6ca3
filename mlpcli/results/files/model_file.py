"""The trained network as a file that anyone can read; it is used only if every bit is as it was saved.

Its description has all that a reader needs beside the weights: architecture, fitted preprocessing, class names.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mlpcli.atomic import shown
from mlpcli.errors import BadResult, DataError
from mlpcli.results.files import tensor_file
from mlpcli.results.files.tensor_file import Arrays, Expected

__all__ = ["load_model", "model_bytes"]

_KEY = "mlpcli"


def model_bytes(arrays: Mapping[str, npt.NDArray[Any]], description: Mapping[str, Any]) -> bytes:
    """The content of a model file: the same bytes for the same network.

    Raises:
        BadResult: a weight is NaN or infinite.
        ValueError, DataError: as `tensor_file.encode`.
    """
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise BadResult(f"cannot save the network: {name} holds values that are not finite")
    return tensor_file.encode(arrays, description, key=_KEY)


def load_model(path: Path, expected: Expected) -> tuple[Arrays, dict[str, Any]]:
    """The weights and the description that were saved, with the `format` and the `version` that wrote them.

    `expected` turns the description into the name, dtype and shape of every array; it is called before any array is
    read, and a file that differs from its answer is refused.

    Raises:
        FileError: the file cannot be opened or read.
        DataError: it is not a model file, is damaged, or is of a newer format; one line says which.
    """
    arrays, description = tensor_file.read(path, key=_KEY, what="a model", expected=expected)
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise DataError(f"cannot use {shown(path)} as a model: it holds weights that are not finite")
    return arrays, description

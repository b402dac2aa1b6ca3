"""Model files as tests need them, written without a run around them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt

from mlpcli.results.files.model_file import model_bytes


def save_model(path: Path, arrays: Mapping[str, npt.NDArray[Any]], description: Mapping[str, Any]) -> None:
    path.write_bytes(model_bytes(arrays, description))

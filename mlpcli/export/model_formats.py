"""The formats that a trained network is written in, by the suffix of the file."""

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

from mlpcli.atomic import shown, write_atomic
from mlpcli.config.choices import ACTIVATIONS
from mlpcli.config.origins import origins
from mlpcli.data.cache.table import DATES
from mlpcli.errors import UsageError
from mlpcli.export.numpy_file import numpy_bytes
from mlpcli.export.onnx_file import onnx_bytes
from mlpcli.export.trained import Trained
from mlpcli.installation import install_command
from mlpcli.wording import listed, quote

__all__ = ["FORMATS", "check_format", "export_model"]

FORMATS: dict[str, Callable[[Trained], bytes]] = {
    ".onnx": onnx_bytes,
    ".py": numpy_bytes,
    ".safetensors": lambda model: model.to_bytes(),
}
"""Function that makes the content of the file, by suffix."""


def check_format(path: Path) -> None:
    """Check that the suffix is known and that what writes it is installed.

    Raises:
        UsageError: it is not; the message says what to type.
    """
    if path.suffix not in FORMATS:
        raise UsageError(
            f"export {quote(str(path))}: the suffix says which format is written. Nothing was written. "
            f"Give a file that ends in {listed(list(FORMATS))}"
        )
    if path.suffix == ".onnx" and find_spec("onnx") is None:
        raise UsageError(
            f"export {shown(path)}: onnx is not installed. Nothing was written. Type: {install_command('onnx')}"
        )


def export_model(model: Trained, path: Path | str) -> None:
    """Write the network with its preprocessing to a file whose suffix names the format.

    Raises:
        UsageError: as `check_format`, or the format cannot read sparse rows, a column of dates or a part of the user's
            own.
        PluginError: a part of the user's own was defined again since the network was made.
        FileError: the file cannot be written.
    """
    file = Path(path).absolute()
    check_format(file)
    if file.suffix != ".safetensors":
        model.check_parts()
        for problem, remedy in _obstacles(model):
            raise UsageError(f"export {shown(file)}: {problem}. Nothing was written. Export to .safetensors{remedy}")
    write_atomic(file, FORMATS[file.suffix](model))


def _obstacles(model: Trained) -> Iterator[tuple[str, str]]:
    """Parts of the model that only mlpcli reads or computes, each with a further remedy."""
    if model.preprocessing.sparse:
        yield "the model takes sparse rows, which other formats cannot read", ""
    for column in model.preprocessing.columns:
        if column.kind in DATES:
            remedy = ", or train on parts of the dates as numbers"
            yield f"column {quote(column.name)} holds dates, which other formats cannot read", remedy
    options, own = model.options, origins(model.options)
    if "activation" in own and not ACTIVATIONS[options.activation].formula:
        remedy = ", or register it with formula=..., a text"
        yield f"activation {options.activation} has no formula that other tools could read", remedy
    if "norm" in own:
        yield f"norm {options.norm} has no formula that other tools could read", ""

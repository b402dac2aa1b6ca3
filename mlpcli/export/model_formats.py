"""The formats that a trained network is written in, by the suffix of the file."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from mlpcli.atomic import shown, write_atomic
from mlpcli.config.origins import origins
from mlpcli.data.cache.table import DATES
from mlpcli.errors import UsageError
from mlpcli.export.formulas import FORMULAS
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
"""What makes the content of the file, by suffix."""


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
        FileError: the file cannot be written.
    """
    file = Path(path).absolute()
    check_format(file)
    if model.preprocessing.sparse and file.suffix != ".safetensors":
        raise UsageError(
            f"export {shown(file)}: the model takes sparse rows, which {file.suffix} files have no form for. Nothing "
            "was written. Use .safetensors"
        )
    dates = [column.name for column in model.preprocessing.columns if column.kind in DATES]
    if dates and file.suffix != ".safetensors":
        raise UsageError(
            f"export {shown(file)}: column {quote(dates[0])} holds dates, which {file.suffix} files cannot read. "
            "Nothing was written. Export to .safetensors, or train on parts of the dates as numbers"
        )
    if file.suffix != ".safetensors":
        _check_formulas(model, file)
    write_atomic(file, FORMATS[file.suffix](model))


def _check_formulas(model: Trained, file: Path) -> None:
    """Check that other tools can be told what the parts of the user's own compute."""
    own = {option: getattr(model.options, option) for option in origins(model.options)}
    if "activation" in own and own["activation"] in FORMULAS:
        del own["activation"]
    for option in own.keys() & {"activation", "norm"}:
        remedy = "Register it with formula=..., a text, or export" if option == "activation" else "Export"
        raise UsageError(
            f"export {shown(file)}: {option} {own[option]} has no formula that other tools could read. "
            f"Nothing was written. {remedy} to .safetensors"
        )

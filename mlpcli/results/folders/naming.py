"""Names of runs and sweeps: each is the name of one visible folder below results/ that every system allows."""

import re
import unicodedata

from mlpcli.errors import UsageError
from mlpcli.wording import quote

__all__ = ["check_name", "default_name", "table_name"]

_LIMIT = 64
_SPLITS = ("train", "val", "test")
_TABLE = re.compile(r"\.(csv|tsv|parquet|npz)$", re.IGNORECASE)
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}


def check_name(name: str) -> str:
    """The name itself, in Unicode's composed form.

    Raises:
        UsageError: the name is empty or over 64 bytes, has characters other than letters, digits, `.`, `_` and `-`,
            begins with a dot or a hyphen, ends with a dot, or is the name of a Windows device.
    """
    composed = unicodedata.normalize("NFC", name)
    reasons = {
        "it is empty": not composed,
        f"it is longer than {_LIMIT} bytes": len(composed.encode("utf-8", "surrogatepass")) > _LIMIT,
        "only letters, digits, '.', '_' and '-' are allowed": not all(map(_allowed, composed)),
        "it begins with '.' or '-'": composed[:1] in (".", "-"),
        "it ends with '.'": composed.endswith("."),
        "it is the name of a Windows device": composed.split(".")[0].lower() in _RESERVED,
    }
    for reason, holds in reasons.items():
        if holds:
            raise UsageError(f"cannot use the name {quote(name)}: {reason}. Nothing was written. Choose another --name")
    return composed


def default_name(dataset: str, run_id: str) -> str:
    """The name of a run without --name: the dataset's basename as a valid name, and the run_id.

    >>> default_name("moons:n=500,noise=0.2", "0123456789ab"), default_name("data/my table.csv", "0123456789ab")
    ('moons-n-500-noise-0.2-0123456789ab', 'my-table.csv-0123456789ab')
    """
    return check_name(f"{_base_name(dataset, _LIMIT - len(run_id) - 1)}-{run_id}")


def table_name(dataset: str) -> str:
    """The name of another dataset in file names of scores: its basename without the suffix, as a valid name.

    The suffix stays if the name would otherwise be that of a split.

    >>> table_name("data/my table.csv"), table_name("moons:n=500"), table_name("data/test.csv")
    ('my-table', 'moons-n-500', 'test.csv')
    """
    bare = _base_name(_TABLE.sub("", dataset), _LIMIT)
    return _base_name(dataset, _LIMIT) if bare in _SPLITS else bare


def _base_name(dataset: str, room: int) -> str:
    """The last part of a path or a name, cut to `room` bytes, with `-` for characters that names cannot have."""
    base = unicodedata.normalize("NFC", re.split(r"[/\\]", dataset.rstrip("/\\"))[-1])
    base = "".join(character if _allowed(character) else "-" for character in base).lstrip(".-") or "run"
    if base.split(".")[0].lower() in _RESERVED:
        base = f"_{base}"
    while len(base.encode()) > room:
        base = base[:-1]
    return base


def _allowed(character: str) -> bool:
    return character.isalnum() or character in "._-"

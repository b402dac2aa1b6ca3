"""The check that a checkpoint read from a file is one of this training, made before anything of it is used."""

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from mlpcli.nn import Array
from mlpcli.training.loop.divergence import Divergence

__all__ = ["Counters", "EnsembleCounters", "check_arrays", "check_members"]


_Index = Annotated[str, Field(pattern="^[0-9]{1,9}$")]


class Counters(BaseModel):
    """The part of a checkpoint that is JSON.

    `batch` batches of the epoch after `epoch` are done, in `epoch_time` seconds; `drawn` numbers were taken for their
    dropout masks. `diverged` says by index which runs diverged where, `stopped` why others ended. `elapsed` are the
    seconds of a single run.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, defer_build=True)

    epoch: int = Field(strict=True, ge=0)
    batch: int = Field(strict=True, ge=0)
    epoch_time: float = Field(strict=True, ge=0)
    drawn: int = Field(strict=True, ge=0, lt=2**63)
    diverged: dict[_Index, Divergence]
    stopped: dict[_Index, str] = {}
    elapsed: float = Field(0.0, strict=True, ge=0)


class EnsembleCounters(BaseModel):
    """The part of an ensemble's checkpoint that is JSON: epochs that all networks have done, and those of each."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, defer_build=True)

    epoch: int = Field(strict=True, ge=0)
    networks: list[dict[str, Any]]
    elapsed: float = Field(0.0, strict=True, ge=0)


def check_members(members: Array | None, runs: int, *, may_be_none: bool = False) -> None:
    """Check the indices of the runs still training, of which there may be none if that is said.

    Raises:
        ValueError: they are not some of the runs, in order.
    """
    given = None if members is None or members.dtype != np.int64 or members.ndim != 1 else members.tolist()
    if given is None or not (given or may_be_none) or given != sorted(set(given)) or not set(given) <= set(range(runs)):
        raise ValueError("its array 'members' does not say which runs are still training")


def check_arrays(arrays: Mapping[str, Array], own: Mapping[str, Array]) -> None:
    """Check that the arrays have the names, shapes and dtypes of a training's `own`.

    Raises:
        ValueError: they are those of another training.
    """
    if odd := sorted(arrays.keys() ^ own.keys()):
        raise ValueError(f"its arrays differ from those of this training: {', '.join(map(ascii, odd))[:200]}")
    for name, array in own.items():
        if (arrays[name].shape, arrays[name].dtype) != (array.shape, array.dtype):
            found = f"{arrays[name].dtype} {arrays[name].shape}"[:100]
            raise ValueError(f"its array {name!a} is {found}, this training needs {array.dtype} {array.shape}")

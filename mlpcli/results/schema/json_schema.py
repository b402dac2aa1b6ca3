"""The keys of our JSON and TOML files, and the values that they may have; config.toml is checked as `RunOptions`."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from mlpcli.config.metrics import Measure

__all__ = ["Provenance", "RunResult", "SearchLine", "SweepHeader"]


class _File(BaseModel):
    """Keys that a file must have; others may stand beside them."""

    model_config = ConfigDict(extra="allow", strict=True, allow_inf_nan=False, defer_build=True)


_Scores = dict[str, float | None]

_Measure = Annotated[str, AfterValidator(lambda name: str(Measure.parse(name)))]
"""A metric of a part of the rows, such as val_accuracy."""


_Scalar = bool | str | int | float | None
_Value = _Scalar | list[_Scalar]
"""Value of an option."""


class _Config(_File):
    """The options of a run; those of another version may have other names."""

    __pydantic_extra__: dict[str, _Value]

    hidden: list[int] | None = None
    seed: int = 0


class _Metrics(_File):
    model_config = ConfigDict(extra="forbid")

    train: _Scores
    val: _Scores | None = None
    test: _Scores | None = None


class _Divergence(_File):
    model_config = ConfigDict(extra="forbid")

    epoch: int = Field(ge=0)
    batch: int = Field(ge=0)
    lr: float
    what: str


class RunResult(_File):
    """result.json: what came of a run."""

    run_id: str
    state: Literal["complete", "diverged"]
    metrics: _Metrics
    baseline: _Metrics | None = None
    baseline_answer: str | list[float] | None = None
    linear: _Metrics | None = None
    best_epoch: int = Field(ge=0)
    epochs_run: int = Field(ge=0)
    stopped: str | None = None
    diverged: _Divergence | None = None
    parameters: int = Field(ge=0)
    config: _Config
    time_s: float


class Provenance(_File):
    """provenance.json: what made the numbers; for a sweep also the digest of its sweep.toml and what ranks."""

    version: str
    sweep_digest: str | None = None
    metric: _Measure | None = None


class SearchLine(_File):
    """A line of search.jsonl: a configuration that was asked for; the metric that ranks has its values by seed."""

    __pydantic_extra__: dict[str, _Scores]

    round: int
    configuration: int
    options: dict[str, _Value]
    epochs: int | None
    ended: bool


class _Base(_File):
    seed: int = Field(0, ge=0)


class SweepHeader(_File):
    """The keys of sweep.toml that describe the sweep as a whole; `sweep.spec` reads the rest."""

    name: str | None = None
    metric: _Measure | None = None
    seeds: Annotated[int, Field(ge=1)] | Annotated[list[int], Field(min_length=1)] | None = None
    base: _Base | None = None
    confirm: dict[str, Any] | None = None
    random: dict[str, Any] | None = None
    search: dict[str, Any] | None = None

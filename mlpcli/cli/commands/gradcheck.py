"""`mlpcli gradcheck`: a check, made for CI, that every gradient equals the derivative of its function."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlpcli.cli.console import message, print_json
from mlpcli.cli.flags import Config, DataHome, Json, Quiet
from mlpcli.cli.option_flags import with_options
from mlpcli.cli.text_table import table
from mlpcli.config import OPTIONS, Source, build, read_options
from mlpcli.errors import BadResult, UsageError

if TYPE_CHECKING:
    from mlpcli.gradcheck.check import Row

__all__ = ["gradcheck"]

_CHECK = "This check"

_OF_NO_NETWORK = {"seed", "threads"}
"""Options that do not describe a network: with these alone every component is checked."""

_WITHOUT_EFFECT = {
    *(name for name, option in OPTIONS.items() if option.group in ("Optimization", "Training")),
    *("max_norm", "clip_norm", "val_size", "test_size", "ensemble"),
} - {"preset", "batch_size", "seed", "threads"}
"""Options that change no gradient: accepted, so that the options of a run can be given as they are, but hidden."""


@with_options(hidden=_WITHOUT_EFFECT)
def gradcheck(
    given: Source,
    *,
    config: Config = None,
    tolerance: Annotated[float, typer.Option(help="largest relative error that passes", rich_help_panel=_CHECK)] = 1e-7,
    data_home: DataHome = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Check the gradient of every component, or of one network, against central differences and the tape.

    Without options there is one row per activation, per norm and position, per loss and task, per lift, for the
    input gain and per regularizer; one for sparse rows, one for weights of rows, and one per norm for a network with
    everything.

    With options of a run there is one row per tensor of that network, with at most 2,000 entries checked: on the
    first batch of --dataset if it is given, scaled even with --scale none; otherwise on random inputs with 64
    features and 10 classes. Batches have at most 32 rows and, under batch norm, at least 16. Weights are random even
    if --init is a construction.

    Example: mlpcli gradcheck --width 64 --depth 3 --norm batch --dropout 0.2
    """
    sources = [*([read_options(config)] if config else []), given]
    options = build(*sources)
    if not 0 < tolerance < math.inf:
        raise UsageError(f"--tolerance: got {tolerance}, expected a number above 0. Nothing was checked. Try 1e-7")

    from mlpcli.gradcheck.components import check_components, check_run

    names = {name for source in sources for name in source.values}
    if names <= _OF_NO_NETWORK:
        message("checking every component", quiet=quiet)
        rows = list(check_components(options.seed))
    else:
        data = None
        if "dataset" in names:
            from mlpcli.data import prepare

            # One step serves all entries, so inputs must be of one size.
            scale = "standard" if options.scale == "none" else options.scale
            data = prepare(options.data.model_copy(update={"scale": scale}), data_home)
        message(f"checking one network on {data.name if data else 'random inputs'}", quiet=quiet)
        rows = check_run(options, data)
    if as_json:
        print_json(_record(rows, tolerance, options.seed))
    else:
        _print_table(rows, tolerance)
    _judge(rows, tolerance)


def _record(rows: "Sequence[Row]", tolerance: float, seed: int) -> dict[str, Any]:
    return {
        "ok": all(row.verdict(tolerance) == "ok" for row in rows),
        "tolerance": tolerance,
        "seed": seed,
        "rows": [
            {
                "component": row.component,
                "parameters": row.parameters,
                "differences": _finite(row.differences),
                "tape": _finite(row.tape),
                "skipped": row.skipped,
                "verdict": row.verdict(tolerance),
            }
            for row in rows
        ],
    }


def _finite(error: float | None) -> float | None:
    return error if error is not None and math.isfinite(error) else None


def _print_table(rows: "Sequence[Row]", tolerance: float) -> None:
    cells = [
        [
            row.component,
            row.parameters,
            f"{row.differences:.1e}",
            "" if row.tape is None else f"{row.tape:.1e}",
            row.skipped,
            row.verdict(tolerance),
        ]
        for row in rows
    ]
    title = f"worst relative error of the gradients, against central differences and the tape (at most {tolerance:g})"
    table(["component", "parameters", "differences", "tape", "skipped", "verdict"], cells, title=title)


def _judge(rows: "Sequence[Row]", tolerance: float) -> None:
    """BadResult that names the first row that is not ok."""
    failed = [row for row in rows if row.verdict(tolerance) != "ok"]
    if not failed:
        return
    row, worst = failed[0], failed[0].worst
    count = f"{len(failed)} of {len(rows)} rows failed"
    if row.verdict(tolerance) == "unchecked" or worst is None:
        raise BadResult(
            f"gradient of {row.component}: of {row.probed} entries {row.skipped} met a kink, too many to judge; "
            f"{count}. Nothing was written. Try another --seed or a smaller --batch-size"
        )
    judge = "formula" if worst.judge == "the tape" else "forward"
    raise BadResult(
        f"gradient of {row.component}: relative error {row.error:.1e}, more than {tolerance:g}; "
        f"{worst.entry} is {worst.layers:.10g}, by {worst.judge} {worst.expected:.10g}; {count}. "
        f"Nothing was written. Compare the layer's backward with its {judge}"
    )

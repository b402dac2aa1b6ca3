"""`mlpcli sweep`: every trial of a sweep file that is missing, then what all of them say together."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlpcli.cli.console import message, print_json, table, warning
from mlpcli.cli.progress import short
from mlpcli.errors import BadResult, ExitCode, Interrupted, MlpcliError

if TYPE_CHECKING:
    from mlpcli.sweep.prepare import PreparedSweep

__all__ = ["sweep"]

_PLAN, _RUN = "What runs", "How it runs"

PRELOAD = ("mlpcli.sweep.work",)
"""What workers import while the parent still prepares."""


class KeepModels(StrEnum):
    """Whose model files are kept."""

    NONE = "none"
    BEST = "best"
    ALL = "all"


def sweep(
    file: Annotated[Path, typer.Argument(help="a sweep file, such as experiments/dropout.toml")],
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="override [base]", rich_help_panel=_PLAN)
    ] = None,
    seeds: Annotated[
        str | None, typer.Option(help="a number of seeds, or a list: 0,1,2", rich_help_panel=_PLAN)
    ] = None,
    max_trials: Annotated[
        int, typer.Option(min=1, help="refuse a plan of more trials", rich_help_panel=_PLAN)
    ] = 10_000,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="show the trials, their stacks and the time, run nothing",
                           rich_help_panel=_PLAN)
    ] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="run failed and diverged trials again", rich_help_panel=_PLAN)
    ] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="run everything again; old tables go to unused/", rich_help_panel=_PLAN)
    ] = False,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, help="worker processes", show_default="all cores",
                                 rich_help_panel=_RUN)
    ] = None,
    executor: Annotated[
        str, typer.Option(metavar="NAME", help="serial, local, dask or dask://HOST:PORT", rich_help_panel=_RUN)
    ] = "local",
    allow_insecure_dask: Annotated[
        bool, typer.Option("--allow-insecure-dask", help="join a cluster on another machine without TLS",
                           rich_help_panel=_RUN)
    ] = False,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="stop at the first trial that fails", rich_help_panel=_RUN)
    ] = False,
    keep_models: Annotated[
        KeepModels, typer.Option(help="whose model files are kept", rich_help_panel=_RUN)
    ] = KeepModels.BEST,
    name: Annotated[
        str | None, typer.Option(help="folder below --results", show_default="the file's", rich_help_panel=_RUN)
    ] = None,
    results: Annotated[Path, typer.Option(help="folder of all results", rich_help_panel=_RUN)] = Path("results"),
    data_home: Annotated[
        Path | None, typer.Option(help="cache of prepared data", show_default="the user's cache", rich_help_panel=_RUN)
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="print summary rows and counts as JSON and nothing else",
                           rich_help_panel=_RUN)
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="no progress", rich_help_panel=_RUN)] = False,
) -> None:  # fmt: skip
    """Run every trial of a sweep file; run again, it does only what is missing.

    Example: mlpcli sweep experiments/dropout.toml
    """
    from mlpcli.sweep.planner import plan_sweep

    plan = plan_sweep(file, settings=settings or (), seeds=seeds, name=name, max_trials=max_trials)

    from mlpcli.sweep.executors import open_executor
    from mlpcli.training.threads import cores

    jobs = jobs or cores()
    if dry_run:
        from mlpcli.sweep.prepare import prepare_sweep

        _show_plan(prepare_sweep(plan, data_home), jobs, as_json)
        return
    with _terminated(), open_executor(executor, jobs, PRELOAD, allow_insecure=allow_insecure_dask) as workers:
        try:
            workers.warm(jobs)

            from mlpcli.cli.sweep_view import sweep_view
            from mlpcli.results.atomic import shown
            from mlpcli.results.provenance import provenance
            from mlpcli.results.store import PlannedTrial, SweepStore
            from mlpcli.sweep.engine import Engine
            from mlpcli.sweep.prepare import prepare_sweep

            prepared = prepare_sweep(plan, data_home)
            digests = sorted({run.data.digest for run in prepared.runs})
            trials = [
                PlannedTrial(prepared.runs[n].run_id, prepared.runs[n].options.seed, plan.shown(configuration))
                for configuration in range(plan.configurations)
                for n in plan.numbers(configuration)
            ]
            states = {"complete"} if retry_failed else {"complete", "failed", "diverged"}
            reused = states | ({"pruned"} if plan.rungs else set())
            with SweepStore(
                results,
                plan.file.name,
                sweep=plan.file.text(),
                trials=trials,
                varied=plan.varied,
                scores=prepared.scores,
                columns=prepared.columns,
                reuse=lambda record: record["state"] in reused,
                provenance=provenance(sys.argv, digests[0] if len(digests) == 1 else ", ".join(digests)),
                restart=restart,
            ) as store:
                place = shown(store.path)
                if store.warning:
                    warning(store.warning)
                configurations = [plan.shown(index) for index in range(plan.configurations)]
                message(_introduction(prepared, len(store.known), jobs), quiet=quiet)
                view = sweep_view(plan, configurations, prepared.metric, prepared.larger, quiet)
                try:
                    with view:
                        engine = Engine(prepared, store, workers, view, keep_models.value, fail_fast)
                        engine.run()
                except KeyboardInterrupt:
                    raise _interrupted(ExitCode.INTERRUPTED, store, len(trials), place) from None
                except Interrupted as error:
                    raise _interrupted(error.code, store, len(trials), place) from None
                except MlpcliError as error:
                    kept = f"{len(store.known)} of {len(trials)} trials are kept in {place}"
                    raise type(error)(f"{error}. {kept}. Go on with the same command") from error
                counts = _counts(record["state"] for record in store.known.values())
                _report(prepared, engine.summary, counts, place, engine.best_model, as_json)
        except BaseException:
            workers.shutdown(wait=False, cancel_futures=True)
            raise
    if troubled := counts.get("failed", 0) + counts.get("diverged", 0):
        raise BadResult(f"{troubled} of {len(trials)} trials failed or diverged: see the column error in "
                        f"{place}/trials.csv. The others are kept. Try them again with --retry-failed")  # fmt: skip


@contextmanager
def _terminated() -> Iterator[None]:
    """Let SIGTERM end the sweep as Ctrl-C does; what was recorded is on disk at any moment."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Interrupted("terminated", ExitCode.TERMINATED)

    previous = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def _interrupted(code: ExitCode, store: Any, trials: int, place: str) -> Interrupted:
    word = "terminated" if code == ExitCode.TERMINATED else "interrupted"
    return Interrupted(
        f"{word}: {len(store.known)} of {trials} finished trials are kept in {place}. Go on with the same command", code
    )


def _counts(states: Any) -> dict[str, int]:
    counts: dict[str, int] = {}
    for state in states:
        counts[state] = counts.get(state, 0) + 1
    return counts


def _introduction(prepared: "PreparedSweep", known: int, jobs: int) -> str:
    plan = prepared.plan
    datasets = ", ".join(dict.fromkeys(run.data.name for run in prepared.runs))
    there = f", {known} of them known" if known else ""
    return (
        f"{plan.file.name}: {plan.configurations} configurations, {len(plan)} trials{there}, on {datasets}, "
        f"{jobs} jobs, ranked by {prepared.metric}"
    )


def _report(
    prepared: "PreparedSweep",
    summary: list[dict[str, Any]],
    counts: dict[str, int],
    place: str,
    best: Path | None,
    as_json: bool,
) -> None:
    """The summary table, what was written, and what to type next."""
    from mlpcli.cli.sweep_view import shown as value_of
    from mlpcli.results.atomic import shown

    if as_json:
        print_json({"name": prepared.plan.file.name, "metric": prepared.metric, "counts": counts, "summary": summary})
        return
    metric, varied = prepared.metric, prepared.plan.varied
    test = f"test_{metric.partition('_')[2]}"
    headers = [
        "rank",
        *varied,
        "seeds",
        metric,
        "95 % interval",
        "difference",
        "95 % interval",
        "p",
        test,
        "parameters",
    ]
    rows = [
        [
            row["rank"],
            *(value_of(row[name]) for name in varied),
            row["n_seeds"],
            short(row[f"{metric}_mean"]),
            _interval(row[f"{metric}_ci_low"], row[f"{metric}_ci_high"]),
            _signed(row["diff_mean"]),
            _interval(row["diff_ci_low"], row["diff_ci_high"], signed=True),
            _p(row["p_value"]),
            _spread(row[f"{test}_mean"], row[f"{test}_std"]),
            row["parameters"],
        ]
        for row in summary
    ]
    table(headers, rows)
    total = sum(counts.values())
    states = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
    print(f"{total} trials: {states}. Differences are paired by seed, p-values corrected by Holm")
    print(f"{place}/  sweep.toml  trials.csv  metrics.csv  summary.csv  provenance.json")
    if best is not None:
        print(f"Next: mlpcli eval {shown(best)}")


def _interval(low: float | None, high: float | None, signed: bool = False) -> str:
    if low is None or high is None:
        return ""
    return f"{_signed(low)} to {_signed(high)}" if signed else f"{short(low)} to {short(high)}"


def _signed(value: float | None) -> str:
    return "" if value is None else f"{value:+.4f}" if abs(value) < 1e4 else f"{value:+.3g}"


def _spread(mean: float | None, std: float | None) -> str:
    return short(mean) if std is None else f"{short(mean)} ± {short(std)}"


def _p(value: float | None) -> str:
    return "" if value is None else "<0.0001" if value < 1e-4 else f"{value:.4f}"


def _show_plan(prepared: "PreparedSweep", jobs: int, as_json: bool) -> None:
    """The exact trials, how they are stacked, and an estimate of the time."""
    from mlpcli.cli.sweep_view import shown as value_of
    from mlpcli.sweep.prepare import groups_of
    from mlpcli.sweep.stacks import make_stacks, makespan

    plan, runs = prepared.plan, prepared.runs
    stacks = make_stacks(groups_of(runs, range(len(runs))), jobs)
    stack_of = {number: index for index, stack in enumerate(stacks) for number in stack.trials}
    trials = [
        {
            "trial": number,
            "run_id": runs[number].run_id,
            "seed": runs[number].options.seed,
            **dict(zip(plan.varied, plan.shown(configuration), strict=True)),
            "stack": stack_of[number],
        }
        for configuration in range(plan.configurations)
        for number in plan.numbers(configuration)
    ]
    seconds = makespan(stacks, jobs)
    if as_json:
        print_json({"trials": trials, "stacks": [list(stack.trials) for stack in stacks], "seconds": seconds})
        return
    table(list(trials[0]), [[value_of(value) for value in trial.values()] for trial in trials])
    left_out = f", {plan.left_out} left out by where" if plan.left_out else ""
    twice = f", {plan.duplicates} planned twice and run once" if plan.duplicates else ""
    sizes = ", ".join(str(len(stack.trials)) for stack in stacks[:20]) + (", ..." if len(stacks) > 20 else "")
    print(f"{len(trials)} trials{left_out}{twice}")
    print(f"{len(stacks)} stacks of {sizes} trials; about {seconds:.3g} s with {jobs} jobs")

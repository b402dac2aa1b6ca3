"""The output of `mlpcli sweep`: the table of configurations at its end, or the plan with --dry-run."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from mlpcli.cli.console import print_json
from mlpcli.cli.text_table import prose, table
from mlpcli.cli.views.cells import option_cell, short
from mlpcli.config.metrics import Measure
from mlpcli.plugins.files import loaded_flags
from mlpcli.results.trial import Trial
from mlpcli.wording import counted

if TYPE_CHECKING:
    from mlpcli.api.run_plan import Swept
    from mlpcli.results.summary import Rival
    from mlpcli.sweeps.plan.prepared_sweep import PreparedSweep

__all__ = ["TOP", "print_swept", "show_counts", "show_place", "show_plan", "show_results"]

TOP = 20
"""Configurations shown on a terminal unless more are asked for."""


def show_results(swept: "Swept", top: int | None, as_json: bool) -> None:
    """Print the best `top` configurations or all, the files written, and what to type next."""
    plan, metric = swept.prepared.plan, swept.prepared.metric
    if as_json:
        print_swept(swept)
        return
    if swept.is_out_of_time:
        show_rest(swept)
        return
    columns = _columns(swept, swept.summary[:top])
    test = str(Measure.parse(metric).on("test"))
    alike = [name for name in plan.varied if len({option_cell(row[name]) for row in swept.summary}) == 1]
    expendable = (*alike, "parameters", "test std", plan.repeats, "rank", test, "p", "difference")
    table(list(columns), zip(*columns.values(), strict=True), expendable=expendable, elsewhere="summary.csv")
    if top is not None and len(swept.summary) > top:
        prose(f"The best {top} of {len(swept.summary)} configurations; --all shows the others, summary.csv has them")
    show_counts(swept)
    for sentence in _comparison(swept, "difference" in columns):
        prose(sentence)
    show_place(swept)


def print_swept(swept: "Swept") -> None:
    """Print the summary and the counts as JSON."""
    rivals = {rival.name: {"rank": rival.rank, **vars(rival.difference)} for rival in swept.rivals}
    best = {"best_against": rivals} if rivals else {}
    name, metric = swept.prepared.plan.file.name, swept.prepared.metric
    print_json({"name": name, "metric": metric, "counts": _counts(swept), "summary": swept.summary, **best})


def show_counts(swept: "Swept") -> None:
    """Print how many trials there are, by the way they ended."""
    counts = sorted(_counts(swept).items())
    prose(f"{counted(len(swept.prepared.plan), 'trial')}: {', '.join(f'{count} {state}' for state, count in counts)}")


def show_rest(swept: "Swept") -> None:
    """Print how much was done before the time limit, and how to go on."""
    from mlpcli.atomic import shown

    prose(f"Time limit: {swept.done} are in {shown(swept.path)}. Go on with {swept.again}")


def show_place(swept: "Swept") -> None:
    """Print the folder with its files, and what to type next."""
    from mlpcli.atomic import shown

    prose(f"{shown(swept.path)}: summary.csv  trials.csv  metrics.csv  sweep.toml  provenance.json")
    if swept.best is not None:
        print(f"Next: mlpcli eval {shown(swept.path)}{loaded_flags()}")


def _counts(swept: "Swept") -> Counter[str]:
    return Counter(str(trial.state) for trial in swept.trials.values())


def _comparison(swept: "Swept", differences: bool) -> Iterator[str]:
    """What the differences are against, or how far the best is ahead where there is no baseline."""
    plan = swept.prepared.plan
    if differences:
        against = _named(plan.file.compare or dict(zip(plan.varied, plan.shown(0), strict=True)))
        compared = [row for row in swept.summary if row["diff_mean"] or row["p_value"] is not None]
        is_mixed = {row.get("confirmed") for row in compared} == {True, False}
        interval = f"; ± is half of a 95% interval of one row; p allows for all rows{' of its kind' * is_mixed} (Holm)"
        has_intervals = any(row[f"{swept.prepared.metric}_ci_low"] is not None for row in swept.summary)
        yield f"Differences are against {against}, paired by seed{interval * has_intervals}"
        if is_mixed:
            yield "Confirmed configurations differ by fresh seeds alone, the others by the seeds that chose those"
    elif swept.rivals:
        ahead = ", ".join(map(_ahead, swept.rivals))
        yield f"{swept.prepared.metric} of the best: {ahead}"
        if plan.file.compare:
            why = "where or a rule leaves it out" if plan.file.confirm else "nothing has it; [confirm] adds it"
            yield f"No differences to {_named(plan.file.compare)}: {why}"
        if any(row.get("confirmed") for row in swept.summary):
            yield "Confirmed configurations rank above the others, by fresh seeds alone"
        elif not plan.file.compare:
            yield "It was chosen by these scores, so they flatter it. Name one in [compare] for differences of all rows"
    elif set(plan.baselines) == {None}:
        ranked = "confirmed" if any(row.get("confirmed") for row in swept.summary) else "complete"
        yield f"No differences: fewer than two configurations are {ranked}"


def _named(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {option_cell(value)}" for name, value in values.items())


def _ahead(rival: "Rival") -> str:
    found = rival.difference
    p = "" if found.p_value is None else f", p {_p(found.p_value)}"
    gap = _difference(found.mean, found.ci_low, found.ci_high)
    return f"{gap} against the {rival.name} (rank {rival.rank}{p})"


def _columns(swept: "Swept", summary: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The cells of the table by column, without columns that are empty."""
    plan, metric = swept.prepared.plan, swept.prepared.metric
    mean, low, high = (f"{metric}_{part}" for part in ("mean", "ci_low", "ci_high"))
    test = str(Measure.parse(metric).on("test"))
    trials: dict[tuple[object, ...], list[Trial]] = {}
    for _, trial in sorted(swept.trials.items()):
        trials.setdefault(tuple(trial.options.values()), []).append(trial)
    options = {name: [option_cell(row[name]) for row in summary] for name in plan.varied}
    numbers = {
        plan.repeats: [str(row["n_seeds"]) for row in summary],
        metric: [_interval(row[mean], row[low], row[high]) for row in summary],
        "difference": [_difference(row["diff_mean"], row["diff_ci_low"], row["diff_ci_high"]) for row in summary],
        "p": [_p(row["p_value"]) for row in summary],
        test: [short(row[f"{test}_mean"]) for row in summary],
        "test std": [short(row[f"{test}_std"]) for row in summary],
        "parameters": [short(row["parameters"]) for row in summary],
        "": list(_remarks(summary, [trials[tuple(row[name] for name in plan.varied)] for row in summary])),
    }
    told = {name: cells for name, cells in numbers.items() if any(cell.strip("0.") for cell in cells)}
    if len(summary) > 1 and any(numbers["difference"]):  # differences that are all 0 say much
        told = {name: cells for name, cells in numbers.items() if name in told or name == "difference"}
    return {"rank": [str(row["rank"]) for row in summary], **options, **told}


def _remarks(summary: Sequence[Mapping[str, Any]], trials: Sequence[Sequence[Trial]]) -> Iterator[str]:
    """How the trials of each configuration ended, or the rank of another that has the same scores seed by seed."""
    first: dict[tuple[object, ...], int] = {}
    for row, members in zip(summary, trials, strict=True):
        scores = chain.from_iterable((trial.seed, trial.fold, *trial.metrics.values()) for trial in members)
        rank = first.setdefault((*members[0].metrics, *scores), row["rank"])  # flat: there may be 10^5 trials
        confirmed = "confirmed" if row.get("confirmed") else ""
        yield _state(members) or ("" if rank == row["rank"] else f"as rank {rank}") or confirmed


def _state(trials: Sequence[Trial]) -> str:
    """How the trials of a configuration ended, empty if all are complete."""
    if pruned := [trial.epochs_run for trial in trials if trial.state == "pruned"]:
        return f"pruned at epoch {pruned[0]}"
    counts = Counter(trial.state for trial in trials)
    return ", ".join(f"{counts[state]} {state}" for state in ("failed", "diverged") if counts[state])


def _interval(mean: float | None, low: float | None, high: float | None) -> str:
    return short(mean) if low is None or high is None else f"{short(mean)} ± {short((high - low) / 2)}"


def _difference(mean: float | None, low: float | None, high: float | None) -> str:
    if mean is None or (mean == low == high == 0):  # nothing, or the configuration that others are compared with
        return "" if mean is None else "0"
    return f"{'+' * (mean > 0)}{_interval(mean, low, high)}"


def _p(value: float | None) -> str:
    return "" if value is None else "<0.0001" if value < 1e-4 else f"{value:.4f}"


def show_plan(prepared: "PreparedSweep", jobs: int, as_json: bool) -> None:
    """Print the exact trials, their stacks, and an estimate of the time."""
    from mlpcli.sweeps.plan.stacks import make_stacks, makespan

    plan = prepared.plan
    stacks = make_stacks(prepared.groups(range(len(plan))), jobs)
    stack_of = {number: index for index, stack in enumerate(stacks) for number in stack.trials}
    trials = [
        {
            "trial": trial.number,
            "run_id": trial.run_id,
            "seed": trial.seed,
            **({} if trial.fold is None else {"fold": trial.fold}),
            **trial.options,
            "stack": stack_of[trial.number],
        }
        for trial in prepared.trials
    ]
    seconds = makespan(stacks, jobs) * plan.epochs_share
    if as_json:
        print_json({"trials": trials, "stacks": [list(stack.trials) for stack in stacks], "seconds": seconds})
        return
    table(list(trials[0]), [[option_cell(value) for value in trial.values()] for trial in trials])
    left_out = f", {plan.left_out} left out by where" if plan.left_out else ""
    equal = f", {plan.duplicates} the same run as others" if plan.duplicates else ""
    sizes = ", ".join(str(len(stack.trials)) for stack in stacks[:20]) + (", ..." if len(stacks) > 20 else "")
    coming = f"; up to {plan.coming} more are chosen by the results of these" if plan.coming else ""
    print(f"{counted(len(trials), 'trial')}{left_out}{equal}{coming}")
    of = f"{sizes} trial{'' if sizes == '1' else 's'}"
    print(f"{counted(len(stacks), 'stack')} of {of}; about {seconds:.3g} s with {counted(jobs, 'job')}")

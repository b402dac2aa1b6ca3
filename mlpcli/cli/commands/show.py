"""`mlpcli show`: one run, sweep or trial: what it was, what came out, and the command that reproduces it."""

import shlex
import shutil
import stat
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

from mlpcli.atomic import shown
from mlpcli.cli.console import plain, print_json
from mlpcli.cli.flags import Json, Quiet, ResultsRoot, SomeResult, switch
from mlpcli.cli.text_table import prose, table
from mlpcli.cli.views.cells import cell
from mlpcli.cli.views.character_chart import chart
from mlpcli.cli.views.training_report import kept_weights, score_table
from mlpcli.config import OPTIONS
from mlpcli.config.origins import plugin_flags
from mlpcli.errors import UsageError
from mlpcli.results.files.read_file import read_toml
from mlpcli.results.files.snapshot import snapshot
from mlpcli.results.folders.find import Named, find_named
from mlpcli.results.folders.promotion import MODEL
from mlpcli.results.folders.read_trials import RERUN, read_trials
from mlpcli.results.folders.sweep_ownership import MODELS, SWEEP
from mlpcli.results.folders.sweep_tables import TRIALS
from mlpcli.results.provenance import plugin_files, provenance_of
from mlpcli.results.reading.recorded import (
    Recorded,
    curves,
    read_recorded,
    split_scores,
)
from mlpcli.results.schema.json_schema import SweepHeader

__all__ = ["show"]

MOST_FILES = 12
"""Files that are listed; a sweep may keep thousands of models."""


def show(
    name: SomeResult,
    command: Annotated[bool, switch("--command", help="print only the command that reproduces it")] = False,
    results: ResultsRoot = Path("results"),
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show one run, sweep or trial: the options that make it, scores, files, origin and learning curve.

    Nothing is locked or changed, so it may still be running.

    Example: mlpcli show dropout/best
    """
    named = find_named(name, results)
    whole = named.is_sweep and named.trials is None
    recorded = None if whole else read_recorded(named)
    facts = _sweep_facts(named) if recorded is None else _facts(recorded)
    if command:
        if facts["command"] is None:
            unknown = f"{facts['name']} has no {SWEEP}, so the command that made it is unknown"
            raise UsageError(f"{unknown}. Copy the folder again")
        if as_json:
            print_json({"command": facts["command"]})
        else:
            print(plain(facts["command"]))
        return
    files = _files(named.path, None if recorded is None else recorded.trial.run_id)
    facts |= {"files": files, "provenance": provenance_of(named.path)}
    if as_json:
        print_json(facts)
        return
    _print_facts(facts)
    if recorded is not None:
        for line in chart(curves(recorded), width=min(60, shutil.get_terminal_size().columns - 20)):
            print(line)
    again = "Again, without pruning" if facts["state"] == "pruned" else "Again"
    prose(f"{again}: {facts['command'] or f'unknown, because there is no {SWEEP}'}")


def _facts(recorded: Recorded) -> dict[str, Any]:
    trial = recorded.trial
    return {
        "name": recorded.name,
        "run_id": trial.run_id or None,
        "state": trial.state or "unfinished",
        "options": recorded.given,
        "metrics": split_scores(trial.metrics),
        "baseline": (recorded.result or {}).get("baseline"),
        "parameters": trial.parameters,
        "best_epoch": trial.best_epoch,
        "epochs_run": trial.epochs_run if trial.state else len(recorded.columns.get("epoch", ())),
        "time_s": trial.time_s,
        "error": trial.error,
        "command": recorded.command,
    }


def _sweep_facts(named: Named) -> dict[str, Any]:
    path = named.path
    is_described = (path / SWEEP).is_file()  # not in a copy of the tables alone
    file = read_toml(path / SWEEP, SweepHeader, RERUN) if is_described else {}
    facts: dict[str, Any] = {"name": shown(path), "options": file.get("base", {}) if is_described else None}
    if (path / TRIALS).is_file():
        sweep = snapshot(path, lambda: read_trials(path))
        states = Counter(sweep.columns["state"])
        facts |= {"state": ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "no trials yet"}
        facts |= {"varied": list(sweep.varied), "metric": sweep.metric}
        if sweep.ranked:
            facts |= {"best": named.name(sweep.ranked[0]), "metrics": split_scores(sweep.ranked[0].metrics)}
    command = f"mlpcli sweep {shlex.quote(shown(path / SWEEP))}{plugin_flags(plugin_files(path))}"
    return {"state": "no trials yet", **facts, "command": command if is_described else None}


def _files(path: Path, run_id: str | None) -> dict[str, int]:
    """The sizes of the files by name, in bytes; with `run_id` without the models of other trials."""
    folder = path if path.is_dir() else path.parent
    sizes = {}
    for file in sorted(folder.rglob("*")):
        top, *below = file.relative_to(folder).parts
        if run_id is not None and top == MODELS and not "".join(below[:1]).startswith(run_id):
            continue
        with suppress(FileNotFoundError):  # a sweep that runs removes models for better ones
            if stat.S_ISREG((about := file.stat()).st_mode) and not file.name.startswith("."):
                sizes[file.relative_to(folder).as_posix()] = about.st_size
    return sizes


def _print_facts(facts: dict[str, Any]) -> None:
    if options := facts["options"]:
        defaults = [cell(name, OPTIONS[name].default) if name in OPTIONS else "" for name in options]
        rows = zip(options, (cell(name, value) for name, value in options.items()), defaults, strict=True)
        table(["option", "value", "default"], rows, title=f"{facts['name']}: {facts['state']}")
    else:
        prose(f"{facts['name']}: {facts['state']}{'' if options is None else ', every option at its default'}")
    if any((facts.get("metrics") or {}).values()):
        table(*score_table({"metrics": facts["metrics"]}), title=facts.get("best"))
    made, words = facts["provenance"], []
    if facts.get("parameters") is not None:
        words.append(f"{facts['parameters']:,} parameters")
    if facts.get("best_epoch") is not None:
        has_weights = facts["state"] != "diverged" or MODEL in facts["files"]
        networks = (facts["options"] or {}).get("ensemble", 1)
        kept = f"{kept_weights(facts['best_epoch'], facts['epochs_run'], networks)}, " if has_weights else ""
        words.append(f"{kept}{facts['time_s'] or 0:.1f} s")
    if facts.get("varied"):
        words.append(f"varied: {', '.join(facts['varied'])}; ranked by {facts['metric']}")
    for line in (*words, facts.get("error"), *_origin(made)):
        if line:
            prose(line)
    sizes = [f"{name} ({size:,} B)" for name, size in list(facts["files"].items())[:MOST_FILES]]
    more = len(facts["files"]) - len(sizes)
    prose("Files: " + ", ".join(sizes) + (f" and {more} more" if more > 0 else ""))


def _origin(made: dict[str, Any]) -> Iterator[str]:
    """What provenance.json says, in lines."""
    if made:
        version, commit = made.get("version"), made.get("git_commit")
        makers = (version and f"mlpcli {version}", made.get("python"), commit and f"commit {commit[:12]}")
        when, by = f"Made {made.get('started', 'at an unknown time')}", ", ".join(filter(None, makers))
        yield "; ".join(filter(None, (f"{when} by {by}" if by else when, made.get("cpu"))))
    for key in ("note", "tags"):
        if value := made.get(key):
            yield f"{key.capitalize()}: {value if isinstance(value, str) else ', '.join(map(str, value))}"

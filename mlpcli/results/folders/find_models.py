"""Finds the model files that a user's name means: of a run, of trials of a sweep, or of a whole configuration."""

import os
from dataclasses import dataclass
from pathlib import Path

from mlpcli.atomic import shown
from mlpcli.config.origins import plugin_flags
from mlpcli.errors import UsageError
from mlpcli.results.files.read_file import read_json
from mlpcli.results.files.snapshot import current
from mlpcli.results.folders.find import Named, best_of, find_named, trials_of
from mlpcli.results.folders.promotion import MODEL, RESULT
from mlpcli.results.folders.read_folder import RETRAIN
from mlpcli.results.folders.sweep_ownership import MODELS
from mlpcli.results.provenance import plugin_files
from mlpcli.results.schema.json_schema import RunResult
from mlpcli.results.trial import Trial
from mlpcli.wording import quote

__all__ = ["Repeats", "find_repeats", "find_run", "find_runs", "why_without_model"]


@dataclass(frozen=True)
class Repeats:
    """Networks of one configuration, trained on several seeds or folds, or the only network of a run.

    `models` are the model files, absolute, that of the named trial first, and `folds` the folds of their trials.
    `lost` counts the trials of the configuration that left no model.
    """

    models: tuple[Path, ...]
    folds: int = 0
    lost: int = 0


def find_run(text: str, root: Path) -> Path:
    """The one model file that `text` means, absolute; errors as `find_runs`."""
    paths = find_runs(text, root)
    if len(paths) > 1:
        raise UsageError(f"{quote(text)} means {len(paths)} networks, and one is needed here. Name one of them")
    return paths[0]


def find_runs(text: str, root: Path) -> list[Path]:
    """The model files of the run or the trials that `text` means, absolute; a sweep stands for its best trial.

    Raises:
        UsageError: there is none; the message says what is there instead, or the nearest names.
        DataError: trials.csv of the sweep is damaged.
    """
    named = find_named(text, root, missing="is no run")
    if os.path.isfile(named.path):
        return [named.path]
    if named.is_sweep:
        sweep = named.sweep or trials_of(named.path)
        return [_kept_model(named, trial) for trial in named.trials or best_of(sweep)]
    if not os.path.isfile(model := current(named.path, MODEL)):
        raise UsageError(f"{shown(named.path)} {why_without_model(named.path)}")
    return [model]


def why_without_model(path: Path) -> str:
    """Why the folder of a run has no model, and what to type next: the predicate of a sentence about the folder."""
    if not os.path.isfile(file := current(path, RESULT)):
        resume = "Go on with the same mlpcli train command and --resume"
        return f"has no {MODEL}: its training was not finished. {resume}"
    result = read_json(file, RunResult, RETRAIN)
    found = result.get("diverged")  # an earlier version said no more than the state
    if result["state"] == "diverged" and (found is None or found["epoch"] == 0):
        return "diverged before its first epoch, and keeps no weights"
    return f"is finished, but its {MODEL} is gone. {RETRAIN}"


def find_repeats(text: str, root: Path) -> Repeats:
    """The model files of the run that `text` means, or of all trials of a trial's configuration; errors as `find_run`.

    A sweep stands for the configuration of its best trial.
    """
    first = find_run(text, root)
    named = find_named(text, root)
    if not named.is_sweep:
        return Repeats((first,))
    sweep = named.sweep or trials_of(named.path)
    (chosen,) = named.trials or best_of(sweep)
    alike = [trial for trial in sweep.trials if trial.configuration == chosen.configuration]
    kept = [trial for trial in alike if os.path.isfile(_model_file(named, trial))]
    others = [path for trial in kept if (path := _model_file(named, trial)) != first]
    folds = {trial.fold for trial in kept} - {None}
    return Repeats((first, *others), len(folds), len(alike) - len(kept))


def _kept_model(named: Named, trial: Trial) -> Path:
    path, name = _model_file(named, trial), named.name(trial)
    if os.path.isfile(path):
        return path
    if trial.state != "complete":
        raise UsageError(f"{name} is {trial.state}: it left no model. Choose another trial")
    raise UsageError(
        f"the model of {name} was not kept. Run the sweep again with --keep-models all, or train this trial alone: "
        f"mlpcli train --from {name}{plugin_flags(plugin_files(named.path))}"
    )


def _model_file(named: Named, trial: Trial) -> Path:
    return named.path / MODELS / f"{trial.run_id}.safetensors"

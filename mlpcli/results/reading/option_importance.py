"""How much each option of a search matters: functional ANOVA, by Optuna.

Hutter, Hoos and Leyton-Brown 2014, "An efficient approach for assessing hyperparameter importance". Optuna and
scikit-learn, whose forest is fitted, are imported when they are needed.
"""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from mlpcli.errors import UsageError
from mlpcli.installation import install_command
from mlpcli.results.files.csv_text import cell
from mlpcli.results.files.read_file import damaged, read_toml
from mlpcli.results.folders.read_folder import ResultsFolder
from mlpcli.results.folders.read_trials import RERUN
from mlpcli.results.folders.sweep_ownership import SEARCH, SWEEP
from mlpcli.results.reading.search_course import Tried
from mlpcli.results.schema.json_schema import SweepHeader

__all__ = ["option_importance"]

FEWEST = 10
"""Configurations below which nothing is said."""


def option_importance(folder: ResultsFolder, course: Sequence[Tried]) -> dict[str, float]:
    """The share of the variance of the configurations' ranks that each option explains alone, the largest first.

    Ranks stand in place of scores, because those of a few learning rates that are far too large would otherwise be all
    the variance that there is. The shares are divided by their sum. Configurations that were pruned or failed are left
    out; the dict is empty for fewer than ten others, for equal scores, and for one option.

    Raises:
        UsageError: Optuna is not installed.
        DataError, FileError: as for every file of the folder.
    """
    known = [one for one in course if one.ended and one.score is not None]
    names = [name for name in folder.varied if len({cell(one.options.get(name)) for one in known}) > 1]
    if len(known) < FEWEST or len(names) < 2 or len({one.score for one in known}) < 2:
        return {}
    ranges = _ranges(folder)
    try:
        import optuna
    except ImportError as error:
        command = install_command("search")
        raise UsageError(f"{error.name}, which measures it, is not installed. Type: {command}") from error
    from scipy.stats import rankdata

    logging, verbosity = optuna.logging, optuna.logging.get_verbosity()
    logging.set_verbosity(logging.CRITICAL)
    try:
        with warnings.catch_warnings(action="ignore"):
            study = optuna.create_study()
            kinds = {name: _distribution(optuna, [one.options[name] for one in known], ranges[name]) for name in names}
            for one, rank in zip(known, rankdata([one.score for one in known]).tolist(), strict=True):
                values = {name: _value(one.options[name], ranges[name]) for name in names}
                study.add_trial(optuna.trial.create_trial(params=values, distributions=kinds, value=rank))
            evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
            shares = optuna.importance.get_param_importances(study, evaluator=evaluator)
            return {name: float(share) for name, share in shares.items()}
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(folder.path / SEARCH, f"its options do not fit {SWEEP}: {error}", RERUN) from error
    finally:
        logging.set_verbosity(verbosity)


def _ranges(folder: ResultsFolder) -> dict[str, Mapping[str, Any]]:
    """What the file's [search] says of each varied option: `low`, `high` and `log`, or `choices`."""
    search = read_toml(folder.path / SWEEP, SweepHeader, RERUN).get("search") or {}
    return {name: given if isinstance(given := search.get(name), Mapping) else {} for name in folder.varied}


def _distribution(optuna: Any, values: Sequence[Any], drawn: Mapping[str, Any]) -> Any:
    if "low" not in drawn:
        return optuna.distributions.CategoricalDistribution(sorted(set(map(cell, values))))
    return optuna.distributions.FloatDistribution(min(values), max(values), log=drawn.get("log", False))


def _value(value: Any, drawn: Mapping[str, Any]) -> str | float:
    return float(value) if "low" in drawn else cell(value)

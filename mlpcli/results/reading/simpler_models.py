"""The simpler models that a run is compared with, in words.

>>> scores = {"train": {"loss": 0.5}}
>>> result = {"baseline": scores, "baseline_answer": [21.5], "linear": scores, "config": {"task": "regression"}}
>>> simpler_models(result)
{'baseline': 'always 21.5', 'linear': 'linear model'}
"""

from collections.abc import Mapping
from typing import Any

from mlpcli.wording import quote

__all__ = ["constant_answer", "simpler_models"]


def simpler_models(result: Mapping[str, Any]) -> dict[str, str]:
    """The names of those in a result.json, by the key of their scores."""
    names = {"baseline": f"always {constant_answer(result)}", "linear": "linear model"}
    return {key: name for key, name in names.items() if result.get(key)}


def constant_answer(result: Mapping[str, Any]) -> str:
    """What the baseline answers for every row: a class, a number, or in words what several targets have.

    >>> constant_answer({"baseline_answer": "no", "config": {"task": "classification"}})
    "'no'"
    >>> constant_answer({"baseline_answer": [0.0, 1.0], "config": {"task": "multilabel"}})
    "each label's majority"
    """
    answer = result.get("baseline_answer")
    if isinstance(answer, list) and answer:
        if result["config"].get("task") == "multilabel":
            return "each label's majority"
        return f"{answer[0]:.4g}" if len(answer) == 1 else "the means"
    return "the same" if answer is None else quote(answer)

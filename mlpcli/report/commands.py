"""The commands on the page: how the results were made, how a trial is made again, and what to type next.

>>> train_command({"dataset": "digits", "dropout": 0.5, "norm": "none", "drop_unlabelled": True, "seed": 3})
'mlpcli train --dropout 0.5 --drop-unlabelled --seed 3'
"""

import shlex
from collections.abc import Mapping, Sequence

from mlpcli.config import OPTIONS
from mlpcli.results.files.csv_text import cell

__all__ = ["commands_of", "train_command"]


def train_command(options: Mapping[str, object], *, is_trial: bool = False) -> str:
    """The command that trains with these options; a trial of a sweep trains with one BLAS thread."""
    words = ["mlpcli", "train"]
    for name, value in {**options, **({"threads": 1} if is_trial else {})}.items():
        option = OPTIONS.get(name)
        if option is None or value in (None, "") or cell(value) == cell(option.default):
            continue
        if isinstance(value, bool):
            words.append(option.flag if value else f"--no-{option.flag.removeprefix('--')}")
        else:
            words += [option.flag, cell(value)]
    return shlex.join(words)


def commands_of(place: str, typed: Sequence[str] | None, is_sweep: bool) -> list[tuple[str, str]]:
    """Pairs of a command and what it does."""
    where = shlex.quote(place)
    known = [(shlex.join(typed), "made these results")] if typed else []
    best = f"{where}/best" if is_sweep else where
    return [
        *known,
        (f"mlpcli plot {where}", "draws the pictures of a paper"),
        (f"mlpcli eval {best}", "scores the network, on its own data or on other rows with --dataset"),
        (f"mlpcli export {best} model.onnx", "writes the network for other programs"),
    ]

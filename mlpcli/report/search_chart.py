"""The numbers behind the charts of a search: its configurations in the order of asking, and what its options matter."""

from collections.abc import Callable
from itertools import accumulate
from typing import Any

from mlpcli.errors import UsageError
from mlpcli.results.files.csv_text import cell
from mlpcli.results.folders.read_folder import ResultsFolder
from mlpcli.results.reading.option_importance import option_importance
from mlpcli.results.reading.search_course import best_so_far, read_course

__all__ = ["search_chart"]


def search_chart(folder: ResultsFolder, leave_out: Callable[[str], None]) -> dict[str, Any]:
    """`course` has one entry per configuration of a search, `importance` the share of each option, the largest first.

    Both are empty for other sweeps and for runs. `leave_out` is told why the importance is missing where Optuna is.
    """
    course = read_course(folder)
    try:
        shares = option_importance(folder, course)
    except UsageError as error:
        leave_out(f"left out importance: {error}")
        shares = {}
    first: dict[tuple[str, ...], int] = {}
    for place, trial in enumerate(folder.trials):
        first.setdefault(tuple(map(cell, trial.options.values())), place)
    seconds = accumulate(one.seconds for one in course)
    return {
        "course": [
            {
                "place": first.get(one.cells),
                "score": one.score,
                "ended": one.ended,
                "confirmed": one.confirmed,
                "seconds": round(so_far, 3),
                "best": best,
            }
            for one, so_far, best in zip(course, seconds, best_so_far(course, folder.metric), strict=True)
        ],
        "importance": [*shares.items()],
    }

"""`mlpcli explain`: the columns of the table that a trained network relies on, by permutation importance."""

from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlpcli.cli.console import message, plain, print_json
from mlpcli.cli.flags import DataHome, Json, Quiet, ResultsRoot, SomeRun
from mlpcli.cli.score_tables import Split, folder_for_tables, of_one_model
from mlpcli.cli.text_table import table
from mlpcli.cli.views.cells import short
from mlpcli.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlpcli.config.metrics import Metric
    from mlpcli.results.folders.find_models import Repeats
    from mlpcli.training.importance import Costs
    from mlpcli.training.model import Model

__all__ = ["explain"]


def explain(
    *,
    run: SomeRun,
    split: Annotated[
        Split | None,
        typer.Option(help="part of the run's data to permute", show_default="test, else val, else train"),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="metric that is compared, such as loss",
            show_default="accuracy, rmse or, for several targets, r2",
        ),
    ] = None,
    repeats: Annotated[int, typer.Option(min=2, max=10_000, help="permutations of each column")] = 10,
    results: ResultsRoot = Path("results"),
    data_home: DataHome = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say which columns of the table a trained network relies on: what permuting each one costs.

    The importance of a column is the accuracy lost, or the error gained, when its cells change places between the rows,
    with a 95% interval. For a trial of a sweep the interval is over the seeds of its configuration whose models were
    kept; for one network it is over permutations, and says nothing of other seeds. Columns that tell the same share
    their importance, so each may seem to matter little.

    Example: mlpcli explain wine-0123456789ab --metric loss
    """
    from mlpcli.api.evaluate import own_data
    from mlpcli.atomic import make_folder, shown, write_atomic
    from mlpcli.results.files.csv_text import encode, line
    from mlpcli.results.folders.find_models import find_repeats
    from mlpcli.threads import blas_threads
    from mlpcli.training.importance import COLUMNS, costs, find_metric, importance_rows, permutations
    from mlpcli.training.model import Model

    say = cache(message)  # once, also where all is done once more because the run was trained again meanwhile

    def load(path: Path) -> "tuple[Repeats, list[Model]]":
        found = find_repeats(run, results)
        return found, [Model.load(path) for path in found.models]

    def permute(loaded: "tuple[Repeats, list[Model]]") -> "tuple[Metric, str, int, list[Costs]]":
        networks: list[Costs] = []
        found, models = loaded
        for path, model in zip(found.models, models, strict=True):
            data, name = own_data(model, shown(path), split, data_home)
            chosen, part = find_metric(metric, model, "--metric"), data.parts[name]
            if not networks:
                count = sum(one.options.ensemble for one in models)
                say(f"{counted(count, 'network')}, {len(part)} {name} rows of {data.name}", quiet=quiet)
            orders = permutations(model.options.seed, len(part), repeats)
            with blas_threads(int(model.options.threads)), _progress(model, len(networks), len(models), quiet) as show:
                networks.append(costs(model, part, chosen, orders, show))
        return chosen, name, len(part), networks

    (found, models), (chosen, name, permuted, networks) = of_one_model(run, results, load, permute)
    if found.lost:
        message(f"{counted(found.lost, 'trial')} of this configuration left no model and cannot count", quiet=quiet)
    over = "permutations" if len(models) == 1 else "folds" if found.folds > 1 else "seeds"
    rows = importance_rows(models[0].preprocessing.columns, chosen, networks, found.folds)
    folder = folder_for_tables(found.models[0])
    file = folder / f"explain-{name}.csv"
    if as_json:
        print_json(
            {
                "split": name,
                "rows": permuted,
                "networks": [shown(path) for path in found.models],
                "permutations": repeats,
                "interval_over": over,
                "columns": [dict(zip(COLUMNS, row, strict=True)) for row in rows],
                "file": shown(file),
            }
        )
    else:
        change = "decrease" if chosen.larger_is_better else "increase"
        table(
            ["column", "importance", "ci_low", "ci_high"],
            [[row[0], *map(short, row[3:])] for row in rows],
            title=f"{change} of {chosen.name} when the column is permuted, 95% interval over {over}",
        )
        print()
    make_folder(folder)  # after the table, which took the time, since the folder may be read-only
    write_atomic(file, encode("".join(map(line, (COLUMNS, *rows)))))
    if not as_json:
        print(shown(file))


@contextmanager
def _progress(model: "Model", done: int, networks: int, quiet: bool) -> "Iterator[Callable[[str], None]]":
    """A bar of the columns of one network, on a terminal; takes the name of the column that is permuted."""
    from mlpcli.api.views.progress import progress_bar

    what = "column" if networks == 1 else f"network {done + 1} of {networks}, column"
    begun = count()
    with progress_bar(what, len(model.preprocessing.columns), False if quiet else None) as bar:
        yield lambda name: bar.show(next(begun), plain(name))

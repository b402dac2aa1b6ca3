"""`mlpcli datasets`: the datasets that can be loaded, where from, and what one of them contains."""

from typing import Annotated, Any

import typer

from mlpcli.cli import completion
from mlpcli.cli.console import message, plain, print_json, warning
from mlpcli.cli.flags import DataHome, Json, Quiet, switch
from mlpcli.cli.option_flags import with_options
from mlpcli.cli.text_table import table
from mlpcli.cli.views.data_summary import summary_lines, warn_of_columns
from mlpcli.config import DataOptions, Source, build
from mlpcli.errors import UsageError

__all__ = ["datasets"]

LONGEST = 20  # rows of a dataset's columns or classes that are printed


@with_options([name for name in DataOptions.model_fields if name != "dataset"])
def datasets(
    given: Source,
    *,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="dataset to show, with parameters after a colon",
            autocompletion=completion.datasets,
        ),
    ] = None,
    fetch: Annotated[bool, switch("--fetch", help="download NAME if it is not here yet")] = False,
    clear: Annotated[bool, switch("--clear", help="remove NAME from the cache, or everything")] = False,
    data_home: DataHome = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List the datasets, or show the columns, classes and split sizes of one.

    A card, datasets/NAME.toml in the working folder, makes a dataset of a table of yours. Its keys: title, source =
    "file", task, target, rows, features, for classification classes (their number), licence, citation; origin.path =
    "../houses.csv", seen from the card's folder; options of reading where they are needed, as in reading.decimal = ",".

    Example: mlpcli datasets moons:n=500,noise=0.1
    """
    from mlpcli.data import catalog

    if fetch and clear:
        raise UsageError("--fetch, --clear: only one of them is possible. Leave one out")
    if fetch and not name:
        raise UsageError("--fetch: name the dataset to download. `mlpcli datasets` lists them")
    if name is None and given.values:
        raise UsageError(f"{', '.join(map(given.place, given.values))}: options of one dataset. Name it")
    options = build(*([Source({"dataset": name}, "--")] if name else []), given).data
    if clear:
        count, size = catalog.clear(options if name else None, data_home=data_home)
        message(f"removed {count} cached entries of {name or 'all datasets'}, {_megabytes(size)} MB", quiet=quiet)
        if as_json:
            print_json({"removed": count, "bytes": size})
    elif name:
        described = catalog.details(options, fetch=fetch, data_home=data_home)
        if as_json:
            print_json(described)
        else:
            _show(described)
    else:
        rows, errors = catalog.catalog(data_home)
        for error in errors:
            warning(str(error))
        if as_json:
            print_json({"datasets": rows})
        else:
            _list(rows)


def _list(rows: list[dict[str, Any]]) -> None:
    shown = ("name", "task", "rows", "features", "classes", "source", "licence")
    cells = [[*(row[key] for key in shown), "yes" if row["here"] else "no"] for row in rows]
    table((*shown, "here"), cells, expendable=("licence", "classes", "features", "source"))


def _show(described: dict[str, Any]) -> None:
    facts: dict[str, Any] = {
        key: described[key] for key in ("name", "title", "source", "licence", "citation", "task") if key in described
    }
    facts["target"] = ", ".join(described["targets"])
    if "splits" in described:
        facts["scale"] = described["scale"]
        facts["rows"] = ", ".join(f"{count} {part}" for part, count in described["splits"].items())
    else:
        facts["rows"] = f"{described['rows']} with {described['features']} features"
        facts["here"] = "no; download it with --fetch"
    for key, fact in facts.items():
        print(plain(f"{key + ':':<10}{fact}"))
    if described.get("parameters"):
        print(f"\nParameters, as in {plain(_example(described))}:")
        headers = ("name", "value", "range", "meaning")
        table(headers, [[parameter[key] for key in headers] for parameter in described["parameters"]])
    if "columns" in described:
        from mlpcli.data import ColumnSummary

        summary = [ColumnSummary(**column) for column in described["columns"]]
        print("", *summary_lines(summary), sep="\n")
        warn_of_columns(summary)
    if described.get("classes"):
        _cut(("class", *described["splits"]), [list(label.values()) for label in described["classes"]])


def _example(described: dict[str, Any]) -> str:
    """The dataset's name with two of its parameters: `moons:n=1000,noise=0.2`."""
    shown = ",".join(f"{parameter['name']}={parameter['value']}" for parameter in described["parameters"][:2])
    return f"{described['name'].partition(':')[0]}:{shown}"


def _cut(headers: tuple[str, ...], rows: list[list[object]]) -> None:
    print()
    table(headers, rows[:LONGEST])
    if len(rows) > LONGEST:
        print(f"… {len(rows) - LONGEST} more; --json prints all of them")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f}"

"""Flags that several commands share, each declared once, and the way to declare one that takes no value."""

from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = [
    "PANEL",
    "Config",
    "DataHome",
    "Json",
    "Name",
    "Note",
    "Quiet",
    "ResultsRoot",
    "SomeResult",
    "SomeRun",
    "SomeTable",
    "Tags",
    "switch",
]

PANEL = "Folders and output"


def switch(*names: str, help: str, panel: str | None = None) -> Any:
    """A flag without a value; its empty metavar keeps Typer from showing `<bool>` beside it."""
    return typer.Option(*names, help=help, metavar="", rich_help_panel=panel)


Json = Annotated[bool, switch("--json", help="print one JSON object and nothing else", panel=PANEL)]
Quiet = Annotated[bool, switch("--quiet", "-q", help="print no progress and no messages", panel=PANEL)]
ResultsRoot = Annotated[Path, typer.Option("--results", help="folder of all results", rich_help_panel=PANEL)]
DataHome = Annotated[
    Path | None,
    typer.Option("--data-home", help="cache of prepared data", show_default="the user's cache", rich_help_panel=PANEL),
]
Name = Annotated[str | None, typer.Option("--name", help="folder below --results", rich_help_panel=PANEL)]
Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="TOML file of options; flags override it", rich_help_panel=PANEL),
]
Note = Annotated[
    str | None, typer.Option("--note", metavar="TEXT", help="sentence kept with the results", rich_help_panel=PANEL)
]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", metavar="NAME", help="name to find the results by; repeatable", rich_help_panel=PANEL),
]
SomeRun = Annotated[
    str,
    typer.Argument(metavar="RUN", help="run, trial such as SWEEP/17 or SWEEP/best, run_id, or model file"),
]
SomeResult = Annotated[
    str, typer.Argument(metavar="NAME", help="run, sweep, trial such as SWEEP/17 or SWEEP/best, or run_id")
]
SomeTable = Annotated[
    str, typer.Argument(metavar="NAME", help="folder of a run or a sweep, or its name under --results")
]

"""`mlpcli predict`: predictions for rows as a stream, a file or standard input in, a file or stdout out."""

import sys
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlpcli.cli.console import message, print_json
from mlpcli.cli.flags import DataHome, Json, Quiet, ResultsRoot, check_other_file, names_of, switch
from mlpcli.cli.option_flags import with_options
from mlpcli.cli.standard_streams import STDIN, is_abandoned
from mlpcli.cli.views.data_summary import warn_of_columns
from mlpcli.config import READING, Source, build
from mlpcli.errors import DataError, UsageError
from mlpcli.wording import quote

if TYPE_CHECKING:
    from mlpcli.data.prepared.column_summary import UnknownTexts

__all__ = ["predict"]


class Piped(StrEnum):
    """Formats of rows on standard input."""

    CSV = "csv"
    TSV = "tsv"
    JSONL = "jsonl"


@with_options(READING, default="as in training")
def predict(
    given: Source,
    *,
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN... TABLE",
            help="a run or trial, or several that are averaged (SWEEP/best:5), and a table; - is stdin",
        ),
    ],
    piped: Annotated[Piped, typer.Option("--stdin", help="format of the rows on stdin")] = Piped.CSV,
    keep: Annotated[
        str | None, typer.Option(metavar="NAMES", help="columns of the table to copy, comma-separated, such as ids")
    ] = None,
    proba: Annotated[bool, switch("--proba", help="write one probability per class too")] = False,
    columns: Annotated[
        str | None, typer.Option(metavar="NAMES", help="columns to write, comma-separated, in this order")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="CSV file to write", show_default="stdout")
    ] = None,
    results: ResultsRoot = Path("results"),
    data_home: DataHome = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Predict the target of every row, in order, as CSV; memory holds a piece of the table at a time.

    Example: mlpcli predict iris-0123456789ab new.csv --keep id --proba
    """
    *runs, table = names
    if not runs:
        raise UsageError(f"predict needs a run and a table, got {quote(table)} alone. Use - for rows on standard input")
    if piped is not Piped.CSV and table not in STDIN:
        raise UsageError(f"--stdin {piped}: the rows come from {table[:200]}. Give - in its place")
    if as_json and output is None:
        raise UsageError("--json: stdout would hold the predictions. Name a file for them with --output")
    if output is not None:
        check_other_file("--output", output, table)

    from mlpcli.api.predict import predict_columns
    from mlpcli.api.stored import load_all
    from mlpcli.atomic import stream_atomic
    from mlpcli.results.files.csv_text import line, lines
    from mlpcli.results.reading.selected import check_columns

    models = load_all(runs, results=results)
    kept = keep.split(",") if keep else []
    options = build(Source({"dataset": f"-.{piped}" if table in STDIN else table}, "--"), given).data
    unknown: dict[str, UnknownTexts] = {}

    def notice(texts: "UnknownTexts") -> None:
        before = unknown.get(texts.column)
        unknown[texts.column] = texts if before is None else before._replace(rows=before.rows + texts.rows)

    header, blocks = predict_columns(models, options, keep=kept, data_home=data_home, notice=notice)
    usual = [name for name in header if proba or name in kept or not name.startswith("probability_")]
    wanted = names_of(columns, header) if columns else usual
    check_columns(wanted, header, "--columns")
    places = [header.index(name) for name in wanted]
    count = 0
    block = next(blocks, None)  # before anything is written, so that what is no table leaves no file
    try:
        with nullcontext(sys.stdout) if output is None else stream_atomic(output.resolve()) as stream:
            stream.write(line(wanted))
            while block is not None and not is_abandoned(stream):
                stream.write(lines([block[at] for at in places]))
                stream.flush()  # the reader sees the rows, and one that has left is noticed
                count += len(block[0])
                block = next(blocks, None)
    except DataError as error:
        if output is None:  # a reader of tables knows nothing of the rows before
            error.args = (str(error).replace("Nothing was written", f"The first {count} rows were written"),)
        raise
    if block is None:
        warn_of_columns((), [*unknown.values()])
    if as_json:
        print_json({"rows": count, "columns": wanted, "output": str(output)})
    elif output is not None:
        message(f"{output}: {count} rows", quiet=quiet)

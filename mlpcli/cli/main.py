"""The command line as a whole: the list of commands, and one exit code and one line for everything that goes wrong.

A command's module is imported when the command is called, so `--help` loads none of them. Typer only parses: the work
runs after Typer has returned, because its own handling of Ctrl-C, end of file and broken pipes would interfere.
"""

import functools
import importlib
import inspect
import os
import re
import shutil
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from mlpcli import __version__
from mlpcli.cli import console, interruption
from mlpcli.cli.explain_errors import explain
from mlpcli.cli.first_page import first_page
from mlpcli.cli.standard_streams import guard_streams
from mlpcli.errors import ExitCode, MlpcliError, UsageError
from mlpcli.signals import check
from mlpcli.wording import nearest, sentence

__all__ = ["run"]


class Command(NamedTuple):
    """Where a command is defined, and its help in one line."""

    module: str
    function: str
    help: str


COMMANDS = {
    name: Command(f"mlpcli.cli.commands.{name}", function, help)
    for name, function, help in (
        ("train", "train", "Train one network and write results/<name>/."),
        ("eval", "evaluate", "Score a trained network on its own data or on another table."),
        ("sweep", "sweep", "Run every trial of a sweep file that is still missing."),
        ("list", "list_", "List runs and sweeps, or the trials of a sweep."),
        ("show", "show", "Show one run, sweep or trial, and the command that reproduces it."),
        ("compare", "compare", "Compare runs and trials: options that differ, scores, paired differences."),
        ("predict", "predict", "Predict the target of every row of a table, as a stream."),
        ("explain", "explain", "Say which columns of the table a trained network relies on."),
        ("plot", "plot", "Draw a run or a sweep: curves, options, the network, its decisions."),
        ("report", "report", "Write one HTML page of runs and sweeps, to look at and to send."),
        ("export", "export", "Write a trained network in the format of another tool."),
        ("gradcheck", "gradcheck", "Check the gradient of every component or one network."),
        ("graph", "graph", "Show values and gradients of a computational graph."),
        ("datasets", "datasets", "List what can be loaded, and fetch what is not here yet."),
    )
}

PURPOSE = "Train multilayer perceptrons, alone and in sweeps, on NumPy."

EXIT_CODES = [
    ("0", "everything asked for is on disk"),
    ("1", "the answer is no: a failed trial, divergence, a wrong gradient"),
    ("2", "options or a sweep file are wrong; nothing was started or written"),
    ("65", "data or a model file is unusable"),
    ("69", "the network or a cluster cannot be reached"),
    ("70", "a bug in mlpcli"),
    ("74", "a file cannot be read or written"),
    ("75", "another process is using this results folder"),
    ("130", "Ctrl-C: what was finished is kept"),
    ("143", "SIGTERM: what was finished is kept"),
]


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, `sys.argv` by default, and return its exit code; every failure is one line on stderr."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        guard_streams()
        code = _run([word for word in words if word != "--debug"])
        sys.stdout.flush()
    except SystemExit as stop:  # shell completion leaves this way
        code = stop.code if isinstance(stop.code, int) else ExitCode.OK
    except BaseException as error:
        with interruption.ignored():
            code, text = explain(error)
            if code == ExitCode.BUG and "--debug" in words:
                traceback.print_exception(error)
            console.error(text)
            interruption.decide(code)
    interruption.decide(code)
    return code


def _run(words: list[str]) -> int:
    if not console.is_terminal():  # otherwise GITHUB_ACTIONS and FORCE_COLOR make Typer colour the text of a file
        os.environ.setdefault("_TYPER_FORCE_DISABLE_TERMINAL", "1")
    interruption.promise(interruption.NOTHING)
    command = typer.main.get_command(_app())
    outcome = command.main(words or ["--help"], prog_name="mlpcli", standalone_mode=False)
    if outcome == ExitCode.INTERRUPTED:  # the value that Typer returns after Ctrl-C
        raise KeyboardInterrupt
    interruption.promise("What was finished is kept")
    with interruption.raised():
        try:
            return int((outcome() if callable(outcome) else outcome) or 0)
        except MlpcliError:
            raise
        except Exception:
            check()  # pydantic makes errors of its own of what a signal raises
            raise


def _app() -> typer.Typer:
    app = typer.Typer(
        cls=_Commands,
        callback=_root,
        rich_markup_mode=None,  # rich is not loaded for errors and versions
    )
    for name, command in COMMANDS.items():
        app.command(name, short_help=command.help)(_not_loaded)
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mlpcli {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="show the version and exit")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="after a bug in mlpcli, print the traceback; may stand anywhere")
    ] = False,
) -> None:
    pass


class _Commands(TyperGroup):
    """All commands, each loaded when it is called or its flags are completed; Typer's own flags in our words."""

    def get_params(self, ctx: Any) -> list[Any]:
        flags: list[Any] = super().get_params(ctx)
        for flag in flags:
            flag.metavar, flag.help = "", flag.help[:1].lower() + flag.help[1:].removesuffix(".")
        return flags

    def format_help(self, ctx: Any, formatter: Any) -> None:
        options = [(flag.opts[0], flag.help) for flag in self.get_params(ctx)]
        commands = [(name, command.help) for name, command in COMMANDS.items()]
        colour = console.is_terminal() and "NO_COLOR" not in os.environ
        width = shutil.get_terminal_size().columns
        boxes = {"Options": options, "Commands": commands, "Exit codes": EXIT_CODES}
        formatter.write(first_page(PURPOSE, boxes, width, colour=colour))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, rest = args[0], args[1:]
        if name in COMMANDS:
            return name, _load(name), rest
        if ctx.resilient_parsing:
            return None, None, rest
        from mlpcli.config.sources.foreign import our_command

        problem = f"no such command {name!r}{our_command(name) or nearest(name, COMMANDS)}"
        raise UsageError(f"{sentence(problem)} Type mlpcli --help for the list")


class _Command(TyperCommand):
    """A command that shows `--help` like its other flags without a value, and arguments as they are typed."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        pieces = [piece.replace("{", "").replace("}", "") for piece in super().collect_usage_pieces(ctx)]
        return [piece.removesuffix("...") if "... " in piece else piece for piece in pieces]

    def format_help(self, ctx: Any, formatter: Any) -> None:
        for parameter in self.params:
            parameter.secondary_opts = []  # their column would take a quarter of the page; the clauses name them
        super().format_help(ctx, formatter)

    def get_help_option(self, ctx: Any) -> Any:
        option = super().get_help_option(ctx)
        if option is not None:
            option.help, option.metavar = "show this message and exit", ""
        return option


def _load(name: str) -> Any:
    """The command; invoking it returns its work as a function that is still to be called."""
    from mlpcli.cli.flags import Plugins, name_types

    command = COMMANDS[name]
    work = getattr(importlib.import_module(command.module), command.function)
    name_types(work)

    @functools.wraps(work)
    def deferred(plugin: list[Path] | None, **arguments: Any) -> Callable[[], int | None]:
        return functools.partial(_with_plugins, plugin or (), functools.partial(work, **arguments))

    signature = inspect.signature(work, eval_str=True)
    everywhere = inspect.Parameter("plugin", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Plugins)
    # Typer reads the signature, older versions also the annotations.
    parameters = [*signature.parameters.values(), everywhere]
    deferred.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]  # of functions
    deferred.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}

    app = typer.Typer(add_completion=False)
    app.command(name, cls=_Command, help=_paragraphs(work.__doc__ or ""))(deferred)
    made = typer.main.get_command(app)
    for parameter in made.params:
        if parameter.param_type_name == "argument":  # its name says enough; Typer would add <str> or <list[str]>
            vars(parameter)["display_type_rich"] = lambda ctx: None
    return made


def _paragraphs(text: str) -> str:
    """A docstring whose lines end where a paragraph or an example does, so that the page wraps them to its width."""
    return re.sub(r"(?<!\n)\n(?!\n| *mlpcli )", " ", inspect.cleandoc(text))


def _with_plugins(plugins: Sequence[Path], work: Callable[[], int | None]) -> int | None:
    """Do the work of a command with the parts of these files; what they raise is not a bug of ours."""
    if not plugins:
        return work()
    from mlpcli.plugins.files import blamed, load

    with redirect_stdout(sys.stderr):  # what a file prints is no result, and would stand before the object of --json
        load(plugins)
    with blamed(interruption.kept):
        return work()


def _not_loaded() -> None:
    """Placeholder for a command in the list of commands."""

"""The flags of options, made from their declarations in `config`, for every command that takes some of them."""

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import typer

from mlpcli.cli import completion
from mlpcli.cli.flags import TYPES
from mlpcli.config import OPTIONS, Option, Source

__all__ = ["with_options"]

Result = TypeVar("Result")

MOST_WORDS = 12
"""Words among the values of an option that its help shows as its type."""


def with_options(
    names: Collection[str] = tuple(OPTIONS), *, hidden: Collection[str] = (), default: str | None = None
) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Decorate `command(given, ...)` so that it takes flags of options beside its own parameters.

    `given` is a `Source` of the flags on the command line: text, or true or false for a switch. `config.build` reads
    it together with the other sources, so one message reports every problem.

    Args:
        names: the options that become flags, by default all options of a run.
        hidden: options that are accepted but not shown in the help.
        default: what the help says of every flag that is not given, in place of the option's own default.
    """
    options = {name: option for name, option in OPTIONS.items() if name in names}
    if default is not None:
        options = {name: replace(option, default=None, shown=default) for name, option in options.items()}
    return lambda command: _with_flags(command, options, hidden)


def _with_flags(
    command: Callable[..., Result], options: Mapping[str, Option], hidden: Collection[str]
) -> Callable[..., Result]:
    _, *own = inspect.signature(command, eval_str=True).parameters.values()

    def with_flags(context: typer.Context, **arguments: Any) -> Result:
        words = {name: arguments.pop(name) for name in options}
        typed = {name: word for name, word in words.items() if _is_typed(context, name)}
        return command(Source(typed, "--", text=True), **arguments)

    parameters = [
        inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context),
        *(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own),
        *(
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=_flag(option, name in hidden),
                annotation=bool if _is_switch(option) else str,
            )
            for name, option in options.items()
        ),
    ]
    # Typer reads the signature, older versions also the annotations.
    with_flags.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # of functions
    with_flags.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    with_flags.__doc__ = command.__doc__
    return with_flags


def _is_typed(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _is_switch(option: Option) -> bool:
    return option.types == {bool}


def _flag(option: Option, hidden: bool) -> Any:
    if _is_switch(option):  # its opposite can undo what a file says
        opposite = f"--no-{option.flag.removeprefix('--')}"
        return typer.Option(
            option.default,
            f"{option.flag}/{opposite}",
            help=f"{option.help} (or {opposite})",
            metavar="",
            show_default="off" if option.default is False else True,
            rich_help_panel=option.group,
            hidden=hidden,
        )
    has_default = option.default is not None
    return typer.Option(
        option.shown if has_default else None,
        option.flag,
        help=_help(option),
        metavar=_metavar(option),
        show_default=True if has_default else option.shown,
        rich_help_panel=option.group,
        hidden=hidden,
        autocompletion=completion.datasets if option.name == "dataset" else _choices(option),
    )


def _choices(option: Option) -> Callable[[str], list[str]]:
    return lambda incomplete: [choice for choice in option.choices if choice.startswith(incomplete)]


def _metavar(option: Option) -> str:
    """The types and the words of its values, or `<name>` for more words than a column has room for."""
    if len(option.choices) > MOST_WORDS:
        return "<name>"
    between = " or " if "," in option.choices else ", "
    return between.join(part if isinstance(part, str) else TYPES[part] for part in option.parts)


def _help(option: Option) -> str:
    """Its clause, with the words that the column of types leaves out."""
    return f"{option.help}; one of {', '.join(option.choices)}" if len(option.choices) > MOST_WORDS else option.help

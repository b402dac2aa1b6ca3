"""The exit code and the line for whatever ended a command: an error of ours, of Typer, of Python or of the system."""

import os
import re
import signal
import traceback
from typing import Any

from mlpcli.cli import interruption
from mlpcli.errors import ExitCode, MlpcliError, lack, why
from mlpcli.signals import Interruption
from mlpcli.wording import nearest, sentence

__all__ = ["explain"]


def explain(error: BaseException) -> tuple[int, str]:
    """The exit code and the message for the error that ended the work."""
    if isinstance(error, MlpcliError):
        return error.code, str(error)
    if isinstance(error, KeyboardInterrupt):
        stop = error if isinstance(error, Interruption) else Interruption(signal.SIGINT)
        return stop.code, f"{stop.word}. {interruption.kept()}"
    line = " ".join(str(error).split())[-200:].rstrip(".")
    if (what := lack(error)) == "memory":
        reason = f": {line}" if line else ""
        remedy = "Use a smaller batch_size or network, fewer rows, or more --memory if it is given"
        return ExitCode.DATA, f"not enough memory{reason}. {remedy}"
    if what is not None:
        return ExitCode.IO, f"not enough {what}: {line}. End other programs, or raise the limit with ulimit"
    if isinstance(error, OSError):
        named = isinstance(error.filename, str | bytes)  # it may be a descriptor
        name = f" {os.fsdecode(error.filename)}" if named else ""
        return ExitCode.IO, f"cannot read or write{name}: {why(error)}"
    if isinstance(error, ImportError) and _is_of_a_file(error):
        return ExitCode.IO, f"cannot load {error.name or 'a library'}: {line}. Try again, or install it again"
    if type(error).__name__ == "PanicException" and "failed to import" in str(error):  # pydantic's core is Rust
        return ExitCode.IO, f"cannot load a library: {line}. Try again, or install it again"
    if hasattr(error, "format_message"):  # Typer's usage errors share no public base
        return ExitCode.USAGE, _explain_usage(error)
    at = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{os.path.basename(at.filename)}:{at.lineno}"
    return ExitCode.BUG, (
        f"a bug in mlpcli: {type(error).__name__}: {error} ({where})."
        " Please report it with the traceback that the same command prints with --debug"
    )


def _is_of_a_file(error: ImportError) -> bool:
    """Whether a file could not be loaded, which Python may call absent; a name that a module of ours lacks is a bug."""
    if type(error) is not ImportError or not (error.name or "").startswith("mlpcli"):
        return True
    folder, module = os.path.split(error.path or "")
    name = re.search(r"cannot import name '(\w+)'", str(error))
    return name is not None and module == "__init__.py" and os.path.exists(os.path.join(folder, f"{name[1]}.py"))


def _explain_usage(error: Any) -> str:
    if hasattr(error, "possibilities"):
        hint = _our_flag(error) or nearest(error.option_name, error.possibilities or ())
        text = f"no such option {error.option_name}{hint}"
    elif hasattr(error.__cause__, "errors"):
        text = _explain_value(error.param.opts[0], error.__cause__.errors()[0])
    else:
        text = " ".join(error.format_message().split())
        text = text[:1].lower() + text[1:]
        if text.startswith("got unexpected extra argument"):
            named = re.search(r"argument\(?s?\)? \((\S+\.\w+)", text)
            if named and os.path.isfile(named[1]):
                text += f"; a table is given with --dataset {named[1]}"
            else:
                text += "; switches such as --json take no value, and lists are written with commas, as in 64,32"
    context = getattr(error, "ctx", None)
    return f"{sentence(text)} Type {context.command_path} --help for its arguments and flags" if context else text


def _explain_value(flag: str, problem: Any) -> str:
    """What is wrong with the value of a flag, from pydantic, by which Typer reads values since 0.29."""
    text = problem["msg"].removeprefix("Value error, ").partition(", unable to parse")[0].rstrip(".")
    if problem["type"] == "value_error":  # it names the value, and what there is
        return f"{flag}: {text}"
    expected = re.sub(r"^Input should be (?=greater|less)", "a number ", text).removeprefix("Input should be ")
    return f"{flag}: got {problem['input']!r}, expected {expected}"


def _our_flag(error: Any) -> str:
    """What to use for an option of training that the command lacks, or that another tool has; else nothing.

    `; use --norm batch` where the command takes options of a run, `; mlpcli predict takes RUN FILE` where it does not.
    """
    from mlpcli.config import OPTIONS
    from mlpcli.config.sources.foreign import our_option

    if error.ctx is None:
        return ""
    if "width" in {parameter.name for parameter in error.ctx.command.params}:
        return our_option(error.option_name, flag=True)
    name = error.option_name.lstrip("-").replace("-", "_")
    if name not in OPTIONS:
        return ""
    if error.ctx.parent is None:
        return f"; mlpcli train takes {error.option_name}"
    if "--set" in {flag for parameter in error.ctx.command.params for flag in parameter.opts}:
        return f"; use --set base.{name}=VALUE"
    taken = " ".join(error.ctx.command.collect_usage_pieces(error.ctx)[1:])
    return f"; {error.ctx.command_path} takes {taken or 'no arguments'}, and no options of a training"

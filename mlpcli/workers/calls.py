"""Function calls and their outcomes as bytes: all that travels to a worker and back.

Every executor, including the serial one, sends calls this way, so a job that runs on one runs on all. The bytes are
pickles of the standard library; workers are trusted as much as the process that started them.
"""

import pickle
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = ["RemoteError", "answer", "pack", "unpack"]

PROTOCOL = 5


class RemoteError(Exception):
    """A job raised or returned something that cannot be sent between processes; the message says what."""


def pack(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> bytes:
    """The call `function(*args, **kwargs)`; pickled by name, so `function` must be at the top level of a module.

    Raises:
        RemoteError: function or arguments cannot be pickled.
    """
    try:
        return pickle.dumps((function, args, kwargs), PROTOCOL)
    except Exception as error:
        raise RemoteError(f"the call of {_name(function)} cannot be pickled: {_line(error)}") from error


def answer(call: bytes) -> bytes:
    """Make the call and return its outcome; any exception but Ctrl-C is an outcome.

    `sys.exit` in a job ends the job, not the worker.
    """
    try:
        function, args, kwargs = pickle.loads(call)
        result = function(*args, **kwargs)
    except (Exception, SystemExit) as error:
        return _failure(error)
    try:
        return pickle.dumps((True, result), PROTOCOL)
    except Exception as error:
        return _failure(RemoteError(f"the result of {_name(function)} cannot be pickled: {_line(error)}"))


def unpack(outcome: bytes) -> Any:
    """Return the call's result or raise its exception, with the worker's traceback as a note.

    Raises:
        RemoteError: the result cannot be unpickled here, or the exception could not be pickled there.
        MemoryError: it does not fit into memory.
    """
    try:
        done, value = pickle.loads(outcome)
    except MemoryError:
        raise
    except Exception as error:
        raise RemoteError(f"a job's result cannot be unpickled: {_line(error)}") from error
    if done:
        return value
    raise value


def _failure(error: BaseException) -> bytes:
    """The outcome of a call that raised.

    An exception that cannot be pickled and unpickled (its constructor needs more than its args, say) is sent as text,
    and so is SystemExit, which would end the process that reads it.
    """
    note = "In the worker:\n" + "".join(traceback.format_exception(error)).rstrip()
    try:
        error.add_note(note)
        outcome = pickle.dumps((False, error), PROTOCOL)
        if isinstance(error, Exception) and type(pickle.loads(outcome)[1]) is type(error):
            return outcome
    except Exception:  # an exception's own pickling may raise anything
        pass
    substitute = RemoteError(_line(error))
    substitute.add_note(note)
    return pickle.dumps((False, substitute), PROTOCOL)


def _line(error: BaseException) -> str:
    """`Type: message`, safe against an exception whose __str__ raises."""
    return traceback.format_exception_only(error)[0].strip()


def _name(function: Any) -> str:
    return str(getattr(function, "__qualname__", function))

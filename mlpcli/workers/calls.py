"""A function call as bytes, and its outcome as bytes: the one thing that travels to a worker and back.

Every executor, the serial one included, sends calls this way, so that what runs on one runs on all. Bytes are
pickled by the standard library; the workers of a sweep are as trusted as the process that started them.
"""

import pickle
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = ["RemoteError", "answer", "pack", "unpack"]

PROTOCOL = 5


class RemoteError(Exception):
    """A job raised or returned what cannot travel between processes; the message says what it was."""


def pack(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> bytes:
    """The call `function(*args, **kwargs)`; the function goes by its name, so it must stand at a module's top.

    Raises:
        RemoteError: function or arguments cannot be pickled.
    """
    try:
        return pickle.dumps((function, args, kwargs), PROTOCOL)
    except Exception as error:
        raise RemoteError(f"the call of {_name(function)} cannot be pickled: {_line(error)}") from error


def answer(call: bytes) -> bytes:
    """Make the call and return its outcome; whatever it raises is an outcome, but for Ctrl-C.

    `sys.exit` in a job ends the job and not the worker.
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
    """The call's result, or its exception, raised; a note to it holds the traceback of the worker.

    Raises:
        RemoteError: the result cannot be unpickled here, or the exception could not be pickled there.
    """
    try:
        done, value = pickle.loads(outcome)
    except Exception as error:
        raise RemoteError(f"a job's result cannot be unpickled: {_line(error)}") from error
    if done:
        return value
    raise value


def _failure(error: BaseException) -> bytes:
    """The outcome of a call that raised.

    An exception that does not survive the way there and back (its constructor wants more than its args, say) travels
    as its text, and so does SystemExit, which would end its reader.
    """
    note = "In the worker:\n" + "".join(traceback.format_exception(error)).rstrip()
    try:
        error.add_note(note)
        outcome = pickle.dumps((False, error), PROTOCOL)
        if isinstance(error, Exception) and type(pickle.loads(outcome)[1]) is type(error):
            return outcome
    except Exception:  # its own pickling may raise anything
        pass
    substitute = RemoteError(_line(error))
    substitute.add_note(note)
    return pickle.dumps((False, substitute), PROTOCOL)


def _line(error: BaseException) -> str:
    """`Type: message`, whatever the exception's own __str__ does."""
    return traceback.format_exception_only(error)[0].strip()


def _name(function: Any) -> str:
    return str(getattr(function, "__qualname__", function))

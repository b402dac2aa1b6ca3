"""The child process of the local executor, which runs calls until its parent closes the pipe or dies.

It is started by its path and imports the mlpcli that stands around it, so that nothing in the working folder
(a signal.py, another mlpcli) is imported in place of what the parent has, and the parent's own `__main__` is not
run again. Only this process's stderr is left to what prints: stdin and stdout carry the calls.
"""

import ctypes
import faulthandler
import gc
import os
import signal
import sys
import threading
from importlib import import_module
from pathlib import Path
from queue import SimpleQueue
from typing import IO

__all__ = ["ONE_THREAD", "read_message", "write_message"]

ONE_THREAD = dict.fromkeys(
    [
        "BLIS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
    ],
    "1",
)
"""The environment that keeps every BLAS to one thread; it is read when NumPy is imported, so the parent sets it."""

LENGTH = 8  # bytes of a message's length, which stands before it


def write_message(stream: IO[bytes], message: bytes) -> None:
    """Send `message` whole."""
    stream.write(len(message).to_bytes(LENGTH))
    stream.write(message)
    stream.flush()


def read_message(stream: IO[bytes]) -> bytes:
    """Wait for a message; EOFError if the other side is gone before it is whole."""
    return _read(stream, int.from_bytes(_read(stream, LENGTH)))


def _read(stream: IO[bytes], count: int) -> bytes:
    data = stream.read(count)
    if len(data) < count:
        raise EOFError
    return data


def main(parent: int, preload: list[str]) -> None:
    """Import the modules of `preload`, and answer calls.

    An empty message says that it is ready, another that a call was taken up, so that the parent knows what a death
    is to be charged with.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    _die_with(parent)
    calls_in, outcomes_out = _take_pipes()
    calls: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_receive, args=(calls_in, calls), daemon=True).start()
    faulthandler.enable()
    gc.set_threshold(50_000)  # as in mlpcli.__main__, which a worker does not run
    for module in preload:
        import_module(module)
    from mlpcli.workers.calls import answer

    try:
        write_message(outcomes_out, b"")
        while True:
            call = calls.get()
            write_message(outcomes_out, b"")
            write_message(outcomes_out, answer(call))
    except BrokenPipeError:  # the parent is gone
        os._exit(0)


def _die_with(parent: int) -> None:
    """Have Linux kill this process when the thread that started it ends, however long a call into C lasts.

    Elsewhere the end of the pipe does it, from `_receive`, when the interpreter gets to run.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:  # it died before that
        os._exit(0)


def _take_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """stdin and stdout for calls and outcomes alone: what else reads finds nothing, what else prints goes to stderr."""
    calls_in, outcomes_out = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return calls_in, outcomes_out


def _receive(stream: IO[bytes], calls: SimpleQueue[bytes]) -> None:
    """Pass on what comes; when the parent closes the pipe or dies, end the process in the middle of its work."""
    try:
        while True:
            calls.put(read_message(stream))
    finally:
        os._exit(0)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    import mlpcli  # noqa: F401 (imports nothing; from here on its own folder is searched, the path no more)

    del sys.path[0]
    main(int(sys.argv[1]), sys.argv[2:])

"""The child process of the local executor: it runs calls until its parent closes the pipe or dies.

The parent starts this file by its path, and the child imports the mlpcli that contains it. So nothing in the working
folder (a signal.py, another mlpcli) shadows what the parent uses, and the parent's `__main__` does not run again.
stdin and stdout carry the calls; anything that prints goes to stderr.
"""

import ctypes
import faulthandler
import gc
import os
import signal
import sys
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
"""Environment variables that limit every BLAS to one thread; set by the parent, since NumPy's import reads them."""

LENGTH = 8  # bytes that hold a message's length, sent before the message


def write_message(stream: IO[bytes], message: bytes) -> None:
    """Send all of `message`."""
    stream.write(len(message).to_bytes(LENGTH))
    stream.write(message)
    stream.flush()


def read_message(stream: IO[bytes]) -> bytes:
    """Wait for a message; EOFError if the other side is gone before the message is complete."""
    return _read(stream, int.from_bytes(_read(stream, LENGTH)))


def _read(stream: IO[bytes], count: int) -> bytes:
    data = stream.read(count)
    if len(data) < count:
        raise EOFError
    return data


def main(parent: int, preload: list[str]) -> None:
    """Import the modules of `preload`, and answer calls.

    The first empty message says that the child is ready; each further one that it has accepted a call, so that the
    parent knows whether a call caused the child's death, or that the next message is a report and no outcome.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    _die_with(parent)
    calls_in, outcomes_out = _take_pipes()
    calls: SimpleQueue[bytes] = SimpleQueue()
    from mlpcli.background import Background

    Background(_receive, calls_in, calls)
    faulthandler.enable()
    gc.set_threshold(200_000)  # as in mlpcli.__main__, which a worker does not run
    from mlpcli.threads import set_up_blas
    from mlpcli.workers.calls import answer
    from mlpcli.workers.reports import reported_by

    def send_report(report: bytes) -> None:
        write_message(outcomes_out, b"")
        write_message(outcomes_out, report)

    set_up_blas()
    for module in preload:
        import_module(module)

    try:
        write_message(outcomes_out, b"")
        while True:
            call = calls.get()
            write_message(outcomes_out, b"")
            with reported_by(send_report):
                outcome = answer(call)
            write_message(outcomes_out, outcome)
            del call, outcome  # an idle worker must not keep them alive
    except BrokenPipeError:  # the parent is gone
        os._exit(0)


def _die_with(parent: int) -> None:
    """Have Linux kill this process when the thread that started it ends, even during a long call into C.

    On other systems `_receive` does it when the pipe ends, as soon as the interpreter runs.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:  # the parent died before the call above
        os._exit(0)


def _take_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Reserve stdin and stdout for calls and outcomes: other readers get nothing, other output goes to stderr."""
    calls_in, outcomes_out = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return calls_in, outcomes_out


def _receive(stream: IO[bytes], calls: SimpleQueue[bytes]) -> None:
    """Queue each message; when the parent closes the pipe or dies, end the process at once."""
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

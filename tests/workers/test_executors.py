"""The contract of every executor in the registry; `dask` takes seconds to start, so most of its rows are slow."""

import subprocess
import sys
import traceback
from collections.abc import Iterator
from concurrent.futures import as_completed, wait
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from mlpcli.errors import UsageError
from mlpcli.installation import install_command
from mlpcli.workers.calls import RemoteError
from mlpcli.workers.executor import Executor
from mlpcli.workers.registry import EXECUTORS, open_executor
from tests.workers.executor_jobs import add, blas_threads, echo, fail, read, square, talk, unpicklable
from tests.workers.processes import PATIENCE, eventually

NAMES = [pytest.param(name, marks=pytest.mark.slow if name == "dask" else ()) for name in EXECUTORS]


@pytest.fixture(scope="module", params=NAMES)
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    with open_executor(request.param, 2) as opened:
        yield opened


def test_calls_and_results(executor: Executor) -> None:
    assert isinstance(executor, Executor) and executor.jobs >= 1
    assert executor.submit(add, 1, b=2).result(PATIENCE) == 3
    assert list(executor.map(square, range(20), timeout=PATIENCE)) == [x * x for x in range(20)]


def test_the_standard_library_can_wait(executor: Executor) -> None:
    futures = [executor.submit(square, x) for x in range(5)]
    assert wait(futures, timeout=PATIENCE).done == set(futures)
    assert sorted(future.result() for future in as_completed(futures, timeout=PATIENCE)) == [0, 1, 4, 9, 16]


def test_reports_reach_the_listener(executor: Executor) -> None:
    """But for those that come too soon after another."""
    heard: list[tuple[int, ...]] = []
    executor.listener = heard.append
    assert executor.submit(talk, 7, 2).result(PATIENCE) == "said"
    assert eventually(lambda: len(heard) == 2 or type(executor).__name__ != "ClusterExecutor")
    executor.listener = None
    assert executor.submit(talk, 8, 1).result(PATIENCE) == "said"
    assert heard == [(7, 0), (7, 1)]


def test_arrays_come_back_bit_for_bit(executor: Executor) -> None:
    x = np.random.default_rng(0).standard_normal((1000, 300)).astype(np.float32)
    x[0, 0] = np.nan
    back = executor.submit(echo, {"x": x, "model": b"\0" * 2_000_000}).result(PATIENCE)
    assert back["x"].tobytes() == x.tobytes() and back["x"].dtype == x.dtype and len(back["model"]) == 2_000_000


def test_an_exception_is_the_jobs_own(executor: Executor) -> None:
    error = executor.submit(fail, "value").exception(PATIENCE)
    assert type(error) is ValueError and error.args == ("seven", 7)
    assert "in fail" in error.__notes__[0], "the worker's traceback goes with it"
    assert type(executor.submit(fail, "memory").exception(PATIENCE)) is MemoryError


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("awkward", "Awkward: this"),
        ("carrier", "Carrier: ('it', <function"),
        ("mute", "Mute: <exception str() failed>"),
        ("exit", "SystemExit: 3"),
    ],
)
def test_an_exception_that_cannot_travel_becomes_its_text(executor: Executor, kind: str, said: str) -> None:
    error = executor.submit(fail, kind).exception(PATIENCE)
    assert isinstance(error, Exception) and said in "".join(traceback.format_exception_only(error))
    assert type(error) is RemoteError or "distributed" in sys.modules, "Dask teaches pickle to take some that did not"
    assert "in fail" in error.__notes__[0]


def test_what_cannot_be_pickled_is_said(executor: Executor) -> None:
    error = executor.submit(unpicklable).exception(PATIENCE)
    assert type(error) is RemoteError and "the result of unpicklable cannot be pickled" in str(error)
    error = executor.submit(lambda: None).exception(PATIENCE)
    assert type(error) is RemoteError and "cannot be pickled" in str(error)
    error = executor.submit(echo, lambda: None).exception(PATIENCE)
    assert type(error) is RemoteError and "the call of echo cannot be pickled" in str(error)
    assert executor.submit(square, 3).result(PATIENCE) == 9


def test_one_blas_thread(executor: Executor) -> None:
    assert set(executor.submit(blas_threads).result(PATIENCE)) == {1}


def test_a_shared_folder_is_read(executor: Executor, tmp_path: Path) -> None:
    (tmp_path / "x.npy").write_text("content")
    handle = executor.share("0123abc", tmp_path)
    assert executor.submit(read, handle, "x.npy").result(PATIENCE)[1] == "content"


@pytest.mark.parametrize("name", NAMES)
def test_after_the_shutdown(name: str) -> None:
    with open_executor(name, 1) as executor:
        futures = [executor.submit(square, x) for x in range(10)]
    assert [future.result(0) for future in futures] == [x * x for x in range(10)], "all of them are done"
    with pytest.raises(RuntimeError, match="shut down"):
        executor.submit(square, 1)
    executor.shutdown()
    executor.shutdown(cancel_futures=True)


def test_serial_gives_the_threads_back() -> None:
    before = [pool["num_threads"] for pool in threadpool_info()]
    with open_executor("serial", 8) as executor:
        assert executor.jobs == 1
        executor.submit(square, 2)
        assert [pool["num_threads"] for pool in threadpool_info()] == before


def test_serial_leaves_ctrl_c_to_the_caller() -> None:
    with open_executor("serial", 1) as executor, pytest.raises(KeyboardInterrupt):
        executor.submit(fail, "interrupt")


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(UsageError, match="--executor threads: must be one of serial, local, dask, dask://HOST:PORT"):
        open_executor("threads", 2)


@pytest.mark.parametrize("name", ["dask", "dask://127.0.0.1:8786"])
def test_without_dask_the_remedy_is_named(name: str) -> None:
    code = (
        "import sys; sys.modules['distributed'] = sys.modules['dask'] = None\n"
        f"from mlpcli.workers.registry import open_executor\nopen_executor({name!r}, 2)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE)
    assert "UsageError: --executor dask: Dask is not installed" in done.stderr
    assert f"Type: {install_command('dask')}" in done.stderr


def test_only_what_is_needed_is_imported() -> None:
    code = (
        "import sys; from mlpcli.workers.registry import open_executor; open_executor('local', 2).shutdown()\n"
        "print([name for name in ('numpy', 'distributed', 'dask', 'threadpoolctl') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert done.stdout == "[]\n"

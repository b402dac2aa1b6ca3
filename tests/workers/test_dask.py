"""Dask clusters of our own and started by hand, with workers, schedulers and parents that die."""

import http.server
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import dask
import distributed
import psutil
import pytest

from mlpcli.errors import DataError, ExitCode, Unavailable, UsageError
from mlpcli.workers import dask_cluster as cluster
from mlpcli.workers import dask_connect as connect
from mlpcli.workers.dask_cluster import ClusterExecutor
from mlpcli.workers.executor import ClusterLost, WorkerDied
from mlpcli.workers.registry import open_executor
from tests.workers.executor_jobs import blas_threads, die, log_and_die, pid_after, read, square, stop_the_first
from tests.workers.hand_cluster import HandCluster
from tests.workers.processes import ENDLESS, PATIENCE, alive, eventually, start_script


@pytest.fixture(autouse=True)
def environment_is_given_back() -> Iterator[None]:
    """What Dask and we set for the children of a cluster is gone with it."""
    before = _environment()
    yield
    assert _environment() == before


def _environment() -> dict[str, str]:
    return {name: text for name, text in os.environ.items() if name != "PYTEST_CURRENT_TEST"}


def test_our_own_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that needs no second cluster, in one: starting one takes a second or two."""
    for name in ("signal", "numpy", "random", "mlpcli"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'hit')!r}, 'a').write({name!r})\n")
    monkeypatch.chdir(tmp_path)
    with open_executor("dask", 2) as executor:
        assert isinstance(executor, ClusterExecutor) and executor.jobs == 2
        assert executor.submit(blas_threads).result(PATIENCE) == [1]
        ours = psutil.Process()
        listening = [
            connection.laddr.ip
            for each in (ours, *ours.children(recursive=True))
            for connection in each.net_connections()
            if connection.status == psutil.CONN_LISTEN
        ]
        assert listening and set(listening) == {"127.0.0.1"}

        scheduler = executor._client.scheduler.address
        assert scheduler.startswith("tls://")
        with pytest.raises((OSError, RuntimeError, ValueError)):  # another user of this machine has no certificate
            distributed.Client(scheduler.replace("tls://", "tcp://"), timeout=2, set_as_default=False)

        bystanders = [executor.submit(pid_after, 0.1) for _ in range(3)]
        death = executor.submit(die, "kill")
        bystanders += [executor.submit(pid_after, 0.1) for _ in range(3)]
        assert isinstance(death.exception(PATIENCE), WorkerDied)
        assert all(future.result(PATIENCE) for future in bystanders)

        assert eventually(lambda: executor.jobs == 2)
        first = executor.submit(pid_after, ENDLESS)
        assert eventually(lambda: sum(map(len, executor._client.processing().values())) == 1)
        second = executor.submit(pid_after, ENDLESS)  # to the other worker, since this one is busy
        assert eventually(lambda: [len(keys) for keys in executor._client.processing().values()] == [1, 1])
        executor.abandon(first)
        assert isinstance(first.exception(PATIENCE), WorkerDied)
        assert executor.jobs == 1 and not second.done()
        executor.abandon(second)
        assert isinstance(second.exception(PATIENCE), WorkerDied)
        assert executor._workers == []

        executor._stuck.clear()
        busy = [executor.submit(pid_after, ENDLESS) for _ in range(4)]
        assert eventually(lambda: sum(future.running() for future in busy) == 2)
        start = time.monotonic()
        executor.shutdown(cancel_futures=True)
        assert time.monotonic() - start < PATIENCE
        assert all(future.done() for future in busy)
    assert not (tmp_path / "hit").exists()


@pytest.mark.parametrize(
    ("location", "encrypted", "allowed", "address"),
    [
        ("127.0.0.1:8786", False, False, "tcp://127.0.0.1:8786"),
        ("127.5.5.5:8786", False, False, "tcp://127.5.5.5:8786"),
        ("[::1]:8786", False, False, "tcp://[::1]:8786"),
        ("localhost:1", False, False, "tcp://localhost:1"),
        ("10.0.0.7:8786", True, False, "tls://10.0.0.7:8786"),
        ("10.0.0.7:8786", False, True, "tcp://10.0.0.7:8786"),
        ("big.example.org:8786", True, False, "tls://big.example.org:8786"),
    ],
)
def test_addresses(location: str, encrypted: bool, allowed: bool, address: str) -> None:
    assert connect.scheduler_address(location, encrypted=encrypted, allow_insecure=allowed) == address


@pytest.mark.parametrize(
    "location", ["10.0.0.7:8786", "big.example.org:8786", "localhost.example.org:8786", "[fe80::1]:8786", "0.0.0.0:1"]
)
def test_the_open_network_is_refused(location: str) -> None:
    with pytest.raises(UsageError, match=r"unencrypted and unauthenticated.*--allow-insecure-dask"):
        open_executor(f"dask://{location}", 2)


@pytest.mark.parametrize(
    "location", ["", "host", "host:", ":8786", "host:port", "host:99999", "u:p@host:1", "host:1/x"]
)
def test_what_is_no_address(location: str) -> None:
    with pytest.raises(UsageError, match=r"must be dask://HOST:PORT"):
        connect.scheduler_address(location, encrypted=True, allow_insecure=True)


class Mute:
    """A server that accepts and says nothing."""

    def __enter__(self) -> int:
        self.socket = socket.create_server(("127.0.0.1", 0))
        return int(self.socket.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self.socket.close()


class Web:
    """A server of another kind."""

    def __enter__(self) -> int:
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self.server.server_port

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


class Nobody(Mute):
    """A port that was just given back."""

    def __enter__(self) -> int:
        port = super().__enter__()
        self.socket.close()
        return port


@pytest.mark.parametrize("server", [Nobody, Mute, Web])
def test_no_scheduler_there(server: type[Mute | Web], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "CONNECT_SECONDS", 0.3)
    start = time.monotonic()
    with server() as port, pytest.raises(Unavailable, match=r"no Dask scheduler answers there within 0\.3 s") as caught:
        open_executor(f"dask://127.0.0.1:{port}", 2)
    assert time.monotonic() - start < PATIENCE
    assert caught.value.code == ExitCode.UNAVAILABLE and "\n" not in str(caught.value)


# clusters started by hand, whose workers share no folder with us


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HandCluster]:
    with HandCluster(tmp_path_factory.mktemp("cluster"), workers=2) as started:
        yield started


@pytest.fixture
def joined(by_hand: HandCluster) -> Iterator[ClusterExecutor]:
    with connect.join(by_hand.location) as executor:
        assert eventually(lambda: executor.jobs == 2)
        yield executor
        executor.shutdown(cancel_futures=True)


@pytest.mark.slow
def test_two_workers_by_hand(by_hand: HandCluster, joined: ClusterExecutor) -> None:
    assert list(joined.map(square, range(50), timeout=PATIENCE)) == [x * x for x in range(50)]
    assert len({future.result(PATIENCE) for future in [joined.submit(pid_after, 0.1) for _ in range(8)]}) == 2
    assert joined.submit(blas_threads).result(PATIENCE) == [1]


@pytest.mark.slow
def test_folders_travel(by_hand: HandCluster, tmp_path: Path) -> None:
    (tmp_path / "x.npy").write_text("content")
    with connect.join(by_hand.location) as executor:
        handle = executor.share("abc123", tmp_path)
        (tmp_path / "x.npy").unlink()

        def places() -> set[str]:
            found = {future.result(PATIENCE) for future in [executor.submit(read, handle, "x.npy") for _ in range(20)]}
            assert {content for _, content in found} == {"content"}
            return {place for place, _ in found}

        assert len(places()) == 2 and all(str(by_hand.folder) in place for place in places())
        late = by_hand.add_worker()
        assert eventually(lambda: executor.jobs == 3), "a worker that comes later is used"
        assert len(places()) == 3, "and has the folder too"
        os.killpg(late.pid, signal.SIGKILL)
        assert eventually(lambda: executor.jobs == 2)
        plugins = executor._client.run_on_scheduler(plugin_names)
        assert any("abc123" in name for name in plugins)
    with connect.join(by_hand.location) as executor:
        plugins = executor._client.run_on_scheduler(plugin_names)
        assert not any("abc123" in name for name in plugins), "the scheduler does not keep the data"


def plugin_names(dask_scheduler: Any) -> list[str]:
    return list(dask_scheduler.worker_plugins)


@pytest.mark.slow
def test_data_too_large_for_a_message(joined: ClusterExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "LARGEST_FOLDER", 1000)
    (tmp_path / "x.npy").write_bytes(b"0" * 1001)
    with pytest.raises(DataError, match="Type --executor local"):
        joined.share("abc", tmp_path)


@pytest.mark.slow
def test_large_folders_travel(joined: ClusterExecutor, tmp_path: Path) -> None:
    with (tmp_path / "x.npy").open("wb") as file:
        file.truncate(300_000_000)
    (tmp_path / "small.txt").write_text("content")
    assert joined.submit(read, joined.share("large", tmp_path), "small.txt").result(PATIENCE)[1] == "content"


@pytest.mark.slow
def test_a_lost_worker_is_replaced(joined: ClusterExecutor) -> None:
    """Dask runs its job elsewhere: a worker that dies once is no news."""
    pid = joined.submit(pid_after, 0).result(PATIENCE)
    futures = [joined.submit(pid_after, 0.5) for _ in range(6)]
    time.sleep(0.2)
    os.kill(pid, signal.SIGKILL)
    assert all(future.result(PATIENCE) for future in futures)


@pytest.mark.slow
def test_a_poisoned_job(joined: ClusterExecutor, tmp_path: Path) -> None:
    bystanders = [joined.submit(pid_after, 0.1) for _ in range(10)]
    death = joined.submit(log_and_die, str(tmp_path))
    bystanders += [joined.submit(pid_after, 0.1) for _ in range(10)]
    assert isinstance(death.exception(PATIENCE), WorkerDied)
    assert len(list(tmp_path.iterdir())) == 4, "Dask's own patience, where the cluster is not ours"
    assert all(future.result(PATIENCE) for future in bystanders)


@pytest.mark.slow
def test_cancelled_jobs_leave_the_cluster_to_others(by_hand: HandCluster) -> None:
    with connect.join(by_hand.location) as executor:
        busy = [executor.submit(pid_after, 2) for _ in range(6)]
        assert eventually(lambda: sum(future.running() for future in busy) == 2)
        executor.shutdown(cancel_futures=True)
        assert all(isinstance(future.exception(0), CancelledError) for future in busy if not future.cancelled())
    with connect.join(by_hand.location) as executor:
        assert executor.submit(square, 3).result(PATIENCE) == 9


# clusters that fail


@pytest.mark.slow
def test_a_lost_scheduler_ends_all_jobs(tmp_path: Path) -> None:
    with HandCluster(tmp_path, workers=1) as by_hand, connect.join(by_hand.location) as executor:
        futures = [executor.submit(pid_after, ENDLESS) for _ in range(5)]
        assert eventually(futures[0].running)
        by_hand.scheduler.kill()
        start = time.monotonic()
        errors = [future.exception(PATIENCE) for future in futures]
        late = executor.submit(square, 3).exception(PATIENCE)
        assert time.monotonic() - start < PATIENCE
        for error in (*errors, late):
            assert isinstance(error, ClusterLost) and error.code == ExitCode.UNAVAILABLE
            assert f"--executor dask://{by_hand.location}: lost the scheduler" == str(error)
        executor.shutdown(cancel_futures=True)
    assert time.monotonic() - start < PATIENCE


@pytest.mark.slow
def test_a_scheduler_lost_between_jobs(tmp_path: Path) -> None:
    with HandCluster(tmp_path, workers=1) as by_hand, connect.join(by_hand.location) as executor:
        assert executor.submit(square, 3).result(PATIENCE) == 9
        by_hand.scheduler.kill()
        by_hand.scheduler.wait()
        start = time.monotonic()
        assert isinstance(executor.submit(square, 3).exception(PATIENCE), ClusterLost)
        assert time.monotonic() - start < PATIENCE


@pytest.mark.slow
def test_no_workers_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "WORKER_SECONDS", 2.0)
    refused = pytest.raises(Unavailable, match=r"no workers within 2 s\. .*dask worker tcp://127")
    with HandCluster(tmp_path, workers=0) as by_hand, refused:
        connect.join(by_hand.location)


@pytest.mark.slow
def test_no_workers_any_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "WORKER_SECONDS", 3.0)
    monkeypatch.setattr(cluster, "WATCH_SECONDS", 0.2)
    with HandCluster(tmp_path, workers=0) as by_hand:
        by_hand.add_worker("--no-nanny")
        with connect.join(by_hand.location) as executor:
            futures = [executor.submit(die, "kill"), *(executor.submit(square, x) for x in range(5))]
            for future in futures:
                with pytest.raises(ClusterLost, match="no workers for 3 s"):
                    future.result(PATIENCE)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="this system cannot stop a process")
def test_jobs_do_not_go_to_stopped_workers_where_there_are_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "WORKER_SECONDS", 3.0)
    monkeypatch.setattr(cluster, "WATCH_SECONDS", 0.2)
    with HandCluster(tmp_path, workers=1) as by_hand, connect.join(by_hand.location) as executor:
        stopped = executor.submit(stop_the_first, tmp_path, 1)
        assert eventually((tmp_path / "stopped").exists)
        executor.abandon(stopped)
        with pytest.raises(WorkerDied, match="took too long and was given up"):
            stopped.result(PATIENCE)
        with pytest.raises(ClusterLost, match="no workers for 3 s, 1 took too long and were given up"):
            executor.submit(square, 3).result(PATIENCE)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("customization", "found"),
    [
        ("import sys; sys.modules['mlpcli'] = None", r"cannot load mlpcli \(ModuleNotFoundError"),
        ("import mlpcli; mlpcli.__version__ = '0.0.9'", r"has mlpcli 0\.0\.9, numpy "),
        ("import numpy; numpy.__version__ = '1.99'", r"has mlpcli [0-9.]+, numpy 1\.99"),
    ],
)
def test_workers_of_other_versions(tmp_path: Path, customization: str, found: str) -> None:
    """Refused at the start, and in a worker that comes later; the scheduler needs no mlpcli at all."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "sitecustomize.py").write_text(customization)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(other))
        by_hand = HandCluster(tmp_path, workers=0)
    with by_hand:
        good = by_hand.add_worker()
        with connect.join(by_hand.location) as executor:
            assert executor.submit(square, 3).result(PATIENCE) == 9
            by_hand.add_worker(PYTHONPATH=f"{other}{os.pathsep}{os.environ['PYTHONPATH']}")
            assert eventually(lambda: executor.jobs == 2)
            os.killpg(good.pid, signal.SIGKILL)
            with pytest.raises(Unavailable, match=r"and here is mlpcli .*Install the same there"):
                executor.submit(square, 3).result(PATIENCE)
        with pytest.raises(Unavailable, match=f"the worker tcp://127.0.0.1:[0-9]+ {found}.*and here is mlpcli"):
            connect.join(by_hand.location)


# parents that end

LEAVING = """
from mlpcli.workers.registry import open_executor
from tests.workers.executor_jobs import pid_after
if __name__ == "__main__":
    executor = open_executor("dask", 1)
    future = executor.submit(pid_after, 0.5)
    executor.shutdown(wait=False)
    print(future.done(), future.exception(), flush=True)
"""


@pytest.mark.slow
def test_leaving_without_waiting_finishes_the_jobs_and_leaves_no_workers(tmp_path: Path) -> None:
    parent = start_script(tmp_path, LEAVING)
    said, errors = parent.communicate(timeout=PATIENCE)
    assert (parent.returncode, said) == (0, "True None\n"), errors
    assert eventually(lambda: not alive(parent.pid))


PARENT = """
import sys
from mlpcli.errors import Unavailable
from mlpcli.workers.registry import open_executor
from tests.workers.executor_jobs import pid_after
from tests.workers.processes import ENDLESS
if __name__ == "__main__":
    try:
        executor = open_executor({name!r}, 2)
        try:
            print(executor.submit(pid_after, 0).result(), flush=True)
            for future in [executor.submit(pid_after, ENDLESS) for _ in range(4)]:
                future.result()
        finally:
            executor.shutdown(cancel_futures=True)
    except KeyboardInterrupt:
        sys.exit(130)
    except Unavailable as error:
        sys.exit(error.code)
"""


@pytest.mark.slow
def test_no_orphans_of_our_own_cluster(tmp_path: Path) -> None:
    with start_script(tmp_path, PARENT.format(name="dask")) as parent:
        assert parent.stdout is not None and parent.stdout.readline()
        assert len(alive(parent.pid)) >= 3
        parent.kill()
    assert eventually(lambda: not alive(parent.pid)), alive(parent.pid)


@pytest.mark.slow
@pytest.mark.parametrize("delay", [0.5, 0.8, 1.2, None])
def test_ctrl_c_on_our_own_cluster(tmp_path: Path, delay: float | None) -> None:
    """While it starts, or in the middle of its work."""
    parent = start_script(tmp_path, PARENT.format(name="dask"))
    assert parent.stdout is not None
    if delay is None:
        assert parent.stdout.readline()
    time.sleep(delay or 0.2)
    start = time.monotonic()
    os.killpg(parent.pid, signal.SIGINT)
    _, errors = parent.communicate(timeout=PATIENCE)
    assert (parent.returncode, errors) == (130, "")
    assert time.monotonic() - start < PATIENCE
    assert eventually(lambda: not alive(parent.pid)), alive(parent.pid)


@pytest.mark.slow
def test_a_lost_scheduler_is_one_message(tmp_path: Path) -> None:
    with HandCluster(tmp_path, workers=1) as by_hand:
        parent = start_script(tmp_path, PARENT.format(name=f"dask://{by_hand.location}"))
        assert parent.stdout is not None and parent.stdout.readline()
        by_hand.scheduler.kill()
        start = time.monotonic()
        _, errors = parent.communicate(timeout=PATIENCE)
        assert (parent.returncode, errors) == (ExitCode.UNAVAILABLE, ""), "Dask's own logs are silent"
        assert time.monotonic() - start < PATIENCE


@pytest.mark.slow
def test_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With certificates in Dask's configuration the connection is encrypted; with one of another CA it is refused."""
    for name in ("right", "wrong"):
        subprocess.run(
            f"openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=mlp -keyout {name}.key -out {name}.pem".split(),
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )

    def settings(name: str) -> dict[str, str]:
        tls = {"ca-file": str(tmp_path / f"{name}.pem")}
        for role in ("client", "scheduler", "worker"):
            tls |= {f"{role}.cert": str(tmp_path / f"{name}.pem"), f"{role}.key": str(tmp_path / f"{name}.key")}
        return {f"distributed.comm.tls.{key}": value for key, value in tls.items()}

    for key, value in settings("right").items():
        monkeypatch.setenv("DASK_" + key.upper().replace(".", "__").replace("-", "_"), value)
    monkeypatch.setenv("DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION", "True")
    with HandCluster(tmp_path, workers=1) as by_hand:
        with dask.config.set(settings("right")), connect.join(by_hand.location) as executor:
            assert executor._client.scheduler.address.startswith("tls://")
            assert executor.submit(square, 3).result(PATIENCE) == 9
        monkeypatch.setattr(connect, "CONNECT_SECONDS", 2.0)
        with dask.config.set(settings("wrong")), pytest.raises(Unavailable, match="no Dask scheduler answers there"):
            connect.join(by_hand.location)
        with pytest.raises(Unavailable, match="no Dask scheduler answers there"):
            connect.join(by_hand.location)

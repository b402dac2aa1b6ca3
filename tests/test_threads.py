"""How many threads a network is given, and that BLAS obeys."""

import os
import subprocess
import sys
import threading

from threadpoolctl import threadpool_info

from mlpcli.threads import PRODUCTS_WORTH_A_THREAD, blas_threads, cores, fastest_threads


def test_small_networks_have_one_thread_and_large_ones_all() -> None:
    assert fastest_threads((64, 64, 64, 10), 32) == 1
    assert fastest_threads((784, 2048, 2048, 10), 128) == cores()


def test_the_largest_product_decides() -> None:
    side = int(PRODUCTS_WORTH_A_THREAD // 100)
    assert fastest_threads((1, 10, 10, 1), side // 10) == 1
    assert fastest_threads((1, 10, 10, 1), side) == cores()
    assert fastest_threads((10, 10), side - 1) == 1


def test_threads_rest_unless_the_environment_says_otherwise() -> None:
    """Where `train` asks for it, NumPy is not loaded yet: afterwards OpenBLAS would not look."""
    ask = "import os, sys, mlpcli.cli.commands.train; from mlpcli.threads import set_up_blas; set_up_blas();"
    show = "print(os.environ['OPENBLAS_THREAD_TIMEOUT'], 'numpy' in sys.modules)"
    for given, expected in ((None, "20 False"), ("26", "26 False")):
        environment = {key: value for key, value in os.environ.items() if key != "OPENBLAS_THREAD_TIMEOUT"}
        environment |= {} if given is None else {"OPENBLAS_THREAD_TIMEOUT": given}
        done = subprocess.run([sys.executable, "-c", ask + show], env=environment, capture_output=True, text=True)
        assert done.stdout.strip() == expected, done.stderr


def counts() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_blas_obeys_and_is_set_back() -> None:
    before = counts()
    with blas_threads(1):
        assert counts() == {1}
        with blas_threads(2):
            assert counts() == {2}
        assert counts() == {1}
    assert counts() == before


def test_a_context_that_ends_leaves_their_number_to_those_of_other_threads() -> None:
    before = counts()
    asked = 2 if before == {1} else 1
    entered, leave = threading.Event(), threading.Event()

    def first() -> None:
        with blas_threads(asked):
            entered.set()
            leave.wait()

    thread = threading.Thread(target=first)
    thread.start()
    entered.wait()
    with blas_threads(asked):
        leave.set()
        thread.join()
        assert counts() == {asked}
    assert counts() == before

"""How many threads a network is given, and that BLAS obeys."""

from threadpoolctl import threadpool_info

from mlpcli.training.threads import WORTH_A_THREAD, blas_threads, cores, fastest_threads


def test_small_networks_have_one_thread_and_large_ones_all() -> None:
    assert fastest_threads((64, 64, 64, 10), 32) == 1
    assert fastest_threads((784, 2048, 2048, 10), 128) == cores()


def test_the_largest_product_decides() -> None:
    side = int(WORTH_A_THREAD // 100)
    assert fastest_threads((1, 10, 10, 1), side // 10) == 1
    assert fastest_threads((1, 10, 10, 1), side) == cores()
    assert fastest_threads((10, 10), side - 1) == 1


def test_blas_obeys_and_is_set_back() -> None:
    def counts() -> set[int]:
        return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}

    before = counts()
    with blas_threads(1):
        assert counts() == {1}
    assert counts() == before

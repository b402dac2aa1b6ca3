"""What holds for every optimizer: the rank law, blocks and threads that do not show, resuming, replicas that leave."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from mlpcli.kernels.descent import descend
from mlpcli.optim import OPTIMIZERS, Optimizer
from tests.kernels.lines import numpy_lines
from tests.measure import assert_memory_below

NAMES = sorted(OPTIMIZERS)
SIZE = 37
SPANS = (slice(0, 20), slice(25, 31))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def run(name, shape, dtype, gradients, lr=0.01, params=None, **options):
    """Parameters and optimizer after one step for each of `gradients`."""
    params = np.zeros(shape, dtype) if params is None else params.astype(dtype)
    optimizer = Optimizer(name, shape, dtype, **options)
    for gradient in gradients:
        optimizer.step(params, gradient.astype(dtype), lr)
    return params, optimizer


def per_replica(lead, rng):
    """All hyperparameters different in every replica; the first of a stack neither decays nor clips nor climbs."""
    ranges = {
        "lr": (1e-3, 1e-1),
        "momentum": (0.5, 0.95),
        "momentum_final": (0.5, 0.95),
        "momentum_steps": (1.0, 8.0),
        "beta1": (0.5, 0.95),
        "beta2": (0.9, 0.999),
        "eps": (1e-8, 1e-3),
        "weight_decay": (1e-3, 1e-1),
        "clip_norm": (1.0, 8.0),
    }
    values = {key: rng.uniform(low, high, (*lead, 1)) for key, (low, high) in ranges.items()}
    if lead:
        values["weight_decay"].flat[0] = values["clip_norm"].flat[0] = values["momentum_steps"].flat[0] = 0.0
    return values


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("lead", [(), (1,), (3,), (2, 3)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [SIZE, 1003])
def test_rank_law(name, lead, dtype, size, rng):
    params, gradients = rng.standard_normal((*lead, size)), rng.standard_normal((6, *lead, size))
    values, factors = per_replica(lead, rng), rng.uniform(0, 2, (*lead, size))
    stack, optimizer = run(
        name, (*lead, size), dtype, gradients, params=params, decayed=SPANS, factors=factors, **values
    )
    for index in np.ndindex(lead):
        numbers = {key: value[index].item() for key, value in values.items()} | {"factors": factors[index]}
        alone, single = run(name, (size,), dtype, gradients[:, *index], params=params[index], decayed=SPANS, **numbers)
        assert_array_equal(stack[index], alone)
        for key in single.state.keys() - {"count"}:
            assert_array_equal(optimizer.state[key][index], single.state[key])


@pytest.mark.parametrize("lead", [(1,), (3,), (2, 3)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rank_law_of_the_norm(lead, dtype, rng):
    gradients = rng.standard_normal((*lead, 20_001)).astype(dtype)
    norm = Optimizer("sgd", gradients.shape, dtype).step(np.zeros_like(gradients), gradients, 0.1)
    assert norm.shape == lead and norm.dtype == np.float64
    for index in np.ndindex(lead):
        one = gradients[index].copy()
        assert norm[index] == Optimizer("sgd", one.shape, dtype).step(np.zeros_like(one), one, 0.1)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_number_and_an_array_of_one_give_the_same_bits(name, dtype, rng):
    values = per_replica((), rng)
    gradients = rng.standard_normal((200, 1, SIZE))
    numbers = {key: value.item() for key, value in values.items()}
    arrays = {key: np.array([[value.item()]]) for key, value in values.items()}
    # In the stack, a second replica with other values keeps the arrays from collapsing into numbers.
    pairs = {key: np.array([[value.item()], [value.item() / 2]]) for key, value in values.items()}
    expected, _ = run(name, (1, SIZE), dtype, gradients, **numbers)
    assert_array_equal(run(name, (1, SIZE), dtype, gradients, **arrays)[0], expected)
    assert_array_equal(run(name, (2, SIZE), dtype, np.repeat(gradients, 2, axis=1), **pairs)[0][:1], expected)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("block_bytes", [64, 1000, 1 << 12])
def test_blocks_do_not_show(name, block_bytes, rng, monkeypatch):
    shape = (3, 301)
    params, gradients = rng.standard_normal(shape), rng.standard_normal((5, *shape))
    options = {"params": params, "decayed": SPANS, **per_replica((3,), rng), "factors": rng.uniform(0, 2, shape)}
    whole, _ = run(name, shape, np.float64, gradients, **options)
    monkeypatch.setattr("mlpcli.optim.optimizers.BYTES_WORTH_A_THREAD", 64)
    assert_array_equal(run(name, shape, np.float64, gradients, **options, threads=2)[0], whole)
    monkeypatch.setattr("mlpcli.optim.block.descend", numpy_lines(descend))
    monkeypatch.setattr("mlpcli.kernels.descent.BLOCK_BYTES", block_bytes)
    assert_array_equal(run(name, shape, np.float64, gradients, **options)[0], whole)
    assert_array_equal(run(name, shape, np.float64, gradients, **options, threads=2)[0], whole)


def test_threads_do_not_show(rng):
    """Blocks large enough that other threads may run at once."""
    shape, options = (900_000,), {"weight_decay": 0.1, "clip_norm": 1.0, "decayed": [slice(0, 500_000)]}
    gradients = rng.standard_normal((10, *shape), np.float32)
    alone, _ = run("adam", shape, np.float32, gradients, **options)
    assert_array_equal(run("adam", shape, np.float32, gradients, threads=2, **options)[0], alone)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_only_read_and_parameters_updated_in_place(name, rng):
    params, gradient = np.ones(SIZE), rng.standard_normal(SIZE)
    before = gradient.copy()
    gradient.flags.writeable = False
    optimizer = Optimizer(name, params.shape, params.dtype, weight_decay=0.1, clip_norm=0.5)
    for _ in range(3):
        optimizer.step(params, gradient, 0.1)
    assert_array_equal(gradient, before)
    assert (params != 1).all()


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_allocated_in_a_step(name):
    params, gradient = np.ones(50_000, np.float32), np.ones(50_000, np.float32)
    optimizer = Optimizer(name, params.shape, params.dtype, weight_decay=0.1, clip_norm=0.5, decayed=[slice(0, 9)])
    optimizer.step(params, gradient, 0.1)
    assert_memory_below(20_000, lambda: optimizer.step(params, gradient, 0.1))


@pytest.mark.parametrize("name", NAMES)
def test_resuming_from_the_state_changes_nothing(name, rng):
    shape = (2, SIZE)
    gradients, options = rng.standard_normal((250, *shape)), {"weight_decay": 0.01, "clip_norm": 3.0}
    expected, _ = run(name, shape, np.float32, gradients, **options)
    params, first = run(name, shape, np.float32, gradients[:120], **options)
    saved = {key: array.copy() for key, array in first.state.items()}
    second = Optimizer(name, shape, np.float32, **options)
    second.load(saved)
    for gradient in gradients[120:]:
        second.step(params, gradient.astype(np.float32), 0.01)
    assert_array_equal(params, expected)


def test_a_foreign_state_is_refused():
    adam, momentum = (Optimizer(name, (3,), np.float32) for name in ("adam", "momentum"))
    with pytest.raises(ValueError, match="need"):
        adam.load(momentum.state)
    with pytest.raises(ValueError, match="velocity of shape"):
        Optimizer("momentum", (2, 3), np.float32).load(momentum.state)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("index", [np.array([2, 0]), np.array([True, False, True, False])])
def test_selected_replicas_go_on_as_if_alone(name, index, rng):
    shape = (4, SIZE)
    values, gradients = per_replica((4,), rng), rng.standard_normal((12, *shape))
    values["decayed"], values["factors"] = SPANS, rng.uniform(0, 2, shape)
    params, optimizer = run(name, shape, np.float32, gradients[:6], **values)
    expected, _ = run(name, shape, np.float32, gradients, **values)
    left, chosen = params[index], optimizer.select(index)
    for gradient in gradients[6:]:
        chosen.step(left, gradient[index].astype(np.float32), values["lr"][index])
    assert_array_equal(left, expected[index])


@pytest.mark.parametrize("name", NAMES)
def test_every_optimizer_minimises_a_quadratic(name):
    """J = sum c (w - 1)^2 / 2, conditioned 1 : 20, from 0, with rates that go to 0."""
    curvature = np.geomspace(0.1, 2.0, 10)
    w = np.zeros(10)
    optimizer = Optimizer(name, w.shape, w.dtype, beta2=0.99)
    rate = {"sgd": 0.9, "momentum": 0.1, "nesterov": 0.1}.get(name, 0.05)
    for step in range(600):
        optimizer.step(w, curvature * (w - 1), rate * (1 - step / 600))
    assert_allclose(w, 1, atol=1e-6)


def test_subnormal_moments_are_removed():
    """A unit that dies leaves moments that decay to subnormal numbers, which are slow; the live ones stay."""
    params, gradient = np.zeros(2, np.float32), -np.ones(2, np.float32)
    optimizer = Optimizer("momentum", params.shape, params.dtype)
    optimizer.step(params, gradient, 0.1)
    gradient[0] = 0.0
    for _ in range(899):  # 0.9^829 is the last normal number
        optimizer.step(params, gradient, 0.1)
    assert optimizer.state["velocity"][0] == 0.0
    assert_allclose(optimizer.state["velocity"][1], -10.0, rtol=1e-6)


@pytest.mark.parametrize("params", [np.zeros(4), np.zeros(3, np.float32), np.zeros((3, 2)).T[0], np.zeros(6)[::2]])
def test_wrong_parameters_are_refused(params):
    with pytest.raises(ValueError, match=r"need|contiguous"):
        Optimizer("sgd", (3,), np.float64).step(params, np.ones(3), 0.1)


def test_warnings_are_silenced_in_all_threads(monkeypatch):
    monkeypatch.setattr("mlpcli.optim.optimizers.BYTES_WORTH_A_THREAD", 64)
    monkeypatch.setattr("mlpcli.optim.block.descend", numpy_lines(descend))
    params = np.full(400, 3e38, np.float32)
    optimizer = Optimizer("sgd", params.shape, params.dtype, threads=2)
    with np.errstate(all="ignore"):
        optimizer.step(params, -params, 2.0)
    assert np.isinf(params).all()

"""What every layer and loss promises, over the whole registries: a new entry inherits these tests."""

from collections.abc import Callable

import numpy as np
import pytest

from mlpcli.kernels.aligned import CACHE_LINE
from mlpcli.nn import (
    ACTIVATIONS,
    LIFTS,
    LOSSES,
    NORMALIZATIONS,
    BitStreams,
    Dropout,
    Gain,
    Layer,
    Linear,
    LogisticLoss,
    Loss,
    Network,
    Purpose,
)
from mlpcli.nn.layer import MOST_SHAPES, Workspaces
from tests.measure import assert_memory_below

ROWS, FEATURES, CLASSES = 7, 5, 3
LEADS = [(), (1,), (3,), (2, 3)]

Make = Callable[[tuple[int, ...], np.ndarray], Layer]


def _dropout(lead, seeds):
    rates = 0.1 + 0.1 * np.arange(len(seeds)).reshape(lead)
    return Dropout(rates, BitStreams(list(seeds), lead, Purpose.DROPOUT), lead)


LAYERS: dict[str, Make] = {
    "linear": lambda lead, seeds: Linear(FEATURES, 4),
    "linear without bias": lambda lead, seeds: Linear(FEATURES, 4, has_bias=False),
    "gain": lambda lead, seeds: Gain(FEATURES),
    "dropout": _dropout,
    **{name: lambda lead, seeds, kind=kind: kind() for name, kind in ACTIVATIONS.items()},
    **{name: lambda lead, seeds, kind=kind: kind(FEATURES) for name, kind in NORMALIZATIONS.items()},
    **{name: lambda lead, seeds, kind=kind: kind(FEATURES) for name, kind in LIFTS.items()},
}


def bound(layer: Layer, lead: tuple[int, ...], dtype: str, values: np.random.Generator | None = None) -> Layer:
    """The layer with arrays of its own; `values` draws parameters for the whole stack."""
    views = [{}, {}, {}]
    for specs, kinds in ((layer.parameters(), (0, 1)), (layer.statistics(), (2,))):
        for spec in specs:
            shape = spec.shape if len(spec.shape) == 2 else (1, *spec.shape)
            for kind in kinds:
                views[kind][spec.name] = np.full((*lead, *shape), spec.fill, dtype)
    if values is not None:
        for array in views[0].values():
            array[...] = values.normal(1.0, 0.5, array.shape)
    layer.bind(*views)
    layer.views = views
    return layer


def read_only(x: np.ndarray) -> np.ndarray:
    x.setflags(write=False)
    return x


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("lead", LEADS)
@pytest.mark.parametrize("name", LAYERS)
def test_rank_law_holds_bit_for_bit(name, lead, dtype):
    seeds = np.arange(int(np.prod(lead))) + 10
    stack = bound(LAYERS[name](lead, seeds), lead, dtype, np.random.default_rng(0))
    rng = np.random.default_rng(1)
    x = read_only(rng.normal(size=(*lead, ROWS, FEATURES)).astype(dtype))
    y = stack.forward(x, training=True)
    grad = read_only(rng.normal(size=y.shape).astype(dtype))
    dx = stack.backward(grad)
    y_test = stack.forward(x, training=False).copy()
    y = stack.forward(x, training=True) if name != "dropout" else y
    for i, index in enumerate(np.ndindex(*lead)):
        single = LAYERS[name]((), seeds[i : i + 1])
        if name == "dropout":
            single = Dropout(0.1 + 0.1 * i, BitStreams([int(seeds[i])], (), Purpose.DROPOUT))
        bound(single, (), dtype)
        for own, theirs in zip(single.views, stack.views, strict=True):
            for key in own:
                if own is single.views[0]:
                    own[key][...] = theirs[key][index]
        np.testing.assert_array_equal(single.forward(x[index], training=True), y[index])
        np.testing.assert_array_equal(single.backward(grad[index]), dx[index])
        for key, own_grad in single.views[1].items():
            np.testing.assert_array_equal(own_grad, stack.views[1][key][index])
        if name != "batch":  # whose running statistics the stack has moved twice
            np.testing.assert_array_equal(single.forward(x[index], training=False), y_test[index])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", LAYERS)
def test_dtype_is_kept_and_arguments_are_not_written(name, dtype):
    layer = bound(LAYERS[name]((), np.array([3])), (), dtype)
    x = read_only(np.random.default_rng(0).normal(size=(ROWS, FEATURES)).astype(dtype))
    y = layer.forward(x, training=True)
    dx = layer.backward(read_only(np.ones_like(y)))
    assert y.dtype == dx.dtype == np.dtype(dtype)


@pytest.mark.parametrize("name", LAYERS)
def test_what_a_layer_writes_begins_on_a_cache_line(name):
    layer = bound(LAYERS[name]((3,), np.arange(3)), (3,), "float32")
    y = layer.forward(np.ones((3, ROWS, FEATURES), np.float32), training=True)
    assert y.ctypes.data % CACHE_LINE == 0
    if name not in LIFTS:  # a network takes no gradient beneath its lift
        assert layer.backward(np.ones_like(y)).ctypes.data % CACHE_LINE == 0


@pytest.mark.parametrize("name", LAYERS)
def test_gradients_are_overwritten_and_repeatable(name):
    layer = bound(LAYERS[name]((), np.array([3])), (), "float64", np.random.default_rng(5))
    x = np.random.default_rng(0).normal(size=(ROWS, FEATURES))
    y = layer.forward(x, training=True)
    grad = np.ones_like(y)
    first = layer.backward(grad).copy()
    kept = {key: view.copy() for key, view in layer.views[1].items()}
    np.testing.assert_array_equal(layer.backward(grad), first)
    for key, view in layer.views[1].items():
        np.testing.assert_array_equal(view, kept[key])


@pytest.mark.parametrize("name", LAYERS)
def test_backward_is_the_derivative_in_random_directions(name):
    layer = bound(LAYERS[name]((), np.array([3])), (), "float64", np.random.default_rng(5))
    if hasattr(layer, "frozen"):
        layer.forward(np.zeros((ROWS, FEATURES)), training=True)
        layer.frozen = True
    rng = np.random.default_rng(2)
    x = rng.normal(size=(ROWS, FEATURES))
    grad = rng.normal(size=layer.forward(x, training=True).shape)
    dx = layer.backward(grad).copy()
    h = 1e-6
    targets = [(x, dx), *((layer.views[0][key], layer.views[1][key].copy()) for key in layer.views[0])]
    for array, analytic in targets:
        direction = rng.normal(size=array.shape)
        start = array.copy()
        sides = []
        for sign in (1, -1):
            array[...] = start + sign * h * direction
            sides.append((layer.forward(x, training=True) * grad).sum())
        array[...] = start
        assert (sides[0] - sides[1]) / (2 * h) == pytest.approx((analytic * direction).sum(), rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_activations_are_stable_far_out_without_a_warning(name, dtype):
    layer = ACTIVATIONS[name]()
    z = np.array([[-1e4, -100, -20, -1, 0, 1, 20, 100, 1e4]], dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise", under="ignore"):
        h = layer.forward(z, training=True)
        dz = layer.backward(np.ones_like(z))
    assert np.isfinite(h).all() and np.isfinite(dz).all()


LOSS_CASES = [(kind, problem) for kind in LOSSES for problem in ("one score", "classes", "numbers")]
LOSS_CASES = [case for case in LOSS_CASES if case != ("cross-entropy", "numbers")] + [("cross-entropy", "labels")]


def _loss(kind: str, problem: str, lead, dtype, smoothing=None) -> Loss:
    make = LogisticLoss if kind == "cross-entropy" and problem in ("one score", "labels") else LOSSES[kind]
    smoothing = 0.1 + 0.05 * np.arange(int(np.prod(lead))).reshape(lead) if smoothing is None else smoothing
    by_class = {"one score": np.array([0.5, 2.0]), "classes": np.array([0.5, 2.0, 1.0])}
    return make(lead, dtype, smoothing, by_class.get(problem))


def _batch(problem: str, lead, dtype, rng) -> list[np.ndarray]:
    """Scores, targets and weights of a batch."""
    shape = (*lead, ROWS, 1 if problem == "one score" else CLASSES)
    scores, weights = rng.normal(size=shape) * 2, rng.uniform(0, 2, shape[:-1])
    if problem == "numbers":
        targets = rng.normal(size=shape).astype(dtype)
    elif problem == "labels":
        targets = rng.integers(0, 2, shape)
    else:
        targets = rng.integers(0, max(shape[-1], 2), shape[:-1])
    return [read_only(array) for array in (scores.astype(dtype), targets, weights.astype(dtype))]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("lead", LEADS)
@pytest.mark.parametrize(("kind", "problem"), LOSS_CASES)
def test_rank_law_of_losses(kind, problem, lead, dtype, weighted):
    batch = _batch(problem, lead, dtype, np.random.default_rng(3))[: 3 if weighted else 2]
    stack = _loss(kind, problem, lead, dtype)
    losses, grad, objective = stack(*batch).copy(), stack.gradient().copy(), stack.objective().copy()
    assert losses.dtype == grad.dtype == np.dtype(dtype)
    for i, index in enumerate(np.ndindex(*lead)):
        single = _loss(kind, problem, (), dtype, smoothing=0.1 + 0.05 * i)
        np.testing.assert_array_equal(single(*(array[index] for array in batch)), losses[index])
        np.testing.assert_array_equal(single.gradient(), grad[index])
        np.testing.assert_array_equal(single.objective(), objective[index])


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("kind", "problem"), LOSS_CASES)
def test_loss_gradient_is_that_of_the_objective(kind, problem, weighted):
    rng = np.random.default_rng(4)
    scores, *rest = _batch(problem, (), "float64", rng)[: 3 if weighted else 2]
    loss = _loss(kind, problem, (), "float64")
    loss(scores, *rest)
    grad = loss.gradient().copy()
    direction, h = rng.normal(size=scores.shape), 1e-6
    sides = []
    for sign in (1, -1):
        loss(scores + sign * h * direction, *rest)
        sides.append(float(loss.objective()))
    assert (sides[0] - sides[1]) / (2 * h) == pytest.approx((grad * direction).sum(), rel=1e-7)


@pytest.mark.parametrize(("kind", "problem"), LOSS_CASES)
def test_gradient_and_objective_of_a_loss_are_repeatable(kind, problem):
    batch = _batch(problem, (), "float64", np.random.default_rng(5))
    loss = _loss(kind, problem, (), "float64")
    losses = loss(*batch).copy()
    gradient, objective = loss.gradient().copy(), loss.objective().copy()
    np.testing.assert_array_equal(loss.gradient(), gradient)
    np.testing.assert_array_equal(loss.objective(), objective)
    np.testing.assert_array_equal(loss.gradient(), gradient)
    np.testing.assert_array_equal(loss(*batch), losses)


@pytest.mark.parametrize(("kind", "problem"), LOSS_CASES)
def test_a_weight_multiplies_the_gradient_of_its_row_and_no_reported_loss(kind, problem):
    scores, targets, weights = _batch(problem, (), "float64", np.random.default_rng(6))
    loss = _loss(kind, problem, (), "float64")
    plain, gradient = loss(scores, targets).copy(), loss.gradient().copy()
    np.testing.assert_array_equal(loss(scores, targets, weights), plain)
    np.testing.assert_allclose(loss.gradient(), gradient * weights[:, None], rtol=1e-14)


def test_network_refuses_inputs_of_another_stack():
    network = Network([("output", Linear(2, 1))], lead=(3,))
    with pytest.raises(ValueError, match=r"shape \(2, 4, 2\)"):
        network.forward(np.zeros((2, 4, 2), np.float32))


def test_shared_batch_equals_the_batch_repeated():
    network = Network(
        [("hidden.0", Linear(2, 4)), ("hidden.0.activation", ACTIVATIONS["tanh"]()), ("output", Linear(4, 3))], (3,)
    )
    rng = np.random.default_rng(0)
    network.params[...] = rng.normal(size=network.params.shape)
    x = rng.normal(size=(6, 2)).astype(np.float32)
    shared = network.forward(x).copy()
    np.testing.assert_array_equal(network.forward(np.broadcast_to(x, (3, 6, 2))), shared)


def test_two_networks_do_not_share_memory():
    layers = [Network([("output", Linear(2, 1))]) for _ in range(2)]
    x = np.ones((1, 2), np.float32)
    layers[0].params[...] = 1
    first = layers[0].forward(x)
    layers[1].forward(x)
    assert first[0, 0] == 3


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_keeps_the_arrays_of_few_shapes(name):
    layer = bound(LAYERS[name]((), np.array([3])), (), "float64")
    for rows in [*range(2, 40), *range(2, 40)]:
        x = np.random.default_rng(rows).normal(size=(rows, FEATURES))
        y = layer.forward(x, training=True)
        if name == "dropout":  # draws another mask at each call, which is the derivative of its output
            np.testing.assert_array_equal(y, x * layer.backward(np.ones_like(y)))
            continue
        fresh = bound(LAYERS[name]((), np.array([3])), (), "float64")
        np.testing.assert_array_equal(y, fresh.forward(x, training=True))
        if name not in LIFTS:
            np.testing.assert_array_equal(layer.backward(np.ones_like(y)), fresh.backward(np.ones_like(y)))
    assert len(layer._workspaces) <= MOST_SHAPES


def test_a_layer_s_own_attributes_do_not_change_its_workspace():
    class Doubled(Layer, Workspaces):
        def allocate(self, x):
            return np.empty_like(x)

        def forward(self, x, training):
            self._work = x.sum()
            return np.multiply(x, 2, out=self.workspace(x))

        def backward(self, grad_output, input_needed=True):
            return 2 * grad_output

    layer, x = Doubled(), np.ones((3, 2))
    for _ in range(2):
        np.testing.assert_array_equal(layer.forward(x, training=True), 2 * x)


@pytest.mark.parametrize(("kind", "problem"), LOSS_CASES)
def test_a_loss_keeps_the_arrays_of_few_shapes(kind, problem):
    scores, targets, _ = _batch(problem, (), "float64", np.random.default_rng(7))
    loss = _loss(kind, problem, (), "float64")
    for rows in range(1, 40):
        loss(np.resize(scores, (rows, scores.shape[1])), np.resize(targets, (rows, *targets.shape[1:])))
        loss.gradient()
    assert len(loss._workspaces) <= MOST_SHAPES


def test_second_step_allocates_nothing_large():
    network = Network(
        [("hidden.0", Linear(64, 256)), ("hidden.0.activation", ACTIVATIONS["relu"]()), ("output", Linear(256, 10))]
    )
    loss = LOSSES["cross-entropy"]()
    x, y = np.ones((1024, 64), np.float32), np.zeros(1024, np.int64)

    def step():
        loss(network.forward(x, training=True), y)
        network.backward(loss.gradient())

    step()
    # One array of hidden activations would be 1 MB; NumPy's own cast buffer is 32 kB.
    assert_memory_below(120_000, step)

"""Every compiled pass beside its NumPy lines, bit for bit: special values, small sizes, strides, views, overlaps."""

import inspect
from collections.abc import Callable, Sequence
from functools import cache
from math import prod
from pathlib import Path
from random import Random

import numpy as np
import pytest

from mlpcli.kernels import activations, classification, compiled, descent, layers
from mlpcli.kernels.descent import Link
from tests.kernels.lines import numpy_lines

pytestmark = pytest.mark.skipif(compiled.KERNELS == "numpy", reason="no compiled kernels here, or MLPCLI_KERNELS=0")


@pytest.fixture(autouse=True)
def _not_a_number_is_a_number_here():
    with np.errstate(all="ignore"):
        yield


OPERANDS = {
    activations.relu: "x o",
    activations.relu_backward: "x x o",
    activations.leaky_relu: "x o 0.01",
    activations.leaky_relu_backward: "x x o 0.01",
    activations.logistic: "o",
    activations.sigmoid_backward: "x x o",
    activations.tanh_backward: "x x o",
    activations.silu_backward: "x x x o",
    activations.gelu_inner: "x o 0.0356774 0.7978846",
    activations.gelu: "x x o",
    activations.gelu_backward: "x x x o 0.1070322 0.7978846",
    layers.add_row: "o row",
    layers.draw_mask: "bits threshold one x o o",
    layers.subtract: "x statistic o",
    layers.center: "o statistic o",
    layers.standardize: "o statistic row row o",
    layers.batch_norm_backward: "x x row row row o",
    layers.multiply_both: "x o row o",
    layers.layer_norm_backward: "o x column column column scratch",
    classification.shift_scores: "x transposed",
    classification.label_losses: "t labels columns edge edge",
    classification.cross_entropy_gradient: "p total labels columns certain one weights 0.03125 scratch o",
    classification.count_correct: "x labels count",
    descent.flush: "o",
}
"""What each pass takes, by the words of `Maker`; all but `descend`, whose arguments nest."""

LEADS = ((), (1,), (3,), (2, 3))
LAYOUTS = ("contiguous", "off by one entry", "wider rows", "flat stack", "every other column", "off by one byte")


@cache
def pool(dtype: str) -> np.ndarray:
    """Normal numbers of six magnitudes, one per row, among which stand special ones; drawing them anew takes longer
    than the passes.
    """
    rng, info = np.random.default_rng(0), np.finfo(dtype)
    special = [0.0, 1.0, info.tiny, info.smallest_subnormal, 0.7 * info.tiny, info.max, info.eps, np.inf, np.nan]
    special = np.array([sign * value for value in special for sign in (1, -1)], dtype)
    values = (rng.standard_normal((6, 50_021)) * 10.0 ** np.arange(-3, 3)[:, None]).astype(dtype)
    return np.where(rng.random(values.shape) < 0.3, rng.choice(special, values.shape), values)


WHOLE = np.random.default_rng(0).integers(0, 2**16, 50_021)


class Maker:
    """Arguments of one shape, `(*lead, rows, columns)`, layout and dtype; equal seeds make equal ones."""

    def __init__(self, seed: int, dtype: str, lead: tuple[int, ...], rows: int, columns: int, layout: str) -> None:
        self.random, self.dtype, self.layout = Random(seed), np.dtype(dtype), layout
        self.lead, self.rows, self.columns, self.alternate = lead, rows, columns, seed % 2
        self.pool = pool(dtype)

    def numbers(self, *shape: int) -> np.ndarray:
        """Normal and special numbers in the layout asked for."""
        return self.laid_out(self.taken(self.random.choice(self.pool), shape))

    def integers(self, below: int, *shape: int) -> np.ndarray:
        return self.taken(WHOLE, shape) % below

    def taken(self, values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """An array of consecutive values, wherever they begin."""
        size, start = prod(shape), self.random.randrange(values.size)
        return values.take(np.arange(start, start + size), mode="wrap").reshape(shape)

    def laid_out(self, values: np.ndarray) -> np.ndarray:
        *outer, last = values.shape
        if self.layout == "off by one entry":
            view = np.empty(values.size + 1, values.dtype)[1:].reshape(values.shape)
        elif self.layout == "wider rows":
            view = np.empty((*outer, last + 3), values.dtype)[..., 1 : 1 + last]
        elif self.layout == "flat stack":
            lead = len(self.lead)
            own = prod(values.shape[lead:])
            view = np.empty((*values.shape[:lead], own + 7), values.dtype)[..., 2 : 2 + own].reshape(values.shape)
        elif self.layout == "every other column":
            view = np.empty((*outer, 2 * last), values.dtype)[..., ::2]
        elif self.layout == "off by one byte":
            room = np.empty(values.nbytes + 1, np.uint8)[1:]
            view = room.view(values.dtype).reshape(values.shape)
        else:
            view = np.empty(values.shape, values.dtype)
        view[...] = values
        return view

    def argument(self, word: str):
        lead, rows, columns = self.lead, self.rows, self.columns
        full = (*lead, rows, columns)
        match word:
            case "x" | "o" | "scratch":
                return self.numbers(*full)
            case "t":
                return np.ascontiguousarray(self.numbers(*full))
            case "transposed":
                return np.zeros((*lead, columns, rows), self.dtype)
            case "row":
                return self.numbers(*lead, 1, columns)
            case "column":
                return self.numbers(*lead, rows, 1)
            case "statistic":
                return self.argument("row" if self.alternate else "column")
            case "one":
                return self.numbers(*lead, 1, 1)
            case "bits":
                return self.laid_out(self.integers(2**16, *full).astype(np.uint16))
            case "threshold":
                return self.integers(2**16, *lead, 1, 1).astype(np.uint16)
            case "count":
                return np.zeros((*lead, 5))[..., 2]
            case _:
                return float(word)

    def arguments(self, words: str) -> list:
        """All of a pass; those of the scores depend on each other."""
        made = [] if words.startswith(("t ", "p ")) else [self.argument(word) for word in words.split()[:1]]
        if words.startswith("t "):  # classes in rows
            t = self.argument("t")
            labels = self.integers(self.rows, *self.lead, self.columns)
            edges = [np.ascontiguousarray(self.numbers(*self.lead, self.columns)) for _ in range(2)]
            return [t, labels, _columns(t), *edges]
        if words.startswith("p "):
            p = np.ascontiguousarray(self.numbers(*self.lead, self.columns, self.rows))
            labels = self.integers(self.columns, *self.lead, self.rows)
            optional = self.alternate
            return [
                p,
                self.numbers(*self.lead, 1, self.rows),
                labels,
                _columns(p),
                self.numbers(*self.lead, 1),
                self.argument("one") if optional else None,
                np.ascontiguousarray(self.numbers(*self.lead, self.rows)) if optional else None,
                1 / 32,
                np.empty_like(p),
                self.argument("o"),
            ]
        if "labels" in words:
            labels = self.integers(max(2, self.columns), *self.lead, self.rows)
            return [*made, labels, self.argument("count")]
        return [*made, *(self.argument(word) for word in words.split()[1:])]


def _columns(t: np.ndarray) -> np.ndarray:
    return np.arange(t.size).reshape(t.shape)[..., 0, :].copy()


def equal_bits(one: object, other: object) -> bool:
    """Whether both are the same to the last bit; one NaN is as good as another."""
    if not isinstance(one, np.ndarray):
        return one is other or one == other
    if one.dtype.kind != "f":
        return np.array_equal(one, other)
    codes = [np.ascontiguousarray(array).view(f"u{array.itemsize}") for array in (one, other)]
    return bool(((codes[0] == codes[1]) | (np.isnan(one) & np.isnan(other))).all())


def compare(function: Callable[..., None], words: str, make: Callable[[], Sequence]) -> None:
    got, expected = make(), make()
    function(*got)
    numpy_lines(function)(*expected)
    for word, one, other in zip(words.split(), got, expected, strict=True):
        if word == "transposed":  # which of +0 and -0 is the larger, and so what -0 less it is, differs by processor
            one, other = one + 0.0, other + 0.0
        if word != "scratch":
            assert equal_bits(one, other), (function.__name__, word, one, other)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("function", OPERANDS, ids=lambda function: function.__name__)
class TestPasses:
    def check(self, function, seed, *shape):
        words = OPERANDS[function]
        compare(function, words, lambda: Maker(seed, *shape).arguments(words))

    def test_every_small_size(self, function, dtype):
        needs_entries = function in (
            classification.shift_scores,
            classification.label_losses,
            classification.cross_entropy_gradient,
        )
        first = (
            1 if needs_entries or function is classification.count_correct else 0
        )  # there is no largest of no scores
        for columns in range(first, 71):
            for rows in (first, 1 + columns % 4):
                self.check(function, columns, dtype, (3,), rows, columns, "contiguous")

    @pytest.mark.parametrize("layout", LAYOUTS)
    def test_every_layout(self, function, dtype, layout):
        for lead in LEADS:
            for seed, (rows, columns) in enumerate(((1, 1), (4, 1), (1, 9), (5, 10), (4, 20), (32, 33))):
                self.check(function, seed, dtype, lead, rows, columns, layout)

    def test_large(self, function, dtype):
        for seed in (0, 1):
            self.check(function, seed, dtype, (2,), 100, 217, "contiguous")
            self.check(function, seed, dtype, (), 3, 20_001, "off by one entry")


@pytest.mark.parametrize("function", OPERANDS, ids=lambda function: function.__name__)
def test_wrong_arguments_are_the_numpy_functions_affair(function):
    with pytest.raises(TypeError):
        function()
    with pytest.raises(TypeError):
        function(*[0.5] * 20)


@pytest.mark.parametrize("shift", [-3, -1, 0, 1, 3])
def test_where_arrays_overlap_as_numpy_does(shift):
    results = []
    for function in (activations.gelu_inner, numpy_lines(activations.gelu_inner)):
        memory = np.linspace(-2, 2, 100, dtype=np.float32)
        z, out = memory[10:90].reshape(4, 20), memory[10 + shift : 90 + shift].reshape(4, 20)
        function(z, out, 0.25, 0.5)
        results.append(memory)
    assert equal_bits(*results)


def test_arrays_of_mixed_or_other_types_take_the_numpy_lines():
    for dtype in ("float16", ">f4", "int64"):
        z, out = np.arange(-3, 3).astype(dtype).reshape(2, 3), np.empty((2, 3), dtype)
        activations.relu(z, out)
        assert out.tolist() == [[0, 0, 0], [0, 1, 2]]
    out = np.empty((2, 3))
    activations.relu(np.arange(-3, 3, dtype=np.float32).reshape(2, 3), out)
    assert out.tolist() == [[0, 0, 0], [0, 1, 2]]


def test_what_may_not_be_written_is_not():
    out = np.ones((2, 3), np.float32)
    out.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        activations.relu(np.zeros((2, 3), np.float32), out)
    assert out.all()


def test_one_batch_is_shared_by_all_replicas():
    for function in (layers.draw_mask, numpy_lines(layers.draw_mask)):
        bits = np.arange(24, dtype=np.uint16).reshape(2, 3, 4)
        threshold, scale = np.full((2, 1, 1), 12, np.uint16), np.full((2, 1, 1), 2, np.float32)
        mask, out = np.empty((2, 3, 4), np.float32), np.empty((2, 3, 4), np.float32)
        function(bits, threshold, scale, np.arange(12, dtype=np.float32).reshape(3, 4), mask, out)
        assert not out[0].any()
        assert out[1].ravel().tolist() == [2 * value for value in range(12)]


def chain(link: Link, maker: Maker, numbers: list) -> tuple:
    """A link with memories and numbers; the first two take a mask."""
    memories = {Link.SCALE_BY_ADAM: 2, Link.ADD_WEIGHT_DECAY: 0, Link.SHRINK_WEIGHTS: 0}.get(link, 1)
    count = {Link.SCALE_BY_ADAM: 3, Link.SCALE_BY_RMS: 2}.get(link, 1)
    arrays = [maker.numbers(maker.rows, maker.columns) for _ in range(memories)]
    if link in (Link.ADD_WEIGHT_DECAY, Link.SHRINK_WEIGHTS):
        arrays, mask = [], [maker.integers(2, 1, maker.columns).astype(maker.dtype) if maker.alternate else None]
    else:
        mask = []
    return (link, *arrays, *numbers[:count], *mask)


COMPILED = [link for link in Link if link is not Link.OWN]
CHAINS = [(), *((link,) for link in COMPILED), *((first, link) for first in COMPILED[:2] for link in COMPILED[2:])]


def test_a_chain_with_a_users_function_takes_the_numpy_lines():
    def halved(gradient, memory, count, share):
        memory["sum"] += gradient
        return gradient * share / count

    params, grads, total = np.full((1, 3), 5.0), np.array([[2.0, 4.0, 8.0]]), np.ones((1, 3))
    own = (Link.OWN, halved, {"sum": total}, {"share": 0.5}, 2)
    descent.descend(params, grads, None, (own,), 1.0, None, descent.scratch((1, 3), "float64"))
    assert (params.tolist(), total.tolist()) == ([[4.5, 4.0, 3.0]], [[3.0, 5.0, 9.0]])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("links", CHAINS, ids=lambda links: "-".join(link.name.lower() for link in links) or "none")
@pytest.mark.parametrize("layout", ["contiguous", "off by one entry", "wider rows"])
def test_descend(links, dtype, layout):
    small = range(1, 71, 1 if len(links) < 2 else 7)
    sizes = [*small, 1023, 1024, 1025, 2600] if layout == "contiguous" else [1, 33, 2050]
    for index, columns in enumerate(sizes):
        for replicas in (1, 3):
            for factors in [(None, 1), (1, replicas), (None, replicas)][index % 3]:

                def make(columns=columns, replicas=replicas, factors=factors, seed=index):
                    maker = Maker(seed, dtype, (), replicas, columns, layout)
                    shape = maker.random.choice(((), (replicas, 1)))
                    numbers = [maker.integers(2**16, *shape) / 2**16 for _ in range(5)]
                    return [
                        maker.numbers(replicas, columns),
                        maker.numbers(replicas, columns),
                        numbers[3] if seed % 3 else None,
                        tuple(chain(link, maker, numbers) for link in links),
                        numbers[4],
                        None if factors is None else maker.numbers(factors, columns),
                        descent.scratch((replicas, columns), dtype),
                    ]

                got, expected = make(), make()
                descent.descend(*got)
                numpy_lines(descent.descend)(*expected)
                assert equal_bits(got[0], expected[0]), (columns, replicas, factors)
                assert equal_bits(got[1], expected[1])
                for one, other in zip(got[3], expected[3], strict=True):
                    assert all(equal_bits(*pair) for pair in zip(one, other, strict=True)), (columns, replicas)


@pytest.mark.parametrize("columns", [65_537, 300_001])
def test_descend_block_by_block(columns):
    for replicas in (1, 2):
        maker = [Maker(0, "float32", (), replicas, columns, "contiguous") for _ in range(2)]
        made = [
            [
                *(one.numbers(replicas, columns) for _ in range(2)),
                0.5,
                tuple(chain(link, one, [0.9, 0.99, 1e-8]) for link in (Link.ADD_WEIGHT_DECAY, Link.SCALE_BY_ADAM)),
                1e-3,
                None,
                descent.scratch((replicas, columns), "float32"),
            ]
            for one in maker
        ]
        descent.descend(*made[0])
        numpy_lines(descent.descend)(*made[1])
        assert equal_bits(made[0][0], made[1][0])


def test_every_function_of_the_room_is_compared():
    for module in (activations, layers, classification, descent):
        for name in module.__all__:
            function = getattr(module, name)
            if inspect.isbuiltin(function):
                assert function in OPERANDS or function is descent.descend, name


def test_every_pass_of_the_c_file_has_numpy_lines():
    source = (Path(__file__).parents[2] / "mlpcli" / "kernels" / "passes.h").read_text()
    passes = {line.split("PASS(")[1].split(")")[0] for line in source.splitlines() if line.startswith("MULTIVERSION")}
    assert passes == {function.__name__ for function in OPERANDS} | {"descend"}

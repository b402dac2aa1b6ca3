"""Generated datasets against scikit-learn's generators, formulas worked by hand, and the claims of their docstrings."""

import numpy as np
import pytest
from sklearn import datasets

from mlpcli.data.names.cards import all_cards
from mlpcli.data.readers.generated.generators import GENERATORS, steps
from mlpcli.data.readers.generated.parameters import check_parameters, declared_parameters
from mlpcli.errors import UsageError
from tests.data.asked import prepare


def test_xor_is_the_lectures_four_points() -> None:
    xor = prepare("xor")
    assert xor.val is None and xor.test is None and xor.scale == "none"
    assert xor.train.x.tolist() == [[0, 0], [1, 0], [0, 1], [1, 1]]
    assert xor.classes == ("-1", "+1")
    assert xor.train.y.tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize("k", [1, 3, 6, 16])
def test_sawtooth_alternates_on_exact_points(k: int) -> None:
    prepared = prepare(f"sawtooth:k={k}", dtype="float64")
    assert prepared.val is None and prepared.test is None and prepared.classes == ("0", "1")
    x, y = prepared.train.x[:, 0], prepared.train.y
    assert x.tolist() == [i / 2**k for i in range(2**k)]
    for _ in range(k):  # the mirror map of LECTURE row 11, composed k times
        x = np.maximum(0, 2 * np.maximum(0, x) - 4 * np.maximum(0, x - 0.5))
    assert (x >= 0.5).astype(int).tolist() == y.tolist()


@pytest.mark.parametrize("n", [2, 7, 100])
def test_moons_and_circles_equal_scikit_learn(n: int) -> None:
    ours, theirs = GENERATORS["moons"](n=n, noise=0.0, seed=0), datasets.make_moons(n, shuffle=False)
    np.testing.assert_allclose(ours.x, theirs[0], atol=1e-15)
    np.testing.assert_array_equal(ours.y, theirs[1])
    ours = GENERATORS["circles"](n=n, noise=0.0, factor=0.3, seed=0)
    theirs = datasets.make_circles(n, shuffle=False, factor=0.3)
    np.testing.assert_allclose(ours.x, theirs[0], atol=1e-15)
    np.testing.assert_array_equal(ours.y, theirs[1])


def test_noise_has_the_standard_deviation_asked_for() -> None:
    clean = GENERATORS["moons"](n=20_000, noise=0.0, seed=0).x
    noisy = GENERATORS["moons"](n=20_000, noise=0.3, seed=0).x
    assert (noisy - clean).std() == pytest.approx(0.3, rel=0.02)


def test_friedman1_follows_its_formula() -> None:
    drawn = GENERATORS["friedman1"](n=50, d=7, noise=0.0, seed=3)
    for x, y in zip(drawn.x, drawn.y, strict=True):
        assert y == pytest.approx(
            10 * np.sin(np.pi * x[0] * x[1]) + 20 * (x[2] - 0.5) ** 2 + 10 * x[3] + 5 * x[4], rel=1e-13
        )


def test_radial_depends_on_the_radius_alone() -> None:
    drawn = GENERATORS["radial"](n=500, d=10, waves=1.0, noise=0.0, seed=0)
    np.testing.assert_allclose(drawn.y, np.sin(2 * np.pi * (drawn.x**2).sum(axis=1) / 10), rtol=1e-12, atol=1e-12)
    assert drawn.y.std() > 0.5


def test_spirals_are_rotations_of_one_arm() -> None:
    drawn = GENERATORS["spirals"](n=90, noise=0.0, arms=3, turns=1.0, seed=0)
    arms = [drawn.x[drawn.y == arm] @ [1, 1j] for arm in range(3)]
    np.testing.assert_allclose(arms[1] / arms[0], np.exp(2j * np.pi / 3), rtol=1e-12)
    np.testing.assert_allclose(arms[2] / arms[0], np.exp(4j * np.pi / 3), rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "lipschitz"), [("sine", 2 * np.pi), ("steps", 12.5), ("bumps", 25.0), ("steps:jumps=10,ramp=0.01", 10.0)]
)
def test_functions_of_one_input_have_an_exact_dense_grid_and_their_lipschitz_constant(
    name: str, lipschitz: float
) -> None:
    prepared = prepare(name, dtype="float64")
    assert prepared.val is not None and prepared.test is None and prepared.scale == "none"
    assert prepared.train.x[:, 0].tolist() == np.linspace(0, 1, 1025).tolist()
    assert prepared.val.x[:, 0].tolist() == np.linspace(0, 1, 4097).tolist()
    y = prepared.preprocessing.inverse_target(prepared.val.y)[:, 0]
    slopes = np.abs(np.diff(y)) * 4096
    assert 0.9 * lipschitz < slopes.max() <= lipschitz * (1 + 1e-9)


def test_steps_keeps_to_its_modulus_of_continuity() -> None:
    drawn = steps(n=1001, grid=2, jumps=4, ramp=0.02, noise=0.0, seed=0)
    y = drawn.y[:1001]
    for lag in (1, 5, 20, 100, 220):  # in thousandths, up to a plateau's width 0.23
        assert np.abs(y[lag:] - y[:-lag]).max() <= min(12.5 * lag / 1000, 0.25) + 1e-12
    assert y[0] == 0 and y[-1] == 1


def test_noise_on_a_grid_spares_the_validation_rows() -> None:
    clean = GENERATORS["sine"](n=9, grid=9, periods=1.0, noise=0.0, seed=0)
    noisy = GENERATORS["sine"](n=9, grid=9, periods=1.0, noise=0.1, seed=0)
    assert (clean.y[9:] == noisy.y[9:]).all() and (clean.y[:9] != noisy.y[:9]).all()


@pytest.mark.parametrize("name", sorted(card.name for card in all_cards()[0] if card.source == "generated"))
def test_parameters_decide_and_a_seed_repeats(name: str) -> None:
    card = next(card for card in all_cards()[0] if card.name == name)
    draw = GENERATORS[card.origin["generator"]]
    first, again = draw(**card.parameters), draw(**card.parameters)
    assert first.x.tobytes() == again.x.tobytes() and first.y.tobytes() == again.y.tobytes()
    if "seed" in card.parameters and card.parameters.get("noise") != 0:
        other = draw(**{**card.parameters, "seed": 1})
        assert not np.array_equal(first.x, other.x) or not np.array_equal(first.y, other.y)


def test_every_generator_declares_what_its_card_gives() -> None:
    for card in all_cards()[0]:
        if card.source == "generated":
            draw = GENERATORS[card.origin["generator"]]
            assert list(declared_parameters(draw)) == list(card.parameters)
            check_parameters(draw, card.parameters)


def test_a_card_with_other_parameters_is_refused() -> None:
    with pytest.raises(ValueError, match=r"must be n, noise, seed, which noise, nosie breaks"):
        check_parameters(GENERATORS["moons"], {"n": 3, "nosie": 0.1, "seed": 0})
    with pytest.raises(ValueError, match=r"^seed=0\.2 must be a whole number$"):
        check_parameters(GENERATORS["moons"], {"n": 20, "noise": 0, "seed": 0.2})


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("moons:m=3", "no parameter 'm'.*its parameters: n, noise, seed"),
        ("moons:n=500,n=300", "dataset 'moons': n is given twice; keep one of them"),
        ("moons:nois=3", "did you mean noise"),
        ("moons:n=2.5", "n=2.5 must be a whole number, like n=1000"),
        ("moons:n", "n= must be a whole number"),
        ("moons:noise=nan", "must be a number"),
        ("moons:noise=-1", "noise=-1 must be at least 0"),
        ("moons:n=0", "n=0 must be from 2 to 10000000"),
        ("moons:seed=-1", "dataset 'moons': seed=-1 must be at least 0"),
        ("spirals:arms=1", "arms=1 must be from 2 to 100"),
        ("blobs:n=10000000,d=100000", r"n \* d = 1000000000000 must be at most 100000000"),
        ("sawtooth:k=21", "k=21 must be from 1 to 20"),
        ("steps:jumps=10,ramp=0.5", "ramp=0.5 must be at most 1 / jumps, which is 0.1"),
        ("iris:n=3", "no parameter 'n' .it takes none"),
        ("mooons", "no such dataset; did you mean moons"),
        ("../iris", "no such dataset"),
    ],
)
def test_bad_names_and_parameters_are_refused(spec: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        prepare(spec)

"""Differences that must be right on functions with known slopes, and must say where they cannot be."""

import numpy as np

from mlpcli.autodiff import central_differences


def test_exact_on_quadratics() -> None:
    # The error term of a central difference is the third derivative's: none here, only rounding is left.
    x = np.array([[1.0, -2.0], [0.5, 3.0]])
    differences = central_differences(lambda a: float(np.sum(a * a)), x)
    np.testing.assert_allclose(differences.slopes, [2, -4, 1, 6], rtol=1e-9)
    np.testing.assert_array_equal(differences.entries, [0, 1, 2, 3])


def test_error_falls_as_the_square_of_the_step() -> None:
    errors = [abs(central_differences(np.exp, 0.0, step=h).slopes[0] - 1) for h in (1e-2, 1e-3)]
    np.testing.assert_allclose(errors, [1e-4 / 6, 1e-6 / 6], rtol=1e-4)


def test_chosen_entries_and_an_argument_left_alone() -> None:
    x = np.arange(6.0).reshape(2, 3)
    x.flags.writeable = False
    seen = []

    def function(a: np.ndarray) -> float:
        seen.append(a.copy())
        return float(np.prod(a + 1))

    differences = central_differences(function, x, entries=[4, 0])
    np.testing.assert_array_equal(differences.entries, [4, 0])
    np.testing.assert_allclose(differences.slopes, [720 / 5, 720], rtol=1e-9)
    moved = [np.flatnonzero(a != x).tolist() for a in seen]
    assert moved == [[4], [4], [0], [0]]


def test_any_memory_layout() -> None:
    x = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    slopes = central_differences(lambda a: float(np.sum(a**2 / 2)), x).slopes
    np.testing.assert_allclose(slopes, x.ravel(), atol=1e-9)


def test_kinks_between_the_sides_are_told() -> None:
    signs = np.zeros(3, dtype=bool)

    def function(a: np.ndarray) -> float:
        np.greater(a, 0, out=signs)
        return float(np.maximum(a, 0).sum())

    differences = central_differences(function, [-1.0, 4e-6, 1.0], pattern=lambda: signs)
    np.testing.assert_array_equal(differences.smooth, [True, False, True])
    np.testing.assert_allclose(differences.slopes, [0, 0.7, 1], atol=1e-9)

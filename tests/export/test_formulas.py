"""The formulas of the exports against the layers, over the whole range in which these are stable."""

import numpy as np
import pytest

from mlpcli.autodiff.expression import FUNCTIONS
from mlpcli.autodiff.parser import parse
from mlpcli.config import choices
from mlpcli.export.formulas import as_numpy
from mlpcli.export.onnx_graph import OPERATORS
from mlpcli.export.standalone import sigmoid
from mlpcli.nn import ACTIVATIONS


def test_every_activation_has_a_formula() -> None:
    assert all(choices.ACTIVATIONS[name].formula for name in ACTIVATIONS)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_formulas_are_the_layers(name: str, dtype: type) -> None:
    t = np.concatenate([np.linspace(-30, 30, 601), [-1e4, 1e4]]).astype(dtype)[None]
    found = eval(as_numpy(choices.ACTIVATIONS[name].formula, "t"), {"np": np, "sigmoid": sigmoid, "t": t})
    assert found.dtype == dtype
    np.testing.assert_allclose(found, ACTIVATIONS[name]().forward(t, training=False), rtol=3e-6, atol=2e-6)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_of_graphs_can_be_exported(name: str) -> None:
    """Formulas of users too have any of them."""
    arguments = "t" if len(FUNCTIONS[name].products) == 1 else "t, 0.5"
    t = np.array([0.25, 2.0])
    found = eval(as_numpy(f"{name}({arguments})", "t"), {"np": np, "sigmoid": sigmoid, "t": t})
    np.testing.assert_allclose(found, parse(f"{name}({arguments})").apply(t), rtol=1e-15)
    assert name in OPERATORS

"""The gradient check passes what is right, and catches each of the bugs that hand-written networks are known for."""

from collections.abc import Callable

import numpy as np
import pytest

from mlpcli.config import RunOptions, choices, resolve
from mlpcli.gradcheck import components, oracle
from mlpcli.gradcheck.check import Row, check, merged
from mlpcli.gradcheck.components import ROWS, check_components, check_run, draw_subject, random_batch
from mlpcli.gradcheck.probe import Subject, kinks
from mlpcli.nn import (
    ACTIVATIONS,
    LIFTS,
    LOSSES,
    NORMALIZATIONS,
    Activation,
    BatchNorm,
    CrossEntropy,
    Dropout,
    HuberLoss,
    LayerNorm,
    Linear,
    LogisticLoss,
    Loss,
    QuadraticLift,
    SquaredLoss,
)
from mlpcli.nn.losses import ResidualLoss
from mlpcli.optim import project_columns
from tests.nn import test_pitfalls

TOLERANCE = 1e-7


def failures(rows: list[Row]) -> list[str]:
    return [row.component for row in rows if row.verdict(TOLERANCE) != "ok"]


def small_subject(**given: object) -> Subject:
    x, y = random_batch(np.random.default_rng(5), 6, 4, "classification", 3, 1)
    return draw_subject(options(**{"hidden": (5,), **given}), x, y, 3)


def options(**given: object) -> RunOptions:
    task = str(given.get("task", "classification"))
    return resolve(RunOptions(**given), task=task, scale="none", has_validation=True, threads=1)


def check_some(*kinds: str) -> list[Row]:
    """Rows of the components whose names begin so: a bug in one of them need not be looked for in all others."""
    return [
        merged(name, [row for subject in subjects for row in check(subject)])
        for name, subjects in components._components(seed=0)
        if name.startswith(kinds)
    ]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return list(check_components())


# What is right passes


def test_every_row_is_below_the_tolerance(rows: list[Row]) -> None:
    assert failures(rows) == []
    assert check_some("norm", "lift") == [row for row in rows if row.component.startswith(("norm", "lift"))]
    assert max(row.differences for row in rows) < 1e-8
    assert max(row.tape for row in rows if row.tape is not None) < 1e-12


def test_every_entry_of_every_registry_has_a_row_and_a_formula(rows: list[Row]) -> None:
    names = [row.component for row in rows]
    assert len(set(names)) == len(names)
    for name in ACTIVATIONS:
        assert f"activation {name}" in names
    for name in NORMALIZATIONS:
        assert {f"norm {name}, before the activation", f"norm {name}, after the activation"} <= set(names)
        assert f"complete network, {name} norm" in names
    for name in LOSSES:
        assert {f"loss {name}, 2 classes", f"loss {name}, 3 classes"} <= set(names)
        assert (f"loss {name}, regression" in names) == (name != "cross-entropy")
    for name in LIFTS:
        assert f"lift {name}" in names
    for name in ("dropout", "input dropout", "weight decay", "label smoothing", "class weights"):
        assert f"regularizer {name}" in names
    assert all(row.tape is not None for row in rows)


def test_parameters_are_counted_by_hand(rows: list[Row]) -> None:
    found = {row.component: row.parameters for row in rows}
    plain = 4 * 8 + 8 + 8 * 6 + 6 + 6 * 3 + 3
    assert found["activation relu"] == plain
    assert found["norm layer, before the activation"] == plain + 2 * (8 + 6)
    assert found["norm batch, after the activation"] == plain + 2 * (8 + 6)
    assert found["norm batch, before the activation"] == plain + 8 + 6  # its shift takes the place of the bias
    assert found["loss huber, 2 classes"] == plain - 6 * 2 - 2
    assert found["lift quadratic"] == plain + 10 * 8 + 4 * 4 + 4  # ten products, and a linear layer in front


def test_the_seed_decides_everything() -> None:
    first, again, other = (check_run(options(hidden=(5,), seed=seed)) for seed in (3, 3, 4))
    assert first == again
    assert first != other and failures(other) == []


def test_a_newly_registered_activation_has_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    class Cube(Activation):
        def value(self, z: np.ndarray, out: np.ndarray) -> None:
            np.power(z, 3, out=out)

        def gradient(self, z: np.ndarray, h: np.ndarray, g: np.ndarray, out: np.ndarray) -> None:
            np.multiply(g, 3 * z * z, out=out)

    class WrongCube(Cube):
        def gradient(self, z: np.ndarray, h: np.ndarray, g: np.ndarray, out: np.ndarray) -> None:
            np.multiply(g, 2 * z * z, out=out)

    for name, kind in {"cube": Cube, "wrong cube": WrongCube}.items():
        monkeypatch.setitem(ACTIVATIONS, name, kind)
        monkeypatch.setitem(choices.ACTIVATIONS, name, choices.Activation())
    found = {row.component: row for row in check_some("activation")}
    assert found["activation cube"].verdict(TOLERANCE) == "ok"
    assert found["activation cube"].tape is None  # no formula yet
    assert failures(list(found.values())) == ["activation wrong cube"]


# Deliberate bugs


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        (CrossEntropy, "loss cross-entropy, 3 classes"),
        (LogisticLoss, "loss cross-entropy, 2 classes"),
        (ResidualLoss, "loss squared, regression"),
    ],
)
def test_a_lost_mean_over_the_batch(kind: type[Loss], row: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = kind.gradient
    monkeypatch.setattr(kind, "gradient", lambda self: right(self) * ROWS)
    assert row in failures(check_some(row))


def test_the_mean_term_of_batch_norms_backward_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    def backward(self: BatchNorm, grad_output: np.ndarray, input_needed: bool = True) -> np.ndarray:
        right(self, grad_output)
        return self.gain * self._scale * (grad_output - self._work.x_hat * self.gain_grad / len(grad_output))

    right = BatchNorm.backward
    monkeypatch.setattr(BatchNorm, "backward", backward)
    assert failures(check_some("activation relu", "norm", "complete")) == [
        "norm batch, before the activation",
        "norm batch, after the activation",
        "complete network, batch norm",
    ]


def test_unbiased_variance_in_batch_norm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Consistent in forward and backward, so differences find nothing: only the tape knows the formula."""

    def forward(self: BatchNorm, x: np.ndarray, training: bool) -> np.ndarray:
        self._scale = 1 / np.sqrt(x.var(axis=-2, ddof=1, keepdims=True) + 1e-5)
        self._work = self.workspace(x)
        self._work.x_hat[...] = x - x.mean(axis=-2, keepdims=True)
        return self._affine(self._scale)

    def backward(self: BatchNorm, grad_output: np.ndarray, input_needed: bool = True) -> np.ndarray:
        rows = grad_output.shape[-2]
        self._affine_grads(grad_output)
        centred = grad_output - self.bias_grad / rows
        return self.gain * self._scale * (centred - self._work.x_hat * self.gain_grad / (rows - 1))

    monkeypatch.setattr(BatchNorm, "forward", forward)
    monkeypatch.setattr(BatchNorm, "backward", backward)
    found = [row for row in check_some("activation relu", "norm", "complete") if row.verdict(TOLERANCE) != "ok"]
    assert [row.component for row in found] == [
        "norm batch, before the activation",
        "norm batch, after the activation",
        "complete network, batch norm",
    ]
    assert all(row.differences < TOLERANCE < row.tape for row in found if row.tape is not None)


def test_biased_running_variance_in_batch_norm(monkeypatch: pytest.MonkeyPatch) -> None:
    """No gradient depends on it: the number that tests/nn worked by hand catches it."""

    def forward(self: BatchNorm, x: np.ndarray, training: bool) -> np.ndarray:
        before = self.running_var.copy()
        y = right(self, x, training)
        rows = x.shape[-2]
        self.running_var[...] = 0.9 * before + (self.running_var - 0.9 * before) * (rows - 1) / rows
        return y

    right = BatchNorm.forward
    monkeypatch.setattr(BatchNorm, "forward", forward)
    with pytest.raises(AssertionError):
        test_pitfalls.test_batch_norm_by_hand()


def test_scale_of_the_kept_units_missing_in_dropouts_backward(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dropout, "backward", lambda self, grad, input_needed=True: grad * (self._work.mask > 0))
    assert failures(check_some("activation relu", "regularizer", "complete")) == [
        "regularizer dropout",
        "regularizer input dropout",
        "complete network, batch norm",
        "complete network, layer norm",
    ]


def test_z_for_h_in_the_slope_of_sigmoid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        ACTIVATIONS["sigmoid"], "gradient", lambda self, z, h, g, out: np.multiply(g, z * (1 - z), out=out)
    )
    assert failures(check_some("activation", "complete")) == ["activation sigmoid"]


def test_a_bias_off_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def backward(self: Linear, grad_output: np.ndarray, input_needed: bool = True) -> np.ndarray | None:
        dx = right(self, grad_output, input_needed)
        if self.has_bias:
            self.bias_grad[...] = np.roll(self.bias_grad, 1, axis=-1)
        return dx

    right = Linear.backward
    monkeypatch.setattr(Linear, "backward", backward)
    found = check_run(options(hidden=(5, 4)))
    assert failures(found) == ["hidden.0.bias", "hidden.1.bias", "output.bias"]


def test_max_norm_on_the_wrong_axis() -> None:
    """Units are columns: (3, 4) has norm 5 and is halved to 2.5; (0, 1) is within. Rows have 3 and sqrt(17)."""

    def assert_units_are_bounded(project: Callable[[np.ndarray, float], None]) -> None:
        weight = np.array([[3.0, 0.0], [4.0, 1.0]])
        project(weight, 2.5)
        np.testing.assert_allclose(weight, [[1.5, 0.0], [2.0, 1.0]], rtol=1e-15)

    def project_rows(weight: np.ndarray, bound: float) -> None:
        project_columns(weight.T, bound)

    assert_units_are_bounded(project_columns)
    with pytest.raises(AssertionError):
        assert_units_are_bounded(project_rows)


# And the rest of what could be wrong


def times(factor: float, right: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    return lambda self, grad_output, input_needed=True: right(self, grad_output, input_needed) * factor


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_slope_wrong_by_a_millionth(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ACTIVATIONS[name], "backward", times(1 + 1e-6, ACTIVATIONS[name].backward))
    subject = small_subject(activation=name)
    found = {row.component: row.verdict(TOLERANCE) for row in check(subject)}
    assert found["hidden.0.weight"] == "wrong" and found["output.weight"] == "ok"


@pytest.mark.parametrize("kind", [CrossEntropy, LogisticLoss, SquaredLoss, HuberLoss])
def test_smoothing_and_weights_forgotten_in_the_gradient(kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    right = kind.gradient

    def gradient(self: object, name: str) -> np.ndarray:
        kept = getattr(self, name)
        setattr(self, name, np.zeros_like(kept) if name == "_s" else None)
        grad = right(self).copy()
        setattr(self, name, kept)
        return grad

    for name, row in (("_s", "regularizer label smoothing"), ("_class_weights", "regularizer class weights")):
        with monkeypatch.context() as patch:
            patch.setattr(kind, "gradient", lambda self, name=name: gradient(self, name))
            assert failures(check_some(row)) == [row]


def test_backward_of_the_lift_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QuadraticLift, "backward", times(2, QuadraticLift.backward))
    found = failures(check_some("activation relu", "lift", "complete"))
    assert found == ["lift quadratic", "complete network, batch norm", "complete network, layer norm"]


def test_the_mean_term_of_layer_norms_backward_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    def backward(self: LayerNorm, grad_output: np.ndarray, input_needed: bool = True) -> np.ndarray:
        dx = right(self, grad_output, input_needed)
        return dx + (grad_output * self.gain).mean(axis=-1, keepdims=True) * self._scale

    right = LayerNorm.backward
    monkeypatch.setattr(LayerNorm, "backward", backward)
    assert failures(check_run(options(hidden=(5,), norm="layer"))) == ["hidden.0.weight", "hidden.0.bias"]


def test_weight_decay_must_be_on_the_weights_and_only_there(monkeypatch: pytest.MonkeyPatch) -> None:
    subject = small_subject(weight_decay=0.1, norm="layer")
    assert failures(check(subject)) == []
    monkeypatch.setattr(type(subject.network), "decayed", property(lambda self: [slice(0, self.size)]))
    found = failures(check(subject))
    assert found == [name for name in subject.network.parameters if not name.endswith(".weight")]


@pytest.mark.parametrize("optimizer", ["sgd", "nesterov", "adam", "adamw"])
def test_decoupled_decay_is_no_part_of_the_gradient(optimizer: str) -> None:
    subject = small_subject(weight_decay=0.1, optimizer=optimizer, clip_norm=1e-3)
    assert subject.decay == (0 if optimizer == "adamw" else 0.1)
    assert failures(check(subject)) == []


# Kinks and zeros


def test_kinks_are_found_where_they_are() -> None:
    def slope_of(name: str) -> Callable[[np.ndarray], np.ndarray]:
        def slope(t: np.ndarray) -> np.ndarray:
            layer = ACTIVATIONS[name]()
            layer.forward(t, training=True)
            return layer.backward(np.ones_like(t))

        return slope

    for name in ("relu", "leaky-relu", "elu", "selu"):
        assert kinks(slope_of(name)).tolist() == [0.0], name
    for name in ("gelu", "silu", "mish", "softplus", "sigmoid", "tanh", "identity"):
        assert kinks(slope_of(name)).tolist() == [], name
    assert kinks(np.sign).tolist() == [0.0]
    assert kinks(lambda r: np.clip(r, -1, 1)).tolist() == [-1.0, 1.0]
    assert kinks(lambda r: r).tolist() == []


@pytest.mark.parametrize("activation", ["relu", "leaky-relu", "selu", "elu"])
def test_entries_that_meet_a_kink_are_skipped_and_counted(activation: str) -> None:
    """One z of unit 0 is moved to 3e-6: the bias of that unit and its weights cross the kink, no other entry does."""
    subject = small_subject(activation=activation)
    hidden = subject.network.linears[0]
    z = subject.x @ hidden.weight + hidden.bias
    hidden.bias[0, 0] -= z[2, 0] - 3e-6
    crossing = np.count_nonzero(abs(subject.x[2]) * 1e-5 > 3e-6)
    found = {row.component: row for row in check(subject)}
    assert found["hidden.0.bias"].skipped == 1
    assert found["hidden.0.weight"].skipped == crossing > 0
    assert found["output.weight"].skipped == found["output.bias"].skipped == 0
    assert failures(list(found.values())) == []


@pytest.mark.parametrize(("loss", "residual"), [("absolute", 0.0), ("huber", 1.0), ("huber", -1.0)])
def test_residuals_on_a_kink_are_skipped(loss: str, residual: float) -> None:
    subject = small_subject(loss=loss, activation="tanh", depth=0, hidden=())
    output = subject.network.linears[0]
    scores = subject.x @ output.weight + output.bias
    output.bias[0, 1] -= (scores - subject.targets)[4, 1] - residual - 1e-6
    found = {row.component: row for row in check(subject)}
    assert found["output.bias"].skipped == 1
    assert failures(list(found.values())) == []


def test_a_tensor_of_which_most_entries_meet_kinks_is_not_passed() -> None:
    subject = small_subject(activation="relu")
    hidden = subject.network.linears[0]
    hidden.weight[...], hidden.bias[...] = 0.0, 0.0
    found = {row.component: row for row in check(subject)}
    assert found["hidden.0.bias"].skipped == 5
    assert found["hidden.0.bias"].verdict(TOLERANCE) == "unchecked"


def test_gradients_that_are_zero_pass_and_must_be_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores that no hidden unit reaches: every gradient before the output is 0, and noise must not be called wrong."""
    subject = small_subject(activation="tanh")
    subject.network.linears[1].weight[...] = 0.0
    assert failures(check(subject)) == []
    right = Linear.backward

    def backward(self: Linear, grad_output: np.ndarray, input_needed: bool = True) -> np.ndarray | None:
        dx = right(self, grad_output, input_needed)
        self.weight_grad += 1e-8
        return dx

    monkeypatch.setattr(Linear, "backward", backward)
    assert "hidden.0.weight" in failures(check(subject))


def test_layer_norm_over_one_unit_has_zero_gradients_before_it() -> None:
    assert failures(check_run(options(hidden=(1, 3), norm="layer"))) == []


def test_gradients_that_are_not_finite_are_wrong() -> None:
    subject = small_subject(activation="relu")
    subject.network.linears[0].weight[1, 2] = np.nan
    found = check(subject)
    assert {row.verdict(TOLERANCE) for row in found} == {"wrong"}
    assert {row.differences for row in found} == {np.inf}


# The network of a run


def test_a_tensor_a_row_and_at_most_2000_entries() -> None:
    found = {row.component: row for row in check_run(options(width=48, depth=1, norm="layer", dropout=0.2))}
    assert list(found) == [
        "hidden.0.weight",
        "hidden.0.bias",
        "hidden.0.norm.gain",
        "hidden.0.norm.bias",
        "output.weight",
        "output.bias",
    ]
    assert (found["hidden.0.weight"].parameters, found["hidden.0.weight"].probed) == (64 * 48, 2000)
    assert (found["output.weight"].parameters, found["output.weight"].probed) == (480, 480)
    assert failures(list(found.values())) == []


@pytest.mark.parametrize(
    "given",
    [
        {"depth": 0},
        {"task": "regression", "loss": "huber", "width": 8},
        {"width": 8, "init": "zeros"},
        {"width": 8, "lift": "quadratic", "batch_size": 4},
        {"width": 8, "norm": "batch", "batch_size": "full", "dtype": "float64"},
        {"width": 64, "norm": "batch", "batch_size": 2, "activation": "tanh"},
        {"width": 8, "depth": 12, "activation": "sigmoid"},
        {"width": 8, "max_norm": 1.0, "clip_norm": 0.1, "weight_decay": 0.01, "input_dropout": 0.2},
        {"width": 8, "dropout": 0.99},
        {"width": 8, "class_weight": "balanced", "label_smoothing": 0.1, "loss": "squared"},
    ],
    ids=str,
)
def test_networks_of_all_kinds(given: dict[str, object]) -> None:
    assert failures(check_run(options(**given))) == []


def test_the_formulas_know_what_they_do_not_know() -> None:
    assert oracle.knows(options())
    for name in ("activation", "norm", "lift", "loss"):
        assert not oracle.knows(options().model_copy(update={name: "new"}))

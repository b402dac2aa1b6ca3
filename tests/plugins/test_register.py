"""User-defined parts in the tables: what they must be, what they are used for, and how they are judged."""

import dataclasses
import linecache

import numpy as np
import pytest

import mlpcli
from mlpcli import nn, optim
from mlpcli.config import OPTIONS, RunOptions, choices, run_id
from mlpcli.config.choices import Origin
from mlpcli.config.origins import origins
from mlpcli.errors import PluginError
from mlpcli.gradcheck import oracle
from mlpcli.gradcheck.components import check_components, check_run
from mlpcli.plugins.files import load
from mlpcli.plugins.register import coming_from, forget
from tests.plugins.parts import NAMES


def softsign(name: str = "softsign", slope: float = 1.0, **facts):
    """An activation of the program; another slope makes its gradient wrong."""

    @mlpcli.register("activation", name, **facts)
    class Softsign(nn.Activation):
        def value(self, z, out):
            np.divide(z, 1 + np.abs(z), out=out)

        def gradient(self, z, h, g, out):
            np.divide(slope * g, (1 + np.abs(z)) ** 2, out=out)

    return Softsign


def test_every_kind_is_a_choice_with_facts_and_an_implementation(parts_file) -> None:
    load(parts_file)
    registries = {
        "activation": nn.ACTIVATIONS,
        "norm": nn.NORMALIZATIONS,
        "loss": nn.LOSSES,
        "init": nn.INITIALIZERS,
        "optimizer": optim.OPTIMIZERS,
    }
    assert NAMES.keys() == choices.COMPONENTS.keys() == registries.keys()
    for option, name in NAMES.items():
        assert name in registries[option] and name in choices.COMPONENTS[option]
        assert OPTIONS[option].choices[-1] == name and OPTIONS[option].allowed.endswith(f", {name}")
    options = mlpcli.train("xor", epochs=0, progress=False, **NAMES | {"norm_position": "after"}).options
    assert (options.lr, options.beta2) == (1e-3, 0.999)
    assert origins(options).keys() == NAMES.keys()
    assert mlpcli.train("xor", epochs=0, activation="snake", progress=False).options.init == "lecun"


def test_gradients_are_checked_as_those_of_mlpcli_are_and_a_wrong_one_is_found(parts_file) -> None:
    load(parts_file)
    softsign(slope=1.01)
    rows = {row.component: row for row in check_components()}
    for component in (
        "activation snake",
        "norm rms, before the activation",
        "norm rms, after the activation",
        "loss log-cosh, regression",
        "loss log-cosh, 3 classes",
        "complete network, rms norm",
    ):
        assert rows[component].verdict(1e-7) == "ok", component
        assert rows[component].tape is not None, component
    wrong = [component for component, row in rows.items() if row.verdict(1e-7) != "ok"]
    assert wrong == ["activation softsign"] and rows["activation softsign"].tape is None  # found without a formula


def test_a_formula_that_is_not_the_function_is_found() -> None:
    softsign(formula="t / (1 + t * t)")
    rows = check_run(RunOptions(activation="softsign"))
    assert max(row.differences for row in rows) < 1e-7 < max(row.tape or 0 for row in rows)


def test_an_optimizer_takes_the_steps_of_its_formula(parts_file) -> None:
    """Lion by hand: w -= lr sign(b1 m + (1-b1) g), m = b2 m + (1-b2) g, beside decoupled decay."""
    load(parts_file)
    gradients = np.array([[1.0, -2.0, 0.5], [-3.0, 1.0, 0.5], [0.1, 0.1, -4.0]])
    w, m, wanted = np.array([1.0, -1.0, 2.0]), np.zeros(3), np.array([1.0, -1.0, 2.0])
    optimizer = optim.Optimizer("lion", w.shape, w.dtype, beta1=0.9, beta2=0.5, weight_decay=0.1)
    for g in gradients:
        wanted = wanted - 0.1 * 0.1 * wanted - 0.1 * np.sign(0.9 * m + 0.1 * g)
        m = 0.5 * m + 0.5 * g
        optimizer.step(w, g, lr=0.1)
    np.testing.assert_allclose(w, wanted, rtol=1e-12)
    np.testing.assert_allclose(optimizer.state["mean"], m, rtol=1e-12)


def test_replicas_with_numbers_of_their_own_equal_single_runs(parts_file) -> None:
    load(parts_file)
    rates, decays = np.array([[0.1], [0.01]]), np.array([[0.9], [0.5]])
    rng = np.random.default_rng(0)
    stack = rng.normal(size=(2, 50_000)).astype(np.float32)
    gradients = rng.normal(size=(3, *stack.shape)).astype(np.float32)
    singles = stack.copy()
    together = optim.Optimizer("lion", stack.shape, stack.dtype, beta1=decays)
    for g in gradients:
        together.step(stack, g, lr=rates)
    for replica in range(2):
        alone = optim.Optimizer("lion", (50_000,), stack.dtype, beta1=float(decays[replica, 0]))
        for g in gradients:
            alone.step(singles[replica], g[replica], lr=float(rates[replica, 0]))
    np.testing.assert_array_equal(stack, singles)


def test_an_interrupted_training_resumes_with_the_memory_of_an_optimizer(parts_file) -> None:
    load(parts_file)
    w = np.array([1.0, 2.0])
    optimizer = optim.Optimizer("lion", w.shape, w.dtype)
    optimizer.step(w, np.array([1.0, -1.0]), lr=0.1)
    again = optim.Optimizer("lion", w.shape, w.dtype)
    again.load({name: array.copy() for name, array in optimizer.state.items()})
    other = w.copy()
    optimizer.step(w, np.array([0.01, -3.0]), lr=0.1)
    again.step(other, np.array([0.01, -3.0]), lr=0.1)
    np.testing.assert_array_equal(w, other)


def test_the_source_is_part_of_the_identity_and_only_where_it_is_used(parts_file) -> None:
    plain = run_id(RunOptions(), "digest")
    load(parts_file)
    assert run_id(RunOptions(), "digest") == plain
    first = run_id(RunOptions(activation="snake"), "digest")
    parts_file.write_text(parts_file.read_text() + "\n# another version\n")
    load(parts_file)
    assert run_id(RunOptions(activation="snake"), "digest") not in (first, plain)


def test_a_program_may_define_its_own_part_again_but_no_other() -> None:
    ours = nn.ACTIVATIONS["relu"]
    softsign()
    one = origins(RunOptions(activation="softsign"))["activation"]
    again = softsign()
    assert nn.ACTIVATIONS["softsign"] is again
    assert origins(RunOptions(activation="softsign"))["activation"] == one
    with pytest.raises(PluginError, match="register activation relu: relu is the name of one of mlpcli"):
        softsign("relu")
    assert nn.ACTIVATIONS["relu"] is ours and "relu" not in origins(RunOptions())


def test_a_cell_of_a_notebook_has_a_source_and_a_typed_string_has_none() -> None:
    text = (
        "import mlpcli\nfrom mlpcli.nn import Activation\n"
        "@mlpcli.register('activation', 'double')\nclass Double(Activation):\n"
        "    def value(self, z, out): out[...] = 2 * z\n"
        "    def gradient(self, z, h, g, out): out[...] = 2 * g\n"
    )
    linecache.cache["<cell 1>"] = (len(text), None, text.splitlines(True), "<cell 1>")
    exec(compile(text, "<cell 1>", "exec"), {"__name__": "notebook"})
    assert "activation" in origins(RunOptions(activation="double"))
    with pytest.raises(PluginError, match="its source cannot be read here"):
        exec(compile(text.replace("double", "twice"), "<typed>", "exec"), {"__name__": "typed"})


@pytest.mark.parametrize(
    ("kind", "name", "facts", "problem"),
    [
        ("layer", "x", {}, "got the kind 'layer', expected one of activation, norm, init, loss, optimizer"),
        ("activation", "Snake Case", {}, "got the name 'Snake Case', expected at most 40 letters a-z"),
        ("activation", "auto", {}, "got the name 'auto'"),
        ("activation", "x", {"lr": 1.0}, "no such fact as lr; the possible ones are init"),
        ("activation", "x", {"init": "best"}, "init: got 'best', expected the name of an initializer"),
        ("activation", "x", {"formula": "t +"}, "formula 't [+]': column"),
        ("activation", "x", {"formula": "t + s"}, "expected a formula of t alone"),
        ("norm", "x", {}, "expected a class that extends mlpcli.nn.Normalization"),
    ],
)
def test_what_is_wrong_is_one_line_and_registers_nothing(kind, name, facts, problem) -> None:
    before = {option: list(rows) for option, rows in choices.COMPONENTS.items()}
    with pytest.raises(PluginError, match=problem) as caught:
        mlpcli.register(kind, name, **facts)(nn.ACTIVATIONS["tanh"])
    assert "\n" not in str(caught.value)
    assert {option: list(rows) for option, rows in choices.COMPONENTS.items()} == before


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        ({}, "lr is missing"),
        ({"lr": -1}, "lr: got -1, expected a number above 0"),
        ({"lr": True}, "lr: got true"),
        ({"lr": 1.0, "reads": ["gamma"]}, "reads: got .'gamma'., expected a list of momentum, beta1, beta2, eps"),
        ({"lr": 1.0, "memory": "mean"}, "memory: got 'mean', expected a list of different names"),
        ({"lr": 1.0, "memory": ["m", "m"]}, "expected a list of different names"),
        ({"lr": 1.0, "beta2": 1.0}, "beta2: got 1.0"),
        ({"lr": 1.0, "formula": "t"}, "has no gradient to check"),
    ],
)
def test_facts_of_an_optimizer_are_checked(facts, problem) -> None:
    with pytest.raises(PluginError, match=problem):
        mlpcli.register("optimizer", "plain", **facts)(lambda gradient, memory, count: gradient)


def test_a_class_that_lacks_a_function_is_refused() -> None:
    with pytest.raises(PluginError, match="Half lacks 'gradient'"):

        @mlpcli.register("activation", "half")
        class Half(nn.Activation):
            def value(self, z, out):
                out[...] = z / 2


def test_rows_of_mlpcli_have_no_origin() -> None:
    for rows in choices.COMPONENTS.values():
        assert {row.origin for row in rows.values()} == {None}
        assert all(dataclasses.is_dataclass(row) for row in rows.values())


def test_forgetting_a_part_leaves_formulas_of_another_kind_of_that_name() -> None:
    origin = Origin("mine.py", "0" * 64)
    with coming_from(origin):
        mlpcli.register("init", "tanh")(lambda rng, fan_in, fan_out: np.zeros((fan_in, fan_out)))
    forget(origin)
    assert "tanh" in oracle.ACTIVATIONS and "tanh" not in nn.INITIALIZERS


def test_a_part_that_is_defined_again_has_no_formula_of_before() -> None:
    softsign(formula="t / (1 + abs(t))")
    assert choices.ACTIVATIONS["softsign"].formula == "t / (1 + abs(t))"
    softsign()
    assert choices.ACTIVATIONS["softsign"].formula == ""
    row = next(row for row in check_components() if row.component == "activation softsign")
    assert row.verdict(1e-6) == "ok" and row.tape is None


@pytest.mark.parametrize("name", [3, None, "Big"])
def test_a_name_that_is_none_is_refused(name: object) -> None:
    with pytest.raises(PluginError, match="register init: got the name"):
        mlpcli.register("init", name)

"""The plan: against loops written by hand and itertools, duplicates, where, rules, seeds, compare, and large counts."""

import itertools
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlpcli.config import RunOptions, Source, build, with_preset
from mlpcli.config.choices import OPTIMIZERS
from mlpcli.errors import UsageError
from mlpcli.sweeps.plan.plan_file import plan_sweep
from mlpcli.sweeps.plan.sweep_plan import Plan
from mlpcli.sweeps.spec.random_draws import Draws, Range
from tests.examples import examples
from tests.measure import cpu_loops


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def plan(text: str, *settings: str, max_trials: int = 10_000) -> Plan:
    path = Path("s.toml")
    path.write_text(text)
    return plan_sweep(path, settings=settings, max_trials=max_trials)


def problem(text: str, *settings: str, max_trials: int = 10_000) -> str:
    with pytest.raises(UsageError) as caught:
        plan(text, *settings, max_trials=max_trials)
    return str(caught.value)


def shown(found: Plan) -> list[tuple[object, ...]]:
    return [found.shown(index) for index in range(found.configurations)]


def runs_of(found: Plan) -> list[tuple[int, RunOptions]]:
    """The configuration and the options of every trial, in order."""
    return [
        (configuration, found.repeated(found.options(configuration), repeat))
        for configuration, repeats in found.joined(0)
        for repeat in repeats
    ]


def ran(found: Plan, *names: str) -> list[tuple[object, ...]]:
    """The values of options in the trials, in order."""
    return [tuple(getattr(options, name) for name in names) for _, options in runs_of(found)]


def test_order_by_hand() -> None:
    found = plan("""
        seeds = [7, 3]
        [grid]
        norm = ["none", "batch"]
        dropout = [0.0, 0.5]
        [zip]
        width = [64, 128]
        depth = [4, 2]
        [[points]]
        norm = "layer"
        patience = 3
        """)
    expected = [
        (norm, dropout, width, depth, 0)
        for norm in ("none", "batch")
        for dropout in (0.0, 0.5)
        for width, depth in ((64, 4), (128, 2))
    ]
    expected += [("layer", 0.0, 64, 2, 3)]
    assert found.varied == ("norm", "dropout", "width", "depth", "patience")
    assert shown(found) == expected
    assert ran(found, *found.varied, "seed") == [(*values, seed) for values in expected for seed in (7, 3)]
    assert [configuration for configuration, _ in runs_of(found)] == [number // 2 for number in range(18)]
    assert list(found.joined(6)) == list(found.joined(0))[3:]
    assert list(found.joined(len(found))) == []
    assert (len(found), found.configurations, found.left_out, found.duplicates) == (18, 9, 0, 0)


def test_random_is_crossed_with_the_grid_and_shared_by_it() -> None:
    found = plan("""
        [random]
        trials = 3
        seed = 5
        lr = { low = 1e-4, high = 1.0, log = true }
        width = { low = 8, high = 64 }
        [grid]
        norm = ["none", "layer"]
        """)
    draws = Draws(3, 5, {"lr": Range(1e-4, 1.0, log=True), "width": Range(8, 64)}).rows()
    assert found.varied == ("lr", "width", "norm")  # in the order of the file
    assert ran(found, "norm", "lr", "width") == [(norm, *draw) for norm in ("none", "layer") for draw in draws]


def test_several_grids_follow_one_another() -> None:
    """Options that make sense together only; each grid is crossed with [zip], and overrides the base for itself."""
    found = plan("""
        [base]
        optimizer = "adam"
        norm_position = "after"
        [[grid]]
        optimizer = ["sgd", "momentum"]
        lr = [0.1, 0.2]
        [[grid]]
        norm = ["layer"]
        [[grid]]
        norm = ["none"]
        [zip]
        width = [8, 4]
        depth = [1, 2]
        """)
    assert found.varied == ("optimizer", "lr", "norm", "width", "depth")
    sgd = [(name, lr, "none", width) for name in ("sgd", "momentum") for lr in (0.1, 0.2) for width in (8, 4)]
    rest = [("adam", None, norm, width) for norm in ("layer", "none") for width in (8, 4)]
    assert ran(found, "optimizer", "lr", "norm", "width") == sgd + rest
    assert found.shown(8) == ("adam", RunOptions().used("lr"), "layer", 8, 1)


def test_points_alone_are_all_there_is() -> None:
    found = plan("[base]\nwidth = 8\n[[points]]\nlr = 0.1\n[[points]]\nwidth = 16\n[[points]]")
    assert found.varied == ("lr", "width")
    assert ran(found, "lr", "width") == [(0.1, 8), (None, 16), (None, 8)]


def test_base_and_seeds_alone() -> None:
    assert ran(plan("seeds = 3\n[base]\nwidth = 8"), "width", "seed") == [(8, 0), (8, 1), (8, 2)]
    assert ran(plan("[base]\nseed = 4"), "seed") == [(4,)]
    assert plan("").varied == ()


LISTS = {
    "dropout": st.lists(st.sampled_from([0, 0.1, 0.25, 0.5]), min_size=1, max_size=3),
    "norm": st.lists(st.sampled_from(["none", "batch", "layer"]), min_size=1, max_size=3),
    "width": st.lists(st.sampled_from([4, 8, 16]), min_size=1, max_size=3),
    "depth": st.lists(st.integers(0, 3), min_size=1, max_size=3),
    "lr": st.lists(st.sampled_from([0.1, 0.5, 1, 1.0]), min_size=1, max_size=3),
}


def toml(values: Iterable[tuple[str, object]]) -> str:
    import tomli_w

    return tomli_w.dumps(dict(values))


GRIDS = st.fixed_dictionaries({}, optional=LISTS)
POINTS = st.fixed_dictionaries({}, optional={name: values.map(lambda v: v[0]) for name, values in LISTS.items()})


@settings(max_examples=examples(60))
@given(
    GRIDS,
    st.lists(POINTS, max_size=3),
    st.integers(1, 3),
    st.sampled_from([None, "width * depth <= 16", "norm != 'batch' or dropout == 0", "lr < 0.4"]),
)
def test_agrees_with_itertools_and_build(grid, points, seeds, where) -> None:  # type: ignore[no-untyped-def]
    """Built the slow way: every combination validated by `build`, filtered by eval, in a dict for duplicates."""
    combinations = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    combinations = ([] if points and not grid else combinations) + points
    expected: dict[object, RunOptions] = {}
    for combination in combinations:
        options = build(Source(combination, "s: "))
        names = {**dict(options), "lr": options.lr or OPTIMIZERS["adam"].lr}
        if where is None or eval(where, names):
            linear = {"dropout": 0.0, "norm": "none"} if not options.sizes else {}  # they stand for no layer there
            key = options.with_hidden().model_copy(update={"lr": names["lr"], **linear})
            expected.setdefault(tuple(dict(key).items()), options)
    text = toml([("seeds", seeds), ("where", [where] if where else []), ("grid", grid), ("points", points)])
    if not expected:
        assert "leaves nothing" in problem(text)
        return
    found = plan(text)
    assert [found.options(index) for index in range(found.configurations)] == list(expected.values())
    assert len(found) == seeds * len(expected)
    assert len(found) + found.left_out + found.duplicates == seeds * len(combinations)
    runs = runs_of(found)
    assert [found.configuration_of(number) for number in range(len(found))] == [index for index, _ in runs]
    for index in range(found.configurations):
        assert [runs[number][1].seed for number in found.numbers(index)] == list(range(seeds))


@pytest.mark.parametrize(
    "text",
    [
        "[grid]\nlr = [0.1, 0.2, 0.1]",
        "[grid]\nlr = [0.1, 0.2]\n[[points]]\nlr = 0.2",
        "[base]\noptimizer = 'sgd'\nlr = 0.1\n[grid]\nlr = [0.1, 0.2]\n[[points]]",
        "[grid]\ndropout = [0, 0.0, 0.5]",
        "[grid]\nwidth = [64, 32]\n[[points]]\nhidden = [32, 32]",
        "[grid]\nhidden = [[8], 8, '8', [4]]",
        "[base]\nhidden = [8, 8]\n[grid]\nwidth = [8, 4]\n[[points]]\nhidden = [8, 8]",
        "[grid]\nhidden = [[8], [4]]\nwidth = [1, 2, 3]",
        "[zip]\nwidth = [4, 8]\ndepth = [0, 0]\n[[points]]\nhidden = [8]",
        "[grid]\nval_size = [0, 0.0, 0.1]",
    ],
)
def test_duplicates_run_once(text: str) -> None:
    assert plan(text).configurations == 2


def test_the_own_learning_rate_of_an_optimizer_is_one_value() -> None:
    text = "[grid]\nlr = [{}]\noptimizer = ['sgd', 'adam']\n[[points]]\noptimizer = 'sgd'"
    assert plan(text.format(OPTIMIZERS["sgd"].lr)).configurations == 2
    assert plan(text.format(0.123)).configurations == 3


def test_hidden_and_width_in_layers() -> None:
    base = "[base]\nhidden = [5]\ndepth = 3\n"
    assert [o.sizes for o in options_of(plan(base + "[grid]\nwidth = [8, 16]"))] == [(8, 8, 8), (16, 16, 16)]
    assert [o.sizes for o in options_of(plan(base + "[grid]\nlr = [1]"))] == [(5,)]
    assert [o.sizes for o in options_of(plan(base + "[[points]]\nlr = 1\n[[points]]\ndepth = 2"))] == [(5,), (5, 5)]
    assert [o.sizes for o in options_of(plan("[grid]\nwidth = [8]\nhidden = [[4, 2]]"))] == [(4, 2)]
    assert [o.sizes for o in options_of(plan(base, "width=7"))] == [(7, 7, 7)]


def options_of(found: Plan) -> list[RunOptions]:
    return [found.options(index) for index in range(found.configurations)]


def test_what_does_not_apply_is_not_shown() -> None:
    found = plan("[grid]\nwidth = [8]\ndepth = [3]\n[[points]]\nhidden = [4, 2]\n[[points]]\ntarget = 'age'")
    assert found.varied == ("width", "depth", "hidden", "target")
    assert shown(found) == [(8, 3, None, None), (None, None, (4, 2), None), (64, 2, None, ("age",))]
    assert found.described(1) == "hidden = [4, 2]"
    assert found.described(2) == "width = 64, depth = 2, target = ['age']"


def test_a_learning_rate_that_was_not_given_is_shown_as_it_is_used() -> None:
    found = plan("[grid]\nlr = [0.5]\n[[points]]\noptimizer = 'sgd'\n[[points]]\noptimizer = 'adam'")
    assert shown(found) == [(0.5, "adam"), (OPTIMIZERS["sgd"].lr, "sgd"), (OPTIMIZERS["adam"].lr, "adam")]
    assert [options.lr for options in options_of(found)] == [0.5, None, None]


def test_seeds_of_the_grid_belong_to_their_configuration() -> None:
    found = plan("""
        where = ["seed != 2 or norm == 'none'"]
        [grid]
        seed = [1, 2]
        norm = ["none", "batch"]
        [[points]]
        seed = 9
        norm = "none"
        [[points]]
        norm = "layer"
        """)
    assert found.varied == ("norm",)
    assert [found.seeds(index) for index in range(3)] == [(1, 2, 9), (1,), (0,)]
    assert ran(found, "norm", "seed") == [("none", 1), ("none", 2), ("none", 9), ("batch", 1), ("layer", 0)]
    assert (found.left_out, found.duplicates) == (1, 0)


def test_where_may_name_the_seed_beside_seeds() -> None:
    found = plan("seeds = 4\nwhere = ['seed % 2 == 0 or width == 8']\n[grid]\nwidth = [8, 16]")
    assert [found.seeds(0), found.seeds(1)] == [(0, 1, 2, 3), (0, 2)]
    assert (len(found), found.left_out) == (6, 2)


def test_where_filters_points_too() -> None:
    found = plan(
        "where = ['width > 8', 'width < 64']\n[grid]\nwidth = [8, 16]\n[[points]]\nwidth = 4\n[[points]]\nwidth = 32"
    )
    assert shown(found) == [(16,), (32,)]
    assert found.left_out == 2


def test_where_that_leaves_nothing() -> None:
    text = "seeds = 3\nwhere = ['width > 8', 'depth > 8']\n[grid]\nwidth = [8, 16]"
    assert problem(text) == "s.toml: where: 'width > 8' and 'depth > 8' leaves nothing of 2 combinations"
    assert problem("where = ['width > 100']") == "s.toml: where: 'width > 100' leaves nothing of 1 combination"


def test_where_that_cannot_be_evaluated_names_the_combination_once() -> None:
    text = "where = ['width / (depth - 2) > 1', 'batch_size < 3']\n[grid]\ndepth = [3, 2, 2]\nbatch_size = [2, 'full']"
    assert problem(text).split("\n  ")[1:] == [
        "s.toml: where 'batch_size < 3': column 1: 'full' < 3: both must be numbers, "
        "for depth = 3, batch_size = 'full'",
        "s.toml: where 'width / (depth - 2) > 1': column 1: 64 / 0 divides by zero, for depth = 2, batch_size = 2",
    ]


def test_rules_that_combinations_break() -> None:
    text = """
        [base]
        {}
        [grid]
        norm = ["none", "batch"]
        dropout = [0.1, 0.2]
        batch_size = [1, 32]
        """
    reason = "batch norm needs batches of two rows or more; use batch_size 2 or more"
    at = "norm = 'batch', dropout = 0.1, batch_size = 1 and 1 more"
    assert problem(text.format("")) == f"s.toml: [grid] batch_size, [grid] norm: {reason} (for {at})"
    assert len(plan("where = ['norm != \"batch\" or batch_size > 1']" + text.format(""))) == 6
    found = problem("[base]\nnorm = 'batch'\n[[points]]\n[[points]]\nbatch_size = 1")
    assert found == f"s.toml: [[points]] 2 batch_size, [base] norm: {reason} (for batch_size = 1)"
    assert problem("[base]\nnorm = 'batch'", "batch_size=1") == f"s.toml: --set batch_size, [base] norm: {reason}"


def test_rules_of_the_task_where_it_is_given() -> None:
    found = problem("[base]\ntask = 'regression'\n[grid]\nloss = ['squared', 'cross-entropy']")
    assert found.startswith("s.toml: [grid] loss, [base] task: loss cross-entropy is for classes and labels")
    assert len(plan("[grid]\nloss = ['squared', 'cross-entropy']")) == 2


def test_no_rule_is_judged_by_a_value_that_was_refused() -> None:
    found = problem("[base]\nnorm = 'batch'\nbatch_size = 'all'\n[grid]\nbatch_size = [1]\nlr = [1]")
    assert found.startswith("s.toml: [base] batch_size: got 'all', expected an integer")
    assert "\n" not in found


COMPARE = "[grid]\ndropout = [0.0, 0.5]\nnorm = ['none', 'batch']\n"


@pytest.mark.parametrize(
    ("text", "baselines"),
    [
        (COMPARE, [0, 0, 0, 0]),
        (COMPARE + "[compare]\ndropout = 0\nnorm = 'none'", [0, 0, 0, 0]),
        (COMPARE + "[compare]\ndropout = 0.5\nnorm = 'batch'", [3, 3, 3, 3]),
        (COMPARE + "[compare]\ndropout = 0", [0, 1, 0, 1]),  # each against its own norm
        (COMPARE + "[compare]\nnorm = 'batch'", [1, 1, 3, 3]),
        (COMPARE + "[compare]\nwidth = 64\ndropout = 0", [0, 1, 0, 1]),  # the base agrees
        (COMPARE + "[[points]]\nlr = 0.5\nnorm = 'batch'\n[compare]\nnorm = 'none'", [0, 0, 2, 2, None]),
        (COMPARE + "[[points]]\nwidth = 8\n[compare]\ndropout = 0\nwidth = 64\nnorm = 'none'", [0, 0, 0, 0, 0]),
        ("[grid]\nwidth = [8, 16]\ndepth = [1, 2]\n[compare]\nwidth = 8", [0, 1, 0, 1]),
        ("[grid]\nwidth = [8, 16]\ndepth = [1, 2]\n[compare]\ndepth = 2", [1, 1, 3, 3]),
        ("[grid]\nwidth = [8, 16]\ndepth = [1, 2]\n[compare]\nhidden = [8, 8]", [1, 1, 1, 1]),
        ("[grid]\nhidden = [[8], [4, 4], [4, 2]]\n[compare]\nwidth = 8", [0, None, None]),
        ("[grid]\nhidden = [[8], [8, 8], [4, 4]]\n[compare]\nwidth = 8", [0, 1, 1]),
        ("[grid]\nhidden = [[8], [8, 8], [4, 2]]\n[compare]\ndepth = 1", [0, 0, None]),
        ("[grid]\noptimizer = ['sgd', 'adam']\n[compare]\noptimizer = 'adam'", [1, 1]),
        ("where = ['norm != \"none\" or dropout > 0']\n" + COMPARE + "[compare]\ndropout = 0", [0, None, 0]),
        ("[random]\ntrials = 3\nlr = { low = 0.1, high = 1 }\n[grid]\nnorm = ['none', 'batch']\n"
         "[compare]\nnorm = 'none'", [0, 1, 2, 0, 1, 2]),
    ],
)  # fmt: skip
def test_compare(text: str, baselines: list[int | None]) -> None:
    assert list(plan(text).baselines) == baselines


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (COMPARE + "[compare]\ndropout = 0.25", "s.toml: [compare]: no configuration has dropout = 0.25"),
        (COMPARE + "[compare]\nlr = 0.25\nnorm = 'none'", "no configuration has lr = 0.25, norm = 'none'"),
        (COMPARE + "[compare]\nhidden = [3, 2]", "no configuration has hidden = [3, 2]"),
        ("where = ['dropout > 0']\n" + COMPARE + "[compare]\ndropout = 0", "no configuration has dropout = 0.0"),
    ],
)
def test_compare_without_a_match(text: str, message: str) -> None:
    assert problem(text).endswith(message)


def test_halving() -> None:
    text = "[base]\nepochs = 30\n[random]\ntrials = 81\nlr = { low = 0.1, high = 1 }\n[halving]\nmin_epochs = 3\n"
    assert plan(text).epochs_share == pytest.approx((81 * 3 + 27 * 6 + 9 * 18 + 3 * 3) / (81 * 30))
    assert plan("[grid]\nlr = [1, 2]").epochs_share == 1
    assert problem(text.replace("30", "3")) == "s.toml: [halving] min_epochs: 3 is not below the 3 epochs of a run"
    found = problem("[grid]\nepochs = [9, 30, 9]\n[halving]")
    assert found == "s.toml: [halving]: needs one number of epochs for all configurations, got 9, 30"


BRACKETS = "seeds = 2\n[base]\nepochs = 9\n[grid]\n{}\n[halving]\nbrackets = 2\n"


def test_every_bracket_is_planned_and_checked_at_once() -> None:
    """Eight configurations, six of them in the first bracket: the others are known too, and what is wrong with them."""
    found = plan(BRACKETS.format("lr = [1, 2, 3, 4, 5, 6, 7, 8]"))
    assert (len(found), found.configurations, found.coming) == (16, 8, 0)
    assert (list(found.first.placed), list(found.first.following)) == ([*range(6)], [6, 7])
    assert list(found.first.trials) == [*range(6)]
    assert found.epochs_share == pytest.approx((6 * 1 + 2 * 2 + 1 * 6 + 2 * 3 + 1 * 6) / (8 * 9))
    twice = plan(BRACKETS.format("lr = [1, 2, 3, 4, 5, 6, 7, 1]"))
    assert (twice.duplicates, twice.configurations, len(twice)) == (2, 7, 14)
    left = plan("where = ['lr < 8']\n" + BRACKETS.format("lr = [1, 2, 3, 4, 5, 6, 7, 8]"))
    assert (left.left_out, left.duplicates, len(left)) == (2, 0, 14)
    assert problem(BRACKETS.format("epochs = [9, 9, 9, 9, 9, 9, 9, 20]")) == (
        "s.toml: [halving]: needs one number of epochs for all configurations, got 9, 20"
    )
    broken = problem(BRACKETS.format("max_norm = [1, 2, 3, 4, 5, 6, 7, [1, 2]]"))
    assert broken.startswith("s.toml: [grid] max_norm: 2 values for 3 layers, output included")


def test_max_trials() -> None:
    text = "seeds = 5\n[grid]\nlr = [1, 2, 3]\n[[points]]\nlr = 4\n"
    assert len(plan(text, max_trials=20)) == 20
    assert problem(text, max_trials=19) == (
        "s.toml: 20 trials are more than 19. Nothing was written. Plan fewer, or allow them with --max-trials 20"
    )
    assert "20 trials" in problem("where = ['lr < 2']\n" + text, max_trials=19)  # counted before where


def test_a_billion_is_counted_and_not_built() -> None:
    keys = ("lr", "weight_decay", "clip_norm", "width", "depth", "epochs", "batch_size", "patience", "warmup")
    text = "[grid]\n" + "\n".join(f"{key} = {list(range(1, 11))}" for key in keys)
    for more, count in (
        ("", "1,000,000,000"),
        (
            "\n[random]\ntrials = 9000000000000000000\neps = { low = 1, high = 2 }",
            "9,000,000,000,000,000,000,000,000,000",
        ),
    ):
        found = problem(text + more)  # had they been built, it would never end
        assert found.startswith(f"s.toml: {count} trials are more than 10,000.")
        assert found.endswith(f"--max-trials {count.replace(',', '')}")
    assert "9,223,372,036,854,775,807 trials" in problem("seeds = 9223372036854775807")


MEMORY = """
import sys, tracemalloc
from pathlib import Path
from mlpcli.sweeps.plan.plan_file import plan_sweep
plan_sweep(Path("one.toml"))
tracemalloc.start()
found = plan_sweep(Path("quarter.toml"))
print(tracemalloc.get_traced_memory()[0])
"""


def test_twenty_thousand_trials_take_little_time_and_memory() -> None:
    lists = f"lr = {[i / 100 for i in range(1, 101)]}\nwidth = {list(range(1, 101))}"
    text = f"seeds = 2\nwhere = ['lr * width < 1000']\n[grid]\n{lists}"
    made, counted = [], []
    assert cpu_loops(lambda: made.append(plan(text, max_trials=20_000))) < 40  # measured: 4
    assert cpu_loops(lambda: counted.append(len(runs_of(made[0])))) < 30  # measured: 2
    assert counted == [20_000]
    Path("one.toml").write_text("[grid]\nlr = [0.1]")
    Path("quarter.toml").write_text(text.replace(str(list(range(1, 101))), str(list(range(1, 26)))))
    traced = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True)
    assert int(traced.stdout) < 10e6 / 4  # of 5,000 trials; measured: 1.6e6


def test_a_preset_stands_beneath_the_base() -> None:
    found = plan("""
        where = ["width >= 48"]
        [base]
        preset = "tabular"
        epochs = 9
        [grid]
        width = [32, 48]
        [[points]]
        init_scale = 1.0
        [[points]]
        dropout = 0.5
        """)
    assert ran(found, "width", "ensemble", "epochs", "scale") == [
        (48, 8, 9, "robust-clip"),
        (64, 8, 9, "robust-clip"),
        (64, 8, 9, "robust-clip"),
    ]
    spelled = [with_preset(options, task="regression", features=4) for _, options in runs_of(found)]
    assert [options.init_scale for options in spelled] == [(1.0, 1.0, 0.0), 1.0, (1.0, 1.0, 0.0)]
    assert found.varied == ("width", "init_scale", "dropout")
    assert shown(found) == [(48, None, 0.0), (64, 1.0, 0.0), (64, None, 0.5)]


def test_a_preset_may_be_varied() -> None:
    found = plan("""
        [base]
        depth = 3
        [grid]
        preset = ["none", "tabular"]
        lr = [0.5, 0.1]
        [compare]
        preset = "none"
        """)
    assert ran(found, "preset", "lr", "ensemble", "depth", "epochs") == [
        ("none", 0.5, 1, 3, 30),
        ("none", 0.1, 1, 3, 30),
        ("tabular", 0.5, 8, 3, 256),
        ("tabular", 0.1, 8, 3, 256),
    ]
    assert found.baselines == [0, 1, 0, 1]


def test_no_such_preset() -> None:
    expected = "s.toml: {} preset: got 'tabula', expected one of none, tabular; did you mean tabular?"
    assert problem('[base]\npreset = "tabula"') == expected.format("[base]")
    assert problem('[grid]\npreset = ["none", "tabula"]') == expected.format("[grid]")
    assert "the integer 3" in problem("[base]\npreset = 3")


@pytest.mark.parametrize(
    ("tables", "baselines"),
    [
        ("[grid]\nwidth = [4, 8]", [0, 0]),
        ("[halving]\nmin_epochs = 1\n[grid]\nwidth = [4, 8]", [None, None]),
        ("[random]\ntrials = 2\nwidth = { choices = [4, 8] }", [None, None]),
        ("[halving]\nmin_epochs = 1\n[grid]\nwidth = [4, 8]\n[compare]\nwidth = 8", [1, 1]),
    ],
)
def test_drawn_and_pruned_configurations_have_no_baseline_unless_the_file_names_one(
    tables: str, baselines: list[int | None]
) -> None:
    assert plan(tables).baselines == baselines

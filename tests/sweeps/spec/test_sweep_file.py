"""The sweep file: what it may say, every mistake with its place, all of them in one message, and the flags over it."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlpcli.config import OPTIONS, Source, build
from mlpcli.errors import ExitCode, UsageError
from mlpcli.sweeps.plan.plan_file import plan_sweep
from mlpcli.sweeps.spec.random_draws import Choices, Draws, Range
from mlpcli.sweeps.spec.strategy_tables import Halving
from mlpcli.sweeps.spec.sweep_file import SweepFile, find_sweep, read_sweep
from tests.examples import examples
from tests.measure import cpu_loops


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(text: str) -> Path:
    path = Path("s.toml")
    path.write_text(text, encoding="utf-8")
    return path


def read(text: str, *settings: str, seeds: str | None = None, name: str | None = None) -> SweepFile:
    file, problems = read_sweep(write(text), settings=settings, seeds=seeds, name=name)
    problems.stop()
    return file


def problems(text: str, *settings: str, seeds: str | None = None, name: str | None = None) -> list[str]:
    """What is wrong, from the single line or the list of the one error."""
    with pytest.raises(UsageError) as caught:
        plan_sweep(write(text), settings=settings, seeds=seeds, name=name)
    assert caught.value.code == ExitCode.USAGE
    first, *rest = str(caught.value).split("\n  ")
    if rest:
        assert first == f"{len(rest)} problems:"
    return rest or [first]


CONTRACT = """
name = "dropout"
metric = "val_accuracy"
seeds = 5
where = ["width * depth <= 512"]

[base]
dataset = "digits"
width = 128

[grid]
dropout = [0.0, 0.1, 0.2, 0.5]
norm = ["none", "batch", "layer"]

[zip]
width = [64, 128]
depth = [4, 2]

[random]
trials = 50
seed = 0
lr = { low = 1e-4, high = 1e-1, log = true }

[[points]]
dropout = 0.5
norm = "none"

[halving]
min_epochs = 3
factor = 3

[compare]
dropout = 0.0
norm = "none"
"""


def test_the_file_of_the_contract() -> None:
    file = read(CONTRACT)
    assert (file.name, file.metric, file.seeds) == ("dropout", "val_accuracy", range(5))
    assert [condition.text for condition in file.where] == ["width * depth <= 512"]
    assert file.base == {"dataset": "digits", "width": 128}
    assert file.grids == ({"dropout": [0.0, 0.1, 0.2, 0.5], "norm": ["none", "batch", "layer"]},)
    assert file.zip == {"width": [64, 128], "depth": [4, 2]}
    assert file.random == Draws(50, 0, {"lr": Range(1e-4, 1e-1, log=True)})
    assert file.points == ({"dropout": 0.5, "norm": "none"},)
    assert file.halving == Halving(3, 3)
    assert file.compare == {"dropout": 0.0, "norm": "none"}
    assert read(file.text()) == file


def test_an_empty_file_is_one_run_of_the_defaults() -> None:
    file = read("")
    assert (file.name, file.metric, file.seeds, file.halving) == ("s", None, None, None)
    assert len(plan_sweep(write(""))) == 1


def test_four_mistakes_in_one_file() -> None:
    found = problems("""
        where = ["width * depth > 1000000"]
        [base]
        widht = 64
        epochs = "ten"
        [grid]
        dropout = [0.0, 1.5]
        depth = [1, 2]
        """)
    assert found == [
        "s.toml: [base] widht: no such option; did you mean width?",
        "s.toml: [base] epochs: got the string 'ten', expected an integer from 0 to 1000000",
        "s.toml: [grid] dropout: got 1.5, expected a number of at least 0 and below 1",
        "s.toml: where: 'width * depth > 1000000' leaves nothing of 2 combinations",
    ]
    assert list(Path().iterdir()) == [Path("s.toml")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sedes = 3", "s.toml: sedes: no such key; did you mean seeds?"),
        ("lr = 0.1", "s.toml: lr: options stand in a table: [base], or [grid] to vary them"),
        ("[gird]\nlr = [0.1]", "s.toml: gird: no such key; did you mean grid?"),
        ("grid = 3", "s.toml: grid: got 3, expected a table [grid]"),
        ("grid = [3]", "s.toml: grid: got [3], expected a table [grid]"),
        ("[[grid]]\nwidth = [4]\n[[grid]]\nlrr = [1]", "s.toml: [[grid]] 2 lrr: no such option; did you mean lr?"),
        ("[[grid]]\nwidth = [4]\n[[grid]]\nlr = 1", "s.toml: [[grid]] 2 lr: got 1, expected a list of values"),
        (
            "[[grid]]\nwidth = [4]\n[[grid]]\nlr = [1]\n[zip]\nlr = [1]",
            "s.toml: [[grid]] 2 lr, [zip] lr: given twice; keep one",
        ),
        (
            "[[grid]]\nlr = [1]\n[[grid]]",
            "s.toml: [[grid]] 2: no option stands below it; remove it, or name one with the value of [base]",
        ),
        ("seeds = 2\n[[grid]]\nseed = [1]", "s.toml: seeds, [[grid]] 1 seed: given twice; keep one of them"),
        ("[base]\nseeds = 3", "s.toml: [base] seeds: not an option; it stands above all tables of the file"),
        ("[base]\nnorm = 3", "s.toml: [base] norm: got the integer 3, expected one of none, batch, layer"),
        ("[base]\nlr = true", "s.toml: [base] lr: got the boolean true, expected a number above 0"),
        ("[base]\nlr = nan", "s.toml: [base] lr: got nan, expected a number above 0"),
        ("[base.lr]\nlow = 1", "s.toml: [base] lr: got the table {...}, expected a number above 0"),
        ("[grid]\nnorm = 'batch'", "s.toml: [grid] norm: got 'batch', expected a list of values"),
        ("[grid]\nnorm = []", "s.toml: [grid] norm: got [], expected a list of values"),
        (
            "[grid]\nnorm = ['bach']",
            "s.toml: [grid] norm: got 'bach', expected one of none, batch, layer; did you mean",
        ),
        ("[grid]\ndepth = [1, true]", "s.toml: [grid] depth: got the boolean true, expected an integer"),
        (
            "where = ['width * depth > 5']\n[zip]\nwidth = [0, 8]\ndepth = [9, 1]",
            "s.toml: [zip] width: got 0, expected",
        ),
        ("[base]\nepochs = 'x'\n[halving]\nmin_epochs = 30", "s.toml: [base] epochs: got the string 'x', expected"),
        ("[zip]\nwidth = [1, 2]\ndepth = [1]", "s.toml: [zip]: lists of different lengths: width has 2, depth has 1"),
        ("[grid]\nlr = [1]\n[zip]\nlr = [1]", "s.toml: [grid] lr, [zip] lr: given twice; keep one of them"),
        (
            "[grid]\nlr = [1]\n[random]\ntrials = 1\nlr = { choices = [1] }",
            "s.toml: [grid] lr, [random] lr: given twice; keep one of them",
        ),
        (
            "[zip]\nlr = [1]\n[random]\ntrials = 1\nlr = { choices = [1] }",
            "s.toml: [zip] lr, [random] lr: given twice; keep one of them",
        ),
        ("seeds = 0", "s.toml: seeds: got 0, expected a number of seeds of at least 1, or a list of them"),
        ("seeds = []", "s.toml: seeds: got [], expected a number of seeds"),
        ("seeds = true", "s.toml: seeds: got true, expected a number of seeds"),
        ("seeds = '5'", "s.toml: seeds: got '5', expected a number of seeds"),
        ("seeds = [0, -1]", "s.toml: seeds: got -1, expected an integer from 0 to 9223372036854775807"),
        ("seeds = 2\n[base]\nseed = 1", "s.toml: seeds, [base] seed: given twice; keep one of them"),
        ("seeds = 2\n[grid]\nseed = [1]", "s.toml: seeds, [grid] seed: given twice; keep one of them"),
        ("seeds = 2\n[zip]\nseed = [1]", "s.toml: seeds, [zip] seed: given twice; keep one of them"),
        (
            "seeds = 2\n[[points]]\n[[points]]\nseed = 1",
            "s.toml: seeds, [[points]] 2 seed: given twice; keep one of them",
        ),
        ("metric = 'test_accuracy'", "s.toml: metric: got 'test_accuracy', but test rows rank nothing; use one of"),
        ("metric = 'val_acuracy'", "s.toml: metric: got 'val_acuracy', expected one of train_loss"),
        ("metric = ['val_loss']", "s.toml: metric: got ['val_loss'], expected one of train_loss"),
        ("metric = 'train_mae'\n[halving]", "s.toml: metric: got 'train_mae', expected with halving one of train_loss"),
        ("where = 'width < 3'", "s.toml: where: got 'width < 3', expected a list of conditions, each in quotes"),
        ("where = [3]", "s.toml: where: got [3], expected a list of conditions, each in quotes"),
        ("where = ['wdith < 3']", "s.toml: where 'wdith < 3': column 1: no such option: wdith; did you mean width?"),
        ("name = 'a/b'", "s.toml: name: cannot use the name 'a/b': only letters"),
        ("name = 3", "s.toml: name: got 3, expected a string"),
        ("[halving]\nmin_epoch = 3", "s.toml: [halving] min_epoch: no such key; did you mean min_epochs?"),
        ("[halving]\nmin_epochs = 0", "s.toml: [halving] min_epochs: got 0, expected an integer of at least 1"),
        ("[halving]\nfactor = 1", "s.toml: [halving] factor: got 1, expected an integer of at least 2"),
        ("[halving]\nfactor = 2.5", "s.toml: [halving] factor: got 2.5, expected an integer of at least 2"),
        ("halving = 3", "s.toml: halving: got 3, expected a table [halving]"),
        ("[compare]\ndroput = 0", "s.toml: [compare] droput: no such option; did you mean dropout?"),
        ("[compare]\ndropout = 2", "s.toml: [compare] dropout: got 2, expected a number of at least 0 and below 1"),
        ("[compare]\nseed = 2", "s.toml: [compare] seed: differences are paired by seed; leave it out"),
        (
            "seeds = [9223372036854775806, 1]\n[confirm]\nseeds = 2",
            "s.toml: [confirm] seeds: 2 fresh ones above 9223372036854775806, the largest that is given, end beyond",
        ),
        ("points = 3", "s.toml: points: got 3, expected tables, each below [[points]]"),
        ("[points]\nlr = 3", "s.toml: points: got {...}, expected tables, each below [[points]]"),
        ("[[points]]\n[[points]]\nlr = 0", "s.toml: [[points]] 2 lr: got 0, expected a number above 0"),
        ("[[points]]\nlrr = 0", "s.toml: [[points]] 1 lrr: no such option; did you mean lr?"),
    ],
)
def test_one_mistake(text: str, expected: str) -> None:
    [found] = problems(text)
    assert found.startswith(expected)


@pytest.mark.parametrize(
    ("draw", "expected"),
    [
        ("lr = 3", "lr: got 3, expected a table { low = ..., high = ... } or { choices = [...] }"),
        ("lr = [3]", "lr: got [3], expected a table { low = ..., high = ... } or { choices = [...] }"),
        ("lr = {}", "lr: expected a table { low = ..., high = ... } or { choices = [...] }"),
        ("lr = { low = 0.1 }", "lr: expected a table { low = ..., high = ... } or { choices = [...] }"),
        ("lr = { low = 0.1, high = 1, lgo = true }", "lr lgo: no such key; did you mean low?"),
        ("lr = { low = 0.1, high = 1, log = 1 }", "lr log: got 1, expected true or false"),
        ("lr = { low = 0, high = 1 }", "lr: got 0, expected a number above 0"),
        ("lr = { low = '1', high = 1 }", "lr: got the string '1', expected a number above 0"),
        ("lr = { low = 0.1, high = 0.1 }", "lr: low 0.1 is not below high 0.1"),
        ("width = { low = 64, high = 16 }", "width: low 64 is not below high 16"),
        ("width = { low = 1.5, high = 16 }", "width: got the number 1.5, expected an integer from 1"),
        ("dropout = { low = 0, high = 0.5, log = true }", "dropout: low 0.0 has no logarithm; it must be above 0"),
        ("depth = { low = 0, high = 5, log = true }", "depth: low 0 has no logarithm; it must be above 0"),
        ("norm = { low = 1, high = 2 }", "norm: only numbers are drawn from a range; use { choices = [...] }"),
        ("hidden = { low = 8, high = 16 }", "hidden: only numbers are drawn from a range; use { choices = [...] }"),
        ("batch_size = { low = 8, high = 'full' }", "batch_size: only numbers are drawn from a range"),
        ("test_size = { low = 0.1, high = 100 }", "test_size: got 100.0, expected an integer from 0"),
        ("lr = { low = 0.1, high = 1, step = 0 }", "lr step: got 0, expected more than 0 and at most high - low"),
        ("lr = { low = 0.1, high = 1, step = 1.0 }", "lr step: got 1.0, expected more than 0 and at most high - low"),
        ("lr = { low = 0.1, high = 1, step = true }", "lr step: got true, expected a number"),
        ("width = { low = 1, high = 9, step = 0.5 }", "width step: got 0.5, expected an integer"),
        ("lr = { low = 0.1, high = 1, step = 0.1, log = true }", "lr: step and log exclude each other; use one"),
        ("norm = { choices = [] }", "norm choices: got [], expected a list of values"),
        ("norm = { choices = 'none' }", "norm choices: got 'none', expected a list of values"),
        ("norm = { choices = ['nnoe'] }", "norm choices: got 'nnoe', expected one of none, batch, layer; did you mean"),
        ("norm = { choices = ['none'], log = true }", "norm: choices stand alone, without low, high, log and step"),
        ("mnorm = { choices = ['none'] }", "mnorm: no such option; did you mean norm?"),
        ("trails = 3\nlr = { choices = [1] }", "trails: no such option; did you mean trials?"),
        ("", ": no option to draw, as in lr = { low = 1e-4, high = 0.1 }"),
        ("seed = -1\nlr = { choices = [1] }", "seed: got -1, expected an integer of at least 0"),
    ],
)
def test_one_mistake_in_a_draw(draw: str, expected: str) -> None:
    [found] = problems(f"[random]\ntrials = 2\n{draw}")
    assert found.startswith("s.toml: [random]" + ("" if expected.startswith(":") else " ") + expected)


@pytest.mark.parametrize(
    ("trials", "expected"),
    [
        ("", "missing; how many draws?"),
        ("trials = 0", "got 0, expected an integer of at least 1"),
        ("trials = 1.5", "got 1.5, expected an integer of at least 1"),
        ("trials = { low = 1, high = 2 }", "got {...}, expected an integer of at least 1"),
    ],
)
def test_how_many_draws(trials: str, expected: str) -> None:
    assert problems(f"[random]\n{trials}\nlr = {{ choices = [1] }}") == [f"s.toml: [random] trials: {expected}"]


@pytest.mark.parametrize(
    ("draw", "kind"),
    [
        ("lr = { low = 1, high = 2 }", Range(1.0, 2.0)),
        ("lr = { low = 0.1, high = 2, log = false }", Range(0.1, 2.0)),
        ("width = { low = 16, high = 64, log = true }", Range(16, 64, log=True)),
        ("max_norm = { low = 1, high = 4 }", Range(1.0, 4.0)),
        ("test_size = { low = 10, high = 100 }", Range(10, 100)),
        ("width = { low = 16, high = 64, step = 16 }", Range(16, 64, step=16)),
        ("dropout = { low = 0, high = 0.5, step = 0.1 }", Range(0.0, 0.5, step=0.1)),
        ("test_size = { low = 0.0, high = 0.5 }", Range(0.0, 0.5)),
        ("hidden = { choices = [[8, 4], 16, '2,2'] }", Choices(((8, 4), (16,), (2, 2)))),
        ("dropout = { choices = [0, 0.5] }", Choices((0.0, 0.5))),
        ("batch_size = { choices = [32, 'full'] }", Choices((32, "full"))),
    ],
)
def test_draws(draw: str, kind: Range | Choices) -> None:
    file = read(f"[random]\ntrials = 2\nseed = 9\n{draw}")
    assert file.random == Draws(2, 9, {draw.split()[0]: kind})
    assert {type(value) for value in vars(kind).values()} == {
        type(value) for value in vars(file.random.options[draw.split()[0]]).values()
    }


def test_all_mistakes_at_once_and_none_twice() -> None:
    found = problems(
        "seeds = 0\n[base]\nlr = 0\n[grid]\nwidth = [0, 64, 'x']\nnorm = 3\n[zip]\nnorm = ['none']\n"
        "[random]\nlr = { low = 2, high = 1 }\n[compare]\nwidth = 5",
        "depth=-1",
    )
    assert sorted(problem.split(": got")[0] for problem in found) == [
        "--set depth",
        "s.toml: [base] lr",
        "s.toml: [grid] norm",
        "s.toml: [grid] norm, [zip] norm: given twice; keep one of them",
        "s.toml: [grid] width",
        "s.toml: [grid] width",
        "s.toml: [random] lr: low 2.0 is not below high 1.0",
        "s.toml: [random] trials: missing; how many draws?",
        "s.toml: seeds",
    ]


def test_flags_over_the_file() -> None:
    text = "name = 'a'\nseeds = 3\n[base]\nlr = 0.1\nwidth = 8\nhidden = [4]\n[grid]\nnorm = ['none', 'batch']"
    file = read(text, "lr=0.5", "norm-position = after", "depth=3", seeds="2", name="b")
    assert (file.name, file.seeds) == ("b", range(2))
    assert file.used_base == {"lr": 0.5, "width": 8, "norm_position": "after", "depth": 3}
    assert read(file.text()).used_base == file.used_base
    plan, again = plan_sweep(write(text), settings=["lr=0.5", "depth=3"]), plan_sweep(write(file.text()))
    assert plan.options(1).sizes == again.options(1).sizes == (8, 8, 8)
    assert again.file.seeds == range(2)


LAYERS = st.fixed_dictionaries(
    {},
    optional={
        "hidden": st.lists(st.integers(1, 3), max_size=3).map(tuple),
        "width": st.integers(1, 3),
        "depth": st.integers(0, 3),
        "preset": st.sampled_from(["none", "tabular"]),
    },
)


@given(LAYERS, LAYERS, LAYERS)
def test_the_layers_are_those_that_train_makes_of_the_same_sources(
    base: dict[str, object], changes: dict[str, object], combination: dict[str, object]
) -> None:
    file = replace(read(""), base=base, changes=changes)
    sources = [Source(values, "") for values in (base, changes, combination)]
    assert file.options(combination).sizes == build(*sources).sizes


def test_set_is_read_as_words() -> None:
    settings = ["hidden=8,4", "dataset=7", "batch_size=full", "dropout=0.1", "dropout=0.2", "max_norm=1,2"]
    assert read("", *settings).changes == {
        "hidden": (8, 4),
        "dataset": "7",
        "batch_size": "full",
        "dropout": 0.2,
        "max_norm": (1.0, 2.0),
    }


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("lr", "--set: got 'lr', expected KEY=VALUE"),
        ("lrr=1", "--set lrr: no such option; did you mean lr?"),
        ("lr=fast", "--set lr: got 'fast', expected a number above 0"),
        ("lr=", "--set lr: got '', expected a number above 0"),
        ("norm=bach", "--set norm: got 'bach', expected one of none, batch, layer; did you mean batch?"),
        ("seed=1", "s.toml: seeds, --set seed: given twice; keep one of them"),
        ("=1", "--set : no such option"),
    ],
)
def test_wrong_settings(setting: str, expected: str) -> None:
    assert problems("seeds = 2", setting) == [expected]


@pytest.mark.parametrize(
    ("text", "setting", "remedy"),
    [
        ("[grid]\nwidth = [2, 4]", "width=3", "grid.width=[...]"),
        ("[zip]\nlr = [0.1, 0.2]", "lr=3", "zip.lr=[...]"),
        ("[random]\ntrials = 2\nlr = {low = 0.1, high = 1}", "lr=3", "random.lr={...}"),
    ],
)
def test_a_setting_that_a_table_overrides_is_refused(text: str, setting: str, remedy: str) -> None:
    name, table = setting.partition("=")[0], remedy.partition(".")[0]
    expected = f"--set {name}: decides nothing, since [{table}] varies it; use --set '{remedy}'"
    assert problems(text, setting) == [expected]


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ("[random]\ntrials = 2\nseed = 1\nlr = {low = 0.1, high = 1}", "seed=3"),  # another seed
        ("[[grid]]\nwidth = [2]\n[[grid]]\ndepth = [1]", "width=3"),  # of the second grid
    ],
)
def test_a_setting_that_decides_something_is_taken(text: str, setting: str) -> None:
    name, _, value = setting.partition("=")
    assert read(text, setting).changes == {name: int(value)}


@pytest.mark.parametrize(
    ("words", "seeds"),
    [("3", range(3)), ("0,5,2", [0, 5, 2]), ("7,", [7]), (" 1, 2", [1, 2]), ("1,1,01", [1])],
)
def test_seeds_flag(words: str, seeds: object) -> None:
    assert read("seeds = 9", seeds=words).seeds == seeds


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("0", "--seeds: got '0', expected a number of at least 1, or a list: 0,1,2"),
        ("-3", "--seeds: got '-3', expected a number of at least 1, or a list: 0,1,2"),
        ("", "--seeds: got '', expected a number"),
        ("x", "--seeds: got 'x', expected a number"),
        ("9" * 5000, "--seeds: got '999"),
        ("1,x", "--seeds: got 'x', expected an integer from 0"),
        (",", "--seeds: got '', expected an integer from 0"),
        ("1,-2", "--seeds: got -2, expected an integer from 0"),
    ],
)
def test_wrong_seeds_flag(words: str, expected: str) -> None:
    [found] = problems("", seeds=words)
    assert found.startswith(expected)


def test_seed_beside_the_seeds_flag() -> None:
    assert problems("[grid]\nseed = [1]", seeds="2") == ["s.toml: --seeds, [grid] seed: given twice; keep one of them"]


def test_name_flag() -> None:
    assert read("name = 'a/b'", name="c").name == "c"
    [found] = problems("", name="../x")
    assert found.startswith("--name: cannot use the name '../x'")


def test_lists_of_seeds_lose_their_doubles() -> None:
    assert read("seeds = [3, 1, 3]").seeds == [3, 1]
    assert read(read("seeds = [3, 1, 3]").text()).seeds == [3, 1]


def test_shipped_experiments_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = tmp_path / "share"
    shipped.mkdir()
    (shipped / "dropout.toml").write_text("seeds = 2")
    monkeypatch.setattr("mlpcli.sweeps.spec.sweep_file.asset_folder", lambda kind: {"experiments": shipped}[kind])
    asked = Path("experiments/dropout.toml")
    assert find_sweep(asked) == shipped / "dropout.toml"
    file, _ = read_sweep(asked)
    assert (file.name, file.seeds, file.path) == ("dropout", range(2), asked)
    asked.parent.mkdir()
    asked.write_text("seeds = 3")
    assert find_sweep(asked) == asked
    with pytest.raises(UsageError, match=r"no such file; did you mean experiments/dropout.toml\? \(there are "):
        find_sweep(Path("experiments/dropuot.toml"))
    assert find_sweep(Path("dropout.toml")) == Path("dropout.toml")


def test_unreadable_files() -> None:
    with pytest.raises(UsageError, match=r"nothing.toml: No such file"):
        plan_sweep(Path("nothing.toml"))
    with pytest.raises(UsageError, match=r"s.toml:1:"):
        plan_sweep(write("seeds = = 3"))


def test_names_cannot_write_to_the_terminal() -> None:
    for text in ('"\\u001b[31m" = 1', '[grid]\n"\\u001b[31m" = 1', '[random]\ntrials = 1\n"\\u001b" = 1',
                 '[halving]\n"\\u001b" = 1', '[random]\ntrials = 1\n[random.lr]\n"\\u001b" = 1', 'name = "\\u001b"',
                 'where = ["\\u001b"]', 'metric = "\\u001b"'):  # fmt: skip
        assert "\x1b" not in "".join(problems(text))


def test_bombs_take_no_time() -> None:
    bombs = [
        "[grid]\n" + "\n".join(f"k{index} = [1]" for index in range(20_000)),
        "[grid]\nlr = [" + "0," * 100_000 + "]",
        "[grid]\nnorm = [" + "'nnone'," * 30_000 + "]",
        "where = [" + "'x < 1'," * 30_000 + "]",
        "points = [" + "{a=1}," * 30_000 + "]",
        "seeds = [" + "-1," * 70_000 + "]",
    ]
    for bomb in bombs:
        file = write(bomb)

        def refuse() -> None:
            with pytest.raises(UsageError) as caught:
                plan_sweep(file)  # noqa: B023 - called before the next file is written
            assert str(caught.value).count("\n") <= 101

        assert cpu_loops(refuse) < 40, bomb[:20]  # measured: 1 to 5


WORDS = st.sampled_from(["none", "batch", 64, 0.1])
TOML_VALUES = st.recursive(
    st.one_of(st.integers(), st.booleans(), st.floats(), st.text(max_size=5), WORDS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["low", "high", "log", "choices", "lr", "width", "x"]), inner, max_size=3),
    ),
    max_leaves=4,
)  # fmt: skip
NAMES = st.sampled_from([*list(OPTIONS)[:24], "trials", "seed", "x", "min_epochs"])
TOP = st.sampled_from(["name", "metric", "seeds", "where", "lr", "x"])
TABLES = st.sampled_from(["base", "grid", "zip", "random", "points", "halving", "compare"])


@settings(max_examples=examples(50))
@given(
    st.dictionaries(TOP, TOML_VALUES, max_size=3),
    st.dictionaries(TABLES, st.dictionaries(NAMES, TOML_VALUES, max_size=3) | TOML_VALUES, max_size=4),
)
def test_any_document_is_planned_or_refused(top: dict[str, object], tables: dict[str, object]) -> None:
    import tomli_w

    try:
        plan = plan_sweep(write(tomli_w.dumps({**top, **tables})))
    except UsageError as error:
        assert str(error).isprintable() or "\n  " in str(error)
    else:
        assert len(plan) >= 1

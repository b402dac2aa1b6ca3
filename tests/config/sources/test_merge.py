"""Merging of sources: precedence, the words of a command line, and one message for all problems."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlpcli.config import (
    OPTIONS,
    RunOptions,
    Source,
    as_dict,
    build,
    canonical_value,
    check_value,
    resolve,
    usage_error,
)
from mlpcli.errors import ExitCode, UsageError
from tests.examples import examples
from tests.measure import cpu_loops


def in_file(**values: object) -> Source:
    return Source(values, "run.toml: ")


def typed(**words: str) -> Source:
    return Source(words, "--", text=True)


def problems(*sources: Source) -> list[str]:
    with pytest.raises(UsageError) as caught:
        build(*sources)
    assert caught.value.code == ExitCode.USAGE
    first, *rest = str(caught.value).split("\n  ")
    if not rest:
        return [first]
    assert first == f"{len(rest)} problems:"
    return rest


def test_later_sources_win() -> None:
    options = build(in_file(seed=1, depth=3, lr=0.1), typed(seed="2", depth="4"), Source({"seed": 5}, "--set "))
    assert (options.seed, options.depth, options.lr, options.width) == (5, 4, 0.1, 64)
    assert build() == RunOptions()


@pytest.mark.parametrize(
    ("word", "name", "value"),
    [
        ("64", "width", 64),
        ("1e-3", "lr", 1e-3),
        ("1", "lr", 1.0),
        ("100", "test_size", 100),
        ("0.25", "test_size", 0.25),
        ("full", "batch_size", "full"),
        ("16", "batch_size", 16),
        ("seed", "split_seed", "seed"),
        ("2", "hidden", (2,)),
        ("256, 128,64", "hidden", (256, 128, 64)),
        ("2", "max_norm", 2.0),
        ("2,0,1.5", "max_norm", (2.0, 0.0, 1.5)),
        ("auto", "threads", "auto"),
        ("7", "dataset", "7"),
        ("7,8", "target", ("7", "8")),
        ("layer", "norm", "layer"),
        ("true", "record", True),
        ("false", "record", False),
    ],
)
def test_words_of_the_command_line(word: str, name: str, value: object) -> None:
    assert getattr(build(typed(**{name: word, "depth": "2"})), name) == value


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (typed(depth="-1"), "--depth: got -1, expected an integer from 0 to 1000"),
        (typed(depth="two"), "--depth: got 'two', expected an integer from 0 to 1000"),
        (typed(dropout="1.0"), "--dropout: got 1.0, expected a number of at least 0 and below 1"),
        (typed(lr="nan"), "--lr: got nan, expected a number above 0"),
        (typed(lr="1e400"), "--lr: got inf, expected a number above 0"),
        (typed(batch_size="0"), "--batch-size: got 0, expected an integer from 1 to 1000000000, or full"),
        (
            typed(batch_size="ful"),
            "--batch-size: got 'ful', expected an integer from 1 to 1000000000, or full; did you mean full?",
        ),
        (
            typed(norm_position="befor"),
            "--norm-position: got 'befor', expected one of before, after; did you mean before?",
        ),
        (
            typed(max_norm="1,x"),
            "--max-norm: got [1, 'x'], expected a number of at least 0, or a list of numbers of at least 0",
        ),
        (typed(seed="9" * 5000), f"--seed: got inf, expected an integer from 0 to {2**63 - 1}"),
        (in_file(depth="2"), "run.toml: depth: got the string '2', expected an integer from 0 to 1000"),
        (in_file(depth=True), "run.toml: depth: got the boolean true, expected an integer from 0 to 1000"),
        (in_file(depth=2.0), "run.toml: depth: got the number 2.0, expected an integer from 0 to 1000"),
        (in_file(dropout=2), "run.toml: dropout: got 2, expected a number of at least 0 and below 1"),
        (in_file(norm=["batch"]), "run.toml: norm: got the list ['batch'], expected one of none, batch, layer"),
        (in_file(norm={"kind": 1}), "run.toml: norm: got the table {...}, expected one of none, batch, layer"),
        (typed(record="yes"), "--record: got 'yes', expected true or false"),
        (in_file(record=1), "run.toml: record: got the integer 1, expected true or false"),
        (in_file(dataset=""), "run.toml: dataset: got '', expected a name"),
        (
            in_file(hidden=[2, "x"]),
            "run.toml: hidden: got the list [2, 'x'], expected a list of integers from 1 to 1000000",
        ),
        (in_file(depht=1), "run.toml: depht: no such option; did you mean depth?"),
        (in_file(model={"depth": 1}), "run.toml: model: no such option"),
        (in_file(loss="cross_entropy"), "cross-entropy?"),
        (Source({"norm-position": "before"}, "s.toml: [grid] "), "s.toml: [grid] norm-position: no such option;"),
    ],
)
def test_a_problem_names_value_place_and_range(source: Source, problem: str) -> None:
    (found,) = problems(source)
    assert problem in found
    assert found.startswith(problem) or problem == "cross-entropy?"


def test_all_problems_at_once_in_the_order_they_stand() -> None:
    found = problems(
        in_file(depht=3, dropout=1.0, activation="rulu", norm="batch"), typed(lr="nan", batch_size="1", epochs="many")
    )
    assert [line.split(":")[0] + line.split(":")[1] for line in found] == [
        "run.toml depht",
        "run.toml dropout",
        "run.toml activation",
        "--lr got nan, expected a number above 0",
        "--epochs got 'many', expected an integer from 0 to 1000000",
        "--batch-size, run.toml norm",
    ]


def test_a_rule_is_silent_where_one_of_its_options_is_wrong_in_itself() -> None:
    assert problems(in_file(norm="batsh", batch_size=1)) == [
        "run.toml: norm: got 'batsh', expected one of none, batch, layer; did you mean batch?"
    ]
    assert problems(in_file(max_norm=[1.0, 2.0], depth=-1)) == [
        "run.toml: depth: got -1, expected an integer from 0 to 1000"
    ]


@pytest.mark.parametrize("name", OPTIONS)
def test_every_name_with_one_letter_wrong_is_guessed(name: str) -> None:
    for wrong in (f"{name}_", name.upper(), name.replace("_", "-")):
        if wrong not in OPTIONS:
            (problem,) = problems(in_file(**{wrong: 1}))
            assert problem.endswith(f"did you mean {name}?")


@pytest.mark.parametrize("name", [name for name, option in OPTIONS.items() if option.choices])
def test_every_choice_with_one_letter_wrong_is_guessed(name: str) -> None:
    for word in OPTIONS[name].choices:
        problem = check_value(name, word + "x", "p")
        assert problem is not None
        assert "did you mean " in problem


def test_hidden_replaces_width_and_depth() -> None:
    options = build(in_file(hidden=[8, 4], width=16, depth=5))
    assert (options.sizes, options.width, options.depth) == ((8, 4), 64, 2)


def test_a_later_width_or_depth_replaces_hidden() -> None:
    assert build(in_file(hidden=[8, 4], depth=3), typed(width="16")).sizes == (16, 16, 16)
    assert build(in_file(hidden=[8, 4]), typed(depth="1")).sizes == (64,)
    assert build(in_file(hidden=[8]), typed(width="16")).sizes == (16,)
    assert build(in_file(hidden=[8, 8, 8]), typed(depth="1")).sizes == (8,)
    assert build(in_file(hidden=[8, 4, 2]), typed(width="16")).sizes == (16, 16, 16)
    assert build(in_file(hidden=[]), typed(width="16")).sizes == (16, 16)
    assert build(typed(depth="1"), in_file(hidden=[8, 4])).sizes == (8, 4)
    assert problems(in_file(hidden=[8], width="wide")) == [
        "run.toml: width: got the string 'wide', expected an integer from 1 to 1000000"
    ]


def test_check_value_agrees_with_build() -> None:
    assert check_value("dropout", 0.5, "s.toml: [grid] dropout") is None
    assert check_value("dropout", "0.5", "--set dropout", text=True) is None
    assert (
        check_value("dropout", 1.0, "s.toml: [grid] dropout")
        == problems(Source({"dropout": 1.0}, "s.toml: [grid] "))[0]
    )
    assert check_value("dorpout", 1.0, "s.toml: [grid] dorpout") == (
        "s.toml: [grid] dorpout: no such option; did you mean dropout?"
    )


def test_many_problems_are_counted_and_not_all_shown() -> None:
    def refuse() -> list[str]:
        with pytest.raises(UsageError) as caught:
            build(in_file(**{f"k{i}": 1 for i in range(100_000)}))
        return str(caught.value).splitlines()

    found = refuse()
    assert found[0] == "100000 problems:"
    assert found[-1] == "  and 99900 more"
    assert len(found) == 102
    assert cpu_loops(refuse) < 20  # measured: 3.1 to 4.5


def test_a_list_in_brackets_is_read_as_one_without() -> None:
    for written in ("[64, 32]", "[64,32]", "64,32"):
        assert build(Source({"hidden": written}, "--", text=True)).hidden == (64, 32)
    assert build(Source({"hidden": "[16]"}, "--", text=True)).hidden == (16,)
    assert build(Source({"hidden": "[]"}, "--", text=True)).hidden == ()  # as in TOML: a linear model


def test_one_problem_is_one_line() -> None:
    assert str(usage_error(["only"])) == "only"
    assert str(usage_error(["first", "second"])) == "2 problems:\n  first\n  second"


def values_of(name: str) -> st.SearchStrategy[object]:
    option, default = OPTIONS[name], OPTIONS[name].default
    kinds: list[st.SearchStrategy[object]] = [st.sampled_from(option.choices)] if option.choices else []
    if name == "split":
        return st.sampled_from([choice for choice in option.choices if choice != "group"])  # which needs groups
    if name == "optimizer":
        return st.sampled_from([choice for choice in option.choices if choice != "lbfgs"])  # refuses many options
    if name == "hidden":
        return st.lists(st.integers(1, 50), max_size=4)
    if name in ("dataset", "target"):
        return st.text(st.characters(codec="utf-8", exclude_characters="\0,"), min_size=1).map(str.strip).filter(bool)
    if int in option.types:
        kinds.append(st.integers(1, 1000))
    if bool in option.types:
        kinds.append(st.booleans())
    if float in option.types:
        kinds.append(st.floats(0.0011, 0.49, allow_subnormal=False))
    return st.one_of(kinds or [st.just(default)])


def typed_as(value: object) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def consistent(values: dict[str, object]) -> dict[str, object]:
    """A fold is one of at least two, or 0; a single network is recorded."""
    folds, fold = values.get("folds", 0), values.get("fold", 0)
    assert isinstance(folds, int) and isinstance(fold, int)
    single = (
        {}
        if values.get("ensemble", 1) == 1 and values.get("preset", "none") == "none"
        else {"record": False, "record_weights": False}
    )
    return values | {"folds": folds + (folds == 1), "fold": fold % max(1, folds), **single}


CONSISTENT = st.fixed_dictionaries({}, optional={name: values_of(name) for name in OPTIONS if name != "init"}).map(
    consistent
)


@settings(max_examples=examples(40))
@given(CONSISTENT)
def test_what_is_written_down_is_read_back(values: dict[str, object]) -> None:
    values.pop("task", None)
    if values.get("batch_size") == 1:
        values["norm"] = "layer"
    options = build(in_file(**values))
    assert build(Source(as_dict(options), "")) == options
    words = {name: typed_as(value) for name, value in as_dict(options).items() if value != []}
    if options.hidden != ():
        assert build(Source(words, "--", text=True)) == options


@settings(max_examples=examples(25))
@given(CONSISTENT, st.booleans())
def test_a_resolved_run_is_read_back_and_resolved_to_itself(values: dict[str, object], has_validation: bool) -> None:
    values = {name: value for name, value in values.items() if name not in ("task", "monitor", "patience")}
    if values.get("batch_size") == 1:
        values["norm"] = "layer"
    has_validation |= values.get("schedule") == "plateau"  # which follows the monitor
    used = {"task": "classification", "scale": "unit", "has_validation": has_validation, "threads": 1}
    resolved = resolve(build(in_file(**values)), **used)  # type: ignore[arg-type]
    again = build(Source(as_dict(resolved), ""))
    assert again == resolved
    assert resolve(again, **used) == resolved  # type: ignore[arg-type]


def test_a_set_of_options_costs_little_beside_its_validation() -> None:
    base, grid = in_file(dataset="digits", width=128, norm="batch", lr=1e-3), in_file(dropout=0.1, depth=3, seed=4)

    def seconds(work: Callable[[], object]) -> float:
        """The least processor time of twenty rounds."""
        times = []
        for _ in range(20):
            begin = time.process_time()
            for _ in range(50):
                work()
            times.append(time.process_time() - begin)
        return min(times)

    validation = seconds(lambda: RunOptions.model_validate({**base.values, **grid.values}))
    assert seconds(lambda: build(base, grid)) < 10 * validation


WORDS = (
    "0",
    "-0.0",
    "0.5",
    "64",
    "256,128",
    "[8, 4]",
    "true",
    "auto",
    "full",
    "seed",
    "nan",
    "-1",
    "",
    "x",
    "a:1",
    "tab",
)
VALUES = (True, None, 0, -1, 1.5, [1, 2], (3,), float("inf"), "64", {"a": 1})


@pytest.mark.parametrize("name", OPTIONS)
def test_one_value_is_read_as_among_all_options(name: str) -> None:
    """Values alone take a shorter way than the options of a run."""
    for value in (*WORDS, *VALUES, *OPTIONS[name].choices, OPTIONS[name].default):
        text = value in WORDS
        if check_value(name, value, "", text=text) is not None:
            with pytest.raises(ValueError):
                canonical_value(name, value, text=text)
        else:
            found = canonical_value(name, value, text=text)
            given = found if text else value
            assert repr(getattr(RunOptions.model_validate({name: given}), name)) == repr(found)

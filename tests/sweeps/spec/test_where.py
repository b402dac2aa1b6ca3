"""The conditions of `where`: against Python's own eval, what each name means, and every refusal with its column."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlpcli.condition import MAX_DEPTH, MAX_LENGTH
from mlpcli.config import OPTIONS, RunOptions
from mlpcli.config.choices import OPTIMIZERS
from mlpcli.sweeps.spec.where import parse_where
from tests.examples import examples
from tests.measure import cpu_loops

RUN = RunOptions(width=32, depth=3, dropout=0.25, norm="batch", batch_size="full", max_norm=(1.0, 2.0))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("width * depth <= 512", True),
        ("width * depth <= 95", False),
        ("width - depth * 2 == 26", True),
        ("(width - depth) * 2 == 58", True),
        ("width / depth > 10.6 and width / depth < 10.7", True),
        ("width % 5 == 2", True),
        ("-width < +depth", True),
        ("- - width == 32", True),
        ("16 <= width < 64", True),
        ("16 <= width < 32", False),
        ("1 < depth < 4 != width", True),
        ("norm == 'batch'", True),
        ('norm != "batch"', False),
        ("norm in ['none', 'layer']", False),
        ("norm in ('none', 'batch')", True),
        ("norm not in ['none', 'layer']", True),
        ("not norm == 'batch' or depth == 3", True),
        ("not (norm == 'batch' or depth == 3)", False),
        ("depth == 1 or depth == 2 or depth == 3", True),
        ("depth > 1 and depth > 2 and depth > 3", False),
        ("(norm == 'none') == (dropout == 0)", True),
        ("(norm == 'none') != (dropout == 0)", False),
        ("batch_size == 'full'", True),
        ("2.0 in max_norm", True),
        ("batch_size != 'full' and batch_size < 3", False),  # the second half would be an error
        ("depth == 3 or 1 / 0 > 1", True),
        ("1 > 2 > 1 / 0", False),
        ("dropout in []", False),
        ("  width == 32  ", True),
    ],
)
def test_holds(text: str, expected: bool) -> None:
    assert parse_where(text).holds(RUN) is expected


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("hidden == [64, 64]", RunOptions(), True),
        ("hidden == (64, 64)", RunOptions(hidden=(64, 64)), True),
        ("256 in hidden", RunOptions(hidden=(256, 64)), True),
        ("depth == 3", RunOptions(hidden=(8, 4, 2)), True),
        ("width == 8", RunOptions(hidden=(8, 8)), True),
        ("width == 16", RunOptions(width=16, depth=0), True),
        ("depth == 0", RunOptions(hidden=()), True),
        ("hidden == []", RunOptions(depth=0), True),
        (f"lr == {OPTIMIZERS['adam'].lr}", RunOptions(optimizer="adam"), True),
        (f"lr == {OPTIMIZERS['sgd'].lr}", RunOptions(optimizer="sgd"), True),
        ("lr == 0.5", RunOptions(optimizer="sgd", lr=0.5), True),
        ("seed == 7", RunOptions(seed=7), True),
    ],
)
def test_names_are_what_the_trial_has(text: str, options: RunOptions, expected: bool) -> None:
    assert parse_where(text).holds(options) is expected


def test_the_options_it_names() -> None:
    condition = parse_where("width * depth <= 512 and norm in ['none', 'batch'] or lr < width")
    assert condition.names == {"width", "depth", "norm", "lr"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("wdith < 3", "column 1: no such option: wdith; did you mean width?"),
        ("  wdith < 3", "column 3: no such option: wdith"),
        ("width < 3 and lambda_ > 2", "column 15: no such option: lambda_"),
        ("norm == 'bacth'", "column 9: norm is never 'bacth': it is one of none, batch, layer; did you mean batch?"),
        ("'bacth' != norm", "column 1: norm is never 'bacth'"),
        ("norm in ['batch', 'lyer']", "column 19: norm is never 'lyer'"),
        ("norm == 3", "column 9: norm is never 3"),
        ("width == 'wide'", "column 10: width is never 'wide': it is an integer from 1"),
        ("batch_size == 'ful'", "column 15: batch_size is never 'ful'"),
        ("norm == 'batch' or 'layer'", "column 20: \"'layer'\" is no condition"),
        ("width", "column 1: 'width' is no condition; one compares, as in width * depth <= 512"),
        ("not width", "column 5: 'width' is no condition"),
        ("width + (depth > 2) > 3", "column 10: 'depth > 2' is no option, number, text, list"),
        ("(width > 2) < 3", "column 2: 'width > 2' is no option"),
        ("width & depth > 3", "column 1: 'width & depth' is no option"),
        ("width ** 2 > 3", "column 1: 'width ** 2' is no option"),
        ("width // 2 > 3", "column 1: 'width // 2' is no option"),
        ("width is 3", "column 1: values are compared with == and !=, not with is"),
        ("width = 3", "column 7: equal is written =="),
        ("depth == 1 and width=3", "column 21: equal is written =="),
        ("(width=3)", "column 2: equal is written =="),
        ("  width <", "column 10: invalid syntax"),
        ("(width < 3", "column 1: '(' was never closed"),
        ("width > 3)", "column 10: unmatched ')'"),
        ("width > 3\nand depth > 2", "column 10: a condition stands on one line"),
        ("", "column 1: the condition is empty"),
        (" \t", "column 1: the condition is empty"),
        ("True == (width > 3)", "column 1: 'True' is no option"),
        ("width < None", "column 9: 'None' is no option"),
        ("b'a' == norm", "column 1: \"b'a'\" is no option"),
        ("f'{width}' == norm", "column 1: \"f'{width}'\" is no option"),
        ("width < 3j", "column 9: '3j' is no option"),
        ("... == width", "column 1: '...' is no option"),
        ("width.real > 3", "column 1: 'width.real' is no option"),
        ("hidden[0] > 3", "column 1: 'hidden[0]' is no option"),
        ("len(hidden) > 3", "column 1: 'len(hidden)' is no option"),
        ("__import__('os').system('true')", "column 1: \"__import__('os').system('true')\" is no condition"),
        ("(width := 3) < 4", "column 2: 'width := 3' is no option"),
        ("(lambda: 1)() == 1", "column 1: '(lambda: 1)()' is no option"),
        ("[x for x in hidden] == hidden", "column 1: '[x for x in hidden]' is no option"),
        ("width if depth else norm", "column 1: 'width if depth else norm' is no condition"),
        ("{1, 2} == width", "column 1: '{1, 2}' is no option"),
        ("dataset == 'é' and wdith == 3", "column 20: no such option: wdith"),
        ("width > 3 and fold < 1", "column 15: fold tells no configurations apart, since each trains on every fold"),
        ("folds == 3", "column 1: folds tells no configurations apart"),
        ("width > 3" + " " * MAX_LENGTH, f"column {MAX_LENGTH + 1}: longer than {MAX_LENGTH} characters"),
    ],
)
def test_refused_while_reading(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_where(text)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("width / (depth - 3) > 1", "column 1: 32 / 0 divides by zero"),
        ("depth > 2 and width % 0 == 1", "column 15: 32 % 0 divides by zero"),
        ("batch_size < 3", "column 1: 'full' < 3: both must be numbers"),
        ("3 > batch_size", "column 1: 3 > 'full': both must be numbers"),
        ("norm + 1 > 2", "column 1: 'batch' + 1: both must be numbers"),
        ("-norm > 2", "column 2: 0 - 'batch': both must be numbers"),
        ("norm * 1000000000 == 'batch'", "column 1: 'batch' * 1000000000: both must be numbers"),
        ("max_norm > 1", "column 1: [1.0, 2.0] > 1: both must be numbers"),
        ("width in depth", "column 10: in needs a list, got 3"),
        ("'bat' in norm", "column 10: in needs a list, got 'batch'"),
        (f"{'9' * 400} / 2 > width", "column 1: 0x"),
    ],
)
def test_refused_for_a_trial(text: str, message: str) -> None:
    condition = parse_where(text)
    with pytest.raises(ValueError) as caught:
        condition.holds(RUN)
    assert str(caught.value).startswith(message)


def test_layers_of_different_sizes_have_no_width() -> None:
    with pytest.raises(ValueError, match=r"column 5: layers of sizes \[256, 64\] share no width; use hidden"):
        parse_where("1 < width").holds(RunOptions(hidden=(256, 64)))
    with pytest.raises(ValueError, match="share no width"):
        parse_where("1 < width").holds(RunOptions(hidden=()))


@pytest.mark.parametrize(
    "text",
    ["(" * 300 + "width", "not " * 240 + "width > 3", "-" * 900 + "1 < width", "1 < " + "-(" * 150 + "1" + ")" * 150],
)
def test_deep_nesting_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="nested"):
        parse_where(text)


def test_nesting_is_allowed_up_to_the_limit() -> None:
    assert parse_where("not " * (MAX_DEPTH - 2) + "width == 32").holds(RUN)
    assert parse_where(" and ".join(["width > 3"] * 70)).holds(RUN)


NAMES = ("width", "depth", "dropout", "norm", "batch_size")
VALUES = st.recursive(
    st.sampled_from([*NAMES, "1", "0", "2.5", "'none'", "'full'"]),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*/%"), inner),
        st.builds("(-{})".format, inner),
        st.builds("[{}, {}]".format, inner, inner),
    ),
    max_leaves=6,
)
LINKS = st.sampled_from(["<", "<=", ">", ">=", "==", "!=", "in", "not in"])
CONDITIONS = st.recursive(
    st.one_of(
        st.builds("{} {} {}".format, VALUES, LINKS, VALUES),
        st.builds("{} {} {} {} {}".format, VALUES, LINKS, VALUES, LINKS, VALUES),
    ),
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("(not {})".format, inner),
    ),
    max_leaves=5,
)


@settings(max_examples=examples(60))
@given(CONDITIONS, st.sampled_from([RUN, RunOptions(), RunOptions(width=1, depth=0, batch_size=2)]))
def test_agrees_with_python(text: str, options: RunOptions) -> None:
    """What it decides, Python's eval decides too; it is stricter, never different."""
    try:
        decided = parse_where(text).holds(options)
    except ValueError:
        return
    literal = text.replace("[", "(").replace("]", ",)")
    assert decided is bool(eval(literal, {name: getattr(options, name) for name in NAMES}))


@settings(max_examples=examples(60))
@given(st.one_of(st.text(max_size=60), st.text(alphabet="width<>=!()[]'\"#.,:+-*/%andortif 0123456789\\", max_size=60)))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        decided = parse_where(text).holds(RUN)
    except ValueError as error:
        assert "column" in str(error) or "null bytes" in str(error) or "surrogate" in str(error)
    else:
        assert isinstance(decided, bool)


def test_every_option_can_be_named() -> None:
    for name in OPTIONS.keys() - {"fold", "folds"}:
        assert parse_where(f"{name} in []").holds(RunOptions()) is False


def test_bombs_take_no_time() -> None:
    bombs = ("9" * 900 + " * width > 1", "1" + " * 99999999" * 80 + " > width", "width < 1e999", "'a' * 9 == 'b'")

    def set_off() -> None:
        for text in bombs:
            with suppress(ValueError):
                parse_where(text).holds(RUN)

    assert cpu_loops(set_off) < 10  # measured: 0.02

"""Weights of classes by name: one text for every way to write them, and what is refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpcli.config import RunOptions, Source, build, read_toml
from mlpcli.config.class_weights import canonical, weights_by_class
from mlpcli.errors import UsageError

NAMES = st.text(st.characters(codec="utf-8"), min_size=1).map(str)


@given(
    st.dictionaries(NAMES, st.floats(0, 1e300) | st.integers(0, 10**6), min_size=1).filter(lambda w: any(w.values()))
)
def test_a_text_reads_back_as_the_weights_whatever_the_names(weights: dict[str, float]) -> None:
    text = canonical(weights)
    assert isinstance(text, str)
    assert weights_by_class(text) == weights and canonical(text) == text
    assert canonical(dict(reversed(weights.items()))) == text


def test_toml_flags_and_python_give_one_value(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text("class_weight = {yes = 5, no = 1.0}\n")
    read = Source(read_toml(tmp_path / "run.toml"), "")
    for source in (
        read,
        Source({"class_weight": "yes=5,no=1"}, "--", text=True),
        Source({"class_weight": "no=1,yes=5"}, ""),
    ):
        assert build(source).class_weight == "no=1,yes=5"
    assert RunOptions(class_weight={"no": 1, "yes": 5}) == build(read)


@pytest.mark.parametrize(
    "value",
    ["balnced", "no", "no=", "=1", "no=1,", "no=1,,yes=2", "no=-1", "no=nan", "no=inf", "no=1,no=2", "no=0,yes=0",
     "a=b=1", '"no=1', 'n"o=1', {}, {"no": "1"}, {"no": True}, {"no": -1}, {"no": 10**400}, {1: 1, "1": 2}, 3, ["no"]],
)  # fmt: skip
def test_what_is_no_weight_is_refused_in_one_line(value: object) -> None:
    with pytest.raises(UsageError) as caught:
        build(Source({"class_weight": value}, "run.toml: "))
    (line,) = str(caught.value).splitlines()
    assert line.startswith("run.toml: class_weight: got ")
    assert "expected one of none, balanced, or weights by name of the class, as in no=1,yes=5" in line
    assert line.endswith("; did you mean balanced?") == (value == "balnced")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("no=1,no=2", "class 'no' is there twice"),
        ({1: 1, "1": 2}, "class '1' is there twice"),
        ("no=1,yes=-1", "class 'yes' has the weight -1.0, which is no finite number of 0 or more"),
        ("no=1,yes=x", "class 'yes' has the weight 'x', which is no finite number of 0 or more"),
        ("no=inf", "class 'no' has the weight inf, which is no finite number of 0 or more"),
        ("non=-1", "class 'non' has the weight -1.0, which is no finite number of 0 or more"),
        ({"no": True}, "class 'no' has the weight true, which is no finite number of 0 or more"),
        ("no=1,,yes=2", "',yes=2' is no class with its weight"),
        ("no=0,yes=0", "no class has a weight"),
    ],
)
def test_the_reason_is_said(value: object, reason: str) -> None:
    with pytest.raises(UsageError) as caught:
        build(Source({"class_weight": value}, "run.toml: "))
    assert str(caught.value).endswith(f", as in no=1,yes=5; {reason}")

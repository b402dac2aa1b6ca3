import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpcli.errors import UsageError
from mlpcli.results.folders.naming import check_name, default_name

BAD = ["../x", "/etc/x", "a/b", "", ".", "..", "-rf", "a\0", "a\nb", "x" * 65, "é" * 33, "CON", "nul.txt", "a.", "a ",
       "a:b", "=cmd", "a\u202eb", "\x1b[31m", "[red]", ".next", "a\\b", "a b", "\udce9"]  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_names_that_are_no_folder_of_ours_are_refused(name):
    with pytest.raises(UsageError, match="cannot use the name") as caught:
        check_name(name)
    assert str(caught.value).isprintable()


def test_a_refused_name_is_repeated_as_it_was_typed() -> None:
    with pytest.raises(UsageError, match="cannot use the name 'Übung 3 für 実験': only letters, digits"):
        check_name("Übung 3 für 実験")


@pytest.mark.parametrize("name", ["r1", "_", "a.b-c_d", "x" * 64, "größe", "实验", "console", "1"])
def test_plain_names_are_kept(name):
    assert check_name(name) == name


def test_names_are_composed():
    assert check_name("e\u0301") == "\u00e9"


@given(st.text())
def test_no_name_leaves_its_folder(tmp_path_factory, name):
    root = tmp_path_factory.getbasetemp()
    try:
        path = root / check_name(name)
    except UsageError:
        return
    assert path.resolve().parent == root.resolve()


@pytest.mark.parametrize(
    ("dataset", "expected"),
    [
        ("digits", "digits-0123456789ab"),
        ("data/my table (2).csv", "my-table--2-.csv-0123456789ab"),
        ("idx:/data/mnist/", "mnist-0123456789ab"),
        ("openml:adult", "openml-adult-0123456789ab"),
        ("..", "run-0123456789ab"),
        (".hidden.csv", "hidden.csv-0123456789ab"),
        ("con.csv", "_con.csv-0123456789ab"),
        ("x" * 300, "x" * 51 + "-0123456789ab"),
        ("é" * 300, "é" * 25 + "-0123456789ab"),
    ],
)
def test_default_names(dataset, expected):
    assert default_name(dataset, "0123456789ab") == expected


@given(st.text())
def test_every_dataset_gives_a_valid_name(dataset):
    assert check_name(default_name(dataset, "0123456789ab")).endswith("-0123456789ab")

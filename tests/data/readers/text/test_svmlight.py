"""SVMlight files against scikit-learn's reader, compressed or not; what lines may hold, and what is refused."""

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import dump_svmlight_file, load_svmlight_file

from mlpcli.config import DataOptions
from mlpcli.data.cache.entries import NewEntry
from mlpcli.data.cache.table import TableWriter
from mlpcli.data.readers.file_format import Wanted
from mlpcli.data.readers.text import svmlight
from mlpcli.errors import DataError, UsageError
from tests.data.asked import prepare, read_rows
from tests.measure import assert_memory_below

WHOLE: dict[str, Any] = {"test_size": 0, "val_size": 0, "scale": "none", "dtype": "float64"}


def read(content: str, name: str = "t.svm", **options: Any) -> Any:
    Path(name).write_text(content)
    return prepare(name, **(WHOLE | options))


def cells(rows: Any) -> list[list[float]]:
    found: list[list[float]] = rows.toarray().tolist()
    return found


@pytest.mark.parametrize("suffix", [".svm", ".svmlight", ".libsvm", ".svm.gz", ".libsvm.bz2", ".svmlight.xz"])
@pytest.mark.parametrize("lines", [3, 1000])
def test_files_are_read_as_scikit_learn_reads_them(suffix: str, lines: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(svmlight, "LINES", lines)
    random = np.random.default_rng(0)
    x, y = csr_array(random.normal(size=(40, 25)) * (random.random((40, 25)) < 0.2)), random.integers(0, 3, 40)
    dump_svmlight_file(x, y, "t.svm", zero_based=False, comment="made by a test")
    expected, labels = load_svmlight_file("t.svm")
    pack: Callable[[bytes], bytes] = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}.get(
        Path(suffix).suffix, bytes
    )
    Path(f"a{suffix}").write_bytes(pack(Path("t.svm").read_bytes()))
    prepared = prepare(f"a{suffix}", **WHOLE)
    found: Any = prepared.train.x
    assert (found.toarray() == expected.toarray()).all()
    assert (prepared.train.y == labels).all()
    assert prepared.features == tuple(f"x{number}" for number in range(1, expected.shape[1] + 1))
    assert (found.data.base is not None, found.indices.dtype, found.indptr.dtype) == (True, "int32", "int64")


def test_columns_are_called_by_their_numbers() -> None:
    from_0, from_1 = read("1 0:2 3:1\n0 1:5\n"), read("1 1:2 3:1\n0 1:5\n", "u.svm")
    assert (from_0.features, from_1.features) == (("x0", "x1", "x2", "x3"), ("x1", "x2", "x3"))
    assert cells(from_1.train.x) == [[2, 0, 1], [5, 0, 0]]


def test_spaces_comments_and_signs() -> None:
    prepared = read("# a comment\n+1 1:-2.5e1  3:0 # 4:1\n\n-1\t2:.5\n-1 # nothing is filled\n", task="classification")
    assert cells(prepared.train.x) == [[-25, 0, 0], [0, 0.5, 0], [0, 0, 0]]
    assert [prepared.classes[code] for code in prepared.train.y] == ["1", "-1", "-1"]


def test_several_labels_of_a_row() -> None:
    prepared = read("7,2 1:1\n 2:1\n2 1:1 2:1\n", task="multilabel")
    assert (prepared.task, prepared.targets) == ("multilabel", ("2", "7"))
    assert prepared.train.y.tolist() == [[1, 1], [0, 0], [1, 0]]


def test_queries_are_groups_of_the_split() -> None:
    content = "".join(f"{row % 2} qid:{row // 5} {row + 1}:1\n" for row in range(40))
    prepared = read(content, groups="qid", test_size=10, val_size=5)
    assert prepared.features[0] == "x1"
    assert {"qid"} == {row.name for row in prepared.summary if row.role == "left out"}
    for part in prepared.parts.values():
        assert len(part) % 5 == 0
        assert len({row // 5 for row in part.rows}) == len(part) // 5


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1 1:1\n1 x:1\n", "line 2: .*'x'"),
        ("1 1:1\n\n# c\n1 2:1 1:1\n", "line 4: .*sorted"),
        ("1 1:1\nred 2:1\n", "line 2: .*'red'"),
        ("1 1:1\n1 2:nan\n", "line 2: a number is not finite"),
        ("1 1:1\n1 2:1e999\n", "line 2: a number is not finite"),
        ("1 1:1\n1 -2:1\n", "line 2: Invalid index"),
        ("1 1:1\n1 99999999999:1\n", "line 2: "),
        ("1 1:1\n1 2\n", "line 2: "),
        ("", "no row has an entry"),
        ("1\n2\n", "no row has an entry"),
        ("1 1:1\n1 1:1\n0 1:1\n", "no column varies"),
    ],
)
def test_lines_that_cannot_be_read(content: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read(content)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("scale", ["standard", "robust", "robust-clip", "minmax", "unit"])
def test_scales_that_move_zeros_are_refused(scale: str) -> None:
    with pytest.raises(UsageError, match=f"scale {scale}: .*maxabs or none"):
        read("1 1:1\n0 2:1\n", scale=scale)


def test_new_rows_have_the_columns_of_training() -> None:
    """Numbers decide which column is which, in a file that begins at 0 or is narrower or wider too."""
    trained = read("1 1:2 3:8\n0 2:4\n", scale="auto", task="classification")
    assert trained.scale == "maxabs"
    Path("new.svm").write_text("0 0:9 1:1\n1 3:4 70:1\n")
    rows = read_rows("new.svm", trained.preprocessing)
    assert cells(rows.x) == [[0.5, 0, 0], [0, 0, 0.5]]
    assert rows.y is not None
    assert rows.y.tolist() == [0, 1]
    assert [row.values for row in rows.summary] == ["2 of 6 cells, 0 to 4"]
    (note,) = (row.note for row in rows.summary)
    assert note == "2 entries of other columns are left out, such as x0: columns count from 1 in training"


def test_dense_rows_do_not_suit_a_model_of_sparse_ones_and_the_other_way_round() -> None:
    trained = read("1 1:2 3:8\n0 2:4\n")
    with pytest.raises(DataError, match=r"iris.*dense, but the model was trained on sparse rows"):
        read_rows("iris", trained.preprocessing)
    with pytest.raises(DataError, match=r"t\.svm.*sparse, but the model was trained on dense rows"):
        read_rows("t.svm", prepare("iris").preprocessing)


def test_labels_of_new_rows_are_those_of_training() -> None:
    """Whether or not the new file has each of them, or others, or one per row."""
    trained = read("7,2 1:1\n 2:1\n2 1:1 2:1\n", task="multilabel").preprocessing
    for content, labels in (
        ("2 1:1\n 2:1\n", [[1, 0], [0, 0]]),
        ("7 1:1\n7 2:1\n", [[0, 1], [0, 1]]),
        ("9,7,2 1:1\n9 2:1\n", [[1, 1], [0, 0]]),
    ):
        Path("new.svm").write_text(content)
        rows = read_rows("new.svm", trained)
        assert rows.y is not None and rows.y.tolist() == labels


def test_new_rows_without_a_label_are_predicted_and_not_scored() -> None:
    trained = read("1 1:2 3:8\n0 2:4\n", task="classification").preprocessing
    Path("new.svm").write_text("1 1:1\n 2:1\n0,1 3:1\n0 1:1 3:1\n")
    rows = read_rows("new.svm", trained)
    assert len(rows) == 4 and rows.labelled.tolist() == [0, 3]
    assert rows.y is not None and rows.y.tolist() == [1, 0]


def test_a_file_is_read_in_the_memory_of_a_piece(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(svmlight, "LINES", 20)
    entries = " ".join(f"{column}:0.5" for column in range(1, 41))
    Path("t.svm").write_text("".join(f"{row % 2} {entries}\n" for row in range(400)))

    def into_the_cache() -> None:
        with NewEntry(home / "table") as new:
            svmlight.read_svmlight([Path("t.svm")], TableWriter(new), Wanted(DataOptions()))

    into_the_cache()  # imports are not counted
    assert_memory_below(180e3, into_the_cache)  # the entries alone are 192 KB


@pytest.mark.parametrize("option", ["drop", "groups", "weights"])
def test_inputs_have_numbers_and_cannot_be_chosen_by_name(option: str) -> None:
    message = rf"{option}: no column 'x2' \(columns: 'y'; inputs of sparse rows cannot be chosen by name\)"
    with pytest.raises(UsageError, match=message):
        read("1 1:1\n0 2:1\n", **{option: "x2"})


def test_the_digest_covers_every_entry() -> None:
    digests = {
        read(content, f"{at}.svm").digest
        for at, content in enumerate(("1 1:2\n0 2:1\n", "1 1:3\n0 2:1\n", "1 1:2\n0 3:1\n"))
    }
    assert len(digests) == 3


def test_a_label_that_is_no_target_is_no_column_of_the_model() -> None:
    trained = read("7,2 1:1\n 2:1\n2 1:1 2:1\n", target="7", task="classification").preprocessing
    assert trained.columns == ()
    rows = read_rows("t.svm", trained)
    assert rows.y is not None and rows.y.tolist() == [1, 0, 0]

"""NPZ archives, IDX folders and Parquet files: what they become, and what is wrong with them."""

import datetime
import gzip
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from pyarrow import parquet

from mlpcli.errors import DataError, FileError, UsageError
from tests.data.asked import prepare

WHOLE: dict[str, Any] = {"test_size": 0, "val_size": 0, "scale": "none", "dtype": "float64"}
RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int16", "uint8", "bool", ">f8"])
def test_npz_holds_x_and_y(dtype: str, order: Any, compressed: bool) -> None:
    x = np.asarray(
        RANDOM.integers(0, 2, (30, 4)) * 3 if dtype != "bool" else RANDOM.random((30, 4)) < 0.5, dtype, order
    )
    y = np.array([f"class {i % 3}" for i in range(30)])
    (np.savez_compressed if compressed else np.savez)("t.npz", X=x, y=y)
    prepared = prepare("t.npz", **WHOLE)
    assert prepared.name == "t.npz" and prepared.features == ("x1", "x2", "x3", "x4")
    assert prepared.classes == ("class 0", "class 1", "class 2")
    np.testing.assert_array_equal(prepared.train.x, x.astype(float))
    assert prepared.train.y.tolist() == [i % 3 for i in range(30)]


@pytest.mark.parametrize(
    ("y", "task", "classes"),
    [
        (np.array([5, -1, 5, -1] * 5), "classification", ("-1", "5")),
        (np.array([True, False] * 10), "classification", ("false", "true")),
        (np.arange(20), "regression", None),
        (np.linspace(0, 1, 20), "regression", None),
        (np.linspace(0, 1, 40).reshape(20, 2), "regression", None),
        (np.array(["9", "10"] * 10), "classification", ("9", "10")),
    ],
)
def test_npz_targets(y: NDArray[Any], task: str, classes: tuple[str, ...] | None) -> None:
    np.savez("t.npz", X=RANDOM.normal(size=(20, 2)), y=y)
    prepared = prepare("t.npz", **WHOLE)
    assert (prepared.task, prepared.classes) == (task, classes)
    if classes is None:
        assert prepared.targets == (("y",) if y.ndim == 1 else ("y1", "y2"))
        np.testing.assert_array_equal(prepared.train.given, y.reshape(20, -1))


def test_eight_bit_pictures_are_scaled_alike_in_npz_and_idx() -> None:
    write_idx(Path("idx"), rows=(40, 20))
    pictures = np.random.default_rng(1).integers(0, 256, (40, 4, 4), dtype=np.uint8)
    pictures[0, 0, :2] = 0, 255
    np.savez("t.npz", X=pictures, y=np.arange(40) % 2)
    assert prepare("idx:idx").scale == prepare("t.npz").scale == "unit"
    x = prepare("t.npz", **{**WHOLE, "scale": "auto"}, task="classification").train.x
    np.testing.assert_allclose(x, pictures.reshape(40, 16) / 255, atol=1e-12)
    assert prepare("t.npz", scale="standard").scale == "standard"
    np.savez("t.npz", X=pictures.reshape(40, 16), y=np.arange(40) % 2)  # a table of small whole numbers
    assert prepare("t.npz").scale == "standard"


def test_npz_images_are_flattened_and_gaps_are_filled() -> None:
    np.savez("t.npz", X=np.arange(24.0).reshape(4, 2, 3), y=[0, 1, 0, 1])
    assert prepare("t.npz", **WHOLE, task="classification").train.x[1].tolist() == [6, 7, 8, 9, 10, 11]
    np.savez("t.npz", X=[[1.0], [np.nan], [3.0]], y=[0, 1, 0])
    assert prepare("t.npz", **WHOLE, task="classification").train.x.tolist() == [[1, 0], [2, 1], [3, 0]]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"X": np.ones((3, 2))}, "it has no array 'y'; X and y are expected .arrays: 'X'"),
        ({"x": np.ones((3, 2)), "y": np.ones(3)}, "no array 'X'"),
        ({"X": np.ones((3, 2)), "y": np.ones(4)}, "3 rows in X, but 4 in y"),
        ({"X": np.array(1.0), "y": np.ones(4)}, r"X of dtype float64 and shape \(\)"),
        ({"X": np.ones((0, 2)), "y": np.ones(0)}, r"shape \(0,\)"),
        ({"X": np.array([[1 + 2j]]), "y": np.ones(1)}, "X of dtype complex128"),
        ({"X": np.array([["a"]]), "y": np.ones(1)}, "texts among the numbers"),
        ({"X": np.array([["2020-01-01"]], "M8[D]"), "y": np.ones(1)}, r"dtype datetime64\[D\]"),
        ({"X": np.array([[1.0, np.inf]]), "y": np.ones(1)}, "row 0, column 1: inf is too large"),
        ({"X": np.array([[2**60]]), "y": np.ones(1)}, "row 0, column 0: 1152921504606846976 is too large"),
        ({"X": np.array([{}], dtype=object), "y": np.ones(1)}, "X of dtype object"),
    ],
)
def test_npz_faults(arrays: dict[str, Any], message: str, home: Path) -> None:
    np.savez("t.npz", **arrays)
    with pytest.raises(DataError, match=message):
        prepare("t.npz")
    assert not list(home.glob("*/*"))


def test_a_damaged_npz_is_a_data_error() -> None:
    np.savez_compressed("t.npz", X=RANDOM.normal(size=(200, 3)), y=np.arange(200) % 2)
    content = Path("t.npz").read_bytes()
    for at in [*range(0, len(content), 97), len(content) - 1]:
        Path("cut.npz").write_bytes(content[:at])
        with pytest.raises(DataError):
            prepare("cut.npz")
        flipped = bytearray(content)
        flipped[at] ^= 255
        Path("flipped.npz").write_bytes(flipped)
        try:
            prepare("flipped.npz")
        except (DataError, UsageError):
            continue


def archive(header: bytes, content: bytes = b"", method: int = zipfile.ZIP_STORED) -> None:
    """t.npz with a sound y of 4 rows, and an X of this header."""
    np.savez("t.npz", y=np.arange(4) % 2)
    with zipfile.ZipFile("t.npz", "a", method) as made:
        made.writestr("X.npy", b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + content)


@pytest.mark.parametrize(
    "header",
    [
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (4, 2), }\n extra",  # IndentationError
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (4, 2",  # SyntaxError
        b"{'descr': ['<f8'], 'fortran_order': False, 'shape': (4, 2)}",  # TypeError
        b"{'descr': {}, 'fortran_order': False, 'shape': (4, 2)}",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (4, -2)}",
        b"{'descr': '<U0', 'fortran_order': False, 'shape': (4, 2)}",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999, 2)}",  # OverflowError
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904, 4)}",  # 2**64 cells, 0 in 64 bits
        b"{'descr': '<f8', 'fortran_order': True, 'shape': (1000000000000, 2)}",  # 16 TB
        b"[" * 9000,
        b"-" * 9000 + b"1",  # MemoryError of Python's parser
        b"0777",
        b"\0\xff",
        b"",
    ],
)
def test_a_hostile_header_of_an_npz_is_a_data_error(header: bytes, recwarn: pytest.WarningsRecorder) -> None:
    archive(header, bytes(64))
    with pytest.raises(DataError, match=r"t\.npz: ") as caught:
        prepare("t.npz")
    assert len(str(caught.value)) < 500 and str(caught.value).isprintable() and not recwarn.list


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_whatever_a_decompressor_raises_is_a_data_error(method: int) -> None:
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (4, 2)}"
    archive(header, np.arange(8.0).tobytes(), method)
    prepare("t.npz", test_size=0, val_size=0)
    sound = Path("t.npz").read_bytes()
    start = sound.index(b"X.npy") + 5
    refused = 0
    for at in range(start, start + 40):
        Path("t.npz").write_bytes(sound[:at] + b"\xff\xff" + sound[at + 2 :])
        try:
            prepare("t.npz", test_size=0, val_size=0)
        except DataError:
            refused += 1
    assert refused > 30


def test_a_damaged_directory_of_an_archive_is_a_data_error_and_no_failed_seek() -> None:
    archive(b"{'descr': '<f8', 'fortran_order': False, 'shape': (4, 2)}", np.arange(8.0).tobytes())
    sound = Path("t.npz").read_bytes()
    for at in range(len(sound) - 22, len(sound)):
        for value in (0, 1, 127, 128, 255):
            Path("t.npz").write_bytes(sound[:at] + bytes([value]) + sound[at + 1 :])
            try:
                prepare("t.npz", test_size=0, val_size=0)
            except DataError:
                continue


def write_idx(folder: Path, rows: tuple[int, int] = (40, 20), suffix: str = ".gz") -> dict[str, NDArray[np.uint8]]:
    folder.mkdir(exist_ok=True)
    made = {}
    for kind, count in zip(("train", "t10k"), rows, strict=True):
        arrays = {
            f"{kind}-images-idx3-ubyte": RANDOM.integers(0, 256, (count, 5, 3), dtype=np.uint8),
            f"{kind}-labels-idx1-ubyte": np.arange(count, dtype=np.uint8) % 4,
        }
        for name, array in arrays.items():
            content = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()
            (folder / f"{name}{suffix}").write_bytes(gzip.compress(content) if suffix else content)
        made |= arrays
    return made


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_idx_folders_keep_their_test_set(suffix: str) -> None:
    made = write_idx(Path("pictures"), suffix=suffix)
    prepared = prepare("idx:pictures", dtype="float64")
    assert (prepared.name, prepared.scale, prepared.targets) == ("idx:pictures", "unit", ("label",))
    assert prepared.classes == ("0", "1", "2", "3") and prepared.features[:2] == ("pixel_0_0", "pixel_0_1")
    assert {name: len(part) for name, part in prepared.parts.items()} == {"train": 34, "val": 6, "test": 20}
    assert prepared.test is not None
    low, high = (
        made["train-images-idx3-ubyte"][prepared.train.rows].min(),
        made["train-images-idx3-ubyte"][prepared.train.rows].max(),
    )
    pixels = made["t10k-images-idx3-ubyte"].reshape(20, 15).astype(float)
    np.testing.assert_array_equal(prepared.test.x, (pixels - low) / (float(high) - low))
    assert prepared.test.y.tolist() == made["t10k-labels-idx1-ubyte"].tolist()
    assert prepared.test.rows.tolist() == list(range(40, 60))


def test_idx_faults() -> None:
    with pytest.raises(FileError, match="cannot read nowhere: it contains neither train-images-idx3-ubyte nor"):
        prepare("idx:nowhere")
    name = "pictures/train-images-idx3-ubyte"
    for content, message in (
        (struct.pack(">HBBIII", 0, 8, 3, 40, 5, 3) + bytes(40 * 15 - 1), "cut off"),
        (struct.pack(">HBBIII", 0, 8, 3, 40, 5, 3) + bytes(40 * 15 + 1), "more content than its header says"),
        (struct.pack(">HBBIII", 0, 8, 3, 41, 5, 3) + bytes(41 * 15), "40 labels, but 41 images"),
        (struct.pack(">HBBIII", 0, 8, 3, 40, 5, 4) + bytes(40 * 20), "images of .5, 3. pixels, but .5, 4."),
        (
            struct.pack(">HBBIII", 0, 13, 3, 40, 5, 3) + bytes(40 * 60),
            "not an IDX file of unsigned bytes with 3 dimensions",
        ),
        (struct.pack(">HBBIII", 0, 8, 3, 40, 2**31, 2**31), "its header gives the impossible shape"),
        (b"", "cut off"),
    ):
        write_idx(Path("pictures"), suffix="")
        Path(name).write_bytes(content)
        with pytest.raises(DataError, match=message):
            prepare("idx:pictures")
    write_idx(Path("packed"))
    packed = Path("packed/train-images-idx3-ubyte.gz")
    whole = packed.read_bytes()
    for content in (whole[:-20], b"no gzip", whole[:90] + b"\0" * 20 + whole[110:]):
        packed.write_bytes(content)
        with pytest.raises(DataError, match="Download it again"):
            prepare("idx:packed")


def write_parquet(**columns: Any) -> None:
    parquet.write_table(pa.table(columns), "t.parquet", row_group_size=7)


def test_parquet_kinds_of_columns() -> None:
    write_parquet(
        n=pa.array([1.5, None, 3.5, np.nan]),
        whole=pa.array([1, 2, None, 4], pa.int64()),
        flag=pa.array([True, None, False, True]),
        word=pa.array(["a", None, "", "b"]),
        coded=pa.array(["u", "v", "u", None]).dictionary_encode(),
        price=pa.array([1, 2, 3, 4], pa.int32()).cast(pa.decimal128(12, 2)),
        y=pa.array(["NA", "None", "NA", "None"]),
    )
    prepared = prepare("t.parquet", target="y", **WHOLE)
    assert prepared.classes == ("NA", "None")
    assert dict(zip(prepared.features, prepared.train.x.T.tolist(), strict=True)) == {
        "n": [1.5, 2.5, 3.5, 2.5],
        "n missing": [0, 1, 0, 1],
        "whole": [1, 2, 2, 4],
        "whole missing": [0, 0, 1, 0],
        "flag": [1, 1, 0, 1],
        "flag missing": [0, 1, 0, 0],
        "word=a": [1, 0, 0, 0],
        "word=b": [0, 0, 0, 1],
        "coded=u": [1, 0, 1, 0],
        "coded=v": [0, 1, 0, 0],
        "price": [1, 2, 3, 4],
    }


@pytest.mark.parametrize(
    ("y", "task", "classes"),
    [
        (pa.array([i % 3 for i in range(20)]), "classification", ("0", "1", "2")),
        (pa.array([i % 2 == 0 for i in range(20)]), "classification", ("false", "true")),
        (pa.array([i / 7 for i in range(20)]), "regression", None),
        (pa.array(range(20)), "regression", None),
    ],
)
def test_parquet_targets(y: Any, task: str, classes: tuple[str, ...] | None) -> None:
    write_parquet(x=list(range(20)), y=y)
    prepared = prepare("t.parquet", target="y", **WHOLE)
    assert (prepared.task, prepared.classes) == (task, classes)


def test_a_whole_target_of_many_values_is_a_quantity() -> None:
    write_parquet(x=list(range(3000)), y=list(range(3000)))
    prepared = prepare("t.parquet", target="y", **WHOLE)
    assert prepared.task == "regression" and prepared.preprocessing.target_mean == (1499.5,)


def test_parquet_equals_csv() -> None:
    random = np.random.default_rng(1)
    columns = {"a": random.normal(size=50).tolist(), "b.c": [f"w{i % 3}" for i in range(50)]}
    write_parquet(**columns, y=[f"{i % 2}" for i in range(50)])
    rows = "".join(f"{a!r},{b},{i % 2}\n" for i, (a, b) in enumerate(zip(*columns.values(), strict=True)))
    Path("t.csv").write_text("a,b.c,y\n" + rows)
    one, other = prepare("t.parquet", target="y"), prepare("t.csv", target="y")
    assert one.digest == other.digest and one.preprocessing == other.preprocessing
    assert one.train.x.tobytes() == other.train.x.tobytes()


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (
            pa.array([datetime.timedelta(days=1)] * 3),
            r"column 'x': values of type duration.us. cannot be read.*--drop 'x'",
        ),
        (pa.array([[1], [2], [3]]), r"column 'x': values of type list"),
        (pa.array([b"a", b"b", b"c"]), r"column 'x': values of type binary"),
        (pa.array([1.0, float("inf"), 2.0]), r"row 1, column 'x': a number too large"),
        (pa.array([1, 2**60, 2]), r"row 1, column 'x': '1152921504606846976' is a whole number of too many"),
        (pa.array(["01/05/2020", "02/05/2020", "03/06/2020"]), r"row 0, column 'x': '01/05/2020' begins with the day"),
    ],
)
def test_parquet_faults(column: Any, message: str) -> None:
    write_parquet(x=column, z=[1, 2, 3], y=["a", "b", "a"])
    with pytest.raises(DataError, match=message):
        prepare("t.parquet", target="y", **WHOLE)
    assert prepare("t.parquet", target="y", drop=("x",), **WHOLE).features == ("z",)


def test_what_is_no_parquet_file() -> None:
    write_parquet(x=[1, 2, 3], y=["a", None, "a"])
    with pytest.raises(DataError, match="row 1, target 'y': no value"):
        prepare("t.parquet", target="y")
    with pytest.raises(UsageError, match="no column 'xx'"):
        prepare("t.parquet", target="xx")
    Path("t.parquet").write_bytes(b"PAR1" + bytes(100))
    with pytest.raises(DataError, match="not a Parquet file, or damaged"):
        prepare("t.parquet", target="y")
    write_parquet(x=pa.array([], pa.float64()), y=pa.array([], pa.string()))
    with pytest.raises(DataError, match="no rows"):
        prepare("t.parquet", target="y")

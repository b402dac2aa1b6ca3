import hashlib
import json
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load, save

from mlpcli.errors import BadResult, DataError, FileError, UsageError
from mlpcli.results.files.model_file import load_model, model_bytes
from mlpcli.results.files.tensor_file import HEADER_LIMIT
from tests.examples import examples
from tests.model_files import save_model

DESCRIPTION = {"sizes": [2, 3], "classes": ["a", "é", "=1"], "mean": [0.1, -1e-300]}
ARRAYS = {
    "hidden.0.weight": np.arange(6, dtype=np.float32).reshape(2, 3) / 7,
    "hidden.0.bias": np.array([-0.0, 1e-45, 3.4e38], dtype=np.float32),
    "output.weight": np.linspace(-1, 1, 3, dtype=np.float64).reshape(3, 1),
}


def layout(description):
    first, second = description["sizes"]
    return {
        "hidden.0.weight": ("float32", (first, second)),
        "hidden.0.bias": ("float32", (second,)),
        "output.weight": ("float64", (second, 1)),
    }


def refused(path, match="cannot use", expected=layout):
    with pytest.raises(DataError, match=match) as caught:
        load_model(path, expected)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 600 and path.name in message
    return message


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "model.safetensors"
    save_model(path, ARRAYS, DESCRIPTION)
    return path


def test_what_was_saved_is_loaded_to_the_bit(file):
    arrays, description = load_model(file, layout)
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype and arrays[name].shape == array.shape
        assert arrays[name].tobytes() == array.tobytes()
    assert DESCRIPTION.items() <= description.items()
    assert description.keys() - DESCRIPTION.keys() == {"format", "version"}


def test_it_is_a_safetensors_file_like_any_other(file):
    arrays = load(file.read_bytes())
    np.testing.assert_array_equal(arrays["hidden.0.weight"], ARRAYS["hidden.0.weight"])


def test_the_same_network_gives_the_same_bytes():
    shuffled = {name: ARRAYS[name] for name in reversed(ARRAYS)}
    described = {name: DESCRIPTION[name] for name in reversed(DESCRIPTION)}
    assert model_bytes(shuffled, described) == model_bytes(ARRAYS, DESCRIPTION)
    script = (
        "import sys; from tests.results.files.test_model_file import *\n"
        "sys.stdout.buffer.write(model_bytes(ARRAYS, DESCRIPTION))"
    )
    folder = Path(__file__).parents[2]
    for seed in "12":
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(folder)}
        made = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=True).stdout
        assert made == model_bytes(ARRAYS, DESCRIPTION)


def test_the_layout_in_memory_does_not_matter():
    def strange(array):
        padded = np.zeros((2, *array.shape[::-1]), dtype=array.dtype.newbyteorder(">"))
        padded[1] = array.T
        return padded[1].T

    bent = {name: strange(array) for name, array in ARRAYS.items()}
    assert not bent["hidden.0.weight"].flags.c_contiguous
    assert model_bytes(bent, DESCRIPTION) == model_bytes(ARRAYS, DESCRIPTION)


def test_scalars_and_empty_arrays_keep_their_shape(tmp_path):
    arrays = {"count": np.array(3.0), "none": np.zeros((0, 4), dtype=np.float32)}
    save_model(tmp_path / "m", arrays, {})
    loaded, _ = load_model(tmp_path / "m", lambda _: {"count": ("f8", ()), "none": ("f4", (0, 4))})
    assert {name: array.shape for name, array in loaded.items()} == {"count": (), "none": (0, 4)}


def test_the_digest_is_the_documented_one(file):
    description = json.loads(json.loads(file.read_bytes()[8:].split(b"}}", 1)[0] + b"}}")["__metadata__"]["mlpcli"])
    claimed = description.pop("sha256")
    digest = hashlib.sha256(json.dumps(description, sort_keys=True, separators=(",", ":")).encode())
    for name in sorted(ARRAYS):
        code = {"float32": "F32", "float64": "F64"}[str(ARRAYS[name].dtype)]
        shape = ",".join(map(str, ARRAYS[name].shape))
        digest.update(f'["{name}","{code}",[{shape}]]'.encode() + ARRAYS[name].tobytes())
    assert claimed == digest.hexdigest()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_neither_written_nor_read(tmp_path, bad, monkeypatch):
    arrays = {**ARRAYS, "hidden.0.bias": np.array([0, bad, 0], dtype=np.float32)}
    with pytest.raises(BadResult, match=r"hidden\.0\.bias"):
        save_model(tmp_path / "m", arrays, DESCRIPTION)
    assert not (tmp_path / "m").exists()
    with monkeypatch.context() as patch:
        patch.setattr(np, "isfinite", lambda array: np.ones_like(array, dtype=bool))
        save_model(tmp_path / "m", arrays, DESCRIPTION)
    refused(tmp_path / "m", "not finite")


def test_a_description_must_be_json_and_fit(tmp_path):
    with pytest.raises(ValueError):
        model_bytes(ARRAYS, {"mean": float("nan")})
    with pytest.raises(DataError, match="8,388,608"):
        model_bytes(ARRAYS, {"names": ["x" * 100] * 90_000})
    names = {"sizes": [2, 3], "mean": [1 / 3] * 100_000, "scale": [1 / 7] * 100_000}
    save_model(tmp_path / "m", ARRAYS, names)
    assert load_model(tmp_path / "m", layout)[1]["scale"] == names["scale"]


def test_every_truncation_is_refused(file):
    data = file.read_bytes()
    for length in range(len(data)):
        file.write_bytes(data[:length])
        refused(file)
    file.write_bytes(data + b"\0")
    refused(file)


def test_every_flipped_bit_is_refused(tmp_path):
    file = tmp_path / "m"
    save_model(file, {"w": np.array([[0.5, -3.0]], dtype=np.float32)}, {"c": ["é"], "m": 0.1})
    data = file.read_bytes()
    for index in range(len(data)):
        for bit in range(8):
            flipped = bytearray(data)
            flipped[index] ^= 1 << bit
            file.write_bytes(flipped)
            refused(file, expected=lambda _: {"w": ("f4", (1, 2))})


@settings(max_examples=examples(200))
@given(st.data())
def test_random_damage_is_refused(tmp_path_factory, data):
    whole = model_bytes(ARRAYS, DESCRIPTION)
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 40)))
    changed = whole[:start] + data.draw(st.binary(max_size=40)) + whole[end:]
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(changed)
    if changed != whole:
        refused(path)


def forged(description, header=None, data=b"", **changes):
    """A file with any header, whose digest is not looked at before it is refused."""
    header = {**json.loads(model_bytes(ARRAYS, DESCRIPTION)[8:].split(b"}}", 1)[0] + b"}}"), **(header or {})}
    described = {**DESCRIPTION, "format": 1, "version": "0", "sha256": "", **description}
    header["__metadata__"] = {"mlpcli": json.dumps(described, sort_keys=True, separators=(",", ":"))}
    header.update(changes)
    text = json.dumps({key: value for key, value in header.items() if value is not None}).encode()
    return len(text).to_bytes(8, "little") + text + (data or bytes(60))


ENTRY = {"dtype": "F32", "shape": [3], "data_offsets": [0, 12]}
FORGED = {
    "missing tensor": (forged({}, {"output.weight": None}), "its tensors are not"),
    "no entry": (forged({}, dict.fromkeys(ARRAYS, 3)), "no known dtype"),
    "extra tensor": (forged({}, {name: ENTRY for name in [*ARRAYS, "../../etc/passwd"]}), r"\.\./etc"),
    "bfloat": (forged({}, {name: {**ENTRY, "dtype": "BF16"} for name in ARRAYS}), "no known dtype"),
    "list for dtype": (forged({}, {name: {**ENTRY, "dtype": []} for name in ARRAYS}), "no known dtype"),
    "huge shape": (forged({}, {name: {**ENTRY, "shape": [0, 10**15]} for name in ARRAYS}), "its network needs"),
    "negative shape": (forged({}, {name: {**ENTRY, "shape": [-1]} for name in ARRAYS}), "no known dtype or no shape"),
    "text for shape": (forged({}, {name: {**ENTRY, "shape": "3"} for name in ARRAYS}), "no known dtype or no shape"),
    "newer format": (forged({"format": 3, "version": "2.1"}), r"format 3 \(mlpcli '2.1'\).*reads up to 1"),
    "format zero": (forged({"format": 0}), "no format number"),
    "format text": (forged({"format": "1"}), "no format number"),
    "format true": (forged({"format": True}), "no format number"),
    "sizes of a giant": (forged({"sizes": [10**9, 10**9]}), "its network needs"),
    "text for sizes": (forged({"sizes": "ab" * 500}), "its description is unusable"),
    "no sizes": (forged({"sizes": None}), "its description is unusable"),
    "another writer": (forged({}, __metadata__={"format": "pt"}), "not written by mlpcli"),
    "a second key": (forged({}, __metadata__={"mlpcli": "{}", "x": ""}), "not written by mlpcli"),
    "deep nesting": (forged({}, __metadata__={"mlpcli": "[" * 100_000}), "nested too deeply"),
    "NaN": (forged({}, __metadata__={"mlpcli": '{"format":NaN}'}), "NaN is not JSON"),
    "a key twice": (forged({}, __metadata__={"mlpcli": '{"format":1,"format":1}'}), "a key twice"),
    "a huge integer": (forged({}, __metadata__={"mlpcli": "9" * 5000}), "model"),
    "not canonical": (forged({}, __metadata__={"mlpcli": '{"format": 1}'}), "not canonical"),
    "overflow": (forged({}, __metadata__={"mlpcli": '{"format":1e999}'}), "model"),
    "a list": (forged({}, __metadata__={"mlpcli": "[]"}), "not canonical"),
    "empty": (b"", "cut short"),
    "text": (b"import os; os.system('true')\n" * 9, "not a safetensors"),
    "huge header": ((1 << 60).to_bytes(8, "little") + b"{}", "cut short"),
    "long header": ((HEADER_LIMIT + 1).to_bytes(8, "little") + b" " * (HEADER_LIMIT + 1), "cut short"),
    "header is a list": ((2).to_bytes(8, "little") + b"[]", "not a safetensors"),
    "pytorch": (save(ARRAYS, {"format": "pt"}), "not written by mlpcli"),
    "without metadata": (save(ARRAYS), "not written by mlpcli"),
}


@pytest.mark.parametrize("name", FORGED)
def test_hostile_and_foreign_files_are_refused(tmp_path, name):
    data, match = FORGED[name]
    (tmp_path / "m").write_bytes(data)
    refused(tmp_path / "m", match)


def test_renamed_tensors_are_refused_even_where_shapes_agree(tmp_path):
    two = {"a": np.zeros(3), "b": np.ones(3)}
    save_model(tmp_path / "m", two, {})
    data = (tmp_path / "m").read_bytes()
    swapped = data.replace(b'"a":', b'"?":').replace(b'"b":', b'"a":').replace(b'"?":', b'"b":')
    assert swapped != data
    (tmp_path / "m").write_bytes(swapped)
    refused(tmp_path / "m", "SHA-256", lambda _: {"a": ("f8", (3,)), "b": ("f8", (3,))})


def test_errors_of_the_callers_own_check_become_one_line(file):
    def expected(_):
        raise UsageError("unknown activation\n  os.system")

    assert refused(file, "unknown activation os.system", expected)


class Payload:
    def __reduce__(self):
        return open, (os.environ["MARKER"], "w")


def test_pickles_and_archives_are_refused_and_never_run(tmp_path, monkeypatch):
    monkeypatch.setenv("MARKER", str(tmp_path / "marker"))
    (tmp_path / "p.pkl").write_bytes(pickle.dumps(Payload()))
    with zipfile.ZipFile(tmp_path / "z.npz", "w") as archive:
        archive.writestr("a.npy", b"x" * 1000)
    for name in ("p.pkl", "z.npz"):
        refused(tmp_path / name)
    assert not (tmp_path / "marker").exists()


def test_what_is_no_regular_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    for name in ("fifo", "folder"):
        refused(tmp_path / name, "not a regular file")
    with pytest.raises(DataError, match="not a regular file"):
        load_model(type(tmp_path)("/dev/zero"), layout)
    for name in ("missing", "folder/missing"):
        with pytest.raises(FileError, match="No such file"):
            load_model(tmp_path / name, layout)


def test_nothing_of_the_files_claims_is_allocated(tmp_path):
    """A petabyte in the header of a small file costs no memory: the size of the file is looked at first."""
    import tracemalloc

    shape = [1 << 20, 1 << 30]
    entry = {"dtype": "F32", "shape": shape, "data_offsets": [0, 1 << 52]}
    header = {name: entry for name in ARRAYS}
    (tmp_path / "m").write_bytes(forged({}, header))
    tracemalloc.start()
    refused(tmp_path / "m", "bytes", lambda _: {name: ("f4", tuple(shape)) for name in ARRAYS})
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


def test_loading_opens_and_runs_nothing_else(file):
    events = []
    watching = [True]

    def hook(event, args):
        if watching[0] and event.split(".")[0] in {"exec", "compile", "subprocess", "socket", "os", "open", "pickle"}:
            events.append((event, args[0] if args else None))

    load_model(file, layout)  # what is imported on first use
    sys.addaudithook(hook)
    load_model(file, layout)
    watching[0] = False
    assert {event for event, _ in events} <= {"open"}
    assert len(events) == 2  # the file, and the stream on its descriptor

"""Exported networks predict what `Model.predict` does: ONNX in onnxruntime, the NumPy file in a plain interpreter."""

import gzip
import lzma
import runpy
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest

import mlpcli
from mlpcli.api.predict import predict_columns
from mlpcli.errors import FileError, UsageError
from mlpcli.nn import ACTIVATIONS, Array
from tests.export.tables import import_file, run_onnx, table, trained

pytestmark = pytest.mark.filterwarnings("ignore:X. column .* does not know:UserWarning")  # rows with such texts


def agree(found: Any, wanted: Array) -> None:
    """The same classes; numbers equal within 1e-5 of their size."""
    assert np.shape(found) == wanted.shape
    if wanted.dtype.kind == "f":
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5 * max(1.0, float(np.abs(wanted).max(initial=0))))
    else:
        assert np.asarray(found).tolist() == wanted.tolist()


def check(model: mlpcli.Model, rows: Any, folder: Path) -> None:
    """Both files, on the rows."""
    for suffix in (".onnx", ".py"):
        model.export(folder / f"model{suffix}")
    outputs, module = run_onnx(folder / "model.onnx", rows), import_file(folder / "model.py")
    prediction = next(name for name in outputs if name.startswith("prediction"))
    agree(outputs[prediction], model.predict(rows))
    agree(module.predict(rows), model.predict(rows))
    if model.preprocessing.task != "regression":
        agree(outputs["probabilities"], model.predict_proba(rows))
        agree(module.predict_proba(rows), model.predict_proba(rows))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation(activation: str, tmp_path: Path) -> None:
    check(trained(activation=activation, norm="batch", dropout=0.2), table(37, unknown=True), tmp_path)


@pytest.mark.parametrize("target", ["text", "truth", "codes", "names", "labels", "value", "pair"])
def test_every_kind_of_target(target: str, tmp_path: Path) -> None:
    check(trained(target, norm="layer"), table(37, unknown=True), tmp_path)


@pytest.mark.parametrize(
    "options",
    [
        {"norm": "batch", "norm_position": "after", "input_dropout": 0.1},
        {"norm": "layer", "dtype": "float64", "activation": "selu"},
        {"lift": "quadratic", "depth": 0},
        {"input_gain": 4.0, "scale": "robust-clip", "min_frequency": 10},
        {"loss": "squared"},
        {"scale": "minmax", "preset": "tabular", "ensemble": 2},
        {"ensemble": 3, "norm": "batch", "lift": "quadratic", "input_gain": 4.0},
        {"ensemble": 3, "norm": "layer", "dtype": "float64"},
    ],
    ids=lambda options: " ".join(options),
)
@pytest.mark.parametrize("target", ["text", "names"])
def test_what_stands_before_and_after_the_hidden_layers(target: str, options: dict[str, Any], tmp_path: Path) -> None:
    check(trained(target, **options), table(37, unknown=True), tmp_path)


def test_marks_of_missing_values_are_empty_cells(tmp_path: Path) -> None:
    options: dict[str, Any] = {"missing": ("-9", "-9.5", "unknown"), "min_frequency": 10}
    rows = table()
    rows["pet"] = np.resize(["cat", "dog", "unknown"], len(rows))
    rows.loc[::3, "age"] = -9
    rows.loc[1::3, "prediction"] = -9.5
    rows.loc[2, "pet"] = "newt"  # rare, as the mark would be
    model = mlpcli.train((rows, np.resize([0, 1], len(rows))), width=8, depth=2, epochs=3, **options).model
    named = {column.name: column for column in model.preprocessing.columns}
    assert named["age"].indicator and named["pet"].rare
    check(model, rows, tmp_path)
    matrix = np.resize([1.5, 2.5, -9.0, 4.0, 3.0], (40, 3))
    frame = pd.DataFrame(matrix, columns=["x1", "x2", "x3"])
    check(mlpcli.train((frame, np.resize([0, 1], 40)), epochs=2, missing=("-9",)).model, matrix, tmp_path)


def test_numbers_far_out_are_at_the_bound_of_robust_clip(tmp_path: Path) -> None:
    rows = table(11)
    rows.loc[3, "age"], rows.loc[4, "age"] = 1e200, -1e200
    check(trained("names", scale="robust-clip"), rows, tmp_path)


def test_a_residual_loss_shares_out_where_no_class_has_a_score(tmp_path: Path) -> None:
    model = trained("names", loss="squared", depth=0)
    model.network.params[...] = 0
    model.network.parameters["output.bias"][...] = -1
    check(model, table(11), tmp_path)


def test_columns_that_nobody_named_are_one_matrix(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).integers(0, 17, (20, 64))
    model = mlpcli.train((rows.astype(float), np.arange(20) % 3), width=8, epochs=1).model
    check(model, rows, tmp_path)
    (given,) = onnx.load(tmp_path / "model.onnx").graph.input
    assert given.name == "X"


def test_inputs_have_the_names_and_types_of_the_columns(tmp_path: Path) -> None:
    trained().export(tmp_path / "m.onnx")
    graph = onnx.load(tmp_path / "m.onnx").graph
    types = {given.name: onnx.helper.tensor_dtype_to_string(given.type.tensor_type.elem_type) for given in graph.input}
    assert types == {
        "age": "TensorProto.DOUBLE",
        "when": "TensorProto.DOUBLE",
        "member": "TensorProto.BOOL",
        "color": "TensorProto.STRING",
        "prediction": "TensorProto.DOUBLE",
        "constant": "TensorProto.DOUBLE",
    }
    assert [output.name for output in graph.output] == ["prediction_1", "probabilities"]


def test_the_same_bytes_for_the_same_network(tmp_path: Path) -> None:
    for name in ("one", "two"):
        for suffix in (".onnx", ".py", ".safetensors"):
            trained().export(tmp_path / f"{name}{suffix}")
    for suffix in (".onnx", ".py", ".safetensors"):
        assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()
    assert mlpcli.load(tmp_path / "one.safetensors").predict(table()).tolist() == trained().predict(table()).tolist()


@pytest.mark.parametrize("target", ["names", "labels", "value", "pair"])
def test_a_plain_interpreter_with_numpy_alone_reads_csv(target: str, tmp_path: Path) -> None:
    model, rows = trained(target), table(23, unknown=True)
    model.export(tmp_path / "model.py")
    rows.to_csv(tmp_path / "rows.csv", index=False)
    program = (
        "import runpy, sys; before = set(sys.modules); sys.argv = sys.argv[1:]\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "new = {name.split('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(new - sys.stdlib_module_names), file=sys.stderr)"
    )
    command = [sys.executable, "-I", "-c", program, "model.py", "rows.csv"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", check=True)
    assert done.stderr == "['numpy']\n"
    header, *lines = [line.split(",") for line in done.stdout.splitlines()]
    predicted = model.predict(rows)
    if target == "names":
        assert header == ["prediction", "a", "b'", "c"]
        assert [line[0] for line in lines] == predicted.tolist()
        agree(np.array([line[1:] for line in lines], float), model.predict_proba(rows))
    else:
        assert header == {"pair": ["u", "v"], "labels": ["old", "red"], "value": ["prediction"]}[target]
        agree(np.array(lines, float).reshape(predicted.shape), predicted)


def test_the_numpy_file_says_how_it_is_run(tmp_path: Path) -> None:
    trained("codes").export(tmp_path / "model.py")
    code, out, _ = answer(tmp_path, "--help")
    assert code == 0 and out.endswith("or run it: python FILE.py rows.csv\n")


def test_the_numpy_file_takes_rows_in_every_form_and_names_a_missing_column(tmp_path: Path) -> None:
    model, rows = trained("codes"), table(9, unknown=True)
    model.export(tmp_path / "model.py")
    module, wanted = import_file(tmp_path / "model.py"), model.predict(rows).tolist()
    for form in (rows, rows.to_dict("list"), rows.to_dict("records"), rows.to_numpy(object), rows.iloc[:, ::-1]):
        assert module.predict(form).tolist() == wanted
    rows.drop(columns="age").to_csv(tmp_path / "rows.csv", index=False)
    assert answer(tmp_path, "rows.csv") == (2, "", "rows.csv: the column 'age' is missing\n")


def test_the_numpy_file_takes_integers_beside_gaps_and_rows_that_lack_a_key(tmp_path: Path) -> None:
    """A gap makes integers of pandas floating; 7.0 was unknown to the file, and an absent key an error."""
    rows = [{"code": code, "size": size} for code, size in zip([7, 11, 11, 7] * 10, range(40), strict=True)]
    model = mlpcli.train((pd.DataFrame(rows), [0, 1, 1, 0] * 10), epochs=3, categories=("code",)).model
    model.export(tmp_path / "model.py")
    module = import_file(tmp_path / "model.py")
    new = [{"code": 7, "size": 1}, {"size": 2}, {"code": 11, "size": None}, {"code": None, "size": 3}]
    wanted = model.predict_proba(new)
    assert not np.isclose(wanted[1], wanted[3]).all() and (wanted[0] > wanted[2])[0]  # the codes were learned
    for form in (new, pd.DataFrame(new), pd.DataFrame(new).to_dict("list")):
        assert np.allclose(module.predict_proba(form), wanted, atol=1e-6)
        assert np.allclose(model.predict_proba(form), wanted, atol=1e-6)
    with pytest.raises(KeyError, match="code"):
        module.predict([{"size": 1}])


def test_codes_that_pandas_wrote_from_a_column_with_gaps_are_known_in_every_form(tmp_path: Path) -> None:
    """The CSV has 7.0 and 11.0: a float frame and the exported file took every code as unknown, in silence."""
    rows = pd.DataFrame({"code": [7, 11, None, -0.0] * 10, "size": np.arange(40.0), "y": [0, 1, 1, 0] * 10})
    rows.to_csv(tmp_path / "t.csv", index=False)
    asked: dict[str, Any] = {
        "target": "y",
        "task": "regression",
        "categories": ("code",),
        "epochs": 3,
        "data_home": tmp_path,
    }
    model = mlpcli.train(str(tmp_path / "t.csv"), width=8, **asked).model
    assert set(model.preprocessing.columns[0].categories) == {"7.0", "11.0", "-0.0"}
    codes = "".join(f"{code},1\n" for code in ("7.0", "11", "", "8", "7"))
    (tmp_path / "new.csv").write_text(f"code,size\n{codes}")
    texts = pd.read_csv(tmp_path / "new.csv", dtype={"code": str, "size": float}, keep_default_na=False)
    wanted = model.predict(texts)
    assert len({round(float(share), 4) for share in wanted[:3]}) == 3
    np.testing.assert_allclose(wanted[0], wanted[4], rtol=1e-6)
    check(model, texts, tmp_path)
    check_csv(model, [(tmp_path / "new.csv").read_text()], tmp_path)
    module = import_file(tmp_path / "model.py")
    read = pd.read_csv(tmp_path / "new.csv")
    assert read["code"].dtype == float
    for form in (read, read.astype({"code": "float32"}), read.astype({"code": "Int64"}), read.to_dict("list")):
        np.testing.assert_allclose(module.predict(form), wanted, atol=1e-6)
        np.testing.assert_allclose(model.predict(form), wanted, atol=1e-6)


def test_the_numpy_file_refuses_the_arrays_that_the_model_refuses(tmp_path: Path) -> None:
    rows = table()[["member", "prediction"]]
    model = mlpcli.train((rows, np.arange(len(rows)) % 2), width=4, epochs=1).model
    model.export(tmp_path / "model.py")
    module = import_file(tmp_path / "model.py")
    for wrong in ([[7, 2.0]], [[0.5, 2.0]], [[1, np.inf]], [[1, 1e300]], [[True, "much"]]):
        with pytest.raises(mlpcli.Error):
            model.predict(wrong)
        with pytest.raises(ValueError):
            module.predict(wrong)
    right = [[1, 2.0], [0, np.nan], [np.nan, 3.0]]
    assert module.predict(right).tolist() == model.predict(right).tolist()


@pytest.mark.parametrize("encoding", ["utf-8", "utf8", "UTF-8"])
def test_a_byte_order_mark_is_no_part_of_the_first_name(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text(
        "\n".join(["wéight,y", *(f"{at},{at}" for at in range(30)), ""]), encoding="utf-8"
    )
    options: dict[str, Any] = {"target": "y", "task": "regression", "width": 4, "epochs": 1, "data_home": tmp_path}
    model = mlpcli.train(str(tmp_path / "train.csv"), encoding=encoding, **options).model
    check_csv(model, ["wéight\n3\n4\n"], tmp_path, encoding="utf-8-sig")


HEADER = "age,when,member,color,prediction,constant"

HOSTILE = [
    *("1,1,yes,red,1,1", "1,1,1,red,1,1", "1,1,TRUE,red,1,1", "1,1, fAlSe ,red,1,1", "1,1,NA,red,1,1", "?,-,,,.,NaN"),
    *("1e308,1,true,red,1,1", "1,-1.7e308,true,red,1,1", "inf,1,true,red,1,1", "1e999,1,true,red,1,1"),
    *(
        "1_000,1,true,red,1,1",
        "0x10,1,true,red,1,1",
        "1e,1,true,red,1,1",
        "- 5,1,true,red,1,1",
        " +5. ,1,true,red,.5,1",
    ),
    *("12345678901234567890,1,true,red,1,1", "\u0661,1,true,red,1,1", "1,5,1,true,red,1,1", "1,1,true,red,1", "1"),
    *(
        " +5. ,1,true,red,.5,1",
        "",
        "\n\n1,1,true,red,1,1\n\n",
        '1,1,true,"red\nblue",1,1',
        '1,1,true,"red,1,1',
        '1,1,true,"re"d,1,1',
    ),
    *('1,1,true,"gr""een",1,1', "1,1,true,NA,1,1", "1,1,true,None,1,1", "1,1,true, red ,1,1", "1,1,true,\0,1,1"),
]
"""Rows that break a reader which is careless."""


def test_hostile_tables_are_predicted_or_refused_by_the_numpy_file_as_by_predict(tmp_path: Path) -> None:
    """Equal answers, or one line and exit code 2 where the command refuses the file too."""
    headers = ("age,age,when,member,color,prediction,constant", HEADER.replace("age", "Age"), "")
    contents = [f"{HEADER}\n{lines}\n" for lines in HOSTILE]
    contents += [f"{header}\n1,1,1,true,red,1,1\n" for header in headers]
    check_csv(trained("value", epochs=1), contents, tmp_path)


def test_the_numpy_file_reads_numbers_as_the_table_of_the_training_wrote_them(tmp_path: Path) -> None:
    rows = ["1.234,5 kg;blue", "-5;blue", "-9;blue", "1.23,4;blue", "1,5;unknown", "-9;blue;1"]
    lines = [
        f"{1000 + at}".replace("1", "1.") + f",{at % 10} kg;{'red' if at % 2 else 'blue'};{at}" for at in range(30)
    ]
    (tmp_path / "train.csv").write_text("\n".join(["wéight;color;y", *lines, ""]), encoding="latin-1")
    spelled = {"delimiter": ";", "decimal": ",", "thousands": ".", "units": ("kg",), "missing": ("-9", "unknown")}
    model = mlpcli.train(
        str(tmp_path / "train.csv"), target="y", encoding="latin-1", width=4, epochs=1, data_home=tmp_path, **spelled
    ).model
    check_csv(model, [f"wéight;color\n{row}\n" for row in rows], tmp_path, encoding="latin-1")


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("train.txt", "a;b b;y\n{};1,5;{}\n"),
        ("train.txt", "a|b b|y\n{}|1|{}\n"),
        ("train.txt", '  a  "b b"  y \n {} \t "c  c"  {}\n'),
        ("train.txt", "a,b b,y\r\n{},1,{}\r\n"),
        ("train.csv", "sep=;\na;b b;y\n{};2,5;{}\n"),
        ("train.txt", '"SEP=|"\r\na|b b|y\r\n{}|1;1|{}\r\n'),
        ("train.tsv.gz", "a\tb b\ty\n{}\t1,5\t{}\n"),
        ("train.txt.xz", "a;b b;y\n{};1,5;{}\n"),
    ],
)
def test_the_numpy_file_finds_the_separator_as_training_did(name: str, table: str, tmp_path: Path) -> None:
    """Of the very file that the network was trained on, decompressed."""
    *header, row = table.splitlines(keepends=True)
    content = "".join(header) + "".join(row.format(at, at % 7) for at in range(30))
    opened: dict[str, Any] = {".gz": gzip.open, ".xz": lzma.open}
    with opened.get(Path(name).suffix, open)(tmp_path / name, "wt", newline="") as file:
        file.write(content)
    model = mlpcli.train(
        str(tmp_path / name), target="y", task="regression", width=4, epochs=1, data_home=tmp_path
    ).model
    model.export(tmp_path / "model.py")
    (tmp_path / "plain.txt").write_text(content, newline="")
    code, out, err = answer(tmp_path, "plain.txt")
    assert (code, err) == (0, "")
    _, blocks = predict_columns([model], str(tmp_path / name))
    wanted = [answer for block in blocks for answer in block[1]]
    agree(np.array(out.splitlines()[1:], float), np.array(wanted))


def answer(folder: Path, *arguments: str) -> tuple[object, str, str]:
    """What the exported file does as a program in that folder: exit code, stdout, stderr."""
    code: object = 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
        patch.chdir(folder)
        patch.setattr("sys.argv", ["model.py", *arguments])
        patch.setattr("signal.signal", lambda number, answer: None)  # a program's answer to a broken pipe is not ours
        try:
            runpy.run_path("model.py", run_name="__main__")
        except SystemExit as end:
            code = end.code
    return code, out.getvalue(), err.getvalue()


def check_csv(model: mlpcli.Model, contents: Sequence[str], folder: Path, encoding: str = "utf-8") -> None:
    """The exported file run on tables of these contents, against the answers of predict."""
    files = [folder / f"rows-{number}.csv" for number in range(len(contents))]
    for file, content in zip(files, contents, strict=True):
        file.write_text(content, encoding=encoding, newline="")
    model.export(folder / "model.py")
    for file, content in zip(files, contents, strict=True):
        code, out, err = answer(folder, file.name)
        try:
            _, blocks = predict_columns([model], str(file))
            wanted = [answer for block in blocks for answer in block[1]]
        except mlpcli.Error:
            assert (code, out) == (2, ""), content
            assert err.startswith(f"{file.name}: ") and err.count("\n") == 1, content
        else:
            assert (code, err) == (0, ""), content
            agree(np.array(out.splitlines()[1:], float), np.array(wanted))


def test_texts_of_a_model_are_no_code(tmp_path: Path) -> None:
    nasty = ['"""', "'''\nimport os", "\\", "{}"]
    frame = {nasty[0]: [1.0, 2.0] * 10, nasty[1]: [nasty[1], nasty[2]] * 10, "y": [nasty[3], nasty[0]] * 10}
    model = mlpcli.train(frame, target="y", width=4, epochs=1, test_size=0, val_size=0).model
    model.export(tmp_path / "model.py")
    assert import_file(tmp_path / "model.py").predict(frame).tolist() == model.predict(frame).tolist()


def test_what_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = trained()
    with pytest.raises(UsageError, match=r"'.onnx', '.py', '.safetensors'"):
        model.export("model.pt")
    with pytest.raises(FileError, match="No such file or directory"):
        model.export(tmp_path / "nowhere" / "model.py")
    monkeypatch.setattr("mlpcli.export.model_formats.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"onnx is not installed. Nothing was written. Type: .*\[onnx\]"):
        model.export(tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".py", ".onnx"])
def test_a_model_of_dates_is_not_written_in_formats_that_cannot_read_them(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    frame = pd.DataFrame({"when": pd.date_range("2020-01-01", periods=20), "y": ["a", "b"] * 10})
    model = mlpcli.train(frame, target="y", width=4, epochs=1, test_size=0, val_size=0, progress=False).model
    with pytest.raises(mlpcli.Error, match="column 'when' holds dates, which"):
        model.export(f"model{suffix}")
    model.export("model.safetensors")
    assert mlpcli.load("model.safetensors").preprocessing == model.preprocessing

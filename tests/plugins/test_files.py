"""Files of parts: loaded by commands and by workers, blamed for what they raise, asked for by models."""

import json
import linecache
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import mlpcli
from mlpcli.cli.main import run
from mlpcli.config.choices import ACTIVATIONS
from mlpcli.errors import ExitCode, PluginError
from mlpcli.gradcheck import oracle
from mlpcli.plugins.files import Plugin, blamed, load, loaded, use
from tests.plugins.parts import NAMES, SNAKE
from tests.sweeps.sweeps import start_sweep, timeless, write_sweep

SMALL = ["--dataset", "moons:n=60", "--epochs", "3", "--width", "8", "--quiet"]


@pytest.fixture
def snake(tmp_path: Path) -> Path:
    """The README's file, by the name it is typed with."""
    (tmp_path / "snake.py").write_text(SNAKE)
    return Path("snake.py")


@pytest.fixture
def trained(snake: Path) -> str:
    """A run of the command with that activation, after whose end nothing is registered."""
    assert run(["train", *SMALL, "--activation", "snake", "--plugin", str(snake), "--name", "one"]) == 0
    use(())
    return "one"


def test_the_commands_and_python_give_equal_bytes(trained, snake) -> None:
    again = mlpcli.train("moons:n=60", epochs=3, width=8, activation="snake", plugin=snake, progress=False)
    assert again.model.to_bytes() == Path("results/one/model.safetensors").read_bytes()
    assert again.id == json.loads(Path("results/one/result.json").read_bytes())["run_id"]
    made_by = json.loads(Path("results/one/provenance.json").read_bytes())
    assert made_by["plugins"] == {"snake.py": loaded()[0].origin.sha256}


@pytest.mark.parametrize("command", [["eval", "one"], ["predict", "one", "moons:n=60"], ["explain", "one"]])
def test_a_model_asks_for_its_file(trained, command, capsys) -> None:
    assert run([*command, "--quiet"]) == ExitCode.USAGE
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert (
        "activation snake comes from snake.py, and is not registered here. Name that file with --plugin snake.py"
        in error
    )
    assert run([*command, "--quiet", "--plugin", "snake.py"]) == 0


def test_python_asks_for_the_file_too(trained) -> None:
    with pytest.raises(mlpcli.Error, match=r"--plugin snake\.py, or plugin= in Python"):
        mlpcli.load(trained)
    assert mlpcli.load(trained, plugin="snake.py").options.activation == "snake"


def test_another_version_of_the_file_is_not_taken_for_it(trained, snake, capsys) -> None:
    snake.write_text(SNAKE.replace("** 2", "** 4"))
    assert run(["eval", trained, "--quiet", "--plugin", "snake.py"]) == ExitCode.USAGE
    assert "activation snake comes from another version of snake.py, of SHA-256 " in capsys.readouterr().err


def test_a_name_that_nobody_registered_is_one_line_with_the_flag(snake, capsys) -> None:
    assert run(["train", *SMALL, "--activation", "snake"]) == ExitCode.USAGE
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "one of your own comes with --plugin FILE.py" in error


def test_a_model_file_says_where_its_parts_come_from_and_no_path(trained, tmp_path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "snake.py").write_text(SNAKE)
    assert run(["train", *SMALL, "--activation", "snake", "--plugin", "deep/snake.py", "--name", "two"]) == 0
    models = [Path(f"results/{name}/model.safetensors").read_bytes() for name in ("one", "two")]
    assert models[0] == models[1] and b"deep" not in models[1]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("import mlpcli\n\n1 / 0\n", "bad.py, line 3: ZeroDivisionError: division by zero. Nothing was started"),
        ("def f(:\n", "bad.py, line 1: SyntaxError"),
        ("raise SystemExit(3)\n", "bad.py, line 1: SystemExit: 3"),
        ("import mlpcli\n", "--plugin 'bad.py': the file registers nothing"),
        ("import no_such_module\n", "bad.py, line 1: ModuleNotFoundError: No module named 'no_such_module'"),
        (SNAKE.replace('"snake"', '"tanh"'), "line 6: register activation tanh: tanh is the name of one of mlpcli"),
        (SNAKE + "\n1 / 0\n", "ZeroDivisionError"),
        ("\0", "bad.py: "),
    ],
)
def test_a_file_that_fails_is_one_line_and_leaves_nothing(text, error, capsys) -> None:
    Path("bad.py").write_text(text)
    assert run(["train", *SMALL, "--plugin", "bad.py"]) == ExitCode.USAGE
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and error in told
    assert not Path("results").exists() and "snake" not in ACTIVATIONS and "snake" not in oracle.ACTIVATIONS
    assert loaded() == ()


def test_a_file_that_imports_the_one_beside_it_is_told_to_be_one(capsys) -> None:
    Path("helper.py").write_text("")
    Path("bad.py").write_text("import helper\n")
    assert run(["train", *SMALL, "--plugin", "bad.py"]) == ExitCode.USAGE
    told = capsys.readouterr().err
    assert told.endswith(
        "A plugin is one file: write what it takes of helper.py into it, or install that as a package\n"
    )


def test_what_a_file_prints_does_not_stand_before_json(capsys) -> None:
    Path("loud.py").write_text(f"print('loud')\n{SNAKE}")
    assert run(["train", *SMALL, "--activation", "snake", "--plugin", "loud.py", "--json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["state"] == "complete" and told.err == "loud\n"


def test_files_that_cannot_be_read_are_one_line(tmp_path, capsys) -> None:
    for path in ("nope.py", str(tmp_path)):
        assert run(["train", *SMALL, "--plugin", path]) == ExitCode.USAGE
        assert capsys.readouterr().err.startswith(f"mlpcli: error: --plugin {path!r}: ")


RAISES = SNAKE.replace("np.add(z,", "if z.shape[-2] > 2 and training_ends: pass\n        np.add(z,")
"""It passes the trial, which has two rows."""


def test_a_part_that_raises_is_blamed_with_its_line(snake, capsys) -> None:
    snake.write_text(RAISES)
    line = 1 + RAISES[: RAISES.index("if z.shape")].count("\n")
    assert run(["train", *SMALL, "--activation", "snake", "--plugin", "snake.py"]) == ExitCode.USAGE
    told = capsys.readouterr().err
    assert f"snake.py, line {line}: NameError: name 'training_ends' is not defined. results/" in told
    assert told.endswith(" keeps what was finished. Go on with the same command and --resume\n")
    file = write_sweep(Path("s.toml"), base={"dataset": "xor", "epochs": 1, "activation": "snake"})
    flags = ["--executor", "serial", "--quiet", "--plugin", "snake.py"]
    assert run(["sweep", str(file), *flags]) == ExitCode.USAGE
    assert f"snake.py, line {line}: NameError" in capsys.readouterr().err


def test_workers_have_the_same_parts(parts_file) -> None:
    """A sweep over every kind, in this process and in two workers: equal tables."""
    base = {"dataset": "moons:n=60", "epochs": 2, "width": 4, "loss": "squared"}
    points = [{option: name} for option, name in NAMES.items()]
    file = write_sweep(Path("s.toml"), seeds=2, base=base, points=points)
    flags = ["--plugin", "parts.py", "--quiet"]
    assert run(["sweep", str(file), "--executor", "serial", "--name", "here", *flags]) == 0
    there = start_sweep(file, Path("results"), "--jobs", "2", "--name", "there", *flags)
    _, error = there.communicate(timeout=300)
    assert there.returncode == 0, error
    assert timeless(Path("results/here")) == timeless(Path("results/there"))


def test_a_part_of_the_program_alone_stays_in_its_process() -> None:
    linecache.cache["<cell>"] = (len(SNAKE), None, SNAKE.splitlines(True), "<cell>")
    exec(compile(SNAKE, "<cell>", "exec"), {"__name__": "notebook"})
    spec = {"base": {"dataset": "xor", "epochs": 1}, "grid": {"activation": ["relu", "snake"]}}
    with pytest.raises(
        PluginError, match="activation snake was registered by this program, and worker processes lack it"
    ):
        mlpcli.sweep(spec, jobs=2, progress=False)
    assert mlpcli.sweep(spec, executor="serial", progress=False).trials["state"].tolist() == ["complete"] * 2
    model = mlpcli.train("xor", epochs=1, activation="snake", progress=False).model
    model.save("model.safetensors")
    assert mlpcli.load("model.safetensors").options.activation == "snake"


def test_a_worker_forgets_what_a_job_does_not_bring(snake) -> None:
    use([Plugin("snake.py", SNAKE.encode())])
    first = ACTIVATIONS["snake"].origin
    use([Plugin("other.py", SNAKE.replace("** 2", "** 4").encode())])
    assert ACTIVATIONS["snake"].origin != first and loaded()[0].path == "other.py"
    use(())
    assert "snake" not in ACTIVATIONS and "snake" not in oracle.ACTIVATIONS and loaded() == ()


def test_a_file_under_two_names_is_loaded_once(snake) -> None:
    Path("copy.py").write_text(SNAKE)
    load(["snake.py", "copy.py", Path("snake.py")])
    assert [plugin.path for plugin in loaded()] == ["snake.py"]


def test_an_exported_file_computes_the_formula(trained) -> None:
    model = mlpcli.load(trained, plugin="snake.py")
    model.export("model.py")
    namespace: dict[str, object] = {"__name__": "exported"}
    exec(Path("model.py").read_text(), namespace)
    rows = np.random.default_rng(0).normal(size=(20, 2))
    np.testing.assert_array_equal(namespace["predict"](rows), model.predict(rows))  # type: ignore[operator]  # of the file
    shares = namespace["predict_proba"](rows)  # type: ignore[operator]  # of the file
    np.testing.assert_allclose(shares, model.predict_proba(rows), rtol=1e-5)


def test_onnx_computes_the_formula(trained) -> None:
    runtime = pytest.importorskip("onnxruntime")
    model = mlpcli.load(trained, plugin="snake.py")
    model.export("model.onnx")
    rows = np.random.default_rng(0).normal(size=(20, 2))
    session = runtime.InferenceSession("model.onnx")
    (found,) = session.run(["probabilities"], {"X": rows})
    np.testing.assert_allclose(found, model.predict_proba(rows), atol=1e-5)


def test_a_part_without_a_formula_is_not_exported_to_other_tools(parts_file) -> None:
    model = mlpcli.train("xor", epochs=0, norm="rms", plugin=parts_file, progress=False).model
    with pytest.raises(mlpcli.Error, match="norm rms has no formula that other tools could read"):
        model.export("model.py")
    model.export("model.safetensors")
    assert not Path("model.py").exists()


def test_gradcheck_covers_the_file(snake, capsys) -> None:
    assert run(["gradcheck", "--plugin", "snake.py", "--json", "--quiet"]) == 0
    rows = {row["component"]: row for row in json.loads(capsys.readouterr().out)["rows"]}
    assert rows["activation snake"]["verdict"] == "ok" and rows["activation snake"]["tape"] is not None


def test_threads_of_a_worker_may_load_one_file_at_once(parts_file: Path) -> None:
    plugin = Plugin(str(parts_file), ("import time\ntime.sleep(0.2)\n" + parts_file.read_text()).encode())
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(use, [(plugin,)] * 8)) == [None] * 8
    assert loaded() == (plugin,)


def test_one_file_may_be_spelled_in_two_ways(snake: Path) -> None:
    load(snake)
    snake.write_text(f"{SNAKE}\n# another form\n")
    load(snake.resolve())
    assert [plugin.path for plugin in loaded()] == [str(snake.resolve())]


def test_lack_of_memory_is_not_blamed_on_a_part(snake: Path) -> None:
    load(snake)
    code = compile("raise MemoryError", str(snake), "exec")
    with pytest.raises(MemoryError), blamed():
        exec(code)

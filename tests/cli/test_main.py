"""The whole command line: codes and lines for everything that goes wrong, and what is imported for what is asked."""

import errno
import importlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import requires
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import pytest
import typer
from pydantic import TypeAdapter

import mlpcli
from mlpcli import errors
from mlpcli.cli import main
from mlpcli.config import RunOptions, Source, build
from mlpcli.errors import ExitCode
from mlpcli.results.files.read_file import read_toml
from mlpcli.results.schema.json_schema import SweepHeader
from tests.workers.processes import ENDLESS, PATIENCE

MLPCLI = [sys.executable, "-m", "mlpcli"]


def shell(*arguments: str | bytes, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*MLPCLI, *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False, **options
    )


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., Any]], None]:
    """Put a function in the place of `mlpcli train`."""

    def install(work: Callable[..., Any]) -> None:
        module = ModuleType("stand_in")
        module.train = work  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "stand_in", module)
        monkeypatch.setitem(main.COMMANDS, "train", main.Command("stand_in", "train", "Train."))

    return install


def raising(error: BaseException) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


def test_help_lists_every_command_and_code() -> None:
    result = shell("--help")
    assert (result.returncode, result.stderr) == (0, "")
    for name in ("train", "eval", "sweep", "gradcheck", "graph", "datasets"):
        assert re.search(rf"^│ {name} +[A-Z].*", result.stdout, re.MULTILINE), name
    for code in ExitCode:
        assert re.search(rf"\b{code}\b", result.stdout), code
    assert shell().stdout == result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 100


def test_commands_are_looked_up_where_they_say() -> None:
    for name, command in main.COMMANDS.items():
        assert command.module == f"mlpcli.cli.commands.{name}"
        assert callable(getattr(importlib.import_module(command.module), command.function))


def test_version() -> None:
    assert shell("--version").stdout == f"mlpcli {mlpcli.__version__}\n"


def test_completion_is_offered() -> None:
    script = shell("--show-completion", "bash", env=os.environ | {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"})
    assert script.returncode == 0
    assert "complete -o default -F _mlpcli_completion mlpcli" in script.stdout
    words = {"_MLPCLI_COMPLETE": "complete_bash", "COMP_WORDS": "mlpcli gra", "COMP_CWORD": "1"}
    assert shell(env=os.environ | words).stdout.split() == ["gradcheck", "graph"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["fit"], "no such command 'fit'; use train. Type mlpcli --help for the list"),
        (["grph"], "no such command 'grph'; did you mean graph? Type mlpcli --help for the list"),
        (["\x1b[31m"], r"no such command '\x1b[31m'. Type mlpcli --help for the list"),
        (["--hlp"], "no such option --hlp; did you mean --help? Type mlpcli --help for its arguments and flags"),
        (
            ["graph", "--jsn", "x"],
            "no such option --jsn; did you mean --json? Type mlpcli graph --help for its arguments and flags",
        ),
        (["graph"], "missing argument 'EXPR'. Type mlpcli graph --help for its arguments and flags"),
        (
            ["predict", "wine", "--dataset", "new.csv"],
            "no such option --dataset; mlpcli predict takes RUN... TABLE, and no options of a training."
            " Type mlpcli predict --help for its arguments and flags",
        ),
        (
            ["sweep", "s.toml", "--lr", "1"],
            "no such option --lr; use --set base.lr=VALUE. Type mlpcli sweep --help for its arguments and flags",
        ),
        (
            ["--width", "64"],
            "no such option --width; mlpcli train takes --width. Type mlpcli --help for its arguments and flags",
        ),
    ],
)
def test_usage_errors_are_one_line(capsys: pytest.CaptureFixture[str], arguments: list[str], line: str) -> None:
    assert main.run(arguments) == 2
    assert capsys.readouterr() == ("", f"mlpcli: error: {line}\n")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["list", "--top", "few"], "few"),
        (["list", "--top", "0"], "0"),
        (["list", "--format", "yaml"], "yaml"),
        (["sweep", "s.toml", "--jobs", "1.5"], "1.5"),
        (["gradcheck", "--tolerance", "little"], "little"),
    ],
)
def test_values_of_flags_are_named(capsys: pytest.CaptureFixture[str], arguments: list[str], named: str) -> None:
    assert main.run(arguments) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert named in err and arguments[-2] in err
    assert "Input should" not in err and "Value error" not in err


def test_arguments_that_are_no_text() -> None:
    result = shell(b"\xe9", env=os.environ | {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"})
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert r"no such command '\udce9'" in result.stderr


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (errors.BadResult("loss became nan"), 1, "loss became nan"),
        (errors.UsageError("--depth: got -1"), 2, "--depth: got -1"),
        (errors.DataError("data.csv: empty"), 65, "data.csv: empty"),
        (
            MemoryError(),
            65,
            "not enough memory. Use a smaller batch_size or network, fewer rows, or more --memory if it is given",
        ),
        (MemoryError("Unable to allocate 8 GiB."), 65, "not enough memory: Unable to allocate 8 GiB. Use a smaller"),
        (errors.Unavailable("no network"), 69, "no network"),
        (ValueError("odd"), 70, "a bug in mlpcli: ValueError: odd (test_main.py:"),
        (RecursionError(), 70, "a bug in mlpcli: RecursionError"),
        (errors.FileError("results: exists"), 74, "results: exists"),
        (PermissionError(errno.EACCES, "Permission denied", "r/a.csv"), 74, "cannot read or write r/a.csv: Permission"),
        (OSError(errno.ENOSPC, "No space left on device"), 74, "cannot read or write: No space left on device"),
        (EOFError("cut"), 70, "a bug in mlpcli: EOFError: cut"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 74, "cannot read or write: Broken pipe"),
        (errors.Busy("in use"), 75, "in use"),
        (KeyboardInterrupt(), 130, "interrupted. What was finished is kept"),
        (errors.Interrupted("kept epoch 12"), 130, "kept epoch 12"),
        (errors.Interrupted("terminated", ExitCode.TERMINATED), 143, "terminated"),
    ],
)
def test_every_failure_has_its_code_and_line(
    command: Callable[..., None], capsys: pytest.CaptureFixture[str], error: BaseException, code: int, line: str
) -> None:
    command(raising(error))
    assert main.run(["train"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"mlpcli: error: {line}")
    assert err.count("\n") == 1
    assert err.endswith("\n")


def test_a_signal_that_a_library_made_an_error_of(
    command: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """pydantic's SchemaError, where the signal comes while it builds a validator."""

    def build() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        except BaseException as error:
            raise ValueError(f"SchemaError: {error}") from None

    command(build)
    assert main.run(["train"]) == 143
    assert capsys.readouterr().err == "mlpcli: error: terminated. What was finished is kept\n"


def test_a_signal_that_pydantic_made_a_wrong_value_of(
    command: Callable[..., None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A ValidationError of options that are right, where the signal comes while they are checked."""

    def refuse(*_: object) -> None:
        with suppress(BaseException):
            signal.raise_signal(signal.SIGTERM)
        TypeAdapter(int).validate_python("x")

    (tmp_path / "sweep.toml").write_text("")
    monkeypatch.setattr(RunOptions, "model_validate", refuse)
    monkeypatch.setattr(SweepHeader, "model_validate", refuse)
    for work in (
        lambda: build(Source({"width": 4}, "--")),
        lambda: read_toml(tmp_path / "sweep.toml", SweepHeader, ""),
    ):
        command(work)
        assert main.run(["train"]) == 143
        assert capsys.readouterr().err == "mlpcli: error: terminated. What was finished is kept\n"


def test_every_code_has_a_case_above() -> None:
    (mark,) = (mark for mark in test_every_failure_has_its_code_and_line.pytestmark if mark.name == "parametrize")
    assert {code for _, code, _ in mark.args[1]} == set(ExitCode) - {ExitCode.OK}


def test_a_traceback_only_for_a_bug_and_only_with_debug(
    command: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    command(raising(KeyError("x")))
    assert main.run(["train"]) == 70
    assert "Traceback" not in capsys.readouterr().err
    for arguments in (["--debug", "train"], ["train", "--debug"]):
        assert main.run(arguments) == 70
        assert capsys.readouterr().err.startswith("Traceback (most recent call last):")
    command(raising(errors.DataError("bad")))
    assert main.run(["train", "--debug"]) == 65
    assert capsys.readouterr().err == "mlpcli: error: bad\n"


def test_several_problems_are_a_list(command: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    command(raising(errors.UsageError("2 problems:\n  --depth: got 'a\nb'\n  --lr: got nan")))
    assert main.run(["train"]) == 2
    assert capsys.readouterr().err == "mlpcli: error: 2 problems:\n  --depth: got 'a\\nb'\n  --lr: got nan\n"


def test_a_command_gets_its_arguments_and_gives_its_code(
    command: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    def work(name: str, often: Annotated[int, typer.Option("--often")] = 1) -> int:
        print(name * often)
        return 1

    command(work)
    assert main.run(["train", "ab", "--often", "2"]) == 1
    assert capsys.readouterr().out == "abab\n"
    command(lambda: None)
    assert main.run(["train"]) == 0


def imported_by(*arguments: str) -> set[str]:
    code = (
        "import sys; from mlpcli.cli.main import run; run(sys.argv[1:]);print(*sys.modules, sep='\\n', file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return set(result.stderr.split())


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ()])
def test_help_imports_nothing_heavy(arguments: tuple[str, ...]) -> None:
    modules = imported_by(*arguments)
    assert modules.isdisjoint(("numpy", "pydantic", "rich", "tomllib", "pandas", "sklearn", "scipy"))
    assert "click" not in modules or any(name.startswith("click") for name in requires("typer") or ())
    assert not any(
        name.startswith("mlpcli.") and name.split(".")[1] not in ("background", "cli", "errors", "signals", "wording")
        for name in modules
    )
    assert modules.isdisjoint(command.module for command in main.COMMANDS.values())


def test_a_command_imports_no_other() -> None:
    modules = imported_by("graph", "--help")
    assert "mlpcli.cli.commands.graph" in modules
    assert modules.isdisjoint(("numpy", "mlpcli.cli.commands.train", "mlpcli.cli.commands.datasets", "mlpcli.config"))


def test_help_works_without_what_the_commands_need(tmp_path: Path) -> None:
    for name in ("numpy", "pydantic", "rich"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('broken')")
    result = shell("--help", env=os.environ | {"PYTHONPATH": str(tmp_path)})
    assert (result.returncode, result.stderr) == (0, "")


def test_help_is_quick() -> None:
    def seconds(arguments: list[str]) -> float:
        """The least CPU time that a program took."""
        best = float("inf")
        for _ in range(3):
            begin = os.times()
            subprocess.run(arguments, capture_output=True, check=True)
            end = os.times()
            used = end.children_user - begin.children_user + end.children_system - begin.children_system
            best = min(best, used)
        return best

    assert seconds([*MLPCLI, "--help"]) <= 3 * seconds([sys.executable, "-c", "import typer"])


@pytest.mark.parametrize("page", [("--help",), ("graph", "--help")])
def test_no_colour_where_there_is_no_terminal(page: tuple[str, ...]) -> None:
    result = shell(*page, env=os.environ | {"GITHUB_ACTIONS": "true", "FORCE_COLOR": "1"})
    assert result.returncode == 0
    assert "\x1b" not in result.stdout


LARGE = "print('x' * 100_000); sys.stdout.flush(); print('y' * 100_000)"


def script(body: str) -> list[str]:
    """A program that runs the command line with a `train` made of these statements."""
    return [
        sys.executable,
        "-c",
        "import sys, types, time, os\nfrom mlpcli.cli import main\nfrom mlpcli.__main__ import main as enter\n"
        f"def train():\n    {body}\n"
        "stand_in = sys.modules['stand_in'] = types.ModuleType('stand_in'); stand_in.train = train\n"
        "main.COMMANDS['train'] = main.Command('stand_in', 'train', '')\nsys.argv = ['mlpcli', 'train']\nenter()",
    ]


@pytest.mark.parametrize(("extra", "code"), [("", 0), ("; return 1", 1)])
def test_a_reader_who_leaves_changes_nothing(tmp_path: Path, extra: str, code: int) -> None:
    done = tmp_path / "done"
    process = subprocess.Popen(
        script(f"{LARGE}; open({str(done)!r}, 'w').close(){extra}"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(PATIENCE) == code
    assert done.exists()


def test_help_into_a_closed_pipe() -> None:
    process = subprocess.Popen([*MLPCLI, "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(PATIENCE) == 0
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()


def test_lost_stderr_does_not_stop_the_work(tmp_path: Path) -> None:
    done = tmp_path / "done"
    body = f"[print('x' * 10_000, file=sys.stderr) for _ in range(10)]; open({str(done)!r}, 'w').close()"
    process = subprocess.Popen(script(body), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stderr.close()
    assert process.stdout.read() == b""
    process.stdout.close()
    assert process.wait(PATIENCE) == 0
    assert done.exists()


@pytest.mark.parametrize("body", [LARGE, "print('x')"])
def test_a_full_disk_behind_stdout_is_reported(body: str) -> None:
    with open("/dev/full", "w") as full:
        result = subprocess.run(script(body), stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert result.returncode == 74
    assert result.stderr == (
        "mlpcli: error: cannot read or write standard output: No space left on device. "
        "Free some space there, or name another place\n"
    )


def test_a_full_disk_behind_stderr_is_nobodys_loss() -> None:
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            script("print('lost', file=sys.stderr); print('kept')"), stdout=subprocess.PIPE, stderr=full, check=False
        )
    assert (result.returncode, result.stdout) == (0, b"kept\n")


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_streams_closed_from_the_start(tmp_path: Path, closed: str) -> None:
    target = tmp_path / "file"
    body = f"file = open({str(target)!r}, 'w'); print('lost'); print('lost', file=sys.stderr); file.write('kept')"
    result = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", *script(body)], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0
    assert target.read_text() == "kept"


def test_standard_input_closed_from_the_start_is_empty() -> None:
    body = script("print(repr(sys.stdin.buffer.read()))")
    result = subprocess.run(["sh", "-c", 'exec "$@" <&-', "sh", *body], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "b''\n", "")


def test_what_the_encoding_lacks_is_escaped() -> None:
    environment = os.environ | {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    result = subprocess.run(script(r"print('\u00e9\udce9')"), capture_output=True, env=environment, check=True)
    assert result.stdout == rb"\xe9\udce9" + b"\n"


@pytest.mark.parametrize("where", [f"time.sleep({ENDLESS})", f"import mlpcli.config; time.sleep({ENDLESS})"])
def test_ctrl_c_is_130_and_a_line(where: str) -> None:
    process = subprocess.Popen(
        script(f"print('ready', flush=True); {where}"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert err == "mlpcli: error: interrupted. What was finished is kept\n"


def test_ctrl_c_while_a_command_is_loaded(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    module = ModuleType("stand_in")
    module.__getattr__ = lambda name: (_ for _ in ()).throw(KeyboardInterrupt)  # type: ignore[method-assign]
    monkeypatch.setitem(sys.modules, "stand_in", module)
    monkeypatch.setitem(main.COMMANDS, "train", main.Command("stand_in", "train", "Train."))
    assert main.run(["train"]) == 130
    assert capsys.readouterr().err == "mlpcli: error: interrupted. No results were changed\n"


def test_a_working_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    body = "import os\nos.rmdir(os.getcwd())\nfrom mlpcli.__main__ import main\nmain()\n"
    command = [sys.executable, "-c", body, "train", "--dataset", "iris", "--epochs", "1"]
    result = subprocess.run(command, cwd=tmp_path / "gone", capture_output=True, text=True, check=False)
    assert result.returncode == 74
    assert result.stderr.endswith("The working folder is gone; change to another one\n")

"""A session from an empty folder, typed into a terminal of 100 columns: from a sweep to predictions in onnxruntime.

    python -m tests.benchmarks.session [--write]

types the commands below into a shell inside tmux, in a new folder, and prints what the terminal then shows. It needs
tmux, bash, and the extras `report`, `onnx` and `test`.
"""

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sklearn.datasets import load_breast_cancer

from mlpcli.results.provenance import provenance

REFERENCE = Path(__file__).parents[2] / "results" / "reference" / "session.md"
COLUMNS, ROWS = 100, 1000
SOCKET, PROMPT = "mlpcli-session", "$"

SWEEP = """
name = "tumours"
seeds = 3

[base]
dataset = "tumours.csv"
target = "target"
epochs = 20

[grid]
width = [4, 32]
dropout = [0.0, 0.3]
"""
WITH_ONNX = """
import onnxruntime
import pandas

table = pandas.read_csv("tumours.csv").head(3)
session = onnxruntime.InferenceSession("best.onnx")
inputs = {column.name: table[[column.name]].to_numpy() for column in session.get_inputs()}
for output, values in zip(session.get_outputs(), session.run(None, inputs)):
    print(output.name, values, sep="\\n")
"""

STEPS = (
    ("A table (scikit-learn's breast_cancer), a sweep file and a script are all that is there:", ["ls"]),
    (
        "Four configurations, three seeds each; the table is against the first:",
        ["cat sweep.toml", "mlpcli sweep sweep.toml"],
    ),
    ("What there is now, and its best trials:", ["mlpcli list", "mlpcli list tumours --sort val_loss --top 5"]),
    ("The best one, whole:", ["mlpcli show tumours/best"]),
    ("Is it better than the first configuration, beyond chance?", ["mlpcli compare tumours/0 tumours/best"]),
    ("A page to look at and to send:", ["mlpcli report tumours -o tumours.html"]),
    (
        "The best network, exported and used without mlpcli, beside what mlpcli predicts:",
        [
            "mlpcli export tumours/best best.onnx",
            "cat with_onnx.py",
            "python with_onnx.py",
            "mlpcli predict tumours/best tumours.csv --proba | head -4",
        ],
    ),
)


def tmux(*words: str) -> str:
    """The output of a command of tmux."""
    command = ["tmux", "-L", SOCKET, *words]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


class Terminal:
    """A shell in tmux, in this folder; each command is waited for."""

    def __init__(self, folder: Path) -> None:
        at_prompt = shlex.quote(f"tmux -L {SOCKET} wait-for -S done")
        (folder / ".shell").write_text(f"PS1='{PROMPT} '\nPROMPT_COMMAND={at_prompt}\n")
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        shell = f"env PATH={shlex.quote(path)} bash --noprofile --rcfile .shell -i"
        tmux("new-session", "-d", "-x", str(COLUMNS), "-y", str(ROWS), "-c", str(folder), shell)
        self._shown = 0
        self._wait()

    def typed(self, command: str) -> str:
        """What the terminal shows of a command, from its prompt on."""
        tmux("send-keys", "-l", command)
        tmux("send-keys", "Enter")
        return "\n".join(self._wait())

    def _wait(self) -> list[str]:
        """The lines that are new when the shell asks for the next command."""
        tmux("wait-for", "done")
        while (lines := tmux("capture-pane", "-p").rstrip().splitlines() or [""])[-1] != PROMPT:
            time.sleep(0.05)
        new, self._shown = lines[self._shown : -1], len(lines) - 1
        return new

    def close(self) -> None:
        """End the shell."""
        tmux("kill-server")


def session(folder: Path) -> list[str]:
    """The page's sections: a sentence, and what the terminal showed."""
    load_breast_cancer(as_frame=True).frame.to_csv(folder / "tumours.csv", index=False)
    sections = []
    terminal = Terminal(folder)
    try:
        for sentence, commands in STEPS:
            screens = [terminal.typed(command) for command in commands]
            sections.append("\n".join([sentence, "", "```console", *screens, "```"]))
    finally:
        terminal.close()
    return sections


def main() -> None:
    """Type, and print the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--folder", type=Path, help="empty folder to work in, which stays")
    parser.add_argument("--write", action="store_true", help=f"into {REFERENCE.parent.name}/{REFERENCE.name}")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.folder or Path(temporary)).resolve()
        made = provenance("")
        os.chdir(folder)
        os.environ["MLPCLI_DATA_HOME"] = str(Path(temporary) / "home")
        (folder / "sweep.toml").write_text(SWEEP.lstrip())
        (folder / "with_onnx.py").write_text(WITH_ONNX.lstrip())
        head = (
            "# A session\n\nFrom an empty folder to predictions in onnxruntime, in a terminal of"
            f" {COLUMNS} columns. Typed and captured by\n`python -m tests.benchmarks.session --write`."
        )
        foot = f"{made['cpu']}; commit {made['git_commit']}."
        text = "\n\n".join([head, *session(folder), foot]) + "\n"
    print(text)
    if given.write:
        REFERENCE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

"""Commands that read results while other processes write them: each succeeds, whatever the moment.

A sweep grows by a seed again and again, and a run is trained again and again; neither ever lacks anything to read.
"""

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from shlex import split

from mlpcli.cli.main import run
from tests.faults.commands import Ended

__all__ = ["WATCHERS", "try_watching", "writers"]

WRITE = """
import sys
from pathlib import Path
from mlpcli.cli.main import run
turn = 0
while not Path("stop").exists():
    turn += 1
    Path("s.toml").write_text(f'name = "s"\\nseeds = {1 + turn % 20}\\n' + Path("rest.toml").read_text())
    if code := run(sys.argv[1:]):
        sys.exit(code)
"""
"""Runs a command again and again, each time with another number of seeds in s.toml."""

REST = '[base]\ndataset = "t.csv"\ntarget = "y"\nepochs = 2\nwidth = 4\n[grid]\ndepth = [1, 2]\n'
TRAIN = split("train --dataset t.csv --target y --epochs 2 --width 4 --name r --data-home home --quiet")
SWEEP = split("sweep s.toml --executor serial --force --keep-models all --data-home home --quiet")

WATCHERS = [
    split(command)
    for command in (
        "list",
        "list s",
        "show r",
        "show s",
        "show s/0",
        "compare r s/best",
        "plot s --only options --format svg",
        "plot r --only curves --format svg",
        "eval r --data-home home --quiet",
        "eval s/best --data-home home --quiet",
        "explain r --data-home home --quiet",
        "predict r t.csv",
        "report r s -o page.html",
        "export r model.py",
    )
]
"""Commands that read the run `r` and the sweep `s`."""


@contextlib.contextmanager
def writers(folder: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Two processes that write the run and the sweep in the working folder `folder`."""
    rows = [f"{row},{row % 5},{'ab'[row % 2]},{row % 7}" for row in range(40)]
    (folder / "t.csv").write_text("\n".join(["u,v,w,y", *rows, ""]))
    (folder / "rest.toml").write_text(REST)
    (folder / "s.toml").write_text(f'name = "s"\nseeds = 1\n{REST}')
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "OPENBLAS_NUM_THREADS": "1"}
    for words in (TRAIN, SWEEP):
        subprocess.run([sys.executable, "-m", "mlpcli", *words], cwd=folder, env=environment, check=True)
    begun = [
        subprocess.Popen(
            [sys.executable, "-c", WRITE, *words],
            cwd=folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for words in (TRAIN, SWEEP)
    ]
    try:
        yield begun
    finally:
        (folder / "stop").touch()
        for process in begun:
            process.communicate(timeout=600)


def try_watching(words: list[str]) -> Ended:
    """Run a command in the working folder."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as errors:
        code = run(words)
    return Ended(f"exit {code}", errors.getvalue().strip()[-300:] if code else "")

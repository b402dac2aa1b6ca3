"""What a trial costs the process that hands the trials out, in processor time and in memory.

    python -m tests.benchmarks.coordinator [--write]

prints the table, and with --write puts it into results/reference/coordinator.md. A sweep of 100 trials and one of 10^5,
all of 4 x 1 on moons for one epoch, run with two workers as the command runs them; only the parent counts. It needs
some ten minutes.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import tomli_w

from tests.benchmarks.measured_on import measured_on

REFERENCE = Path(__file__).parents[2] / "results" / "reference" / "coordinator.md"
CONFIGURATIONS, SEEDS = 1000, 100
FEW = 100
MILLISECONDS, MEGABYTES = 0.3, 150
"""The most that a trial may take of the parent's time, and that all of them may add to its memory."""

COMMAND = """
import json, resource, sys
from pathlib import Path
from mlpcli.__main__ import main
sys.argv[1:] = ["sweep", *sys.argv[1:], "--quiet", "--jobs", "2", "--max-trials", str(10**6)]
try:
    main()
except SystemExit as end:
    if end.code:
        raise
used = resource.getrusage(resource.RUSAGE_SELF)
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(json.dumps([used.ru_utime + used.ru_stime, int(peak.split()[1]) / 1024]))
"""


def parent(folder: Path, configurations: int, seeds: int) -> tuple[float, float]:
    """Seconds of processor time and peak megabytes of the parent of a sweep."""
    file = folder / f"trials{configurations * seeds}.toml"
    base = {"dataset": "moons", "width": 4, "depth": 1, "epochs": 1}
    rates = [round(1e-4 * (at + 1), 4) for at in range(configurations)]
    file.write_text(tomli_w.dumps({"seeds": seeds, "base": base, "grid": {"lr": rates}}))
    command = [sys.executable, "-c", COMMAND, str(file), "--results", str(folder)]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    seconds, megabytes = json.loads(ended.stdout.splitlines()[-1])
    return seconds, megabytes


def main() -> None:
    """Measure, print, and write if asked to; exit code 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    many = CONFIGURATIONS * SEEDS
    with tempfile.TemporaryDirectory() as folder:
        few = parent(Path(folder), FEW // 10, 10)
        all_ = parent(Path(folder), CONFIGURATIONS, SEEDS)
    per_trial = (all_[0] - few[0]) / (many - FEW) * 1000
    added = all_[1] - few[1]
    met = per_trial <= MILLISECONDS and added <= MEGABYTES
    text = f"""# The parent of a sweep of {many:,} trials

Networks of 4 x 1 on moons, one epoch, {CONFIGURATIONS:,} learning rates x {SEEDS} seeds, two workers; processor time
and peak memory of the process that hands the trials out, beside one with {FEW} trials. Made by
`python -m tests.benchmarks.coordinator --write`.

| trials | processor time, s | peak memory, MB |
|---:|---:|---:|
| {FEW} | {few[0]:.2f} | {few[1]:.0f} |
| {many:,} | {all_[0]:.2f} | {all_[1]:.0f} |

A trial takes {per_trial:.3f} ms of the parent's time (at most {MILLISECONDS}); all of them add {added:.0f} MB (at most
{MEGABYTES}): {"both are met" if met else "not met"}.

{measured_on()}
"""
    print(text)
    if write:
        REFERENCE.write_text(text)
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()

"""Draws results/reference/sweep.svg, the README's picture: a sweep that ships, as its live table looks on its way.

python -m tests.picture
"""

import io
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from mlpcli.cli.main import run
from mlpcli.cli.views import sweep_view
from mlpcli.cli.views.sweep_view import LiveView
from mlpcli.sweeps.plan.sweep_plan import Plan

ROOT = Path(__file__).parents[1]
EXPERIMENT = ROOT / "experiments" / "dropout.toml"
PICTURE = ROOT / "results" / "reference" / "sweep.svg"
DONE = 0.6


class Picture(LiveView):
    """Is drawn once, when a part of all trials has come to its end."""

    def __init__(self, plan: Plan, metric: str) -> None:
        super().__init__(plan, metric, Console(width=78, file=io.StringIO()))

    def running(self, trials: Sequence[int]) -> None:
        super().running(trials)
        epochs = [stack.epoch for stack in self._course.stacks]
        if trials and any(epochs) and len(self._ended) >= DONE * len(self._plan) and not PICTURE.exists():
            paper = Console(width=78, file=io.StringIO(), record=True, force_terminal=True, color_system="truecolor")
            paper.print(f"$ mlpcli sweep experiments/{EXPERIMENT.name}", style="bold", highlight=False)
            paper.print(self.drawn())
            PICTURE.write_text(paper.export_svg(title="mlpcli sweep", unique_id="sweep"))


def main() -> None:
    """Run the sweep and draw the picture again."""
    PICTURE.unlink(missing_ok=True)
    sweep_view.sweep_view = lambda plan, metric, quiet: Picture(plan, metric)
    with tempfile.TemporaryDirectory() as folder:
        run(["sweep", str(EXPERIMENT), "--results", folder, "--jobs", "2"])


if __name__ == "__main__":
    main()

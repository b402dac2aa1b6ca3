"""A network over the epochs of its training, as an animated GIF: its regions, its function, or its hidden layer."""

import io
import shlex
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from mlpcli.atomic import shown
from mlpcli.errors import UsageError
from mlpcli.plot.networks.class_marks import room_of_names
from mlpcli.plot.networks.fit import draw_function, is_a_function
from mlpcli.plot.networks.hidden import draw_last_layer, has_layers_to_draw
from mlpcli.plot.networks.kept import Kept, Networks
from mlpcli.plot.networks.regions import draw_classes, inputs_of
from mlpcli.plot.style import WIDEST, legend, new_figure, titled
from mlpcli.results.folders.promotion import WEIGHTS
from mlpcli.training.weight_history import models_by_epoch

__all__ = ["SCENES", "draw_animations"]

MOST_FRAMES = 60

SECONDS, PAUSE = 6.0, 2.0
"""Length of an animation, and of its last frame."""

DPI = 110
COLORS = 128


class Scene(NamedTuple):
    """A figure drawn frame by frame: the panels are cleared, then `draw` fills them."""

    figure: Figure
    panels: Sequence[Axes]
    draw: Callable[[Kept], None]
    caption: str


def draw_animations(networks: Networks, only: Sequence[str] = ()) -> Iterator[tuple[str, bytes]]:
    """Name and content of each GIF that the network of a run allows, of those in `only` or of all.

    Raises:
        UsageError: the weights of its epochs were not kept, or it has nothing to show.
        MlpcliError: a file is damaged, or its data have changed or cannot be loaded.
    """
    folder, kept = networks.folder, networks.best
    file = folder.path / WEIGHTS
    if folder.is_sweep or kept is None or not file.is_file():
        trial = folder.number if kept is None else kept.trial.number  # of a sweep; its model may not be kept
        name = shown(folder.path / str("best" if trial is None else trial) if folder.is_sweep else folder.path)
        raise UsageError(
            f"--animate: {folder.place} has no weights of its epochs. Nothing was written. Type: mlpcli train "
            f"--from {shlex.quote(name)} --record-weights"
        )
    models = models_by_epoch(file, kept.model, kept.trial.run_id)
    last = len(models) - 1
    chosen = np.unique(np.linspace(0, last, min(len(models), MOST_FRAMES)).round().astype(int)).tolist()
    frames = [(epoch, kept.with_model(models[epoch])) for epoch in chosen]
    scenes = [(name, scene) for name in only or SCENES if (scene := SCENES[name](kept, frames[-1][1])) is not None]
    if not scenes:
        raise UsageError(
            f"--animate: {folder.place} has nothing to show. Nothing was written. Regions need a classifier of "
            "one or two numbers, a fit a regression of one number, neither scaled by robust-clip; the hidden layer "
            "needs a classifier"
        )
    for name, scene in scenes:
        yield name, _gif(scene, frames, folder.name)


def _regions(kept: Kept, last: Kept) -> Scene | None:
    """Where the network decides for which class."""
    if inputs_of(kept) not in (1, 2):
        return None
    figure, (panel,) = new_figure(min(4.4 + room_of_names(kept.model.preprocessing), WIDEST), 3.4)
    return Scene(
        figure,
        [panel],
        lambda frame: draw_classes(panel, frame),
        "training rows, and what is decided",
    )


def _fit(kept: Kept, last: Kept) -> Scene | None:
    """The function of one input, its target, and their difference."""
    if not is_a_function(kept.model):
        return None
    figure, (above, below) = new_figure(4.8, 4.0, 2, 1, gridspec_kw={"height_ratios": [3, 1]})
    below.sharex(above)

    def draw(frame: Kept) -> None:
        draw_function(above, below, frame.model, frame.data)

    return Scene(figure, [above, below], draw, f"on the {'validation' if kept.data.val else 'training'} rows")


def _hidden(kept: Kept, last: Kept) -> Scene | None:
    """The plane of the inputs and that of the last hidden layer, in which a line separates the classes."""
    if not has_layers_to_draw(kept) or kept.model.preprocessing.classes is None:
        return None
    in_plane = inputs_of(kept) == 2
    figure, panels = new_figure(6.4 if in_plane else 4.4, 3.2, 1, 1 + in_plane)

    def draw(frame: Kept) -> None:
        if in_plane:
            draw_classes(panels[0], frame)
        draw_last_layer(panels[-1], frame, last)

    units = kept.model.options.sizes[-1]
    what = "its two units" if units == 2 else f"its {units} units along the principal components of the last epoch"
    return Scene(figure, panels, draw, f"{'left: inputs; right: ' if in_plane else ''}last hidden layer, {what}")


SCENES: dict[str, Callable[[Kept, Kept], Scene | None]] = {"regions": _regions, "fit": _fit, "hidden": _hidden}
"""The scene of each kind, None where the network has nothing of that kind; the names are those of still pictures."""


def _gif(scene: Scene, frames: Sequence[tuple[int, Kept]], name: str) -> bytes:
    """All frames within the limits that hold every one of them."""
    limits = _limits(scene, [kept for _, kept in frames])
    images: list[Image.Image] = []
    for epoch, kept in frames:
        for panel, (x, y) in zip(scene.panels, limits, strict=True):
            panel.clear()
            panel.set(xlim=x, ylim=y)
        scene.draw(kept)
        scene.panels[0].set_title(f"epoch {epoch} of {frames[-1][0]}")
        if not images:
            legend(scene.figure, scene.panels, kept.model.preprocessing.targets[0], always=True)
            titled(scene.figure, f"{name}, epoch by epoch", scene.caption)
            scene.figure.draw_without_rendering()
            scene.figure.set_layout_engine("none")  # or the panels would tremble
        images.append(_image(scene.figure))
    first, *others = images
    pace = [int(1000 * SECONDS / len(images))] * len(others) + [int(1000 * PAUSE)]
    with io.BytesIO() as file:
        first.save(file, "GIF", save_all=True, append_images=others, duration=pace, loop=0)
        return file.getvalue()


def _image(figure: Figure) -> Image.Image:
    with io.BytesIO() as file:
        figure.savefig(file, format="png", dpi=DPI)
        return Image.open(file).convert("RGB").convert("P", palette=Image.Palette.ADAPTIVE, colors=COLORS)


def _limits(scene: Scene, frames: Sequence[Kept]) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """For each panel the smallest limits of x and of y that hold all frames."""
    boxes = []
    for kept in frames:
        for panel in scene.panels:
            panel.clear()
        scene.draw(kept)
        boxes.append([(*panel.get_xlim(), *panel.get_ylim()) for panel in scene.panels])
    low, high = np.min(boxes, axis=0), np.max(boxes, axis=0)
    return [((left[0], right[1]), (left[2], right[3])) for left, right in zip(low.tolist(), high.tolist(), strict=True)]

"""Animations: a frame per epoch within limits that hold all of them, and one line where there is nothing to draw."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mlpcli
from mlpcli.cli.main import run
from mlpcli.plot.draw import animations
from mlpcli.plot.kinds import ANIMATED
from mlpcli.plot.networks import animation
from mlpcli.plot.networks.animation import SCENES
from tests.plot.folders import check, sweep_folder

EPOCHS = 2

RUNS = {
    "xor": ({"regions", "hidden"}, {"dataset": "xor", "hidden": 2, "lr": 0.1}),
    "blobs": ({"regions", "hidden"}, {"dataset": "blobs", "width": 4, "norm": "batch"}),
    "sine": ({"fit"}, {"dataset": "sine", "width": 4, "depth": 1, "patience": 1}),
    "digits": ({"hidden"}, {"dataset": "digits", "width": 4}),
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("animations")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLPCLI_DATA_HOME", str(path / "home"))
        for name, (_, options) in RUNS.items():
            mlpcli.train(**options, epochs=EPOCHS, record_weights=True, results=path, name=name, progress=False)
        yield path


def frames(content: bytes) -> list[np.ndarray]:
    with Image.open(io.BytesIO(content)) as gif:
        found = []
        for number in range(getattr(gif, "n_frames", 1)):
            gif.seek(number)
            found.append(np.asarray(gif.convert("RGB")))
        return found


@pytest.mark.parametrize("name", RUNS)
def test_each_epoch_is_a_frame_of_one_size_in_a_legible_figure(
    name: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures, limits = [], animation._limits

    def watched(scene: animation.Scene, *others: list[animation.Kept]) -> list[tuple[tuple[float, float], ...]]:
        figures.append(scene)
        return limits(scene, *others)

    monkeypatch.setattr(animation, "_limits", watched)
    drawn = dict(animations(root / name, None))
    assert {file.removeprefix("plot-").removesuffix(".gif") for file in drawn} == RUNS[name][0]
    epochs = len(mlpcli.open(root / name).history)
    for content in drawn.values():
        pictures = frames(content)
        assert len(pictures) == epochs + 1
        assert len({picture.shape for picture in pictures}) == 1
        assert any((picture != pictures[0]).any() for picture in pictures[1:])
    for scene in figures:
        check(scene.figure)
        assert scene.panels[0].get_title() == f"epoch {epochs} of {epochs}"


def test_few_of_many_epochs_are_drawn_the_first_and_the_last_among_them(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(animation, "MOST_FRAMES", 2)
    ((_, content),) = animations(root / "xor", None, only=["regions"])
    assert len(frames(content)) == 2


def test_kinds_and_scenes_are_the_same() -> None:
    assert tuple(SCENES) == ANIMATED


def test_the_remedy_for_a_trial_trains_that_trial(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The sweep keeps the model of its best trial alone, and `train --from` takes no whole sweep."""
    path = sweep_folder(tmp_path / "s", {"width": [4, 8]}, seeds=2)
    for name, trial in {f"{path}/1": "1", f"{path}": "best"}.items():
        assert run(["plot", name, "--animate", "--quiet"]) == 2
        assert f"Type: mlpcli train --from {path}/{trial} --record-weights\n" in capsys.readouterr().err


def test_what_cannot_be_drawn_is_one_line_and_writes_nothing(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = mlpcli.train("xor", width=2, epochs=1, results=tmp_path, name="plain", progress=False)
    commands = {
        (str(tmp_path / "plain"),): f"Type: mlpcli train --from {tmp_path / 'plain'} --record-weights\n",
        (str(root / "digits"), "--only", "fit"): "has nothing to show. Nothing was written",
        (str(root / "xor"), "--metric", "val_loss"): "--animate, --metric val_loss: a GIF shows the network alone",
        (str(root / "xor"), "--format", "svg"): "--animate, --format svg: a GIF shows the network alone",
        (str(root / "xor"), "--format", "png"): "--animate, --format png: a GIF shows the network alone",
        (str(root / "xor"), "--only", "curves"): "no such kind of picture. Give some of regions, fit, hidden",
    }
    for words, expected in commands.items():
        assert run(["plot", *words, "--animate", "--quiet"]) == 2
        assert expected in capsys.readouterr().err
    assert run(["plot", "--losses", "--animate"]) == 2
    assert not list(tmp_path.rglob("*.gif"))
    assert plain.state == "complete"

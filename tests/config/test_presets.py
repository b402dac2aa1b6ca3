"""`--preset tabular`: RealMLP's numbers, spelled out in options, beneath what the user says."""

import math
from typing import Any

import pytest

from mlpcli.config import Preset, RunOptions, Source, build, preset_for, preset_source, resolve


def options(task: str = "classification", features: int = 16, **said: Any) -> RunOptions:
    """The options of a run with the preset, as `train` comes to them."""
    source = Source(said, "")
    first = build(preset_source(Preset.TABULAR), source)
    return build(preset_for(Preset.TABULAR, first, task=task, features=features), source)


def test_the_published_numbers() -> None:
    """RealMLP-TD-S for classes: 3 x 256 SELU, Adam with betas 0.9 and 0.95, smoothing 0.1, 256 epochs of 256 rows."""
    made = options()
    assert (made.sizes, made.activation, made.scale) == ((256, 256, 256), "selu", "robust-clip")
    assert (made.optimizer, made.beta1, made.beta2, made.label_smoothing) == ("adam", 0.9, 0.95, 0.1)
    assert (made.epochs, made.batch_size, made.init_scale) == (256, 256, (1.0, 1.0, 1.0, 0.0))
    assert resolve(made, task="classification", scale="robust-clip", has_validation=True, threads=1).init == "lecun"
    # its rate 0.04 is that of W, where the layer is x W / sqrt(n), and biases have a tenth of it
    assert made.lr == pytest.approx(0.04 * 0.1)
    rates = [0.04 / math.sqrt(inputs) for inputs in (16, 256, 256, 256)]
    assert isinstance(made.lr_multiplier, tuple) and made.lr is not None
    assert [made.lr * factor for factor in made.lr_multiplier] == pytest.approx(rates)


def test_numbers_have_no_smoothing() -> None:
    assert options("regression").label_smoothing == 0


@pytest.mark.parametrize("said", [{"depth": 1}, {"hidden": [50]}, {"width": 50, "depth": 1}, {"depth": 0}])
def test_what_follows_the_sizes_follows_those_of_the_user(said: dict[str, Any]) -> None:
    made = options(features=9, **said)
    inputs = (9, *made.sizes)
    assert made.init_scale == (1.0,) * len(made.sizes) + (0.0,)
    assert made.lr_multiplier == pytest.approx([10 / math.sqrt(count) for count in inputs])


def test_whatever_the_user_says_wins() -> None:
    said: dict[str, Any] = {"epochs": 3, "scale": "none", "lr": 0.5, "init_scale": 2.0, "label_smoothing": 0.0}
    made = options(**said)
    assert {name: getattr(made, name) for name in said} == said

"""`preset = "tabular"`: RealMLP's numbers, spelled out in options, beneath what the user says."""

import math
from typing import Any

import pytest

from mlpcli.config import OPTIONS, RunOptions, Source, build, waits_for_data, with_preset
from mlpcli.config.presets import PRESETS


def options(task: str = "classification", features: int = 16, **said: Any) -> RunOptions:
    """The options of a run with the preset, as a run comes to them."""
    return with_preset(build(Source({**said, "preset": "tabular"}, "")), task=task, features=features)


def test_the_choices_are_the_presets() -> None:
    assert OPTIONS["preset"].choices == tuple(PRESETS)
    for said in PRESETS.values():
        assert said.keys() <= OPTIONS.keys()


def test_the_published_numbers() -> None:
    """RealMLP-TD-S: Adam with betas 0.9 and 0.95, smoothing 0.1, 256 epochs of 256 rows; the last layer begins at 0.
    Not the schedule, which is coslog4 there, nor the network, of which there are eight small ones.
    """
    made = options()
    assert (made.ensemble, made.sizes, made.activation, made.scale) == (8, (64, 64), "silu", "robust-clip")
    assert (made.optimizer, made.beta1, made.beta2, made.label_smoothing) == ("adam", 0.9, 0.95, 0.1)
    assert (made.epochs, made.batch_size, made.schedule) == (256, 256, "cosine")
    assert made.init_scale == (1.0, 1.0, 0.0)


def test_the_published_rates() -> None:
    """0.04 for W where the layer is x W / sqrt(n), and a tenth of it for biases."""
    made = options()
    assert made.lr == pytest.approx(0.004)
    assert isinstance(made.lr_multiplier, tuple) and made.lr is not None
    of_weights = [0.04 / math.sqrt(inputs) for inputs in (16, 64, 64)]
    assert [made.lr * factor for factor in made.lr_multiplier] == pytest.approx(of_weights)


def test_numbers_have_no_smoothing() -> None:
    assert options("regression").label_smoothing == 0


def test_what_waits_for_the_data_is_what_they_change() -> None:
    first = build(Source({"preset": "tabular"}, ""))
    for task in ("classification", "regression"):
        spelled = with_preset(first, task=task, features=7)
        changed = {name for name in OPTIONS if getattr(spelled, name) != getattr(first, name)}
        assert all(waits_for_data(first, name) for name in changed - {"preset"})
    assert not waits_for_data(first, "dropout") and not waits_for_data(spelled, "init_scale")


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
    defaults: dict[str, Any] = {name: OPTIONS[name].default for name in PRESETS["tabular"]}
    made = options(**defaults, init_scale=1.0)
    assert {name: getattr(made, name) for name in defaults} == defaults and made.init_scale == 1.0


def test_a_file_below_a_flag_and_the_preset_below_both() -> None:
    file, flags = Source({"epochs": 3, "preset": "tabular"}, "c.toml: "), Source({"epochs": "5"}, "--", text=True)
    assert (build(file, flags).epochs, build(file, flags).ensemble) == (5, 8)
    assert build(file, Source({"preset": "none"}, "--", text=True)).ensemble == 1


def test_spelled_out_it_is_no_preset_any_more() -> None:
    made = options()
    assert made.preset == "none" and with_preset(made, task="regression", features=3) is made
    assert build(Source({"preset": "none"}, "")) == RunOptions()

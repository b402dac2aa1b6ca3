"""Cards: every shipped one delivers what it promises, and a user's own is read or refused by name."""

from pathlib import Path

import numpy as np
import pytest
from sklearn import datasets

from mlpcli.data.names.cards import all_cards, find_card
from mlpcli.errors import DataError, UsageError
from tests.data.asked import prepare

CARDS = {card.name: card for card in all_cards()[0]}
OFFLINE = sorted(name for name, card in CARDS.items() if card.source in ("scikit-learn", "generated"))

OWN = """
title = "Mine"
source = "generated"
task = "classification"
target = "moon"
rows = 60
features = 2
classes = 2
licence = "MIT"
citation = "none"
[origin]
generator = "moons"
[parameters]
n = 60
noise = 0.1
seed = 4
"""


def test_every_shipped_card_is_readable() -> None:
    assert all_cards()[1] == []
    assert {"iris", "digits", "wine", "breast_cancer", "diabetes", "linnerud", "xor", "moons"} <= set(OFFLINE)


@pytest.mark.parametrize("name", OFFLINE)
def test_every_card_delivers_what_it_promises(name: str) -> None:
    card, prepared = CARDS[name], prepare(name)
    assert prepared.task == card.task and prepared.targets == card.target and prepared.scale == card.scale
    assert sum(len(part) for part in prepared.parts.values()) == card.rows
    assert len(prepared.features) == card.features
    assert len(prepared.classes or ()) == (card.classes or 0)
    for part in prepared.parts.values():
        assert part.x.dtype == np.float32 and part.x.shape == (len(part), card.features)
        assert part.y.dtype == (np.int64 if prepared.classes else np.float32)
        assert len(part.y) == len(part.rows) and np.isfinite(part.x).all()
    assert card.licence and card.citation and card.title


@pytest.mark.parametrize("name", ["iris", "digits", "wine", "breast_cancer"])
def test_classes_are_scikit_learns(name: str) -> None:
    bunch, prepared = getattr(datasets, f"load_{name}")(), prepare(name)
    assert prepared.classes == tuple(sorted(str(label) for label in bunch.target_names))
    for part in prepared.parts.values():
        named = [prepared.classes[code] for code in part.y]
        assert named == [str(bunch.target_names[code]) for code in bunch.target[part.rows]]


def test_any_column_can_be_the_target() -> None:
    wine = prepare("wine", target="alcohol", dtype="float64")
    raw = datasets.load_wine()
    assert wine.task == "regression" and wine.targets == ("alcohol",) and wine.classes is None
    assert wine.features[-3:] == ("cultivar=class_0", "cultivar=class_1", "cultivar=class_2")
    np.testing.assert_array_equal(wine.train.given[:, 0], raw.data[wine.train.rows, 0])
    assert prepare("linnerud", target=("Pulse", "Weight")).targets == ("Pulse", "Weight")
    assert prepare("linnerud", target="Pulse").features[-2:] == ("Weight", "Waist")


def test_columns_can_be_left_out() -> None:
    wine = prepare("wine", drop=("alcohol", "hue"), dtype="float64")
    assert len(wine.features) == 11 and not {"alcohol", "hue"} & set(wine.features)
    full = prepare("wine", dtype="float64")
    assert wine.train.x[:, 0].tolist() == full.train.x[:, full.features.index("malic_acid")].tolist()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"drop": ("alcool",)}, "drop: no column 'alcool' .*; did you mean alcohol"),
        ({"target": "alcool"}, "no column 'alcool' .*; did you mean alcohol"),
        ({"target": ("alcohol", "cultivar"), "task": "classification"}, "predicts one column"),
        ({"task": "regression"}, "'cultivar' has texts like 'class_0'. Use task classification"),
        ({"scale": "standrd"}, "scale: got 'standrd', expected one of auto, standard"),
    ],
)
def test_options_that_do_not_fit_are_usage_errors(options: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        prepare("wine", **options)  # type: ignore[arg-type]


def test_classes_of_a_quantity_need_enough_rows() -> None:
    with pytest.raises(DataError, match="classes have a single row"):
        prepare("diabetes", task="classification")


def test_digits_may_be_regressed() -> None:
    digits = prepare("digits", task="regression", dtype="float64")
    raw = datasets.load_digits().target[digits.train.rows]
    np.testing.assert_array_equal(digits.train.given[:, 0], raw)


def test_a_card_in_the_working_folder_counts_and_comes_first() -> None:
    Path("datasets").mkdir()
    Path("datasets/mine.toml").write_text(OWN)
    assert len(prepare("mine").train) == 42
    Path("datasets/moons.toml").write_text(OWN.replace("n = 60", "n = 80").replace("rows = 60", "rows = 80"))
    assert len(prepare("moons").train) == 56
    assert [card.title for card in all_cards()[0] if card.name in ("mine", "moons")] == ["Mine", "Mine"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("title", "titel", "'title' is missing; unknown key 'titel'; did you mean title"),
        ("rows = 60", 'rows = "60"', "rows = '60' must be a whole number"),
        ("rows = 60", "rows = true", "rows = True must be a whole number"),
        ('"classification"', '"classify"', "task = 'classify' must be one of classification, regression"),
        ('source = "generated"', 'source = "os.system"', "no source 'os.system'"),
        ('generator = "moons"', 'generator = "moon"', "generator = 'moon' is unknown; did you mean moons"),
        ("classes = 2", 'classes = 2\ntest_rows = "grid"', "test_rows = 'grid' names no parameter"),
        ("noise = 0.1", "", "noise"),
        ("noise = 0.1", f"noise = {10**400}", r"\[parameters\] noise = 1000.* must be a number"),
        ("noise = 0.1", 'noise = "a"', r"\[parameters\] noise = 'a' must be a number"),
        ("rows = 60", "rows = [", "at line 7"),
        ('target = "moon"', "target = []", "target = .. must be a text or a list of texts"),
        ('target = "moon"', "target = [1]", "target = .1. must be a text or a list of texts"),
        ("classes = 2", "classes = 2\ntest_rows = -1", "test_rows = -1 must be 0 or more"),
    ],
)
def test_a_bad_card_is_refused_by_its_path(old: str, new: str, message: str) -> None:
    Path("datasets").mkdir()
    Path("datasets/mine.toml").write_text(OWN.replace(old, new, 1))
    with pytest.raises(UsageError, match=message) as caught:
        prepare("mine")
    assert "mine" in str(caught.value) and "\n" not in str(caught.value)
    assert len(prepare("iris").train) == 105  # the other cards still work


def test_a_card_that_promises_other_rows_is_told_so(home: Path) -> None:
    Path("datasets").mkdir()
    Path("datasets/mine.toml").write_text(OWN.replace("rows = 60", "rows = 61"))
    for _ in range(2):  # the table is cached by now, and the promise is still not kept
        with pytest.raises(
            DataError, match=r"the source has 60 rows of 2 features and 2 classes, but the card .* says 61, 2 a"
        ):
            prepare("mine")
    assert len(prepare("mine:n=50").train) == 35  # with other parameters its numbers are no promise


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a" * 70_000, b"[" * 5000, b"a = " + b"9" * 5000])
def test_hostile_cards(content: bytes) -> None:
    Path("datasets").mkdir()
    Path("datasets/mine.toml").write_bytes(content)
    with pytest.raises(UsageError, match=r"mine\.toml"):
        find_card("mine")
    assert len(all_cards()[1]) == 1


def test_a_card_whose_file_has_no_possible_name_is_an_error_of_its_own() -> None:
    Path("datasets").mkdir()
    Path("datasets/my card.toml").write_text("title = 3")
    cards, (error,) = all_cards()
    assert "iris" in {card.name for card in cards}
    assert "my card.toml: the name of a dataset consists of" in str(error) and "Rename the file" in str(error)

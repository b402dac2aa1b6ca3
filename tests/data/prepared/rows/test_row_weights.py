"""The column of weights: no input, kept as it is, relative in losses and metrics, refused where it is not usable."""

from pathlib import Path

import numpy as np
import pytest

from mlpcli.errors import DataError, UsageError
from tests.data.asked import prepare, read_rows


def table(weights: list[object], name: str = "t.csv") -> str:
    lines = [f"{i},{weight},{i % 7}.5" for i, weight in enumerate(weights)]
    Path(name).write_text("\n".join(["x,w,y", *lines]) + "\n")
    return name


def test_weights_are_those_of_the_table_and_relative_to_the_mean_row() -> None:
    own = np.arange(1.0, 101.0)
    data = prepare(table(own.tolist()), target="y", weights="w", test_size=30, val_size=20)
    assert data.features == ("x",)
    train = data.train
    for part in data.parts.values():
        assert part.weights is not None
        assert part.weights.tolist() == own[part.rows].tolist()
        np.testing.assert_allclose(part.relative_weights, own[part.rows] / own[part.rows].mean(), rtol=1e-12)
    assert [(row.name, row.role, row.note) for row in data.summary][-1] == ("w", "left out", "the weights of the rows")
    (mean,), (scale,) = data.preprocessing.target_mean, data.preprocessing.target_scale
    y = train.rows % 7 + 0.5
    assert mean == pytest.approx(np.average(y, weights=own[train.rows]))
    assert scale**2 == pytest.approx(np.average((y - mean) ** 2, weights=own[train.rows]))


def test_without_weights_there_are_none() -> None:
    data = prepare(table([1.0] * 100), target="y")
    assert data.train.weights is None and data.features == ("x", "w")


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_the_unit_of_weights_does_not_matter(scale: float) -> None:
    data = prepare(table([scale, 2 * scale] * 50), target="y", weights="w")
    assert data.train.relative_weights is not None
    assert data.train.relative_weights.mean() == pytest.approx(1)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("", "weights: row 3 has no value in column 'w'"),
        ("-1.5", "weights: row 3 has -1.5 in column 'w', expected a number of 0 or more"),
        ("heavy", "'heavy' is not a number"),
    ],
)
def test_a_weight_that_is_none_is_refused(bad: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        prepare(table([1.25 + i for i in range(3)] + [bad] + [2.5 + i for i in range(96)]), target="y", weights="w")


def test_texts_and_zeros_are_no_weights() -> None:
    with pytest.raises(DataError, match="weights: column 'w' holds texts"):
        prepare(table(["light", "heavy"] * 50), target="y", weights="w")
    with pytest.raises(DataError, match="all 30 test rows have the weight 0"):
        prepare(table([1] * 70 + [0] * 30), target="y", weights="w", split="ordered", test_size=30)


def test_one_column_has_one_use() -> None:
    name = table([1] * 100)
    with pytest.raises(UsageError, match="column 'w' cannot be both left out and the weights"):
        prepare(name, target="y", weights="w", drop="w")
    with pytest.raises(UsageError, match="column 'y' cannot be both predicted and the weights"):
        prepare(name, target="y", weights="y")
    with pytest.raises(UsageError, match="no column 'weight'"):
        prepare(name, target="y", weights="weight")


@pytest.mark.parametrize(
    ("option", "use"), [("drop", "left out"), ("groups", "the groups"), ("weights", "the weights")]
)
def test_the_target_of_a_card_has_no_other_use(option: str, use: str) -> None:
    with pytest.raises(
        UsageError, match=f"column 'progression' cannot be both (predicted and {use}|{use} and predicted)"
    ):
        prepare("diabetes", **{option: ("progression",) if option == "drop" else "progression"})


def test_new_rows_have_weights_if_their_table_has() -> None:
    trained = prepare(table([1] * 100), target="y", weights="w")
    assert read_rows(table([3, 5], "new.csv"), trained.preprocessing, weights="w").weights.tolist() == [3, 5]
    Path("without.csv").write_text("x,y\n1,2.5\n2,3.5\n")
    assert read_rows("without.csv", trained.preprocessing, weights="w").weights is None
    with pytest.raises(DataError, match="all 2 rows have the weight 0 in column 'w'"):
        read_rows(table([0, 0], "new.csv"), trained.preprocessing, weights="w")

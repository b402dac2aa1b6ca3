"""Runs and trials side by side; differences are those that scipy finds."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import ttest_rel

from mlpcli.errors import UsageError
from mlpcli.results.reading.compared import compared_options, configuration_rows, endings, find_sides, side_rows
from mlpcli.results.statistics import difference, estimate
from tests.plot.folders import noise, run_folder, sweep_folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = sweep_folder(
        tmp_path / "s",
        {"width": [4, 8, 16]},
        seeds=4,
        score=lambda values, seed: values["width"] / 100 + noise(seed, values) / 50,
    )
    (path / "sweep.toml").write_text('name = "s"\nmetric = "val_accuracy"\n[base]\nepochs = 4\n')
    run_folder(tmp_path / "r")
    return tmp_path


def test_options_that_differ_and_those_that_are_not_at_their_default(root: Path) -> None:
    sides = find_sides(["s/0", "s/4"], root)
    assert compared_options(sides) == ["width"]
    assert compared_options(sides, every=True) == ["width", "epochs", "threads"]
    rows = side_rows(sides, ["width"])
    assert [(row["width"], row["state"], row["epochs_run"]) for row in rows] == [(4, "complete", 4), (8, "complete", 4)]


def test_configurations_are_paired_by_seed(root: Path) -> None:
    sides = find_sides(["s/1", "s/4", "s/11"], root)  # any trial stands for its configuration
    rows, metric = configuration_rows(sides)
    assert metric == "val_accuracy"
    scores = [list(side.scores("val_accuracy").values()) for side in sides]
    p_values = [ttest_rel(values, scores[0]).pvalue for values in scores[1:]]
    holm = sorted(p_values)
    corrected = {holm[0]: min(1, 2 * holm[0]), holm[1]: max(min(1, 2 * holm[0]), holm[1])}
    assert [row["n_seeds"] for row in rows] == [4, 4, 4]
    assert rows[0]["diff_mean"] is None and rows[0]["p_value"] is None
    for row, values, p in zip(rows[1:], scores[1:], p_values, strict=True):
        assert row["diff_mean"] == pytest.approx(sum(values) / 4 - sum(scores[0]) / 4)
        assert row["p_value"] == pytest.approx(corrected[p])
        interval = ttest_rel(values, scores[0]).confidence_interval()
        assert (row["diff_ci_low"], row["diff_ci_high"]) == pytest.approx((interval.low, interval.high))


def test_equal_sweeps_of_two_folders_are_compared_too(root: Path) -> None:
    """Those of two versions of a program, say: a check that asks for the second row finds it."""
    shutil.copytree(root / "s", root / "t")
    rows, _ = configuration_rows(find_sides(["s/0", "s/1", "t/0"], root))
    assert [Path(str(row["name"])).parent.name for row in rows] == ["s", "t"]
    assert (rows[1]["diff_mean"], rows[1]["p_value"], rows[1]["shared_seeds"]) == (0.0, None, 4)
    table = (root / "t" / "trials.csv").read_text()
    score = find_sides(["s/0", "t/0"], root)[0].scores("val_accuracy")[0, None]
    (root / "t" / "trials.csv").write_text(table.replace(str(score), str(score - 0.25)))
    rows, _ = configuration_rows(find_sides(["s/0", "t/0"], root))
    assert rows[1]["diff_mean"] == pytest.approx(-0.25 / 4)


def test_confirmed_configurations_are_compared_by_their_fresh_seeds(root: Path) -> None:
    with (root / "s" / "sweep.toml").open("a") as file:
        file.write("[confirm]\ntop = 3\nseeds = 2\n")
    text = (root / "s" / "sweep.toml").read_text()
    (root / "s" / "sweep.toml").write_text(f"seeds = 2\n{text}")
    sides = find_sides(["s/1", "s/4"], root)
    assert [sorted(seed for seed, _ in side.seeds) for side in sides] == [[2, 3], [2, 3]]
    rows, _ = configuration_rows(sides)
    assert [row["n_seeds"] for row in rows] == [2, 2] and rows[1]["shared_seeds"] == 2


def test_beside_one_that_was_not_confirmed_the_earlier_seeds_are_compared(root: Path) -> None:
    with (root / "s" / "sweep.toml").open("a") as file:
        file.write("[confirm]\ntop = 1\nseeds = 2\n")
    text = (root / "s" / "sweep.toml").read_text()
    (root / "s" / "sweep.toml").write_text(f"seeds = 2\n{text}")
    table = (root / "s" / "trials.csv").read_text().splitlines(keepends=True)
    (root / "s" / "trials.csv").write_text("".join(table[:3] + table[5:]))  # 0 has the seeds 0 and 1 alone
    plain, confirmed = find_sides(["s/0", "s/4"], root)
    assert {seed for seed, _ in plain.seeds} == {0, 1} and {seed for seed, _ in confirmed.seeds} == {2, 3}
    (_, row), metric = configuration_rows([plain, confirmed])
    assert metric is not None and row["shared_seeds"] == 2
    ours = [confirmed.earlier[seed, None].score(metric) or 0.0 for seed in (0, 1)]
    assert row["diff_mean"] == pytest.approx((sum(ours) - sum(plain.scores(metric).values())) / 2)


def test_pruned_configurations_have_means_alone(tmp_path: Path) -> None:
    """Their scores are those of the rung where they were stopped; they do not make the p-values of others larger."""
    widths = {"width": [4, 8, 16]}
    whole = sweep_folder(tmp_path / "whole", {"width": [4, 8]}, seeds=4)
    halved = sweep_folder(tmp_path / "halved", widths, seeds=4, states=dict.fromkeys(range(8, 12), "pruned"))
    table = (halved / "trials.csv").read_text().splitlines(keepends=True)
    filled = [line.replace(",,", ",0.5,").replace(",,", ",0.5,") if ",pruned," in line else line for line in table]
    (halved / "trials.csv").write_text("".join(filled))
    (expected, _), (found, _) = (
        configuration_rows(find_sides(names, tmp_path))
        for names in (["whole/0", "whole/4"], ["halved/0", "halved/4", "halved/8"])
    )
    assert found[1]["p_value"] == expected[1]["p_value"] is not None
    pruned = {key for key, value in found[2].items() if value is not None}
    assert pruned == {"name", "n_seeds", "val_accuracy_mean", "shared_seeds", "diff_mean"}  # as in summary.csv
    assert found[2]["shared_seeds"] == 4
    assert whole.is_dir()


def test_a_fold_without_a_score_still_overlaps(tmp_path: Path) -> None:
    """Three folds of which one diverged: the intervals are those of three folds, as in summary.csv."""
    path = sweep_folder(tmp_path / "s", {"width": [4, 8]}, seeds=3, states={1: "diverged"}, score=noise_of)
    header, *lines = (path / "trials.csv").read_text().splitlines()
    at = header.split(",").index("seed") + 1
    cells = [line.split(",") for line in lines]
    folded = [[*row[: at - 1], "0", row[at - 1], *row[at:]] for row in cells]  # what was the seed is the fold
    names = [*header.split(",")[:at], "fold", *header.split(",")[at:]]
    (path / "trials.csv").write_text("\n".join(",".join(row) for row in (names, *folded)) + "\n")
    sides = find_sides(["s/0", "s/3"], tmp_path)
    (first, second), _ = configuration_rows(sides)
    for row, side in ((first, sides[0]), (second, sides[1])):
        found = estimate(list(side.scores("val_accuracy").values()), 1 / 2)
        assert (row["val_accuracy_ci_low"], row["val_accuracy_ci_high"]) == (found.ci_low, found.ci_high)
    shared = [(0, 0), (0, 2)]
    values, references = ([side.scores("val_accuracy")[key] for key in shared] for side in reversed(sides))
    expected = difference(values, references, 1 / 2)
    assert (second["diff_ci_low"], second["p_value"]) == (expected.ci_low, expected.p_value)


def noise_of(values: Mapping[str, Any], seed: int) -> float:
    return float(noise(seed, values))


def test_trials_of_one_configuration_and_runs_have_no_differences(root: Path) -> None:
    assert configuration_rows(find_sides(["s/0", "s/1"], root)) == ([], None)
    assert configuration_rows(find_sides(["r", "s/1"], root)) == ([], None)


def test_a_sweep_is_its_best_trial_and_several_may_be_named_at_once(root: Path) -> None:
    sides = find_sides(["s", "r", "s/best:3"], root)
    assert len(sides) == 5 and sides[0] == sides[2] and sides[1].name.endswith("/r")
    with pytest.raises(UsageError, match="compare needs two or more"):
        find_sides(["s/best"], root)


def test_a_pruned_configuration_is_not_the_whole_one_of_the_same_options(tmp_path: Path) -> None:
    whole = sweep_folder(tmp_path / "whole", {"width": [4, 8]}, seeds=2)
    halved = sweep_folder(tmp_path / "halved", {"width": [4, 8]}, seeds=2)
    table = (halved / "trials.csv").read_text()
    (halved / "trials.csv").write_text(table.replace(",complete,", ",pruned,").replace(",10,4,", ",10,3,"))
    sides = find_sides(["whole/0", "halved/0"], tmp_path)
    assert compared_options(sides) == [] and endings(sides) == [f"{halved}/0 was pruned at epoch 3"]
    rows, metric = configuration_rows(sides)
    assert metric == "val_accuracy" and [row["n_seeds"] for row in rows] == [2, 2]
    assert rows[0]["val_accuracy_ci_low"] is not None and rows[1]["val_accuracy_ci_low"] is None
    same = find_sides(["halved/0", "halved/1"], tmp_path)
    assert whole.is_dir() and endings(same) == []


def test_a_configuration_has_the_name_by_which_it_was_named_first(root: Path) -> None:
    rows, _ = configuration_rows(find_sides(["s/1", "s/4", "s/0"], root))
    assert [Path(row["name"]).name for row in rows] == ["1", "4"]

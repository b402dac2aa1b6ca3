"""The course of a search and the importance of its options, on records made by hand."""

import json
import math
import sys
from pathlib import Path

import pytest

from mlpcli.errors import DataError, UsageError
from mlpcli.results.folders.read_folder import read_folder
from mlpcli.results.reading.option_importance import option_importance
from mlpcli.results.reading.search_course import best_so_far, read_course
from tests.plot.folders import search_folder, sweep_folder

SCORES = [0.5, 0.7, 0.6, None, 0.9, 0.8]
NO_METRIC = '{"round": 1, "configuration": 0, "options": {}, "epochs": null, "ended": true}'


def test_the_course_is_that_of_the_record(tmp_path: Path) -> None:
    """The fifth configuration was pruned, the fourth has a seed that failed; every trial trained for half a second."""
    folder = read_folder(search_folder(tmp_path / "s", SCORES, {5: 0.75}))
    course = read_course(folder)
    assert [one.score for one in course] == [None if score is None else pytest.approx(score) for score in SCORES]
    assert [one.ended for one in course] == [True, True, True, True, False, True]
    assert [one.seconds for one in course] == [1.5] * 6
    assert [one.confirmed for one in course] == [None] * 5 + [0.75]
    assert [one.cells[1] for one in course] == ["none", "batch"] * 3
    assert best_so_far(course, "val_accuracy") == [pytest.approx(best) for best in (0.5, 0.7, 0.7, 0.7, 0.7, 0.8)]
    assert best_so_far(course, "val_loss") == [pytest.approx(0.5)] * 6
    assert best_so_far(course[3:], "val_loss") == [None, None, pytest.approx(0.8)]


def test_the_last_line_of_a_configuration_counts(tmp_path: Path) -> None:
    """A race adds seeds, halving epochs; fresh seeds are those that no line before had."""
    path = search_folder(tmp_path / "s", [0.5])
    line = json.loads((path / "search.jsonl").read_text())
    more = {**line, "val_accuracy": {"0": 0.5, "1": 0.5, "2": 0.8}}
    (path / "search.jsonl").write_text(f"{json.dumps({**line, 'ended': False})}\n{json.dumps(more)}\n")
    (one,) = read_course(read_folder(path))
    assert one.ended and one.score == pytest.approx(0.6) and one.confirmed is None


def test_a_sweep_without_search_has_no_course(tmp_path: Path) -> None:
    folder = read_folder(sweep_folder(tmp_path / "s", {"width": [4, 8]}))
    assert read_course(folder) == [] and option_importance(folder, []) == {}


@pytest.mark.parametrize("damage", ["{", "[]", '{"round": 1}', "\0\0", NO_METRIC])
def test_a_damaged_record_is_one_line(damage: str, tmp_path: Path) -> None:
    path = search_folder(tmp_path / "s", SCORES)
    with (path / "search.jsonl").open("a") as file:
        file.write(f"{damage}\n")
    with pytest.raises(DataError, match=r"^[^\n]*search.jsonl[^\n]*line 7[^\n]*$"):
        read_course(read_folder(path))


def test_what_decides_alone_has_all_importance(tmp_path: Path) -> None:
    path = search_folder(tmp_path / "s", [0.5] * 40)
    lines = [json.loads(line) for line in (path / "search.jsonl").read_text().splitlines()]

    def shares(of_lr: float, of_norm: float) -> dict[str, float]:
        for line in lines:
            options = line["options"]
            score = of_lr * math.log10(options["lr"]) / 3 + of_norm * (options["norm"] == "batch")
            line |= {"val_accuracy": {"0": score}, "ended": True}
        (path / "search.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        folder = read_folder(path)
        found = option_importance(folder, read_course(folder))
        assert sum(found.values()) == pytest.approx(1)
        return found

    assert shares(1, 0)["lr"] > 0.9
    found = shares(0.01, 1)
    assert list(found) == ["norm", "lr"] and found["norm"] > 0.7
    assert shares(0.01, 1) == found


@pytest.mark.parametrize("options", [{"norm": "none"}, {"lr": "fast", "norm": "none"}, {"lr": None, "norm": "none"}])
def test_options_that_the_file_does_not_draw_are_one_line(options: dict[str, object], tmp_path: Path) -> None:
    path = search_folder(tmp_path / "s", [0.01 * at for at in range(24)])
    lines = [json.loads(line) for line in (path / "search.jsonl").read_text().splitlines()]
    lines[3]["options"] = options
    (path / "search.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    folder = read_folder(path)
    with pytest.raises(DataError, match=r"^[^\n]*search.jsonl[^\n]*its options do not fit sweep.toml[^\n]*$"):
        option_importance(folder, read_course(folder))


def test_too_few_configurations_say_nothing(tmp_path: Path) -> None:
    folder = read_folder(search_folder(tmp_path / "s", SCORES))
    assert option_importance(folder, read_course(folder)) == {}


def test_a_missing_extra_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = read_folder(search_folder(tmp_path / "s", [0.1 * place for place in range(40)]))
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(UsageError, match=r"^optuna, which measures it, is not installed[^\n]*Type: .*\[search\]"):
        option_importance(folder, read_course(folder))

"""What is said of a search after each round, by hand."""

from types import SimpleNamespace
from typing import Any

from mlpcli.sweeps.plan.sweep_plan import Round
from mlpcli.sweeps.run.search_record import SearchRecord
from mlpcli.sweeps.search.strategy import Scored

PLAN: Any = SimpleNamespace(
    file=SimpleNamespace(fresh_seeds=range(3, 5), overlap=0.0),
    varied=("lr",),
    shown=lambda configuration: (configuration,),
    described=lambda configuration: f"lr = {configuration}",
    seed=lambda number: number,
)


def scored(*outcomes: tuple[float, ...], pruned: int | None = None) -> dict[int, Scored]:
    return {number: Scored(number, dict(enumerate(scores)), number != pruned) for number, scores in enumerate(outcomes)}


def asked(*numbers: int, name: str = "batch 1") -> Round:
    return Round({0: numbers} if numbers else {}, (), None, name=name)


def test_the_best_so_far_is_the_best_by_the_latest_scores() -> None:
    """The first leads with two seeds, and its third seed costs it the lead."""
    record = SearchRecord(PLAN, "val_accuracy")
    said = record.add(asked(0, 1), scored((0.96, 0.96), (0.93, 0.93)))
    assert said == "batch 1: 2 configurations; best so far val_accuracy 0.96 ± 0, lr = 0"
    said = record.add(asked(0, 1, 2), scored((0.96, 0.96, 0.6), (0.93, 0.93, 0.93)))
    assert said == "batch 1: 2 configurations; best so far val_accuracy 0.93 ± 0, lr = 1"


def test_only_fresh_seeds_count_once_they_confirm() -> None:
    record = SearchRecord(PLAN, "val_accuracy")
    record.add(asked(0, 1), scored((0.9,), (0.8,)))
    said = record.add(asked(name="batch 2"), {})
    assert said == "batch 2: 0 configurations; best so far val_accuracy 0.9, lr = 0"
    assert record.add(asked(3, name="fresh"), {1: Scored(1, {0: 0.7}, True)}).endswith(
        "best so far val_accuracy 0.7, lr = 1"
    )


def test_what_was_pruned_or_failed_is_not_the_best() -> None:
    record = SearchRecord(PLAN, "val_loss")
    outcomes = scored((-0.1,), (float("nan"),), (-0.5,), pruned=0)
    assert record.add(asked(0, 1), outcomes).endswith("best so far val_loss 0.5, lr = 2")


def test_the_record_has_what_the_search_proposed_alone() -> None:
    """The second configuration trains because [compare] made it of the first."""
    record = SearchRecord(PLAN, "val_accuracy")
    record.add(Round({0: (0,)}, (0,), None), scored((0.9,)))
    said = record.add(Round({0: (3,), 1: (3,)}, (0,), None, name="fresh"), scored((0.8,), (0.7,)))
    assert said.startswith("fresh: 2 configurations")
    assert [line.count('"configuration":0') for line in record.text.splitlines()] == [1, 1]

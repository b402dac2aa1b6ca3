"""Where data come from: the fixed table that a card's `source` is looked up in. Nothing is ever imported by name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlpcli.data.cards import Card, find_card, nearest
from mlpcli.data.generators import GENERATORS
from mlpcli.data.table import Table, TableColumn, TableWriter
from mlpcli.errors import DataError, UsageError

__all__ = ["LOADERS", "READERS", "Source", "find_source"]

LOADERS = ("breast_cancer", "diabetes", "digits", "iris", "linnerud", "wine")


@dataclass(frozen=True)
class Source:
    """One dataset as a user names it: how to read it, and what holds of it unless the user says otherwise.

    `identity` are JSON values that determine the content of the table; `slug` begins the name of its cache entries.
    """

    name: str
    slug: str
    identity: dict[str, Any]
    read: Callable[[TableWriter], Table]
    target: tuple[str, ...]
    task: str
    scale: str
    offline: bool = True
    test_rows: int | None = None
    validation_rows: int | None = None


def find_source(dataset: str) -> Source:
    """What `dataset` names; UsageError with the nearest name where nothing is called so."""
    card = find_card(dataset)
    if card.source not in READERS:
        raise UsageError(f"card {card.path}: no source {card.source!r}{nearest(card.source, READERS)}")
    return Source(
        name=dataset,
        slug=card.name,
        identity=card.identity,
        read=lambda writer: _checked(card, READERS[card.source](card, writer)),
        target=card.target,
        task=card.task,
        scale=card.scale,
        test_rows=card.set_apart("test_rows"),
        validation_rows=card.set_apart("validation_rows"),
    )


def _checked(card: Card, table: Table) -> Table:
    """The table, where it has the rows and columns that the card expects."""
    classes = [len(column.vocabulary) or None for column in table.columns if column.name == card.target[0]]
    found = (len(table.cells), len(table.columns) - len(card.target), classes[0])
    if card.expected and found != (card.rows, card.features, card.classes):
        raise DataError(
            f"dataset {card.name!r}: {found[0]} rows of {found[1]} features and {found[2]} classes came, but its card "
            f"{card.path} says {card.rows}, {card.features} and {card.classes}. Correct the card"
        )
    return table


def _generate(card: Card, writer: TableWriter) -> Table:
    """`[origin] generator = "moons"`: drawn by formula."""
    name = _origin(card, "generator", GENERATORS)
    try:
        drawn = GENERATORS[name](**card.parameters)
    except (TypeError, ValueError) as error:
        raise UsageError(f"dataset {card.name!r}: {error}") from error
    writer.append(np.column_stack([drawn.x, drawn.y]).astype(np.float64))
    features = [TableColumn(f"x{i + 1}") for i in range(drawn.x.shape[1])]
    target = TableColumn(card.target[0], "text", drawn.classes) if drawn.classes else TableColumn(card.target[0])
    return writer.finish([*features, target], card.target)


def _load(card: Card, writer: TableWriter) -> Table:
    """`[origin] loader = "iris"`: one of the tables inside scikit-learn."""
    name = _origin(card, "loader", LOADERS)
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")()
    features = [TableColumn(str(feature)) for feature in bunch.feature_names]
    if card.task == "classification":
        targets = [TableColumn(card.target[0], "text", tuple(str(name) for name in bunch.target_names))]
    else:
        targets = [TableColumn(target) for target in card.target]
    writer.append(np.column_stack([bunch.data, bunch.target]).astype(np.float64))
    return writer.finish([*features, *targets], card.target)


def _origin(card: Card, key: str, known: Any) -> str:
    name = str(card.origin.get(key, ""))
    if name not in known:
        raise UsageError(f"card {card.path}: [origin] {key} = {name!r} is unknown{nearest(name, known)}")
    return name


READERS: dict[str, Callable[[Card, TableWriter], Table]] = {
    "generated": _generate,
    "scikit-learn": _load,
}

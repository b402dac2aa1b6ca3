"""The sources that a card may name, each with its reader: generators, scikit-learn's tables and downloads."""

from collections.abc import Callable, Iterable

import numpy as np

from mlpcli.data.cache.table import Table, TableColumn, TableWriter
from mlpcli.data.names.cards import Card
from mlpcli.errors import UsageError
from mlpcli.wording import nearest, quote

__all__ = ["CARD_SOURCES", "OFFLINE", "check_origin"]

BUILT_IN = ("breast_cancer", "diabetes", "digits", "iris", "linnerud", "wine")


def generate(card: Card, writer: TableWriter) -> Table:
    """Draw a generated dataset: `[origin] generator = "moons"`."""
    from mlpcli.data.readers.generated.generators import GENERATORS
    from mlpcli.data.readers.generated.parameters import check_parameters

    draw = GENERATORS[_origin(card, "generator", GENERATORS)]
    try:
        check_parameters(draw, card.parameters)
        drawn = draw(**card.parameters)
    except ValueError as error:
        raise UsageError(f"dataset {quote(card.name)}: {error}") from error
    writer.append(np.column_stack([drawn.x, drawn.y]).astype(np.float64))
    features = [TableColumn(f"x{i + 1}") for i in range(drawn.x.shape[1])]
    target = TableColumn(card.target[0], "text", drawn.classes) if drawn.classes else TableColumn(card.target[0])
    return writer.finish([*features, target], card.target)


def load(card: Card, writer: TableWriter) -> Table:
    """Load one of the tables inside scikit-learn: `[origin] loader = "iris"`."""
    name = _origin(card, "loader", BUILT_IN)
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")()
    features = [TableColumn(str(feature)) for feature in bunch.feature_names]
    if card.task == "classification":
        targets = [TableColumn(card.target[0], "text", tuple(str(name) for name in bunch.target_names))]
    else:
        targets = [TableColumn(target) for target in card.target]
    cells = np.column_stack([bunch.data, bunch.target]).astype(np.float64)
    if cells.shape[1] != len(features) + len(targets):
        raise UsageError(f"card {card.path}: {name} has {cells.shape[1] - len(features)} targets, not {len(targets)}")
    writer.append(cells)
    return writer.finish([*features, *targets], card.target)


def download(card: Card, writer: TableWriter) -> Table:
    """Download a dataset through scikit-learn: `[origin] fetcher = "covtype"`."""
    from mlpcli.data.readers.downloads import FETCHERS, fetch

    return fetch(_origin(card, "fetcher", FETCHERS), card.target, writer)


def openml(card: Card, writer: TableWriter) -> Table:
    """Download a dataset of OpenML by its number: `[origin] id = 554`."""
    from mlpcli.data.readers.downloads import fetch_openml

    return fetch_openml(str(card.origin.get("id", "")), card.target, writer)


def check_origin(card: Card) -> None:
    """Check that what [origin] names is there, without reading it.

    Raises:
        UsageError: no generator, table or fetcher has that name.
    """
    if card.source == "generated":
        from mlpcli.data.readers.generated.generators import GENERATORS

        _origin(card, "generator", GENERATORS)
    elif card.source == "scikit-learn":
        _origin(card, "loader", BUILT_IN)
    elif card.source == "scikit-learn download":
        from mlpcli.data.readers.downloads import FETCHERS

        _origin(card, "fetcher", FETCHERS)


def _origin(card: Card, key: str, known: Iterable[str]) -> str:
    name = str(card.origin.get(key, ""))
    if name not in known:
        raise UsageError(f"card {card.path}: [origin] {key} = {quote(name)} is unknown{nearest(name, known)}")
    return name


CARD_SOURCES: dict[str, Callable[[Card, TableWriter], Table]] = {
    "generated": generate,
    "openml": openml,
    "scikit-learn": load,
    "scikit-learn download": download,
}
OFFLINE = ("generated", "scikit-learn")

"""Where a dataset's name leads: to a file, to a card, or to a card that names a file.

>>> file_and_card("rows.csv"), file_and_card("iris")[1].title
((('.csv', PosixPath('rows.csv')), None), 'Three species of iris from four measurements')
"""

import os
import re
from contextlib import suppress
from pathlib import Path

from mlpcli.data.names.cards import FILE, Card, find_card
from mlpcli.data.readers.formats import find_format, load_format
from mlpcli.errors import UsageError
from mlpcli.wording import quote

__all__ = ["MEMORY", "file_and_card", "format_of", "takes"]

MEMORY = "memory:"
"""How the name of a dataset begins that was in memory; the rest is the digest of its content."""

URL = re.compile(r"[a-z][a-z0-9+]+://", re.IGNORECASE)


def format_of(dataset: str) -> str | None:
    """The key of the format of a dataset that is a file, or a card that names one; None for other datasets."""
    with suppress(UsageError):
        file, _ = file_and_card(dataset)
        return file and file[0]
    return None


def takes(option: str, dataset: str) -> bool:
    """Whether a data option decides what is read of a dataset that is a file, or a card that names one."""
    key = format_of(dataset)
    return key is not None and option in load_format(key).options


def file_and_card(dataset: str) -> tuple[tuple[str, Path] | None, Card | None]:
    """The file that a name means, by the key of its format and its path, and the card; None for what there is not.

    A card comes before a file of its bare name, and may itself name a file.

    Raises:
        UsageError: neither a file nor a card of that name, or an address of the web.
    """
    if URL.match(dataset):
        raise UsageError(
            f"dataset {quote(dataset)}: mlpcli downloads the datasets of cards and of OpenML only. Download the file, "
            "and give its path"
        )
    if dataset in ("-", "/dev/stdin"):
        raise UsageError(f"dataset {quote(dataset)}: standard input can be read once, by eval and predict. Give a file")
    file = find_format(dataset)
    if file or dataset.startswith(("openml:", MEMORY)):
        return file, None
    try:
        card = find_card(dataset)
    except UsageError:
        if not Path(dataset).is_file():
            raise
        return find_format(os.path.join(".", dataset)), None
    return (_table_of(card) if card.source == FILE else None), card


def _table_of(card: Card) -> tuple[str, Path]:
    """The key of the format of the file that a card names, and its path."""
    path = card.path.parent / str(card.origin.get("path", ""))
    file = find_format(str(path)) if path.is_file() else None
    if file is None:
        raise UsageError(
            f"card {card.path}: [origin] path = {quote(str(card.origin.get('path', '')))} names no table, seen "
            "from the card's folder"
        )
    return file

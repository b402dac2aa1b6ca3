"""Pieces of whole records of a delimited text file; every record has as many cells as the header.

The check comes before the parser, because pandas fills a short row silently. It works on arrays of bytes: the positions
of quotes, delimiters and line ends are enough. Quoting is that of RFC 4180: a cell is quoted as a whole,
and a quote inside it is doubled.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.readers.text.compression import STDIN, open_bytes
from mlpcli.errors import DataError, FileError
from mlpcli.wording import counted

__all__ = ["Piece", "read_pieces", "sniff_delimiter"]

READ = 4 << 20  # bytes read at a time
LONGEST = 8 << 20  # bytes per record; a quote that is never closed would make one record of the whole file
QUOTE, NEWLINE = b'"', b"\n"
WHITESPACE = "whitespace"
BLANKS = re.compile(rb'"[^"]*"|[ \t]+')
SEPARATOR = re.compile(rb'"?sep=(?P<delimiter>[^\n"])"?\n', re.IGNORECASE)

OTHERS = {
    b"\x1f\x8b": ("compressed by gzip", ".csv.gz"),
    b"BZh91": ("compressed by bzip2", ".csv.bz2"),
    b"\xfd7zXZ": ("compressed by xz", ".csv.xz"),
    b"PAR1\x15": ("a Parquet file", ".parquet"),
    b"PK\x03\x04": ("a zip archive, as Excel and NumPy write them", ".zip, .xlsx or .npz"),
    b'{"': ("JSON lines", ".jsonl"),
}
"""First bytes that no line of column names has: what such files are, and their suffixes."""

Positions = NDArray[np.int64]


@dataclass(frozen=True)
class Piece:
    """Whole records as UTF-8, each of `width` cells and ending in a line feed; `lines` has the first line of each."""

    content: bytes
    lines: Positions
    delimiter: str
    width: int = 0

    def cells(self) -> Iterator[list[str]]:
        """The records, cell by cell."""
        return csv.reader(io.StringIO(self.content.decode(), newline=""), delimiter=self.delimiter, strict=True)


def sniff_delimiter(path: Path, encoding: str) -> str:
    """The column separator that the first line of a file suggests: a mark in it, else whitespace."""
    line = next(_decoded(path, encoding), b"").split(NEWLINE, 1)[0].decode()
    counts = {mark: line.count(mark) for mark in "\t;,|"}
    return max(counts, key=counts.__getitem__) if any(counts.values()) else WHITESPACE


def read_pieces(path: Path, delimiter: str, encoding: str) -> Iterator[Piece]:
    """The header as a piece of one record, then pieces of about `READ` bytes, without blank lines.

    Raises:
        DataError: with file and line, for bytes that `encoding` cannot decode, for NUL, for quotes that are inside a
            cell or never closed, and for rows whose number of cells differs from the header's.
        FileError: the file cannot be read.
    """
    blocks = _decoded(path, encoding)
    if delimiter == WHITESPACE:
        blocks, delimiter = _tabbed(blocks), "\t"
    rest, named = _separator_line(blocks)
    delimiter, line, width = named or delimiter, 2 if named else 1, -1
    for block in chain([b""], blocks):
        rest += block
        piece, rest, line_after = _cut(path, rest, line, delimiter)
        if len(rest) > LONGEST:
            raise DataError(f"{path}, line {line_after}: a row of more than {LONGEST >> 20} MB; is a quote not closed?")
        line = line_after
        if not len(piece.lines):
            continue
        if width < 0:
            end = _record_ends(np.frombuffer(piece.content, np.uint8))[0][0] + 1
            header = Piece(piece.content[:end], piece.lines[:1], delimiter)
            width = int(_widths(header)[0])
            yield header
            piece = Piece(piece.content[end:], piece.lines[1:], delimiter)
        if len(piece.lines):
            widths = _widths(piece)
            for at in np.flatnonzero(widths != width)[:1]:
                count = int(widths[at])
                raise DataError(
                    f"{path}, line {piece.lines[at]}: {counted(count, 'cell')}, but the header has {width}. "
                    "Correct the line, or name the separator with --delimiter"
                )
            yield replace(piece, width=width)
    if rest:
        raise DataError(f"{path}, line {line}: a quote is opened and never closed")
    if width < 0:
        raise DataError(f"{path}: the file is empty; a line of column names is needed")


def _separator_line(blocks: Iterator[bytes]) -> tuple[bytes, str | None]:
    """The beginning of the text and, if its first line is `sep=;` as Excel writes it, the delimiter that it names."""
    begin = b""
    for block in blocks:
        begin += block
        if NEWLINE in begin or len(begin) > len(b'"sep=;"'):
            break
    match = SEPARATOR.match(begin)
    return (begin[match.end() :], match["delimiter"].decode()) if match else (begin, None)


def _tabbed(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Whole lines, with a tab in place of each run of blanks outside quotes, and none at the ends of a line."""
    rest = b""
    for block in blocks:
        lines, newline, rest = (rest + block).rpartition(NEWLINE)
        lines = BLANKS.sub(lambda match: match[0] if match[0].startswith(QUOTE) else b"\t", lines)
        yield re.sub(rb"(?m)^\t|\t$", b"", lines) + newline
    yield rest


def _decoded(path: Path, encoding: str) -> Iterator[bytes]:
    """The text as UTF-8 in blocks, with line feeds as line ends, also after the last line."""
    decoder, line, held, first = codecs.getincrementaldecoder(encoding)(), 1, "", True
    try:
        with open_bytes(path) as file:
            while True:
                raw = file.read(READ)
                if first:
                    _refuse_others(path, raw)
                first = False
                text = held + decoder.decode(raw, final=not raw)
                held = "\r" if raw and text.endswith("\r") else ""  # its line feed may come with the next block
                block = _lines(text[: len(text) - len(held)]).encode()
                if b"\0" in block:
                    at = line + block[: block.index(b"\0")].count(NEWLINE)
                    raise DataError(f"{path}, line {at}: a NUL byte; is this a text file?")
                yield block
                line += block.count(NEWLINE)
                if not raw:
                    break
    except UnicodeError as error:
        raise DataError(_not_decodable(path, encoding, line, held, error)) from error
    yield NEWLINE


def _refuse_others(path: Path, begin: bytes) -> None:
    for mark, (what, suffix) in OTHERS.items():
        if begin.startswith(mark):
            piped = ", or with --stdin jsonl" if path is STDIN and suffix == ".jsonl" else ""
            raise DataError(
                f"{path}: it is {what}, by its first bytes, and no CSV. Nothing was written. "
                f"Give it as a file whose name ends in {suffix}{piped}"
            )


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _not_decodable(path: Path, encoding: str, line: int, held: str, error: UnicodeError) -> str:
    what = str(error)
    if isinstance(error, UnicodeDecodeError):
        before = held + error.object[: error.start].decode(encoding, errors="ignore")
        line += _lines(before).count("\n")
        what = f"byte 0x{error.object[error.start]:02x} is not {encoding.removesuffix('-sig')}"
    other = "latin-1" if encoding.startswith("utf-8") else "utf-8"
    try:
        with open_bytes(path) as file:
            other = "utf-16" if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else other
    except FileError:
        pass
    return f"{path}, line {line}: {what}. Nothing was written. Use --encoding {other}, if that is what it is"


def _cut(path: Path, text: bytes, line: int, delimiter: str) -> tuple[Piece, bytes, int]:
    """The whole records of `text`, which begins on `line`, without blank ones; the rest, and the line it begins on."""
    array = np.frombuffer(text, np.uint8)
    ends, quotes = _record_ends(array)
    _check_quotes(path, array, quotes, line, delimiter)
    if not len(ends):
        return Piece(b"", np.zeros(0, np.int64), delimiter), text, line
    newlines = np.flatnonzero(array == ord(NEWLINE))
    starts = np.concatenate([[0], ends[:-1] + 1])
    lines = line + np.searchsorted(newlines, starts)
    cut = int(ends[-1]) + 1
    content, blank = text[:cut], starts == ends
    if blank.any():
        kept = np.ones(cut, dtype=bool)
        kept[ends[blank]] = False
        content, lines = array[:cut][kept].tobytes(), lines[~blank]
    return Piece(content, lines, delimiter), text[cut:], line + int(np.searchsorted(newlines, cut))


def _record_ends(array: NDArray[np.uint8]) -> tuple[Positions, Positions]:
    """Positions of the line feeds that end a record, and of all quotes."""
    newlines, quotes = np.flatnonzero(array == ord(NEWLINE)), np.flatnonzero(array == ord(QUOTE))
    return (newlines[np.searchsorted(quotes, newlines) % 2 == 0] if len(quotes) else newlines), quotes


def _check_quotes(path: Path, array: NDArray[np.uint8], quotes: Positions, line: int, delimiter: str) -> None:
    """Refuse quotes inside a cell: every other quote opens a cell or follows a closing one; the others close a cell."""
    if not len(quotes):
        return
    opening, closing = quotes[::2], quotes[1::2]
    before = np.where(opening > 0, array[opening - 1], ord(NEWLINE))
    closing = closing[closing < len(array) - 1]  # the byte after the last one is not known yet
    after = array[closing + 1]
    allowed = np.array([ord(delimiter), ord(NEWLINE), ord(QUOTE)], dtype=np.uint8)
    wrong = np.concatenate([opening[~np.isin(before, allowed)], closing[~np.isin(after, allowed)]])
    if len(wrong):
        at = line + int(np.count_nonzero(array[: wrong.min()] == ord(NEWLINE)))
        raise DataError(
            f"{path}, line {at}: a quote inside a cell. Nothing was written. Quote the whole cell and double the quote "
            'inside, like "5"" pipe"'
        )


def _widths(piece: Piece) -> Positions:
    """Number of cells of each record."""
    array = np.frombuffer(piece.content, np.uint8)
    ends, quotes = _record_ends(array)
    delimiters = np.flatnonzero(array == ord(piece.delimiter))
    if len(quotes):
        delimiters = delimiters[np.searchsorted(quotes, delimiters) % 2 == 0]
    return np.diff(np.searchsorted(delimiters, ends), prepend=0) + 1

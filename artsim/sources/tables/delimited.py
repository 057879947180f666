"""Reads delimited text (CSV, TSV, semicolons) in any encoding, in batches of columns.

A line that cannot be read is rejected with its number, and reading continues. Columns are not interpreted here.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from artsim.archive import UserError
from artsim.archive.rejects import Reject
from artsim.sources.records import CHUNK_ROWS, Records
from artsim.sources.tables.image_list import has_image, is_bare, read_addresses
from artsim.sources.tables.lines import TOO_LONG, LongText, texts_of
from artsim.sources.tables.stray_quotes import UnmatchedQuotes

_DELIMITERS = ",;\t|"
_SEPARATOR = re.compile(r"\"?sep=([,;\t|])\"?[,;\t|]*\s*", re.IGNORECASE)
_UNCLOSED = "unbalanced quote, or a field is too long"
_SWALLOWS = "unbalanced quote: the field would include the lines that follow"


def read_delimited(stream: Any, name: str, delimiter: str | None = None, size: int = CHUNK_ROWS) -> Iterator[Records]:
    """Yield batches of at most ``size`` rows and rejects from a stream of bytes, with all columns as text.

    ``name`` is the file's name for messages. The default ``delimiter`` is the one given by a ``sep=;`` line before the
    header, as Excel writes it, or else the most frequent one in the header. A file with only an address on each line
    is a table of images. Raises ``UserError`` if the file is empty or has no header.
    """
    feed = _Feed(texts_of(stream, name))
    first = feed.peek()
    if not first:
        raise UserError(f"`location` {name}: the file is empty; a table needs a header and rows")
    if isinstance(first, LongText):
        raise UserError(f"`location` {name}: the first line is longer than 16 MiB, so this is not a table")
    if named := _SEPARATOR.fullmatch(first):
        next(feed)
        feed.taken.clear()
        first, delimiter = feed.peek(), delimiter or named[1]
    if is_bare(first):
        yield from read_addresses(feed, size)
        return
    delimiter = delimiter or max(_DELIMITERS, key=first.count)
    reader = csv.reader(feed, delimiter=delimiter)
    try:
        header = _header(next(reader))
    except (StopIteration, csv.Error) as error:
        raise UserError(f"`location` {name}: the first line is not a table header") from error
    if any(has_image(field) for field in header):
        raise UserError(
            f"`location` {name}: the first line contains an image instead of column names; add a header line "
            "(such as image_url,title), or keep only one address per line"
        )
    unmatched_quotes = UnmatchedQuotes(delimiter, len(header))
    if unmatched_quotes.occur_in(feed.taken):
        raise UserError(f"`location` {name}: the first line is not a table header: unbalanced quote")
    rows: list[list[str]] = []
    lines: list[int] = []
    rejects: list[Reject] = []
    while True:
        feed.taken.clear()
        line = feed.number + 1
        try:
            fields = next(reader)
        except StopIteration:
            break
        except csv.Error:
            fields = []
            problem: str | None = _UNCLOSED
        else:
            problem = _problem(fields, len(header), len(feed.taken))
            if problem is None and unmatched_quotes.occur_in(feed.taken):
                problem = _SWALLOWS
        if any(isinstance(text, LongText) for text in feed.taken):
            problem = TOO_LONG
        if problem:
            rejects.append(Reject.of(line, problem, feed.taken[0]))
            feed.give_back()
            reader = csv.reader(feed, delimiter=delimiter)
        elif any(fields):
            if len(feed.taken) == 1:
                unmatched_quotes.example = fields
            rows.append(fields[: len(header)])
            lines.append(line)
        if len(rows) + len(rejects) >= size:
            yield _records(header, rows, lines, rejects)
            rows, lines, rejects = [], [], []
    if rows or rejects:
        yield _records(header, rows, lines, rejects)


def _problem(fields: list[str], width: int, lines: int) -> str | None:
    """Return what is wrong with a record that spans ``lines`` lines; None if nothing is, or if it is empty."""
    too_few, too_many = len(fields) < width and any(fields), any(fields[width:])
    if not too_few and not too_many:
        return None
    if lines > 1:
        return _UNCLOSED
    return "fewer fields than the header has" if too_few else "more fields than the header has"


def _records(header: list[str], rows: list[list[str]], lines: list[int], rejects: list[Reject]) -> Records:
    columns = zip(*rows, strict=True) if rows else ([] for _ in header)
    table = pa.table([_texts_of(column) for column in columns], names=header)
    return Records(table, pa.array(lines, pa.int64()).cast(pa.string()), rejects)


def _texts_of(column: Iterable[str]) -> pa.Array:
    """Return the cells of a column, with null for ``\\N``, which MySQL writes for missing values."""
    return pa.array((None if cell == "\\N" else cell for cell in column), pa.string())


def _header(fields: list[str]) -> list[str]:
    """Return the column names: trimmed, not empty, unique. Raises ``csv.Error`` if all fields are empty."""
    if not any(field.strip() for field in fields):
        raise csv.Error("empty")
    return unique(fields)


def unique(fields: list[str]) -> list[str]:
    """Return column names, trimmed; an empty or repeated name gets the column's number."""
    names: list[str] = []
    for number, field in enumerate(fields, 1):
        name = field.strip() or f"column {number}"
        names.append(name if name not in names else f"{name} ({number})")
    return names


class _Feed:
    """Feeds lines to the csv module; the lines after a broken one can be given back and read again."""

    def __init__(self, texts: Iterator[str]) -> None:
        self._texts = texts
        self._again: list[str] = []
        self.taken: list[str] = []  # lines of the current record
        self.number = 0  # number of the last line returned

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        text = self._again.pop() if self._again else next(self._texts)
        self.number += 1
        self.taken.append(text)
        return text

    def peek(self) -> str:
        """Return the first line without consuming it; empty if there is none."""
        text = next(self._texts, "")
        if text:
            self._again.append(text)
        return text

    def give_back(self) -> None:
        """Give back all lines of the current record but the first, to be read again as separate records."""
        self._again.extend(reversed(self.taken[1:]))
        self.number -= len(self.taken) - 1

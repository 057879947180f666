"""Reads delimited text (CSV, TSV, the semicolons of Europe) in whatever encoding, a batch of columns at a time.

A line that cannot be read is rejected with its number and stops nothing. What the columns mean is not known here.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from artsim.archive import Mistake
from artsim.sources.addresses import has_image, is_bare, read_addresses
from artsim.sources.lines import TOO_LONG, LongText, texts_of
from artsim.sources.record import CHUNK_ROWS, Records, Reject
from artsim.sources.swallowed import Swallowed

_DELIMITERS = ",;\t|"
_SEPARATOR = re.compile(r"\"?sep=([,;\t|])\"?[,;\t|]*\s*", re.IGNORECASE)
_UNCLOSED = "a quote is not closed, or a field is far too long"
_SWALLOWS = "a stray quote: the field would swallow the lines after it"


def read_delimited(stream: Any, name: str, delimiter: str | None = None, size: int = CHUNK_ROWS) -> Iterator[Records]:
    """Batches of at most ``size`` rows from a stream of bytes, all columns as text.

    ``name`` is the file's, for messages. Without a ``delimiter`` the one that the first line has most of is taken, or
    the one that a line before it names (``sep=;``, as Excel writes it).
    A file with nothing but an address in each line is a table of images. Mistake if there is no header.
    """
    feed = _Feed(texts_of(stream, name))
    first = feed.peek()
    if not first:
        raise Mistake(f"--location {name}: the file is empty; a table has a header and rows")
    if isinstance(first, LongText):
        raise Mistake(f"--location {name}: the first line is longer than 16 MiB, so this is no table")
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
        raise Mistake(f"--location {name}: the first line is no header of a table") from error
    if any(has_image(field) for field in header):
        raise Mistake(
            f"--location {name}: the first line has an image where the names of the columns belong; add a first line "
            "with their names (such as image_url,title), or leave nothing but one address in each line"
        )
    rows_of = Swallowed(delimiter, len(header))
    if rows_of.found(feed.taken):
        raise Mistake(f"--location {name}: the first line is no header of a table: a quote in it is not closed")
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
            if problem is None and rows_of.found(feed.taken):
                problem = _SWALLOWS
        if any(isinstance(one, LongText) for one in feed.taken):
            problem = TOO_LONG
        if problem:
            rejects.append(Reject.of(line, problem, feed.taken[0]))
            feed.give_back()
            reader = csv.reader(feed, delimiter=delimiter)
        elif any(fields):
            if len(feed.taken) == 1:
                rows_of.example = fields
            rows.append(fields[: len(header)])
            lines.append(line)
        if len(rows) + len(rejects) >= size:
            yield _records(header, rows, lines, rejects)
            rows, lines, rejects = [], [], []
    if rows or rejects:
        yield _records(header, rows, lines, rejects)


def _problem(fields: list[str], width: int, lines: int) -> str | None:
    """What is wrong with a record that took so many lines; nothing if it is only empty."""
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
    """The cells of a column; ``\\N`` is how MySQL writes that there is nothing."""
    return pa.array((None if cell == "\\N" else cell for cell in column), pa.string())


def _header(fields: list[str]) -> list[str]:
    """The names of the columns: trimmed, never empty, each only once."""
    if not any(field.strip() for field in fields):
        raise csv.Error("empty")
    return unique(fields)


def unique(fields: list[str]) -> list[str]:
    """Names of columns, trimmed; one that is empty or was there before gets the column's number."""
    names: list[str] = []
    for number, field in enumerate(fields, 1):
        name = field.strip() or f"column {number}"
        names.append(name if name not in names else f"{name} ({number})")
    return names


class _Feed:
    """Lines for the csv module, of which those after a broken one can be given back and read again."""

    def __init__(self, texts: Iterator[str]) -> None:
        self._texts = texts
        self._again: list[str] = []
        self.taken: list[str] = []  # the lines of the record that is being read
        self.number = 0  # of the line that was last handed out

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        text = self._again.pop() if self._again else next(self._texts)
        self.number += 1
        self.taken.append(text)
        return text

    def peek(self) -> str:
        """The first line, which stays to be read; empty if there is none."""
        text = next(self._texts, "")
        if text:
            self._again.append(text)
        return text

    def give_back(self) -> None:
        """All lines of this record but its first are to be read again, as records of their own."""
        self._again.extend(reversed(self.taken[1:]))
        self.number -= len(self.taken) - 1

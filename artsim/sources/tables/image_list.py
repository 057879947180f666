"""Reads a bare list of images: one address or file name per line, without a header."""

import re
from collections.abc import Iterator
from typing import Protocol

import pyarrow as pa

from artsim.archive.rejects import Reject
from artsim.sources.records import Records
from artsim.sources.tables.lines import TOO_LONG, LongText
from artsim.sources.tables.value_kinds import Kind, kind_of

_ADDRESS = re.compile(r"(?:https?|s3|gs|file)://\S+", re.IGNORECASE)
_FIELDS = re.compile(r"[,;|\t]\s*https?://", re.IGNORECASE)
_SEPARATORS = ",;|\t"
_NO_ADDRESS = "not an image address or file name"


class Lines(Protocol):
    """An iterable of text lines; ``number`` is the number of the last line read."""

    number: int

    def __iter__(self) -> Iterator[str]: ...


def is_bare(line: str) -> bool:
    """Return whether a first line is an image address or file name, not a table's header or row."""
    text = _stripped(line)
    start = re.split(rf"[{_SEPARATORS}]", text, maxsplit=1)[0]
    remainder = text[len(start) :]
    if not _ADDRESS.fullmatch(text):
        return not remainder and kind_of(text) is Kind.FILE
    if not remainder:
        return True
    if _FIELDS.search(text) or has_image(start):
        return False
    return "?" in start or "/" in remainder or kind_of(text) is Kind.IMAGE  # a comma inside the address


def has_image(field: str) -> bool:
    """Return whether a header field is an image address without a query string, not the name of a column."""
    return "?" not in field and kind_of(field) is Kind.IMAGE


def read_addresses(lines: Lines, size: int) -> Iterator[Records]:
    """Yield batches of at most ``size`` rows and rejects; each row has one image.

    Commas belong to the address. Empty lines are skipped.
    """
    images: list[str] = []
    numbers: list[int] = []
    rejects: list[Reject] = []
    for line in lines:
        text = _stripped(line)
        if not text:
            continue
        if isinstance(line, LongText):
            rejects.append(Reject.of(lines.number, TOO_LONG, line))
        elif is_bare(text):
            images.append(text)
            numbers.append(lines.number)
        else:
            rejects.append(Reject.of(lines.number, _NO_ADDRESS, line))
        if len(images) + len(rejects) >= size:
            yield _records(images, numbers, rejects)
            images, numbers, rejects = [], [], []
    if images or rejects:
        yield _records(images, numbers, rejects)


def _records(images: list[str], numbers: list[int], rejects: list[Reject]) -> Records:
    table = pa.table({"image_url": pa.array(images, pa.string())})
    return Records(table, pa.array(numbers, pa.int64()).cast(pa.string()), rejects)


def _stripped(line: str) -> str:
    """Return a line without the quotes and empty trailing fields that spreadsheets leave."""
    text = line.strip().rstrip(_SEPARATORS).strip()
    return text[1:-1].strip() if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text

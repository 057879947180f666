"""Splits a byte stream of unknown encoding into lines of text and limits the length of a line."""

import codecs
from collections.abc import Iterator
from typing import Any

from artsim.archive import UserError
from artsim.sources.tables.file_kinds import wide_encoding

_BLOCK = 1 << 20  # bytes read at a time
_MAX_BYTES = 16 << 20  # bytes of a line; longer ones are cut
_KEPT_BYTES = 1000  # bytes kept of a longer line
TOO_LONG = f"a line longer than {_MAX_BYTES >> 20} MiB"


class LongLine(bytes):
    """The beginning of a line that is too long to read."""


class LongText(str):
    """A ``LongLine`` as text."""

    __slots__ = ()


def texts_of(stream: Any, name: str) -> Iterator[str]:
    """Yield the lines of a byte stream as text, each decoded as UTF-8, else as cp1252, else as ISO-8859-1.

    The encoding is chosen per line because files may mix them. ISO-8859-1 letters between ASCII ones are never valid
    UTF-8, so a line is unambiguous. UTF-16 and UTF-32 are recognized for the whole stream (see ``lines_of``).
    """
    lines = lines_of(stream, name)
    for line in lines:
        if isinstance(line, LongLine):
            yield LongText(line.decode(errors="replace"))
            continue
        try:
            yield line.decode()
        except UnicodeDecodeError:
            yield _western(line)


def _western(line: bytes) -> str:
    try:
        return line.decode("cp1252")  # a superset of ISO-8859-1, used by most files that are labeled ISO-8859-1
    except UnicodeDecodeError:
        return line.decode("latin-1")


def lines_of(stream: Any, name: str) -> Iterator[bytes]:
    """Yield the lines of a byte stream with their line ends, without a byte order mark; UTF-16 and UTF-32 become UTF-8.

    A line that is too long yields only its beginning, as a ``LongLine``. Raises ``UserError`` if the stream ends in
    such a line after at most one other: then it is not text with lines.
    """
    block = stream.read(_BLOCK)
    wide = wide_encoding(block)
    decoder = codecs.getincrementaldecoder(wide)("replace") if wide else None
    block = block.removeprefix(codecs.BOM_UTF8)
    count, unfinished, begin = 0, b"", b""  # begin: start of a too long line whose end is not read yet
    while block:
        *whole, unfinished = (unfinished + (decoder.decode(block).encode() if decoder else block)).split(b"\n")
        for line in whole:
            count += 1
            yield LongLine(begin or line[:_KEPT_BYTES]) if begin or len(line) > _MAX_BYTES else line + b"\n"
            begin = b""
        if begin or len(unfinished) > _MAX_BYTES:
            begin, unfinished = begin or unfinished[:_KEPT_BYTES], b""
        block = stream.read(_BLOCK)
    if begin and count < 2:
        raise UserError(f"`location` {name}: a line is longer than {_MAX_BYTES >> 20} MiB, so this is not a table")
    if begin or unfinished:
        yield LongLine(begin) if begin else unfinished

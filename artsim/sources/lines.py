"""Lines of text out of a stream of bytes in whatever encoding, also where one of them is far too long."""

import codecs
from collections.abc import Iterator
from typing import Any

from artsim.archive import Mistake
from artsim.sources.kinds import wide_encoding

_BLOCK = 1 << 20  # bytes read at a time
_LONGEST = 16 << 20  # bytes of a line that is kept in memory
_KEPT = 1000  # bytes of a line that is longer
TOO_LONG = f"a line longer than {_LONGEST >> 20} MiB"


class LongLine(bytes):
    """The beginning of a line that is too long to be read."""


class LongText(str):
    """The same as text."""

    __slots__ = ()


def texts_of(stream: Any, name: str) -> Iterator[str]:
    """The lines of a stream of bytes as text: UTF-8 line by line, or else what Western Europe used before it.

    Letters of ISO-8859-1 between ASCII ones are never valid UTF-8, so each line tells which it is, even in a file that
    was pasted together from both. A byte order mark rules (UTF-16 has one).
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
        return line.decode("cp1252")  # the superset of ISO-8859-1 that files called ISO-8859-1 are written in
    except UnicodeDecodeError:
        return line.decode("latin-1")


def lines_of(stream: Any, name: str) -> Iterator[bytes]:
    """The lines of a stream of bytes with their ends, without a byte order mark, UTF-16 and UTF-32 as UTF-8.

    Of a line that is too long only the beginning comes, as a LongLine. Mistake if such a line is all there is but for
    a first one: then this is no text with lines.
    """
    block = stream.read(_BLOCK)
    wide = wide_encoding(block)
    decoder = codecs.getincrementaldecoder(wide)("replace") if wide else None
    block = block.removeprefix(codecs.BOM_UTF8)
    count, rest, begin = 0, b"", b""  # begin: of a line that is too long, and goes on
    while block:
        *whole, rest = (rest + (decoder.decode(block).encode() if decoder else block)).split(b"\n")
        for line in whole:
            count += 1
            yield LongLine(begin or line[:_KEPT]) if begin or len(line) > _LONGEST else line + b"\n"
            begin = b""
        if begin or len(rest) > _LONGEST:
            begin, rest = begin or rest[:_KEPT], b""
        block = stream.read(_BLOCK)
    if begin and count < 2:
        raise Mistake(f"--location {name}: a line is longer than {_LONGEST >> 20} MiB, so this is no table")
    if begin or rest:
        yield LongLine(begin) if begin else rest

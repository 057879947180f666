"""Reads and writes the museums' text format: one annotation per line, ``anchor,positive,neg1..neg7``."""

import codecs
import csv
import io
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from artsim.archive import UserError

_COMMA_AND_TAB = re.compile(r",\s*\t|\t\s*,")
_QUOTED = re.compile(r'[",]|^\s|\s$')


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not empty: its number from 1, its text, and its fields (none if it can't be split)."""

    number: int
    text: str
    fields: tuple[str, ...]


def read_lines(path: str) -> Iterator[Line]:
    """Yields the lines of a text file. Raises a user error if it can't be read.

    Each line is parsed on its own, so an open quote does not affect other lines. Names are separated by commas, tabs or
    semicolons. The encoding is UTF-8, UTF-16 with a byte order mark, or else Windows-1252.
    """
    try:
        data = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        raise UserError(f"`file` {path}: {getattr(error, 'strerror', None) or error}") from error
    for number, text in enumerate(io.StringIO(_decoded(data), newline=None), 1):
        text = text.strip()
        if not text:
            continue
        try:
            fields = next(csv.reader([text], delimiter=_delimiter(text), skipinitialspace=True, strict=True))
        except csv.Error:
            fields = []
        yield Line(number, text, tuple(fields))


def _delimiter(text: str) -> str:
    """The delimiter of a line: a comma, or a tab or semicolon as spreadsheets write it."""
    if text.count("\t") > 1 and not _COMMA_AND_TAB.search(text):
        return "\t"
    return ";" if ";" in text and "," not in text else ","


def write_lines(path: str, rows: Iterable[Sequence[str]]) -> None:
    """Writes rows of names to a file, completely or not at all. Raises a user error if it can't be written."""
    try:
        folder = Path(path).parent
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix="_") as temporary_folder:
            draft = Path(temporary_folder) / "draft"
            with draft.open("w", encoding="utf-8", newline="\n") as file:
                file.writelines(",".join(map(quoted, names)) + "\n" for names in rows)
            draft.replace(path)
    except (OSError, ValueError) as error:
        raise UserError(f"`file` {path}: {getattr(error, 'strerror', None) or error}") from error


def quoted(name: str) -> str:
    """Quotes a name for a line, if it has to be."""
    return '"' + name.replace('"', '""') + '"' if _QUOTED.search(name) else name


def _decoded(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
